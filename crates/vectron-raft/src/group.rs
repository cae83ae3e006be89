//! A replica's part in its group: starting it, answering the other replicas, proposing, reading with a promise.

use crate::log::GroupLog;
use crate::network::Connections;
use crate::proto;
use crate::replica::{Hook, LeaderSeen, Replica, Wanted};
use crate::scrub;
use crate::snapshot::Receiving;
use crate::transport::{Call, Kind, Transport};
use crate::types::{Command, Config, Raft, ReplicaId, worker_of};
use crate::wire::decoded;
use crate::{NodeError, Result};
use bytes::{Buf, Bytes};
use openraft::errors::{ClientWriteError, ForwardToLeader, LinearizableReadError, RaftError};
use openraft::raft::{AppendEntriesRequest, TransferLeaderRequest, VoteRequest};
use openraft::type_config::async_runtime::watch::WatchReceiver;
use openraft::{ChangeMembers, Instant as _, ReadPolicy, SnapshotPolicy};
use prost::Message;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use vectron_shard::Applied;
use vectron_storage::ErrorCode;

/// How groups beat.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Milliseconds between heartbeats, 10..=10,000.
    pub heartbeat_ms: u64,
    /// A follower that hears nothing waits so long before it stands for election: between these, at random.
    pub election_min_ms: u64,
    pub election_max_ms: u64,
    /// Entries after which a shard's store is made durable and its log cut.
    pub snapshot_entries: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { heartbeat_ms: 100, election_min_ms: 1000, election_max_ms: 2000, snapshot_entries: 10_000 }
    }
}

impl Timing {
    fn config(&self, group: u64) -> Result<openraft::Config> {
        let config = openraft::Config {
            cluster_name: format!("shard-{group}"),
            heartbeat_interval: self.heartbeat_ms,
            election_timeout_min: self.election_min_ms,
            election_timeout_max: self.election_max_ms,
            enable_pre_vote: Some(true),
            // A leader sends entries while it writes them, so one that restarts may lack some that others have under
            // its term; leading on in that term, it would give their numbers to others. The simulation found that.
            enable_leader_restore: Some(false),
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_entries),
            // A follower that is a little behind gets entries, not a snapshot.
            max_in_snapshot_log_to_keep: self.snapshot_entries / 10,
            max_payload_entries: 256,
            replication_lag_threshold: 100,
            install_snapshot_timeout: 600_000,
            api_channel_size: Some(1024),
            notification_channel_size: Some(1024),
            state_machine_channel_size: Some(256),
            ..Default::default()
        };
        config.validate().map_err(|e| NodeError::Refused(ErrorCode::InvalidArgument, e.to_string()))
    }
}

/// Which state a read must see. See docs/adr/0014-reads-and-write-tokens.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// What is here.
    Any,
    /// Every write that was acknowledged before the read began.
    Linearizable,
    /// At least this entry.
    AtLeast(u64),
    /// What was current at most so many milliseconds ago.
    Bounded(u64),
}

/// What a group is doing, measured at the time of the call.
#[derive(Debug, Clone)]
pub struct GroupStatus {
    pub replica: ReplicaId,
    pub term: u64,
    pub role: Role,
    /// 0: none is known.
    pub leader: ReplicaId,
    pub voters: BTreeSet<ReplicaId>,
    pub learners: BTreeSet<ReplicaId>,
    pub committed: u64,
    pub last_index: u64,
    pub damaged: Option<String>,
    /// A leader that a majority has answered within an election timeout.
    pub has_quorum: bool,
    /// The members are committed, not only proposed.
    pub settled: bool,
}

