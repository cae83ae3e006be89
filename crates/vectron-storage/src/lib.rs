//! RocksDB as Vectron uses it: one key space a store, options that Pebble v1 reads (no column families,
//! default comparator, CRC32c blocks of format version 2, snappy; see docs/adr/0002), no merge operators.
//! It knows bytes, not vectors.
//!
//! Two durabilities. A *log* store syncs its write-ahead log before a write returns. A *state* store has
//! no write-ahead log: the replicated log is its log, and what a crash takes is applied again. The first
//! failed write poisons a store: after a failed fsync the kernel may have dropped the pages, so a later
//! success would prove nothing.

mod options;

pub use options::Resources;

use rocksdb::{DB, Direction, IteratorMode, WriteBatch, WriteOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be opened or read: stop and look at the disk.
    #[error("storage at {path}: {source}")]
    Io { path: PathBuf, source: rocksdb::Error },
    /// An earlier write failed; the store refuses writes until the process restarts and replays its log.
    #[error("storage at {path} refuses writes: an earlier write failed")]
    Poisoned { path: PathBuf },
}

impl StorageError {
    /// Stable name of the error, for the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "STORAGE_FAILED",
            Self::Poisoned { .. } => "SHARD_POISONED",
        }
    }
}

pub type Result<T> = std::result::Result<T, StorageError>;

/// How a write becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Synced write-ahead log: durable when `write` returns.
    Log,
    /// No write-ahead log: durable after `flush`.
    State,
}

/// Puts and deletes that are applied together or not at all.
#[derive(Default)]
pub struct Batch(WriteBatch);

impl Batch {
    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        self.0.put(key, value);
    }

    pub fn delete(&mut self, key: &[u8]) {
        self.0.delete(key);
    }

    /// Deletes every key in `from..to`.
    pub fn delete_range(&mut self, from: &[u8], to: &[u8]) {
        self.0.delete_range(from, to);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One RocksDB database. Thread-safe.
pub struct Store {
    db: DB,
    path: PathBuf,
    durability: Durability,
    poisoned: AtomicBool,
}

impl Store {
    /// Opens the database at `path`, or makes it. Replays the write-ahead log of a [`Durability::Log`] store.
    pub fn open(path: &Path, durability: Durability, resources: &Resources) -> Result<Self> {
        let db = DB::open(&options::database(durability, resources), path)
            .map_err(|source| StorageError::Io { path: path.to_owned(), source })?;
        Ok(Self { db, path: path.to_owned(), durability, poisoned: AtomicBool::new(false) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.db.get(key).map_err(|e| self.failed(e))
    }

    /// One answer a key, in order.
    pub fn get_many<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Result<Vec<Option<Vec<u8>>>> {
        self.db.multi_get(keys).into_iter().map(|value| value.map_err(|e| self.failed(e))).collect()
    }

    /// Calls `visit` for each key of `from..` in order, until it returns `false` or the keys end.
    pub fn scan(&self, from: &[u8], mut visit: impl FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        for item in self.db.iterator(IteratorMode::From(from, Direction::Forward)) {
            let (key, value) = item.map_err(|e| self.failed(e))?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }

    /// Applies the batch; see [`Durability`] for what that promises.
    pub fn write(&self, batch: Batch) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StorageError::Poisoned { path: self.path.clone() });
        }
        let mut how = WriteOptions::default();
        match self.durability {
            Durability::Log => how.set_sync(true),
            Durability::State => how.disable_wal(true),
        }
        self.db.write_opt(batch.0, &how).map_err(|e| {
            self.poisoned.store(true, Ordering::Release);
            self.failed(e)
        })
    }

    /// Makes everything written so far durable.
    pub fn flush(&self) -> Result<()> {
        self.db.flush().map_err(|e| {
            self.poisoned.store(true, Ordering::Release);
            self.failed(e)
        })
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Bytes of the table files on disk.
    pub fn disk_bytes(&self) -> u64 {
        let property = rocksdb::properties::TOTAL_SST_FILES_SIZE;
        self.db.property_int_value(property).ok().flatten().unwrap_or(0)
    }

    fn failed(&self, source: rocksdb::Error) -> StorageError {
        StorageError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path, durability: Durability) -> Store {
        Store::open(dir, durability, &Resources::new(8 << 20, 8 << 20)).unwrap()
    }

    #[test]
    fn a_batch_is_read_back_after_a_reopen() {
        let dir = tempfile::tempdir().unwrap();
        for durability in [Durability::Log, Durability::State] {
            let path = dir.path().join(format!("{durability:?}"));
            let store = open(&path, durability);
            let mut batch = Batch::default();
            batch.put(b"a", b"1");
            batch.put(b"b", b"2");
            batch.put(b"c", b"3");
            store.write(batch).unwrap();
            let mut batch = Batch::default();
            batch.delete_range(b"b", b"c");
            store.write(batch).unwrap();
            if durability == Durability::State {
                store.flush().unwrap();
            }
            drop(store);
            let store = open(&path, durability);
            assert_eq!(store.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
            let many = store.get_many([&b"b"[..], b"c"].into_iter()).unwrap();
            assert_eq!(many, [None, Some(b"3".to_vec())]);
            let mut keys = Vec::new();
            store
                .scan(b"a", |k, _| {
                    keys.push(k.to_vec());
                    true
                })
                .unwrap();
            assert_eq!(keys, [b"a".to_vec(), b"c".to_vec()]);
        }
    }

    #[test]
    fn table_files_use_crc32c_and_format_version_2() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path(), Durability::State);
        let mut batch = Batch::default();
        batch.put(b"k", b"v");
        store.write(batch).unwrap();
        store.flush().unwrap();
        let table = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().path())
            .find(|p| p.extension().is_some_and(|x| x == "sst"))
            .unwrap();
        let bytes = std::fs::read(table).unwrap();
        // Footer: checksum type, two block handles padded to 40 bytes, format version, magic number.
        let footer = &bytes[bytes.len() - 53..];
        assert_eq!(footer[0], 1, "CRC32c");
        assert_eq!(footer[41..45], 2u32.to_le_bytes(), "format version");
    }
}
