use vectron_shard::ShardError;
use vectron_storage::StorageError;

pub type Result<T> = std::result::Result<T, NodeError>;

#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error("shard {0} is not on this worker")]
    ShardNotFound(u64),
    #[error("shard {shard} has epoch {current}, the call says {asked}: refresh the route")]
    StaleEpoch { shard: u64, current: u64, asked: u64 },
    #[error("shard {0} stopped after a failed write or a panic; restart the worker to replay its log")]
    Poisoned(u64),
    #[error("{0} requests are waiting for a thread: retry later")]
    Overloaded(usize),
    #[error("the engine is closed")]
    Closed,
    #[error("the log entry {index} of shard {shard} is damaged")]
    LogDamaged { shard: u64, index: u64 },
    #[error("{1}")]
    Refused(String, String),
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl NodeError {
    /// Stable name of the error, for the wire.
    pub fn code(&self) -> &str {
        match self {
            Self::ShardNotFound(_) => "SHARD_NOT_FOUND",
            Self::StaleEpoch { .. } => "STALE_EPOCH",
            Self::Poisoned(_) => "SHARD_POISONED",
            Self::Overloaded(_) => "OVERLOADED",
            Self::Closed => "SHUTTING_DOWN",
            Self::LogDamaged { .. } => "DATA_DAMAGED",
            Self::Refused(code, _) => code,
            Self::Shard(e) => e.code(),
            Self::Storage(e) => e.code(),
            Self::Io(_) => "STORAGE_FAILED",
        }
    }
}
