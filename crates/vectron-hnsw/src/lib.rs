//! A hierarchical navigable small world graph over quantised vectors (Malkov & Yashunin, "Efficient and robust
//! approximate nearest neighbor search using HNSW graphs", 2018; "the paper" below).
//!
//! **Deterministic.** The level of a node comes from a hash of its id, nodes are inserted in the order given, and
//! every distance has the same bits on every CPU, so replicas that apply one log build one graph.
//! [`Graph::insert_parallel`] opts out.
//!
//! **Readers take no lock.** Links are atomic words, a node is visible only when its row is complete, and writers
//! take turns among themselves. A search sees each list of links as it was or as it becomes, never a link to
//! nothing.
//!
//! **Connected.** The links of layer 0 contain a spanning tree in both directions ([`tree`]) whose links are never
//! pruned, so every node can be reached from every other and a search with enough `ef` returns every live node.
//!
//! **Equal vectors are one node.** A node whose code is that of an older one has no links and is found with that one
//! ([`twins`]), so equal vectors take no links from others.
//!
//! **Deletes.** [`Graph::delete`] marks a node: it stays a waypoint and is never returned. [`Graph::compacted`]
//! makes a graph without the marked nodes, in which their neighbours are linked to each other.
//!
//! No I/O, no async, no clock: the caller decides when to save, to compact and to stop a search.

mod bulk;
mod codec;
mod codes;
mod compact;
mod insert;
mod links;
mod near;
mod product;
mod scratch;
mod search;
mod threads;
mod tree;
mod twins;

pub use codec::GraphFileError;
pub use codes::{Quantization, Query};
pub use search::{SearchOptions, SearchStats};

use codes::Codes;
use links::Links;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use twins::Leaders;
use vectron_kernels::Arena;

/// Position of a node: 0, 1, 2, ... in insertion order; below 2^31.
pub type NodeId = u32;

/// How closeness is computed. Vectors of a cosine graph must come normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Negative inner product of unit vectors.
    Cosine,
    /// Squared Euclidean distance.
    Euclidean,
    /// Negative inner product.
    Dot,
}

/// Shape of a graph, fixed at creation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Components of a vector, 1..=65,536.
    pub dim: usize,
    pub metric: Metric,
    /// Links of a node on the upper layers; layer 0 has twice as many. 2..=128.
    pub m: usize,
    /// Size of the candidate list while inserting. At least `m`.
    pub ef_construction: usize,
    pub quantization: Quantization,
}

/// The graph. `Sync`: any number of readers, which take no lock; writers take turns.
pub struct Graph {
    config: Config,
    codes: Codes,
    links: Links,
    /// `max_level << 32 | node`, or `NO_ENTRY`.
    entry: AtomicU64,
    deleted: AtomicU32,
    twins: AtomicU32,
    /// Greatest squared norm of a vector ever inserted, as the bits of a float; of inner products only.
    norm: AtomicU32,
    /// Bytes of the table of leaders.
    table_bytes: AtomicU64,
    /// Held by whoever changes the graph.
    writer: Mutex<Leaders>,
}

const NO_ENTRY: u64 = u64::MAX;

/// The system gave no memory for more nodes.
pub type Result<T> = std::io::Result<T>;

impl Graph {
    /// An empty graph that keeps its own codes, of vectors around zero: [`Graph::trained`] knows better.
    /// [`Quantization::Float`] may share its vectors instead: [`Graph::over`].
    ///
    /// # Panics
    /// For product quantisation, which needs training.
    pub fn new(config: Config) -> Self {
        Self::with_codes(config, Codes::around(&config, vec![0.0; config.dim]))
    }

