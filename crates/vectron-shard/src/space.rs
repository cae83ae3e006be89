//! A named vector of a shard's points: vectors and a graph of their own, beside the first vector's. Which slot each row has is in
//! `Fields`. The graph depends on the entries since the vector was declared and on nothing else: it takes them in one by one,
//! as the first vector's does (`index.rs`), and is saved and loaded as that one is (`snapshot.rs`, `load.rs`).

use crate::command::check_vector;
use crate::generation::{Generation, Slot, SlotId};
use crate::index::{Indexed, Indexing, add_tail, advance, compacted};
use crate::load::Loaded;
use crate::point::Version;
use crate::proto::NamedVector;
use crate::recall::RecallBook;
use crate::writer::IndexWork;
use crate::{Result, Shard, ShardError, ShardSpec};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vectron_hnsw::Graph;
use vectron_storage::{Batch, Store};

/// In the store, with the name of a vector: the log index u64 at which it was declared. Replicas of earlier releases have none
/// of these.
pub const DECLARED: &[u8] = b"_vector_";

pub struct Space {
    declared: NamedVector,
    /// Log index of the declaration; 0: unknown.
    declared_at: u64,
    spec: ShardSpec,
    generation: ArcSwap<Generation>,
    /// What the points had when the vector was declared is there.
    begun: AtomicBool,
    /// Held by whoever changes or saves the graph.
    pub indexing: Mutex<Indexing>,
    /// Entries that changed something here and that the graph has not taken in, in log order.
    work: Mutex<VecDeque<IndexWork>>,
    recall: RecallBook,
}

fn declared_key(name: &str) -> Vec<u8> {
    [DECLARED, name.as_bytes()].concat()
}

/// Keeps in the store at which entry the vector was declared; `None`: it was dropped.
pub fn put_declared(batch: &mut Batch, name: &str, at: Option<u64>) {
    match at {
        Some(at) => batch.put(&declared_key(name), &at.to_le_bytes()),
        None => batch.delete(&declared_key(name)),
    }
}

/// 0: unknown.
pub fn stored_declared(store: &Store, name: &str) -> Result<u64> {
    let Some(bytes) = store.get(&declared_key(name))? else { return Ok(0) };
    let damaged =
        |_| ShardError::Damaged(format!("the record of the declaration of vector {name:?} cannot be read"));
    bytes.try_into().map(u64::from_le_bytes).map_err(damaged)
}

impl Space {
    /// Of a vector that is being declared. `file`: a path for mapped vectors.
    pub fn new(declared: NamedVector, file: &Path, at: u64) -> Result<Self> {
        let spec = declared.spec()?;
        let generation = Generation::new(&spec, file, at)?;
        generation.start_graph(&spec);
        let indexing = Indexing { saved: Some(at), ..Indexing::new(at, None) };
        Ok(Self::with(declared, at, spec, generation, indexing, VecDeque::new(), false))
    }

    /// Of a shard that is opened.
    pub fn loaded(declared: NamedVector, at: u64, spec: ShardSpec, loaded: Loaded) -> Self {
        let Loaded { generation, writer, mut indexing, .. } = loaded;
        let is_work = |work: &IndexWork| work.count > 0 || !work.kills.is_empty();
        let work: VecDeque<IndexWork> = writer.work.into_iter().filter(is_work).collect();
        if work.is_empty() && generation.graph().is_some() {
            generation.settle(generation.applied());
        }
        indexing.saved = Some(indexing.saved.unwrap_or(0).max(at));
        Self::with(declared, at, spec, generation, indexing, work, true)
    }

    fn with(
        declared: NamedVector,
        declared_at: u64,
        spec: ShardSpec,
        generation: Generation,
        indexing: Indexing,
        work: VecDeque<IndexWork>,
        begun: bool,
    ) -> Self {
        Self {
            declared,
            declared_at,
            spec,
            generation: ArcSwap::from_pointee(generation),
            begun: AtomicBool::new(begun),
            indexing: Mutex::new(indexing),
            work: Mutex::new(work),
            recall: RecallBook::default(),
        }
    }

    pub fn declared(&self) -> &NamedVector {
        &self.declared
    }

    pub fn declared_at(&self) -> u64 {
        self.declared_at
    }

    pub fn spec(&self) -> &ShardSpec {
        &self.spec
    }

    pub fn recall(&self) -> &RecallBook {
        &self.recall
    }

    pub fn generation(&self) -> Arc<Generation> {
        self.generation.load_full()
    }

    /// Whether what the points had when the vector was declared is there.
    pub fn is_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    pub fn begin(&self) {
        self.begun.store(true, Ordering::Release);
    }

