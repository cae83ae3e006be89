use super::*;
use crate::proto::{IdBatch, LogCommand, PageOp, PointBatch, PointData, SearchOp, SparseData};
use proptest::prelude::*;
use prost::Message;
use std::collections::BTreeMap;

fn spec(metric: Metric, dim: usize) -> ShardSpec {
    ShardSpec { m: 8, ef_construction: 64, ..ShardSpec::new(dim, metric) }
}

fn open(dir: &Path, spec: ShardSpec) -> Shard {
    Shard::open(dir, spec, &Resources::new(8 << 20, 8 << 20)).unwrap()
}

fn bytes(v: &[f32]) -> Vec<u8> {
    v.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn upsert(points: &[(&str, &[f32])]) -> LogCommand {
    let points = points
        .iter()
        .map(|(id, v)| PointData {
            id: (*id).into(),
            vector: bytes(v),
            payload: format!("{{\"n\":\"{id}\"}}").into(),
            ..PointData::default()
        })
        .collect();
    LogCommand {
        proposed_at_ms: 1,
        upsert: Some(PointBatch { points }.encode_to_vec()),
        ..Default::default()
    }
}

fn delete(ids: &[&str]) -> LogCommand {
    let ids = ids.iter().map(|id| (*id).into()).collect();
    LogCommand {
        proposed_at_ms: 2,
        delete: Some(IdBatch { ids, ..Default::default() }.encode_to_vec()),
        ..Default::default()
    }
}

fn request(v: &[f32], k: u32) -> SearchOp {
    SearchOp { vector: bytes(v), k, include_payload: true, ..Default::default() }
}

fn ids(shard: &Shard, v: &[f32], k: u32) -> Vec<String> {
    shard.search(&request(v, k), Until::default()).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

#[test]
fn an_applied_point_is_found_before_and_after_indexing() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Euclidean, 2));
    shard.apply(1, &upsert(&[("a", &[0.0, 0.0]), ("b", &[3.0, 4.0])])).unwrap();
    assert_eq!(ids(&shard, &[0.1, 0.0], 2), ["a", "b"]);
    assert_eq!(shard.index_step(100, 2).unwrap(), 0);
    let hits = shard.search(&request(&[0.0, 0.0], 2), Until::default()).unwrap().hits;
    assert_eq!((hits[0].score, hits[1].score), (1.0, 1.0 / 6.0));
    assert_eq!(hits[1].payload, b"{\"n\":\"b\"}");
}

#[test]
fn scores_follow_the_metric_and_ties_order_by_id() {
    let dir = tempfile::tempdir().unwrap();
    let points: [(&str, &[f32]); 3] = [("z", &[2.0, 0.0]), ("y", &[4.0, 0.0]), ("x", &[0.0, 1.0])];
    for (metric, expected) in [
        (Metric::Cosine, [("y", 1.0), ("z", 1.0), ("x", 0.0)]),
        (Metric::Dot, [("y", 4.0), ("z", 2.0), ("x", 0.0)]),
    ] {
        let shard = open(&dir.path().join(metric.name()), spec(metric, 2));
        shard.apply(1, &upsert(&points)).unwrap();
        let hits = shard.search(&request(&[1.0, 0.0], 3), Until::default()).unwrap().hits;
        let got: Vec<_> = hits.iter().map(|hit| (hit.id.as_str(), hit.score)).collect();
        assert_eq!(got, expected, "{metric:?}");
    }
}

#[test]
fn a_deleted_point_never_appears_and_an_overwritten_one_appears_once() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Euclidean, 1));
    shard.apply(1, &upsert(&[("a", &[1.0]), ("b", &[2.0]), ("a", &[5.0])])).unwrap();
    shard.index_step(10, 2).unwrap();
    assert_eq!(ids(&shard, &[1.0], 10), ["b", "a"]);
    assert_eq!(shard.apply(2, &delete(&["b", "missing"])).unwrap().affected, 1);
    assert_eq!(ids(&shard, &[1.0], 10), ["a"]);
    assert_eq!(shard.get("b").unwrap(), None);
    let status = shard.status();
    assert_eq!((status.live_points, status.dead_points), (1, 2));
}

