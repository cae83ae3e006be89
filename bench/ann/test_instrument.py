"""The instrument, tried on answers that are known. `npm run bench:ann` runs this before it measures."""

import unittest

import numpy as np

import judge
import measure
import sets
from data import Dataset
from engines.apart import Apart, LeftOut
from engines.engine import Engine


def dataset(points, queries, metric="cosine"):
    return Dataset("tried", metric, np.array(points, dtype=np.float32), np.array(queries, dtype=np.float32))


class Recall(unittest.TestCase):
    data = dataset([[1, 0], [1, 0], [1, 0], [0, 1]], [[1, 0]])

    def test_any_of_equally_near_points_is_right(self):
        self.assertEqual(self.data.recall([[0, 1]], 2), 1)
        self.assertEqual(self.data.recall([[2, 1]], 2), 1)

    def test_a_farther_point_is_wrong_and_a_repeated_one_counts_once(self):
        self.assertEqual(self.data.recall([[0, 3]], 2), 0.5)
        self.assertEqual(self.data.recall([[0, 0]], 2), 0.5)

    def test_what_is_missing_or_deleted_is_not_found(self):
        self.assertEqual(self.data.recall([[-1, 0]], 2), 0.5)
        left = self.data.without(np.array([True, True, False, False]))
        self.assertEqual(left.recall([[0, 2]], 1), 0)
        self.assertEqual(left.recall([[2, 3]], 2), 1)

    def test_each_metric_has_its_own_nearest(self):
        points = [[3, 0], [0.9, 0], [0, 1]]
        self.assertEqual(dataset(points, [[1, 0]], "dot").recall([[0]], 1), 1)
        self.assertEqual(dataset(points, [[1, 0]], "euclidean").recall([[1]], 1), 1)
        self.assertEqual(dataset(points, [[1, 0]], "euclidean").recall([[0]], 1), 0)

    def test_the_exact_answer_of_points_far_from_the_origin_is_exact(self):
        data = sets.named("off-centre-20000-2000x16")
        asked = data.asking(data.queries[:20])
        apart = ((data.points[:, None].astype(np.float64) - asked.queries.astype(np.float64)) ** 2).sum(axis=2)
        np.testing.assert_allclose(-asked.best, np.sort(apart, axis=0)[: asked.best.shape[1]].T)


class Curve(unittest.TestCase):
    points = [
        {"setting": 1, "recall": 0.90, "qps": 1000},
        {"setting": 2, "recall": 0.94, "qps": 300},  # Setting 3 is faster and nearer.
        {"setting": 3, "recall": 0.96, "qps": 400},
    ]

    def test_the_figure_lies_between_the_points_of_the_frontier(self):
        self.assertAlmostEqual(measure.at_recall(self.points, 0.93), (1000 * 400) ** 0.5)
        self.assertEqual(measure.at_recall(self.points, 0.8), 1000)
        self.assertIsNone(measure.at_recall(self.points, 0.97))


class Floors(unittest.TestCase):
    data = Dataset("synthetic 100,000 x 128", "cosine", np.zeros((10, 128)), np.zeros((1, 128)))

    def report(self, static, online):
        def entry(kind, changes, qps, setting):
            curve = [{"setting": setting, "recall": 1, "qps": qps}]
            return {"kind": kind, "changes": changes, "curve": curve, "build": {"cpu": 1}}

        ours = entry("vectron", "online", 100, {"slack": 0.1})
        return {judge.OURS: ours, "s": entry("peer", "static", static, 1), "o": entry("peer", "online", online, 1)}

    def test_the_best_of_all_and_the_best_online_engine_have_floors_of_their_own(self):
        found = judge.levels(self.report(static=90, online=80))
        self.assertEqual((found[0.98]["best"], found[0.98]["best_online"]), ("s", "o"))
        missed = list(judge.missed(self.data, 10, found, None))
        self.assertEqual(len(missed), 4)
        self.assertTrue(all("of_online is 1.25 of o, the floor 1.5" in line for line in missed))
        missed = list(judge.missed(self.data, 10, judge.levels(self.report(static=110, online=50)), None))
        self.assertEqual([line.split(": ")[1] for line in missed], ["of_all is 0.91 of s, the floor 1.0"] * 3)


class Broken(Engine):
    name = "broken"

    def _build(self, data):
        raise ImportError("no such wheel")


class Ending(Engine):
    name = "ending"

    def _build(self, data):
        import os

        os._exit(4)


class Absence(unittest.TestCase):
    def test_a_peer_that_fails_or_dies_is_left_out_by_name(self):
        data = dataset([[1, 0]], [[1, 0]])
        for engine, reason in ((Broken(), "ImportError: no such wheel"), (Ending(), "its process ended with 4")):
            apart = Apart(engine)
            with self.assertRaisesRegex(LeftOut, f"{engine.name} is left out: {reason}"):
                apart.build(data)
            apart.close()

    def test_a_peer_that_cannot_search_has_no_curve_and_the_others_have(self):
        class Finding(Engine):
            name = "finding"

            def search(self, k, setting, ids=True):
                return {"cpu": 1, "ids": [[0]]} if ids else {"cpu": 1}

        class Failing(Finding):
            name = "failing"

            def search(self, k, setting, ids=True):
                raise LeftOut("failing is left out")

        curves, left_out = measure.rounds(dataset([[1, 0]], [[1, 0]]), [Failing(), Finding()], 1, 2)
        self.assertEqual((list(curves), left_out), (["finding"], ["failing is left out"]))


if __name__ == "__main__":
    unittest.main()
