//! What the change feed and the views promise: no gap that is not told, whole points, one moment.

use super::*;
use crate::cluster_tests::submit;
use crate::tests::{alone, open};
use prost::Message;
use std::collections::BTreeMap;
use vectron_shard::proto::declaration::Declare;
use vectron_shard::proto::mutation::Action;
use vectron_shard::proto::{
    ChangeBatch, ChangeKind, ChangesOp, CloseViewOp, Declaration, FieldValue, IdBatch, Mutation, NamedVector,
    OpenViewOp, PageFound, PageOp, PayloadChange, PointBatch, PointData, ShardOp, ShardOutcome, SparseData,
    SparseDeclared, VectorData, ViewOpened, shard_op::Op, shard_outcome::Outcome,
};

fn floats(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn point(id: &str, n: f32) -> PointData {
    PointData { id: id.into(), vector: floats(&[n, 1.0]), ..PointData::default() }
}

fn ask(node: &Node, op: Op) -> ShardOutcome {
    submit(node, ShardOp { shard_id: 1, shard_epoch: 1, op: Some(op), ..ShardOp::default() })
}

fn write(node: &Node, op: Op) -> u64 {
    let outcome = ask(node, op);
    match outcome.outcome {
        Some(Outcome::Written(written)) => written.index,
        other => panic!("{other:?} {} {}", outcome.error_code, outcome.error_message),
    }
}

fn upsert(node: &Node, points: Vec<PointData>) -> u64 {
    write(node, Op::Upsert(PointBatch { points }.encode_to_vec()))
}

fn patch(node: &Node, id: &str, value: &str) -> u64 {
    let set = vec![FieldValue { path: "a".into(), value: value.into() }];
    let action = Some(Action::Change(PayloadChange { set, ..PayloadChange::default() }));
    write(node, Op::Mutate(Mutation { ids: vec![id.into()], action, ..Mutation::default() }.encode_to_vec()))
}

fn changes_op(from_index: u64) -> Op {
    Op::Changes(ChangesOp { from_index, ..ChangesOp::default() })
}

fn changes(node: &Node, from: u64) -> ChangeBatch {
    match ask(node, changes_op(from)) {
        ShardOutcome { outcome: Some(Outcome::Changes(batch)), .. } => batch,
        other => panic!("{other:?}"),
    }
}

fn open_view(node: &Node) -> ViewOpened {
    match ask(node, Op::OpenView(OpenViewOp::default())) {
        ShardOutcome { outcome: Some(Outcome::View(view)), .. } => view,
        other => panic!("{other:?}"),
    }
}

fn page(node: &Node, view: u64, after: &str, max_bytes: u32) -> PageFound {
    match ask(
        node,
        Op::Scroll(PageOp { view, after: after.into(), limit: 100, max_bytes, ..PageOp::default() }),
    ) {
        ShardOutcome { outcome: Some(Outcome::Page(page)), .. } => page,
        other => panic!("{other:?}"),
    }
}

/// Every point of a view, by pages of so many bytes.
fn all_of(node: &Node, view: u64, max_bytes: u32) -> BTreeMap<String, PointData> {
    let mut all = BTreeMap::new();
    let mut after = String::new();
    loop {
        let found = page(node, view, &after, max_bytes);
        after = found.points.last().map_or(after, |point| point.id.clone());
        all.extend(found.points.into_iter().map(|point| (point.id.clone(), point)));
        if !found.more {
            return all;
        }
    }
}

#[test]
fn changes_that_were_cut_are_refused_with_the_first_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let last = (0..250).map(|i| upsert(&node, vec![point(&format!("p{i}"), i as f32)])).max().unwrap();
    node.flush_all().unwrap();
    // The last cut: that of the flush keeps ten entries, one before it about sixty.
    crate::cluster_tests::until("the log is cut", || node.first_log_index(1) + 50 > last);
    let gone = ask(&node, changes_op(1));
    assert_eq!((gone.error_code.as_str(), gone.first_index), ("CHANGES_GONE", node.first_log_index(1)));
    let kept = changes(&node, gone.first_index);
    assert_eq!(kept.changes.first().unwrap().index, gone.first_index);
    // Entries of the engine itself may follow, which change nothing.
    assert_eq!(kept.changes.len() as u64, last + 1 - gone.first_index);
    assert!(kept.next_index > last);
    assert_eq!(ask(&node, changes_op(gone.first_index - 1)).error_code, "CHANGES_GONE");
    // What comes after this call has no changes yet, and begins where the last one ended.
    let Some(Outcome::Changes(now)) =
        ask(&node, Op::Changes(ChangesOp { now: true, ..ChangesOp::default() })).outcome
    else {
        panic!("no changes")
    };
    assert!(now.changes.is_empty() && now.next_index >= kept.next_index);
    // An index that nobody was given would miss what is written until the log has reached it.
    assert_eq!(changes(&node, last + 1).changes, []);
    assert_eq!(ask(&node, changes_op(last + 100)).error_code, "INVALID_ARGUMENT");
    assert_eq!(ask(&node, changes_op(u64::MAX)).error_code, "INVALID_ARGUMENT");
}

