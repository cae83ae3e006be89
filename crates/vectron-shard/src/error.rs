use vectron_storage::{ErrorCode, StorageError};

pub type Result<T> = std::result::Result<T, ShardError>;

/// Variants are named for what the caller does about them; [`ShardError::code`] is what they are called on the wire.
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
    #[error(
        "the answer would have more than {max_bytes} bytes: ask for fewer points (top_k), or without payloads (include_metadata: false) and get those that you need by their ids"
    )]
    AnswerTooLarge { max_bytes: u32 },
    #[error("{what} have more than {max} bytes together: change fewer at once")]
    TooLarge { what: &'static str, max: usize },
    #[error("nobody waits for the answer")]
    Cancelled,
    #[error("the read was not done by its deadline")]
    Late,
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

    pub fn code(&self) -> ErrorCode {
        match self {
            Self::DimensionMismatch { .. } => ErrorCode::DimensionMismatch,
            Self::Invalid(_) => ErrorCode::InvalidArgument,
            Self::IndexBehind { .. } => ErrorCode::IndexBehind,
            Self::SpecMismatch { .. } => ErrorCode::SpecMismatch,
            Self::StaleEpoch { .. } => ErrorCode::StaleEpoch,
            Self::RetryExpired { .. } => ErrorCode::RetryExpired,
            Self::VersionConflict { .. } => ErrorCode::VersionConflict,
            Self::IndexBuilding(_) => ErrorCode::IndexBuilding,
            Self::AnswerTooLarge { .. } => ErrorCode::AnswerTooLarge,
            Self::TooLarge { .. } => ErrorCode::PayloadTooLarge,
            Self::Cancelled => ErrorCode::Cancelled,
            Self::Late => ErrorCode::DeadlineExceeded,
            Self::Damaged(_) => ErrorCode::DataDamaged,
            Self::Storage(e) => e.code(),
            Self::Snapshot(_) => ErrorCode::StorageFailed,
        }
    }
}
