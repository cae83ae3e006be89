"""How the player of scenarios reads and compares; `npm run test:sdks` has it play them."""

from __future__ import annotations

import pytest
from vectron_scenarios.loading import CoreLoader, made_points
from vectron_scenarios.matching import difference
from yaml import load


@pytest.mark.parametrize(
    ("wanted", "got", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ([1], [1, 2], False),
        ("3", 3, True),
        (3, "3", False),
        (1, True, False),
        (9007199254740993, 9007199254740992, False),
        (0.1, 0.100001, True),
        (0.1, 0.2, False),
        (None, None, True),
        ({"a": {"$absent": True}}, {}, True),
        ({"a": {"$absent": True}}, {"a": None}, False),
        ({"a": {"$any": True}}, {"a": None}, False),
        ({"$near": 0.5, "within": 0.01}, 0.505, True),
        ({"$length": 3}, [1, 2], False),
        ({"$unordered": [{"id": "a"}, {"id": "b"}]}, [{"id": "b"}, {"id": "a"}], True),
        ({"$unordered": [1, 1]}, [1, 2], False),
        ({"$from": "kept"}, 7, True),
    ],
)
def test_answers_are_compared_as_a_part(wanted: object, got: object, same: bool) -> None:
    assert (difference(wanted, got, {"kept": 7}) is None) is same


def test_a_matcher_that_is_not_known_fails() -> None:
    with pytest.raises(ValueError, match="not known"):
        difference({"$like": 1}, 1, {})


def test_scenarios_are_read_as_yaml_1_2() -> None:
    read = load("{ a: no, b: 2024-01-02, c: 9007199254740993, d: 1e3, e: true, f: ~, g: 012 }", CoreLoader)
    assert read == {"a": "no", "b": "2024-01-02", "c": 9007199254740993, "d": 1000.0, "e": True, "f": None, "g": 12}


def test_made_points_are_those_of_the_other_languages() -> None:
    [point] = made_points(1, 3, "p-", 7)
    assert point["id"] == "p-7" and point["payload"] == {"i": 7, "even": False}
    assert point["vector"] == pytest.approx([((7 * 31 + j * 17) % 97) / 97 - 0.5 for j in range(3)])
