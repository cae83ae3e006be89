//! Reads that take long hold up no others, and end when nobody waits for them.

use crate::Node;
use crate::lanes::{Lane, Operations};
use crate::tests::{OpenNode, alone, batch, open_with, options, propose};
use prost::Message;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use vectron_shard::proto::{
    CountOp, FieldCondition, Filter, Scalar, ScalarList, ShardOp, ShardOutcome, field_condition::Test,
    filter::Condition, scalar::Value, shard_op::Op, shard_outcome::Outcome,
};

const POINTS: usize = 500;
/// Far longer than anything here takes: what is broken fails, and does not hang.
const PATIENCE: Duration = Duration::from_secs(120);
const NOTHING: Operations = Operations { waiting: 0, running: 0 };

/// A node with one thread a lane, and a shard of which no field has an index.
fn node(dir: &std::path::Path) -> OpenNode {
    let node = open_with(dir, crate::NodeOptions { threads: 1, ..options() });
    node.open_shard(alone(1)).unwrap();
    let ids: Vec<String> = (0..POINTS).map(|n| format!("p{n}")).collect();
    let points: Vec<(&str, [f32; 2])> = ids.iter().map(|id| (id.as_str(), [1.0, 2.0])).collect();
    propose(&node, 1, batch(&points)).unwrap();
    node
}

/// A count that reads every point.
fn count(costly: bool) -> Vec<u8> {
    let values = vec![Scalar { value: Some(Value::Integer(1)) }];
    let condition = FieldCondition { path: "n".into(), test: Some(Test::In(ScalarList { values })) };
    let filter = Some(Filter { condition: Some(Condition::Field(condition)) });
    let op = Some(Op::Count(CountOp { filter, estimate: false }));
    ShardOp { shard_id: 1, shard_epoch: 1, op, costly: Some(costly), ..Default::default() }.encode_to_vec()
}

/// Keeps the only thread of a lane until what it returns is dropped.
fn occupy(node: &Node, lane: Lane) -> mpsc::Sender<()> {
    let (free, freed) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    node.lanes().enter(lane).unwrap().spawn(move || {
        begun.send(()).unwrap();
        // An error says that the other end was dropped, which is what is waited for.
        let _ = freed.recv();
    });
    has_begun.recv_timeout(PATIENCE).unwrap();
    free
}

fn outcome_of(node: &Node, op: &[u8]) -> ShardOutcome {
    let (tx, rx) = mpsc::channel();
    node.submit(op, Arc::default(), move |outcome| tx.send(outcome).unwrap());
    ShardOutcome::decode(rx.recv_timeout(PATIENCE).unwrap().as_slice()).unwrap()
}

fn until(holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it did not come about");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_read_that_takes_long_holds_up_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(dir.path());
    for (busy, costly) in [(Lane::Costly, false), (Lane::Usual, true)] {
        let occupied = occupy(&node, busy);
        let outcome = outcome_of(&node, &count(costly));
        assert!(matches!(outcome.outcome, Some(Outcome::Counted(_))), "{outcome:?}");
        assert!(outcome.cpu_us > 0, "reading {POINTS} points took no time");
        assert_eq!(node.operations(busy), Operations { waiting: 0, running: 1 });
        drop(occupied);
        until(|| node.operations(busy) == NOTHING);
    }
}

#[test]
fn reads_that_nobody_waits_for_any_more_are_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let node = node(dir.path());
    let occupied = occupy(&node, Lane::Costly);
    let gone = Arc::new(AtomicBool::new(false));
    let (tx, rx) = mpsc::channel();
    for _ in 0..50 {
        let tx = tx.clone();
        node.submit(&count(true), Arc::clone(&gone), move |outcome| tx.send(outcome).unwrap());
    }
    assert_eq!(node.operations(Lane::Costly), Operations { waiting: 50, running: 1 });
    gone.store(true, Ordering::Relaxed);
    drop(occupied);
    for _ in 0..50 {
        let outcome = ShardOutcome::decode(rx.recv_timeout(PATIENCE).unwrap().as_slice()).unwrap();
        assert_eq!(outcome.error_code, "CANCELLED");
    }
    until(|| node.operations(Lane::Costly) == NOTHING);
}