#[test]
fn changes_carry_the_whole_point_as_the_entry_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    for declare in [
        Declare::AddSparse(SparseDeclared { name: "words".into() }),
        Declare::AddVector(NamedVector { name: "title".into(), dimension: 1, ..NamedVector::default() }),
    ] {
        write(&node, Op::Declare(Declaration { declare: Some(declare) }.encode_to_vec()));
    }
    let whole = PointData {
        payload: b"{\"a\":1}".to_vec(),
        sparse: vec![SparseData { name: "words".into(), indices: vec![3, 9], values: vec![0.5, -1.0] }],
        vectors: vec![VectorData { name: "title".into(), vector: floats(&[0.25]) }],
        ttl_ms: 3_600_000,
        ..point("a", 1.0)
    };
    let first = upsert(&node, vec![whole, point("b", 2.0)]);
    let stored = |id: &str| match ask(&node, Op::Get(IdBatch { ids: vec![id.into()], ..IdBatch::default() }))
        .outcome
    {
        Some(Outcome::Points(batch)) => batch.points.into_iter().next(),
        other => panic!("{other:?}"),
    };
    let told = |from: u64| -> Vec<(ChangeKind, String, Option<PointData>)> {
        changes(&node, from).changes.into_iter().map(|one| (one.kind(), one.id, one.point)).collect()
    };
    let inserted = told(first);
    assert_eq!(inserted[0], (ChangeKind::Insert, "a".into(), stored("a")));
    assert!(stored("a").unwrap().expires_at_ms > 0);
    assert_eq!(inserted[1], (ChangeKind::Insert, "b".into(), stored("b")));
    let patched = patch(&node, "a", "2");
    assert_eq!(told(patched), [(ChangeKind::Update, "a".into(), stored("a"))]);
    assert_eq!(stored("a").unwrap().payload, b"{\"a\":2}");
    // A patch is told as the entry made it only while the point is so: a later entry tells what became of it.
    let again = patch(&node, "b", "1");
    let deleted =
        write(&node, Op::Delete(IdBatch { ids: vec!["b".into()], ..IdBatch::default() }.encode_to_vec()));
    assert_eq!(told(again), [(ChangeKind::Moved, "b".into(), None), (ChangeKind::Delete, "b".into(), None)]);
    assert_eq!(told(deleted), [(ChangeKind::Delete, "b".into(), None)]);
}

#[test]
fn a_view_stays_as_of_its_entry_and_holds_the_log_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    // One of a store that is a map in memory, and one of a RocksDB: beyond 4 KiB it is one.
    for (round, count) in [(0, 20), (1, 300)] {
        let mut expected = BTreeMap::new();
        for i in 0..count {
            let id = format!("p{i}");
            let version = upsert(&node, vec![point(&id, (round * 1000 + i) as f32)]);
            expected.insert(id, PointData { version, ..point(&format!("p{i}"), (round * 1000 + i) as f32) });
        }
        let view = open_view(&node);
        // Entries of the engine itself may follow the last write.
        let last = expected.values().map(|point| point.version).max().unwrap();
        assert!(view.points == count as u64 && view.applied_index >= last);
        // Everything is written again, some is deleted, and there are others.
        for i in 0..150 {
            upsert(&node, vec![point(&format!("p{i}"), -1.0), point(&format!("q{i}"), 0.0)]);
        }
        write(&node, Op::Delete(IdBatch { ids: vec!["p3".into()], ..IdBatch::default() }.encode_to_vec()));
        node.flush_all().unwrap();
        for max_bytes in [0, 1, 100, 2000] {
            assert_eq!(all_of(&node, view.view, max_bytes), expected);
        }
        // The log after it is there: the first change is that of the entry after it.
        let told = changes(&node, view.applied_index + 1).changes;
        assert_eq!((told[0].id.as_str(), told[1].id.as_str()), ("p0", "q0"));
        let close = || write_count(&node, view.view);
        assert_eq!((close(), close()), (1, 0));
        let closed = ask(&node, Op::Scroll(PageOp { view: view.view, limit: 1, ..PageOp::default() }));
        assert_eq!(closed.error_code, "SNAPSHOT_GONE");
        let all = (0..150)
            .flat_map(|i| [format!("p{i}"), format!("q{i}")])
            .chain((150..300).map(|i| format!("p{i}")));
        let op = IdBatch { ids: all.collect(), ..IdBatch::default() };
        write(&node, Op::Delete(op.encode_to_vec()));
    }
    assert_eq!(std::fs::read_dir(dir.path().join("views")).unwrap().count(), 0);
}

fn write_count(node: &Node, view: u64) -> u32 {
    match ask(node, Op::CloseView(CloseViewOp { view })).outcome {
        Some(Outcome::Written(written)) => written.affected,
        other => panic!("{other:?}"),
    }
}

#[test]
fn views_are_bounded_and_are_lost_with_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    upsert(&node, vec![point("a", 1.0)]);
    let views: Vec<u64> = (0..4).map(|_| open_view(&node).view).collect();
    assert_eq!(ask(&node, Op::OpenView(OpenViewOp::default())).error_code, "OVERLOADED");
    assert_eq!(node.status()[0].views, 4);
    assert_eq!(write_count(&node, views[0]), 1);
    open_view(&node);
    let by_value =
        PageOp { view: views[1], limit: 1, order_by: Some(Default::default()), ..PageOp::default() };
    assert_eq!(ask(&node, Op::Scroll(by_value)).error_code, "INVALID_ARGUMENT");
    drop(node);
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let lost = ask(&node, Op::Scroll(PageOp { view: views[1], limit: 1, ..PageOp::default() }));
    assert_eq!(lost.error_code, "SNAPSHOT_GONE");
}
