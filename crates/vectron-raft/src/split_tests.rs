//! Splits: no point lost or doubled, whoever is away meanwhile.

use super::*;
use crate::cluster_tests::{Cluster, replica, submit, until};
use prost::Message;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use vectron_shard::proto::{
    ChangeKind, ChangesOp, FieldValue, Mutation, Origin, PageOp, PayloadChange, PointBatch, PointData,
    ShardOp, Split, mutation::Action, shard_op::Op, shard_outcome::Outcome,
};
use vectron_shard::{CLIENT_BYTES, routing_hash};
use vectron_storage::ErrorCode;

const MIDDLE: u64 = 1 << 63;
const UPPER: u64 = 2;

fn upsert(shard: u64, epoch: u64, id: &str, origin: Option<Origin>) -> ShardOp {
    let vector = [routing_hash(id) as f32, 1.0].iter().flat_map(|x: &f32| x.to_le_bytes()).collect();
    let points = vec![PointData { id: id.into(), vector, ..PointData::default() }];
    let op = Some(Op::Upsert(PointBatch { points }.encode_to_vec()));
    let (shard_id, shard_epoch) = (shard as u32, epoch as u32);
    ShardOp { shard_id, shard_epoch, op, origin, ..Default::default() }
}

/// Ids of a shard on a worker, by reading all of it.
fn ids(node: &Node, shard: u64, epoch: u64) -> BTreeSet<String> {
    let op = Some(Op::Scroll(PageOp { limit: 10_000, ..Default::default() }));
    let (shard_id, shard_epoch) = (shard as u32, epoch as u32);
    let outcome = submit(node, ShardOp { shard_id, shard_epoch, op, ..Default::default() });
    match outcome.outcome {
        Some(Outcome::Page(page)) => page.points.into_iter().map(|point| point.id).collect(),
        other => panic!("{other:?} {}", outcome.error_code),
    }
}

fn status(node: &Node, shard: u64) -> Option<ReplicaStatus> {
    node.status().into_iter().find(|one| one.shard == shard)
}

fn leader(cluster: &Cluster, shard: u64) -> usize {
    let leads = |worker: &usize| {
        let node = cluster.nodes[worker - 1].as_ref();
        node.and_then(|node| status(node, shard))
            .is_some_and(|one| one.group.role == Role::Leader && one.group.has_quorum)
    };
    until("a leader", || (1..=cluster.nodes.len()).any(|worker| leads(&worker)));
    (1..=cluster.nodes.len()).find(leads).unwrap()
}

fn split(cluster: &Cluster) -> u64 {
    let node = cluster.node(leader(cluster, 1)).clone();
    let split = Split { at: MIDDLE, epoch: 2, upper: UPPER, keeps_upper: false };
    node.handle().clone().block_on(node.split_shard(1, split)).unwrap()
}

/// As the control plane does after a split.
fn assign(cluster: &Cluster, worker: usize) {
    let none = BTreeSet::new();
    let lower = Assignment { epoch: 2, ..cluster.assignment(replica(worker), &none) };
    cluster.node(worker).open_shard(lower.clone()).unwrap();
    let upper = Assignment { shard: UPPER, split_from: Some((1, 2)), ..lower };
    cluster.node(worker).open_shard(upper).unwrap();
}

fn is_upper(id: &str) -> bool {
    routing_hash(id) >= MIDDLE
}

fn same_everywhere(cluster: &Cluster, shard: u64) {
    let node = cluster.node(leader(cluster, shard)).clone();
    until("all have all", || {
        let indexes: BTreeSet<u64> = cluster
            .nodes
            .iter()
            .flatten()
            .map(|node| status(node, shard).unwrap().data.unwrap().applied_index)
            .collect();
        indexes.len() == 1
    });
    let (_, differing) = node.handle().clone().block_on(node.scrub(shard)).unwrap();
    assert_eq!(differing, Vec::<u64>::new());
}

fn changes(node: &Node, shard: u64, from_index: u64) -> vectron_shard::proto::ShardOutcome {
    let op = Some(Op::Changes(ChangesOp { from_index, ..ChangesOp::default() }));
    submit(node, ShardOp { shard_id: shard as u32, shard_epoch: 2, op, ..Default::default() })
}

