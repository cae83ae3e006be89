//! Where the rows are in a space, and what its graph is to take in of an entry.
//!
//! A vector that is declared over points that have it already (it was dropped before) begins with those, as they were at
//! the declaration, in the order of their versions. They are read beside the writes that go on; what these change waits
//! until all are there. So the slots of a space, too, depend on the log alone.

use crate::Result;
use crate::fields::{Document, Own};
use crate::generation::SlotId;
use crate::point::Version;
use crate::rows::Row;
use crate::space::Space;
use crate::writer::IndexWork;
use roaring::RoaringBitmap;
use std::sync::Arc;

const NO_SLOT: SlotId = SlotId::MAX;

pub struct SpaceField {
    pub space: Arc<Space>,
    /// By row; `NO_SLOT` where the row does not have the vector.
    slots: Vec<SlotId>,
    live: usize,
    /// Slots that the entry being applied deleted or overwrote.
    kills: Vec<SlotId>,
    /// The first slot that the entry being applied made.
    first: SlotId,
    building: Option<Building>,
}

struct Building {
    /// The first row that was not read yet.
    next: Row,
    /// What points had at the declaration.
    begin: Vec<(Row, Came)>,
    later: Vec<Change>,
}

/// What an entry after the declaration did to a row.
struct Change {
    at: u64,
    row: Row,
    /// `None`: it has the vector no more.
    put: Option<Came>,
}

/// A vector of the point `id`, and the entry that brought it.
struct Came {
    id: Arc<str>,
    origin: Version,
    vector: Vec<u8>,
}

impl Came {
    fn new(id: &Arc<str>, own: &Own) -> Self {
        Self { id: Arc::clone(id), origin: own.origin, vector: own.data.vector.clone() }
    }
}

impl SpaceField {
    /// Of a vector that is being declared; `has_points`: some may have it already.
    pub fn declared(space: Space, has_points: bool) -> Self {
        let building = has_points.then(|| Building { next: 0, begin: Vec::new(), later: Vec::new() });
        if building.is_none() {
            space.begin();
        }
        Self::with(space, Vec::new(), building)
    }

    /// Of a shard that is opened. `slots`: of each row that has the vector.
    pub fn loaded(space: Space, slots: impl Iterator<Item = (Row, SlotId)>) -> Self {
        let mut field = Self::with(space, Vec::new(), None);
        for (row, slot) in slots {
            field.put(row, slot);
        }
        field
    }

    fn with(space: Space, slots: Vec<SlotId>, building: Option<Building>) -> Self {
        let first = space.end();
        Self { space: Arc::new(space), slots, live: 0, kills: Vec::new(), first, building }
    }

    /// The first row that is to be read; `None`: all were.
    pub fn building(&self) -> Option<Row> {
        self.building.as_ref().map(|building| building.next)
    }

    pub fn slot(&self, row: Row) -> Option<SlotId> {
        self.slots.get(row as usize).copied().filter(|slot| *slot != NO_SLOT)
    }

    fn put(&mut self, row: Row, slot: SlotId) -> Option<SlotId> {
        if self.slots.len() <= row as usize {
            self.slots.resize(row as usize + 1, NO_SLOT);
        }
        let former = std::mem::replace(&mut self.slots[row as usize], slot);
        let former = Some(former).filter(|former| *former != NO_SLOT);
        self.live += usize::from(former.is_none());
        former
    }

    /// A version of a point that had this document ends with entry `at`.
    pub fn remove(&mut self, row: Row, document: &Document, id: &Arc<str>, at: u64) {
        let (name, declared_at) = (&self.space.declared().name, self.space.declared_at());
        let own = document.vectors.iter().find(|own| own.data.name == *name);
        if own.is_some_and(|own| own.is_kept) {
            return;
        }
        if let Some(building) = &mut self.building {
            if let Some(own) = own.filter(|own| row >= building.next && own.origin.index <= declared_at) {
                // It will not be there when its row is read.
                building.begin.push((row, Came::new(id, own)));
            }
            building.later.push(Change { at, row, put: None });
            return;
        }
        self.take(row, at);
    }

    fn take(&mut self, row: Row, at: u64) {
        let Some(slot) = self.slot(row) else { return };
        self.slots[row as usize] = NO_SLOT;
        self.live -= 1;
        self.space.kill(slot, at);
        self.kills.push(slot);
    }

    /// One that does not fit is of a vector that was dropped, and is left out.
    pub fn insert(&mut self, row: Row, own: &Own, id: &Arc<str>) -> Result<()> {
        if own.is_kept {
            return Ok(());
        }
        if let Some(building) = &mut self.building {
            let put = Some(Came::new(id, own));
            building.later.push(Change { at: own.origin.index, row, put });
            return Ok(());
        }
        self.enter(row, &own.data.vector, id, own.origin)
    }

    fn enter(&mut self, row: Row, vector: &[u8], id: &Arc<str>, origin: Version) -> Result<()> {
        if let Some(slot) = self.space.push(vector, id, origin)?
            && let Some(former) = self.put(row, slot)
        {
            self.space.kill(former, origin.index);
            self.kills.push(former);
        }
        Ok(())
    }

    /// Takes in the documents of rows up to `end`; `done`: there are no more.
    pub fn build(&mut self, end: Row, done: bool, documents: &[(Row, Arc<str>, Document)]) -> Result<()> {
        let (name, declared_at) = (&self.space.declared().name, self.space.declared_at());
        let Some(building) = &mut self.building else { return Ok(()) };
        for (row, id, document) in documents {
            let own = document.vectors.iter().find(|own| own.data.name == *name);
            if let Some(own) = own.filter(|own| own.origin.index <= declared_at) {
                building.begin.push((*row, Came::new(id, own)));
            }
        }
        building.next = end;
        match self.building.take_if(|_| done) {
            Some(building) => self.begin(building),
            None => Ok(()),
        }
    }

    /// All that points had at the declaration is known: that comes first, then what entries changed since.
    fn begin(&mut self, building: Building) -> Result<()> {
        let Building { mut begin, later, .. } = building;
        begin.sort_unstable_by_key(|(_, came)| came.origin);
        for (row, came) in begin {
            self.enter(row, &came.vector, &came.id, came.origin)?;
        }
        let mut at = self.space.declared_at();
        for change in later {
            if change.at != at {
                self.publish(at);
                at = change.at;
            }
            match change.put {
                Some(came) => self.enter(change.row, &came.vector, &came.id, came.origin)?,
                None => self.take(change.row, at),
            }
        }
        self.publish(at);
        self.space.begin();
        Ok(())
    }

    /// What entry `index` changed is part of the state from here on.
    pub fn publish(&mut self, index: u64) {
        if self.building.is_some() {
            return;
        }
        let (first, end) = (self.first, self.space.end());
        let mut kills = std::mem::take(&mut self.kills);
        kills.sort_unstable();
        self.space.publish(IndexWork { index, first, count: end - first, kills }, self.live);
        self.first = end;
    }

    /// Slots of the rows, of those that have the vector.
    pub fn slots(&self, rows: &RoaringBitmap) -> Vec<SlotId> {
        rows.iter().filter_map(|row| self.slot(row)).collect()
    }

    /// Slots move.
    pub fn rename(&mut self, moved: impl Fn(SlotId) -> SlotId) {
        self.slots.iter_mut().filter(|slot| **slot != NO_SLOT).for_each(|slot| *slot = moved(*slot));
        self.first = moved(self.first);
    }
}
