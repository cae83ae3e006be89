//! The changes of a shard by log index, for who follows it.

use crate::replica::{self, Replica};
use crate::{NodeError, Result};
use std::sync::atomic::{AtomicBool, Ordering};
use vectron_shard::proto::mutation::Action;
use vectron_shard::proto::{Change, ChangeBatch, ChangeKind};
use vectron_shard::{Command, ShardError};

/// Most entries of one answer.
const FEED_ENTRIES: u64 = 256;
/// Entries read at a time: each may have as many bytes as a request.
const READ_ENTRIES: u64 = 8;
const FEED_BYTES: u32 = 1 << 20;

/// Changes from entry `from` on, in log order, as far as they are applied here, up to the entry with which they have
/// `max_bytes`; 0: a megabyte.
pub fn changes(replica: &Replica, from: u64, max_bytes: u32, cancelled: &AtomicBool) -> Result<ChangeBatch> {
    let shard = replica.shard();
    let applied = shard.applied_index();
    let first = replica.log.first_index().max(1);
    if from < first && first <= applied + 1 {
        return Err(NodeError::ChangesGone { shard: replica.shard_id, from, first });
    }
    let mut batch = ChangeBatch { changes: Vec::new(), next_index: from };
    let mut bytes = 0;
    let max_bytes = if max_bytes == 0 { FEED_BYTES } else { max_bytes } as usize;
    let steps = (from..from + FEED_ENTRIES).step_by(READ_ENTRIES as usize);
    let entries = steps.map(|step| replica.log.read(step, step + READ_ENTRIES));
    for entry in entries.flat_map(|step| match step {
        Ok(entries) => entries.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }) {
        let entry = entry?;
        let index = entry.log_id.index;
        if index != batch.next_index || index > applied || bytes >= max_bytes {
            break;
        }
        if cancelled.load(Ordering::Relaxed) {
            return Err(ShardError::Cancelled.into());
        }
        batch.next_index = index + 1;
        // What was refused, or applied before, changed nothing.
        let Some(was_present) = shard.was_present(index)? else { continue };
        match replica::command(&entry).check(shard.spec()) {
            Ok(Command::Upsert(points, _)) => {
                for (at, point) in points.points.into_iter().enumerate() {
                    let kind = if was_present(at) { ChangeKind::Update } else { ChangeKind::Insert };
                    bytes += point.vector.len() + point.payload.len() + point.id.len();
                    let (id, vector, payload) = (point.id, point.vector, point.payload);
                    batch.changes.push(Change { index, kind: kind.into(), id, vector, payload });
                }
            }
            Ok(Command::Delete(ids)) => {
                let deleted = ids.ids.into_iter().enumerate().filter(|(at, _)| was_present(*at));
                batch.changes.extend(deleted.map(|(_, id)| Change {
                    index,
                    kind: ChangeKind::Delete.into(),
                    id,
                    ..Default::default()
                }));
            }
            Ok(Command::Mutate(mutation)) if matches!(mutation.action, Some(Action::Change(_))) => {
                for id in shard.changed(index)?.unwrap_or_default() {
                    // Of a point that was written again since, that entry will tell.
                    let Some((point, version)) = shard.get(&id)? else { continue };
                    if version == index {
                        let (vector, payload) = (point.vector, point.payload);
                        bytes += vector.len() + payload.len() + id.len();
                        batch.changes.push(Change {
                            index,
                            kind: ChangeKind::Update.into(),
                            id,
                            vector,
                            payload,
                        });
                    }
                }
            }
            Ok(Command::Mutate(_) | Command::Expire(_)) => {
                let gone = shard.changed(index)?.unwrap_or_default();
                batch.changes.extend(gone.into_iter().map(|id| Change {
                    index,
                    kind: ChangeKind::Delete.into(),
                    id,
                    ..Default::default()
                }));
            }
            Ok(Command::SetEpoch(_) | Command::Scrub | Command::Split(_) | Command::Declare(_)) | Err(_) => {}
        }
    }
    Ok(batch)
}
