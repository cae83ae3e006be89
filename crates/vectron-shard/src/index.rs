//! Moving the tail into the graph, entry by entry in log order, so that the graph depends on the log alone.

use crate::generation::{Generation, SlotId};
use crate::hash::level_hash;
use crate::snapshot::{self, Saved, Snapshot};
use crate::space::Space;
use crate::writer::IndexWork;
use crate::{Result, Shard, ShardSpec};
use std::sync::Arc;
use vectron_hnsw::{Graph, level_from_hash};

/// Least number of entries and nodes added since the last save that make another one worth its I/O.
const SAVE_EVERY: u64 = 10_000;
/// Deleted nodes are reclaimed once they are this share of the graph: one in eight.
pub const RECLAIM_ONE_IN: usize = 8;
pub const RECLAIM_AT_LEAST: usize = 32;
/// Waiting points from which on a parallel build is worth its start.
const PARALLEL_FROM: u32 = 4096;

/// Progress of the index of a vector; its lock is held by whoever changes the graph.
pub struct Indexing {
    /// The graph is as of this log index, and of `done` slots of the entry after it. 0: it is built anew.
    pub indexed: u64,
    pub done: u32,
    pub saved: Option<u64>,
    /// Checksum of the file that it was saved in.
    pub sum: Option<u32>,
    /// Nodes inserted and deleted since the last save.
    pub changes: u64,
}

impl Indexing {
    pub fn new(indexed: u64, saved: Option<&Saved>) -> Self {
        let (at, sum) = (saved.map(|saved| saved.indexed), saved.map(|saved| saved.sum));
        Self { indexed, done: 0, saved: at, sum, changes: 0 }
    }

    /// Whether a graph of so many nodes has changed by a quarter since the last save, and by 10,000 nodes.
    pub fn is_due(&self, nodes: usize) -> bool {
        self.changes >= SAVE_EVERY.max(nodes as u64 / 4)
    }

    fn is_saved(&mut self, at: u64, sum: u32) {
        (self.saved, self.sum, self.changes) = (Some(at), Some(sum), 0);
    }
}

/// A vector of a shard as the index sees it.
pub trait Indexed {
    fn spec(&self) -> &ShardSpec;

    fn generation(&self) -> Arc<Generation>;

    /// The first entry that the graph has not taken in.
    fn front(&self) -> Option<IndexWork>;

    /// The graph has taken in all of that entry, `index`, and nothing of the next.
    fn taken(&self, generation: &Generation, index: u64);

    /// Writes the next generation, without the nodes that are deleted. Searches go on in the old one, and so do
    /// writes until the last moment.
    fn reclaim(&self, old: &Generation, graph: &Graph, indexed: u64, threads: usize) -> Result<()>;
}

