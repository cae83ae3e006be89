//! The shard in memory: slots in log order, their vectors, and the graph over the first of them.
//!
//! Everything here only grows, so searches read it without a lock. A slot says at which log index it was born and
//! died; `applied` is published last, and a search takes the state as of one applied index. Space of dead
//! slots comes back when the index thread writes the next generation (`index.rs`).

use crate::point::Version;
use crate::vectors::Vectors;
use crate::{Result, ShardSpec};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use vectron_hnsw::{Graph, Quantization};

pub type SlotId = u32;

/// Death of a slot that lives.
pub const ALIVE: u64 = u64::MAX;

/// A vector of a point, from the entry that brought it to the one that took it away.
pub struct Slot {
    pub id: Arc<str>,
    /// By which it came.
    pub version: Version,
    /// Of the point when it was last written with this vector: index and ordinal.
    written: (AtomicU64, AtomicU32),
    /// Log index of the entry that deleted or overwrote it.
    death: AtomicU64,
}

impl Slot {
    pub fn live(id: Arc<str>, version: Version) -> Arc<Self> {
        Self::with(id, version, ALIVE)
    }

    fn with(id: Arc<str>, version: Version, death: u64) -> Arc<Self> {
        let written = (AtomicU64::new(version.index), AtomicU32::new(version.ordinal));
        Arc::new(Self { id, version, written, death: AtomicU64::new(death) })
    }

    /// A version that is no more, kept because the graph walks through it.
    pub fn dead(id: Arc<str>, version: Version) -> Arc<Self> {
        Self::with(id, version, 0)
    }

    /// The version of the point, of which this is the vector still. Of one moment for who keeps writes out.
    pub fn written(&self) -> Version {
        let (index, ordinal) = &self.written;
        Version { index: index.load(Ordering::Acquire), ordinal: ordinal.load(Ordering::Acquire) }
    }

    /// The point was written as `version`, and has this vector as before. By the applying thread.
    pub fn rewrite(&self, version: Version) {
        let (index, ordinal) = &self.written;
        ordinal.store(version.ordinal, Ordering::Release);
        index.store(version.index, Ordering::Release);
    }

    /// Whether the point has this vector as of that version of it.
    pub fn holds(&self, version: Version) -> bool {
        self.version <= version && version <= self.written()
    }

    pub fn kill(&self, at: u64) {
        self.death.store(at, Ordering::Release);
    }

    pub fn is_live(&self) -> bool {
        self.death() == ALIVE
    }

    /// Log index of the entry that deleted or overwrote it, or `ALIVE`.
    pub fn death(&self) -> u64 {
        self.death.load(Ordering::Acquire)
    }

    /// Whether it is part of the state as of log index `at`.
    pub fn is_visible(&self, at: u64) -> bool {
        self.version.index <= at && self.death.load(Ordering::Acquire) > at
    }
}

/// Invariants: graph node `n` is slot `n`, and the graph holds the first slots; `published` slots and as many
/// vectors exist.
pub struct Generation {
    pub slots: boxcar::Vec<Arc<Slot>>,
    pub vectors: Vectors,
    /// Missing until there are enough points to train its codes on.
    graph: OnceLock<Graph>,
    published: AtomicU32,
    applied: AtomicU64,
    /// The graph holds exactly the points of this log index; 0 while it does not.
    settled: AtomicU64,
    live: AtomicU64,
    /// Slots of former generations that were not taken over.
    gone: AtomicU64,
}

impl Generation {
    /// `file`: where mapped vectors go.
    pub fn new(spec: &ShardSpec, file: &Path, applied: u64) -> Result<Self> {
        Ok(Self {
            slots: boxcar::Vec::new(),
            vectors: Vectors::new(spec.vectors, spec.dim, file)?,
            graph: OnceLock::new(),
            published: AtomicU32::new(0),
            applied: AtomicU64::new(applied),
            settled: AtomicU64::new(0),
            live: AtomicU64::new(0),
            gone: AtomicU64::new(0),
        })
    }

    /// Starts with an empty graph where that needs no training.
    pub fn start_graph(&self, spec: &ShardSpec) {
        if let Some(rows) = self.shared_rows(spec) {
            self.set_graph(Graph::over(spec.graph_config(), rows));
        }
    }

