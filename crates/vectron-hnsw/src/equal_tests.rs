//! Equal and almost equal vectors: whatever their share, every other point is found by its own vector, and so are they.

use crate::tests::{Random, build, check_shape, config, distance, search, vectors};
use crate::{Config, Graph, Metric, NodeId, Quantization};
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

fn check_recipes(quantizations: &[Quantization], jitters: &[f32]) {
    let mut failed = Vec::new();
    for &quantization in quantizations {
        for metric in METRICS {
            let config = config(32, metric, quantization);
            for (at, recipe) in recipes(2000, jitters).into_iter().enumerate() {
                let points = points(&config, recipe, 100 + at as u64);
                let graph = build(config, &points);
                check_shape(&graph);
                let missed = missed(&graph, &numbered(&points));
                if missed > 0 {
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
    check_recipes(&[Quantization::Float, Quantization::Int8], &[0.0]);
    check_recipes(&[Quantization::Binary, Quantization::Product], &[0.0]);
}
