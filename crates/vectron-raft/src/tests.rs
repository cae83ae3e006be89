use super::*;
use prost::Message;
use std::path::Path;
use std::sync::{Arc, mpsc};
use vectron_shard::proto::{
    IdBatch, PageOp, PointBatch, PointData, SampleOp, Sampled, SearchOp, ShardOp, ShardOutcome, Written,
    shard_op::Op, shard_outcome::Outcome,
};
use vectron_shard::{Applied, Metric, ShardSpec};
use vectron_storage::ErrorCode;

const SPEC: ShardSpec = ShardSpec { m: 8, ef_construction: 32, ..ShardSpec::new(2, Metric::Euclidean) };

/// Closes the engine, so that no thread of it outlives the test.
pub struct OpenNode(pub Node);

impl std::ops::Deref for OpenNode {
    type Target = Node;
    fn deref(&self) -> &Node {
        &self.0
    }
}

impl Drop for OpenNode {
    fn drop(&mut self) {
        let _ = self.0.close();
    }
}

pub fn options() -> NodeOptions {
    NodeOptions {
        threads: 2,
        index_threads: 1,
        max_waiting: 64,
        cache_bytes: 8 << 20,
        write_buffer_bytes: 8 << 20,
        small_store_bytes: 4 << 10,
        timing: Timing {
            heartbeat_ms: 50,
            election_min_ms: 250,
            election_max_ms: 500,
            snapshot_entries: 100,
        },
        snapshot_bytes: 1 << 20,
        log_keep_bytes: 8 << 20,
        log_quiet: std::time::Duration::from_secs(30),
        relaxed_ms: 1000,
        low_water_bytes: 16 << 20,
        scrub_every_s: 0,
        raft: None,
    }
}

pub fn open(dir: &Path) -> OpenNode {
    open_with(dir, options())
}

pub fn open_with(dir: &Path, options: NodeOptions) -> OpenNode {
    OpenNode(Node::open(dir, options).unwrap())
}

/// Replica 65,537 of shard 1, alone.
pub fn alone(epoch: u64) -> Assignment {
    let me = std::collections::BTreeSet::from([65_537]);
    let wanted = Wanted { voters: me, learners: Default::default(), first: vec![65_537] };
    Assignment {
        shard: 1,
        epoch,
        replica: 65_537,
        spec: SPEC,
        wanted,
        relaxed: false,
        known: false,
        split_from: None,
    }
}

pub fn batch(points: &[(&str, [f32; 2])]) -> Proposal {
    let points = points
        .iter()
        .map(|(id, v)| PointData {
            id: (*id).into(),
            vector: v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            ..PointData::default()
        })
        .collect();
    Proposal::Upsert(PointBatch { points }.encode_to_vec())
}

pub fn propose(node: &Node, epoch: u64, proposal: Proposal) -> Result<Applied> {
    let (tx, rx) = mpsc::channel();
    node.propose(1, epoch, proposal, None, Box::new(move |outcome| tx.send(outcome).unwrap()));
    rx.recv().unwrap()
}

fn live(node: &Node) -> u64 {
    node.status()[0].data.clone().unwrap().live_points
}

fn nearest(node: &Node, v: [f32; 2]) -> Vec<String> {
    let vector = v.iter().flat_map(|x| x.to_le_bytes()).collect();
    let search = Op::Search(SearchOp { vector, k: 10, ..Default::default() });
    match submit(node, search).outcome {
        Some(Outcome::Search(found)) => found.hits.into_iter().map(|hit| hit.id).collect(),
        other => panic!("{other:?}"),
    }
}

fn submit(node: &Node, op: Op) -> ShardOutcome {
    let (tx, rx) = mpsc::channel();
    let op = ShardOp { shard_id: 1, shard_epoch: 1, op: Some(op), ..Default::default() };
    node.submit(&op.encode_to_vec(), Arc::default(), move |outcome| tx.send(outcome).unwrap());
    ShardOutcome::decode(rx.recv().unwrap().as_slice()).unwrap()
}

#[test]
fn an_acknowledged_write_survives_a_stop_without_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let mut last = 0;
    for i in 0..20u8 {
        let applied = propose(&node, 1, batch(&[(&format!("p{i}"), [f32::from(i), 0.0])])).unwrap();
        assert!(applied.index > last);
        last = applied.index;
    }
    // What a kill leaves: a copy of the files, taken while everything is open.
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), copy.path());
    let copied = open(copy.path());
    let node = &copied;
    node.open_shard(alone(1)).unwrap();
    assert_eq!(live(node), 20);
    assert_eq!(nearest(node, [7.0, 0.0])[0], "p7");
    assert!(propose(node, 1, batch(&[("q", [0.0, 0.0])])).unwrap().index > last);
}

