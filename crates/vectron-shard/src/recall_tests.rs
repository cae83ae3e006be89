//! What an answer says of its recall is what it reaches: on data that is easy and hard to tell apart, at the k that is asked
//! for, with filters and in named vectors, after the data has changed, and where nothing was measured.

use super::*;
use crate::proto::{
    Declaration, FieldCondition, Filter, IndexKind, LogCommand, NamedVector, NumberRange, PayloadIndex,
    PointBatch, PointData, SearchOp, VectorData, declaration::Declare, field_condition::Test,
    filter::Condition,
};
use prost::Message;
use std::collections::BTreeSet;

/// Queries that reached recall is the mean of.
const QUERIES: usize = 400;

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// About normal: mean 0, standard deviation 1.
    fn normal(&mut self) -> f32 {
        let sum: f32 = (0..12).map(|_| (self.next() >> 40) as f32 / (1u32 << 24) as f32).sum();
        sum - 6.0
    }

    fn vector(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| self.normal()).collect()
    }
}

/// Clusters of unit variance whose points are `spread` from their centre in each dimension.
struct Clusters {
    centres: Vec<Vec<f32>>,
    spread: f32,
    random: Random,
}

impl Clusters {
    fn new(seed: u64, count: usize, dim: usize, spread: f32) -> Self {
        let mut random = Random(seed);
        Self { centres: (0..count).map(|_| random.vector(dim)).collect(), spread, random }
    }

    fn point(&mut self) -> Vec<f32> {
        let at = self.random.next() as usize % self.centres.len();
        let (spread, random) = (self.spread, &mut self.random);
        self.centres[at].iter().map(|x| x + spread * random.normal()).collect()
    }

    fn points(&mut self, count: usize) -> Vec<Vec<f32>> {
        (0..count).map(|_| self.point()).collect()
    }
}