/// Moves the graph on by up to `max` slots. Returns how many are left that could be inserted now.
pub fn advance(of: &dyn Indexed, indexing: &mut Indexing, max: usize, threads: usize) -> Result<usize> {
    let mut left = max as u32;
    loop {
        let generation = of.generation();
        generation.train(of.spec());
        let Some(graph) = generation.graph() else { return Ok(0) };
        if of.spec().parallel_build && generation.tail_len() >= PARALLEL_FROM as usize {
            insert_parallel(&generation, graph, of.spec().m, threads)?;
        }
        let Some(work) = of.front() else { return Ok(0) };
        while indexing.done < work.count {
            if left == 0 {
                return Ok(generation.tail_len());
            }
            let slot = work.first + indexing.done;
            if slot >= graph.len() as SlotId {
                insert(&generation, graph, slot, of.spec().m)?;
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
        of.taken(&generation, work.index);
        if graph.deleted() >= RECLAIM_AT_LEAST.max(graph.len() / RECLAIM_ONE_IN) {
            of.reclaim(&generation, graph, work.index, threads)?;
        }
    }
}

/// Where the slots of a generation are in the next one.
pub struct Moved {
    to: Vec<SlotId>,
    gone: SlotId,
}

impl Moved {
    pub fn to(&self, slot: SlotId) -> SlotId {
        self.to.get(slot as usize).copied().unwrap_or_else(|| slot - self.gone)
    }
}

/// The next generation with what is in the graph; the tail is to follow.
pub fn compacted(
    shard: &Shard,
    spec: &ShardSpec,
    old: &Generation,
    graph: &Graph,
    threads: usize,
) -> Result<(Generation, Moved)> {
    let next = Generation::new(spec, &shard.next_file(), old.applied())?;
    let mut to = vec![SlotId::MAX; graph.len()];
    for node in (0..graph.len() as SlotId).filter(|&node| !graph.is_deleted(node)) {
        let slot = Arc::clone(old.slot(node));
        to[node as usize] = match old.vectors.rows() {
            Some(rows) => next.push(slot, rows.floats(node))?,
            None => next.push_stored(slot),
        };
    }
    next.set_graph(graph.compacted(next.shared_rows(spec), threads)?);
    let gone = graph.len() as SlotId - next.slots.count() as SlotId;
    next.follow(old, gone);
    Ok((next, Moved { to, gone }))
}

/// Adds the slots that wait for the graph. Entries wait.
pub fn add_tail(next: &Generation, old: &Generation, graph: &Graph) -> Result<()> {
    for slot in graph.len() as SlotId..old.published() {
        next.push(Arc::clone(old.slot(slot)), &vector(old, slot))?;
    }
    Ok(())
}

/// The first vector.
struct First<'a>(&'a Shard);

impl Indexed for First<'_> {
    fn spec(&self) -> &ShardSpec {
        &self.0.spec
    }

    fn generation(&self) -> Arc<Generation> {
        self.0.generation.load_full()
    }

    fn front(&self) -> Option<IndexWork> {
        self.0.writer.lock().work.front().cloned()
    }

    fn taken(&self, generation: &Generation, index: u64) {
        generation.settle(index);
        self.0.writer.lock().work.pop_front();
    }

    fn reclaim(&self, old: &Generation, graph: &Graph, indexed: u64, threads: usize) -> Result<()> {
        let (next, moved) = compacted(self.0, &self.0.spec, old, graph, threads)?;
        let mut writer = self.0.writer.lock();
        add_tail(&next, old, graph)?;
        next.settle(indexed);
        let mut fields = self.0.fields.write();
        next.publish(old.applied(), fields.rows.len() as u64);
        writer.rename(|slot| moved.to(slot));
        fields.rows.rename(|slot| moved.to(slot));
        self.0.generation.store(Arc::new(next));
        // They would keep the old one in memory.
        self.0.recent.clear();
        Ok(())
    }
}

impl Shard {
    /// Inserts up to `max` slots of the tail (all of it at once with a parallel build), and reclaims deleted nodes when they
    /// are many, on `threads` threads. Returns how many slots are left that could be inserted now. Searches and writes
    /// go on. Call from one thread at a time or from many; they take turns.
    pub fn index_step(&self, max: usize, threads: usize) -> Result<usize> {
        advance(&First(self), &mut self.indexing.lock(), max, threads)
    }

    /// Slots that [`Shard::index_step`] could insert now.
    pub fn indexable(&self) -> usize {
        let waiting = !self.writer.lock().work.is_empty();
        let generation = self.generation.load();
        let own =
            if waiting && generation.is_trainable(&self.spec) { generation.tail_len().max(1) } else { 0 };
        own + self.spaces_waiting()
    }

    /// Saves the graphs that have changed by a quarter since the last save, and by 10,000 nodes; `always` saves any
    /// change. Only between entries: a graph within one is not saved. Searches and writes go on.
    pub fn save_graph(&self, always: bool) -> Result<()> {
        self.save_first(always)?;
        self.save_spaces(always)?;
        if always { self.save_recall() } else { Ok(()) }
    }

    fn save_first(&self, always: bool) -> Result<()> {
        let mut indexing = self.indexing.lock();
        let (generation, nodes, indexed) =
            self.to_save(&self.spec, || self.generation.load_full(), &indexing);
        let due = indexing.is_due(nodes as usize) || (always && indexing.saved != Some(indexed));
        if !due || indexing.done != 0 {
            return Ok(());
        }
        if indexed == 0 && nodes == 0 {
            return Ok(());
        }
        let (vector, declared, spec) = (None, 0, &self.spec);
        let snapshot = Snapshot { vector, spec, generation: &generation, indexed, declared, nodes };
        let sum = self.write_snapshot(&snapshot)?;
        indexing.is_saved(indexed, sum);
        Ok(())
    }

