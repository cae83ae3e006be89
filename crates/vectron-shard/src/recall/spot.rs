//! Spot checks: now and then a query that was asked is answered exactly, too, in the index thread, and what the answer reached is
//! compared with what it said. Where the two differ on average, the queries or the points are others than those that were
//! measured, and everything is measured anew.

use super::Work;
use crate::search::{Found, Nearest};
use crate::space::Space;
use crate::{Quantization, Result, Shard, Until};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One query in so many is checked, and in shards with more points one in a 256th of their points: an exact answer costs as
/// many times more.
const CHECK_ONE_IN: u64 = 256;
/// Checks from which on their mean says something.
const CHECKS: f32 = 16.0;
/// What is said may be wrong by so much.
const BEARABLE: f32 = 0.02;

#[derive(Default)]
pub struct Spot {
    waiting: Mutex<Option<(Box<[f32]>, Nearest)>>,
    /// One query in so many; 0: none, nothing was measured.
    every: AtomicU64,
    /// Of reached less said: how many, their sum, and the sum of their squares.
    sums: Mutex<(f32, f32, f32)>,
}

impl Spot {
    /// There are new figures to be checked, of a shard with `live` points.
    pub fn begin(&self, live: u64) {
        self.every.store(CHECK_ONE_IN.max(live / 256), Ordering::Relaxed);
        *self.sums.lock() = (0.0, 0.0, 0.0);
        *self.waiting.lock() = None;
    }

    /// Keeps the query when it is the turn of one. `asked`: number of the query.
    pub fn offer(&self, asked: u64, query: &[f32], nearest: &Nearest) {
        let every = self.every.load(Ordering::Relaxed);
        if every > 0
            && asked.is_multiple_of(every)
            && let Some(mut waiting) = self.waiting.try_lock()
        {
            let nearest = Nearest { score_threshold: None, until: Until::default(), ..nearest.clone() };
            *waiting = Some((query.into(), nearest));
        }
    }

    fn is_waiting(&self) -> bool {
        self.waiting.lock().is_some()
    }

    /// Whether what is said is wrong on average, now that one more answer reached what it reached.
    fn contradicts(&self, reached: f32, said: f32) -> bool {
        let mut sums = self.sums.lock();
        let by = reached - said;
        let (count, sum, squares) = (sums.0 + 1.0, sums.1 + by, sums.2 + by * by);
        *sums = (count, sum, squares);
        let mean = sum / count;
        let error = ((squares / count - mean * mean).max(0.0) / count).sqrt();
        count >= CHECKS && mean.abs() > BEARABLE + 2.0 * error
    }
}

impl Shard {
    /// Whether a query waits for [`Shard::check_recall`].
    pub fn wants_checking(&self) -> bool {
        self.recall.spot.is_waiting() || self.spaces().iter().any(|space| space.recall().spot.is_waiting())
    }

    /// Checks what was said of queries that were asked lately, one of each set of vectors. Costs two searches each, one of
    /// which compares every point.
    pub fn check_recall(&self) -> Result<()> {
        self.check(None)?;
        self.spaces().iter().try_for_each(|space| self.check(Some(space)))
    }

    fn check(&self, space: Option<&Arc<Space>>) -> Result<()> {
        let book = space.map_or(&self.recall, |space| space.recall());
        let Some((query, nearest)) = book.spot.waiting.lock().take() else { return Ok(()) };
        let using = space.map_or("", |space| &space.declared().name);
        let found = self.found(using, &query, &nearest)?;
        let Some(said) = found.recall.filter(|_| found.plan != "scan") else { return Ok(()) };
        let Some(truth) = self.truth(space, using, &query, nearest)? else { return Ok(()) };
        let Some((least, _)) = truth.hits.last() else { return Ok(()) };
        if book.spot.contradicts(found.share_of(*least, truth.hits.len()), said.mean) {
            book.contradict();
        }
        Ok(())
    }

    /// The true answer. Where codes are fine enough to say which vectors may be among the nearest, the others are not read: that
    /// takes a quarter of the time, which searches pay for. `None`: a write came between.
    fn truth(
        &self,
        space: Option<&Arc<Space>>,
        using: &str,
        query: &[f32],
        nearest: Nearest,
    ) -> Result<Option<Found>> {
        let subject = space.map_or_else(|| self.first_vectors(), |space| self.named_vectors_of(space));
        let are_fine = matches!(subject.spec.quantization, Quantization::Int8 | Quantization::Half);
        if are_fine && nearest.filter.is_none() {
            return self.answer(&subject, query, nearest.k, Work::Codes, None);
        }
        self.found(using, query, &Nearest { exact: true, ef: 0, recall: 0.0, ..nearest }).map(Some)
    }
}