#[test]
fn a_bad_entry_is_refused_the_same_way_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Cosine, 2));
    let cases: [(LogCommand, ErrorCode); 5] = [
        (upsert(&[("a", &[1.0, 0.0]), ("b", &[1.0])]), ErrorCode::DimensionMismatch),
        (upsert(&[("a", &[1.0, f32::NAN])]), ErrorCode::InvalidArgument),
        (upsert(&[("a", &[0.0, 0.0])]), ErrorCode::InvalidArgument),
        (upsert(&[("", &[1.0, 0.0])]), ErrorCode::InvalidArgument),
        (
            LogCommand { proposed_at_ms: 0, upsert: Some(vec![0xff; 9]), ..Default::default() },
            ErrorCode::InvalidArgument,
        ),
    ];
    for (n, (command, code)) in cases.iter().enumerate() {
        let applied = shard.apply(n as u64 + 1, command).unwrap();
        assert_eq!(applied.refused.unwrap().0, *code);
        assert_eq!(shard.status().live_points, 0);
    }
    assert_eq!(shard.applied_index(), 5);
}

#[test]
fn a_reopened_shard_answers_the_same_with_its_graph() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(Metric::Euclidean, 3);
    let shard = open(dir.path(), spec);
    let vector = |i: u64| [(i * 37 % 101) as f32, (i * 61 % 89) as f32, (i % 13) as f32];
    for i in 0..1500u64 {
        shard.apply(i + 1, &upsert(&[(&format!("p{i}"), &vector(i))])).unwrap();
    }
    shard.apply(1501, &delete(&["p7", "p8"])).unwrap();
    shard.index_step(1400, 2).unwrap();
    shard.save_graph(true).unwrap();
    shard.apply(1502, &upsert(&[("p9", &[500.0, 500.0, 500.0])])).unwrap();
    shard.flush().unwrap();
    let before = ids(&shard, &[50.0, 40.0, 5.0], 20);
    drop(shard);

    let shard = open(dir.path(), spec);
    assert_eq!(shard.applied_index(), 1502);
    assert_eq!(shard.status().tail_points, 101, "100 never indexed and the overwriting one");
    assert_eq!(ids(&shard, &[50.0, 40.0, 5.0], 20), before);
    assert_eq!(ids(&shard, &[500.0, 500.0, 500.0], 1), ["p9"]);
    drop(shard);

    let file = dir.path().join("graph.snap");
    let mut damaged = std::fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    let shard = open(dir.path(), spec);
    assert_eq!(shard.status().tail_points, 1498, "a damaged graph is built anew");
    assert_eq!(ids(&shard, &[50.0, 40.0, 5.0], 20), before);
    while shard.index_step(10_000, 2).unwrap() > 0 {}
    shard.save_graph(true).unwrap();
    drop(shard);

    // What a release before this format saved: whole, and of another kind.
    let mut former = std::fs::read(&file).unwrap();
    assert_eq!(&former[..4], b"VGS3");
    former[..4].copy_from_slice(b"VGS2");
    let end = former.len() - 4;
    let sum = crc32fast::hash(&former[..end]);
    former[end..].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(&file, former).unwrap();
    let shard = open(dir.path(), spec);
    assert_eq!(shard.status().tail_points, 1498, "a graph of a former format is built anew");
    assert_eq!(ids(&shard, &[50.0, 40.0, 5.0], 20), before, "it serves meanwhile");
    while shard.index_step(10_000, 2).unwrap() > 0 {}
    assert_eq!(ids(&shard, &[50.0, 40.0, 5.0], 20), before);
}

#[test]
fn a_shard_of_another_dimension_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), spec(Metric::Dot, 4)));
    let other = Shard::open(dir.path(), spec(Metric::Dot, 5), &Resources::new(1 << 20, 1 << 20));
    assert_eq!(other.err().unwrap().code(), ErrorCode::SpecMismatch);
}

#[test]
fn scrolling_visits_every_point_once_in_id_order() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Dot, 1));
    let names: Vec<String> = (0..25).map(|i| format!("id{i:02}")).collect();
    for (i, name) in names.iter().enumerate() {
        shard.apply(i as u64 + 1, &upsert(&[(name, &[i as f32])])).unwrap();
    }
    let mut seen = Vec::new();
    loop {
        let after = seen.last().cloned().unwrap_or_default();
        let asked = PageOp { after, limit: 10, ..Default::default() };
        let page = shard.page(&asked, &Until::default()).unwrap().points;
        if page.is_empty() {
            break;
        }
        seen.extend(page.into_iter().map(|p| p.id));
    }
    assert_eq!(seen, names);
}

