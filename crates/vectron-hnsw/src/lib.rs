//! A hierarchical navigable small world graph over int8 codes (Malkov & Yashunin, "Efficient and robust
//! approximate nearest neighbor search using HNSW graphs", 2018; "the paper" below).
//!
//! Deterministic: the level of a node comes from a hash of its id, nodes are inserted in the order given,
//! and distances between codes come from integer dot products, so replicas that apply one log build one
//! graph. No I/O, no async, no locks: the shard decides who may read and who may write. An insertion is
//! split into [`Graph::plan_insert`] (reads only, all distance work) and [`Graph::apply_insert`] (memory
//! copies only), so that a writer excludes searches for microseconds, not for the whole insertion.
//!
//! Nodes are never removed from the graph: a deleted node stays a waypoint and the caller's `accept`
//! filter keeps it out of the answers.

mod codec;
mod insert;
mod node_store;
mod search;
mod visited;

pub use codec::GraphFileError;
pub use insert::InsertPlan;
pub use search::SearchStats;

use node_store::NodeStore;

/// Position of a node: 0, 1, 2, ... in insertion order.
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
}

/// A vector in the form the graph compares: int8 codes, their scale and the squared norm.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub(crate) codes: Box<[i8]>,
    pub(crate) scale: f32,
    pub(crate) norm: f32,
}

impl Encoded {
    /// O(dim). `v` must be normalised for [`Metric::Cosine`].
    pub fn new(v: &[f32]) -> Self {
        let mut codes = vec![0i8; v.len()].into_boxed_slice();
        let scale = vectron_kernels::int8::encode(v, &mut codes);
        let norm = vectron_kernels::dot_i8(&codes, &codes) as f32 * scale * scale;
        Self { codes, scale, norm }
    }
}

/// The graph. `Sync`: any number of readers, one writer, arranged by the caller.
pub struct Graph {
    config: Config,
    nodes: NodeStore,
    entry: Option<NodeId>,
    max_level: usize,
}

impl Graph {
    pub fn new(config: Config) -> Self {
        Self { config, nodes: NodeStore::new(config.dim, config.m), entry: None, max_level: 0 }
    }

    /// Nodes ever inserted, absent ones included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Bytes held by codes and links (capacity, not use).
    pub fn memory_bytes(&self) -> usize {
        self.nodes.memory_bytes()
    }

    /// Takes a position without a node: for a slot that died before it was indexed.
    pub fn push_absent(&mut self) {
        self.nodes.push_absent();
    }

    /// Lower is closer; comparable within one graph only.
    #[inline]
    fn distance(&self, query: &Encoded, node: NodeId) -> f32 {
        self.code_distance((&query.codes, query.scale, query.norm), self.nodes.vector(node))
    }

    fn distance_between(&self, a: NodeId, b: NodeId) -> f32 {
        self.code_distance(self.nodes.vector(a), self.nodes.vector(b))
    }

    #[inline]
    fn code_distance(&self, a: (&[i8], f32, f32), b: (&[i8], f32, f32)) -> f32 {
        let dot = vectron_kernels::dot_i8(a.0, b.0) as f32 * a.1 * b.1;
        match self.config.metric {
            Metric::Cosine | Metric::Dot => -dot,
            Metric::Euclidean => a.2 + b.2 - 2.0 * dot,
        }
    }

    fn max_links(&self, layer: usize) -> usize {
        if layer == 0 { self.config.m * 2 } else { self.config.m }
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
mod tests;
