//! The vectors of a shard that is opened, each for itself: from its store, its saved graph and, where it reaches back far
//! enough, its log.
//!
//! A graph depends on every entry since its vector was declared, deleted points included, and the store has only what
//! lives. So the graph is saved as of a log index; the log after it brings the graph to the store's applied index
//! exactly as it would have got there without a restart. When the log does not reach back, the difference between
//! graph and store is applied in one step: the answers are right, the graph is not the one of other replicas.

use crate::command::check_vector;
use crate::generation::{ALIVE, Generation, Slot, SlotId};
use crate::index::Indexing;
use crate::origins::Kept;
use crate::point::{StoredPoints, Version};
use crate::proto::{Declaration, LogCommand, PointBatch, declaration::Declare, mutation::Action};
use crate::rows::Rows;
use crate::schema::Schema;
use crate::snapshot::Saved;
use crate::space::{Space, stored_declared};
use crate::writer::{self, IndexWork, Writer};
use crate::{Command, Metric, Result, ShardSpec, changes};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use vectron_storage::Store;

/// Points that are indexed between two chances to save the graph, when it is built anew.
const REBUILD_STEP: u32 = 4096;

/// Entries of the log from an index on, in order, as far as there are any.
pub type History<'a> = &'a dyn Fn(u64) -> Result<Vec<(u64, LogCommand)>>;

/// A log that each vector of a shard reads from another index on: decoded once.
pub struct ReadLog<'a> {
    history: History<'a>,
    read: RefCell<Option<ReadFrom>>,
}

type ReadFrom = (u64, Rc<[(u64, LogCommand)]>);

impl<'a> ReadLog<'a> {
    pub fn new(history: History<'a>) -> Self {
        Self { history, read: RefCell::new(None) }
    }

    /// Entries that begin at `from` or before.
    fn from(&self, from: u64) -> Result<Rc<[(u64, LogCommand)]>> {
        let mut read = self.read.borrow_mut();
        if let Some((since, entries)) = read.as_ref().filter(|(since, _)| *since <= from) {
            debug_assert!(*since <= from);
            return Ok(Rc::clone(entries));
        }
        let entries: Rc<[_]> = (self.history)(from)?.into();
        *read = Some((from, Rc::clone(&entries)));
        Ok(entries)
    }
}

/// The vector that is loaded.
pub struct Of<'a> {
    /// Of the shard.
    pub dir: &'a Path,
    pub store: &'a Store,
    /// Of the shard: of its first vector.
    pub shard: &'a ShardSpec,
    pub spec: &'a ShardSpec,
    /// `None`: the first vector.
    pub name: Option<&'a str>,
    /// Log index at which it was declared; 0: before anything else, or unknown.
    pub declared: u64,
    /// Log index as of which the store is.
    pub applied: u64,
    /// For mapped vectors.
    pub file: &'a Path,
}

pub struct Loaded {
    pub generation: Generation,
    pub writer: Writer,
    pub rows: Rows,
    pub indexing: Indexing,
}

/// `points`: those that have the vector; the first one as it is stored, a named one as the index takes it.
pub fn load(of: &Of<'_>, mut points: StoredPoints, log: &ReadLog<'_>) -> Result<Loaded> {
    let Of { dir, spec, name, declared, applied, .. } = *of;
    if spec.metric == Metric::Cosine && name.is_none() {
        points.normalize();
    }
    let saved = Saved::read(dir, name, spec, applied).filter(|saved| saved.declared == declared);
    // A graph that was saved while it was built anew is of no log index.
    let from = saved.as_ref().map_or(declared, |saved| saved.indexed);
    // A vector that points had when it was declared did not begin with nothing.
    let replayable = match &saved {
        Some(saved) => saved.indexed > 0,
        None => points.len() == 0 || points.version(0).index > declared,
    };
    let entries: Rc<[_]> = if replayable && from < applied { log.from(from + 1)? } else { Rc::new([]) };
    let since = entries.partition_point(|(index, _)| *index <= from);
    let entries = &entries[since..entries.partition_point(|(index, _)| *index <= applied)];
    let complete = replayable && entries.iter().map(|(index, _)| *index).eq(from + 1..=applied);
    if complete && let Some(mut loading) = Loading::new(of, &points, saved.as_ref())? {
        let mut whole = true;
        for (index, command) in entries {
            whole = whole && loading.replay(*index, command)?;
        }
        if whole && loading.is_the_state() {
            return Ok(loading.finish(from, saved.as_ref()));
        }
    }
    if let Some(mut loading) = Loading::new(of, &points, saved.as_ref())? {
        loading.adopt_rest()?;
        // What a named vector lacks is not of single entries: until all is there, its graph is of none.
        let from = if name.is_none() { from } else { 0 };
        return Ok(loading.finish(from, saved.as_ref()));
    }
    let mut loading = Loading::empty(of, &points)?;
    loading.adopt_rest()?;
    Ok(loading.finish(0, None))
}

