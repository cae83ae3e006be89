//! Comparing the replicas of a group: each hashes its state as of one entry, and who differs from the majority leaves.
//!
//! A comparison always ends. A replica knows of each entry whether its hash is known, is being made, or will never be
//! known here (it had the state by a snapshot, was started again, or had too much to do), and says so; and whoever asks
//! gives up after [`PATIENCE`] in all, whatever others answer.

use crate::replica::Replica;
use crate::transport::{Call, Kind, Transport};
use crate::types::ReplicaId;
use crate::{NodeError, Result, group};
use bytes::{Buf, Bytes};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use vectron_shard::Checkpoint;
use vectron_shard::proto::LogCommand;
use vectron_storage::ErrorCode;

/// How long a comparison may take in all.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one replica may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Between two questions to a replica that is not done.
const PAUSE: Duration = Duration::from_millis(50);
/// Outcomes that a replica remembers.
const KEPT: usize = 8;
/// States of one replica that are hashed at the same time; each has a thread and keeps the files of its state.
const AT_ONCE: usize = 2;
/// The answer that there will never be a hash as of the entry asked for. One that is not known yet is empty.
const NEVER: &[u8] = &[0];

/// What became of hashing the state as of one entry.
#[derive(Debug, Clone)]
pub enum Scrubbed {
    Hash(u64),
    /// It cannot be read, for this reason.
    Damaged(String),
    /// It was not hashed.
    Never,
}

/// The states of one replica that were or are being hashed, by log index.
#[derive(Debug, Default)]
pub struct Scrubs {
    running: BTreeSet<u64>,
    done: VecDeque<(u64, Scrubbed)>,
}

impl Scrubs {
    /// Whether another state may be hashed now; the caller does it and calls [`Scrubs::finish`].
    pub fn begin(&mut self, index: u64) -> bool {
        self.running.len() < AT_ONCE && self.running.insert(index)
    }

    pub fn finish(&mut self, index: u64, outcome: Scrubbed) {
        self.running.remove(&index);
        self.done.push_back((index, outcome));
        while self.done.len() > KEPT {
            self.done.pop_front();
        }
    }

    /// `None`: it is not known yet. `applied`: the last entry of the state here.
    fn outcome(&self, index: u64, applied: u64) -> Option<Scrubbed> {
        let done = self.done.iter().rev().find(|(of, _)| *of == index).map(|(_, outcome)| outcome.clone());
        match done {
            None if self.running.contains(&index) || applied < index => None,
            None => Some(Scrubbed::Never),
            found => found,
        }
    }
}

/// Hashes a state in a thread of its own.
pub fn hash(scrubs: &Arc<parking_lot::Mutex<Scrubs>>, index: u64, checkpoint: Checkpoint) {
    if !scrubs.lock().begin(index) {
        return scrubs.lock().finish(index, Scrubbed::Never);
    }
    let result = Arc::clone(scrubs);
    let spawned = std::thread::Builder::new().name("vectron-scrub".into()).spawn(move || {
        // Whatever happens here, whoever asks must hear of an end.
        let hashed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| checkpoint.hash()));
        let outcome = match hashed {
            Ok(Ok(hash)) => Scrubbed::Hash(hash),
            Ok(Err(error)) => {
                let error = NodeError::from(error);
                // No memory, no open files: that says nothing of what is stored.
                if error.is_damage() { Scrubbed::Damaged(error.to_string()) } else { Scrubbed::Never }
            }
            Err(_) => Scrubbed::Never,
        };
        result.lock().finish(index, outcome);
    });
    if spawned.is_err() {
        scrubs.lock().finish(index, Scrubbed::Never);
    }
}

/// The hash as of the entry asked for: 8 bytes; none while it is not known; one byte when it never will be.
pub fn answer(replica: &Replica, mut asked: Bytes) -> Result<Vec<u8>> {
    let asked = if asked.len() == 8 { asked.get_u64_le() } else { 0 };
    let outcome = replica.scrubs().lock().outcome(asked, replica.applied_index());
    match outcome {
        None => Ok(Vec::new()),
        Some(Scrubbed::Hash(hash)) => Ok(hash.to_le_bytes().to_vec()),
        Some(Scrubbed::Never) => Ok(NEVER.to_vec()),
        Some(Scrubbed::Damaged(reason)) => {
            replica.mark_damaged(&reason);
            Err(NodeError::ReplicaDamaged { shard: replica.shard_id, reason })
        }
    }
}

