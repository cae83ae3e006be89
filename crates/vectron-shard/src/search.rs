//! Answering a query: graph candidates, the exact tail, rescoring with the full vectors, payloads.
//!
//! A search takes no lock. It walks the graph, then reads the applied index `S`, then scans the slots the graph did
//! not hold when the walk began, and answers as of `S`: a slot counts when it was born at `S` or before and died after.
//! A point that lives at `S` was in the graph during the whole walk, or is scanned. When a write comes between
//! and takes a point away that the answer needs, the search is made again. A search with a filter is in filtered.rs.

use crate::command::check_vector;
use crate::filtered::Plan;
use crate::generation::{Generation, Slot, SlotId};
use crate::matching::Filtering;
use crate::point::{self, StoredPoint};
use crate::proto::{SearchFound, SearchOp};
use crate::ranked::Ranking;
use crate::recall::{Choice, Effort, Estimate, Scope, Work};
use crate::{Metric, Quantization, Result, Shard, ShardError, ShardSpec, Until};
use std::collections::BinaryHeap;
use std::sync::Arc;
use vectron_hnsw::{Graph, Query, SearchOptions, SearchStats};

/// Live points up to which a scan is cheaper than walking the graph.
pub(crate) const SCAN_BELOW: u64 = 500;
/// Candidates rescored between two looks at what is the `k`-th best by now.
const RESCORE_STEP: usize = 16;
/// Standard deviations by which codes are taken to be wrong at most: one in a thousand is by more, on one side.
const DEVIATIONS: f32 = 3.0;
/// Slots scanned between two looks at the clock.
const SCAN_STEP: usize = 1024;
/// Attempts beside writes; the next one keeps writes out.
const ATTEMPTS: usize = 3;
pub const MAX_EF: usize = 100_000;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Nearest {
    /// 1..=10,000.
    pub k: usize,
    /// 0: by `recall`, or the default.
    pub ef: usize,
    /// 0: no wish.
    pub recall: f32,
    pub exact: bool,
    pub score_threshold: Option<f32>,
    pub filter: Option<Arc<Filtering>>,
    /// This distance-adaptive stop, with `ef` as the cap where it is given; 0: as `ef` and `recall` say. For measuring alone: no
    /// API sets it.
    pub slack: f32,
    /// Of a search with a filter: this way instead of the cheapest. For measuring alone: no API sets it.
    pub plan: Option<Plan>,
    pub until: Until,
}

impl Nearest {
    pub fn new(k: usize) -> Self {
        Self {
            k,
            ef: 0,
            recall: 0.0,
            exact: false,
            score_threshold: None,
            filter: None,
            slack: 0.0,
            plan: None,
            until: Until::default(),
        }
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(ShardError::Invalid(what));
        if !(1..=10_000).contains(&self.k) {
            return wrong(format!("k must be 1 to 10000, not {}", self.k));
        }
        if self.ef > MAX_EF {
            return wrong(format!("ef must be at most {MAX_EF}, not {}", self.ef));
        }
        if self.recall != 0.0 && !(0.5..=0.999).contains(&self.recall) {
            return wrong(format!("recall must be 0.5 to 0.999, not {}", self.recall));
        }
        Ok(())
    }

    /// Whether recall was asked for, and is not known to be reached.
    pub(crate) fn misses(&self, recall: Option<Estimate>) -> bool {
        self.recall != 0.0 && recall.is_none_or(|recall| recall.mean < self.recall)
    }

    pub(crate) fn is_late(&self) -> bool {
        self.until.is_over()
    }

    /// Whether it may ever be late.
    pub(crate) fn has_limit(&self) -> bool {
        self.until.deadline.is_some() || self.until.cancelled.is_some()
    }
}

/// Slots with their scores, best first, and how they were found.
#[derive(Default)]
pub struct Found {
    pub hits: Vec<(f32, Arc<Slot>)>,
    pub applied_index: u64,
    pub tail: u32,
    pub rescored: u32,
    /// 0: no walk.
    pub ef: u32,
    /// Of the walk; infinite: by ef alone, or no walk.
    pub slack: f32,
    /// `None`: nothing was measured.
    pub recall: Option<Estimate>,
    /// Recall was asked for, and is not known to be reached.
    pub recall_unmet: bool,
    pub stats: SearchStats,
    pub plan: &'static str,
    pub matching: u64,
    pub unindexed: bool,
}

