//! The state of a shard that is opened: from its store, its saved graph and, where it reaches back far enough, its
//! log.
//!
//! A graph depends on every entry since the shard was made, deleted points included, and the store has only what
//! lives. So the graph is saved as of a log index; the log after it brings the graph to the store's applied index
//! exactly as it would have got there without a restart. When the log does not reach back, the difference between
//! graph and store is applied in one step: the answers are right, the graph is not the one of other replicas.

use crate::generation::{Generation, Slot, SlotId};
use crate::index::Indexing;
use crate::point::{StoredPoints, Version};
use crate::proto::{LogCommand, mutation::Action};
use crate::rows::Rows;
use crate::snapshot::Saved;
use crate::writer::{self, IndexWork, Writer};
use crate::{Command, Metric, Result, ShardSpec, changes};
use std::path::Path;
use std::sync::Arc;
use vectron_storage::Store;

/// Points that are indexed between two chances to save the graph, when it is built anew.
const REBUILD_STEP: u32 = 4096;

/// Entries of the log from an index on, in order, as far as there are any.
pub type History<'a> = &'a dyn Fn(u64) -> Result<Vec<(u64, LogCommand)>>;

pub struct Loaded {
    pub generation: Generation,
    pub writer: Writer,
    pub rows: Rows,
    pub indexing: Indexing,
}

pub fn load(
    dir: &Path,
    spec: &ShardSpec,
    mut points: StoredPoints,
    applied: u64,
    history: History<'_>,
    file: &Path,
    store: &Store,
) -> Result<Loaded> {
    if spec.metric == Metric::Cosine {
        points.normalize();
    }
    let saved = Saved::read(dir, spec).filter(|saved| saved.indexed <= applied);
    // A graph that was saved while it was built anew is of no log index.
    let from = saved.as_ref().map_or(0, |saved| saved.indexed);
    let replayable = saved.as_ref().is_none_or(|saved| saved.indexed > 0);
    let entries = if replayable && from < applied { history(from + 1)? } else { Vec::new() };
    let entries: Vec<_> = entries.into_iter().take_while(|(index, _)| *index <= applied).collect();
    let complete = replayable && entries.iter().map(|(index, _)| *index).eq(from + 1..=applied);
    if complete {
        let loading = Loading::new(spec, &points, saved.as_ref(), applied, file)?;
        if let Some(mut loading) = loading {
            let mut whole = true;
            for (index, command) in &entries {
                whole = whole && loading.replay(*index, command, store)?;
            }
            if whole && loading.unused == 0 {
                return Ok(loading.finish(from, saved.map(|saved| saved.indexed)));
            }
        }
    }
    if let Some(mut loading) = Loading::new(spec, &points, saved.as_ref(), applied, file)? {
        loading.adopt_rest(applied)?;
        return Ok(loading.finish(from, saved.map(|saved| saved.indexed)));
    }
    let mut loading = Loading::empty(spec, &points, applied, file)?;
    loading.adopt_rest(applied)?;
    Ok(loading.finish(0, None))
}

struct Loading<'a> {
    spec: &'a ShardSpec,
    points: &'a StoredPoints,
    applied: u64,
    generation: Generation,
    writer: Writer,
    rows: Rows,
    used: Vec<bool>,
    unused: usize,
}

impl<'a> Loading<'a> {
    fn empty(spec: &'a ShardSpec, points: &'a StoredPoints, applied: u64, file: &Path) -> Result<Self> {
        let generation = Generation::new(spec, file, applied)?;
        generation.start_graph(spec);
        Ok(Self::of(spec, points, applied, generation))
    }

    fn of(spec: &'a ShardSpec, points: &'a StoredPoints, applied: u64, generation: Generation) -> Self {
        let used = vec![false; points.len()];
        let (writer, rows) = Default::default();
        Self { spec, points, applied, generation, writer, rows, used, unused: points.len() }
    }

    /// The state as of the saved graph; `None` when that graph is damaged.
    fn new(
        spec: &'a ShardSpec,
        points: &'a StoredPoints,
        saved: Option<&Saved>,
        applied: u64,
        file: &Path,
    ) -> Result<Option<Self>> {
        let Some(saved) = saved else { return Self::empty(spec, points, applied, file).map(Some) };
        let mut loading = Self::of(spec, points, applied, Generation::new(spec, file, applied)?);
        let nothing = vec![0.0; spec.dim];
        for (id, version) in &saved.nodes {
            let vector = loading.take(id, *version);
            let slot = loading.slot(id, *version, vector.is_some());
            match loading.generation.vectors.rows() {
                Some(_) => loading.generation.push(slot, vector.unwrap_or(&nothing))?,
                None => loading.generation.push_stored(slot),
            };
        }
        let Some(graph) = saved.graph(spec, loading.generation.shared_rows(spec)) else { return Ok(None) };
        for (node, (id, _)) in saved.nodes.iter().enumerate() {
            if !graph.is_deleted(node as SlotId) {
                loading.rows.put(Arc::clone(id), node as SlotId);
            }
        }
        loading.generation.set_graph(graph);
        Ok(Some(loading))
    }

