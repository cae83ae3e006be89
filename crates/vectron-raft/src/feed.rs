//! The changes of a shard by log index, for who follows it.

use crate::replica::{self, Replica};
use crate::{NodeError, Result};
use vectron_shard::Command;
use vectron_shard::proto::mutation::Action;
use vectron_shard::proto::{Change, ChangeBatch, ChangeKind};

/// Entries read at a time for a change feed.
const FEED_ENTRIES: u64 = 256;
const FEED_BYTES: usize = 1 << 20;

/// Changes from entry `from` on, in log order, as far as they are applied here.
pub fn changes(replica: &Replica, from: u64) -> Result<ChangeBatch> {
    let shard = replica.shard();
    let applied = shard.applied_index();
    let first = replica.log.first_index().max(1);
    if from < first && first <= applied + 1 {
        return Err(NodeError::ChangesGone { shard: replica.shard_id, from, first });
    }
    let mut batch = ChangeBatch { changes: Vec::new(), next_index: from };
    let mut bytes = 0;
    for entry in replica.log.read(from, from + FEED_ENTRIES)? {
        let index = entry.log_id.index;
        if index > applied || bytes > FEED_BYTES {
            break;
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
