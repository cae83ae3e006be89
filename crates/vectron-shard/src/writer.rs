//! What the applying thread owns: what the index must do next, and what clients and clocks may still ask.

use crate::fields::Fields;
use crate::generation::{Generation, Slot, SlotId};
use crate::point::Version;
use crate::proto::{LogCommand, Split};
use crate::rows::Rows;
use crate::sessions::Sessions;
use crate::{Applied, Result, ShardError};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// What one log entry means for the graph.
#[derive(Clone)]
pub struct IndexWork {
    /// The entry.
    pub index: u64,
    /// Slots it made.
    pub first: SlotId,
    pub count: u32,
    /// Slots it deleted or overwrote, those it made itself included.
    pub kills: Vec<SlotId>,
}

#[derive(Default)]
pub struct Writer {
    /// Entries the graph has not taken in, in log order.
    pub work: VecDeque<IndexWork>,
    pub sessions: Sessions,
    /// Set by the log; writes of an older one are refused.
    pub epoch: u64,
    pub expiries: Expiries,
}

/// When points expire.
#[derive(Default)]
pub struct Expiries {
    by_time: BTreeSet<(u64, Arc<str>)>,
    by_id: HashMap<Arc<str>, u64>,
}

impl Expiries {
    /// `at_ms` 0: never.
    pub fn set(&mut self, id: &str, at_ms: u64) {
        if let Some((id, before)) = self.by_id.remove_entry(id) {
            self.by_time.remove(&(before, id));
        }
        if at_ms > 0 {
            let id: Arc<str> = id.into();
            self.by_id.insert(Arc::clone(&id), at_ms);
            self.by_time.insert((at_ms, id));
        }
    }

    pub fn first(&self) -> Option<u64> {
        self.by_time.first().map(|(at_ms, _)| *at_ms)
    }

    /// Up to `most` points that expire by then, the earliest first.
    pub fn due(&self, by_ms: u64, most: usize) -> Vec<String> {
        let due = self.by_time.iter().take_while(|(at_ms, _)| *at_ms <= by_ms);
        due.take(most).map(|(_, id)| id.to_string()).collect()
    }
}

/// The ids that a split takes away, in an order that depends on nothing else.
pub fn given_up(rows: &Rows, split: &Split) -> Vec<String> {
    let mut ids: Vec<String> = rows.ids().filter(|id| split.gives_up(id)).map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids
}

/// Whether each id is there, for an upsert: a second one of the same id is.
pub fn present<'a>(rows: &Rows, ids: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut made = HashSet::new();
    ids.map(|id| !made.insert(id) || rows.contains(id)).collect()
}

/// Whether each id is there, for a delete: a second one of the same id is not.
pub fn absent_after_first<'a>(rows: &Rows, ids: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut gone = HashSet::new();
    ids.map(|id| rows.contains(id) && gone.insert(id)).collect()
}

impl Writer {
    /// Whether a checked command may be applied: `Some` is its answer when it was applied before.
    pub fn admit(&self, command: &LogCommand) -> Result<Option<Applied>> {
        if let Some(before) =
            command.origin.as_ref().map(|origin| self.sessions.seen(origin)).transpose()?.flatten()
        {
            return Ok(Some(before));
        }
        if command.epoch > 0 && command.epoch < self.epoch {
            return Err(ShardError::StaleEpoch { current: self.epoch, asked: command.epoch });
        }
        if let Some(split) = command.split.as_ref().filter(|split| split.epoch <= self.epoch) {
            return Err(ShardError::StaleEpoch { current: self.epoch, asked: split.epoch });
        }
        Ok(None)
    }

    /// Adds the points of entry `index`. `points`: their ids, and whether their vector stays where it is; the others' are in
    /// `generation` from `first` on, and what they had before dies. Not visible before the caller publishes.
    pub fn upsert<'a>(
        &mut self,
        generation: &Generation,
        fields: &mut Fields,
        index: u64,
        first: SlotId,
        points: impl Iterator<Item = (&'a str, bool)>,
    ) {
        let (mut kills, mut count) = (Vec::new(), 0);
        for (ordinal, (id, stays)) in points.enumerate() {
            if stays && let Some(slot) = fields.rows.slot_of(id) {
                generation.slot(slot).rewrite(Version { index, ordinal: ordinal as u32 });
                continue;
            }
            let slot = first + count;
            if let Some(former) = fields.rows.put(Arc::clone(&generation.slot(slot).id), slot) {
                generation.slot(former).kill(index);
                kills.push(former);
            }
            debug_assert_eq!(&*generation.slot(slot).id, id);
            count += 1;
        }
        self.work.push_back(IndexWork { index, first, count, kills });
    }

    /// The rows that the points had are free now.
    pub fn delete(
        &mut self,
        generation: &Generation,
        fields: &mut Fields,
        index: u64,
        ids: impl Iterator<Item = impl AsRef<str>>,
    ) {
        let kills: Vec<SlotId> = ids.filter_map(|id| Some(fields.rows.remove(id.as_ref())?.1)).collect();
        kills.iter().for_each(|&slot| generation.slot(slot).kill(index));
        self.work.push_back(IndexWork { index, first: generation.slots.count() as SlotId, count: 0, kills });
    }

    /// An entry that changes nothing still counts as indexed.
    pub fn nothing(&mut self, generation: &Generation, index: u64) {
        let first = generation.slots.count() as SlotId;
        self.work.push_back(IndexWork { index, first, count: 0, kills: Vec::new() });
    }

    /// Slots move: `moved` gives the new place of each.
    pub fn rename(&mut self, moved: impl Fn(SlotId) -> SlotId) {
        for work in &mut self.work {
            work.first = moved(work.first);
            work.kills.iter_mut().for_each(|slot| *slot = moved(*slot));
        }
    }
}

/// Appends vectors of points of entry `index` to the generation, each with its place in the entry; gives the first slot.
pub fn push<'a>(
    generation: &Generation,
    index: u64,
    points: impl Iterator<Item = (usize, (&'a str, &'a [f32]))>,
) -> Result<SlotId> {
    let first = generation.slots.count() as SlotId;
    for (ordinal, (id, vector)) in points {
        let version = Version { index, ordinal: ordinal as u32 };
        generation.push(Slot::live(id.into(), version), vector)?;
    }
    Ok(first)
}