/// The named vectors of a shard whose first vector is `first`, with the slots of their points. `file`: a path for mapped
/// vectors.
pub fn load_spaces(
    first: &Of<'_>,
    schema: &Schema,
    file: &dyn Fn() -> PathBuf,
    log: &ReadLog<'_>,
) -> Result<Vec<(Space, Rows)>> {
    let declared = schema.message().vectors.iter();
    let vectors: Vec<_> = declared.map(|one| Ok((one.clone(), one.spec()?))).collect::<Result<_>>()?;
    let points = StoredPoints::load_named(first.store, &vectors)?;
    let mut spaces = Vec::with_capacity(vectors.len());
    for ((vector, spec), points) in vectors.into_iter().zip(points) {
        let declared = stored_declared(first.store, &vector.name)?;
        let of = Of { spec: &spec, name: Some(&vector.name), declared, file: &file(), ..*first };
        let mut loaded = load(&of, points, log)?;
        let rows = std::mem::take(&mut loaded.rows);
        spaces.push((Space::loaded(vector, declared, spec, loaded), rows));
    }
    Ok(spaces)
}

struct Loading<'a> {
    of: &'a Of<'a>,
    points: &'a StoredPoints,
    generation: Generation,
    writer: Writer,
    rows: Rows,
    used: Vec<bool>,
    unused: usize,
}

impl<'a> Loading<'a> {
    fn empty(of: &'a Of<'a>, points: &'a StoredPoints) -> Result<Self> {
        let generation = Generation::new(of.spec, of.file, of.applied)?;
        generation.start_graph(of.spec);
        Ok(Self::with(of, points, generation))
    }

    fn with(of: &'a Of<'a>, points: &'a StoredPoints, generation: Generation) -> Self {
        let used = vec![false; points.len()];
        let (writer, rows) = Default::default();
        Self { of, points, generation, writer, rows, used, unused: points.len() }
    }

    /// The state as of the saved graph; `None` when that graph is damaged.
    fn new(of: &'a Of<'a>, points: &'a StoredPoints, saved: Option<&Saved>) -> Result<Option<Self>> {
        let Some(saved) = saved else { return Self::empty(of, points).map(Some) };
        let generation = Generation::new(of.spec, of.file, of.applied)?;
        let mut loading = Self::with(of, points, generation);
        if let Some(deaths) = &saved.deaths {
            loading.generation.start_graph(of.spec);
            loading.wait_again(saved, deaths)?;
            return Ok(Some(loading));
        }
        let nothing = vec![0.0; of.spec.dim];
        for (node, (id, version)) in saved.nodes.iter().enumerate() {
            let vector = loading.take(id, *version);
            let slot = loading.slot(id, *version, vector.is_some());
            let vector = saved.vectors.get(node).map(Vec::as_slice).or(vector);
            match loading.generation.vectors.rows() {
                Some(_) => loading.generation.push(slot, vector.unwrap_or(&nothing))?,
                None => loading.generation.push_stored(slot),
            };
        }
        let Some(graph) = saved.graph(of.spec, loading.generation.shared_rows(of.spec)) else {
            return Ok(None);
        };
        for (node, (id, _)) in saved.nodes.iter().enumerate() {
            if !graph.is_deleted(node as SlotId) {
                loading.rows.put(Arc::clone(id), node as SlotId);
            }
        }
        loading.generation.set_graph(graph);
        Ok(Some(loading))
    }

