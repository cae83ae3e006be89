//! What the applying thread owns: which slot each id has, and what the index must do next.

use crate::generation::{Generation, Slot, SlotId};
use crate::point::Version;
use crate::sessions::Sessions;
use crate::{Applied, LogCommand, Result, ShardError, Split};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// What one log entry means for the graph.
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
    /// Exactly the live slots.
    pub ids: HashMap<Arc<str>, SlotId>,
    /// Entries the graph has not taken in, in log order.
    pub work: VecDeque<IndexWork>,
    pub sessions: Sessions,
    /// Set by the log; writes of an older one are refused.
    pub epoch: u64,
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

    /// The ids that a split takes away, in an order that depends on nothing else.
    pub fn given_up(&self, split: &Split) -> Vec<String> {
        let mut ids: Vec<String> =
            self.ids.keys().filter(|id| split.gives_up(id)).map(|id| id.to_string()).collect();
        ids.sort_unstable();
        ids
    }

    /// Whether each id is there, for an upsert: a second one of the same id is.
    pub fn present<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<bool> {
        let mut made = HashSet::new();
        ids.map(|id| !made.insert(id) || self.ids.contains_key(id)).collect()
    }

    /// Whether each id is there, for a delete: a second one of the same id is not.
    pub fn absent_after_first<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<bool> {
        let mut gone = HashSet::new();
        ids.map(|id| self.ids.contains_key(id) && gone.insert(id)).collect()
    }

    /// Adds the points of entry `index`; their former versions die. Not visible before the caller publishes.
    pub fn upsert<'a>(
        &mut self,
        generation: &Generation,
        index: u64,
        points: impl Iterator<Item = (&'a str, &'a Vec<f32>)>,
    ) -> Result<()> {
        let first = generation.slots.count() as SlotId;
        let mut kills = Vec::new();
        for (ordinal, (id, vector)) in points.enumerate() {
            let id: Arc<str> = id.into();
            let slot = Slot::live(Arc::clone(&id), Version { index, ordinal: ordinal as u32 });
            let at = generation.push(slot, vector)?;
            if let Some(former) = self.ids.insert(id, at) {
                generation.slot(former).kill(index);
                kills.push(former);
            }
        }
        let count = generation.slots.count() as u32 - first;
        self.work.push_back(IndexWork { index, first, count, kills });
        Ok(())
    }

    pub fn delete(&mut self, generation: &Generation, index: u64, ids: &[String]) {
        let kills: Vec<SlotId> = ids.iter().filter_map(|id| self.ids.remove(id.as_str())).collect();
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
        self.ids.values_mut().for_each(|slot| *slot = moved(*slot));
        for work in &mut self.work {
            work.first = moved(work.first);
            work.kills.iter_mut().for_each(|slot| *slot = moved(*slot));
        }
    }
}
