//! Payloads of hits that are kept as they were answered.

use super::*;
use crate::point;
use crate::proto::{
    IdBatch, LogCommand, Mutation, PayloadChange, PointBatch, PointData, SearchFound, SearchOp,
    mutation::Action,
};
use prost::Message;

const QUERY: [f32; 2] = [1.0, 0.0];

fn open(dir: &std::path::Path, resources: &Resources) -> Shard {
    Shard::open(dir, ShardSpec::new(2, Metric::Euclidean), resources).unwrap()
}

fn resources() -> Resources {
    // From the first write on a RocksDB, whose rows are worth keeping.
    Resources::new(8 << 20, 8 << 20).with_small_store_bytes(0)
}

fn upsert(points: &[(&str, [f32; 2], &str)]) -> LogCommand {
    let point = |(id, vector, payload): &(&str, [f32; 2], &str)| PointData {
        id: (*id).into(),
        vector: vector.iter().flat_map(|x| x.to_le_bytes()).collect(),
        payload: payload.as_bytes().into(),
        ..PointData::default()
    };
    let batch = PointBatch { points: points.iter().map(point).collect() };
    LogCommand { proposed_at_ms: 1, upsert: Some(batch.encode_to_vec()), ..Default::default() }
}

fn change(id: &str, replace: &str) -> LogCommand {
    let change = PayloadChange { replace: Some(replace.into()), ..PayloadChange::default() };
    let mutation =
        Mutation { ids: vec![id.into()], action: Some(Action::Change(change)), ..Mutation::default() };
    LogCommand { proposed_at_ms: 1, mutation: Some(mutation.encode_to_vec()), ..Default::default() }
}

fn search(shard: &Shard, payload_fields: bool) -> SearchFound {
    let vector = QUERY.iter().flat_map(|x| x.to_le_bytes()).collect();
    let asked = SearchOp { vector, k: 10, include_payload: true, payload_fields, ..Default::default() };
    shard.search(&asked, Until::default()).unwrap()
}

fn payloads(shard: &Shard) -> Vec<(String, String)> {
    // Each twice: the second time they are kept.
    let once =
        || search(shard, false).hits.into_iter().map(|hit| (hit.id, String::from_utf8(hit.payload).unwrap()));
    let first: Vec<_> = once().collect();
    assert_eq!(once().collect::<Vec<_>>(), first);
    let fields = search(shard, true);
    assert_eq!(search(shard, true).hits, fields.hits);
    for (hit, (id, payload)) in fields.hits.iter().zip(&first) {
        assert_eq!(
            (&hit.id, &hit.payload),
            (id, &crate::payload_fields::encode(payload.as_bytes()).unwrap())
        );
    }
    first
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, payload)| ((*id).into(), (*payload).into())).collect()
}

#[test]
fn a_payload_that_was_answered_before_is_that_of_the_point_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), &resources());
    let (near, far) = ([1.0, 0.0], [5.0, 0.0]);
    shard.apply(1, &upsert(&[("a", near, r#"{"n":1}"#), ("b", far, r#"{"n":2}"#)])).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("a", r#"{"n":1}"#), ("b", r#"{"n":2}"#)]));
    // The vectors stay, and each point takes the place in the entry that the other one had.
    shard.apply(2, &upsert(&[("b", far, r#"{"n":3}"#), ("a", near, r#"{"n":4}"#)])).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("a", r#"{"n":4}"#), ("b", r#"{"n":3}"#)]));
    shard.apply(3, &change("a", r#"{"n":5}"#)).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("a", r#"{"n":5}"#), ("b", r#"{"n":3}"#)]));
    shard.apply(4, &upsert(&[("a", [6.0, 0.0], r#"{"n":6}"#)])).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("b", r#"{"n":3}"#), ("a", r#"{"n":6}"#)]));
    let ids = IdBatch { ids: vec!["a".into()], ..Default::default() };
    let delete = LogCommand { proposed_at_ms: 1, delete: Some(ids.encode_to_vec()), ..Default::default() };
    shard.apply(5, &delete).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("b", r#"{"n":3}"#)]));
    shard.apply(6, &upsert(&[("a", near, "")])).unwrap();
    assert_eq!(payloads(&shard), pairs(&[("a", ""), ("b", r#"{"n":3}"#)]));
}

#[test]
fn shards_that_share_memory_keep_their_payloads_apart() {
    let (one_dir, other_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let resources = resources();
    let (one, other) = (open(one_dir.path(), &resources), open(other_dir.path(), &resources));
    one.apply(1, &upsert(&[("a", QUERY, r#"{"of":"one"}"#)])).unwrap();
    other.apply(1, &upsert(&[("a", QUERY, r#"{"of":"other"}"#)])).unwrap();
    for _ in 0..2 {
        assert_eq!(payloads(&one), pairs(&[("a", r#"{"of":"one"}"#)]));
        assert_eq!(payloads(&other), pairs(&[("a", r#"{"of":"other"}"#)]));
    }
}

#[test]
fn a_payload_that_is_kept_is_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), &resources());
    shard.apply(1, &upsert(&[("a", QUERY, r#"{"n":1}"#)])).unwrap();
    let first = payloads(&shard);
    let mut batch = vectron_storage::Batch::default();
    batch.delete(&point::key("a"));
    shard.store.write(batch).unwrap();
    assert_eq!(payloads(&shard), first);
    let asked = SearchOp {
        vector: QUERY.iter().flat_map(|x| x.to_le_bytes()).collect(),
        k: 10,
        include_vector: true,
        ..Default::default()
    };
    assert!(shard.search(&asked, Until::default()).is_err(), "its row is gone from the store");
}

#[test]
fn an_answer_has_no_more_room_for_payloads_that_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), &resources());
    shard.apply(1, &upsert(&[("a", QUERY, r#"{"n":1}"#), ("b", [2.0, 0.0], r#"{"n":2}"#)])).unwrap();
    let vector: Vec<u8> = QUERY.iter().flat_map(|x| x.to_le_bytes()).collect();
    for _ in 0..2 {
        let asked = |max_bytes| SearchOp {
            vector: vector.clone(),
            k: 2,
            include_payload: true,
            max_bytes,
            ..Default::default()
        };
        assert_eq!(shard.search(&asked(14), Until::default()).unwrap().hits.len(), 2);
        let refused = shard.search(&asked(13), Until::default()).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::AnswerTooLarge);
    }
}
