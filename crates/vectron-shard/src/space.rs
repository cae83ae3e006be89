//! A named vector of a shard's points: vectors and a graph of their own, beside the first vector's. Which slot each row has is in
//! `Fields`, and a search takes the slots of one log index from there; so the graph need not say who lives.
//!
//! The graph is built in log order while the shard is open, and anew when it is opened: replicas that were opened at
//! different times may differ in answers that are not exact.

use crate::command::check_vector;
use crate::generation::{Generation, Slot, SlotId};
use crate::hash::level_hash;
use crate::index::{RECLAIM_AT_LEAST, RECLAIM_ONE_IN};
use crate::proto::NamedVector;
use crate::recall::RecallBook;
use crate::{Result, Shard, ShardSpec};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::path::Path;
use std::sync::Arc;
use vectron_hnsw::level_from_hash;

pub struct Space {
    declared: NamedVector,
    spec: ShardSpec,
    generation: ArcSwap<Generation>,
    /// Held by whoever changes the graph.
    indexing: Mutex<()>,
    /// Slots that died and are not marked in the graph yet.
    dead: Mutex<Vec<SlotId>>,
    recall: RecallBook,
}

impl Space {
    pub fn new(declared: NamedVector, file: &Path, applied: u64) -> Result<Self> {
        let spec = declared.spec()?;
        let generation = Generation::new(&spec, file, applied)?;
        generation.start_graph(&spec);
        let generation = ArcSwap::from_pointee(generation);
        let (indexing, dead, recall) = (Mutex::default(), Mutex::default(), RecallBook::default());
        Ok(Self { declared, spec, generation, indexing, dead, recall })
    }

    pub fn declared(&self) -> &NamedVector {
        &self.declared
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

    /// The slot of a stored vector, not visible before [`Space::publish`]; `None`: it does not fit. By the applying thread.
    pub fn push(&self, vector: &[u8], of: &Slot) -> Result<Option<SlotId>> {
        let Ok(vector) = check_vector(vector, &self.spec, "vector") else { return Ok(None) };
        let slot = Slot::live(Arc::clone(&of.id), of.version);
        Ok(Some(self.generation.load().push(slot, &vector)?))
    }

    pub fn kill(&self, slot: SlotId, at: u64) {
        self.generation.load().slot(slot).kill(at);
        self.dead.lock().push(slot);
    }

    pub fn publish(&self, applied: u64, live: usize) {
        self.generation.load().publish(applied, live as u64);
    }

    pub fn memory_bytes(&self) -> usize {
        self.generation.load().memory_bytes()
    }
}

impl Shard {
    /// Takes up to `max` named vectors into their graphs. Returns how many are left.
    pub fn index_spaces(&self, max: usize, threads: usize) -> Result<usize> {
        let spaces: Vec<Arc<Space>> = self.fields.read().spaces().cloned().collect();
        let mut left = 0;
        for space in spaces {
            left += self.index_space(&space, max, threads)?;
        }
        Ok(left)
    }

    fn index_space(&self, space: &Space, max: usize, threads: usize) -> Result<usize> {
        let _turn = space.indexing.lock();
        let generation = space.generation();
        generation.train(&space.spec);
        let Some(graph) = generation.graph() else { return Ok(0) };
        for slot in graph.len() as SlotId..generation.published().min((graph.len() + max) as SlotId) {
            let level = level_from_hash(level_hash(&generation.slot(slot).id), space.spec.m);
            graph.insert(&generation.vectors.get(slot).unwrap_or_default(), level)?;
        }
        let indexed = graph.len() as SlotId;
        let mut waiting = Vec::new();
        for slot in std::mem::take(&mut *space.dead.lock()) {
            if slot < indexed {
                graph.delete(slot);
            } else {
                waiting.push(slot);
            }
        }
        space.dead.lock().extend(waiting);
        if graph.deleted() >= RECLAIM_AT_LEAST.max(graph.len() / RECLAIM_ONE_IN) {
            self.reclaim_space(space, &generation, threads)?;
        }
        Ok(space.generation.load().tail_len())
    }

    /// As `Shard::reclaim`: the next generation, without the nodes that are deleted.
    fn reclaim_space(&self, space: &Space, old: &Generation, threads: usize) -> Result<()> {
        let Some(graph) = old.graph() else { return Ok(()) };
        let next = Generation::new(&space.spec, &self.next_file(), old.applied())?;
        let mut moved = vec![SlotId::MAX; graph.len()];
        for node in (0..graph.len() as SlotId).filter(|&node| !graph.is_deleted(node)) {
            let vector = old.vectors.get(node).unwrap_or_default();
            moved[node as usize] = next.push(Arc::clone(old.slot(node)), &vector)?;
        }
        next.set_graph(graph.compacted(next.shared_rows(&space.spec), threads)?);
        let gone = graph.len() as SlotId - next.slots.count() as SlotId;
        next.follow(old, gone);
        let _entries_wait = self.writer.lock();
        for slot in graph.len() as SlotId..old.published() {
            next.push(Arc::clone(old.slot(slot)), &old.vectors.get(slot).unwrap_or_default())?;
        }
        let moved = |slot: SlotId| moved.get(slot as usize).copied().unwrap_or_else(|| slot - gone);
        let mut fields = self.fields.write();
        let live = fields.space_slots(&space.declared.name, None).len();
        next.publish(old.applied(), live as u64);
        fields.rename_space(&space.declared.name, moved);
        space.dead.lock().iter_mut().for_each(|slot| *slot = moved(*slot));
        space.generation.store(Arc::new(next));
        Ok(())
    }

    /// Named vectors that wait for their graph.
    pub(crate) fn spaces_waiting(&self) -> usize {
        let trained = |space: &Arc<Space>| {
            let generation = space.generation();
            if generation.is_trainable(&space.spec) { generation.tail_len() } else { 0 }
        };
        self.fields.read().spaces().map(trained).sum()
    }
}
