//! Recall as a promise: every way to search is measured by answering sampled queries with it, and exactly too, so that an answer
//! says how much of the truth it holds, and a request for a recall gets the least work that reaches it.
//!
//! What is measured is what is served: the same k, the same plan, the same rescoring, with filters by the share of the points
//! that they let through, for the first vectors and for each named one. What was not measured is not said.
//!
//! The figures are those of one shard on one replica, and no part of its replicated state: with `recall`, replicas may do
//! different work. They are kept beside the graphs, and measured anew when the shard is opened with other points than these
//! figures are of.

mod choice;
mod kept;
mod ladder;
mod measure;
mod sample;
mod spot;
mod truth;

pub use ladder::{Scope, default_effort};

use crate::generation::Generation;
use crate::matching::Filtering;
use crate::search::Nearest;
use ladder::Measured;
use measure::FILTERED;
use parking_lot::{Mutex, RwLock};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Queries that are kept.
const KEPT: usize = 400;
/// Queries that are kept of those before a contradiction.
const LATEST: usize = 64;
/// One query in this many is kept, after the first ones.
const KEEP_ONE_IN: u64 = 16;

/// How much a walk does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Nodes kept at most.
    pub ef: usize,
    /// The distance-adaptive stop; infinite: the walk ends by `ef` alone.
    pub slack: f32,
}

/// How a search looks for its points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// Walks the graph.
    Walk(Effort),
    /// Compares all codes, then the vectors of the best.
    Codes,
    /// Compares all vectors.
    Exact,
}

/// What a search does, and the recall to expect.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    pub work: Work,
    /// `None`: it was not measured.
    pub estimate: Option<Estimate>,
}

/// Recall to expect, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub mean: f32,
    pub low: f32,
    pub high: f32,
}

impl Estimate {
    pub const EXACT: Self = Self { mean: 1.0, low: 1.0, high: 1.0 };
}

/// What is known of the recall of the searches of one set of vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct RecallStatus {
    /// The named vector; empty: the first one.
    pub using: String,
    /// Of a search for ten points that asks for neither an ef nor a recall; `None`: it was not measured.
    pub estimate: Option<Estimate>,
    /// Queries it was measured with.
    pub queries: u64,
    /// Searches that asked for a recall, and those of them whose answers said that it was not met.
    pub asked: u64,
    pub unmet: u64,
}

/// A query that was asked.
struct AskedQuery {
    vector: Box<[f32]>,
    filter: Option<Arc<Filtering>>,
}

impl AskedQuery {
    fn is(&self, query: &[f32], nearest: &Nearest) -> bool {
        let key = |filter: &Option<Arc<Filtering>>| filter.as_ref().map(|filter| filter.key().to_vec());
        self.vector[..] == *query && key(&self.filter) == key(&nearest.filter)
    }
}

/// The queries of one set of vectors that were asked lately, and the figures of its searches.
#[derive(Default)]
pub struct RecallBook {
    /// Queries offered.
    asked: AtomicU64,
    queries: Mutex<VecDeque<AskedQuery>>,
    /// Kinds of search that were asked for: bits.
    kinds: AtomicU32,
    measured: RwLock<Option<Arc<Measured>>>,
    wishes: AtomicU64,
    unmet: AtomicU64,
    spot: spot::Spot,
    contradicted: AtomicBool,
}

impl RecallBook {
    /// Takes note of a query that is not answered exactly anyway. Cheap, and never waits.
    pub fn offer(&self, query: &[f32], nearest: &Nearest) {
        if nearest.exact {
            return;
        }
        let kinds = if nearest.filter.is_some() { FILTERED } else { 0 };
        if kinds & !self.kinds.load(Ordering::Relaxed) != 0 {
            self.kinds.fetch_or(kinds, Ordering::Relaxed);
        }
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if (asked < KEPT as u64 || asked.is_multiple_of(KEEP_ONE_IN))
            && let Some(mut queries) = self.queries.try_lock()
            // One that is asked again and again would be all that is known.
            && !queries.iter().any(|kept| kept.is(query, nearest))
        {
            queries.push_back(AskedQuery { vector: query.into(), filter: nearest.filter.clone() });
            if queries.len() > KEPT {
                queries.pop_front();
            }
        }
        self.spot.offer(asked, query, nearest);
    }

    /// Takes note of an answer.
    pub fn answered(&self, nearest: &Nearest, unmet: bool) {
        if nearest.recall != 0.0 {
            self.wishes.fetch_add(1, Ordering::Relaxed);
            self.unmet.fetch_add(u64::from(unmet), Ordering::Relaxed);
        }
    }

    /// Of a search of all points of the generation.
    pub fn status(&self, using: &str, generation: &Generation) -> RecallStatus {
        let scope = Scope::all(generation);
        let measured = self.valid(&scope);
        let default = Work::Walk(default_effort(10));
        let stat = measured.as_ref().and_then(|all| all.stat(&scope, 10, default));
        RecallStatus {
            using: using.into(),
            estimate: stat.map(|stat| stat.estimate),
            queries: measured.map_or(0, |measured| measured.queries as u64),
            asked: self.wishes.load(Ordering::Relaxed),
            unmet: self.unmet.load(Ordering::Relaxed),
        }
    }

    /// Queries that were asked lately, at most `count`, the latest first.
    fn queries(&self, count: usize) -> Vec<Vec<f32>> {
        self.queries.lock().iter().rev().take(count).map(|asked| asked.vector.to_vec()).collect()
    }

    /// Filters that were asked for lately, the latest first.
    fn filters(&self) -> Vec<Arc<Filtering>> {
        let mut found: Vec<Arc<Filtering>> = Vec::new();
        for filter in self.queries.lock().iter().rev().filter_map(|asked| asked.filter.as_ref()) {
            if !found.iter().any(|known| known.key() == filter.key()) {
                found.push(Arc::clone(filter));
            }
        }
        found
    }

    /// How many of those that were asked lately are known.
    fn kept(&self) -> usize {
        self.queries.lock().len()
    }

    fn kinds(&self) -> u32 {
        self.kinds.load(Ordering::Relaxed)
    }

    fn measured(&self) -> Option<Arc<Measured>> {
        self.measured.read().clone()
    }

    /// What was measured, unless half of the points are others by now.
    fn valid(&self, scope: &Scope<'_>) -> Option<Arc<Measured>> {
        let half = scope.live / 2;
        let made = |measured: &Arc<Measured>| scope.made.saturating_sub(measured.made);
        let is_valid =
            |measured: &Arc<Measured>| made(measured) <= half && scope.live.abs_diff(measured.live) <= half;
        self.measured().filter(is_valid)
    }

    fn learn(&self, measured: Measured) {
        let live = measured.live;
        *self.measured.write() = Some(Arc::new(measured));
        self.contradicted.store(false, Ordering::Relaxed);
        self.spot.begin(live);
    }

    /// What was said was not what was reached: only the latest queries tell what users ask by now.
    fn contradict(&self) {
        let mut queries = self.queries.lock();
        let former = queries.len().saturating_sub(LATEST);
        queries.drain(..former);
        drop(queries);
        self.contradicted.store(true, Ordering::Relaxed);
    }

    fn is_contradicted(&self) -> bool {
        self.contradicted.load(Ordering::Relaxed)
    }
}
