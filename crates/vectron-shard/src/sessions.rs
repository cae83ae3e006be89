//! What the shard remembers of clients' writes, so that one that is sent twice is applied once (Raft dissertation,
//! 6.3). Part of the replicated state: it changes only with entries, and its clock is the entries' own.
//!
//! Key `_d` | client (16 bytes) | sequence u64 BE; value: log index u64 LE | affected u32 LE | proposed at u64 LE | pending
//! from u64 LE.

use crate::command::CLIENT_BYTES;
use crate::proto::{LogCommand, Origin};
use crate::{Applied, Result, ShardError};
use std::collections::{BTreeMap, HashMap};
use vectron_storage::{Batch, Store};

const PREFIX: &[u8] = b"_d";
/// Writes of one client that are remembered; a client has fewer in flight to one shard.
const MAX_REMEMBERED: usize = 16_384;
/// A client that is silent for so long has no retry coming.
const FORGET_AFTER_MS: u64 = 3_600_000;
/// Entries between two looks for silent clients.
const SWEEP_EVERY: u64 = 1024;

#[derive(Default)]
pub struct Sessions {
    clients: HashMap<Vec<u8>, Session>,
}

/// By sequence; never empty.
type Session = BTreeMap<u64, Done>;

#[derive(Clone, Copy)]
struct Done {
    index: u64,
    affected: u32,
    proposed_at_ms: u64,
    pending_from: u64,
}

impl Done {
    fn encode(&self) -> Vec<u8> {
        let mut value = self.index.to_le_bytes().to_vec();
        value.extend_from_slice(&self.affected.to_le_bytes());
        value.extend_from_slice(&self.proposed_at_ms.to_le_bytes());
        value.extend_from_slice(&self.pending_from.to_le_bytes());
        value
    }

    fn decode(value: &[u8]) -> Option<Self> {
        let u64_at = |at: usize| Some(u64::from_le_bytes(value.get(at..at + 8)?.try_into().ok()?));
        Some(Self {
            index: u64_at(0)?,
            affected: u32::from_le_bytes(value.get(8..12)?.try_into().ok()?),
            proposed_at_ms: u64_at(12)?,
            pending_from: u64_at(20)?,
        })
    }
}

/// A write below this, and not remembered, was given up by its client, or is too old to be remembered.
fn floor(session: &Session) -> u64 {
    // The last one's is the highest, but for writes that overtook each other.
    let given_up = session.values().rev().take(64).map(|done| done.pending_from).max().unwrap_or(0);
    let forgotten = if session.len() >= MAX_REMEMBERED {
        session.first_key_value().map_or(0, |(first, _)| *first)
    } else {
        0
    };
    given_up.max(forgotten)
}

impl Sessions {
    pub fn load(store: &Store) -> Result<Self> {
        let mut sessions = Self::default();
        let mut damaged = false;
        store.scan(PREFIX, |key, value| {
            let Some(rest) = key.strip_prefix(PREFIX) else { return false };
            let parsed = rest.split_at_checked(CLIENT_BYTES).and_then(|(client, sequence)| {
                let sequence = u64::from_be_bytes(sequence.try_into().ok()?);
                Some((client.to_vec(), sequence, Done::decode(value)?))
            });
            let Some((client, sequence, done)) = parsed else {
                damaged = true;
                return false;
            };
            sessions.clients.entry(client).or_default().insert(sequence, done);
            true
        })?;
        if damaged {
            return Err(ShardError::Damaged("the record of a write cannot be read".into()));
        }
        Ok(sessions)
    }

    /// The answer of then, when the write was applied before.
    pub fn seen(&self, origin: &Origin) -> Result<Option<Applied>> {
        let Some(session) = self.clients.get(&origin.client) else { return Ok(None) };
        if let Some(&Done { index, affected, .. }) = session.get(&origin.sequence) {
            return Ok(Some(Applied { index, affected, refused: None }));
        }
        if origin.sequence < floor(session) {
            return Err(ShardError::RetryExpired { sequence: origin.sequence });
        }
        Ok(None)
    }

    /// Keeps the outcome of a write that is applied with this batch, and forgets what no retry can ask for.
    pub fn remember(&mut self, batch: &mut Batch, command: &LogCommand, applied: &Applied) {
        if applied.index.is_multiple_of(SWEEP_EVERY) {
            self.sweep(batch, command.proposed_at_ms);
        }
        let Some(origin) = &command.origin else { return };
        let session = self.clients.entry(origin.client.clone()).or_default();
        while let Some(first) = session.first_entry() {
            if *first.key() >= origin.pending_from {
                break;
            }
            batch.delete(&key(&origin.client, *first.key()));
            first.remove();
        }
        if session.len() == MAX_REMEMBERED
            && let Some((first, _)) = session.pop_first()
        {
            batch.delete(&key(&origin.client, first));
        }
        let done = Done {
            index: applied.index,
            affected: applied.affected,
            proposed_at_ms: command.proposed_at_ms,
            pending_from: origin.pending_from,
        };
        session.insert(origin.sequence, done);
        batch.put(&key(&origin.client, origin.sequence), &done.encode());
    }

    /// Depends on what is stored alone, so that a replica that was restarted forgets the same.
    fn sweep(&mut self, batch: &mut Batch, now_ms: u64) {
        self.clients.retain(|client, session| {
            let last_ms = session.last_key_value().map_or(0, |(_, done)| done.proposed_at_ms);
            let kept = last_ms + FORGET_AFTER_MS > now_ms;
            if !kept {
                session.keys().for_each(|sequence| batch.delete(&key(client, *sequence)));
            }
            kept
        });
    }
}

fn key(client: &[u8], sequence: u64) -> Vec<u8> {
    [PREFIX, client, &sequence.to_be_bytes()].concat()
}
