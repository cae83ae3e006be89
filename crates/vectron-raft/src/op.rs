//! The operations of a shard as they travel from the gateway, and their outcomes (proto/worker/data/data.proto).
//! The worker's TypeScript passes both through undecoded.

use crate::group::Consistency;
use crate::{NodeError, Result};
use prost::{Message, Oneof};
use vectron_shard::{
    Applied, CountRequest, Counted, FacetRequest, Facets, IdBatch, NamedVector, Origin, Page, PageRequest,
    PayloadIndex, PointBatch, SearchRequest, SearchResult, SparseVector,
};

#[derive(Clone, PartialEq, Message)]
pub struct ShardOp {
    #[prost(uint64, tag = "1")]
    pub shard_id: u64,
    #[prost(uint64, tag = "2")]
    pub shard_epoch: u64,
    #[prost(oneof = "Op", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14")]
    pub op: Option<Op>,
    /// Of a read; missing: any.
    #[prost(message, optional, tag = "20")]
    pub consistency: Option<ConsistencyMsg>,
    /// Of a write, so that a retry has the effect of once.
    #[prost(message, optional, tag = "21")]
    pub origin: Option<Origin>,
    /// Milliseconds that a read may wait for its consistency; 0: two seconds.
    #[prost(uint32, tag = "22")]
    pub timeout_ms: u32,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct ConsistencyMsg {
    #[prost(oneof = "Level", tags = "1, 2, 3")]
    pub level: Option<Level>,
}

#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Level {
    #[prost(bool, tag = "1")]
    Linearizable(bool),
    #[prost(uint64, tag = "2")]
    AtLeast(u64),
    #[prost(uint32, tag = "3")]
    BoundedMs(u32),
}

impl ShardOp {
    pub fn consistency(&self) -> Consistency {
        match self.consistency.and_then(|consistency| consistency.level) {
            None | Some(Level::Linearizable(false)) => Consistency::Any,
            Some(Level::Linearizable(true)) => Consistency::Linearizable,
            Some(Level::AtLeast(index)) => Consistency::AtLeast(index),
            Some(Level::BoundedMs(ms)) => Consistency::Bounded(u64::from(ms)),
        }
    }
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
    Scroll(PageRequest),
    #[prost(message, tag = "8")]
    Changes(ChangesOp),
    #[prost(message, tag = "9")]
    Count(CountRequest),
    #[prost(message, tag = "10")]
    Facets(FacetRequest),
    #[prost(message, tag = "11")]
    Batch(SearchBatch),
    #[prost(message, tag = "12")]
    Schema(SchemaOp),
    /// An encoded `Mutation`.
    #[prost(bytes, tag = "13")]
    Mutate(Vec<u8>),
    /// An encoded `Declaration`.
    #[prost(bytes, tag = "14")]
    Declare(Vec<u8>),
}

/// Searches that are answered together, in their order.
#[derive(Clone, PartialEq, Message)]
pub struct SearchBatch {
    #[prost(message, repeated, tag = "1")]
    pub searches: Vec<SearchRequest>,
}
#[derive(Clone, PartialEq, Message)]
pub struct SearchResults {
    #[prost(message, repeated, tag = "1")]
    pub results: Vec<SearchResult>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct SchemaOp {}
/// What the shard indexes, and how far that is.
#[derive(Clone, PartialEq, Message)]
pub struct SchemaStatus {
    #[prost(message, repeated, tag = "1")]
    pub indexes: Vec<IndexStatus>,
    #[prost(message, repeated, tag = "2")]
    pub sparse: Vec<SparseVector>,
    #[prost(uint64, tag = "3")]
    pub points: u64,
    #[prost(message, repeated, tag = "4")]
    pub vectors: Vec<NamedVector>,
}
#[derive(Clone, PartialEq, Message)]
pub struct IndexStatus {
    #[prost(message, optional, tag = "1")]
    pub index: Option<PayloadIndex>,
    #[prost(uint64, tag = "2")]
    pub indexed: u64,
    #[prost(bool, tag = "3")]
    pub ready: bool,
}

/// Changes by log index.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct ChangesOp {
    #[prost(uint64, tag = "1")]
    pub from_index: u64,
    /// How long to wait for the first, milliseconds.
    #[prost(uint32, tag = "2")]
    pub wait_ms: u32,
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
    #[prost(oneof = "Outcome", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11")]
    pub outcome: Option<Outcome>,
    /// With STALE_EPOCH: the epoch of the shard.
    #[prost(uint64, tag = "20")]
    pub epoch: u64,
    /// With NOT_LEADER: number of the worker that leads, 0 when none is known.
    #[prost(uint64, tag = "21")]
    pub leader: u64,
    /// Entry as of which a read was answered.
    #[prost(uint64, tag = "22")]
    pub applied_index: u64,
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
    #[prost(message, tag = "6")]
    Changes(ChangeBatch),
    #[prost(message, tag = "7")]
    Page(Page),
    #[prost(message, tag = "8")]
    Counted(Counted),
    #[prost(message, tag = "9")]
    Facets(Facets),
    #[prost(message, tag = "10")]
    Searches(SearchResults),
    #[prost(message, tag = "11")]
    Schema(SchemaStatus),
}

impl From<Applied> for Outcome {
    fn from(applied: Applied) -> Self {
        Self::Written(Written { index: applied.index, affected: applied.affected })
    }
}

impl ShardOutcome {
    /// `applied_index`: see the field.
    pub fn new(outcome: Result<(Outcome, u64)>) -> Self {
        match outcome {
            Ok((outcome, applied_index)) => {
                Self { outcome: Some(outcome), applied_index, ..Default::default() }
            }
            Err(e) => {
                let mut failed =
                    Self { error_code: e.code().into(), error_message: e.to_string(), ..Default::default() };
                match e {
                    NodeError::StaleEpoch { current, .. } => failed.epoch = current,
                    NodeError::NotLeader { leader, .. } => failed.leader = leader,
                    _ => {}
                }
                failed
            }
        }
    }
}

/// A change of a collection's points, for who follows it.
#[derive(Clone, PartialEq, Message)]
pub struct ChangeMsg {
    /// Entry that made it. Changes of one entry took effect together.
    #[prost(uint64, tag = "1")]
    pub index: u64,
    #[prost(enumeration = "ChangeKind", tag = "2")]
    pub kind: i32,
    #[prost(string, tag = "3")]
    pub id: String,
    #[prost(bytes = "vec", tag = "4")]
    pub vector: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    pub payload: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum ChangeKind {
    Unknown = 0,
    Insert = 1,
    Update = 2,
    Delete = 3,
}

#[derive(Clone, PartialEq, Message)]
pub struct ChangeBatch {
    #[prost(message, repeated, tag = "1")]
    pub changes: Vec<ChangeMsg>,
    /// Where to go on: every change below has been given.
    #[prost(uint64, tag = "2")]
    pub next_index: u64,
}