impl GroupStatus {
    /// Of a replica that has no part in its group.
    pub fn stopped(replica: ReplicaId, damaged: Option<String>) -> Self {
        Self {
            replica,
            term: 0,
            role: Role::Stopped,
            leader: 0,
            voters: BTreeSet::new(),
            learners: BTreeSet::new(),
            committed: 0,
            last_index: 0,
            damaged,
            has_quorum: false,
            settled: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Leader,
    Follower,
    Candidate,
    Learner,
    Stopped,
}

/// Starts the group's task on the current runtime. What was committed before is applied when this returns.
pub async fn start(
    replica: &Arc<Replica>,
    transport: &Arc<Transport>,
    timing: &Timing,
    hook: Hook,
) -> Result<()> {
    let config = Arc::new(timing.config(replica.shard_id)?);
    replica.set_election_max(Duration::from_millis(timing.election_max_ms));
    let connections =
        Connections { transport: Arc::clone(transport), group: replica.shard_id, from: replica.id };
    let log: GroupLog = replica.log.clone();
    let raft = Raft::new(replica.id, config, connections, log, replica.machine()?).await;
    let raft = raft.map_err(|e| {
        replica.mark_damaged(&e.to_string());
        NodeError::ReplicaDamaged { shard: replica.shard_id, reason: e.to_string() }
    })?;
    replica.start(raft, hook);
    lead_alone(replica).await
}

/// A replica that is the only voter need not wait for anybody.
async fn lead_alone(replica: &Replica) -> Result<()> {
    let raft = replica.raft()?;
    let stopped = |_| NodeError::Poisoned(replica.shard_id);
    let me = replica.id;
    let members = raft.with_raft_state(move |state| state.membership_state.effective().voter_ids().eq([me]));
    if !members.await.map_err(stopped)? {
        return Ok(());
    }
    if !raft.is_leader() {
        raft.trigger().elect(false).await.map_err(stopped)?;
    }
    // A slow disk: the lead comes, and writes until then are told that there is none.
    let _ = raft.wait(Some(Duration::from_secs(5))).state(openraft::ServerState::Leader, "alone").await;
    // What was acknowledged before a restart is there when the shard is.
    let deadline = Instant::now() + Duration::from_secs(60);
    let index = leader_read_index(replica, deadline).await?;
    wait_applied(replica, index, deadline).await
}

/// Sets what the control plane wants. The first of a new shard's voters starts the group.
pub async fn want(replica: &Replica, wanted: Wanted) -> Result<()> {
    let starts = wanted.first.first() == Some(&replica.id);
    *replica.wanted.lock() = wanted;
    if starts { initialize(replica).await } else { Ok(()) }
}

/// Starts the group, if this replica is one of the first voters and has not heard of any. One does it at once, the
/// others only when that one is away: all may, but then they compete.
pub async fn initialize(replica: &Replica) -> Result<()> {
    let first = replica.wanted.lock().first.clone();
    if !first.contains(&replica.id) || !replica.log.is_pristine() {
        return Ok(());
    }
    match replica.raft()?.initialize(first.into_iter().collect::<BTreeSet<_>>()).await {
        // Another one was faster.
        Ok(()) | Err(RaftError::APIError(_)) => lead_alone(replica).await,
        Err(RaftError::Fatal(_)) => Err(NodeError::Poisoned(replica.shard_id)),
    }
}

/// Whether a replica that this one, the leader, sends entries to has not got all that its own store has.
pub fn is_anyone_behind(replica: &Replica) -> bool {
    let Ok(raft) = replica.raft() else { return false };
    let metrics = raft.metrics();
    let metrics = metrics.borrow_watched();
    let durable = metrics.snapshot;
    let Some(sent) = &metrics.replication else { return false };
    sent.iter().any(|(id, matched)| *id != replica.id && *matched < durable)
}

pub fn status(replica: &Replica, election_max_ms: u64) -> GroupStatus {
    let damaged = replica.damage();
    let Ok(raft) = replica.raft() else {
        return GroupStatus::stopped(replica.id, damaged);
    };
    let metrics = raft.metrics();
    let metrics = metrics.borrow_watched();
    let role = match metrics.state {
        _ if metrics.running_state.is_err() || damaged.is_some() => Role::Stopped,
        openraft::ServerState::Leader => Role::Leader,
        openraft::ServerState::Follower => Role::Follower,
        openraft::ServerState::Candidate => Role::Candidate,
        openraft::ServerState::Learner => Role::Learner,
        openraft::ServerState::Shutdown => Role::Stopped,
    };
    let members = metrics.membership_config.membership();
    let proposed = metrics.membership_config.log_id().map(|id| id.index);
    let quorum_ms = metrics.last_quorum_acked.as_ref().map(|at| at.elapsed());
    GroupStatus {
        replica: replica.id,
        term: metrics.current_term,
        role,
        leader: metrics.current_leader.unwrap_or(0),
        voters: members.voter_ids().collect(),
        learners: members.learner_ids().collect(),
        committed: metrics.cluster_committed.map_or(0, |id| id.index),
        last_index: metrics.last_log_index.unwrap_or(0),
        damaged,
        settled: proposed <= metrics.cluster_committed.map(|id| id.index),
        has_quorum: role == Role::Leader
            && (members.voter_ids().count() == 1
                || quorum_ms.is_some_and(|age| age < Duration::from_millis(election_max_ms))),
    }
}

fn not_leader(replica: &Replica, forward: &ForwardToLeader<Config>) -> NodeError {
    let leader = forward.leader_id.filter(|id| *id != replica.id).map_or(0, worker_of);
    NodeError::NotLeader { shard: replica.shard_id, leader }
}

/// The outcome of `write`, unless this leader has lost its majority and would wait until that is back: who asked may ask
/// another replica, under the same name.
async fn while_there_is_a_majority<T>(
    replica: &Replica,
    raft: &Raft,
    write: impl Future<Output = T>,
) -> Result<T> {
    let patience = replica.election_max();
    let (mut write, asked) = (std::pin::pin!(write), Instant::now());
    loop {
        let looked = tokio::time::timeout(patience / 4, &mut write).await;
        if let Ok(outcome) = looked {
            return Ok(outcome);
        }
        let metrics = raft.metrics();
        let heard = metrics.borrow_watched().last_quorum_acked.as_ref().map(|at| at.elapsed());
        if asked.elapsed() > patience && heard.is_none_or(|age| age > patience) {
            return Err(NodeError::CommitUnknown(replica.shard_id));
        }
    }
}

/// Has the command committed and applied here.
pub async fn propose(replica: &Replica, command: Bytes) -> Result<Applied> {
    let shard = replica.shard_id;
    let raft = replica.raft()?;
    if crate::faults::ack_before_commit() {
        let index = replica.log.last_index() + 1;
        let raft = raft.clone();
        tokio::spawn(async move { raft.client_write(Command(command)).await.map(|_| ()) });
        return Ok(Applied { index, affected: 1, refused: None });
    }
    match while_there_is_a_majority(replica, raft, raft.client_write(Command(command))).await? {
        Ok(written) => {
            let applied = written.data.0.ok_or(NodeError::Poisoned(shard))?;
            match applied.refused {
                Some((code, message)) => Err(NodeError::Refused(code, message)),
                None => Ok(applied),
            }
        }
        Err(RaftError::APIError(ClientWriteError::ForwardToLeader(forward))) => {
            Err(not_leader(replica, &forward))
        }
        Err(RaftError::APIError(ClientWriteError::LogEntryDiscarded(_))) => {
            Err(NodeError::CommitUnknown(shard))
        }
        Err(RaftError::APIError(error)) => Err(NodeError::Unavailable { shard, reason: error.to_string() }),
        Err(RaftError::Fatal(_)) => {
            replica.check_usable()?;
            Err(NodeError::Poisoned(shard))
        }
    }
}

/// Returns once a read here sees what `consistency` promises, or says why it will not before `deadline`.
pub async fn ready(
    replica: &Replica,
    transport: &Arc<Transport>,
    consistency: Consistency,
    deadline: Instant,
) -> Result<()> {
    replica.check_usable()?;
    match consistency {
        Consistency::Any => Ok(()),
        Consistency::AtLeast(index) => wait_applied(replica, index, deadline).await,
        Consistency::Linearizable => {
            if crate::faults::follower_reads_as_strong() {
                return Ok(());
            }
            let index = read_index(replica, transport, deadline).await?;
            wait_applied(replica, index, deadline).await
        }
        Consistency::Bounded(ms) => bounded(replica, Duration::from_millis(ms), deadline).await,
    }
}

/// The entry that a linearizable read must see, from the leader.
async fn read_index(replica: &Replica, transport: &Arc<Transport>, deadline: Instant) -> Result<u64> {
    let is_voter = {
        let raft = replica.raft()?;
        let metrics = raft.metrics();
        let metrics = metrics.borrow_watched();
        metrics.membership_config.membership().voter_ids().any(|id| id == replica.id)
    };
    if !is_voter {
        return Err(NodeError::SearchOnly(replica.shard_id));
    }
    loop {
        let failure = match leader_read_index(replica, deadline).await {
            Err(NodeError::NotLeader { leader, shard }) => {
                let to = replica.raft()?.current_leader().await.filter(|to| *to != replica.id);
                match to {
                    Some(to) => match ask_read_index(replica, transport, to, deadline).await {
                        Ok(index) => return Ok(index),
                        Err(failure) => failure,
                    },
                    None => NodeError::NotLeader { leader, shard },
                }
            }
            other => return other,
        };
        // An election is under way, or this replica has not heard of its outcome.
        if Instant::now() + Duration::from_millis(20) >= deadline {
            return Err(failure);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ask_read_index(
    replica: &Replica,
    transport: &Arc<Transport>,
    to: ReplicaId,
    deadline: Instant,
) -> Result<u64> {
    let call =
        Call { group: replica.shard_id, from: replica.id, to, kind: Kind::ReadIndex, payload: Bytes::new() };
    let limit = deadline.saturating_duration_since(Instant::now());
    let mut answer = transport.link(to, false).call(call, limit).await?;
    if answer.len() == 8 {
        Ok(answer.get_u64_le())
    } else {
        Err(NodeError::Protocol("the answer of the leader does not contain a read index".into()))
    }
}

async fn leader_read_index(replica: &Replica, deadline: Instant) -> Result<u64> {
    let shard = replica.shard_id;
    let asked = replica.raft()?.get_read_log_id(ReadPolicy::ReadIndex);
    let answer = tokio::time::timeout_at(deadline, asked).await;
    match answer {
        Ok(Ok((read, _))) => Ok(read.log_id().index),
        Ok(Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(forward)))) => {
            Err(not_leader(replica, &forward))
        }
        Ok(Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(e)))) => {
            Err(NodeError::Unavailable { shard, reason: e.to_string() })
        }
        Ok(Err(RaftError::Fatal(_))) => Err(NodeError::Poisoned(shard)),
        Err(_) => Err(NodeError::Unavailable {
            shard,
            reason: "no majority of the replicas confirmed the leader in time: try again".into(),
        }),
    }
}

async fn wait_applied(replica: &Replica, index: u64, deadline: Instant) -> Result<()> {
    let mut applied = replica.applied();
    let reached = tokio::time::timeout_at(deadline, applied.wait_for(|applied| *applied >= index)).await;
    match reached {
        Ok(Ok(_)) => Ok(()),
        _ => {
            let applied = replica.applied_index();
            Err(NodeError::NotCaughtUp { shard: replica.shard_id, applied, asked: index })
        }
    }
}

async fn bounded(replica: &Replica, allowed: Duration, deadline: Instant) -> Result<()> {
    loop {
        // A follower is as current as the last word of a leader whose entries it has applied.
        let seen = replica.leader_seen();
        if seen.is_some_and(|seen| seen.at.elapsed() <= allowed && seen.commit <= replica.applied_index()) {
            return Ok(());
        }
        match leader_read_index(replica, deadline).await {
            Ok(index) => return wait_applied(replica, index, deadline).await,
            // No leader, or one that no majority confirms: what is known here is all there is.
            Err(NodeError::NotLeader { .. } | NodeError::Unavailable { .. }) => {}
            Err(other) => return Err(other),
        }
        if Instant::now() + Duration::from_millis(20) >= deadline {
            let age = seen.map_or("never".to_owned(), |seen| format!("{} ms", seen.at.elapsed().as_millis()));
            let allowed_ms = allowed.as_millis() as u64;
            return Err(NodeError::TooStale { shard: replica.shard_id, age, allowed_ms });
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Answers another replica.
pub async fn answer(
    replica: &Arc<Replica>,
    receiving: &Receiving,
    disk_low: bool,
    call: Call,
) -> Result<Bytes> {
    if call.kind == Kind::Reverted {
        replica.mark_damaged("the log lacks entries that this replica had acknowledged");
        return Ok(Bytes::new());
    }
    if call.kind == Kind::Differs {
        replica.mark_damaged("the state differs from that of the other replicas");
        return Ok(Bytes::new());
    }
    replica.check_usable()?;
    let raft = replica.raft()?;
    let stopped = |_| NodeError::Poisoned(replica.shard_id);
    match call.kind {
        Kind::Append => {
            let at = Instant::now();
            let request = AppendEntriesRequest::try_from(decoded::<proto::AppendRequest>(call.payload)?)?;
            if disk_low && !request.entries.is_empty() {
                let reason = "its disk is almost full".into();
                return Err(NodeError::Unavailable { shard: replica.shard_id, reason });
            }
            let commit = request.leader_commit.map_or(0, |id| id.index);
            let response =
                raft.append_entries(request).await.map_err(|_| NodeError::Poisoned(replica.shard_id))?;
            if response.is_success() {
                replica.note_leader(LeaderSeen { at, commit });
            }
            Ok(proto::AppendResponse::from(response).encode_to_vec().into())
        }
        Kind::Vote => {
            let request = VoteRequest::try_from(decoded::<proto::VoteRequest>(call.payload)?)?;
            let response = raft.vote(request).await.map_err(|_| NodeError::Poisoned(replica.shard_id))?;
            Ok(proto::VoteResponse::from(response).encode_to_vec().into())
        }
        Kind::PreVote => {
            let request = VoteRequest::try_from(decoded::<proto::VoteRequest>(call.payload)?)?;
            let response = raft.pre_vote(request).await.map_err(|_| NodeError::Poisoned(replica.shard_id))?;
            Ok(proto::VoteResponse::from(response).encode_to_vec().into())
        }
        Kind::Transfer => {
            let request = TransferLeaderRequest::try_from(decoded::<proto::TransferRequest>(call.payload)?)?;
            let answer = raft.handle_transfer_leader(request).await.map_err(stopped)?;
            use openraft::raft::TransferLeaderError::{LogNotFlushed, VoteChanged};
            let answer = match answer {
                Ok(()) => proto::TransferResponse { accepted: true, vote: None, last: None },
                Err(VoteChanged { actual, .. }) => {
                    proto::TransferResponse { accepted: false, vote: Some(actual.into()), last: None }
                }
                Err(LogNotFlushed { actual, .. }) => {
                    proto::TransferResponse { accepted: false, vote: None, last: actual.map(Into::into) }
                }
            };
            Ok(answer.encode_to_vec().into())
        }
        Kind::ReadIndex => {
            let index = leader_read_index(replica, Instant::now() + Duration::from_secs(2)).await?;
            Ok(Bytes::copy_from_slice(&index.to_le_bytes()))
        }
        Kind::StateHash => Ok(Bytes::from(scrub::answer(replica, call.payload)?)),
        Kind::SnapshotBegin => crate::machine::blocking(|| receiving.begin(replica, call.payload)),
        Kind::SnapshotPiece => {
            crate::machine::blocking(|| receiving.piece(replica, call.payload)).map(|()| Bytes::new())
        }
        Kind::SnapshotEnd => receiving.end(replica, raft, call.payload).await,
        Kind::Answer | Kind::Failure | Kind::Reverted | Kind::Differs => {
            Err(NodeError::Protocol("the message is not a known call".into()))
        }
    }
}

/// Hands the lead to another voter, if that can take it: one that is away would leave the group without a leader until
/// the others stand for election.
pub async fn transfer_leader(replica: &Replica, to: ReplicaId) -> Result<()> {
    may_lead(replica, to)?;
    replica.raft()?.trigger().transfer_leader(to).await.map_err(|_| NodeError::Poisoned(replica.shard_id))
}

/// Whether another replica has answered this leader a moment ago and has nearly everything.
fn may_lead(replica: &Replica, to: ReplicaId) -> Result<()> {
    let raft = replica.raft()?;
    let metrics = raft.metrics();
    let metrics = metrics.borrow_watched();
    let heard = metrics.heartbeat.as_ref().and_then(|acked| acked.get(&to).cloned().flatten());
    let has = metrics.replication.as_ref().and_then(|progress| progress.get(&to).copied().flatten());
    let answers = heard.is_some_and(|at| at.elapsed() < replica.election_max() / 2);
    let last = metrics.last_log_index.unwrap_or(0);
    if answers && has.is_some_and(|at| at.index + 100 >= last) {
        return Ok(());
    }
    let reason = format!(
        "replica {to} cannot be reached or is behind, or this replica is not the leader: the leadership was not transferred; try again"
    );
    Err(NodeError::Unavailable { shard: replica.shard_id, reason })
}

/// Stops the clock of a group of which this replica is the only member and leads: there is nobody to send heartbeats to
/// and nobody to be elected. With it on, 768 such groups take two fifths of a core to do nothing.
pub fn set_clock(replica: &Replica) -> Result<()> {
    let raft = replica.raft()?;
    let alone = {
        let metrics = raft.metrics();
        let metrics = metrics.borrow_watched();
        let members = metrics.membership_config.membership().nodes().map(|(id, ())| *id);
        metrics.state == openraft::ServerState::Leader && members.eq([replica.id])
    };
    run_clock(replica, raft, !alone);
    Ok(())
}

fn run_clock(replica: &Replica, raft: &Raft, runs: bool) {
    if replica.clock_runs.swap(runs, std::sync::atomic::Ordering::AcqRel) != runs {
        raft.runtime_config().tick(runs);
    }
}

/// A leader's step towards the members that the control plane wants. Every step is safe to repeat and to leave off.
pub async fn step_membership(replica: &Replica, caught_up: &mut BTreeSet<ReplicaId>) -> Result<()> {
    let wanted = replica.wanted.lock().clone();
    let raft = replica.raft()?;
    let (members, voters, joint, progress, last) = {
        let metrics = raft.metrics();
        let metrics = metrics.borrow_watched();
        if metrics.state != openraft::ServerState::Leader || wanted.voters.is_empty() {
            return Ok(());
        }
        let membership = metrics.membership_config.membership();
        let members: BTreeSet<ReplicaId> = membership.nodes().map(|(id, ())| *id).collect();
        let voters: BTreeSet<ReplicaId> = membership.voter_ids().collect();
        let joint = membership.get_joint_config().len() > 1;
        (
            members,
            voters,
            joint,
            metrics.replication.clone().unwrap_or_default(),
            metrics.last_log_index.unwrap_or(0),
        )
    };
    let changed = |outcome: std::result::Result<_, RaftError<Config, ClientWriteError<Config>>>| match outcome
    {
        Ok(_) => Ok(()),
        Err(e) => Err(NodeError::Unavailable { shard: replica.shard_id, reason: e.to_string() }),
    };
    let all: BTreeSet<ReplicaId> = wanted.voters.union(&wanted.learners).copied().collect();
    if let Some(new) = all.difference(&members).next() {
        // Whoever joins must hear from this leader.
        run_clock(replica, raft, true);
        return changed(raft.add_learner(*new, (), false).await);
    }
    if joint || voters != wanted.voters {
        let near = |id: &ReplicaId| {
            *id == replica.id || progress.get(id).copied().flatten().is_some_and(|at| at.index + 100 >= last)
        };
        // Twice in a row: a learner that has just been added has not reported yet.
        let near: BTreeSet<ReplicaId> = wanted.voters.iter().copied().filter(near).collect();
        let sure: BTreeSet<ReplicaId> = near.intersection(caught_up).copied().collect();
        *caught_up = near;
        if sure != wanted.voters {
            return Ok(());
        }
        if !wanted.voters.contains(&replica.id) {
            let heirs: Vec<ReplicaId> = wanted.voters.intersection(&voters).copied().collect();
            if heirs.is_empty() {
                return changed(raft.change_membership(wanted.voters, false).await);
            }
            return match heirs.into_iter().find(|to| may_lead(replica, *to).is_ok()) {
                Some(to) => transfer_leader(replica, to).await,
                None => Ok(()),
            };
        }
        return changed(raft.change_membership(wanted.voters, false).await);
    }
    let extra: BTreeSet<ReplicaId> = members.difference(&all).copied().collect();
    if !extra.is_empty() {
        return changed(raft.change_membership(ChangeMembers::RemoveNodes(extra), false).await);
    }
    Ok(())
}
