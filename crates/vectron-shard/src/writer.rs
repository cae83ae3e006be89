//! What the applying thread owns: which slot each id has, and what the index must do next.

use crate::Result;
use crate::generation::{Generation, Slot, SlotId};
use crate::point::Version;
use std::collections::{HashMap, VecDeque};
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
}

impl Writer {
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

    /// Returns how many of the ids were there.
    pub fn delete(&mut self, generation: &Generation, index: u64, ids: &[String]) -> u32 {
        let kills: Vec<SlotId> = ids.iter().filter_map(|id| self.ids.remove(id.as_str())).collect();
        kills.iter().for_each(|&slot| generation.slot(slot).kill(index));
        let deleted = kills.len() as u32;
        self.work.push_back(IndexWork { index, first: generation.slots.count() as SlotId, count: 0, kills });
        deleted
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