fn bytes(v: &[f32]) -> Vec<u8> {
    v.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn open(dir: &Path, spec: ShardSpec) -> Shard {
    Shard::open(dir, spec, &Resources::new(8 << 20, 8 << 20)).unwrap()
}

/// Points `p0`, `p1`, ... with their number as payload `n`, and their vector as named vector `twin` as well where there is one.
fn fill(shard: &Shard, points: &[Vec<f32>]) {
    let twins = shard.named_vectors();
    for (at, chunk) in points.chunks(500).enumerate() {
        let data = chunk.iter().enumerate().map(|(i, vector)| PointData {
            id: format!("p{}", at * 500 + i),
            vector: bytes(vector),
            payload: format!("{{\"n\":{}}}", at * 500 + i).into_bytes(),
            vectors: twins
                .iter()
                .map(|twin| VectorData { name: twin.name.clone(), vector: bytes(vector) })
                .collect(),
            ..Default::default()
        });
        let upsert = Some(PointBatch { points: data.collect() }.encode_to_vec());
        apply(shard, LogCommand { upsert, ..Default::default() });
    }
    while shard.build_step().unwrap() {}
    while shard.index_spaces(10_000, 2).unwrap() > 0 {}
    while shard.index_step(10_000, 2).unwrap() > 0 {}
}

fn apply(shard: &Shard, command: LogCommand) {
    let command = LogCommand { proposed_at_ms: 1000, ..command };
    assert_eq!(shard.apply(shard.applied_index() + 1, &command).unwrap().refused, None);
}

fn declare(shard: &Shard, declare: Declare) {
    let declaration = Some(Declaration { declare: Some(declare) });
    apply(shard, LogCommand { declaration, ..Default::default() });
}

/// The points numbered below `count`.
fn below(count: usize) -> Filter {
    let range = NumberRange { lt: Some(count as f64), ..Default::default() };
    let field = FieldCondition { path: "n".into(), test: Some(Test::Number(range)) };
    Filter { condition: Some(Condition::Field(field)) }
}

/// What 400 answers said and reached.
#[derive(Debug)]
struct Outcome {
    reached: f32,
    /// Standard error of `reached`.
    error: f32,
    /// Mean of what was said; `None`: an answer said nothing.
    said: Option<f32>,
    /// Standard error of what was said, by its interval.
    said_error: f32,
    unmet: usize,
    plans: Vec<String>,
}

impl Outcome {
    fn is_true(&self) -> bool {
        let error = self.error.hypot(self.said_error);
        self.said.is_none_or(|said| (said - self.reached).abs() <= 0.02 + 2.0 * error)
    }

    /// Whether `wanted` was reached, or every answer that did not says so.
    fn keeps(&self, wanted: f32) -> bool {
        self.unmet == QUERIES || self.reached >= wanted - 0.01 - 2.0 * self.error
    }
}

fn ask(shard: &Shard, queries: &[Vec<f32>], request: &SearchOp) -> Outcome {
    let (mut recalls, mut said, mut said_error) = (Vec::new(), Some(0.0), 0.0);
    let (mut unmet, mut plans) = (0, BTreeSet::new());
    for query in queries {
        let request = SearchOp { vector: bytes(query), ..request.clone() };
        let exact = SearchOp { exact: true, recall: 0.0, ef: 0, ..request.clone() };
        let truth = shard.search(&exact, Until::default()).unwrap().hits;
        let found = shard.search(&request, Until::default()).unwrap();
        let least = truth.last().unwrap().score;
        let hits = found.hits.iter().filter(|hit| hit.score >= least).count();
        recalls.push(hits.min(truth.len()) as f32 / truth.len() as f32);
        said = said.zip(found.recall_estimate).map(|(sum, estimate)| sum + estimate);
        if let Some(mean) = found.recall_estimate {
            said_error = (found.recall_high - found.recall_low) / 3.92;
            assert!(found.recall_low <= mean && mean <= found.recall_high, "{found:?}");
        }
        unmet += usize::from(found.recall_unmet);
        plans.insert(found.plan);
    }
    let count = queries.len() as f32;
    let reached = recalls.iter().sum::<f32>() / count;
    let variance = recalls.iter().map(|recall| (recall - reached).powi(2)).sum::<f32>() / count;
    let (error, said) = ((variance / count).sqrt(), said.map(|sum| sum / count));
    Outcome { reached, error, said, said_error, unmet, plans: plans.into_iter().collect() }
}

fn op(k: u32) -> SearchOp {
    SearchOp { k, ..Default::default() }
}

/// Asks for recalls, efs and the default; every answer must be true.
#[track_caller]
fn all_true(shard: &Shard, queries: &[Vec<f32>], ks: &[u32], request: &SearchOp) {
    for &k in ks {
        let request = SearchOp { k, ..request.clone() };
        for wanted in [0.9, 0.95, 0.99] {
            let outcome = ask(shard, queries, &SearchOp { recall: wanted, ..request.clone() });
            assert!(outcome.is_true() && outcome.keeps(wanted), "k {k} recall {wanted}: {outcome:?}");
        }
        for ef in [0, 128, 1000] {
            let outcome = ask(shard, queries, &SearchOp { ef, ..request.clone() });
            assert!(outcome.is_true(), "k {k} ef {ef}: {outcome:?}");
        }
    }
}

/// Asks in every way, so that it is known what is asked for, and measures.
fn warm_up(shard: &Shard, queries: &[Vec<f32>], request: &SearchOp) {
    ask(shard, queries, &SearchOp { ef: 20, ..request.clone() });
    shard.measure_recall().unwrap();
}

#[test]
fn near_duplicates_get_the_recall_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec::new(384, Metric::Cosine));
    let mut clusters = Clusters::new(7, 40, 384, 0.01);
    fill(&shard, &clusters.points(4000));
    shard.measure_recall().unwrap();
    let queries = clusters.points(QUERIES);
    for wanted in [0.0, 0.95] {
        let outcome = ask(&shard, &queries, &SearchOp { recall: wanted, ..op(10) });
        assert!(outcome.is_true() && outcome.keeps(wanted), "no query was known, {wanted}: {outcome:?}");
    }
    warm_up(&shard, &clusters.points(QUERIES), &op(10));
    all_true(&shard, &queries, &[1, 10], &op(0));
}

#[test]
fn tight_clusters_get_the_recall_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec { m: 8, ..ShardSpec::new(64, Metric::Euclidean) });
    let mut clusters = Clusters::new(8, 60, 64, 0.05);
    fill(&shard, &clusters.points(6000));
    warm_up(&shard, &clusters.points(QUERIES), &op(10));
    all_true(&shard, &clusters.points(QUERIES), &[1, 10, 100], &op(0));
}

