//! Which points pass a filter, as of one log index. By the payload indexes where they know; otherwise by reading the
//! payloads, which takes longer and finds the same.

use crate::fields::{Document, Fields};
use crate::filter::Filter;
use crate::generation::{Generation, SlotId};
use crate::point::{self, StoredPoint, Version};
use crate::proto::{self, PointExtras};
use crate::rows::Row;
use crate::{Result, Shard, Until};
use lru::LruCache;
use parking_lot::Mutex;
use prost::Message;
use roaring::RoaringBitmap;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Points whose payloads are read one by one; of more, the store is read from end to end.
const READ_SINGLY: u64 = 4096;

/// Filters whose points are remembered while nothing is written.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// More points are not remembered.
const REMEMBERED_POINTS: usize = 1 << 18;

/// A checked filter, and what it is remembered by.
#[derive(Debug, Clone)]
pub struct Filtering {
    filter: Filter,
    key: Box<[u8]>,
}

impl Filtering {
    /// Equal filters have equal keys.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl Deref for Filtering {
    type Target = Filter;
    fn deref(&self) -> &Filter {
        &self.filter
    }
}

/// Slots that pass a filter, in an order that follows the rows.
pub struct Passing {
    pub generation: Arc<Generation>,
    pub applied: u64,
    pub slots: Vec<SlotId>,
    /// Live points, passing or not.
    pub live: u64,
    pub unindexed: bool,
    bits: OnceLock<Bits>,
}

impl Passing {
    pub fn new(
        generation: Arc<Generation>,
        applied: u64,
        slots: Vec<SlotId>,
        live: u64,
        unindexed: bool,
    ) -> Self {
        Self { generation, applied, slots, live, unindexed, bits: OnceLock::new() }
    }

    pub fn bits(&self) -> &Bits {
        self.bits.get_or_init(|| Bits::new(&self.slots, self.generation.slots.count() as SlotId))
    }
}

/// Slots as bits.
pub struct Bits(Vec<u64>);

impl Bits {
    pub fn new(slots: &[SlotId], end: SlotId) -> Self {
        let mut words = vec![0u64; end as usize / 64 + 1];
        for &slot in slots {
            if let Some(word) = words.get_mut(slot as usize / 64) {
                *word |= 1 << (slot % 64);
            }
        }
        Self(words)
    }

    #[inline]
    pub fn has(&self, slot: SlotId) -> bool {
        self.0.get(slot as usize / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }
}

/// What passed lately: many searches ask the same of the same points.
pub struct Recent(Mutex<LruCache<Box<[u8]>, Arc<Passing>>>);

impl Recent {
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

/// Points that pass.
pub struct Matching {
    pub generation: Arc<Generation>,
    pub applied: u64,
    /// Of the live points that pass, and their slots, in the same order.
    pub rows: RoaringBitmap,
    pub slots: Vec<SlotId>,
    /// Live points, passing or not.
    pub live: u64,
    /// Payloads had to be read.
    pub unindexed: bool,
}

/// What the indexes know.
pub struct Candidates {
    pub generation: Arc<Generation>,
    pub applied: u64,
    /// `None`: all that live.
    pub rows: Option<RoaringBitmap>,
    /// As many as there are rows.
    pub slots: Option<Vec<SlotId>>,
    pub exact: bool,
    pub live: u64,
}

fn slots_of(fields: &Fields, rows: &RoaringBitmap) -> Vec<SlotId> {
    let mut slots = Vec::with_capacity(rows.len() as usize);
    slots.extend(rows.iter().filter_map(|row| fields.rows.slot(row)));
    slots
}

impl From<Matching> for Passing {
    fn from(matching: Matching) -> Self {
        let Matching { generation, applied, slots, live, unindexed, .. } = matching;
        Self::new(generation, applied, slots, live, unindexed)
    }
}

impl Shard {
    /// Checks a filter against the schema as it is now.
    pub fn filter(&self, message: &proto::Filter) -> Result<Filtering> {
        let schema = Arc::clone(self.fields.read().schema());
        let filter = Filter::new(message, &schema)?;
        Ok(Filtering { filter, key: message.encode_to_vec().into() })
    }

    /// The slots that pass, where that is known without reading payloads; what else is known otherwise.
    pub(crate) fn passing(&self, filter: &Filtering) -> std::result::Result<Arc<Passing>, Candidates> {
        let fields = self.fields.read();
        let generation = self.generation.load_full();
        let known = self.recent.0.lock().get(&filter.key).cloned();
        let is_now = |known: &Arc<Passing>| {
            known.applied == fields.applied && Arc::ptr_eq(&known.generation, &generation)
        };
        if let Some(known) = known.filter(is_now) {
            return Ok(known);
        }
        let Candidates { rows, slots, exact, .. } = self.candidates_in(&fields, filter);
        let (applied, live) = (fields.applied, fields.rows.len() as u64);
        match slots {
            Some(slots) if exact => {
                let passing = Arc::new(Passing::new(generation, applied, slots, live, false));
                if passing.slots.len() <= REMEMBERED_POINTS {
                    // With the fields held: no reclaim comes between, which forgets what is remembered.
                    self.recent.0.lock().put(filter.key.clone(), Arc::clone(&passing));
                }
                Ok(passing)
            }
            slots => Err(Candidates { generation, applied, rows, slots, exact, live }),
        }
    }

