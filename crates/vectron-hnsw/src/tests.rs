use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// xorshift64*: the same points on every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn vector(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
    }
}

/// Cases of a property test: at least these, more with PROPTEST_CASES, few under the interpreter.
pub fn cases(least: u32) -> u32 {
    if cfg!(miri) { 3 } else { least.max(ProptestConfig::default().cases) }
}

/// All codecs; under the interpreter without the one that trains.
pub fn codecs() -> impl Iterator<Item = Quantization> {
    Quantization::ALL.into_iter().filter(|codec| !cfg!(miri) || *codec != Quantization::Product)
}

/// Less work under the interpreter.
pub fn scaled(count: usize) -> usize {
    if cfg!(miri) { (count / 40).max(40) } else { count }
}

pub fn config(dim: usize, metric: Metric, quantization: Quantization) -> Config {
    Config { dim, metric, m: 16, ef_construction: if cfg!(miri) { 24 } else { 100 }, quantization }
}

pub fn vectors(count: usize, config: &Config, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Random(seed);
    let mut vector = || {
        let mut v = random.vector(config.dim);
        if config.metric == Metric::Cosine {
            vectron_kernels::normalize(&mut v);
        }
        v
    };
    (0..count).map(|_| vector()).collect()
}

pub fn empty(config: Config, points: &[Vec<f32>]) -> Graph {
    match config.quantization {
        Quantization::Float => Graph::new(config),
        _ => Graph::trained(config, |i| &points[i], points.len()),
    }
}

pub fn build(config: Config, points: &[Vec<f32>]) -> Graph {
    let mut random = Random(7);
    let graph = empty(config, points);
    for v in points {
        graph.insert(v, level_from_hash(random.next(), config.m)).unwrap();
    }
    graph
}

pub fn search(graph: &Graph, query: &[f32], ef: usize) -> Vec<NodeId> {
    let options = SearchOptions { ef, k: ef, ..Default::default() };
    let found = graph.search(&graph.query(query), &options, &mut SearchStats::default());
    found.into_iter().map(|(_, node)| node).collect()
}

pub fn distance(metric: Metric, a: &[f32], b: &[f32]) -> f32 {
    match metric {
        Metric::Euclidean => vectron_kernels::l2_squared(a, b),
        _ => -vectron_kernels::dot(a, b),
    }
}

