//! Equal and almost equal vectors: whatever their share, every other point is found by its own vector, and so are they.

use crate::tests::{Random, build, check_shape, config, distance, search, vectors};
use crate::{Config, Graph, Metric, NodeId, Quantization, SearchOptions, SearchStats, level_from_hash};
use std::collections::BTreeMap;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Euclidean, Metric::Dot];
/// True distances below this are those of equal or almost equal vectors; others are above 1.
const SAME: f32 = 0.01;

/// What a set is made of.
#[derive(Debug, Clone, Copy)]
struct Recipe {
    count: usize,
    /// Of a hundred points, those that are of a group of equal ones.
    percent: usize,
    /// Groups of equal points.
    groups: usize,
    /// What is added to each component of an equal point, at most.
    jitter: f32,
}

/// Points about as long as each other, so that each is the closest to itself by inner product, too; in a random order.
fn points(config: &Config, recipe: Recipe, seed: u64) -> Vec<Vec<f32>> {
    let Recipe { count, percent, groups, jitter } = recipe;
    let unit = Config { metric: Metric::Cosine, ..*config };
    let same = vectors(groups, &unit, seed ^ 0x5555);
    let mut points = vectors(count, &unit, seed);
    let mut random = Random(seed ^ 0xaaaa);
    for (i, point) in points.iter_mut().enumerate().take(count * percent / 100) {
        *point = same[i % groups].clone();
        if jitter > 0.0 {
            point.iter_mut().zip(random.vector(config.dim)).for_each(|(x, by)| *x += jitter * by);
        }
    }
    for i in (1..points.len()).rev() {
        points.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    if config.metric == Metric::Euclidean {
        points.iter_mut().flatten().for_each(|x| *x *= 4.0);
    }
    points
}

/// Candidates that make a search moderate, for a codec: what it keeps, of about 4,000 points.
fn moderate(quantization: Quantization) -> usize {
    match quantization {
        Quantization::Binary | Quantization::Product => 400,
        _ => 64,
    }
}

/// Of the living points, those that a search for their own vector does not return, nor one that is almost equal.
fn missed(graph: &Graph, points: &BTreeMap<NodeId, Vec<f32>>) -> usize {
    let Config { metric, quantization, .. } = graph.config;
    let ef = moderate(quantization);
    let finds = |point: &Vec<f32>| {
        let own = distance(metric, point, point);
        search(graph, point, ef).iter().any(|node| distance(metric, &points[node], point) <= own + SAME)
    };
    points.values().filter(|point| !finds(point)).count()
}

fn numbered(points: &[Vec<f32>]) -> BTreeMap<NodeId, Vec<f32>> {
    points.iter().cloned().enumerate().map(|(i, v)| (i as NodeId, v)).collect()
}

fn recipes(count: usize, jitters: &[f32]) -> Vec<Recipe> {
    let mut recipes = Vec::new();
    for percent in [1, 10, 50, 90] {
        for groups in [1, 20] {
            for &jitter in jitters {
                recipes.push(Recipe { count, percent, groups, jitter });
            }
        }
    }
    recipes
}

/// No more are missed than `most` of a hundred of the points that have no equals, in any set.
fn check_recipes(quantizations: &[Quantization], metrics: &[Metric], jitters: &[f32], most: usize) {
    let mut failed = Vec::new();
    for &quantization in quantizations {
        for &metric in metrics {
            let config = config(32, metric, quantization);
            for (at, recipe) in recipes(2000, jitters).into_iter().enumerate() {
                let points = points(&config, recipe, 100 + at as u64);
                let graph = build(config, &points);
                check_shape(&graph);
                let missed = missed(&graph, &numbered(&points));
                if missed * 100 > most * (points.len() - recipe.count * recipe.percent / 100) {
                    failed.push(format!("{missed} missed: {metric:?} {quantization:?} {recipe:?}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} sets:\n{}", failed.len(), failed.join("\n"));
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn every_point_is_found_beside_any_number_of_equal_ones() {
    check_recipes(&[Quantization::Float, Quantization::Int8], &METRICS, &[0.0], 0);
    check_recipes(&[Quantization::Binary, Quantization::Product], &METRICS, &[0.0], 0);
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn almost_equal_vectors_do_not_cut_others_off() {
    let metrics = [Metric::Cosine, Metric::Euclidean];
    check_recipes(&[Quantization::Float, Quantization::Int8], &metrics, &[1e-7, 1e-4], 5);
}

/// The points of each living node, by node: what a graph is compared with.
struct Model {
    graph: Graph,
    points: BTreeMap<NodeId, Vec<f32>>,
}

impl Model {
    fn delete(&mut self, node: NodeId) {
        assert!(self.graph.delete(node));
        self.points.remove(&node);
    }

    fn compact(&mut self) {
        let alone = self.graph.compacted(None, 1).unwrap();
        self.graph = self.graph.compacted(None, 3).unwrap();
        assert!(alone.to_bytes() == self.graph.to_bytes(), "threads changed the graph");
        let points = std::mem::take(&mut self.points).into_values();
        self.points = points.enumerate().map(|(i, v)| (i as NodeId, v)).collect();
    }

    fn reload(&mut self) {
        let bytes = self.graph.to_bytes();
        self.graph = Graph::from_bytes(self.graph.config, None, &bytes).unwrap();
        assert!(self.graph.to_bytes() == bytes);
    }

    /// Every living point is found, whether it has equals or not, and nothing else.
    fn check(&self, after: &str) {
        check_shape(&self.graph);
        assert_eq!(self.graph.len() - self.graph.deleted(), self.points.len(), "{after}");
        assert_eq!(missed(&self.graph, &self.points), 0, "{after}");
        let Some(point) = self.points.values().next() else { return };
        let mut all = search(&self.graph, point, self.graph.len());
        all.sort_unstable();
        assert_eq!(all, self.points.keys().copied().collect::<Vec<_>>(), "{after}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn every_point_is_found_after_every_kind_of_change() {
    for quantization in [Quantization::Float, Quantization::Int8, Quantization::Binary, Quantization::Product]
    {
        for (at, metric) in METRICS.into_iter().enumerate() {
            let config = config(32, metric, quantization);
            let percent = [90, 50, 10][at];
            let vectors = points(&config, Recipe { count: 1000, percent, groups: 3, jitter: 0.0 }, 7);
            let mut model = Model { graph: build(config, &vectors), points: numbered(&vectors) };
            let mut random = Random(8);
            assert!(model.graph.twins() >= 1000 * percent / 100 - 3);
            model.check("insertion");
            model.reload();
            model.check("loading");
            for round in 0..3 {
                let leaders: Vec<NodeId> = model
                    .graph
                    .leaders()
                    .filter(|&leader| {
                        !model.graph.is_deleted(leader) && model.graph.group(leader).count() > 1
                    })
                    .collect();
                assert!(leaders.len() >= 3);
                leaders.iter().for_each(|&leader| model.delete(leader));
                model.check("deleted leaders");
                model.reload();
                model.check("loading deleted leaders");
                for _ in 0..model.points.len() / 5 {
                    let at = random.next() as usize % model.points.len();
                    let node = *model.points.keys().nth(at).unwrap();
                    model.delete(node);
                }
                model.check("deleted a fifth");
                model.compact();
                model.check("compaction");
                assert_eq!(model.graph.deleted(), 0);
                for point in &vectors[..100] {
                    let level = level_from_hash(random.next(), config.m);
                    model.points.insert(model.graph.insert(point, level).unwrap(), point.clone());
                }
                model.check(&format!("insertion after compaction {round}"));
            }
            let nodes: Vec<NodeId> = model.points.keys().copied().collect();
            nodes.into_iter().for_each(|node| model.delete(node));
            model.check("deleted all");
            model.compact();
            assert!(model.graph.is_empty());
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "threads over files of work")]
fn a_parallel_build_keeps_equal_vectors_together() {
    for metric in METRICS {
        let config = config(32, metric, Quantization::Int8);
        let vectors = points(&config, Recipe { count: 4000, percent: 50, groups: 4, jitter: 0.0 }, 9);
        let graph = Graph::new(config);
        graph.insert_parallel(4, vectors.len(), |i| &vectors[i], |i| i % 17 / 16).unwrap();
        assert_eq!(graph.twins(), 2000 - 4);
        let mut model = Model { graph, points: numbered(&vectors) };
        model.check("parallel build");
        model.compact();
        model.check("compaction");
    }
}

fn filtered(graph: &Graph, query: &[f32], k: usize, accept: &dyn Fn(NodeId) -> bool) -> Vec<NodeId> {
    let options = SearchOptions { ef: k, k, accept: Some(accept), ..Default::default() };
    let found = graph.search(&graph.query(query), &options, &mut SearchStats::default());
    found.into_iter().map(|(_, node)| node).collect()
}

#[test]
fn a_filter_may_accept_any_of_equal_vectors() {
    let config = config(8, Metric::Euclidean, Quantization::Int8);
    let mut points = vectors(50, &config, 10);
    points.extend(std::iter::repeat_n(points[20].clone(), 30));
    let graph = build(config, &points);
    let equals: Vec<NodeId> = (50..80).chain([20]).collect();
    for &only in &equals {
        assert_eq!(filtered(&graph, &points[20], 5, &|node| node == only), [only]);
    }
    graph.delete(20);
    graph.delete(79);
    assert_eq!(filtered(&graph, &points[20], 3, &|node| node != 77), [78, 76, 75]);
    assert_eq!(search(&graph, &points[20], 3), [78, 77, 76]);
    let options = SearchOptions { ef: 2, k: 2, with_deleted: true, ..Default::default() };
    let found = graph.search(&graph.query(&points[20]), &options, &mut SearchStats::default());
    assert_eq!(found.into_iter().map(|(_, node)| node).collect::<Vec<_>>(), [79, 78]);
}

#[test]
fn more_are_returned_than_there_are_distinct_vectors() {
    let config = config(8, Metric::Cosine, Quantization::Float);
    let distinct = vectors(3, &config, 11);
    let points: Vec<Vec<f32>> = (0..60).map(|i| distinct[i % 3].clone()).collect();
    let graph = build(config, &points);
    assert_eq!(graph.twins(), 57);
    let found = search(&graph, &distinct[1], 25);
    assert_eq!(found[..20], (0..20).rev().map(|i| 3 * i + 1).collect::<Vec<NodeId>>());
    assert_eq!(found.len(), 25);
    assert_eq!(search(&graph, &distinct[1], 100).len(), 60);
}

#[test]
fn a_saved_graph_with_equal_nodes_or_false_twins_is_refused() {
    let config = Config { m: 2, ..config(1, Metric::Euclidean, Quantization::Float) };
    let bytes = |code: f32, second: [u32; 2]| {
        let words = [0, 0, 2, 0, 0, 1f32.to_bits(), code.to_bits()];
        let first: &[u32] = if second[0] == 0 { &[0, 1, 1 << 31 | 1] } else { &[0, 0] };
        let links: &[u32] = if second[0] == 0 { &[1 << 31] } else { &[] };
        let words = words.iter().chain(first).chain(&second).chain(links);
        words.flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>()
    };
    let load = |code, second| {
        Graph::from_bytes(config, None, &bytes(code, second))
            .map(|graph| graph.twins())
            .map_err(|e| e.to_string())
    };
    let says = |text: &str| Err(format!("graph snapshot is damaged: {text}"));
    assert_eq!(load(2.0, [0, 1]), Ok(0));
    assert_eq!(load(1.0, [1 << 30, 0]), Ok(1));
    assert_eq!(load(1.0, [0, 1]), says("it has equal nodes"));
    assert_eq!(load(2.0, [1 << 30, 0]), says("a twin is not equal to its leader"));
    assert_eq!(load(1.0, [1 << 30, 1]), says("a twin's leader is none"));
}