    /// The vector of a stored point that is this version, each once.
    fn take(&mut self, id: &str, version: Version) -> Option<&'a [f32]> {
        let at = self.points.find(version)?;
        let first = self.points.id(at) == id && !std::mem::replace(&mut self.used[at], true);
        self.unused -= usize::from(first);
        first.then(|| self.points.vector(at))
    }

    fn slot(&self, id: &Arc<str>, version: Version, live: bool) -> Arc<Slot> {
        if live { Slot::live(Arc::clone(id), version) } else { Slot::dead(Arc::clone(id), version) }
    }

    /// What applying the entry did to the index; the store has seen it. `false`: that cannot be known any more.
    fn replay(&mut self, index: u64, command: &LogCommand, store: &Store) -> Result<bool> {
        let first = self.generation.slots.count() as SlotId;
        let mut kills = Vec::new();
        match command.check(self.spec) {
            Ok(Command::Upsert(batch, vectors)) => {
                for (ordinal, (point, vector)) in batch.points.iter().zip(&vectors).enumerate() {
                    kills.extend(self.put(&point.id, Version { index, ordinal: ordinal as u32 }, vector)?);
                }
            }
            Ok(Command::Delete(batch)) => {
                kills.extend(batch.ids.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::Split(split)) => {
                let gone = writer::given_up(&self.rows, &split);
                kills.extend(gone.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::Mutate(mutation)) if matches!(mutation.action, Some(Action::Change(_))) => {
                for (ordinal, id) in changes::ids(store, index)?.unwrap_or_default().iter().enumerate() {
                    // The vector stays what it was; of a version that is no more, it is not known.
                    let former = self.rows.slot_of(id).filter(|slot| self.generation.slot(*slot).is_live());
                    let version = Version { index, ordinal: ordinal as u32 };
                    let vector = match former.and_then(|slot| self.generation.vectors.get(slot)) {
                        Some(vector) => vector.to_vec(),
                        None => match self.points.find(version) {
                            Some(at) => self.points.vector(at).to_vec(),
                            None => return Ok(false),
                        },
                    };
                    kills.extend(self.put(id, version, &vector)?);
                }
            }
            Ok(Command::Mutate(_) | Command::Expire(_)) => {
                let gone = changes::ids(store, index)?.unwrap_or_default();
                kills.extend(gone.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::SetEpoch(_) | Command::Scrub | Command::Declare(_)) | Err(_) => {}
        }
        let count = self.generation.slots.count() as u32 - first;
        self.writer.work.push_back(IndexWork { index, first, count, kills });
        Ok(true)
    }

    /// The next slot; gives the one the point had.
    fn put(&mut self, id: &str, version: Version, vector: &[f32]) -> Result<Option<SlotId>> {
        let id: Arc<str> = id.into();
        let live = self.take(&id, version).is_some();
        let at = self.generation.push(self.slot(&id, version, live), vector)?;
        Ok(self.rows.put(id, at))
    }

    /// Nodes that the store no longer has are deleted, points that the graph has not are added.
    fn adopt_rest(&mut self, applied: u64) -> Result<()> {
        let generation = &self.generation;
        let kills = self.rows.retain(|slot| generation.slot(slot).is_live());
        let mut work = IndexWork { index: 0, first: generation.slots.count() as SlotId, count: 0, kills };
        for at in (0..self.points.len()).filter(|&at| !self.used[at]) {
            let id: Arc<str> = self.points.id(at).into();
            let slot = Slot::live(Arc::clone(&id), self.points.version(at));
            let slot = generation.push(slot, self.points.vector(at))?;
            self.rows.put(id, slot);
            work.count += 1;
            if work.count == REBUILD_STEP {
                let next = IndexWork { index: 0, first: slot + 1, count: 0, kills: Vec::new() };
                self.writer.work.push_back(std::mem::replace(&mut work, next));
            }
        }
        work.index = applied;
        if applied > 0 {
            self.writer.work.push_back(work);
        }
        Ok(())
    }

    fn finish(self, indexed: u64, saved: Option<u64>) -> Loaded {
        let indexed = if self.writer.work.is_empty() { self.applied } else { indexed };
        self.generation.settle(indexed);
        self.generation.publish(self.applied, self.rows.len() as u64);
        let mut writer = self.writer;
        self.points.expiries.iter().for_each(|(at_ms, id)| writer.expiries.set(id, *at_ms));
        Loaded {
            generation: self.generation,
            writer,
            rows: self.rows,
            indexing: Indexing::new(indexed, saved),
        }
    }
}