#[test]
fn queries_unlike_the_points_get_the_recall_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 5, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let mut clusters = Clusters::new(9, 40, 48, 0.7);
    fill(&shard, &clusters.points(6000));
    // Further from every point than points are from each other.
    let mut random = Random(10);
    let mut far = || clusters.point().iter().map(|x| x + 0.7 * random.normal()).collect::<Vec<f32>>();
    let asked: Vec<Vec<f32>> = (0..QUERIES).map(|_| far()).collect();
    warm_up(&shard, &asked, &op(10));
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|_| far()).collect();
    all_true(&shard, &queries, &[1, 10, 100], &op(0));
}

#[test]
fn searches_with_a_filter_get_the_recall_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 6, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let index = PayloadIndex { path: "n".into(), kind: IndexKind::Integer.into(), ..Default::default() };
    declare(&shard, Declare::AddIndex(index));
    let mut clusters = Clusters::new(11, 40, 48, 0.7);
    fill(&shard, &clusters.points(12_000));
    let queries = clusters.points(QUERIES);
    for count in [10_800, 6000, 2400, 600] {
        let request = SearchOp { filter: Some(below(count)), ..op(10) };
        ask(&shard, &clusters.points(QUERIES / 4), &request);
    }
    shard.measure_recall().unwrap();
    let mut plans = BTreeSet::new();
    for count in [10_800, 6000, 2400, 600] {
        let request = SearchOp { filter: Some(below(count)), ..op(0) };
        all_true(&shard, &queries, &[1, 10], &request);
        plans.extend(ask(&shard, &queries[..20], &SearchOp { k: 10, ef: 20, ..request }).plans);
    }
    assert!(plans.contains("post_filter") && plans.contains("scan_codes"), "{plans:?}");
}

#[test]
fn named_vectors_get_the_recall_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let shard =
        open(dir.path(), ShardSpec { m: 6, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) });
    let twin = NamedVector {
        name: "twin".into(),
        dimension: 48,
        metric: "cosine".into(),
        m: 6,
        ef_construction: 40,
        ..Default::default()
    };
    declare(&shard, Declare::AddVector(twin));
    let mut clusters = Clusters::new(12, 40, 48, 0.7);
    fill(&shard, &clusters.points(6000));
    let queries = clusters.points(QUERIES);
    let request = SearchOp { using: "twin".into(), ..op(10) };
    ask(&shard, &queries[..100], &SearchOp { ef: 20, ..request.clone() });
    assert!(shard.wants_measuring());
    shard.measure_recall().unwrap();
    assert!(!shard.wants_measuring());
    all_true(&shard, &queries, &[1, 10], &request);
    let outcome = ask(&shard, &queries, &SearchOp { recall: 0.9, ..request });
    assert!(outcome.said.is_some(), "named vectors have estimates: {outcome:?}");
}

#[test]
fn a_recall_that_nothing_was_measured_for_is_answered_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec::new(32, Metric::Cosine));
    let mut clusters = Clusters::new(13, 40, 32, 0.3);
    fill(&shard, &clusters.points(3000));
    let queries = clusters.points(QUERIES);
    let outcome = ask(&shard, &queries, &SearchOp { recall: 0.99, ..op(10) });
    assert_eq!((outcome.said, outcome.unmet), (Some(1.0), 0), "{outcome:?}");
    assert!(outcome.reached > 0.9999);
    let outcome = ask(&shard, &queries, &op(10));
    assert_eq!(outcome.said, None, "nothing was measured");
}

#[test]
fn searches_of_a_measurement_are_not_among_those_that_were_asked() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec::new(8, Metric::Cosine));
    let named =
        NamedVector { name: "twin".into(), dimension: 8, metric: "cosine".into(), ..Default::default() };
    declare(&shard, Declare::AddVector(named));
    let mut clusters = Clusters::new(15, 5, 8, 0.3);
    fill(&shard, &clusters.points(50));
    let query = clusters.point();
    for using in ["", "twin"] {
        let known = || {
            let recalls = shard.status().recalls;
            let asked = recalls.iter().find(|one| one.using == using).map(|one| one.asked);
            (shard.sample_queries(using, 10).unwrap().1, asked)
        };
        let search = |measuring: bool| {
            let op = SearchOp { vector: bytes(&query), using: using.into(), recall: 0.9, measuring, ..op(3) };
            shard.search(&op, Until::default()).unwrap();
        };
        search(true);
        assert_eq!(known(), (0, Some(0)), "{using}");
        search(false);
        assert_eq!(known(), (1, Some(1)), "{using}");
    }
}

