//! RocksDB as Vectron uses it: one key space a store, options that Pebble v1 reads (no column families,
//! default comparator, CRC32c blocks of format version 2, snappy; see docs/adr/0002), no merge operators.
//! It knows bytes, not vectors.
//!
//! Two durabilities. A *log* store syncs its write-ahead log before a write returns. A *state* store has
//! no write-ahead log: the replicated log is its log, and what a crash takes is applied again. The first
//! failed write poisons a store: after a failed fsync the kernel may have dropped the pages, so a later
//! success would prove nothing.

#[path = "generated/error_code.rs"]
mod error_code;
mod options;
pub mod pebble;
mod records;

pub use error_code::ErrorCode;
pub use options::Resources;

use rocksdb::{DB, Direction, IteratorMode, WriteBatch, WriteOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

impl ErrorCode {
    /// By the name that another process gave it; one of a later version is INTERNAL.
    pub fn from_wire(name: &str) -> Self {
        Self::ALL.iter().copied().find(|code| code.name() == name).unwrap_or(Self::Internal)
    }
}

/// What went wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be opened or read: stop and look at the disk.
    #[error("storage at {path}: {source}")]
    Io { path: PathBuf, source: rocksdb::Error },
    /// Files are there, but not the one that says which of them count. Never taken for an empty store.
    #[error("storage at {path} is damaged: it has files, but CURRENT names no manifest that is there")]
    Headless { path: PathBuf },
    /// Its manifest or write-ahead log is not what was written.
    #[error("storage at {path} is damaged: its manifest or write-ahead log cannot be read")]
    Framing { path: PathBuf },
    #[error("storage at {path} cannot be exported: {reason}")]
    Export { path: PathBuf, reason: String },
    /// An earlier write failed; the store refuses writes until the process restarts and replays its log.
    #[error("storage at {path} refuses writes: an earlier write failed")]
    Poisoned { path: PathBuf },
}

impl StorageError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Io { .. } if self.is_damage() => ErrorCode::DataDamaged,
            Self::Io { .. } => ErrorCode::StorageFailed,
            Self::Headless { .. } | Self::Framing { .. } => ErrorCode::DataDamaged,
            Self::Export { .. } => ErrorCode::StorageFailed,
            Self::Poisoned { .. } => ErrorCode::ShardPoisoned,
        }
    }

    /// Whether what is on the disk is wrong, as against a disk that cannot be used just now.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), rocksdb::ErrorKind::Corruption | rocksdb::ErrorKind::NotSupported)
            }
            Self::Headless { .. } | Self::Framing { .. } => true,
            Self::Poisoned { .. } | Self::Export { .. } => false,
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
        check_files(path)?;
        let db = DB::open(&options::database(durability, resources), path)
            .map_err(|source| StorageError::Io { path: path.to_owned(), source })?;
        Ok(Self { db, path: path.to_owned(), durability, poisoned: AtomicBool::new(false) })
    }

    /// Opens the database at `path` for reading; it must not be open elsewhere for writing.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let resources = Resources::new(8 << 20, 1 << 20);
        let options = options::database(Durability::State, &resources);
        check_files(path)?;
        let db = DB::open_for_read_only(&options, path, false)
            .map_err(|source| StorageError::Io { path: path.to_owned(), source })?;
        let path = path.to_owned();
        Ok(Self { db, path, durability: Durability::State, poisoned: AtomicBool::new(true) })
    }

    /// Makes `dir` a database of its own with everything written so far: links to the table files.
    pub fn checkpoint(&self, dir: &Path) -> Result<()> {
        let checkpoint = rocksdb::checkpoint::Checkpoint::new(&self.db).map_err(|e| self.failed(e))?;
        checkpoint.create_checkpoint(dir).map_err(|e| self.failed(e))
    }

    /// Number of the last write. It grows with each, and a store that is opened again has the one it had.
    pub fn sequence(&self) -> u64 {
        self.db.latest_sequence_number()
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
        self.write_synced(batch, true)
    }

    /// As [`Store::write`]; a [`Durability::Log`] store leaves the sync to a later write or [`Store::sync`] when
    /// `synced` is false.
    pub fn write_synced(&self, batch: Batch, synced: bool) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StorageError::Poisoned { path: self.path.clone() });
        }
        let mut how = WriteOptions::default();
        match self.durability {
            Durability::Log => how.set_sync(synced),
            Durability::State => how.disable_wal(true),
        }
        self.db.write_opt(batch.0, &how).map_err(|e| {
            self.poisoned.store(true, Ordering::Release);
            self.failed(e)
        })
    }

    /// Syncs the write-ahead log.
    pub fn sync(&self) -> Result<()> {
        self.db.flush_wal(true).map_err(|e| {
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

/// What RocksDB would take for an empty store, or never come back from.
fn check_files(path: &Path) -> Result<()> {
    if !has_head(path) && has_data(path) {
        return Err(StorageError::Headless { path: path.to_owned() });
    }
    if path.is_dir() && matches!(records::are_sound(path), Ok(false)) {
        return Err(StorageError::Framing { path: path.to_owned() });
    }
    Ok(())
}

/// Whether `CURRENT` names a manifest that is there.
fn has_head(path: &Path) -> bool {
    std::fs::read(path.join("CURRENT")).is_ok_and(|name| {
        let name = String::from_utf8_lossy(&name);
        name.starts_with("MANIFEST-") && path.join(name.trim_end()).is_file()
    })
}

fn has_data(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("MANIFEST-") || name.ends_with(".sst") || name.ends_with(".log")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(dir: &Path, durability: Durability) -> Store {
        Store::open(dir, durability, &Resources::new(8 << 20, 8 << 20)).unwrap()
    }

    #[test]
    fn every_code_is_known_by_its_name_and_others_are_internal() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_wire(code.name()), *code);
        }
        assert_eq!(ErrorCode::from_wire("OF_A_LATER_VERSION"), ErrorCode::Internal);
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
