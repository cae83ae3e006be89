//! Applying log entries, and reading single points back.

use crate::point::{self, StoredPoint, Version};
use crate::{Command, LogCommand, PointData, Result, Shard, ShardError};
use vectron_storage::{Batch, Store};

const APPLIED_KEY: &[u8] = b"_applied";

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
    match store.get(APPLIED_KEY)? {
        None => Ok(0),
        Some(bytes) => bytes
            .try_into()
            .map(u64::from_le_bytes)
            .map_err(|_| ShardError::Damaged("the applied index has a wrong length".into())),
    }
}

impl Shard {
    /// Applies entry `index`, which must follow the applied index. The points and the applied index reach
    /// the store in one batch; then searches see all of it at once. A command that cannot be applied is refused
    /// in the answer; an `Err` means the store or the memory failed and the shard must stop.
    pub fn apply(&self, index: u64, command: &LogCommand) -> Result<Applied> {
        let verdict = command.check(&self.spec);
        let mut batch = Batch::default();
        batch.put(APPLIED_KEY, &index.to_le_bytes());
        let mut writer = self.writer.lock();
        let generation = self.generation.load_full();
        let mut applied = Applied { index, affected: 0, refused: None };
        match verdict {
            Ok(Command::Upsert(points, vectors)) => {
                for (ordinal, point) in points.points.iter().enumerate() {
                    let version = Version { index, ordinal: ordinal as u32 };
                    batch.put(
                        &point::key(&point.id),
                        &stored(point, version, command.proposed_at_ms).encode(),
                    );
                }
                self.store.write(batch)?;
                applied.affected = points.points.len() as u32;
                writer.upsert(
                    &generation,
                    index,
                    points.points.iter().map(|p| p.id.as_str()).zip(&vectors),
                )?;
            }
            Ok(Command::Delete(ids)) => {
                ids.ids.iter().for_each(|id| batch.delete(&point::key(id)));
                self.store.write(batch)?;
                applied.affected = writer.delete(&generation, index, &ids.ids);
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

    /// The point as it was written (vector not normalised) with its log index, or `None`.
    pub fn get(&self, id: &str) -> Result<Option<(PointData, u64)>> {
        let Some(bytes) = self.store.get(&point::key(id))? else { return Ok(None) };
        let stored = StoredPoint::decode(&bytes)?;
        Ok(Some((data(id, &stored), stored.version.index)))
    }

    /// Up to `limit` points with ids after `after`, by id (byte order).
    pub fn scroll(&self, after: Option<&str>, limit: usize) -> Result<Vec<PointData>> {
        let mut points = Vec::new();
        let mut failure = None;
        let from = after.map_or(point::PREFIX.to_vec(), |id| [&point::key(id)[..], &[0]].concat());
        self.store.scan(&from, |key, value| {
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
}

fn stored(point: &PointData, version: Version, written_at_ms: u64) -> StoredPoint<'_> {
    StoredPoint { version, written_at_ms, vector: &point.vector, payload: &point.payload }
}

fn data(id: &str, stored: &StoredPoint<'_>) -> PointData {
    PointData { id: id.into(), vector: stored.vector.into(), payload: stored.payload.into() }
}
