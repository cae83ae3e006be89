//! The replication groups of one worker: a shared log with group commit, and the propose interface above
//! the shards.
//!
//! A proposal is checked, appended to the log, synced, applied and only then acknowledged. One fsync covers
//! the appends of all groups that are waiting. A group has one member today: the log is local. The
//! interface (propose, epoch, applied index) is the one the Raft implementation takes over.
//!
//! Threads: one writes the log; a pool answers queries and applies entries; a second, smaller pool moves
//! points into the graphs. Nothing here knows JavaScript.

mod error;
mod group;
mod log;
mod node;
mod op;

pub use error::{NodeError, Result};
pub use log::{Entry, Log};
pub use node::{Node, NodeOptions, Proposal};
pub use op::{Op, Outcome, Page, ShardOp, ShardOutcome, Written};

#[cfg(test)]
mod tests;
