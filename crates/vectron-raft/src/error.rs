use vectron_shard::ShardError;
use vectron_storage::{ErrorCode, StorageError};

pub type Result<T> = std::result::Result<T, NodeError>;

#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error("shard {0} is not on this worker")]
    ShardNotFound(u64),
    #[error(
        "shard {shard} has epoch {current}, but the call uses epoch {asked}: refresh the route and try again"
    )]
    StaleEpoch { shard: u64, current: u64, asked: u64 },
    /// `leader`: number of the worker that leads, 0 when none is known.
    #[error(
        "this replica is not the leader of shard {shard}; the leader is worker {leader} (0: unknown): try again there"
    )]
    NotLeader { shard: u64, leader: u64 },
    #[error(
        "shard {0} lost its leader before the write was acknowledged: it may or may not have been applied; repeat it with the same origin"
    )]
    CommitUnknown(u64),
    #[error("shard {shard}: {reason}")]
    Unavailable { shard: u64, reason: String },
    #[error(
        "shard {shard} has applied entry {applied} here, but the read requires entry {asked}: try again, or ask another replica"
    )]
    NotCaughtUp { shard: u64, applied: u64, asked: u64 },
    #[error(
        "this replica of shard {shard} was last known to be current {age} ago, but the read allows {allowed_ms} ms: ask another replica, or allow more"
    )]
    TooStale { shard: u64, age: String, allowed_ms: u64 },
    #[error(
        "this replica of shard {0} has no vote and serves no linearizable reads: ask a voting replica, or request a weaker consistency"
    )]
    SearchOnly(u64),
    #[error("shard {0} stopped after a failed write or a panic; restart the worker to replay its log")]
    Poisoned(u64),
    #[error("the replica of shard {shard} on this worker is damaged and waits to be replaced: {reason}")]
    ReplicaDamaged { shard: u64, reason: String },
    #[error("{0} requests are waiting for a thread: try again later")]
    Overloaded(usize),
    #[error(
        "the disk of {dir} has {free} bytes free, less than the low-water mark of {mark}: only deletes and reads are accepted until there is more free space"
    )]
    DiskLow { dir: String, free: u64, mark: u64 },
    #[error("the engine is closed")]
    Closed,
    #[error("the log entry {index} of shard {shard} is damaged")]
    LogDamaged { shard: u64, index: u64 },
    #[error("{0}")]
    LogLost(String),
    #[error(
        "the log of shard {0} was written by a development version without replication: export the data with that version and import it again"
    )]
    OldFormat(u64),
    #[error(
        "the changes of shard {shard} from entry {from} on are no longer kept; the oldest one kept is {first}: read the collection again and continue from there"
    )]
    ChangesGone { shard: u64, from: u64, first: u64 },
    #[error(
        "the changes of shard {shard} from entry {from} on were requested, but its last entry is {last}: the cursor is not from an answer, or the entries before it were lost in a crash before they were on disk; read the collection again"
    )]
    ChangesAhead { shard: u64, from: u64, last: u64 },
    #[error(
        "shard {shard} has no view {view:x} on this worker: it was closed, was not used for too long, or was lost when the worker restarted; open a new snapshot"
    )]
    ViewGone { shard: u64, view: u64 },
    #[error(
        "{open} snapshots {of} are open, which is the limit: close one, or wait until one has not been used for {idle_s} s"
    )]
    ManyViews { open: usize, of: &'static str, idle_s: u64 },
    #[error("{0}")]
    Protocol(String),
    #[error("{1}")]
    Refused(ErrorCode, String),
    #[error(transparent)]
    Shard(#[from] ShardError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl NodeError {
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ShardNotFound(_) => ErrorCode::ShardNotFound,
            Self::StaleEpoch { .. } => ErrorCode::StaleEpoch,
            Self::NotLeader { .. } => ErrorCode::NotLeader,
            Self::CommitUnknown(_) => ErrorCode::CommitUnknown,
            Self::Unavailable { .. } => ErrorCode::Unavailable,
            Self::NotCaughtUp { .. } => ErrorCode::NotCaughtUp,
            Self::TooStale { .. } => ErrorCode::TooStale,
            Self::SearchOnly(_) => ErrorCode::SearchOnly,
            Self::Poisoned(_) => ErrorCode::ShardPoisoned,
            Self::ReplicaDamaged { .. } | Self::LogDamaged { .. } | Self::LogLost(_) => {
                ErrorCode::DataDamaged
            }
            Self::Overloaded(_) => ErrorCode::Overloaded,
            Self::DiskLow { .. } => ErrorCode::DiskLow,
            Self::Closed => ErrorCode::ShuttingDown,
            Self::OldFormat(_) => ErrorCode::SpecMismatch,
            Self::ChangesGone { .. } => ErrorCode::ChangesGone,
            Self::ChangesAhead { .. } => ErrorCode::InvalidArgument,
            Self::ViewGone { .. } => ErrorCode::SnapshotGone,
            Self::ManyViews { .. } => ErrorCode::Overloaded,
            Self::Protocol(_) => ErrorCode::InvalidArgument,
            Self::Refused(code, _) => *code,
            Self::Shard(e) => e.code(),
            Self::Storage(e) => e.code(),
            Self::Io(_) => ErrorCode::StorageFailed,
        }
    }

    /// Whether what is stored here cannot be trusted any more.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::LogDamaged { .. } | Self::LogLost(_) | Self::Shard(ShardError::Damaged(_)) => true,
            Self::Storage(e) | Self::Shard(ShardError::Storage(e)) => e.is_damage(),
            _ => false,
        }
    }
}
