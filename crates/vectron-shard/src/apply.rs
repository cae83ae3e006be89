//! Applying log entries, and reading single points back.

use crate::point::{self, StoredPoint, Version};
use crate::{Command, LogCommand, PointData, Result, Shard, ShardError, changes};
use vectron_storage::{Batch, Store};

pub const APPLIED_KEY: &[u8] = b"_applied";
pub const STAMP_KEY: &[u8] = b"_raft";
pub const EPOCH_KEY: &[u8] = b"_epoch";

/// The verdict on an entry; the same on every replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub index: u64,
    /// Points written, or ids that were there to delete.
    pub affected: u32,
    /// Set when the entry was refused: `(code, message)`. Nothing of it was applied.
    pub refused: Option<(String, String)>,
}

pub fn stored_applied_index(store: &Store) -> Result<u64> {
    stored_number(store, APPLIED_KEY)
}

pub fn stored_epoch(store: &Store) -> Result<u64> {
    stored_number(store, EPOCH_KEY)
}

/// 0 where there is none.
fn stored_number(store: &Store, key: &[u8]) -> Result<u64> {
    let Some(bytes) = store.get(key)? else { return Ok(0) };
    bytes
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| ShardError::Damaged(format!("{} has a wrong length", String::from_utf8_lossy(key))))
}

impl Shard {
    /// [`Shard::apply_stamped`] with nothing to keep.
    pub fn apply(&self, index: u64, command: &LogCommand) -> Result<Applied> {
        self.apply_stamped(index, command, &[])
    }

    /// Applies entry `index`, which must follow the applied index. The points, the applied index and `stamp` (what
    /// the caller wants to find again beside it) reach the store in one batch; then searches see all of it at
    /// once. A command that cannot be applied is refused in the answer; an `Err` means the store or the memory
    /// failed and the shard must stop.
    pub fn apply_stamped(&self, index: u64, command: &LogCommand, stamp: &[u8]) -> Result<Applied> {
        let verdict = command.check(&self.spec);
        let mut batch = self.batch(index, stamp);
        let mut writer = self.writer.lock();
        let generation = self.generation.load_full();
        let mut applied = Applied { index, affected: 0, refused: None };
        let verdict = verdict.and_then(|checked| Ok((writer.admit(command)?, checked)));
        match verdict {
            // It was applied before: the answer is the one of then.
            Ok((Some(before), _)) => {
                self.store.write(batch)?;
                writer.nothing(&generation, index);
                generation.publish(index, writer.ids.len() as u64);
                return Ok(before);
            }
            Ok((None, Command::Upsert(points, vectors))) => {
                for (ordinal, point) in points.points.iter().enumerate() {
                    let version = Version { index, ordinal: ordinal as u32 };
                    batch.put(
                        &point::key(&point.id),
                        &stored(point, version, command.proposed_at_ms).encode(),
                    );
                }
                applied.affected = points.points.len() as u32;
                let ids = || points.points.iter().map(|p| p.id.as_str());
                changes::record(&mut batch, index, writer.present(ids()));
                writer.sessions.remember(&mut batch, command, &applied);
                self.store.write(batch)?;
                writer.upsert(&generation, index, ids().zip(&vectors))?;
            }
            Ok((None, Command::Delete(ids))) => {
                ids.ids.iter().for_each(|id| batch.delete(&point::key(id)));
                let present = writer.absent_after_first(ids.ids.iter().map(String::as_str));
                applied.affected = present.iter().filter(|present| **present).count() as u32;
                changes::record(&mut batch, index, present);
                writer.sessions.remember(&mut batch, command, &applied);
                self.store.write(batch)?;
                writer.delete(&generation, index, &ids.ids);
            }
            Ok((None, Command::SetEpoch(epoch))) => {
                if epoch > writer.epoch {
                    batch.put(EPOCH_KEY, &epoch.to_le_bytes());
                }
                self.store.write(batch)?;
                writer.epoch = writer.epoch.max(epoch);
                writer.nothing(&generation, index);
            }
            Ok((None, Command::Split(split))) => {
                let gone = writer.given_up(&split);
                gone.iter().for_each(|id| batch.delete(&point::key(id)));
                batch.put(EPOCH_KEY, &split.epoch.to_le_bytes());
                applied.affected = gone.len() as u32;
                self.store.write(batch)?;
                writer.epoch = split.epoch;
                writer.delete(&generation, index, &gone);
            }
            Ok((None, Command::Scrub)) => {
                self.store.write(batch)?;
                writer.nothing(&generation, index);
            }
            Err(refusal) => {
                self.store.write(batch)?;
                applied.refused = Some((refusal.code().into(), refusal.to_string()));
                writer.nothing(&generation, index);
            }
        }
        generation.publish(index, writer.ids.len() as u64);
        Ok(applied)
    }

    /// An entry that means nothing to the shard.
    pub fn advance(&self, index: u64, stamp: &[u8]) -> Result<()> {
        let mut writer = self.writer.lock();
        self.store.write(self.batch(index, stamp))?;
        let generation = self.generation.load_full();
        writer.nothing(&generation, index);
        generation.publish(index, writer.ids.len() as u64);
        Ok(())
    }

    fn batch(&self, index: u64, stamp: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(APPLIED_KEY, &index.to_le_bytes());
        if !stamp.is_empty() {
            batch.put(STAMP_KEY, stamp);
        }
        batch
    }

    /// What was last applied with [`Shard::apply_stamped`] or [`Shard::advance`].
    pub fn stamp(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.store.get(STAMP_KEY)?)
    }

    /// The epoch that the log has set, 0: none.
    pub fn epoch(&self) -> u64 {
        self.writer.lock().epoch
    }

    /// The point as it was written (vector not normalised) with its log index, or `None`.
    pub fn get(&self, id: &str) -> Result<Option<(PointData, u64)>> {
        let Some(bytes) = self.store.get(&point::key(id))? else { return Ok(None) };
        let stored = StoredPoint::decode(&bytes)?;
        Ok(Some((data(id, &stored), stored.version.index)))
    }

    /// Up to `limit` points with ids after `after`, by id (byte order).
    pub fn scroll(&self, after: Option<&str>, limit: usize) -> Result<Vec<PointData>> {
        scroll(&self.store, after, limit)
    }
}

pub fn scroll(store: &Store, after: Option<&str>, limit: usize) -> Result<Vec<PointData>> {
    let mut points = Vec::new();
    let mut failure = None;
    let from = after.map_or(point::PREFIX.to_vec(), |id| [&point::key(id)[..], &[0]].concat());
    store.scan(&from, |key, value| {
        let Some(id) = key.strip_prefix(point::PREFIX) else { return false };
        if points.len() == limit {
            return false;
        }
        match StoredPoint::decode(value) {
            Ok(stored) => points.push(data(&String::from_utf8_lossy(id), &stored)),
            Err(e) => failure = Some(e),
        }
        failure.is_none()
    })?;
    failure.map_or(Ok(points), Err)
}

fn stored(point: &PointData, version: Version, written_at_ms: u64) -> StoredPoint<'_> {
    StoredPoint { version, written_at_ms, vector: &point.vector, payload: &point.payload }
}

fn data(id: &str, stored: &StoredPoint<'_>) -> PointData {
    PointData { id: id.into(), vector: stored.vector.into(), payload: stored.payload.into() }
}
