//! Three engines over loopback, in one process.

use super::*;
use crate::tests::options;
use prost::Message;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vectron_shard::proto;
use vectron_shard::proto::{
    CountOp, Declaration, FieldCondition, FieldValue, IdBatch, IndexKind, Mutation, Origin, PayloadChange,
    PayloadIndex, PointBatch, PointData, Scalar, ScalarList, SearchOp, ShardOp, ShardOutcome, TextQuery,
    consistency::Level, declaration::Declare, field_condition, filter::Condition, mutation::Action, scalar,
    shard_op::Op, shard_outcome::Outcome,
};
use vectron_shard::*;
use vectron_storage::ErrorCode;

const SPEC: ShardSpec = ShardSpec { m: 8, ef_construction: 32, ..ShardSpec::new(2, Metric::Euclidean) };

/// Workers 1, 2, …; each holds replica `worker << 16 | 1` of shard 1.
pub struct Cluster {
    pub dirs: Vec<TempDir>,
    pub nodes: Vec<Option<Node>>,
    pub voters: BTreeSet<u64>,
    pub learners: BTreeSet<u64>,
    /// Bytes up to which a shard's store is one file.
    pub small_store_bytes: usize,
}

pub fn replica(worker: usize) -> u64 {
    (worker as u64) << 16 | 1
}

impl Cluster {
    pub fn start(voters: usize) -> Self {
        Self::start_with(voters, options().small_store_bytes)
    }

    pub fn start_with(voters: usize, small_store_bytes: usize) -> Self {
        let mut cluster = Self {
            small_store_bytes,
            dirs: Vec::new(),
            nodes: Vec::new(),
            voters: (1..=voters).map(replica).collect(),
            learners: BTreeSet::new(),
        };
        for _ in 0..voters {
            cluster.add();
        }
        let first = cluster.voters.clone();
        (1..=voters).for_each(|worker| cluster.hold(worker, &first));
        cluster
    }

    /// A worker more, which holds nothing.
    pub fn add(&mut self) -> usize {
        self.dirs.push(tempfile::tempdir().unwrap());
        self.nodes.push(None);
        let worker = self.nodes.len();
        self.run(worker);
        worker
    }

    pub fn run(&mut self, worker: usize) {
        let mut options = options();
        options.small_store_bytes = self.small_store_bytes;
        let address = "127.0.0.1:0".into();
        options.raft = Some(RaftListener { address, secret: b"of this test".to_vec(), tls: None });
        self.nodes[worker - 1] = Some(Node::open(self.dirs[worker - 1].path(), options).unwrap());
        let addresses: HashMap<u64, String> = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(at, node)| Some((at as u64 + 1, node.as_ref()?.raft_address()?.to_owned())))
            .collect();
        self.nodes.iter().flatten().for_each(|node| node.set_peers(addresses.clone()));
    }

    pub fn hold(&self, worker: usize, first: &BTreeSet<u64>) {
        let own =
            self.voters.iter().chain(&self.learners).copied().find(|id| worker_of(*id) == worker as u64);
        let own = own.unwrap_or_else(|| replica(worker));
        self.node(worker).open_shard(self.assignment(own, first)).unwrap();
    }

    /// The worker has the next incarnation of its replica from now on.
    pub fn replace(&mut self, worker: usize) {
        let old = self.voters.iter().copied().find(|id| worker_of(*id) == worker as u64).unwrap();
        self.voters.remove(&old);
        self.voters.insert(old + 1);
        let running = (1..=self.nodes.len()).filter(|&one| self.nodes[one - 1].is_some());
        running.for_each(|one| self.hold(one, &BTreeSet::new()));
    }

    pub fn assignment(&self, replica: u64, first: &BTreeSet<u64>) -> Assignment {
        let (voters, learners) = (self.voters.clone(), self.learners.clone());
        let wanted = Wanted { voters, learners, first: first.iter().copied().collect() };
        Assignment {
            shard: 1,
            epoch: 1,
            replica,
            spec: SPEC,
            wanted,
            relaxed: false,
            known: false,
            split_from: None,
        }
    }

    pub fn stop(&mut self, worker: usize) {
        self.nodes[worker - 1].take().unwrap().close().unwrap();
    }

    pub fn restart(&mut self, worker: usize) {
        self.run(worker);
        self.hold(worker, &BTreeSet::new());
    }

    pub fn node(&self, worker: usize) -> &Node {
        self.nodes[worker - 1].as_ref().unwrap()
    }

    pub fn leader(&self) -> usize {
        let mut found = 0;
        until("a leader", || {
            found = (1..=self.nodes.len())
                .find(|&worker| {
                    let node = self.nodes[worker - 1].as_ref();
                    let status = node.map(Node::status).unwrap_or_default();
                    status.iter().any(|one| one.group.role == Role::Leader && one.group.has_quorum)
                })
                .unwrap_or(0);
            found > 0
        });
        found
    }

    /// Writes through whoever leads.
    pub fn upsert(&self, id: &str, v: [f32; 2]) -> u64 {
        let end = Instant::now() + LIMIT;
        loop {
            match written(submit(self.node(self.leader()), upsert(id, v))) {
                Ok(index) => return index,
                Err(code) if Instant::now() < end => assert_eq!(code, "NOT_LEADER"),
                Err(code) => panic!("{code}"),
            }
        }
    }

    pub fn applied(&self, worker: usize) -> u64 {
        self.node(worker).status()[0].data.as_ref().unwrap().applied_index
    }

    pub fn points(&self, worker: usize) -> u64 {
        self.node(worker).status()[0].data.as_ref().unwrap().live_points
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes.iter().flatten() {
            let _ = node.close();
        }
    }
}