#[test]
fn the_feed_of_a_split_tells_what_was_patched_before_and_begins_behind_it() {
    let cluster = Cluster::start(1);
    let ids: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
    ids.iter().for_each(|id| {
        cluster.upsert(id, [1.0, 1.0]);
    });
    let set = vec![FieldValue { path: "a".into(), value: b"1".to_vec() }];
    let action = Some(Action::Change(PayloadChange { set, ..PayloadChange::default() }));
    let patch = Mutation { ids: ids.clone(), action, ..Mutation::default() };
    let op = Some(Op::Mutate(patch.encode_to_vec()));
    let patched = submit(cluster.node(1), ShardOp { shard_id: 1, shard_epoch: 1, op, ..Default::default() });
    assert_eq!(patched.error_code, "");
    let at = split(&cluster);
    assign(&cluster, 1);
    leader(&cluster, UPPER);
    let Some(Outcome::Changes(told)) = changes(cluster.node(1), 1, patched.applied_index).outcome else {
        panic!("no changes")
    };
    // Every patched point is told of: with what it is, or as one that another shard has now.
    for (change, id) in told.changes.iter().zip(&ids) {
        let kind = if is_upper(id) { ChangeKind::Moved } else { ChangeKind::Update };
        assert_eq!((change.kind(), &change.id), (kind, id));
        assert_eq!(change.point.is_some(), !is_upper(id));
    }
    assert_eq!(told.changes.len(), ids.len());
    // The new shard has nothing of before, and says so instead of giving nothing.
    let before = changes(cluster.node(1), UPPER, 1);
    assert_eq!((before.error_code.as_str(), before.first_index), ("CHANGES_GONE", at + 1));
    let upper = ids.iter().find(|id| is_upper(id)).unwrap();
    assert_eq!(submit(cluster.node(1), upsert(UPPER, 2, upper, None)).error_code, "");
    let Some(Outcome::Changes(after)) = changes(cluster.node(1), UPPER, at + 1).outcome else {
        panic!("no changes")
    };
    assert_eq!(after.changes.len(), 1);
}

#[test]
fn a_split_under_load_loses_and_doubles_nothing() {
    let cluster = Cluster::start(3);
    (0..300).for_each(|i| {
        cluster.upsert(&format!("p{i}"), [i as f32, 1.0]);
    });
    let node = cluster.node(leader(&cluster, 1)).clone();
    let stop = AtomicBool::new(false);
    let acknowledged = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut acknowledged = BTreeSet::new();
            for i in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let id = format!("w{i}");
                let outcome = submit(&node, upsert(1, 1, &id, None));
                match outcome.error_code.as_str() {
                    "" => acknowledged.insert(id),
                    code => {
                        assert_eq!(code, "STALE_EPOCH");
                        break;
                    }
                };
            }
            acknowledged
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        split(&cluster);
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    (1..=3).for_each(|worker| assign(&cluster, worker));
    let (low, high) = (leader(&cluster, 1), leader(&cluster, UPPER));
    let (lower, upper) = (ids(cluster.node(low), 1, 2), ids(cluster.node(high), UPPER, 2));
    assert!(upper.iter().all(|id| is_upper(id)) && !lower.iter().any(|id| is_upper(id)));
    let mut expected = acknowledged;
    expected.extend((0..300).map(|i| format!("p{i}")));
    let all: BTreeSet<String> = lower.union(&upper).cloned().collect();
    assert_eq!(all, expected);
    // Of before the split: refused, by reads too.
    let read = Some(Op::Scroll(PageOp { limit: 10, ..Default::default() }));
    let old = ShardOp { shard_id: 1, shard_epoch: 1, op: read, ..Default::default() };
    assert_eq!(submit(cluster.node(low), old).error_code, "STALE_EPOCH");
    for (shard, leader) in [(1, low), (UPPER, high)] {
        assert_eq!(submit(cluster.node(leader), upsert(shard, 2, "after", None)).error_code, "");
        same_everywhere(&cluster, shard);
    }
    // Twice is once.
    let node = cluster.node(low).clone();
    let again = Split { at: MIDDLE, epoch: 2, upper: UPPER, keeps_upper: false };
    assert_eq!(
        node.handle().clone().block_on(node.split_shard(1, again)).unwrap_err().code(),
        ErrorCode::StaleEpoch
    );
}

