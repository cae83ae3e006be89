//! The shard in memory: slots in log order, their vectors, and the graph over the first of them.

use crate::point::{LoadedPoint, Version};
use crate::{Metric, ShardSpec};
use std::collections::HashMap;
use std::sync::Arc;
use vectron_hnsw::Graph;

/// Vectors a chunk: growth allocates, it never moves what is there.
const CHUNK: usize = 1024;

pub type SlotId = u32;

pub struct Slot {
    pub id: Arc<str>,
    pub version: Version,
    /// `false` once deleted or overwritten; never `true` again.
    pub live: bool,
}

/// Invariants: `graph.len() <= slots.len()`; slot `n` and graph node `n` are the same point; `ids` holds
/// exactly the live slots.
pub struct State {
    pub ids: HashMap<Arc<str>, SlotId>,
    pub slots: Vec<Slot>,
    pub graph: Graph,
    pub applied: u64,
    dim: usize,
    vectors: Vec<Box<[f32]>>,
}

impl State {
    pub fn new(spec: &ShardSpec, graph: Graph, applied: u64) -> Self {
        Self { ids: HashMap::new(), slots: Vec::new(), graph, applied, dim: spec.dim, vectors: Vec::new() }
    }

    /// Appends a live slot for `id`; its former slot, if any, dies. `vector`: normalised for cosine.
    pub fn push(&mut self, id: &str, version: Version, vector: &[f32]) {
        let slot = self.push_slot(id, version, vector);
        let id = Arc::clone(&self.slots[slot as usize].id);
        if let Some(former) = self.ids.insert(id, slot) {
            self.slots[former as usize].live = false;
        }
    }

    /// Appends a slot for a point that is no more, so that graph nodes keep their numbers.
    pub fn push_dead(&mut self, id: &str, version: Version) {
        let slot = self.push_slot(id, version, &vec![0.0; self.dim]);
        self.slots[slot as usize].live = false;
    }

    fn push_slot(&mut self, id: &str, version: Version, vector: &[f32]) -> SlotId {
        let at = self.slots.len();
        if at == self.vectors.len() * CHUNK {
            self.vectors.push(vec![0.0; CHUNK * self.dim].into_boxed_slice());
        }
        let start = (at % CHUNK) * self.dim;
        self.vectors[at / CHUNK][start..start + self.dim].copy_from_slice(vector);
        self.slots.push(Slot { id: id.into(), version, live: true });
        at as SlotId
    }

    /// Returns whether `id` was there.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(slot) = self.ids.remove(id) else { return false };
        self.slots[slot as usize].live = false;
        true
    }

    pub fn push_loaded(&mut self, mut point: LoadedPoint, metric: Metric) {
        if metric == Metric::Cosine {
            vectron_kernels::normalize(&mut point.vector);
        }
        self.push(&point.id, point.version, &point.vector);
    }

    #[inline]
    pub fn vector(&self, slot: SlotId) -> &[f32] {
        let at = slot as usize;
        let start = (at % CHUNK) * self.dim;
        &self.vectors[at / CHUNK][start..start + self.dim]
    }

    pub fn is_live(&self, slot: SlotId) -> bool {
        self.slots[slot as usize].live
    }

    /// Slots that wait for the graph, dead ones included.
    pub fn tail_len(&self) -> usize {
        self.slots.len() - self.graph.len()
    }

    pub fn memory_bytes(&self) -> usize {
        let slot_bytes: usize = self.slots.len() * (size_of::<Slot>() + 64);
        self.vectors.len() * CHUNK * self.dim * 4 + self.graph.memory_bytes() + slot_bytes
    }
}