    /// The vectors that a graph without quantisation walks over.
    pub fn shared_rows(&self, spec: &ShardSpec) -> Option<Arc<vectron_kernels::Arena>> {
        self.vectors.rows().filter(|_| spec.quantization == Quantization::Float).cloned()
    }

    /// Starts a graph whose codes are trained on the first slots, if they are there.
    pub fn train(&self, spec: &ShardSpec) {
        let training = spec.quantization.training();
        if self.graph.get().is_some() || !self.is_trainable(spec) {
            return;
        }
        let vectors: Vec<_> = (0..training as SlotId).filter_map(|slot| self.vectors.get(slot)).collect();
        self.set_graph(Graph::trained(spec.graph_config(), |i| &vectors[i], vectors.len()));
    }

    /// Whether the graph is there, or enough slots are to start one.
    pub fn is_trainable(&self, spec: &ShardSpec) -> bool {
        self.graph.get().is_some() || self.published() as usize >= spec.quantization.training()
    }

    pub fn set_graph(&self, graph: Graph) {
        // Only the opener, the index thread and a new generation's maker set it, each when it is missing.
        let _ = self.graph.set(graph);
    }

    pub fn graph(&self) -> Option<&Graph> {
        self.graph.get()
    }

    /// Slots that the graph holds.
    pub fn indexed(&self) -> SlotId {
        self.graph().map_or(0, |graph| graph.len() as SlotId)
    }

    /// Slots that may be read.
    pub fn published(&self) -> SlotId {
        self.published.load(Ordering::Acquire)
    }

    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// Log index as of which the graph is complete and without deleted nodes that live elsewhere.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }

    /// The index thread has taken in all of entry `at`, and nothing of the next.
    pub fn settle(&self, at: u64) {
        self.settled.store(at, Ordering::Release);
    }

    pub fn live(&self) -> u64 {
        self.live.load(Ordering::Acquire)
    }

    /// Slots ever made, in this generation and those before it: it grows by one with each vector that is written.
    pub fn made(&self) -> u64 {
        self.gone.load(Ordering::Acquire) + u64::from(self.published())
    }

    /// This generation follows `former`, without `gone` of its slots. To be called before it is published.
    pub fn follow(&self, former: &Self, gone: SlotId) {
        self.gone.store(former.gone.load(Ordering::Acquire) + u64::from(gone), Ordering::Release);
    }

    pub fn tail_len(&self) -> usize {
        // In this order: both grow meanwhile, and what is indexed was published before.
        let indexed = self.indexed();
        (self.published() - indexed) as usize
    }

    /// Live points that wait for the graph. Those that wait for more of them, to train its codes on, are not late: few are
    /// scanned as fast.
    pub fn waiting_points(&self, spec: &ShardSpec) -> u64 {
        if !self.is_trainable(spec) {
            return 0;
        }
        let (indexed, published) = (self.indexed(), self.published());
        (indexed..published).filter(|slot| self.slot(*slot).is_live()).count() as u64
    }

    /// # Panics
    /// When the slot does not exist.
    pub fn slot(&self, slot: SlotId) -> &Arc<Slot> {
        &self.slots[slot as usize]
    }

    /// Appends a slot with its vector; visible after [`Generation::publish`]. One caller at a time.
    pub fn push(&self, slot: Arc<Slot>, vector: &[f32]) -> Result<SlotId> {
        let at = self.slots.count() as SlotId;
        self.vectors.push(at, vector)?;
        self.slots.push(slot);
        Ok(at)
    }

    /// Appends a slot that the graph holds already and whose vector is only in the store.
    pub fn push_stored(&self, slot: Arc<Slot>) -> SlotId {
        self.slots.push(slot) as SlotId
    }

    /// Makes the pushed slots part of the state as of log index `applied`, in which `live` points live.
    pub fn publish(&self, applied: u64, live: u64) {
        self.published.store(self.slots.count() as SlotId, Ordering::Release);
        self.live.store(live, Ordering::Release);
        self.applied.store(applied, Ordering::Release);
    }

    pub fn memory_bytes(&self) -> usize {
        let slots = self.published() as usize * (size_of::<Slot>() + 8 + 24);
        self.vectors.memory_bytes() + slots + self.graph().map_or(0, Graph::memory_bytes)
    }
}