impl Shard {
    /// The `k` nearest live points (all of them when fewer live), with what the request includes. Blocks no other call
    /// and waits for none.
    pub fn search(&self, request: &SearchOp, until: Until) -> Result<SearchFound> {
        let filter = request.filter.as_ref().map(|filter| self.filter(filter)).transpose()?.map(Arc::new);
        let nearest = Nearest {
            k: request.k as usize,
            ef: request.ef as usize,
            recall: request.recall,
            exact: request.exact,
            score_threshold: request.score_threshold,
            filter,
            slack: 0.0,
            plan: None,
            until,
        };
        nearest.check()?;
        let reading = nearest.until.without_deadline();
        let answer = |found: Found| {
            let Some(hits) = self.hits(&found, request, &reading)? else { return Ok(None) };
            Ok(Some(SearchFound {
                hits,
                applied_index: found.applied_index,
                tail: found.tail,
                visited: found.stats.visited,
                distances: found.stats.distances,
                rescored: found.rescored,
                ef: found.ef,
                recall_estimate: found.recall.map(|recall| recall.mean),
                recall_low: found.recall.map_or(0.0, |recall| recall.low),
                recall_high: found.recall.map_or(0.0, |recall| recall.high),
                recall_unmet: found.recall_unmet,
                slack: Some(found.slack).filter(|slack| slack.is_finite()),
                stopped: found.stats.stopped,
                plan: found.plan.into(),
                matching: found.matching,
                unindexed: found.unindexed,
            }))
        };
        let ranking = match (&request.text, &request.sparse) {
            (Some(text), None) => Some(Ranking::Text(text, request.statistics.as_ref())),
            (None, Some(sparse)) => Some(Ranking::Sparse(sparse)),
            (None, None) => None,
            (Some(_), Some(_)) => {
                return Err(ShardError::Invalid("only one of text and sparse can be set".into()));
            }
        };
        if let Some(ranking) = ranking {
            if !request.vector.is_empty() {
                return Err(ShardError::Invalid("only one of vector, text and sparse can be set".into()));
            }
            let ranked = |_: bool| {
                self.ranked(&ranking, &nearest, nearest.filter.as_deref().map(std::ops::Deref::deref))
            };
            return self.until_whole(ranked, answer);
        }
        if !request.using.is_empty() {
            let space = Arc::clone(self.fields.read().space(&request.using)?);
            let query = check_vector(&request.vector, space.spec(), "vector")?;
            if !request.measuring {
                space.recall().offer(&query, &nearest);
            }
            let find = |quiet: bool| self.find_in_space(&request.using, &query, &nearest, quiet);
            let found = self.until_whole(find, answer)?;
            if !request.measuring {
                space.recall().answered(&nearest, found.recall_unmet);
            }
            return Ok(found);
        }
        let query = check_vector(&request.vector, &self.spec, "vector")?;
        if !request.measuring {
            self.recall.offer(&query, &nearest);
        }
        let found = self.consistently(&query, &nearest, answer)?;
        if !request.measuring {
            self.recall.answered(&nearest, found.recall_unmet);
        }
        Ok(found)
    }

    /// [`Shard::search`] for each, in their order. The hits of all have room for the bytes that the first asks for.
    pub fn search_batch<'a>(
        &self,
        searches: impl Iterator<Item = (&'a SearchOp, Until)>,
    ) -> Result<Vec<SearchFound>> {
        let mut found: Vec<SearchFound> = Vec::new();
        let mut bytes = 0;
        for (request, until) in searches {
            // No room is not no limit.
            let left = request.max_bytes.saturating_sub(bytes).max(1);
            let max_bytes = if request.max_bytes == 0 { 0 } else { left };
            let own = self.search(&SearchOp { max_bytes, ..request.clone() }, until);
            let own = own.map_err(|error| match error {
                ShardError::AnswerTooLarge { .. } => {
                    ShardError::AnswerTooLarge { max_bytes: request.max_bytes }
                }
                other => other,
            })?;
            let taken: usize = own.hits.iter().map(|hit| hit.payload.len() + hit.vector.len()).sum();
            bytes = bytes.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
            found.push(own);
        }
        Ok(found)
    }