/// Ends a wait for what never comes; no test is about how long something takes.
const LIMIT: Duration = Duration::from_secs(300);

pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < end, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn upsert(id: &str, v: [f32; 2]) -> ShardOp {
    let vector = v.iter().flat_map(|x| x.to_le_bytes()).collect();
    let points = vec![PointData { id: id.into(), vector, ..PointData::default() }];
    let op = Some(Op::Upsert(PointBatch { points }.encode_to_vec()));
    ShardOp { shard_id: 1, shard_epoch: 1, op, ..Default::default() }
}

fn get(id: &str, level: Level) -> ShardOp {
    let op = Some(Op::Get(IdBatch { ids: vec![id.into()], ..Default::default() }));
    let consistency = Some(proto::Consistency { level: Some(level) });
    ShardOp { shard_id: 1, shard_epoch: 1, op, consistency, timeout_ms: 3000, ..Default::default() }
}

pub fn submit(node: &Node, op: ShardOp) -> ShardOutcome {
    let (tx, rx) = mpsc::channel();
    node.submit(&op.encode_to_vec(), Arc::default(), move |outcome| tx.send(outcome).unwrap());
    ShardOutcome::decode(rx.recv().unwrap().as_slice()).unwrap()
}

fn written(outcome: ShardOutcome) -> std::result::Result<u64, String> {
    match outcome.outcome {
        Some(Outcome::Written(written)) => Ok(written.index),
        _ => Err(outcome.error_code),
    }
}

fn found(outcome: ShardOutcome) -> std::result::Result<usize, String> {
    match outcome.outcome {
        Some(Outcome::Points(points)) => Ok(points.points.len()),
        _ => Err(outcome.error_code),
    }
}

#[test]
fn writes_reach_every_replica_and_survive_the_leader() {
    let mut cluster = Cluster::start(3);
    for i in 0..30u8 {
        cluster.upsert(&format!("p{i}"), [f32::from(i), 0.0]);
    }
    let leader = cluster.leader();
    cluster.stop(leader);
    let after = cluster.upsert("after", [1.0, 1.0]);
    assert_ne!(cluster.leader(), leader);
    cluster.restart(leader);
    until("every replica has all", || (1..=3).all(|worker| cluster.applied(worker) >= after));
    assert!((1..=3).all(|worker| cluster.points(worker) == 31));
}

