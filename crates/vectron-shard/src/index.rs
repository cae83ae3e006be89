//! Moving the tail into the graph, entry by entry in log order, so that the graph depends on the log alone.

use crate::generation::{Generation, SlotId};
use crate::hash::level_hash;
use crate::writer::IndexWork;
use crate::{Result, Shard, snapshot};
use std::sync::Arc;
use vectron_hnsw::{Graph, level_from_hash};

/// Least number of entries and nodes added since the last save that make another one worth its I/O.
const SAVE_EVERY: u64 = 10_000;
/// Deleted nodes are reclaimed once they are this share of the graph: one in eight.
pub const RECLAIM_ONE_IN: usize = 8;
pub const RECLAIM_AT_LEAST: usize = 32;
/// Waiting points from which on a parallel build is worth its start.
const PARALLEL_FROM: u32 = 4096;

/// Progress of the index; its lock is held by whoever changes the graph.
pub struct Indexing {
    /// The graph is as of this log index, and of `done` slots of the entry after it.
    pub indexed: u64,
    done: u32,
    saved: Option<u64>,
    /// Nodes inserted and deleted since the last save.
    changes: u64,
}

impl Indexing {
    pub fn new(indexed: u64, saved: Option<u64>) -> Self {
        Self { indexed, done: 0, saved, changes: 0 }
    }
}

impl Shard {
    /// Inserts up to `max` slots of the tail (all of it at once with a parallel build), and reclaims deleted nodes when they
    /// are many, on `threads` threads. Returns how many slots are left that could be inserted now. Searches and writes go on. Call from one thread at a time or from many; they
    /// take turns.
    pub fn index_step(&self, max: usize, threads: usize) -> Result<usize> {
        let mut indexing = self.indexing.lock();
        let mut left = max as u32;
        loop {
            let generation = self.generation.load_full();
            generation.train(&self.spec);
            let Some(graph) = generation.graph() else { return Ok(0) };
            if self.spec.parallel_build && generation.tail_len() >= PARALLEL_FROM as usize {
                self.insert_parallel(&generation, graph, threads)?;
            }
            let Some(work) = self.front() else { return Ok(0) };
            while indexing.done < work.count {
                if left == 0 {
                    return Ok(generation.tail_len());
                }
                let slot = work.first + indexing.done;
                if slot >= graph.len() as SlotId {
                    insert(&generation, graph, slot, self.spec.m)?;
                    left -= 1;
                }
                indexing.done += 1;
            }
            work.kills.iter().for_each(|&slot| {
                graph.delete(slot);
            });
            indexing.changes += u64::from(work.count) + work.kills.len() as u64;
            indexing.indexed = work.index;
            indexing.done = 0;
            generation.settle(work.index);
            self.writer.lock().work.pop_front();
            if graph.deleted() >= RECLAIM_AT_LEAST.max(graph.len() / RECLAIM_ONE_IN) {
                self.reclaim(&generation, graph, work.index, threads)?;
            }
        }
    }

    /// Slots that [`Shard::index_step`] could insert now.
    pub fn indexable(&self) -> usize {
        let waiting = !self.writer.lock().work.is_empty();
        let generation = self.generation.load();
        let own =
            if waiting && generation.is_trainable(&self.spec) { generation.tail_len().max(1) } else { 0 };
        own + self.spaces_waiting()
    }

    fn front(&self) -> Option<IndexWork> {
        let writer = self.writer.lock();
        let work = writer.work.front()?;
        Some(IndexWork { index: work.index, first: work.first, count: work.count, kills: work.kills.clone() })
    }

    fn insert_parallel(&self, generation: &Generation, graph: &Graph, threads: usize) -> Result<()> {
        let first = graph.len() as SlotId;
        let count = generation.published() - first;
        let vectors: Vec<_> = (first..first + count).map(|slot| vector(generation, slot)).collect();
        let level =
            |i: usize| level_from_hash(level_hash(&generation.slot(first + i as u32).id), self.spec.m);
        graph.insert_parallel(threads, count as usize, |i| &vectors[i], level)?;
        (first..first + count).for_each(|slot| generation.vectors.indexed(slot));
        Ok(())
    }

    /// Writes the next generation, without the nodes that are deleted. Searches go on in the old one, and so do
    /// writes until the last moment.
    fn reclaim(&self, old: &Generation, graph: &Graph, indexed: u64, threads: usize) -> Result<()> {
        let next = Generation::new(&self.spec, &self.next_file(), old.applied())?;
        let mut moved = vec![SlotId::MAX; graph.len()];
        for node in (0..graph.len() as SlotId).filter(|&node| !graph.is_deleted(node)) {
            let slot = Arc::clone(old.slot(node));
            moved[node as usize] = match old.vectors.rows() {
                Some(rows) => next.push(slot, rows.floats(node))?,
                None => next.push_stored(slot),
            };
        }
        next.set_graph(graph.compacted(next.shared_rows(&self.spec), threads)?);
        let gone = graph.len() as SlotId - next.slots.count() as SlotId;
        next.follow(old, gone);

        let mut writer = self.writer.lock();
        for slot in graph.len() as SlotId..old.published() {
            next.push(Arc::clone(old.slot(slot)), &vector(old, slot))?;
        }
        next.settle(indexed);
        let mut fields = self.fields.write();
        next.publish(old.applied(), fields.rows.len() as u64);
        let moved = |slot: SlotId| moved.get(slot as usize).copied().unwrap_or_else(|| slot - gone);
        writer.rename(moved);
        fields.rows.rename(moved);
        self.generation.store(Arc::new(next));
        // They would keep the old one in memory.
        self.recent.clear();
        Ok(())
    }

    /// Saves the graph when it has changed by a quarter since the last save, and by 10,000 nodes; `always` saves any
    /// change. Only between entries: a graph within one is not saved. Searches and writes go on.
    pub fn save_graph(&self, always: bool) -> Result<()> {
        let mut indexing = self.indexing.lock();
        let generation = self.generation.load_full();
        let Some(graph) = generation.graph() else { return Ok(()) };
        let due = indexing.changes >= SAVE_EVERY.max(graph.len() as u64 / 4)
            || (always && indexing.saved != Some(indexing.indexed));
        if !due || indexing.done != 0 {
            return Ok(());
        }
        snapshot::write(&self.dir, &self.spec, &generation, graph, indexing.indexed)?;
        indexing.saved = Some(indexing.indexed);
        indexing.changes = 0;
        Ok(())
    }

    /// Log index as of which the saved graph is; the log after it is what a restart needs to build the same graph.
    pub fn saved_index(&self) -> u64 {
        self.indexing.lock().saved.unwrap_or(0)
    }
}

/// The vector of a slot that waits for the index.
fn vector(generation: &Generation, slot: SlotId) -> std::borrow::Cow<'_, [f32]> {
    generation.vectors.get(slot).unwrap_or_default()
}

fn insert(generation: &Generation, graph: &Graph, slot: SlotId, m: usize) -> Result<()> {
    let level = level_from_hash(level_hash(&generation.slot(slot).id), m);
    graph.insert(&vector(generation, slot), level)?;
    generation.vectors.indexed(slot);
    Ok(())
}