    /// [`Shard::search`] without payloads and without encoding. `query`: normalised for cosine, finite, of the
    /// shard's dimension.
    pub fn nearest(&self, query: &[f32], nearest: &Nearest) -> Result<Found> {
        nearest.check()?;
        self.recall.offer(query, nearest);
        let found = self.found("", query, nearest)?;
        self.recall.answered(nearest, found.recall_unmet);
        Ok(found)
    }

    /// What the nearest points by the first vectors, or by those named `using`, are. Nobody takes note of it.
    pub(crate) fn found(&self, using: &str, query: &[f32], nearest: &Nearest) -> Result<Found> {
        match using {
            "" => self.consistently(query, nearest, |found| Ok(Some(found))),
            name => self.until_whole(
                |quiet| self.find_in_space(name, query, nearest, quiet),
                |found| Ok(Some(found)),
            ),
        }
    }

    /// Checks a query and brings it into the form that [`Shard::nearest`] takes.
    pub fn prepare(&self, vector: &mut [f32]) -> Result<()> {
        crate::command::check_floats(vector, &self.spec, "vector")
    }

    /// Searches until `answer` finds the result whole.
    fn consistently<T>(
        &self,
        query: &[f32],
        nearest: &Nearest,
        answer: impl Fn(Found) -> Result<Option<T>>,
    ) -> Result<T> {
        let find = |quiet: bool| {
            if let Some(filter) = &nearest.filter {
                return self.find_filtered(query, nearest, filter, quiet);
            }
            let generation = self.generation.load_full();
            let choice = self.recall.choose(&self.spec, nearest, &Scope::all(&generation));
            self.find_surely(&self.spec, &generation, query, nearest, choice, quiet)
        };
        self.until_whole(find, answer)
    }

    /// Searches a vector without a filter. `None`: a write came between; ask again. `quiet`: the caller keeps writes out.
    pub(crate) fn find_surely(
        &self,
        spec: &ShardSpec,
        generation: &Arc<Generation>,
        query: &[f32],
        nearest: &Nearest,
        choice: Choice,
        quiet: bool,
    ) -> Result<Option<Found>> {
        match self.find(spec, generation, query, nearest, choice)? {
            None if quiet => self.find(spec, generation, query, nearest, Choice::EXACT),
            found => Ok(found),
        }
    }