    /// By the indexes alone.
    pub(crate) fn candidates(&self, filter: &Filter) -> Candidates {
        self.candidates_in(&self.fields.read(), filter)
    }

    fn candidates_in(&self, fields: &Fields, filter: &Filter) -> Candidates {
        let selected = fields.select(filter);
        let slots = selected.rows.as_ref().map(|rows| slots_of(fields, rows));
        Candidates {
            generation: self.generation.load_full(),
            applied: fields.applied,
            slots,
            rows: selected.rows,
            exact: selected.exact,
            live: fields.rows.len() as u64,
        }
    }

    /// Exactly the points that pass. `None`: a write came between; ask again. `quiet`: the caller keeps writes out.
    pub(crate) fn matching(
        &self,
        filter: Option<&Filter>,
        quiet: bool,
        until: &Until,
    ) -> Result<Option<Matching>> {
        until.check()?;
        let Some(filter) = filter else {
            let fields = self.fields.read();
            let rows = fields.rows.live().clone();
            return Ok(Some(Matching {
                generation: self.generation.load_full(),
                applied: fields.applied,
                slots: slots_of(&fields, &rows),
                live: rows.len(),
                rows,
                unindexed: false,
            }));
        };
        self.settle_candidates(filter, self.candidates(filter), quiet, until)
    }

    /// Those of the candidates that pass.
    pub(crate) fn settle_candidates(
        &self,
        filter: &Filter,
        candidates: Candidates,
        quiet: bool,
        until: &Until,
    ) -> Result<Option<Matching>> {
        let Candidates { generation, applied, rows, slots, exact, live } = candidates;
        let (rows, slots) = match (rows, slots) {
            (Some(rows), Some(slots)) if exact => {
                return Ok(Some(Matching { generation, applied, rows, slots, live, unindexed: false }));
            }
            (Some(rows), Some(slots)) if rows.len() <= READ_SINGLY => (rows, slots),
            _ => return self.read_all(filter, quiet, until),
        };
        let Some(passing) = self.read_slots(&generation, &slots, applied, filter, until)? else {
            return Ok(None);
        };
        let passing: HashSet<SlotId> = passing.into_iter().collect();
        let both = rows.iter().zip(slots).filter(|(_, slot)| passing.contains(slot));
        let (rows, slots): (Vec<Row>, Vec<SlotId>) = both.unzip();
        let rows = rows.into_iter().collect();
        Ok(Some(Matching { generation, applied, rows, slots, live, unindexed: true }))
    }

    /// Those of the slots whose payload passes, in their order. `None`: one was written since `as_of`.
    pub(crate) fn read_slots(
        &self,
        generation: &Generation,
        slots: &[SlotId],
        as_of: u64,
        filter: &Filter,
        until: &Until,
    ) -> Result<Option<Vec<SlotId>>> {
        let mut passing = Vec::new();
        let whole = self.visit_documents(generation, slots, as_of, until, |slot, document| {
            if filter.holds(&generation.slot(slot).id, &document.payload) {
                passing.push(slot);
            }
        })?;
        Ok(whole.then_some(passing))
    }

    /// Reads the store from end to end, then what was written meanwhile.
    fn read_all(&self, filter: &Filter, quiet: bool, until: &Until) -> Result<Option<Matching>> {
        let from = self.fields.read().applied;
        let mut passing: HashSet<Version> = HashSet::new();
        let mut failure = None;
        self.store.scan(point::PREFIX, |key, value| {
            let Some(id) = key.strip_prefix(point::PREFIX) else { return false };
            let passes = until.check().and_then(|()| StoredPoint::decode(value)).and_then(|stored| {
                let document = Document::new(stored.payload, PointExtras::default(), None)?;
                Ok(filter.holds(&String::from_utf8_lossy(id), &document.payload).then_some(stored.version))
            });
            match passes {
                Ok(version) => passing.extend(version),
                Err(e) => failure = Some(e),
            }
            failure.is_none()
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        if !quiet {
            // What the store had is taken in, too, once the entry that was being applied is.
            drop(self.writer.lock());
        }
        let fields = self.fields.read();
        let generation = self.generation.load_full();
        let (mut rows, mut slots, mut newer) = (RoaringBitmap::new(), Vec::new(), Vec::new());
        for row in fields.rows.live() {
            let Some(slot) = fields.rows.slot(row) else { continue };
            let version = generation.slot(slot).written();
            if version.index > from {
                newer.push((row, slot));
            } else if passing.contains(&version) {
                rows.insert(row);
                slots.push(slot);
            }
        }
        let asked: Vec<SlotId> = newer.iter().map(|(_, slot)| *slot).collect();
        let Some(passed) = self.read_slots(&generation, &asked, fields.applied, filter, until)? else {
            return Ok(None);
        };
        if !passed.is_empty() {
            let passed: HashSet<SlotId> = passed.into_iter().collect();
            rows.extend(newer.iter().filter(|(_, slot)| passed.contains(slot)).map(|(row, _)| *row));
            slots = slots_of(&fields, &rows);
        }
        let (applied, live) = (fields.applied, fields.rows.len() as u64);
        Ok(Some(Matching { generation, applied, rows, slots, live, unindexed: true }))
    }
}