#[test]
fn recall_is_measured_anew_when_every_point_has_another_vector() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 4, ef_construction: 16, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let mut loose = Clusters::new(14, 200, 48, 0.2);
    fill(&shard, &loose.points(4000));
    shard.measure_recall().unwrap();
    assert!(!shard.wants_measuring());
    // The same ids and as many points, in eight entries.
    let mut random = Random(15);
    let points: Vec<Vec<f32>> = (0..4000).map(|_| random.vector(48)).collect();
    fill(&shard, &points);
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|_| random.vector(48)).collect();
    let before = ask(&shard, &queries, &op(10));
    assert!(before.is_true(), "what was measured of other points is not said: {before:?}");
    assert!(shard.wants_measuring());
    shard.measure_recall().unwrap();
    assert!(ask(&shard, &queries, &op(10)).is_true());
}

#[test]
fn recall_is_measured_anew_when_other_queries_reach_less_than_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 5, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let mut clusters = Clusters::new(16, 40, 48, 0.7);
    let points = clusters.points(4000);
    fill(&shard, &points);
    let request = SearchOp { ef: 10, ..op(10) };
    // Points of every age: the first ones have the most links.
    let stored = |from: usize| points.iter().skip(from).step_by(10).cloned().collect::<Vec<_>>();
    ask(&shard, &stored(0), &request);
    shard.measure_recall().unwrap();
    let before = ask(&shard, &stored(5), &request);
    assert!(before.is_true() && !shard.wants_measuring(), "{before:?}");
    let mut random = Random(17);
    let mut searches = 0;
    while !shard.wants_measuring() && searches < 50 * 256 {
        let vector = bytes(&random.vector(48));
        shard.search(&SearchOp { vector, ..request.clone() }, Until::default()).unwrap();
        if shard.wants_checking() {
            shard.check_recall().unwrap();
        }
        searches += 1;
    }
    assert!(shard.wants_measuring(), "50 answers that were checked did not tell");
    shard.measure_recall().unwrap();
    let queries: Vec<Vec<f32>> = (0..QUERIES).map(|_| random.vector(48)).collect();
    let after = ask(&shard, &queries, &request);
    assert!(after.is_true(), "{after:?}");
}

#[test]
fn a_recall_that_is_not_known_and_too_dear_to_be_exact_is_said_to_be_unmet() {
    let dir = tempfile::tempdir().unwrap();
    // A read from the store for each point: 14,000 of them are more than a search may do.
    let spec = ShardSpec {
        m: 4,
        ef_construction: 16,
        vectors: Residence::Disk,
        ..ShardSpec::new(8, Metric::Euclidean)
    };
    let shard = open(dir.path(), spec);
    let mut clusters = Clusters::new(18, 40, 8, 0.7);
    fill(&shard, &clusters.points(14_000));
    let queries = clusters.points(4);
    let request = SearchOp { recall: 0.95, ..op(10) };
    let outcome = ask(&shard, &queries, &request);
    assert_eq!((outcome.said, outcome.unmet, outcome.plans), (None, 4, vec!["graph".to_string()]));
    let [status] = shard.status().recalls.try_into().unwrap();
    assert_eq!((status.using.as_str(), status.estimate, status.asked, status.unmet), ("", None, 4, 4));
}

#[test]
fn the_status_has_what_is_known_of_each_vector_and_what_was_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec { m: 8, ..ShardSpec::new(16, Metric::Euclidean) });
    let twin = NamedVector { name: "twin".into(), dimension: 16, ..Default::default() };
    declare(&shard, Declare::AddVector(twin));
    let mut clusters = Clusters::new(19, 40, 16, 0.5);
    fill(&shard, &clusters.points(2000));
    shard.measure_recall().unwrap();
    ask(&shard, &clusters.points(3), &SearchOp { using: "twin".into(), recall: 0.9, ..op(10) });
    let [first, named] = shard.status().recalls.try_into().unwrap();
    assert_eq!((first.using.as_str(), first.asked, first.unmet), ("", 0, 0));
    assert_eq!((named.using.as_str(), named.asked, named.unmet), ("twin", 3, 0));
    for status in [first, named] {
        let estimate = status.estimate.unwrap();
        assert!(
            estimate.low <= estimate.mean && estimate.mean <= estimate.high && estimate.low < estimate.high
        );
        assert!(status.queries >= 64);
    }
}