    /// Calls `find` until it finds something that `answer` takes; in the end with `true`, and writes are kept out.
    fn until_whole<T>(
        &self,
        find: impl Fn(bool) -> Result<Option<Found>>,
        answer: impl Fn(Found) -> Result<Option<T>>,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            if let Some(found) = find(false)?
                && let Some(result) = answer(found)?
            {
                return Ok(result);
            }
        }
        let _no_writes = self.writer.lock();
        let result = find(true)?.map(answer).transpose()?.flatten();
        result.ok_or_else(|| ShardError::Damaged("live points are missing from the store".into()))
    }

    /// `None`: writes took away what the answer needs.
    pub(crate) fn find(
        &self,
        spec: &ShardSpec,
        generation: &Arc<Generation>,
        query: &[f32],
        nearest: &Nearest,
        choice: Choice,
    ) -> Result<Option<Found>> {
        let mut found = Found::default();
        let live = generation.live();
        let (effort, estimate) = match choice.work {
            Work::Walk(effort) => (effort, choice.estimate),
            Work::Codes => return self.find_by_codes(spec, generation, query, nearest, choice),
            Work::Exact => (Effort { ef: 0, slack: f32::INFINITY }, Some(Estimate::EXACT)),
        };
        let Effort { ef, .. } = effort;
        let walks = choice.work != Work::Exact;
        let graph = generation
            .graph()
            .filter(|_| walks && live > SCAN_BELOW.max(nearest.k as u64) && (ef as u64) < live);
        let settled = generation.settled();
        let coded = graph.map(|graph| (graph, graph.query(query)));
        let mut walked = Vec::new();
        let mut scanned_from = 0;
        (found.recall, found.slack) = (Some(Estimate::EXACT), f32::INFINITY);
        if let Some((graph, coded)) = &coded {
            scanned_from = graph.len() as SlotId;
            walked = walk(graph, coded, nearest, effort, &mut found.stats);
            (found.ef, found.slack, found.recall) = (ef as u32, effort.slack, estimate);
        }
        found.applied_index = generation.applied();
        let mut scanned = Vec::new();
        // Nothing was applied since the graph held everything: what it returned is the state.
        if graph.is_none() || settled != found.applied_index {
            let visible = |slot: SlotId| generation.slot(slot).is_visible(found.applied_index);
            // The walk may have met nodes that the graph took in meanwhile: those are scanned.
            walked.retain(|(_, slot)| *slot < scanned_from && visible(*slot));
            scanned.extend((scanned_from..generation.published()).filter(|slot| visible(*slot)));
        }
        let scan = Scan { shard: self, spec, generation, query, nearest };
        let mut distances = Vec::with_capacity(nearest.k * 2);
        if let Some((graph, coded)) = &coded {
            found.tail = scanned.len() as u32;
            if !scan.rescore(graph, coded, &walked, &mut distances, &mut found.stats)? {
                return Ok(None);
            }
            found.rescored = distances.len() as u32;
        } else {
            found.rescored = scanned.len() as u32;
        }
        if !scan.distances(&scanned, &mut distances, &mut found.stats)? {
            return Ok(None);
        }
        let enough = distances.len() as u64 >= live.min(nearest.k as u64) || found.stats.stopped;
        if !enough {
            return Ok(None);
        }
        found.recall_unmet = nearest.misses(found.recall);
        found.plan = if graph.is_some() { "graph" } else { "scan" };
        found.hits = self.best(spec, generation, distances, nearest);
        Ok(Some(found))
    }

    /// The best `k` as hits; equal scores by id.
    pub(crate) fn best(
        &self,
        spec: &ShardSpec,
        generation: &Generation,
        distances: Vec<(f32, SlotId)>,
        nearest: &Nearest,
    ) -> Vec<(f32, Arc<Slot>)> {
        let scored = distances.into_iter().map(|(distance, slot)| (score(spec.metric, distance), slot));
        let mut scored: Vec<_> = match nearest.score_threshold {
            Some(least) => scored.filter(|(score, _)| *score >= least).collect(),
            None => scored.collect(),
        };
        let better = |a: &(f32, SlotId), b: &(f32, SlotId)| {
            b.0.total_cmp(&a.0).then_with(|| generation.slot(a.1).id.cmp(&generation.slot(b.1).id))
        };
        if scored.len() > nearest.k {
            scored.select_nth_unstable_by(nearest.k, better);
            scored.truncate(nearest.k);
        }
        scored.sort_unstable_by(better);
        scored.into_iter().map(|(score, slot)| (score, Arc::clone(generation.slot(slot)))).collect()
    }
}

pub(crate) fn score(metric: Metric, distance: f32) -> f32 {
    match metric {
        Metric::Cosine => (-distance).clamp(-1.0, 1.0),
        Metric::Dot => -distance,
        Metric::Euclidean => 1.0 / (1.0 + distance.sqrt()),
    }
}

/// A distance in its order; there are no NaNs.
#[derive(PartialEq)]
struct Order(f32);

impl Eq for Order {}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The graph's candidates, closest first by their codes.
fn walk(
    graph: &Graph,
    coded: &Query,
    nearest: &Nearest,
    effort: Effort,
    stats: &mut SearchStats,
) -> Vec<(f32, SlotId)> {
    let Effort { ef, slack } = effort;
    let is_late = || nearest.is_late();
    let stop: Option<&dyn Fn() -> bool> = nearest.has_limit().then_some(&is_late as _);
    graph.search(coded, &SearchOptions { ef, k: nearest.k, slack, stop, ..SearchOptions::default() }, stats)
}

/// Comparing one query with full vectors. Distances: negative inner product or squared L2, lower is closer.
pub(crate) struct Scan<'a> {
    pub shard: &'a Shard,
    pub spec: &'a ShardSpec,
    pub generation: &'a Generation,
    pub query: &'a [f32],
    pub nearest: &'a Nearest,
}

