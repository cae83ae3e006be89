//! What the consensus library is told about Vectron. Its types do not leave this crate.

use bytes::Bytes;
use openraft::storage::SnapshotMeta;
use vectron_shard::Applied;

/// Names one replica of one shard for good: the worker's number and how often that worker was given the shard. A
/// replica whose data is lost never comes back under its id.
pub type ReplicaId = u64;

/// Number of the worker that holds a replica.
pub fn worker_of(replica: ReplicaId) -> u64 {
    replica >> 16
}

/// An encoded `LogCommand`: opaque to consensus.
#[derive(Debug, Clone)]
pub struct Command(pub Bytes);

impl std::fmt::Display for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What applying an entry came to. `None`: the entry was the library's own.
#[derive(Debug, Clone)]
pub struct Verdict(pub Option<Applied>);

openraft::declare_raft_types!(
    pub Config:
        D = Command,
        R = Verdict,
        NodeId = ReplicaId,
        // Addresses change; the node keeps them by worker (see transport.rs).
        Node = (),
);

pub type Entry = openraft::alias::EntryOf<Config>;
pub type LogId = openraft::alias::LogIdOf<Config>;
pub type Vote = openraft::alias::VoteOf<Config>;
pub type Membership = openraft::Membership<ReplicaId, ()>;
pub type StoredMembership = openraft::alias::StoredMembershipOf<Config>;
pub type Meta = SnapshotMeta<openraft::alias::CommittedLeaderIdOf<Config>, ReplicaId, ()>;
pub type Raft = openraft::Raft<Config, crate::machine::Machine>;
