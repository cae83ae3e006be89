//! A shard as it stood after one entry, in a directory of its own: what a snapshot sends and what a scrub reads.

use crate::apply::scroll;
use crate::apply::{APPLIED_KEY, STAMP_KEY, stored_applied_index};
use crate::proto::{PageOp, PointBatch};
use crate::verify::Fnv;
use crate::{Result, Shard, Until, changes, origins, point, snapshot, space};
use prost::Message;
use std::path::{Path, PathBuf};
use vectron_storage::Store;

/// Files that nobody changes any more; removed with the value.
pub struct Checkpoint {
    pub dir: PathBuf,
    /// Entry after which the shard stood so.
    pub applied: u64,
    /// What was kept beside that entry.
    pub stamp: Vec<u8>,
}

impl Shard {
    /// Makes a checkpoint in `dir`, which must not exist: links to the table files, and the saved graphs. Entries wait
    /// while what is in memory is written, a moment after a [`Shard::flush`].
    pub fn checkpoint(&self, dir: &Path) -> Result<Checkpoint> {
        self.store.flush()?;
        std::fs::create_dir_all(dir)?;
        let checkpoint = {
            let _entries_wait = self.writer.lock();
            self.store.checkpoint(&dir.join("store"))?;
            let stamp = self.stamp()?.unwrap_or_default();
            Checkpoint { dir: dir.to_owned(), applied: self.applied_index(), stamp }
        };
        snapshot::link(&self.dir, dir)?;
        Ok(checkpoint)
    }
}

impl Shard {
    /// Puts every point that the store at `to` lacks into it: what a snapshot without its deletes would be. For the test
    /// that such a snapshot is noticed.
    pub fn copy_missing_to(&self, to: &Path, resources: &vectron_storage::Resources) -> Result<()> {
        let store = Store::open(to, vectron_storage::Durability::State, resources)?;
        let mut batch = vectron_storage::Batch::default();
        self.store.scan(point::PREFIX, |key, value| {
            let here = key.starts_with(point::PREFIX);
            if here && store.get(key).is_ok_and(|found| found.is_none()) {
                batch.put(key, value);
            }
            here
        })?;
        store.write(batch)?;
        Ok(store.flush()?)
    }
}

impl Checkpoint {
    /// The directory, which the caller removes.
    pub fn keep(self) -> PathBuf {
        let dir = self.dir.clone();
        std::mem::forget(self);
        dir
    }

    /// Reads everything, which checks every block, and hashes what replicas have in common: equal logs give equal
    /// hashes.
    pub fn hash(&self) -> Result<u64> {
        let store = Store::open_read_only(&self.dir.join("store"))?;
        let mut hash = Fnv::new();
        let mut damaged = None;
        store.scan(&[], |key, value| {
            let own = [changes::PREFIX, space::DECLARED, origins::ORIGINS, origins::KEPT]
                .iter()
                .any(|own| key.starts_with(own));
            if !own && key != STAMP_KEY && key != APPLIED_KEY {
                hash.add(&(key.len() as u32).to_le_bytes());
                hash.add(key);
                hash.add(value);
            }
            if key.starts_with(point::PREFIX) {
                damaged = point::StoredPoint::decode(value).err();
            }
            damaged.is_none()
        })?;
        match damaged {
            Some(error) => Err(error),
            None => Ok(hash.finish() ^ stored_applied_index(&store)?),
        }
    }
}

/// What [`check`] found.
pub struct CheckedStore {
    pub points: u64,
    pub applied: u64,
    pub stamp: Vec<u8>,
    /// Whether all saved graphs are; `None`: there is none.
    pub graph_is_whole: Option<bool>,
}

/// Reads all of a shard's directory that nobody has open: every block, every point.
pub fn check(dir: &Path) -> Result<CheckedStore> {
    let store = Store::open_read_only(&dir.join("store"))?;
    let mut points = 0;
    let mut damaged = None;
    store.scan(&[], |key, value| {
        if key.starts_with(point::PREFIX) {
            points += 1;
            damaged = point::StoredPoint::decode(value).err();
        }
        damaged.is_none()
    })?;
    if let Some(error) = damaged {
        return Err(error);
    }
    Ok(CheckedStore {
        points,
        applied: stored_applied_index(&store)?,
        stamp: store.get(STAMP_KEY)?.unwrap_or_default(),
        graph_is_whole: snapshot::are_whole(dir),
    })
}

/// Most bytes of a page of a stored shard that has several points.
const STORED_PAGE_BYTES: u32 = 4 << 20;

/// The points of a store that nobody writes, Vectron's or one that Pebble made in its format.
pub struct StoredShard(Store);

impl StoredShard {
    pub fn open(dir: &Path) -> Result<Self> {
        Ok(Self(Store::open_read_only(dir)?))
    }

    /// An encoded `PointBatch` of up to `limit` points with ids after `after`, by id, and of at most some megabytes; empty at the end.
    pub fn page(&self, after: Option<&str>, limit: usize) -> Result<Vec<u8>> {
        let after = after.unwrap_or_default().into();
        let asked = PageOp { after, limit: limit as u32, max_bytes: STORED_PAGE_BYTES, ..PageOp::default() };
        let points = scroll(&self.0, &asked, &Until::default())?.points;
        Ok(PointBatch { points }.encode_to_vec())
    }
}

/// Makes `to` a copy of the closed shard in `dir` that Pebble v1 opens. Returns how many points it has. What is only in
/// the Raft log is not in it.
pub fn export_pebble(dir: &Path, to: &Path) -> Result<u64> {
    let resources = vectron_storage::Resources::new(8 << 20, 1 << 20);
    let store = Store::open(&dir.join("store"), vectron_storage::Durability::State, &resources)?;
    vectron_storage::pebble::export(&store, to)?;
    let mut points = 0;
    store.scan(point::PREFIX, |key, _| {
        let is_point = key.starts_with(point::PREFIX);
        points += u64::from(is_point);
        is_point
    })?;
    Ok(points)
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        // What is left behind is removed when the shard is opened the next time.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
