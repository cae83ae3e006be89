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
    #[error(
        "{tail} points are not indexed yet, and the limit is {max}: try again when the index has caught up"
    )]
    IndexBehind { tail: usize, max: usize },
    #[error(
        "the shard in {dir} was created with {stored}, not with {asked}: use its own settings, or another directory"
    )]
    SpecMismatch { dir: String, stored: String, asked: String },
    #[error(
        "the shard has epoch {current}, but the write uses epoch {asked}: refresh the route and try again"
    )]
    StaleEpoch { current: u64, asked: u64 },
    #[error(
        "write {sequence} arrived after its client had given it up, or after its record was dropped: it is not applied"
    )]
    RetryExpired { sequence: u64 },
    #[error("{id:?} has version {found}, not {expected}: read it again, and write with its version")]
    VersionConflict { id: String, found: u64, expected: u64 },
    #[error("the index of {0} is still being built: try again when it is ready")]
    IndexBuilding(String),
    #[error(
        "the answer would have more than {max_bytes} bytes: request fewer points (top_k), or no payloads (include_metadata: false) and get the points that you need by their ids"
    )]
    AnswerTooLarge { max_bytes: u32 },
    #[error("{what} have more than {max} bytes together: change fewer points at once")]
    TooLarge { what: &'static str, max: usize },
    #[error("the caller cancelled the request")]
    Cancelled,
    #[error("the read did not finish before its deadline: allow more time, or request less")]
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
