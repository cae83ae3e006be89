//! RocksDB as Vectron uses it: one key space a store, options that Pebble v1 reads (no column families,
//! default comparator, CRC32c blocks of format version 2, snappy; see docs/adr/0002), no merge operators.
//! It knows bytes, not vectors.
//!
//! A state store that holds little is no RocksDB yet, but one file (`small.rs`, docs/adr/0032): it becomes one by itself
//! when it grows.
//!
//! Two durabilities. A *log* store syncs its write-ahead log before a write returns. A *state* store has
//! no write-ahead log: the replicated log is its log, and what a crash takes is applied again. The first
//! failed write poisons a store: after a failed fsync the kernel may have dropped the pages, so a later
//! success would prove nothing.

mod activity;
#[path = "generated/error_code.rs"]
mod error_code;
mod options;
pub mod pebble;
mod records;
mod rendered;
mod small;
mod store;

pub use activity::Activity;
pub use error_code::ErrorCode;
pub use options::{Resources, SMALL_STORE_BYTES};
pub use rendered::Name as RenderedName;
pub use store::Store;

use rocksdb::WriteBatch;
use std::path::PathBuf;

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
    #[error(
        "storage at {path} is damaged: it contains files, but CURRENT does not name an existing manifest"
    )]
    Headless { path: PathBuf },
    /// Its manifest or write-ahead log is not what was written.
    #[error("storage at {path} is damaged: its manifest or write-ahead log cannot be read")]
    Framing { path: PathBuf },
    /// The file of a store that holds little is not what was written.
    #[error("storage at {path} is damaged: the content of its file small.log differs from what was written")]
    Small { path: PathBuf },
    /// A file of the store cannot be read, written or removed: look at the disk.
    #[error("storage at {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("storage at {path} cannot be exported: {reason}")]
    Export { path: PathBuf, reason: String },
    /// An earlier write failed; the store refuses writes until the process restarts and replays its log.
    #[error(
        "storage at {path} refuses writes because an earlier write failed: check the disk and restart the worker"
    )]
    Poisoned { path: PathBuf },
}

impl StorageError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Io { .. } if self.is_damage() => ErrorCode::DataDamaged,
            Self::Io { .. } | Self::File { .. } => ErrorCode::StorageFailed,
            Self::Headless { .. } | Self::Framing { .. } | Self::Small { .. } => ErrorCode::DataDamaged,
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
            Self::Headless { .. } | Self::Framing { .. } | Self::Small { .. } => true,
            Self::File { .. } | Self::Poisoned { .. } | Self::Export { .. } => false,
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

#[cfg(test)]
mod tests;