#[test]
fn reads_keep_what_they_promise() {
    let mut cluster = Cluster::start(3);
    let token = cluster.upsert("a", [1.0, 0.0]);
    let leader = cluster.leader();
    let follower = leader % 3 + 1;
    use Level::{AtLeast, BoundedMs, Linearizable};
    for worker in [leader, follower] {
        for level in [Linearizable(true), AtLeast(token), BoundedMs(2000)] {
            assert_eq!(found(submit(cluster.node(worker), get("a", level))), Ok(1), "{worker} {level:?}");
        }
    }
    let late = submit(cluster.node(follower), get("a", AtLeast(token + 1000)));
    assert_eq!(found(late), Err("NOT_CAUGHT_UP".into()));
    let refused = submit(cluster.node(follower), upsert("b", [0.0, 0.0]));
    assert_eq!((refused.error_code.as_str(), refused.leader), ("NOT_LEADER", leader as u64));
    // One of three, alone: it serves what it has to who asks for that, and nothing stronger.
    let others: Vec<usize> = (1..=3).filter(|&worker| worker != follower).collect();
    others.into_iter().for_each(|worker| cluster.stop(worker));
    std::thread::sleep(Duration::from_millis(600));
    let alone = cluster.node(follower);
    let op = Some(Op::Get(IdBatch { ids: vec!["a".into()], ..Default::default() }));
    let any = ShardOp { shard_id: 1, shard_epoch: 1, op, ..Default::default() };
    assert_eq!(found(submit(alone, any)), Ok(1));
    assert!(found(submit(alone, get("a", Linearizable(true)))).is_err());
    assert_eq!(found(submit(alone, get("a", BoundedMs(100)))), Err("TOO_STALE".into()));
}

#[test]
fn a_new_replica_becomes_a_voter_by_a_snapshot_and_an_old_one_leaves() {
    let mut cluster = Cluster::start(3);
    for i in 0..350u16 {
        cluster.upsert(&format!("p{i}"), [f32::from(i), 0.0]);
    }
    until("the log is cut", || {
        let node = cluster.node(cluster.leader());
        node.first_log_index(1) > 100
    });
    let worker = cluster.add();
    cluster.voters = BTreeSet::from([replica(1), replica(2), replica(4)]);
    (1..=4).for_each(|worker| cluster.hold(worker, &BTreeSet::new()));
    until("the new voters", || cluster.node(cluster.leader()).status()[0].group.voters == cluster.voters);
    until("the new replica has all", || cluster.points(worker) == 350);
    let last = cluster.upsert("last", [9.0, 9.0]);
    until("the last one, too", || cluster.applied(worker) >= last);
    cluster.node(3).drop_shard(1).unwrap();
    assert!(cluster.node(3).stored_shards().unwrap().is_empty());
    let leader = cluster.node(cluster.leader());
    let (_, differing) = leader.handle().block_on(leader.scrub(1)).unwrap();
    assert_eq!(differing, [] as [u64; 0]);
}

#[test]
fn a_group_of_one_needs_no_clock_and_takes_in_others_when_it_shall() {
    let mut cluster = Cluster::start(1);
    cluster.upsert("a", [1.0, 0.0]);
    until("the clock stands", || !cluster.node(1).clock_runs(1));
    cluster.upsert("b", [2.0, 0.0]);
    assert_eq!(found(submit(cluster.node(1), get("b", Level::Linearizable(true)))), Ok(1));
    (0..2).for_each(|_| {
        let worker = cluster.add();
        cluster.voters.insert(replica(worker));
    });
    (1..=3).for_each(|worker| cluster.hold(worker, &BTreeSet::new()));
    until("three voters", || cluster.node(cluster.leader()).status()[0].group.voters == cluster.voters);
    let last = cluster.upsert("c", [3.0, 0.0]);
    until("all three have all", || (1..=3).all(|worker| cluster.applied(worker) >= last));
    // Without heartbeats there would be no leader that a majority has answered a moment ago.
    assert!(cluster.node(cluster.leader()).clock_runs(1));
    cluster.stop(cluster.leader());
    cluster.upsert("d", [4.0, 0.0]);
}

