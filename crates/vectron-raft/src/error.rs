use vectron_shard::ShardError;
use vectron_storage::{ErrorCode, StorageError};

pub type Result<T> = std::result::Result<T, NodeError>;

#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error("shard {0} is not on this worker")]
    ShardNotFound(u64),
    #[error("shard {shard} has epoch {current}, the call says {asked}: refresh the route")]
    StaleEpoch { shard: u64, current: u64, asked: u64 },
    /// `leader`: number of the worker that leads, 0 when none is known.
    #[error("this replica does not lead shard {shard}; worker {leader} does, 0 meaning that none is known")]
    NotLeader { shard: u64, leader: u64 },
    #[error("shard {0} lost its leader while the write was on its way: it may or may not have been applied")]
    CommitUnknown(u64),
    #[error("shard {shard}: {reason}")]
    Unavailable { shard: u64, reason: String },
    #[error("shard {shard} is at entry {applied}, the read asks for {asked}: retry, or ask another replica")]
    NotCaughtUp { shard: u64, applied: u64, asked: u64 },
    #[error("shard {shard} here was last known to be current {age} ago, the read allows {allowed_ms} ms")]
    TooStale { shard: u64, age: String, allowed_ms: u64 },
    #[error(
        "this replica of shard {0} serves no linearizable reads: it has no vote. Ask a voter, or for less"
    )]
    SearchOnly(u64),
    #[error("shard {0} stopped after a failed write or a panic; restart the worker to replay its log")]
    Poisoned(u64),
    #[error("the replica of shard {shard} on this worker is damaged and waits to be replaced: {reason}")]
    ReplicaDamaged { shard: u64, reason: String },
    #[error("{0} requests are waiting for a thread: retry later")]
    Overloaded(usize),
    #[error(
        "{free} bytes are free on the disk of {dir}, less than the low-water mark of {mark}: writes come back when there is more; deletes and reads go on"
    )]
    DiskLow { dir: String, free: u64, mark: u64 },
    #[error("the engine is closed")]
    Closed,
    #[error("the log entry {index} of shard {shard} is damaged")]
    LogDamaged { shard: u64, index: u64 },
    #[error("{0}")]
    LogLost(String),
    #[error(
        "the log of shard {0} is of a development version before replication; export with that version and import again"
    )]
    OldFormat(u64),
    #[error(
        "changes of shard {shard} from entry {from} on are not kept any more; the oldest kept is {first}: read the collection again and go on from there"
    )]
    ChangesGone { shard: u64, from: u64, first: u64 },
    #[error(
        "changes of shard {shard} from entry {from} on were asked for, and its last entry is {last}: no answer gave that cursor, or what it had seen was lost with a machine before it was on disk"
    )]
    ChangesAhead { shard: u64, from: u64, last: u64 },
    #[error(
        "shard {shard} has no view {view:x} here: it was closed, not used for too long, or lost when the worker restarted"
    )]
    ViewGone { shard: u64, view: u64 },
    #[error(
        "{open} snapshots {of} are open, which is as many as may be: close one, or wait until one was not used for {idle_s} s"
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