#[test]
fn a_cut_log_and_a_flushed_store_hold_everything() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let before = propose(&node, 1, batch(&[("a", [1.0, 1.0])])).unwrap().index;
    node.close().unwrap();
    // The closed engine is still there: closing is what lets go of the directory.
    let closed = node;
    let node = open(dir.path());
    assert_eq!(closed.open_shard(alone(1)).unwrap_err().code(), ErrorCode::ShuttingDown);
    node.open_shard(alone(1)).unwrap();
    assert!(propose(&node, 1, batch(&[("b", [2.0, 2.0])])).unwrap().index > before);
    assert_eq!(nearest(&node, [2.0, 2.0]), ["b", "a"]);
}

#[test]
fn a_refused_batch_takes_no_log_index() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let before = propose(&node, 1, batch(&[("x", [9.0, 9.0])])).unwrap().index;
    let refused = propose(&node, 1, batch(&[("ok", [1.0, 1.0]), ("bad", [f32::NAN, 1.0])])).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidArgument);
    assert!(refused.to_string().contains("points[1]"), "{refused}");
    // The epoch's own entry may come between.
    assert!(propose(&node, 1, batch(&[("a", [1.0, 1.0])])).unwrap().index <= before + 2);
    assert_eq!(nearest(&node, [1.0, 1.0]), ["a", "x"]);
}

#[test]
fn a_stale_epoch_and_a_missing_shard_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    node.open_shard(alone(2)).unwrap();
    assert_eq!(propose(&node, 1, batch(&[("a", [1.0, 1.0])])).unwrap_err().code(), ErrorCode::StaleEpoch);
    node.drop_shard(1).unwrap();
    assert_eq!(propose(&node, 2, batch(&[("a", [1.0, 1.0])])).unwrap_err().code(), ErrorCode::ShardNotFound);
    node.open_shard(alone(3)).unwrap();
    assert_eq!(live(&node), 0, "a dropped shard comes back empty");
}

#[test]
fn concurrent_proposals_are_all_applied_in_one_order() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    std::thread::scope(|scope| {
        for t in 0..8u8 {
            let node = &node;
            scope.spawn(move || {
                for i in 0..25u8 {
                    propose(node, 1, batch(&[(&format!("{t}-{i}"), [f32::from(t), f32::from(i)])])).unwrap();
                }
            });
        }
    });
    assert_eq!(live(&node), 200);
}

pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_operation_answers_through_submit() {
    let dir = tempfile::tempdir().unwrap();
    let node = open(dir.path());
    node.open_shard(alone(1)).unwrap();
    let Proposal::Upsert(points) = batch(&[("a", [1.0, 2.0]), ("b", [3.0, 4.0])]) else { unreachable!() };
    let written = submit(&node, Op::Upsert(points));
    let Some(Outcome::Written(Written { index, affected: 2 })) = written.outcome else {
        panic!("{written:?}")
    };
    let ids = IdBatch { ids: vec!["b".into(), "none".into(), "a".into()], ..Default::default() };
    let Some(Outcome::Points(found)) = submit(&node, Op::Get(ids)).outcome else { panic!() };
    assert_eq!(found.points.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    let next = PageOp { after: "a".into(), limit: 5, ..PageOp::default() };
    let Some(Outcome::Page(page)) = submit(&node, Op::Scroll(next)).outcome else { panic!() };
    assert_eq!(page.points.len(), 1);
    let vector: Vec<u8> = [2.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    submit(&node, Op::Search(SearchOp { vector: vector.clone(), k: 1, ..Default::default() }));
    let sample = |using: &str, count| submit(&node, Op::Sample(SampleOp { using: using.into(), count }));
    let Some(Outcome::Sampled(Sampled { vectors, asked: 1 })) = sample("", 3).outcome else { panic!() };
    assert!(vectors[0] == vector && vectors.len() == 3 && vectors.iter().all(|made| made.len() == 8));
    for (using, count) in [("", 0), ("", 1001), ("none", 1)] {
        assert_eq!(sample(using, count).error_code, "INVALID_ARGUMENT", "{using:?} {count}");
    }
    let deleted =
        submit(&node, Op::Delete(IdBatch { ids: vec!["a".into()], ..Default::default() }.encode_to_vec()));
    let Some(Outcome::Written(deleted)) = deleted.outcome else { panic!() };
    assert!(deleted.index > index && deleted.affected == 1);
    let wrong = submit(&node, Op::Search(SearchOp { vector: vec![0; 4], k: 1, ..Default::default() }));
    assert_eq!(wrong.error_code, "DIMENSION_MISMATCH");
}
