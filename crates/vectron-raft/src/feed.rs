//! The changes of a shard by log index, for who follows it.

use crate::replica::{self, Replica};
use crate::{NodeError, Result};
use vectron_shard::proto::mutation::Action;
use vectron_shard::proto::{Change, ChangeBatch, ChangeKind, PointData};
use vectron_shard::{Command, Shard};

/// Entries read at a time for a change feed.
const FEED_ENTRIES: u64 = 256;
const FEED_BYTES: usize = 1 << 20;

/// Changes from entry `from` on, in log order, as far as they are applied here. Never with a gap: where the log does not reach
/// back to `from`, before or after it was read, the answer is `ChangesGone`.
pub fn changes(replica: &Replica, from: u64) -> Result<ChangeBatch> {
    let shard = replica.shard();
    let applied = shard.applied_index();
    check_kept(replica, from)?;
    let mut feed = Feed { shard: &shard, changes: Vec::new(), bytes: 0 };
    let mut next_index = from;
    for entry in replica.log.read(from, from + FEED_ENTRIES)? {
        let index = entry.log_id.index;
        if index != next_index || index > applied || feed.bytes > FEED_BYTES {
            break;
        }
        feed.add(index, &replica::command(&entry))?;
        next_index = index + 1;
    }
    let changes = feed.changes;
    // What was cut meanwhile may be missing above.
    check_kept(replica, from)?;
    Ok(ChangeBatch { changes, next_index })
}

fn check_kept(replica: &Replica, from: u64) -> Result<()> {
    let first = replica.log.readable_from();
    match from < first {
        true => Err(NodeError::ChangesGone { shard: replica.shard_id, from, first }),
        false => Ok(()),
    }
}

struct Feed<'a> {
    shard: &'a Shard,
    changes: Vec<Change>,
    /// Of their points.
    bytes: usize,
}

impl Feed<'_> {
    /// What applied entry `index` changed. What was refused, or applied before, changed nothing.
    fn add(&mut self, index: u64, command: &vectron_shard::proto::LogCommand) -> Result<()> {
        let shard = self.shard;
        let Some(was_present) = shard.was_present(index)? else { return Ok(()) };
        match command.check(shard.spec()) {
            Ok(Command::Upsert(points, _)) => {
                for (at, point) in points.points.into_iter().enumerate() {
                    let kind = if was_present(at) { ChangeKind::Update } else { ChangeKind::Insert };
                    let expires_at_ms = point.expiry(command.proposed_at_ms);
                    let (version, ttl_ms, if_version) = (index, 0, None);
                    self.wrote(kind, PointData { version, expires_at_ms, ttl_ms, if_version, ..point });
                }
            }
            Ok(Command::Delete(ids)) => {
                let deleted = ids.ids.into_iter().enumerate().filter(|(at, _)| was_present(*at));
                deleted.for_each(|(_, id)| self.without_point(index, ChangeKind::Delete, id));
            }
            Ok(Command::Mutate(mutation)) if matches!(mutation.action, Some(Action::Change(_))) => {
                for id in shard.changed(index)?.unwrap_or_default() {
                    match shard.get(&id)? {
                        Some((point, version)) if version == index => self.wrote(ChangeKind::Update, point),
                        // Of a point that was written again since, that entry will tell.
                        Some(_) => {}
                        None => self.without_point(index, ChangeKind::Moved, id),
                    }
                }
            }
            Ok(Command::Mutate(_) | Command::Expire(_)) => {
                let gone = shard.changed(index)?.unwrap_or_default();
                gone.into_iter().for_each(|id| self.without_point(index, ChangeKind::Delete, id));
            }
            Ok(Command::SetEpoch(_) | Command::Scrub | Command::Split(_) | Command::Declare(_)) | Err(_) => {}
        }
        Ok(())
    }

    fn wrote(&mut self, kind: ChangeKind, point: PointData) {
        self.bytes += prost::Message::encoded_len(&point);
        let (index, id) = (point.version, point.id.clone());
        self.changes.push(Change { index, kind: kind.into(), id, point: Some(point) });
    }

    fn without_point(&mut self, index: u64, kind: ChangeKind, id: String) {
        self.bytes += id.len();
        self.changes.push(Change { index, kind: kind.into(), id, point: None });
    }
}