#[test]
fn sampled_queries_are_those_that_were_asked_and_others_that_are_no_points() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec { m: 8, ..ShardSpec::new(16, Metric::Cosine) });
    let mut clusters = Clusters::new(20, 40, 16, 0.5);
    fill(&shard, &clusters.points(1000));
    let asked = clusters.points(5);
    ask(&shard, &asked, &op(10));
    ask(&shard, &asked, &op(10));
    let (queries, known) = shard.sample_queries("", 100).unwrap();
    assert_eq!((queries.len(), known), (100, 5), "each asked query once");
    for (at, query) in queries.iter().enumerate() {
        let exact = SearchOp { vector: bytes(query), exact: true, ..op(1) };
        let nearest = &shard.search(&exact, Until::default()).unwrap().hits[0];
        assert!(at < known || nearest.score < 0.999_999, "query {at} is a point");
        assert!(nearest.score > 0.3, "query {at} is like no point");
    }
    assert_eq!(shard.sample_queries("", 100).unwrap().0, queries, "the same again");
}

/// Closes the shard as a stop does, and opens it again.
fn reopened(shard: Shard, dir: &Path, spec: &ShardSpec) -> Shard {
    shard.flush().unwrap();
    shard.save_graph(true).unwrap();
    drop(shard);
    open(dir, *spec)
}

#[test]
fn what_is_known_of_recall_outlives_a_restart_with_the_same_points() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 5, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let twin = NamedVector {
        name: "twin".into(),
        dimension: 48,
        metric: "cosine".into(),
        m: 6,
        ef_construction: 40,
        ..Default::default()
    };
    declare(&shard, Declare::AddVector(twin));
    let mut clusters = Clusters::new(21, 40, 48, 0.7);
    fill(&shard, &clusters.points(4000));
    let queries = clusters.points(100);
    let narrow = SearchOp { filter: Some(below(1500)), ..op(10) };
    for request in [op(10), SearchOp { using: "twin".into(), ..op(10) }, narrow.clone()] {
        ask(&shard, &queries, &request);
    }
    shard.measure_recall().unwrap();
    let (known, said) = (shard.status().recalls, ask(&shard, &queries, &narrow).said);
    assert!(known.iter().all(|of| of.estimate.is_some()) && said.is_some(), "{known:?}");

    let shard = reopened(shard, dir.path(), &spec);
    assert!(!shard.wants_measuring(), "nothing has changed");
    let again = shard.status().recalls;
    let figures = |all: &[RecallStatus]| all.iter().map(|of| (of.estimate, of.queries)).collect::<Vec<_>>();
    assert_eq!(figures(&again), figures(&known));
    assert_eq!(ask(&shard, &queries, &narrow).said, said, "of searches with a filter, too");

    // A sixth of the points is not yet enough to measure again; with as many more it is, a restart between them or not.
    fill(&shard, &clusters.points(700));
    let shard = reopened(shard, dir.path(), &spec);
    assert!(!shard.wants_measuring());
    fill(&shard, &clusters.points(700));
    assert!(shard.wants_measuring());
}

#[test]
fn figures_of_recall_that_are_damaged_or_of_other_points_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 5, ef_construction: 40, ..ShardSpec::new(48, Metric::Cosine) };
    let shard = open(dir.path(), spec);
    let mut clusters = Clusters::new(22, 40, 48, 0.7);
    fill(&shard, &clusters.points(3000));
    shard.measure_recall().unwrap();
    let shard = reopened(shard, dir.path(), &spec);
    assert!(!shard.wants_measuring());
    // As after a crash: the store has an entry that was written after the figures were.
    fill(&shard, &clusters.points(1));
    shard.flush().unwrap();
    drop(shard);
    let shard = open(dir.path(), spec);
    while shard.index_step(10_000, 2).unwrap() > 0 {}
    assert!(shard.wants_measuring());
    shard.measure_recall().unwrap();
    drop(reopened(shard, dir.path(), &spec));

    let file = dir.path().join("recall.known");
    let whole = std::fs::read(&file).unwrap();
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&file, damaged).unwrap();
        assert!(open(dir.path(), spec).wants_measuring(), "byte {at}");
    }
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(open(dir.path(), spec).wants_measuring());
    std::fs::write(&file, &whole).unwrap();
    assert!(!open(dir.path(), spec).wants_measuring());
}