    /// An empty graph that keeps its own codes, trained on `count` vectors ([`Quantization::training`]). The same vectors in
    /// the same order give the same codes.
    pub fn trained<'a>(config: Config, vectors: impl Fn(usize) -> &'a [f32], count: usize) -> Self {
        Self::with_codes(config, Codes::train(&config, vectors, count))
    }

    /// An empty graph over float rows that the caller keeps: node `n` is row `n`, which must be there before the
    /// node is inserted and hold at least `dim` floats.
    ///
    /// # Panics
    /// For any other quantisation than float.
    pub fn over(config: Config, vectors: Arc<Arena>) -> Self {
        assert_eq!(config.quantization, Quantization::Float, "only float graphs share their vectors");
        Self::with_codes(config, Codes::floats(&config, Some(vectors)))
    }

    fn with_codes(config: Config, codes: Codes) -> Self {
        let links = Links::new(config.m, codes.row_bytes());
        let entry = AtomicU64::new(NO_ENTRY);
        Self {
            config,
            codes,
            links,
            entry,
            deleted: AtomicU32::new(0),
            twins: AtomicU32::new(0),
            norm: AtomicU32::new(0),
            table_bytes: AtomicU64::new(0),
            writer: Mutex::default(),
        }
    }

    /// Nodes ever inserted, deleted ones included.
    pub fn len(&self) -> usize {
        self.links.len() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nodes that are marked deleted.
    pub fn deleted(&self) -> usize {
        self.deleted.load(Ordering::Acquire) as usize
    }

    pub fn is_deleted(&self, node: NodeId) -> bool {
        self.links.is_deleted(node)
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Bytes of codes and links in use, and of the table that finds equal codes.
    pub fn memory_bytes(&self) -> usize {
        let table = self.table_bytes.load(Ordering::Relaxed) as usize;
        self.links.memory_bytes() + self.codes.own_bytes() + table
    }

    /// Marks a node: it is never returned again. `false` when it was marked before.
    ///
    /// # Panics
    /// When the node does not exist.
    pub fn delete(&self, node: NodeId) -> bool {
        let _turn = self.writer.lock();
        let first = self.links.mark_deleted(node);
        self.deleted.fetch_add(u32::from(first), Ordering::AcqRel);
        first
    }

    /// A vector in the form that is compared with this graph's codes. O(dim), more for product codes.
    ///
    /// # Panics
    /// When the vector has another dimension: the shard checks it.
    pub fn query(&self, vector: &[f32]) -> Query {
        assert_eq!(vector.len(), self.config.dim, "the shard checks the dimension");
        self.codes.query(vector)
    }

    /// Standard deviation of `distance`, which [`Graph::search`] or [`Graph::compare`] gave for this node, from that of the
    /// vectors themselves: 0 without quantisation.
    pub fn deviation(&self, query: &Query, node: NodeId, distance: f32) -> f32 {
        self.codes.deviation(query, &self.links.rows, node, distance)
    }

    /// Distances of the codes of these nodes, in `out`, in their order. Much cheaper a node than a walk.
    pub fn compare(&self, query: &Query, nodes: &[NodeId], out: &mut Vec<f32>) {
        self.distances(query, nodes, out);
    }

    #[inline]
    fn distances(&self, query: &Query, nodes: &[NodeId], out: &mut Vec<f32>) {
        out.resize(nodes.len(), 0.0);
        self.codes.distances(query, &self.links.rows, nodes, out);
    }

    #[inline]
    fn distance(&self, query: &Query, node: NodeId) -> f32 {
        self.codes.distance(query, &self.links.rows, node)
    }

    /// The greatest squared norm of a vector ever inserted; 0 unless distances are inner products.
    fn greatest_norm(&self) -> f32 {
        f32::from_bits(self.norm.load(Ordering::Acquire))
    }

    /// Takes note of a squared norm. Floats that are not negative are in the order of their bits.
    fn raise_norm(&self, norm: f32) {
        self.norm.fetch_max(norm.to_bits(), Ordering::AcqRel);
    }

    fn query_of(&self, node: NodeId) -> Query {
        self.codes.query_of(&self.links.rows, node)
    }

    /// [`Graph::query_of`] for some dozens of comparisons.
    fn brief_query_of(&self, node: NodeId) -> Query {
        self.codes.brief_query_of(&self.links.rows, node)
    }

    /// `(node, its level)`.
    fn entry(&self) -> Option<(NodeId, usize)> {
        let entry = self.entry.load(Ordering::Acquire);
        (entry != NO_ENTRY).then_some((entry as u32, (entry >> 32) as usize))
    }

    fn set_entry(&self, node: NodeId, level: usize) {
        self.entry.store((level as u64) << 32 | u64::from(node), Ordering::Release);
    }
}

/// Level of a node: `floor(-ln(u) / ln(m))` with `u` uniform in (0, 1] taken from `hash`, capped at 16.
/// `hash` must be well mixed (all 64 bits).
pub fn level_from_hash(hash: u64, m: usize) -> usize {
    let u = ((hash >> 11) + 1) as f64 / (1u64 << 53) as f64;
    let level = -u.ln() / (m as f64).ln();
    (level as usize).min(16)
}

#[cfg(test)]
mod equal_tests;
#[cfg(test)]
mod tests;