impl Scan<'_> {
    /// Adds the true distances of the candidates (sorted by their codes) that may be among the `k` best: the first `k`,
    /// and those that are not further than the `k`-th best of them by more than their codes may be wrong. `false`: the
    /// store has another version of one by now.
    pub fn rescore(
        &self,
        graph: &Graph,
        coded: &Query,
        walked: &[(f32, SlotId)],
        out: &mut Vec<(f32, SlotId)>,
        stats: &mut SearchStats,
    ) -> Result<bool> {
        if self.spec.quantization == Quantization::Float {
            out.extend_from_slice(&walked[..walked.len().min(self.nearest.k)]);
            return Ok(true);
        }
        let k = self.nearest.k;
        let mut rest = &walked[..walked.len().min(self.spec.most_rescored(k))];
        let mut best = BinaryHeap::with_capacity(k + 1);
        let mut step: Vec<SlotId> = Vec::with_capacity(k.max(RESCORE_STEP));
        while !rest.is_empty() {
            step.clear();
            let least = if best.len() < k { k - best.len() } else { RESCORE_STEP };
            let worst = best.peek().map_or(f32::INFINITY, |worst: &Order| worst.0);
            let is_close = |(distance, slot): &(f32, SlotId)| {
                distance - DEVIATIONS * graph.deviation(coded, *slot, *distance) <= worst
            };
            let mut taken = 0;
            for candidate in rest {
                if step.len() == least {
                    break;
                }
                taken += 1;
                if best.len() < k || is_close(candidate) {
                    step.push(candidate.1);
                }
            }
            rest = &rest[taken..];
            let from = out.len();
            if !self.distances(&step, out, stats)? {
                return Ok(false);
            }
            for (distance, _) in &out[from..] {
                best.push(Order(*distance));
                if best.len() > k {
                    best.pop();
                }
            }
            if stats.stopped {
                break;
            }
        }
        Ok(true)
    }

    /// Adds the distances of the slots; stops when late. `false`: as in [`Scan::rescore`].
    pub fn distances(
        &self,
        slots: &[SlotId],
        out: &mut Vec<(f32, SlotId)>,
        stats: &mut SearchStats,
    ) -> Result<bool> {
        let mut step_out = [0.0; SCAN_STEP];
        for step in slots.chunks(SCAN_STEP) {
            if !out.is_empty() && self.nearest.is_late() {
                stats.stopped = true;
                break;
            }
            if !self.step(step, &mut step_out)? {
                return Ok(false);
            }
            out.extend(step_out.iter().copied().zip(step.iter().copied()));
        }
        Ok(true)
    }

    fn step(&self, slots: &[SlotId], out: &mut [f32]) -> Result<bool> {
        let Some(rows) = self.generation.vectors.rows() else { return self.stored(slots, out) };
        match self.spec.metric {
            Metric::Euclidean => vectron_kernels::l2_squared_rows(self.query, rows, slots, out),
            Metric::Cosine | Metric::Dot => {
                vectron_kernels::dot_rows(self.query, rows, slots, out);
                out[..slots.len()].iter_mut().for_each(|dot| *dot = -*dot);
            }
        }
        Ok(true)
    }

    /// With vectors that are read from the store, the waiting ones apart.
    fn stored(&self, slots: &[SlotId], out: &mut [f32]) -> Result<bool> {
        let metric = self.spec.metric;
        let distance = |vector: &[f32]| match metric {
            Metric::Euclidean => vectron_kernels::l2_squared(self.query, vector),
            Metric::Cosine | Metric::Dot => -vectron_kernels::dot(self.query, vector),
        };
        let mut from_store = Vec::new();
        for (at, &slot) in slots.iter().enumerate() {
            match self.generation.vectors.get(slot) {
                Some(vector) => out[at] = distance(&vector),
                None => from_store.push((at, self.generation.slot(slot))),
            }
        }
        let keys: Vec<Vec<u8>> = from_store.iter().map(|(_, slot)| point::key(&slot.id)).collect();
        let values = self.shard.store.get_many(keys.iter().map(Vec::as_slice))?;
        for ((at, slot), value) in from_store.into_iter().zip(values) {
            let Some(value) = value else { return Ok(false) };
            let stored = StoredPoint::decode(&value)?;
            if !slot.holds(stored.version) {
                return Ok(false);
            }
            let mut vector = crate::command::floats(stored.vector);
            if metric == Metric::Cosine {
                vectron_kernels::normalize(&mut vector);
            }
            out[at] = distance(&vector);
        }
        Ok(true)
    }
}