#[test]
fn the_hash_agrees_with_the_shared_vectors() {
    let text = include_str!("../../../test/conformance/vectors/shard-hash.txt");
    let mut checked = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (hash, id) = line.split_once(' ').unwrap();
        assert_eq!(format!("{:016x}", routing_hash(id)), hash, "{id:?}");
        checked += 1;
    }
    assert!(checked >= 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Upserts, deletes, index steps and reopens in any order give the answers of a map and a sort.
    #[test]
    fn exact_search_equals_a_model(ops in prop::collection::vec((0u8..4, 0u8..12, -9i8..9), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(Metric::Euclidean, 1);
        let mut shard = open(dir.path(), spec);
        let mut model: BTreeMap<String, f32> = BTreeMap::new();
        let mut index = 0;
        for (op, id, value) in ops {
            let (id, value) = (format!("p{id}"), f32::from(value));
            match op {
                0 => {
                    index += 1;
                    shard.apply(index, &upsert(&[(&id, &[value])])).unwrap();
                    model.insert(id, value);
                }
                1 => {
                    index += 1;
                    let affected = shard.apply(index, &delete(&[&id])).unwrap().affected;
                    prop_assert_eq!(affected == 1, model.remove(&id).is_some());
                }
                2 => {
                    shard.index_step(3, 2).unwrap();
                }
                _ => {
                    shard.save_graph(true).unwrap();
                    shard.flush().unwrap();
                    drop(shard);
                    shard = open(dir.path(), spec);
                    prop_assert_eq!(shard.applied_index(), index);
                }
            }
            let mut expected: Vec<_> = model.iter().map(|(id, v)| ((v - value).abs(), id.clone())).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
            let expected: Vec<String> = expected.into_iter().take(5).map(|e| e.1).collect();
            prop_assert_eq!(ids(&shard, &[value], 5), expected);
        }
    }
}

/// The bytes of a line that begins with `name`.
fn fixture(text: &str, name: &str) -> Vec<u8> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let hex = line.trim().as_bytes().chunks(2).map(|hex| std::str::from_utf8(hex).unwrap());
    hex.map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect()
}

/// A point with more than a vector (docs/adr/0022).
#[test]
fn stored_points_of_format_2_are_still_read() {
    let bytes = fixture(include_str!("../../../test/upgrade/formats-0.2.txt"), "point");
    let point = crate::point::StoredPoint::decode(&bytes).unwrap();
    let extras = point.extras().unwrap();
    assert_eq!((extras.expires_at_ms, point.payload), (5, &b"{\"a\":1}"[..]));
    assert_eq!(extras.sparse, [SparseData { name: "s".into(), indices: vec![3], values: vec![0.5] }]);
    assert_eq!((crate::command::floats(point.vector), point.encode()), (vec![1.5, -2.0], bytes));
}

/// Bytes that earlier releases wrote must mean the same for ever (docs/adr/0003).
#[test]
fn stored_formats_of_release_0_1_are_still_read() {
    let fixture = |name: &str| fixture(include_str!("../../../test/upgrade/formats-0.1.txt"), name);
    let bytes = fixture("point");
    let point = crate::point::StoredPoint::decode(&bytes).unwrap();
    assert_eq!(
        (point.version.index, point.version.ordinal, point.written_at_ms),
        (258, 3, 1_700_000_000_123)
    );
    assert_eq!((crate::command::floats(point.vector), point.payload), (vec![1.5, -2.0], &b"{\"a\":1}"[..]));
    assert_eq!(point.encode(), bytes);

    let bytes = fixture("command");
    let command = LogCommand::decode(bytes.as_slice()).unwrap();
    let Command::Upsert(batch, _) = command.check(&spec(Metric::Dot, 2)).unwrap() else { panic!() };
    assert_eq!((command.proposed_at_ms, batch.points[0].id.as_str()), (7, "x"));
    assert_eq!(command.encode_to_vec(), bytes);
}
