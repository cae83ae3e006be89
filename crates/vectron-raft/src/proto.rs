//! The messages of the log, of replicas and of snapshots, generated from `proto/raft/raft.proto` by `npm run proto`.
//! wire.rs has them made of the consensus library's values, and those of them.

#[rustfmt::skip]
#[path = "generated/vectron.raft.v1.rs"]
mod generated;

pub use generated::*;