    /// With the store flushed before: after a crash a graph that is ahead of the store is of no use, and the one before it
    /// is gone.
    fn write_snapshot(&self, snapshot: &Snapshot<'_>) -> Result<u32> {
        self.store.flush()?;
        snapshot.write(&self.dir)
    }

    /// What of a vector can be saved: the nodes of its graph, as of what the graph has taken in; or, where there is no graph
    /// yet, all slots, as of the last entry.
    fn to_save(
        &self,
        spec: &ShardSpec,
        generation: impl Fn() -> Arc<Generation>,
        indexing: &Indexing,
    ) -> (Arc<Generation>, SlotId, u64) {
        let now = generation();
        now.train(spec);
        if let Some(graph) = now.graph() {
            let nodes = graph.len() as SlotId;
            return (now, nodes, indexing.indexed);
        }
        let _entries_wait = self.writer.lock();
        let now = generation();
        let (nodes, applied) = (now.published(), now.applied());
        (now, nodes, applied)
    }

    fn save_spaces(&self, always: bool) -> Result<()> {
        let spaces: Vec<Arc<Space>> = self.fields.read().spaces().cloned().collect();
        for space in &spaces {
            self.save_space(space, always)?;
        }
        let names: Vec<String> = spaces.iter().map(|space| space.declared().name.clone()).collect();
        if always { snapshot::retain(&self.dir, &names) } else { Ok(()) }
    }

    fn save_space(&self, space: &Space, always: bool) -> Result<()> {
        let mut indexing = space.indexing.lock();
        if indexing.done != 0 || !space.is_begun() {
            return Ok(());
        }
        let (generation, nodes, indexed) = self.to_save(space.spec(), || space.generation(), &indexing);
        let waits = generation.graph().is_none();
        let indexed = if waits { indexed } else { space.as_of(&indexing) };
        let name = space.declared().name.as_str();
        let later = always && indexing.saved.is_none_or(|saved| saved < indexed);
        if !waits
            && indexing.changes == 0
            && let Some(sum) = indexing.sum
        {
            if later {
                snapshot::write_at(&self.dir, name, sum, indexed)?;
                indexing.saved = Some(indexed);
            }
            return Ok(());
        }
        // Vectors that points had at the declaration are not in the log: they are saved as soon as they are indexed.
        let unsaved = indexing.sum.is_none();
        let begins_with_points =
            nodes > 0 && generation.slot(0).version.index <= space.declared_at() && unsaved;
        let due = indexing.is_due(nodes as usize) || begins_with_points;
        if !due && !(always && (later || unsaved)) {
            return Ok(());
        }
        if indexed == 0 && nodes == 0 {
            return Ok(());
        }
        let (spec, declared) = (space.spec(), space.declared_at());
        let snapshot =
            Snapshot { vector: Some(name), spec, generation: &generation, indexed, declared, nodes };
        let sum = self.write_snapshot(&snapshot)?;
        indexing.is_saved(indexed, sum);
        Ok(())
    }

    /// Log index as of which all saved graphs are; the log after it is what a restart needs to build the same graphs.
    pub fn saved_index(&self) -> u64 {
        let spaces: Vec<Arc<Space>> = self.fields.read().spaces().cloned().collect();
        let of_spaces = spaces.iter().map(|space| space.saved_index());
        of_spaces.chain([self.indexing.lock().saved.unwrap_or(0)]).min().unwrap_or(0)
    }
}

fn insert_parallel(generation: &Generation, graph: &Graph, m: usize, threads: usize) -> Result<()> {
    let first = graph.len() as SlotId;
    let count = generation.published() - first;
    let vectors: Vec<_> = (first..first + count).map(|slot| vector(generation, slot)).collect();
    let level = |i: usize| level_from_hash(level_hash(&generation.slot(first + i as u32).id), m);
    graph.insert_parallel(threads, count as usize, |i| &vectors[i], level)?;
    (first..first + count).for_each(|slot| generation.vectors.indexed(slot));
    Ok(())
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
