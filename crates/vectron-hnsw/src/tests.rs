use super::*;
use proptest::prelude::*;

/// xorshift64*: the same points on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn vector(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
    }
}

fn config(dim: usize, metric: Metric) -> Config {
    Config { dim, metric, m: 16, ef_construction: 100 }
}

fn build(config: Config, vectors: &[Vec<f32>]) -> Graph {
    let mut random = Random(7);
    let mut graph = Graph::new(config);
    for v in vectors {
        let plan = graph.plan_insert(Encoded::new(v), level_from_hash(random.next(), config.m));
        graph.apply_insert(plan);
    }
    graph
}

fn vectors(count: usize, config: &Config, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Random(seed);
    (0..count)
        .map(|_| {
            let mut v = random.vector(config.dim);
            if config.metric == Metric::Cosine {
                vectron_kernels::normalize(&mut v);
            }
            v
        })
        .collect()
}

fn exact(metric: Metric, points: &[Vec<f32>], query: &[f32], k: usize) -> Vec<NodeId> {
    let mut all: Vec<(f32, NodeId)> = points
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let d = match metric {
                Metric::Euclidean => vectron_kernels::l2_squared(p, query),
                _ => -vectron_kernels::dot(p, query),
            };
            (d, i as NodeId)
        })
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(k).map(|(_, i)| i).collect()
}

#[test]
fn recall_at_10_is_at_least_095_on_every_metric() {
    for metric in [Metric::Cosine, Metric::Euclidean, Metric::Dot] {
        let config = config(24, metric);
        let points = vectors(3000, &config, 1);
        let graph = build(config, &points);
        let mut found = 0;
        for query in vectors(50, &config, 2) {
            let answer = graph.search(&Encoded::new(&query), 100, |_| true, &mut SearchStats::default());
            let truth = exact(metric, &points, &query, 10);
            // The caller rescores; here the quantised order must keep the truth among the first 20.
            found += answer.iter().take(20).filter(|(_, node)| truth.contains(node)).count();
        }
        assert!(found >= 475, "{metric:?}: {found} of 500");
    }
}

#[test]
fn a_refused_node_is_walked_through_and_never_returned() {
    let config = config(16, Metric::Euclidean);
    let points = vectors(1000, &config, 3);
    let graph = build(config, &points);
    for query in vectors(20, &config, 4) {
        let odd = graph.search(&Encoded::new(&query), 30, |n| n % 2 == 1, &mut SearchStats::default());
        assert_eq!(odd.len(), 30);
        assert!(odd.iter().all(|(_, node)| node % 2 == 1));
    }
}

#[test]
fn equal_inputs_build_equal_graphs() {
    let config = config(12, Metric::Cosine);
    let points = vectors(500, &config, 5);
    assert_eq!(build(config, &points).to_bytes(), build(config, &points).to_bytes());
}

#[test]
fn a_thousand_duplicates_are_all_reachable() {
    let config = config(8, Metric::Euclidean);
    let mut points = vectors(200, &config, 6);
    points.extend(std::iter::repeat_n(points[0].clone(), 1000));
    let graph = build(config, &points);
    let found = graph.search(&Encoded::new(&points[0]), 1200, |_| true, &mut SearchStats::default());
    assert_eq!(found.len(), 1200);
}

#[test]
fn absent_positions_are_never_found() {
    let config = config(8, Metric::Dot);
    let mut graph = Graph::new(config);
    graph.push_absent();
    let plan = graph.plan_insert(Encoded::new(&[1.0; 8]), 0);
    assert_eq!(graph.apply_insert(plan), 1);
    let found = graph.search(&Encoded::new(&[1.0; 8]), 10, |_| true, &mut SearchStats::default());
    assert_eq!(found.iter().map(|f| f.1).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_graph_survives_a_round_trip() {
    let config = config(10, Metric::Euclidean);
    let points = vectors(700, &config, 8);
    let graph = build(config, &points);
    let bytes = graph.to_bytes();
    let loaded = Graph::from_bytes(config, &bytes).unwrap();
    assert_eq!(loaded.to_bytes(), bytes);
    let query = Encoded::new(&points[3]);
    let mut stats = SearchStats::default();
    let expected = graph.search(&query, 20, |_| true, &mut stats);
    assert_eq!(loaded.search(&query, 20, |_| true, &mut stats), expected);
}

#[test]
fn the_empty_graph_answers_nothing() {
    let graph = Graph::new(config(4, Metric::Cosine));
    assert!(graph.search(&Encoded::new(&[0.5; 4]), 10, |_| true, &mut SearchStats::default()).is_empty());
}

proptest! {
    #[test]
    fn damaged_links_are_refused_or_sound(mut flips in prop::collection::vec((0usize..4000, any::<u8>()), 1..8)) {
        let config = config(4, Metric::Euclidean);
        let points = vectors(60, &config, 9);
        let mut bytes = build(config, &points).to_bytes();
        for (at, value) in flips.drain(..) {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Ok(graph) = Graph::from_bytes(config, &bytes) {
            let found = graph.search(&Encoded::new(&points[0]), 10, |_| true, &mut SearchStats::default());
            prop_assert!(found.iter().all(|(_, n)| (*n as usize) < 60));
        }
    }

    #[test]
    fn levels_fall_off_geometrically(seed in 1u64..1000) {
        let mut random = Random(seed);
        let above = (0..4096).filter(|_| level_from_hash(random.next(), 16) > 0).count();
        prop_assert!((150..=370).contains(&above), "{}", above);
    }
}
