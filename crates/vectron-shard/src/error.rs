use vectron_storage::StorageError;

pub type Result<T> = std::result::Result<T, ShardError>;

/// Variants are named for what the caller does about them; [`ShardError::code`] is their name on the wire.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    #[error("{what}: expected {expected} dimensions, got {got}")]
    DimensionMismatch { what: String, expected: usize, got: usize },
    /// The request is wrong in itself and will be wrong again.
    #[error("{0}")]
    Invalid(String),
    #[error("{tail} points wait for the index (at most {max}): retry when it has caught up")]
    IndexBehind { tail: usize, max: usize },
    #[error("the shard in {dir} was made as {stored}, not as {asked}")]
    SpecMismatch { dir: String, stored: String, asked: String },
    #[error("the shard has epoch {current}, the write says {asked}: refresh the route")]
    StaleEpoch { current: u64, asked: u64 },
    #[error(
        "write {sequence} comes after its client has given it up, or after it was forgotten: it is not applied now"
    )]
    RetryExpired { sequence: u64 },
    #[error("{id:?} has version {found}, not {expected}: read it again")]
    VersionConflict { id: String, found: u64, expected: u64 },
    #[error("the index of {0} is being built: retry when it is ready")]
    IndexBuilding(String),
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("graph snapshot: {0}")]
    Snapshot(#[from] std::io::Error),
}

impl ShardError {
    /// Whether it says no to a command, the same on every replica, as against a store or memory that failed.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Damaged(_) | Self::Storage(_) | Self::Snapshot(_))
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::DimensionMismatch { .. } => "DIMENSION_MISMATCH",
            Self::Invalid(_) => "INVALID_ARGUMENT",
            Self::IndexBehind { .. } => "INDEX_BEHIND",
            Self::SpecMismatch { .. } => "SPEC_MISMATCH",
            Self::StaleEpoch { .. } => "STALE_EPOCH",
            Self::RetryExpired { .. } => "RETRY_EXPIRED",
            Self::VersionConflict { .. } => "VERSION_CONFLICT",
            Self::IndexBuilding(_) => "INDEX_BUILDING",
            Self::Damaged(_) => "DATA_DAMAGED",
            Self::Storage(e) => e.code(),
            Self::Snapshot(_) => "STORAGE_FAILED",
        }
    }
}