/// The outcomes of comparing the replicas of the shard `times` times at once.
fn compare(node: &Node, times: usize) -> Vec<std::result::Result<(u64, Vec<u64>), NodeError>> {
    let compared = futures_util::future::join_all((0..times).map(|_| node.scrub(1)));
    let limited = async { tokio::time::timeout(LIMIT, compared).await.expect("a comparison does not end") };
    node.handle().block_on(limited)
}

#[test]
fn comparisons_end_while_writes_go_on_and_others_are_asked_for() {
    let cluster = Cluster::start(3);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in (0u32..).take_while(|_| !stop.load(std::sync::atomic::Ordering::Relaxed)) {
                cluster.upsert(&format!("p{}", i % 500), [i as f32, 0.0]);
            }
        });
        for _ in 0..5 {
            let mut made = 0;
            for outcome in compare(cluster.node(cluster.leader()), 4) {
                match outcome {
                    Ok((_, differing)) => {
                        assert_eq!(differing, [] as [u64; 0]);
                        made += 1;
                    }
                    Err(NodeError::Refused(code, _)) => assert_eq!(code, ErrorCode::Conflict),
                    Err(NodeError::NotLeader { .. } | NodeError::CommitUnknown(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            assert!(made <= 1, "one at a time");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_replica_that_was_started_again_says_that_it_has_no_hash_of_before() {
    let mut cluster = Cluster::start(3);
    cluster.upsert("a", [1.0, 0.0]);
    let leader = cluster.leader();
    let (index, _) = compare(cluster.node(leader), 1).remove(0).unwrap();
    let follower = leader % 3 + 1;
    until("the follower's hash", || said(cluster.node(follower), index).len() == 8);
    cluster.stop(follower);
    cluster.restart(follower);
    until("the follower is where it was", || cluster.applied(follower) >= index);
    // Nothing would mean that it will be known soon, and whoever asks would ask for ten minutes. It hashes again what it
    // applies again: then the hash is the answer.
    until("an end", || !said(cluster.node(follower), index).is_empty());
    assert_eq!(said(cluster.node(follower), 1), [0]);
}

fn said(node: &Node, index: u64) -> Vec<u8> {
    node.state_hash(1, index)
}

#[test]
fn a_search_only_replica_follows_without_a_vote() {
    let mut cluster = Cluster::start(3);
    cluster.upsert("a", [1.0, 0.0]);
    let worker = cluster.add();
    cluster.learners = BTreeSet::from([replica(4)]);
    (1..=4).for_each(|worker| cluster.hold(worker, &BTreeSet::new()));
    let token = cluster.upsert("b", [2.0, 0.0]);
    use Level::{AtLeast, BoundedMs, Linearizable};
    until("it follows", || found(submit(cluster.node(worker), get("b", AtLeast(token)))) == Ok(1));
    assert_eq!(found(submit(cluster.node(worker), get("b", BoundedMs(1000)))), Ok(1));
    assert_eq!(found(submit(cluster.node(worker), get("b", Linearizable(true)))), Err("SEARCH_ONLY".into()));
    let group = &cluster.node(cluster.leader()).status()[0].group;
    assert_eq!((group.voters.len(), group.learners.len()), (3, 1));
}

#[test]
fn a_write_that_is_sent_again_is_applied_once() {
    let cluster = Cluster::start(3);
    let leader = cluster.leader();
    let write = |id: &str, sequence, pending_from| {
        let origin = Some(Origin { client: vec![7; 16], sequence, pending_from });
        written(submit(cluster.node(cluster.leader()), ShardOp { origin, ..upsert(id, [1.0, 1.0]) })).unwrap()
    };
    let first = write("a", 1, 1);
    let delete = ShardOp {
        op: Some(Op::Delete(IdBatch { ids: vec!["a".into()], ..Default::default() }.encode_to_vec())),
        ..upsert("", [0.0; 2])
    };
    assert!(written(submit(cluster.node(leader), delete)).is_ok());
    assert_eq!(write("a", 1, 1), first, "the answer of then");
    assert_eq!(cluster.points(leader), 0, "and the delete stands");
    assert!(write("a", 2, 2) > first);
    assert_eq!(cluster.points(leader), 1);
}

#[test]
fn the_lead_is_handed_over_and_an_epoch_fences() {
    let cluster = Cluster::start(3);
    cluster.upsert("a", [1.0, 0.0]);
    let leader = cluster.leader();
    let to = leader % 3 + 1;
    let node = cluster.node(leader);
    // Refused while the other one has not answered for a moment.
    until("the lead is given away", || {
        node.handle().block_on(node.transfer_leader(1, replica(to))).is_ok() || cluster.leader() == to
    });
    until("the other leads", || cluster.leader() == to);
    for worker in 1..=3 {
        let assignment = Assignment { epoch: 2, ..cluster.assignment(replica(worker), &BTreeSet::new()) };
        cluster.node(worker).open_shard(assignment).unwrap();
    }
    let stale = submit(cluster.node(to), upsert("b", [0.0, 0.0]));
    assert_eq!((stale.error_code.as_str(), stale.epoch), ("STALE_EPOCH", 2));
}

#[test]
fn changes_are_given_in_log_order_and_say_what_they_are() {
    let cluster = Cluster::start(3);
    cluster.upsert("a", [1.0, 0.0]);
    cluster.upsert("a", [2.0, 0.0]);
    let delete = ShardOp {
        op: Some(Op::Delete(
            IdBatch { ids: vec!["a".into(), "x".into()], ..Default::default() }.encode_to_vec(),
        )),
        ..upsert("", [0.0; 2])
    };
    let last = written(submit(cluster.node(cluster.leader()), delete)).unwrap();
    for worker in 1..=3 {
        until("it has all", || cluster.applied(worker) >= last);
        let node = cluster.node(worker);
        let batch =
            node.handle().block_on(node.changes(1, 1, 0, 0, Duration::ZERO, &Default::default())).unwrap();
        let seen: Vec<_> = batch.changes.iter().map(|change| (change.kind(), change.id.as_str())).collect();
        use vectron_shard::proto::ChangeKind::{Delete, Insert, Update};
        assert_eq!(seen, [(Insert, "a"), (Update, "a"), (Delete, "a")]);
        assert!(batch.next_index > last);
        let again = node
            .handle()
            .block_on(node.changes(1, 1, batch.changes[1].index, 0, Duration::ZERO, &Default::default()))
            .unwrap();
        assert_eq!(again.changes, batch.changes[1..]);
    }
}

#[test]
fn a_stranger_is_not_let_in() {
    let cluster = Cluster::start(3);
    cluster.upsert("a", [1.0, 0.0]);
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.raft =
        Some(RaftListener { address: "127.0.0.1:0".into(), secret: b"another".to_vec(), tls: None });
    let stranger = Node::open(dir.path(), options).unwrap();
    let leader = cluster.leader();
    let address = cluster.node(leader).raft_address().unwrap().to_owned();
    stranger.set_peers(HashMap::from([(leader as u64, address)]));
    assert!(stranger.probe_peer(replica(leader)).is_err());
    cluster.node(leader % 3 + 1).probe_peer(replica(leader)).unwrap();
    stranger.close().unwrap();
}

/// Point `n` with its number, its group and two words.
fn numbered(n: u32) -> PointData {
    let vector = [n as f32, 1.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let payload = format!("{{\"n\":{n},\"g\":\"g{}\",\"t\":\"word{} common\"}}", n % 7, n % 3);
    PointData { id: format!("p{n}"), vector, payload: payload.into_bytes(), ..PointData::default() }
}

fn on_shard(op: Op) -> ShardOp {
    ShardOp { shard_id: 1, shard_epoch: 1, op: Some(op), timeout_ms: 5000, ..Default::default() }
}

/// How many points of the group the worker counts, and whether it had to read payloads for that.
fn in_group(node: &Node, group: &str) -> (u64, bool) {
    let value = Some(scalar::Value::Text(group.into()));
    let test = Some(field_condition::Test::In(ScalarList { values: vec![Scalar { value }] }));
    let field = FieldCondition { path: "g".into(), test };
    let filter = Some(proto::Filter { condition: Some(Condition::Field(field)) });
    match submit(node, on_shard(Op::Count(CountOp { filter, estimate: false }))).outcome {
        Some(Outcome::Counted(counted)) => (counted.count, counted.unindexed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn indexes_go_with_the_log_into_snapshots_restarts_and_new_replicas() {
    let mut cluster = Cluster::start(3);
    let write = |cluster: &Cluster, op: Op| {
        let leader = cluster.leader();
        written(submit(cluster.node(leader), on_shard(op))).unwrap()
    };
    for (path, kind) in [("g", IndexKind::Keyword), ("t", IndexKind::Text)] {
        let index = PayloadIndex { path: path.into(), kind: kind.into(), ..PayloadIndex::default() };
        write(&cluster, Op::Declare(Declaration { declare: Some(Declare::AddIndex(index)) }.encode_to_vec()));
    }
    for batch in 0..150u32 {
        let points = (batch * 2..batch * 2 + 2).map(numbered).collect();
        write(&cluster, Op::Upsert(PointBatch { points }.encode_to_vec()));
    }
    // Of group g1 one goes, one changes its group, and one lives but for a moment.
    let gone = Mutation { ids: vec!["p1".into()], action: Some(Action::Delete(true)), ..Mutation::default() };
    write(&cluster, Op::Mutate(gone.encode_to_vec()));
    let set = vec![FieldValue { path: "g".into(), value: b"\"other\"".to_vec() }];
    let change = Some(Action::Change(PayloadChange { set, ..PayloadChange::default() }));
    let changed = Mutation { ids: vec!["p8".into()], action: change, ..Mutation::default() };
    write(&cluster, Op::Mutate(changed.encode_to_vec()));
    let short = PointData { ttl_ms: 1, ..numbered(1000 * 7 + 1) };
    let index = write(&cluster, Op::Upsert(PointBatch { points: vec![short] }.encode_to_vec()));
    let expected = (0..300).filter(|n| n % 7 == 1 && ![1, 8].contains(n)).count() as u64;
    let as_it_is =
        |node: &Node| in_group(node, "g1") == (expected, false) && in_group(node, "other") == (1, false);
    until("the point has expired everywhere", || (1..=3).all(|worker| as_it_is(cluster.node(worker))));
    assert!(cluster.applied(cluster.leader()) > index);
    until("the log is cut", || cluster.node(cluster.leader()).first_log_index(1) > 50);
    // A restart has them again, and a new replica has them from a snapshot.
    let leader = cluster.leader();
    cluster.stop(leader);
    cluster.restart(leader);
    let fresh = cluster.add();
    cluster.voters.remove(&replica(leader));
    cluster.voters.insert(replica(fresh));
    (1..=4).for_each(|worker| cluster.hold(worker, &BTreeSet::new()));
    until("the new replica counts by its own indexes", || {
        let status = cluster.node(fresh).status();
        status.iter().any(|one| one.data.as_ref().is_some_and(|data| data.live_points == 299))
            && as_it_is(cluster.node(fresh))
    });
    let text = Some(TextQuery { query: "word2".into(), ..TextQuery::default() });
    let search = SearchOp { text, k: 1000, ..SearchOp::default() };
    let Some(Outcome::Search(words)) = submit(cluster.node(fresh), on_shard(Op::Search(search))).outcome
    else {
        panic!("no answer")
    };
    assert_eq!((words.hits.len(), words.plan.as_str()), (100, "bm25"));
}