    /// Slots that waited for a graph to be trained wait again, entry by entry.
    fn wait_again(&mut self, saved: &Saved, died: &[u64]) -> Result<()> {
        let (mut births, mut deaths) = (Vec::new(), Vec::new());
        for (((id, version), death), vector) in saved.nodes.iter().zip(died).zip(&saved.vectors) {
            let live = self.take(id, *version).is_some();
            let at = self.generation.push(self.slot(id, *version, live), vector)?;
            // Points that had the vector when it was declared came with the declaration.
            let birth = version.index.max(self.of.declared).max(births.last().copied().unwrap_or(0));
            births.push(birth);
            match *death == ALIVE {
                true => drop(self.rows.put(Arc::clone(id), at)),
                false => {
                    deaths.push(((*death).max(birth), at));
                    self.ended(&[at], *death);
                }
            }
        }
        deaths.sort_unstable();
        let mut entries: Vec<u64> = births.iter().copied().chain(deaths.iter().map(|(at, _)| *at)).collect();
        entries.sort_unstable();
        entries.dedup();
        for index in entries {
            let first = births.partition_point(|birth| *birth < index) as SlotId;
            let count = births.partition_point(|birth| *birth <= index) as SlotId - first;
            let of_entry = deaths.iter().filter(|(at, _)| *at == index);
            let kills = of_entry.map(|(_, slot)| *slot).collect();
            self.writer.work.push_back(IndexWork { index, first, count, kills });
        }
        Ok(())
    }

    /// The slots died with entry `index`.
    fn ended(&self, slots: &[SlotId], index: u64) {
        slots.iter().for_each(|slot| self.generation.slot(*slot).kill(index));
    }

    /// Whether every stored point was met, and none that is not stored.
    fn is_the_state(&self) -> bool {
        let is_live = |slot: SlotId| self.generation.slot(slot).is_live();
        self.unused == 0 && self.rows.len() == self.points.len() && self.rows.slots().all(is_live)
    }