pub fn nearest(metric: Metric, points: &BTreeMap<NodeId, Vec<f32>>, query: &[f32], k: usize) -> Vec<NodeId> {
    let mut all: Vec<(f32, NodeId)> = points.iter().map(|(&i, p)| (distance(metric, p, query), i)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().take(k).map(|(_, i)| i).collect()
}

/// Recall@10 when the best `keep` of `ef` candidates are rescored.
fn recall(
    graph: &Graph,
    points: &BTreeMap<NodeId, Vec<f32>>,
    queries: &[Vec<f32>],
    ef: usize,
    keep: usize,
) -> f32 {
    let metric = graph.config.metric;
    let mut hits = 0;
    for query in queries {
        let mut found = search(graph, query, ef);
        found.truncate(keep);
        found.sort_by(|a, b| {
            distance(metric, &points[a], query).total_cmp(&distance(metric, &points[b], query))
        });
        let truth = nearest(metric, points, query, 10);
        hits += found.iter().take(10).filter(|node| truth.contains(node)).count();
    }
    hits as f32 / (queries.len() * 10) as f32
}

pub fn numbered(points: &[Vec<f32>]) -> BTreeMap<NodeId, Vec<f32>> {
    points.iter().cloned().enumerate().map(|(i, v)| (i as NodeId, v)).collect()
}

/// What holds of every graph at any time.
pub fn check_shape(graph: &Graph) {
    assert_eq!(graph.unreachable(), [0; 0]);
    let nodes = graph.len() as NodeId;
    for node in graph.leaders() {
        for layer in 0..=graph.links.level(node) {
            let mut list: Vec<NodeId> = graph.links.of(node, layer).map(links::target).collect();
            assert!(list.len() <= graph.links.max(layer), "degree of {node} on {layer}");
            assert!(list.iter().all(|&to| to < nodes && to != node && graph.links.level(to) >= layer));
            assert!(!list.iter().any(|&to| graph.is_twin(to)), "{node} links to a twin");
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), graph.links.of(node, layer).len(), "{node} has a link twice");
        }
        if node > 0 {
            let parent = graph.parent(node).expect("every node but the oldest has a parent");
            assert!(graph.children(parent).any(|child| child == node));
            assert!(graph.children(node).count() <= graph.config.m);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn recall_at_10_on_every_metric_and_codec() {
    for (quantization, ef, keep, floor) in [
        (Quantization::Float, 100, 10, 0.95),
        (Quantization::Half, 100, 20, 0.95),
        (Quantization::Int8, 100, 40, 0.95),
        (Quantization::Binary, 400, 400, 0.9),
        (Quantization::Product, 300, 300, 0.9),
    ] {
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Dot] {
            let config = config(24, metric, quantization);
            let points = vectors(3000, &config, 1);
            let graph = build(config, &points);
            let queries = vectors(50, &config, 2);
            let recall = recall(&graph, &numbered(&points), &queries, ef, keep);
            assert!(recall >= floor, "{metric:?} {quantization:?}: {recall}");
            check_shape(&graph);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn a_brief_query_gives_the_distances_of_one_for_a_walk() {
    for metric in [Metric::Cosine, Metric::Euclidean, Metric::Dot] {
        for (dim, quantization) in
            [8, 21, 100].into_iter().flat_map(|dim| codecs().map(move |codec| (dim, codec)))
        {
            let config = config(dim, metric, quantization);
            let graph = build(config, &vectors(300, &config, 9));
            let nodes: Vec<NodeId> = (0..300).collect();
            for node in (0..300).step_by(30) {
                let [walk, brief] = [graph.query_of(node), graph.brief_query_of(node)].map(|query| {
                    let mut out = Vec::new();
                    graph.distances(&query, &nodes, &mut out);
                    let deviations = nodes.iter().zip(&out).map(|(&to, &at)| graph.deviation(&query, to, at));
                    out.iter()
                        .copied()
                        .chain(deviations.collect::<Vec<_>>())
                        .map(f32::to_bits)
                        .collect::<Vec<_>>()
                });
                assert_eq!(walk, brief, "{metric:?} {quantization:?} {dim}");
            }
        }
    }
}

#[test]
fn a_refused_node_is_walked_through_and_never_returned() {
    let config = config(16, Metric::Euclidean, Quantization::Int8);
    let points = vectors(scaled(1000), &config, 3);
    let graph = build(config, &points);
    let odd = |node: NodeId| node % 2 == 1;
    for query in vectors(scaled(20).min(5), &config, 4) {
        let options = SearchOptions { ef: 10, k: 10, accept: Some(&odd), ..Default::default() };
        let found = graph.search(&graph.query(&query), &options, &mut SearchStats::default());
        assert_eq!(found.len(), 10);
        assert!(found.iter().all(|(_, node)| node % 2 == 1));
    }
}

#[test]
fn pool_and_heaps_find_the_same() {
    let config = config(12, Metric::Cosine, Quantization::Int8);
    let graph = build(config, &vectors(scaled(1000), &config, 5));
    let everything = |_| true;
    for query in vectors(scaled(200).min(20), &config, 6) {
        for ef in [1, 7, 40] {
            let mut stats = [SearchStats::default(); 2];
            let found = [None, Some(&everything as &dyn Fn(NodeId) -> bool)].map(|accept| {
                let at = usize::from(accept.is_some());
                graph.search(
                    &graph.query(&query),
                    &SearchOptions { ef, k: ef, accept, ..Default::default() },
                    &mut stats[at],
                )
            });
            assert_eq!(found[0], found[1]);
            assert_eq!(stats[0], stats[1]);
        }
    }
}

#[test]
fn equal_inputs_build_equal_graphs() {
    let config = config(12, Metric::Cosine, Quantization::Int8);
    let points = vectors(scaled(500), &config, 5);
    assert_eq!(build(config, &points).to_bytes(), build(config, &points).to_bytes());
}

#[test]
fn every_instruction_set_builds_the_same_graph_and_finds_the_same() {
    let best = vectron_kernels::isa();
    for quantization in codecs() {
        let config = config(70, Metric::Euclidean, quantization);
        let points = vectors(scaled(400), &config, 15);
        let mut seen = None;
        for isa in vectron_kernels::Isa::ALL {
            if !vectron_kernels::use_isa(isa) {
                eprintln!("skipped: {} is not available here", isa.name());
                continue;
            }
            let graph = build(config, &points);
            let outcome = (graph.to_bytes(), search(&graph, &points[1], 20));
            assert!(seen.as_ref().is_none_or(|seen| *seen == outcome), "{} {quantization:?}", isa.name());
            seen = Some(outcome);
        }
    }
    vectron_kernels::use_isa(best);
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn ten_thousand_duplicates_are_all_reachable() {
    let config = config(8, Metric::Euclidean, Quantization::Int8);
    let mut points = vectors(200, &config, 6);
    points.extend(std::iter::repeat_n(points[0].clone(), 10_000));
    let graph = build(config, &points);
    check_shape(&graph);
    assert_eq!(search(&graph, &points[0], 10_200).len(), 10_200);
}

#[test]
fn a_graph_survives_a_round_trip() {
    for quantization in codecs() {
        let config = config(10, Metric::Euclidean, quantization);
        let points = vectors(scaled(700), &config, 8);
        let graph = build(config, &points);
        graph.delete(3);
        let bytes = graph.to_bytes();
        let loaded = Graph::from_bytes(config, None, &bytes).unwrap();
        assert_eq!(loaded.to_bytes(), bytes);
        assert_eq!(loaded.deleted(), 1);
        assert_eq!(search(&loaded, &points[3], 20), search(&graph, &points[3], 20));
    }
}

#[test]
fn the_empty_graph_answers_nothing() {
    let graph = Graph::new(config(4, Metric::Cosine, Quantization::Int8));
    assert!(search(&graph, &[0.5; 4], 10).is_empty());
    assert!(graph.compacted(None, 2).unwrap().is_empty());
}

#[test]
fn a_stopped_search_returns_what_it_has() {
    let config = config(16, Metric::Cosine, Quantization::Int8);
    let points = vectors(scaled(3000), &config, 10);
    let graph = build(config, &points);
    let stop = || true;
    let mut stats = SearchStats::default();
    let options = SearchOptions { ef: 100, k: 1, stop: Some(&stop), ..Default::default() };
    let found = graph.search(&graph.query(&points[0]), &options, &mut stats);
    assert!(stats.stopped && !found.is_empty() && stats.visited < 60, "{stats:?}");
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn a_graph_over_shared_vectors_equals_one_with_its_own() {
    let config = config(20, Metric::Dot, Quantization::Float);
    let points = vectors(600, &config, 12);
    let rows = Arc::new(Arena::new(20 * 4, 0));
    for v in &points {
        rows.push(|row| {
            row.as_chunks_mut::<4>().0.iter_mut().zip(v).for_each(|(to, x)| *to = x.to_ne_bytes())
        })
        .unwrap();
    }
    let shared = Graph::over(config, Arc::clone(&rows));
    let mut random = Random(7);
    for v in &points {
        shared.insert(v, level_from_hash(random.next(), config.m)).unwrap();
    }
    assert!(shared.memory_bytes() < build(config, &points).memory_bytes());
    assert_eq!(search(&shared, &points[5], 50), search(&build(config, &points), &points[5], 50));
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn recall_survives_deleting_nine_in_ten_and_the_entry_point() {
    let config = config(24, Metric::Cosine, Quantization::Int8);
    let points = vectors(4000, &config, 20);
    let mut graph = build(config, &points);
    // Old place of each node of the graph.
    let mut names: Vec<usize> = (0..points.len()).collect();
    let mut random = Random(21);
    while names.len() > 400 {
        let entry = graph.entry().unwrap().0;
        graph.delete(entry);
        for _ in 0..names.len() / 9 {
            graph.delete((random.next() % graph.len() as u64) as NodeId);
        }
        names = (0..graph.len()).filter(|&n| !graph.is_deleted(n as NodeId)).map(|n| names[n]).collect();
        graph = graph.compacted(None, 2).unwrap();
        assert_eq!((graph.len(), graph.deleted()), (names.len(), 0));
        check_shape(&graph);
    }
    let left = names.iter().enumerate().map(|(node, &name)| (node as NodeId, points[name].clone())).collect();
    let recall = recall(&graph, &left, &vectors(50, &config, 22), 100, 40);
    assert!(recall >= 0.95, "{recall}");
}

#[test]
#[cfg_attr(miri, ignore = "threads over files of work")]
fn a_parallel_build_is_as_good_and_as_connected() {
    let config = config(24, Metric::Euclidean, Quantization::Int8);
    let points = vectors(4000, &config, 30);
    let graph = Graph::new(config);
    let levels: Vec<usize> = {
        let mut random = Random(7);
        points.iter().map(|_| level_from_hash(random.next(), config.m)).collect()
    };
    graph.insert_parallel(4, points.len(), |i| &points[i], |i| levels[i]).unwrap();
    check_shape(&graph);
    let queries = vectors(50, &config, 31);
    let (parallel, ordered) = (&graph, build(config, &points));
    let recalls = [parallel, &ordered].map(|graph| recall(graph, &numbered(&points), &queries, 64, 40));
    assert!((recalls[0] - recalls[1]).abs() <= 0.01 && recalls[0] >= 0.95, "{recalls:?}");
}

#[test]
fn searches_run_while_nodes_come_and_go() {
    let config = config(16, Metric::Cosine, Quantization::Int8);
    let points = vectors(scaled(3000), &config, 40);
    let graph = Graph::new(config);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(41);
            for (i, v) in points.iter().enumerate() {
                graph.insert(v, level_from_hash(random.next(), config.m)).unwrap();
                if i % 5 == 4 {
                    graph.delete(i as NodeId - 2);
                }
            }
        });
        while graph.len() < points.len() {
            let deleted_before: Vec<bool> =
                (0..graph.len() as NodeId).map(|node| graph.is_deleted(node)).collect();
            let found = search(&graph, &points[0], 30);
            assert!(found.iter().all(|&n| !deleted_before.get(n as usize).copied().unwrap_or(false)));
            assert!(
                found.len() >= 30.min(deleted_before.iter().filter(|dead| !**dead).count().saturating_sub(8))
            );
        }
    });
    check_shape(&graph);
}

/// One step of the model test.
#[derive(Debug, Clone)]
enum Step {
    Insert(u8),
    Delete(u8),
    DeleteAll,
    Compact,
    Reload,
    Search(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<u8>().prop_map(Step::Insert),
        4 => any::<u8>().prop_map(Step::Delete),
        1 => Just(Step::DeleteAll),
        1 => Just(Step::Compact),
        1 => Just(Step::Reload),
        3 => any::<u8>().prop_map(Step::Search),
    ];
    prop::collection::vec(step, 1..60)
}

/// Few distinct vectors on a grid, so that duplicates and ties are common.
fn grid(value: u8) -> Vec<f32> {
    [value & 3, (value >> 2) & 3, (value >> 4) & 3].map(|x| f32::from(x) - 1.5).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(10_000), failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_graph_behaves_like_a_list(steps in steps(), m in 2usize..5) {
        let config = Config {
            dim: 3, metric: Metric::Euclidean, m, ef_construction: 8, quantization: Quantization::Int8,
        };
        let mut graph = Graph::new(config);
        let mut model: BTreeMap<NodeId, Vec<f32>> = BTreeMap::new();
        let mut random = Random(99);
        for step in steps {
            match step {
                Step::Insert(value) => {
                    let node = graph.insert(&grid(value), level_from_hash(random.next(), m)).unwrap();
                    model.insert(node, grid(value));
                }
                Step::Delete(at) if !model.is_empty() => {
                    let node = *model.keys().nth(at as usize % model.len()).unwrap();
                    model.remove(&node);
                    prop_assert!(graph.delete(node));
                    prop_assert!(!graph.delete(node));
                }
                Step::Delete(_) => {}
                Step::DeleteAll => {
                    model.keys().for_each(|&node| { graph.delete(node); });
                    model.clear();
                }
                Step::Compact => {
                    graph = graph.compacted(None, 2).unwrap();
                    model = std::mem::take(&mut model).into_values().enumerate().map(|(n, v)| (n as NodeId, v)).collect();
                    prop_assert_eq!(graph.len(), model.len());
                }
                Step::Reload => graph = Graph::from_bytes(config, None, &graph.to_bytes()).unwrap(),
                Step::Search(value) => {
                    let all = search(&graph, &grid(value), graph.len().max(1));
                    let mut sorted = all.clone();
                    sorted.sort_unstable();
                    prop_assert_eq!(sorted, model.keys().copied().collect::<Vec<_>>());
                    let few = search(&graph, &grid(value), 3);
                    prop_assert_eq!(few.len(), model.len().min(3));
                }
            }
        }
        check_shape(&graph);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(500), failure_persistence: None, ..Default::default() })]

    #[test]
    fn damaged_bytes_are_refused_or_sound(mut flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8), cut in any::<Option<u16>>()) {
        let config = Config { m: 4, ..config(4, Metric::Euclidean, Quantization::Int8) };
        let points = vectors(scaled(60), &config, 9);
        let mut bytes = build(config, &points).to_bytes();
        for (at, value) in flips.drain(..) {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut as usize % (bytes.len() + 1));
        }
        if let Ok(graph) = Graph::from_bytes(config, None, &bytes) {
            let found = search(&graph, &points[0], 10);
            prop_assert!(found.iter().all(|&node| (node as usize) < points.len()));
            graph.insert(&points[1], 1).unwrap();
        }
    }

    #[test]
    fn levels_fall_off_geometrically(seed in 1u64..1000) {
        let mut random = Random(seed);
        let above = (0..4096).filter(|_| level_from_hash(random.next(), 16) > 0).count();
        prop_assert!((150..=370).contains(&above), "{}", above);
    }
}