/// Has all replicas hash their state as of one entry and compares. What differs from the majority, this one included,
/// is taken out. Returns the entry and the replicas that differ. One at a time of a shard: another is refused.
pub async fn compare(replica: &Arc<Replica>, transport: &Arc<Transport>) -> Result<(u64, Vec<ReplicaId>)> {
    let shard = replica.shard_id;
    let Ok(_alone) = replica.comparing.try_lock() else {
        let message = format!(
            "the replicas of shard {shard} are already being compared: wait until the comparison ends"
        );
        return Err(NodeError::Refused(ErrorCode::Conflict, message));
    };
    let deadline = Instant::now() + PATIENCE;
    let command = LogCommand { scrub: true, ..Default::default() };
    let proposed = group::propose(replica, command.encode_to_vec().into());
    let proposed = tokio::time::timeout_at(deadline, proposed).await;
    let index = proposed.map_err(|_| NodeError::CommitUnknown(shard))??.index;
    let status = group::status(replica, 0);
    let members: Vec<ReplicaId> = status.voters.into_iter().chain(status.learners).collect();
    let asked = members.iter().map(|&to| ask(replica, transport, to, index, deadline));
    let answers = futures_util::future::join_all(asked).await;
    let mut hashes = BTreeMap::new();
    let mut damaged = Vec::new();
    for (&to, answer) in members.iter().zip(answers) {
        match answer {
            Some(Scrubbed::Hash(hash)) => {
                hashes.insert(to, hash);
            }
            Some(Scrubbed::Damaged(_)) => damaged.push(to),
            // It is away, or never had that state; the next comparison finds it.
            Some(Scrubbed::Never) | None => {}
        }
    }
    let alike = |hash: u64| hashes.values().filter(|other| **other == hash).count();
    let most = hashes.values().map(|&hash| alike(hash)).max().filter(|most| *most * 2 > members.len());
    let Some(most) = most else { return Ok((index, damaged)) };
    let common = hashes.values().copied().find(|&hash| alike(hash) == most);
    for (&to, _) in hashes.iter().filter(|(_, hash)| Some(**hash) != common) {
        damaged.push(to);
        if to == replica.id {
            replica.mark_damaged("the state differs from that of the other replicas");
        } else {
            let call =
                Call { group: shard, from: replica.id, to, kind: Kind::Differs, payload: Bytes::new() };
            // It hears of it at the next comparison otherwise.
            let _ = transport.link(to, false).call(call, ANSWER).await;
        }
    }
    Ok((index, damaged))
}

/// What one replica says of its state as of entry `index`; `None`: it does not say.
async fn ask(
    replica: &Replica,
    transport: &Arc<Transport>,
    to: ReplicaId,
    index: u64,
    deadline: Instant,
) -> Option<Scrubbed> {
    loop {
        let asked = Bytes::copy_from_slice(&index.to_le_bytes());
        let said = if to == replica.id {
            answer(replica, asked).map(Bytes::from)
        } else {
            let group = replica.shard_id;
            let call = Call { group, from: replica.id, to, kind: Kind::StateHash, payload: asked };
            transport.link(to, false).call(call, ANSWER).await
        };
        match said {
            Ok(mut hash) if hash.len() == 8 => return Some(Scrubbed::Hash(hash.get_u64_le())),
            Ok(said) if said.is_empty() && Instant::now() + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await
            }
            Ok(_) => return None,
            Err(NodeError::Refused(ErrorCode::DataDamaged, reason))
            | Err(NodeError::ReplicaDamaged { reason, .. }) => {
                return Some(Scrubbed::Damaged(reason));
            }
            Err(_) => return None,
        }
    }
}
