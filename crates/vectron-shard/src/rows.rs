//! Rows: a number for each live point, which it keeps while it lives, whatever slot its newest version has. Payload indexes
//! are sets of rows, so that rewriting the slots costs them nothing.

use crate::generation::SlotId;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::sync::Arc;

pub type Row = u32;

const NO_SLOT: SlotId = SlotId::MAX;

#[derive(Default)]
pub struct Rows {
    ids: HashMap<Arc<str>, Row>,
    /// Of a free row: `NO_SLOT`.
    slots: Vec<SlotId>,
    free: Vec<Row>,
    live: RoaringBitmap,
}

impl Rows {
    /// Live points.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// One more than the greatest row ever used.
    pub fn end(&self) -> Row {
        self.slots.len() as Row
    }

    pub fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    pub fn row(&self, id: &str) -> Option<Row> {
        self.ids.get(id).copied()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// `None`: the row is free.
    pub fn slot(&self, row: Row) -> Option<SlotId> {
        self.slots.get(row as usize).copied().filter(|slot| *slot != NO_SLOT)
    }

    pub fn slot_of(&self, id: &str) -> Option<SlotId> {
        self.slot(self.row(id)?)
    }

    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.ids.keys()
    }

    /// Slots of live rows, in the order of the rows.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> {
        self.slots.iter().copied().filter(|slot| *slot != NO_SLOT)
    }

    /// The point has this slot now; gives the one it had before.
    pub fn put(&mut self, id: Arc<str>, slot: SlotId) -> Option<SlotId> {
        if let Some(&row) = self.ids.get(&id) {
            return Some(std::mem::replace(&mut self.slots[row as usize], slot));
        }
        let row = match self.free.pop() {
            Some(row) => {
                self.slots[row as usize] = slot;
                row
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as Row - 1
            }
        };
        self.live.insert(row);
        self.ids.insert(id, row);
        None
    }

    /// Gives the row, which is free now, and the slot.
    pub fn remove(&mut self, id: &str) -> Option<(Row, SlotId)> {
        let row = self.ids.remove(id)?;
        self.live.remove(row);
        self.free.push(row);
        Some((row, std::mem::replace(&mut self.slots[row as usize], NO_SLOT)))
    }

    /// Removes the points whose slot does not pass; gives their slots, in order.
    pub fn retain(&mut self, keep: impl Fn(SlotId) -> bool) -> Vec<SlotId> {
        let slots = &self.slots;
        let gone: Vec<Arc<str>> = self
            .ids
            .iter()
            .filter(|(_, row)| !keep(slots[**row as usize]))
            .map(|(id, _)| Arc::clone(id))
            .collect();
        let mut slots: Vec<SlotId> = gone.iter().filter_map(|id| Some(self.remove(id)?.1)).collect();
        slots.sort_unstable();
        slots
    }

    /// Slots move: `moved` gives the new place of each.
    pub fn rename(&mut self, moved: impl Fn(SlotId) -> SlotId) {
        self.slots.iter_mut().filter(|slot| **slot != NO_SLOT).for_each(|slot| *slot = moved(*slot));
    }
}
