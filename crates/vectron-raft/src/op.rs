//! The operations of a shard as they travel from the gateway, and their outcomes (proto/worker/v1/data.proto).
//! The worker's TypeScript passes both through undecoded.

use crate::{NodeError, Result};
use prost::{Message, Oneof};
use vectron_shard::{Applied, IdBatch, PointBatch, SearchRequest, SearchResult};

#[derive(Clone, PartialEq, Message)]
pub struct ShardOp {
    #[prost(uint64, tag = "1")]
    pub shard_id: u64,
    #[prost(uint64, tag = "2")]
    pub shard_epoch: u64,
    #[prost(oneof = "Op", tags = "3, 4, 5, 6, 7")]
    pub op: Option<Op>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Op {
    #[prost(message, tag = "3")]
    Search(SearchRequest),
    /// An encoded `PointBatch`: the same bytes on the wire as the message, and they go to the log as they are.
    #[prost(bytes, tag = "4")]
    Upsert(Vec<u8>),
    /// An encoded `IdBatch`.
    #[prost(bytes, tag = "5")]
    Delete(Vec<u8>),
    #[prost(message, tag = "6")]
    Get(IdBatch),
    #[prost(message, tag = "7")]
    Scroll(Page),
}

/// A page of points by id.
#[derive(Clone, PartialEq, Message)]
pub struct Page {
    /// Points with greater ids; empty: from the start.
    #[prost(string, tag = "1")]
    pub after: String,
    #[prost(uint32, tag = "2")]
    pub limit: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Written {
    /// Log index of the entry: a read that has seen it sees the write.
    #[prost(uint64, tag = "1")]
    pub index: u64,
    /// Points written, or ids that were there to delete.
    #[prost(uint32, tag = "2")]
    pub affected: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct ShardOutcome {
    /// Empty on success.
    #[prost(string, tag = "1")]
    pub error_code: String,
    #[prost(string, tag = "2")]
    pub error_message: String,
    #[prost(oneof = "Outcome", tags = "3, 4, 5")]
    pub outcome: Option<Outcome>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Outcome {
    #[prost(message, tag = "3")]
    Search(SearchResult),
    #[prost(message, tag = "4")]
    Written(Written),
    /// Of a get: those that exist, in the order asked.
    #[prost(message, tag = "5")]
    Points(PointBatch),
}

impl From<Applied> for Outcome {
    fn from(applied: Applied) -> Self {
        Self::Written(Written { index: applied.index, affected: applied.affected })
    }
}

impl From<Result<Outcome>> for ShardOutcome {
    fn from(outcome: Result<Outcome>) -> Self {
        match outcome {
            Ok(outcome) => Self { outcome: Some(outcome), ..Default::default() },
            Err(e) => Self::failed(&e),
        }
    }
}

impl ShardOutcome {
    fn failed(error: &NodeError) -> Self {
        Self { error_code: error.code().into(), error_message: error.to_string(), outcome: None }
    }
}