    /// The slot of a stored vector that came as `origin`, not visible before [`Space::publish`]; `None`: it does not fit. By the
    /// applying thread.
    pub fn push(&self, vector: &[u8], id: &Arc<str>, origin: Version) -> Result<Option<SlotId>> {
        let Ok(vector) = check_vector(vector, &self.spec, "vector") else { return Ok(None) };
        let slot = Slot::live(Arc::clone(id), origin);
        Ok(Some(self.generation.load().push(slot, &vector)?))
    }

    pub fn kill(&self, slot: SlotId, at: u64) {
        self.generation.load().slot(slot).kill(at);
    }

    /// All that was pushed and killed is part of the state as of `work.index`, in which `live` points have the vector.
    pub fn publish(&self, work: IndexWork, live: usize) {
        let generation = self.generation.load();
        let applied = work.index;
        let mut waiting = self.work.lock();
        if work.count > 0 || !work.kills.is_empty() {
            waiting.push_back(work);
        }
        generation.publish(applied, live as u64);
        if waiting.is_empty() && generation.graph().is_some() {
            generation.settle(applied);
        }
    }

    /// Slots that exist.
    pub fn end(&self) -> SlotId {
        self.generation.load().slots.count() as SlotId
    }

    /// Log index as of which the graph is; 0: of none. `indexing`: between entries.
    pub fn as_of(&self, indexing: &Indexing) -> u64 {
        match self.work.lock().front() {
            None => self.generation.load().applied(),
            // A graph that is built anew is of no entry before it has all of them.
            Some(_) if indexing.indexed == 0 => 0,
            Some(next) => next.index - 1,
        }
    }

    /// Log index as of which the saved graph is; where none was saved, that of the declaration.
    pub fn saved_index(&self) -> u64 {
        self.indexing.lock().saved.unwrap_or(0)
    }

    pub fn memory_bytes(&self) -> usize {
        self.generation.load().memory_bytes()
    }

    /// Live points whose vector waits for the graph.
    pub fn waiting_points(&self) -> u64 {
        self.generation.load().waiting_points(&self.spec)
    }

    /// Slots that the index could take in now.
    fn waiting(&self) -> usize {
        let generation = self.generation.load();
        let trained = generation.is_trainable(&self.spec);
        let waits = self.is_begun() && trained && !self.work.lock().is_empty();
        if waits { generation.tail_len().max(1) } else { 0 }
    }
}

/// A named vector as the index sees it.
struct Named<'a> {
    shard: &'a Shard,
    space: &'a Arc<Space>,
}

impl Indexed for Named<'_> {
    fn spec(&self) -> &ShardSpec {
        &self.space.spec
    }

    fn generation(&self) -> Arc<Generation> {
        self.space.generation()
    }

    fn front(&self) -> Option<IndexWork> {
        self.space.work.lock().front().cloned()
    }

    fn taken(&self, generation: &Generation, index: u64) {
        let mut work = self.space.work.lock();
        work.pop_front();
        // Entries that changed nothing here are taken in with the last one that did.
        generation.settle(if work.is_empty() { generation.applied() } else { index });
    }

    fn reclaim(&self, old: &Generation, graph: &Graph, _: u64, threads: usize) -> Result<()> {
        let Self { shard, space } = self;
        let (next, moved) = compacted(shard, &space.spec, old, graph, threads)?;
        let _entries_wait = shard.writer.lock();
        add_tail(&next, old, graph)?;
        let mut fields = shard.fields.write();
        next.publish(old.applied(), old.live());
        next.settle(old.settled());
        for work in space.work.lock().iter_mut() {
            work.first = moved.to(work.first);
            work.kills.iter_mut().for_each(|slot| *slot = moved.to(*slot));
        }
        fields.rename_space(space, |slot| moved.to(slot));
        space.generation.store(Arc::new(next));
        // They would keep the old one in memory.
        shard.recent.clear();
        Ok(())
    }
}

impl Shard {
    /// Takes up to `max` named vectors into their graphs. Returns how many are left.
    pub fn index_spaces(&self, max: usize, threads: usize) -> Result<usize> {
        let spaces: Vec<Arc<Space>> = self.fields.read().spaces().cloned().collect();
        let mut left = 0;
        for space in spaces.iter().filter(|space| space.is_begun()) {
            left += advance(&Named { shard: self, space }, &mut space.indexing.lock(), max, threads)?;
        }
        Ok(left)
    }

    /// Named vectors that wait for their graph.
    pub(crate) fn spaces_waiting(&self) -> usize {
        self.fields.read().spaces().map(|space| space.waiting()).sum()
    }
}
