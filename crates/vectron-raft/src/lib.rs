//! The replicas of one worker: Raft over one shared log, and what the service above asks of shards.
//!
//! A proposal is checked, appended to the log of a majority, synced there, applied and only then acknowledged. One
//! fsync covers the appends of all groups that are waiting. Consensus is the library openraft's; its types stay in
//! here (docs/adr/0013-openraft.md). What a read sees is its own to say: group.rs.
//!
//! Threads: one writes the log; two run the groups' tasks and their connections; a pool answers queries; a second,
//! smaller pool moves points into the graphs. Nothing here knows JavaScript.

mod disk;
mod durations;
mod error;
mod faults;
mod feed;
mod group;
mod lanes;
mod log;
mod machine;
mod net;
mod network;
mod node;
mod op;
mod proto;
mod replica;
mod scrub;
mod snapshot;
mod split;
mod transport;
mod types;
mod verify;
mod views;
mod wire;

pub use durations::Histogram;
pub use error::{NodeError, Result};
pub use group::{Consistency, GroupStatus, Role, Timing};
pub use lanes::{Lane, Operations};
pub use net::TlsFiles;
pub use node::{Assignment, Node, NodeOptions, Proposal, RaftListener, ReplicaStatus, Reply, StorageStatus};
pub use op::refusal;
pub use replica::Wanted;
pub use types::{ReplicaId, worker_of};
pub use vectron_storage::SMALL_STORE_BYTES;
pub use verify::{Checked, Exported, export_pebble, verify};

#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod cut_tests;
#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod feed_tests;
#[cfg(test)]
mod lane_tests;
#[cfg(test)]
mod sim_tests;
#[cfg(test)]
mod split_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod stored_tests;
#[cfg(test)]
mod tests;