    /// The vector of a stored point that is this version, each once.
    fn take(&mut self, id: &str, version: Version) -> Option<&'a [f32]> {
        let at = self.points.find(version)?;
        let first = self.points.id(at) == id && !std::mem::replace(&mut self.used[at], true);
        self.unused -= usize::from(first);
        first.then(|| self.points.vector(at))
    }

    fn slot(&self, id: &Arc<str>, version: Version, live: bool) -> Arc<Slot> {
        if !live {
            return Slot::dead(Arc::clone(id), version);
        }
        let slot = Slot::live(Arc::clone(id), version);
        if let Some(at) = self.points.find(version) {
            slot.rewrite(self.points.written(at));
        }
        slot
    }

    /// What applying the entry did to the index; the store has seen it. `false`: that cannot be known any more.
    fn replay(&mut self, index: u64, command: &LogCommand) -> Result<bool> {
        let store = self.of.store;
        let first = self.generation.slots.count() as SlotId;
        let mut kills = Vec::new();
        match command.check(self.of.shard) {
            // Refused when it was applied, by what the points or the clients were then.
            Ok(Command::Upsert(..) | Command::Delete(_)) if !changes::are_recorded(store, index)? => {}
            Ok(Command::Upsert(batch, vectors)) => match self.of.name {
                None => {
                    let kept = Kept::read(store, index)?.unwrap_or_default();
                    for (ordinal, (point, vector)) in batch.points.iter().zip(&vectors).enumerate() {
                        if kept.has(None, ordinal) {
                            continue;
                        }
                        let version = Version { index, ordinal: ordinal as u32 };
                        kills.extend(self.put(&point.id, version, vector)?);
                    }
                }
                Some(name) => kills = self.put_named(name, index, &batch)?,
            },
            Ok(Command::Delete(batch)) => {
                kills.extend(batch.ids.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::Split(split)) => {
                let gone = writer::given_up(&self.rows, &split);
                let is_live = |id: &String| {
                    self.rows.slot_of(id).is_some_and(|slot| self.generation.slot(slot).is_live())
                };
                if gone.iter().any(is_live) {
                    // Refused: the shard was of that epoch or a later one.
                    self.writer.work.push_back(IndexWork { index, first, count: 0, kills });
                    return Ok(true);
                }
                kills.extend(gone.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::Mutate(mutation)) if matches!(mutation.action, Some(Action::Change(_))) => {
                // It leaves all vectors where they are, and an earlier release, which did not, left no record.
                let changed = changes::ids(store, index)?.unwrap_or_default();
                if !changed.is_empty() && Kept::read(store, index)?.is_none() {
                    return Ok(false);
                }
            }
            Ok(Command::Mutate(_) | Command::Expire(_)) => {
                let gone = changes::ids(store, index)?.unwrap_or_default();
                kills.extend(gone.iter().filter_map(|id| Some(self.rows.remove(id)?.1)));
            }
            Ok(Command::Declare(declaration)) if self.drops(&declaration) => return Ok(false),
            Ok(Command::SetEpoch(_) | Command::Scrub | Command::Declare(_)) | Err(_) => {}
        }
        kills.sort_unstable();
        self.ended(&kills, index);
        let count = self.generation.slots.count() as u32 - first;
        self.writer.work.push_back(IndexWork { index, first, count, kills });
        Ok(true)
    }

    /// Of the points of an entry, the last of each id counts; one that does not have the vector has it no more.
    fn put_named(&mut self, name: &str, index: u64, batch: &PointBatch) -> Result<Vec<SlotId>> {
        let ids = batch.points.iter().enumerate();
        let last: HashMap<&str, usize> = ids.map(|(at, point)| (point.id.as_str(), at)).collect();
        let kept = Kept::read(self.of.store, index)?.unwrap_or_default();
        let mut kills = Vec::new();
        for (ordinal, point) in batch.points.iter().enumerate() {
            if last.get(point.id.as_str()) != Some(&ordinal) || kept.has(Some(name), ordinal) {
                continue;
            }
            let own = point.vectors.iter().find(|own| own.name == name);
            match own.and_then(|own| check_vector(&own.vector, self.of.spec, name).ok()) {
                Some(vector) => {
                    let version = Version { index, ordinal: ordinal as u32 };
                    kills.extend(self.put(&point.id, version, &vector)?);
                }
                None => kills.extend(self.rows.remove(&point.id).map(|(_, slot)| slot)),
            }
        }
        Ok(kills)
    }

    /// Whether the vector is dropped, so that what came before is of another one.
    fn drops(&self, declaration: &Declaration) -> bool {
        let dropped = match &declaration.declare {
            Some(Declare::DropVector(vector)) => Some(vector.name.as_str()),
            _ => None,
        };
        self.of.name.is_some() && dropped == self.of.name
    }

    /// The next slot; gives the one the point had.
    fn put(&mut self, id: &str, version: Version, vector: &[f32]) -> Result<Option<SlotId>> {
        let id: Arc<str> = id.into();
        let live = self.take(&id, version).is_some();
        let at = self.generation.push(self.slot(&id, version, live), vector)?;
        Ok(self.rows.put(id, at))
    }

    /// Nodes that the store no longer has are deleted, points that the graph has not are added.
    fn adopt_rest(&mut self) -> Result<()> {
        let generation = &self.generation;
        let kills = self.rows.retain(|slot| generation.slot(slot).is_live());
        self.ended(&kills, self.of.applied);
        let mut work = IndexWork { index: 0, first: generation.slots.count() as SlotId, count: 0, kills };
        for at in (0..self.points.len()).filter(|&at| !self.used[at]) {
            let id: Arc<str> = self.points.id(at).into();
            let slot = self.slot(&id, self.points.version(at), true);
            let slot = generation.push(slot, self.points.vector(at))?;
            self.rows.put(id, slot);
            work.count += 1;
            if work.count == REBUILD_STEP {
                let next = IndexWork { index: 0, first: slot + 1, count: 0, kills: Vec::new() };
                self.writer.work.push_back(std::mem::replace(&mut work, next));
            }
        }
        work.index = self.of.applied;
        let is_work = work.count > 0 || !work.kills.is_empty();
        if work.index > 0 && (is_work || self.of.name.is_none()) {
            self.writer.work.push_back(work);
        }
        Ok(())
    }

    fn finish(self, indexed: u64, saved: Option<&Saved>) -> Loaded {
        let indexed = if self.writer.work.is_empty() { self.of.applied } else { indexed };
        // A graph that is still to be trained holds nothing.
        self.generation.settle(if self.generation.graph().is_some() { indexed } else { 0 });
        self.generation.publish(self.of.applied, self.rows.len() as u64);
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
