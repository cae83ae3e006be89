//! The log is cut by bytes as well as by entries, and nothing is lost by it.

use super::*;
use crate::cluster_tests::{submit, until};
use crate::tests::{OpenNode, alone, copy_dir, options};
use prost::Message;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vectron_shard::proto::{ChangesOp, PointBatch, PointData, ShardOp, ShardOutcome, shard_op::Op};

const KEEP: u64 = 64 << 10;
const POINT_BYTES: usize = 4 << 10;

/// No log is cut by entries here.
fn by_bytes(dir: &Path, snapshot_bytes: u64, log_quiet: Duration) -> OpenNode {
    let timing = Timing { snapshot_entries: 1_000_000, ..options().timing };
    let node = NodeOptions { timing, snapshot_bytes, log_keep_bytes: KEEP, log_quiet, ..options() };
    let node = OpenNode(Node::open(dir, node).unwrap());
    node.open_shard(alone(1)).unwrap();
    node
}

fn ask(node: &Node, op: Op) -> ShardOutcome {
    submit(node, ShardOp { shard_id: 1, shard_epoch: 1, op: Some(op), ..ShardOp::default() })
}

/// Writes so many points, an entry each, of a payload that does not shrink.
fn write(node: &Node, from: usize, count: usize) {
    for i in from..from + count {
        let vector = [i as f32, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let payload = format!("{{\"i\":\"{}\"}}", "x".repeat(POINT_BYTES));
        let point =
            PointData { id: format!("p{i}"), vector, payload: payload.into(), ..PointData::default() };
        let outcome = ask(node, Op::Upsert(PointBatch { points: vec![point] }.encode_to_vec()));
        assert_eq!(outcome.error_code, "", "{}", outcome.error_message);
    }
}

fn live(node: &Node) -> u64 {
    node.status()[0].data.clone().unwrap().live_points
}

fn changes_from(node: &Node, from_index: u64) -> String {
    ask(node, Op::Changes(ChangesOp { from_index, ..ChangesOp::default() })).error_code
}

fn is_cut(node: &Node) -> bool {
    node.log_bytes(1) <= KEEP + KEEP / 4
}

#[test]
fn a_log_is_cut_behind_a_snapshot_by_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let never = Duration::from_secs(3600);
    let node = by_bytes(dir.path(), 4 * KEEP, never);
    write(&node, 0, 100);
    until("the log is cut", || node.first_log_index(1) > 1 && node.log_bytes(1) <= 5 * KEEP);
    // What is kept is of the size that was asked for, and is told.
    assert!(node.log_bytes(1) > KEEP / 2, "{}", node.log_bytes(1));
    assert_eq!(changes_from(&node, node.first_log_index(1)), "");
    assert_eq!(changes_from(&node, 1), "CHANGES_GONE");
    // As it would be after a kill, and after a stop.
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), copy.path());
    let copied = by_bytes(copy.path(), 4 * KEEP, never);
    assert_eq!(live(&copied), 100);
    write(&copied, 100, 1);
    node.close().unwrap();
    let node = by_bytes(dir.path(), 4 * KEEP, never);
    assert_eq!(live(&node), 100);
    // The stop made everything durable: what the log has beyond is cut now.
    until("the log is cut after a restart", || is_cut(&node));
    write(&node, 100, 1);
    assert_eq!(live(&node), 101);
}

#[test]
fn a_log_that_rests_is_cut_although_no_snapshot_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::ZERO);
    write(&node, 0, 100);
    until("the log is cut", || is_cut(&node));
    assert_eq!(changes_from(&node, node.first_log_index(1)), "");
    node.close().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::ZERO);
    assert_eq!(live(&node), 100);
}

/// The last snapshot may be taken while the graph is behind: what the graph needs stays until the graph is saved.
#[test]
fn a_log_that_waited_for_the_graph_is_cut_when_the_graph_is_saved() {
    let dir = tempfile::tempdir().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::from_secs(3));
    write(&node, 0, 100);
    let replica = node.replica(1).unwrap();
    let purged = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // As if the graph had been saved before the first point came.
        scope.spawn(|| {
            while !purged.load(Ordering::Acquire) {
                replica.log.keep_after(0);
            }
        });
        node.flush_all().unwrap();
        until("the log is purged", || replica.log.purged_index() > 0);
        purged.store(true, Ordering::Release);
    });
    assert!(!is_cut(&node), "the graph needs what was purged");
    until("the log is cut", || is_cut(&node));
    assert_eq!(live(&node), 100);
}

#[test]
fn a_short_log_is_kept_whole() {
    let dir = tempfile::tempdir().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::ZERO);
    write(&node, 0, (KEEP as usize / POINT_BYTES) - 2);
    node.flush_all().unwrap();
    node.close().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::ZERO);
    write(&node, 100, 1);
    assert_eq!(changes_from(&node, 1), "");
}

#[test]
fn space_of_cut_entries_is_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let node = by_bytes(dir.path(), u64::MAX, Duration::ZERO);
    let log = dir.path().join("log");
    let size = || {
        std::fs::read_dir(&log)
            .unwrap()
            .map(|file| file.unwrap().metadata().map_or(0, |m| m.len()))
            .sum::<u64>()
    };
    write(&node, 0, 600);
    // Less than a megabyte of what was removed may wait, whatever the sizes of the cuts.
    until("the files of the log shrink", || is_cut(&node) && size() < (3 << 20) / 2);
    assert_eq!(live(&node), 600);
}