#[test]
fn a_write_that_is_sent_again_after_a_split_is_known_on_both_sides() {
    let cluster = Cluster::start(1);
    let origin = Some(Origin { client: vec![7; CLIENT_BYTES], sequence: 1, pending_from: 1 });
    let before = submit(cluster.node(1), upsert(1, 1, "a", origin.clone()));
    split(&cluster);
    assign(&cluster, 1);
    leader(&cluster, UPPER);
    for shard in [1, UPPER] {
        let again = submit(cluster.node(1), upsert(shard, 2, "a", origin.clone()));
        assert_eq!(again.outcome, before.outcome);
    }
    let (lower, upper) = (ids(cluster.node(1), 1, 2), ids(cluster.node(1), UPPER, 2));
    assert_eq!(lower.len() + upper.len(), 1);
}

#[test]
fn workers_that_were_away_and_workers_that_come_later_get_their_half() {
    let mut cluster = Cluster::start(3);
    (0..200).for_each(|i| {
        cluster.upsert(&format!("p{i}"), [i as f32, 1.0]);
    });
    let away = leader(&cluster, 1) % 3 + 1;
    cluster.stop(away);
    split(&cluster);
    let here = (1..=3).filter(|&worker| worker != away).collect::<Vec<_>>();
    // One that stopped between the split and hearing of the new shard.
    cluster.stop(here[1]);
    cluster.restart(here[1]);
    here.iter().for_each(|&worker| assign(&cluster, worker));
    let high = leader(&cluster, UPPER);
    assert_eq!(submit(cluster.node(high), upsert(UPPER, 2, "after", None)).error_code, "");
    cluster.restart(away);
    assign(&cluster, away);
    same_everywhere(&cluster, 1);
    same_everywhere(&cluster, UPPER);
    // A learner on a worker that never had the shard that was split.
    let new = cluster.add();
    cluster.learners.insert(replica(new));
    let none = BTreeSet::new();
    for worker in 1..=new {
        let assignment = cluster.assignment(replica(worker), &none);
        let upper = Assignment { shard: UPPER, epoch: 2, split_from: Some((1, 2)), ..assignment };
        cluster.node(worker).open_shard(upper).unwrap();
    }
    until("the learner has all", || {
        status(cluster.node(new), UPPER).and_then(|one| one.data).is_some_and(|data| {
            data.live_points == status(cluster.node(high), UPPER).unwrap().data.unwrap().live_points
        })
    });
    // A restart of everything finds both halves, and nothing waits any more.
    (1..=new).for_each(|worker| cluster.stop(worker));
    (1..=new).for_each(|worker| cluster.run(worker));
    (1..=3).for_each(|worker| assign(&cluster, worker));
    let (low, high) = (leader(&cluster, 1), leader(&cluster, UPPER));
    let total = ids(cluster.node(low), 1, 2).len() + ids(cluster.node(high), UPPER, 2).len();
    assert_eq!(total, 201);
    for worker in 1..=3 {
        let waiting = std::fs::read_dir(cluster.dirs[worker - 1].path().join("splits"));
        assert_eq!(waiting.map_or(0, Iterator::count), 0);
    }
}

#[test]
fn what_waits_for_a_shard_that_goes_elsewhere_is_removed() {
    let cluster = Cluster::start(1);
    cluster.upsert("a", [1.0, 1.0]);
    split(&cluster);
    let waiting = cluster.dirs[0].path().join("splits").join(UPPER.to_string());
    // The control plane has not heard of the split yet.
    cluster.node(1).forget_splits(&[(1, 1)]).unwrap();
    assert!(waiting.exists());
    cluster.node(1).forget_splits(&[(1, 2), (UPPER, 2)]).unwrap();
    assert!(waiting.exists());
    cluster.node(1).forget_splits(&[(1, 2)]).unwrap();
    assert!(!waiting.exists());
}
