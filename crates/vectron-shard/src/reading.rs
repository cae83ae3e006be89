//! Limits of a read: when it ends, how many bytes its answer has room for, and how much of the store it holds at a time.

use crate::fields::Document;
use crate::generation::{Generation, SlotId};
use crate::point::{self, StoredPoint};
use crate::proto::{IdBatch, PageFound};
use crate::{Result, Shard, ShardError};
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Points that are read together before their size is known.
const FIRST_STEP: usize = 4;
/// Most points that are read together.
const MOST: usize = 64;
/// Bytes of points that are read together, as far as those before tell.
const STEP_BYTES: usize = 1 << 20;

/// Small steps, such as a value of an index, between two looks at whether a read must end.
const LOOK_AGAIN: usize = 256;

/// When a read ends: a search with what it has found by then, any other with an error.
#[derive(Debug, Clone, Default)]
pub struct Until {
    pub deadline: Option<Instant>,
    /// Set when nobody waits for the answer any more.
    pub cancelled: Option<Arc<AtomicBool>>,
}

impl Until {
    pub fn is_over(&self) -> bool {
        self.is_cancelled() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.as_ref().is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }

    /// The error with which a read ends that has no answer yet.
    pub(crate) fn check(&self) -> Result<()> {
        match self.is_over() {
            true if self.is_cancelled() => Err(ShardError::Cancelled),
            true => Err(ShardError::Late),
            false => Ok(()),
        }
    }

    /// Counts the steps of a read that are too small to be asked about one by one.
    pub(crate) fn steps(&self) -> Steps<'_> {
        Steps { until: self, done: 0 }
    }

    /// The limit of what a search reads before it compares: at its deadline it still gives what it finds.
    pub(crate) fn without_deadline(&self) -> Self {
        Self { deadline: None, cancelled: self.cancelled.clone() }
    }
}

/// Small steps of a read: see [`Until::steps`].
pub(crate) struct Steps<'a> {
    until: &'a Until,
    done: usize,
}

impl Steps<'_> {
    /// One more; the error with which the read ends, if it must, once in [`LOOK_AGAIN`] of them.
    pub fn next(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(LOOK_AGAIN) { self.until.check() } else { Ok(()) }
    }
}

/// Bytes that an answer has room for.
pub(crate) struct Room {
    left: usize,
    is_empty: bool,
}

impl Room {
    /// 0: no limit.
    pub fn new(max_bytes: u32) -> Self {
        let left = if max_bytes == 0 { usize::MAX } else { max_bytes as usize };
        Self { left, is_empty: true }
    }

    /// Whether there is room for so many bytes, which is less by them then. The first ones always fit.
    pub fn take(&mut self, bytes: usize) -> bool {
        let fits = self.is_empty || bytes <= self.left;
        self.is_empty = false;
        self.left = self.left.saturating_sub(bytes);
        fits
    }
}

impl Shard {
    /// Calls `visit` with the place of each id and what is stored of its point, in order, until it returns `false`. What is
    /// read at a time is about a megabyte.
    pub(crate) fn visit_stored(
        &self,
        ids: &[&str],
        until: &Until,
        mut visit: impl FnMut(usize, Option<Vec<u8>>) -> Result<bool>,
    ) -> Result<()> {
        let (mut at, mut step) = (0, FIRST_STEP);
        while let Some(asked) = ids.get(at..ids.len().min(at + step)).filter(|asked| !asked.is_empty()) {
            until.check()?;
            let keys: Vec<Vec<u8>> = asked.iter().map(|id| point::key(id)).collect();
            let values = self.store.get_many(keys.iter().map(Vec::as_slice))?;
            let bytes: usize = values.iter().flatten().map(Vec::len).sum();
            for (place, value) in (at..).zip(values) {
                if !visit(place, value)? {
                    return Ok(());
                }
            }
            at += asked.len();
            step = (STEP_BYTES * asked.len() / bytes.max(1)).clamp(1, MOST);
        }
        Ok(())
    }

    /// Calls `visit` with each slot and what is stored of its point, in order, until it returns `false`. Gives `false` when one
    /// was written since `as_of`, so that what it was then is not known any more.
    pub(crate) fn visit_slots(
        &self,
        generation: &Generation,
        slots: &[SlotId],
        as_of: u64,
        until: &Until,
        mut visit: impl FnMut(SlotId, &StoredPoint<'_>) -> Result<bool>,
    ) -> Result<bool> {
        let ids: Vec<&str> = slots.iter().map(|slot| &*generation.slot(*slot).id).collect();
        let mut whole = true;
        self.visit_stored(&ids, until, |place, value| {
            let Some((value, slot)) = value.zip(slots.get(place)) else {
                whole = false;
                return Ok(false);
            };
            let stored = StoredPoint::decode(&value)?;
            whole = stored.version.index <= as_of;
            Ok(whole && visit(*slot, &stored)?)
        })?;
        Ok(whole)
    }

    /// [`Shard::visit_slots`] with the documents of all of them.
    pub(crate) fn visit_documents(
        &self,
        generation: &Generation,
        slots: &[SlotId],
        as_of: u64,
        until: &Until,
        mut visit: impl FnMut(SlotId, Document),
    ) -> Result<bool> {
        self.visit_slots(generation, slots, as_of, until, |slot, stored| {
            visit(slot, Document::stored(stored, None)?);
            Ok(true)
        })
    }

    /// The points that are there, in the order of the ids, as far as the answer has room for them.
    pub fn points(&self, asked: &IdBatch, until: &Until) -> Result<PageFound> {
        let ids: Vec<&str> = asked.ids.iter().map(String::as_str).collect();
        let mut room = Room::new(asked.max_bytes());
        let mut found = PageFound::default();
        self.visit_stored(&ids, until, |place, value| {
            let (Some(value), Some(id)) = (value, ids.get(place)) else { return Ok(true) };
            let mut stored = StoredPoint::decode(&value)?;
            if asked.without_payloads() {
                stored.payload = &[];
            }
            let point = crate::apply::data(id, &stored)?;
            if !room.take(point.encoded_len()) {
                found.more = true;
                return Ok(false);
            }
            found.points.push(point);
            Ok(true)
        })?;
        Ok(found)
    }
}
