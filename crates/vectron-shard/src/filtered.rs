//! The nearest points among those that pass a filter.
//!
//! The indexes say exactly which points pass, as of one log index, before anything is compared; so the answer has `k`
//! points whenever `k` exist, whatever way is taken to them. The way is the cheapest by the bytes it is expected to
//! read ([`Plan`]); one that turns out to find too little, because filter and query have to do with each other, gives way
//! to comparing all that pass. Where the indexes do not know, the nearest points are looked at one by one, and when
//! that finds too little, every payload is read.

use crate::filter::Filter;
use crate::generation::{Generation, SlotId};
use crate::matching::{Bits, Candidates, Filtering, Passing};
use crate::recall::{Choice, Effort, Estimate, RecallBook, Scope, Work};
use crate::search::{Found, Nearest, Scan};
use crate::{Quantization, Residence, Result, Shard, ShardSpec};
use std::sync::Arc;
use vectron_hnsw::{Graph, Query, SearchOptions};

/// Distances that a walk computes for each node it keeps, measured on the sample and on synthetic sets.
const DISTANCES_PER_EF: f64 = 14.0;
/// What a distance costs besides the bytes of its row, in bytes.
const PER_ROW: f64 = 96.0;
/// What a step of a walk costs more than a step of a scan: rows in no order, and a pool to keep.
pub const WALK: f64 = 2.0;
/// Most nodes a post-filtered walk keeps.
const POOL_MAX: f64 = 1024.0;
/// Nodes that are looked at one by one where no index knows the filter.
const CHECKED: usize = 1024;
/// Payloads read at a time.
const READ: usize = 64;
/// Points that wait for the graph, up to which their payloads are read one by one.
const TAIL_MAX: usize = 4096;
/// Standard deviations of the `k`-th code distance beyond which no candidate of a scan of codes is rescored.
const CODES_DEVIATIONS: f32 = 8.0;

/// The way to the nearest of the points that pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Plan {
    /// Compare the vectors of all that pass.
    Scan,
    /// Compare the codes of all that pass, then the vectors of the best.
    ScanCodes,
    /// Walk the graph as without a filter, with a pool of this size, and keep those that pass.
    PostFilter(usize),
    /// Walk the graph until enough that pass were met, through those that do not.
    Walk,
}

impl Shard {
    /// `None`: a write came between; ask again. `quiet`: the caller keeps writes out.
    pub(crate) fn find_filtered(
        &self,
        query: &[f32],
        nearest: &Nearest,
        filter: &Filtering,
        quiet: bool,
    ) -> Result<Option<Found>> {
        let candidates = match self.passing(filter) {
            Ok(passing) => return self.find_among(&self.spec, &self.recall, query, nearest, &passing, None),
            Err(candidates) => candidates,
        };
        // What that finds is not measured.
        if nearest.recall == 0.0
            && let Some(found) = self.find_checking(query, nearest, filter, &candidates)?
        {
            return Ok(Some(found));
        }
        let until = nearest.until.without_deadline();
        let Some(matching) = self.settle_candidates(filter, candidates, quiet, &until)? else {
            return Ok(None);
        };
        self.find_among(&self.spec, &self.recall, query, nearest, &matching.into(), None)
    }

    /// Searches a named vector. `None`: a write came between; ask again.
    pub(crate) fn find_in_space(
        &self,
        name: &str,
        query: &[f32],
        nearest: &Nearest,
        quiet: bool,
    ) -> Result<Option<Found>> {
        let Some(filter) = nearest.filter.as_deref() else {
            let space = Arc::clone(self.fields.read().space(name)?);
            let generation = space.generation();
            let choice = space.recall().choose(space.spec(), nearest, &Scope::all(&generation));
            let mut found = self.find_surely(space.spec(), &generation, query, nearest, choice, quiet)?;
            found.iter_mut().for_each(|found| found.matching = generation.live());
            return Ok(found);
        };
        let until = nearest.until.without_deadline();
        let Some(matching) = self.matching(Some(filter), quiet, &until)? else { return Ok(None) };
        let fields = self.fields.read();
        let space = Arc::clone(fields.space(name)?);
        let generation = space.generation();
        let applied = fields.applied;
        if matching.applied != applied {
            return Ok(None);
        }
        let slots = fields.space_slots(name, &matching.rows);
        drop(fields);
        let live = generation.live();
        let passing = Passing::new(generation, applied, slots, live, matching.unindexed);
        self.find_among(space.spec(), space.recall(), query, nearest, &passing, None)
    }

    /// Compares the codes of all points. `None`: a write came between; ask again.
    pub(crate) fn find_by_codes(
        &self,
        spec: &ShardSpec,
        generation: &Arc<Generation>,
        query: &[f32],
        nearest: &Nearest,
        choice: Choice,
    ) -> Result<Option<Found>> {
        let applied = generation.applied();
        let visible = |slot: &SlotId| generation.slot(*slot).is_visible(applied);
        let slots: Vec<SlotId> = (0..generation.published()).filter(visible).collect();
        let live = generation.live();
        let passing = Passing::new(Arc::clone(generation), applied, slots, live, false);
        self.find_among(spec, &RecallBook::default(), query, nearest, &passing, Some(choice))
    }

    /// `choice`: what it is to do; `None`: what it was asked to, and what `book` knows to be enough.
    pub(crate) fn find_among(
        &self,
        spec: &ShardSpec,
        book: &RecallBook,
        query: &[f32],
        nearest: &Nearest,
        passing: &Passing,
        choice: Option<Choice>,
    ) -> Result<Option<Found>> {
        let Passing { generation, slots, live, .. } = passing;
        let mut found = Found {
            applied_index: passing.applied,
            matching: slots.len() as u64,
            unindexed: passing.unindexed,
            recall: Some(Estimate::EXACT),
            slack: f32::INFINITY,
            ..Found::default()
        };
        let scope = Scope {
            made: generation.made(),
            live: *live,
            matching: slots.len() as u64,
            filter: Some(nearest.filter.as_deref().map_or(&[], |filter| filter.key())),
        };
        let choice = choice.unwrap_or_else(|| book.choose(spec, nearest, &scope));
        let graph = generation.graph().filter(|graph| choice.work != Work::Exact && !graph.is_empty());
        // Slots up to here are in the graph; the others wait for it.
        let indexed = graph.map_or(0, |graph| graph.len() as SlotId);
        let among = Among { shard: self, spec, generation, query, nearest, slots, indexed };
        let distances = match (choice.work, graph) {
            (Work::Exact, _) | (_, None) => among.scan(slots, &mut found)?,
            (Work::Codes, Some(graph)) => among.scan_codes(graph, &mut found)?,
            (Work::Walk(effort), Some(graph)) => match plan(spec, slots.len(), *live, nearest, effort.ef) {
                Plan::Scan => among.scan(slots, &mut found)?,
                Plan::ScanCodes => among.scan_codes(graph, &mut found)?,
                plan => match among.walk(graph, plan, effort, passing.bits(), &mut found)? {
                    Some(distances) => {
                        (found.ef, found.slack) = (effort.ef as u32, effort.slack);
                        Some(distances)
                    }
                    None => among.scan_codes(graph, &mut found)?,
                },
            },
        };
        let Some(distances) = distances else { return Ok(None) };
        // What was measured of the way that was chosen counts the searches that had to take another one after it.
        found.recall = if found.plan == "scan" { Some(Estimate::EXACT) } else { choice.estimate };
        found.hits = self.best(spec, generation, distances, nearest);
        found.recall_unmet = nearest.misses(found.recall);
        Ok(Some(found))
    }

    /// Looks at the nearest points one by one, where the indexes do not know. `None`: that does not find enough.
    fn find_checking(
        &self,
        query: &[f32],
        nearest: &Nearest,
        filter: &Filter,
        candidates: &Candidates,
    ) -> Result<Option<Found>> {
        let Candidates { generation, applied, slots, .. } = candidates;
        let graph = generation.graph().filter(|graph| !nearest.exact && graph.len() > TAIL_MAX);
        let Some(graph) = graph else { return Ok(None) };
        let indexed = graph.len() as SlotId;
        let published = generation.slots.count() as SlotId;
        let few = slots.as_ref().is_some_and(|slots| slots.len() <= TAIL_MAX);
        if few || (published - indexed) as usize > TAIL_MAX {
            return Ok(None);
        }
        let allowed = slots.as_ref().map(|slots| Bits::new(slots, published));
        let may_pass = |slot: SlotId| match &allowed {
            Some(allowed) => allowed.has(slot),
            None => generation.slot(slot).is_visible(*applied),
        };
        let mut found = Found {
            applied_index: *applied,
            matching: candidates.rows.as_ref().map_or(candidates.live, roaring::RoaringBitmap::len),
            unindexed: true,
            plan: "post_check",
            slack: f32::INFINITY,
            ..Found::default()
        };
        let among = Among { shard: self, spec: &self.spec, generation, query, nearest, slots: &[], indexed };
        let coded = graph.query(query);
        let walked =
            among.search(graph, &coded, Effort { ef: CHECKED, slack: f32::INFINITY }, None, 0, &mut found);
        let walked: Vec<_> =
            walked.into_iter().filter(|(_, slot)| *slot < indexed && may_pass(*slot)).collect();
        let enough = 4 * nearest.k + 16;
        let until = nearest.until.without_deadline();
        let mut passing = Vec::new();
        for step in walked.chunks(READ) {
            let step_slots: Vec<SlotId> = step.iter().map(|(_, slot)| *slot).collect();
            let Some(passed) = self.read_slots(generation, &step_slots, *applied, filter, &until)? else {
                return Ok(None);
            };
            passing.extend(step.iter().filter(|(_, slot)| passed.contains(slot)).copied());
            if passing.len() >= enough || nearest.is_late() {
                break;
            }
        }
        if passing.len() < nearest.k + nearest.k / 2 {
            return Ok(None);
        }
        let tail: Vec<SlotId> = (indexed..published).filter(|slot| may_pass(*slot)).collect();
        let Some(tail) = self.read_slots(generation, &tail, *applied, filter, &until)? else {
            return Ok(None);
        };
        let Some(distances) = among.rescore(graph, &coded, &passing, &tail, &mut found)? else {
            return Ok(None);
        };
        found.hits = self.best(&self.spec, generation, distances, nearest);
        found.ef = CHECKED as u32;
        found.recall_unmet = nearest.misses(found.recall);
        Ok(Some(found))
    }
}

/// Bytes of comparing a point by its code and by its vector, with what a distance costs besides.
pub fn bytes_of(spec: &ShardSpec) -> (f64, f64) {
    let dim = spec.dim as f64;
    let code_bytes = match spec.quantization {
        Quantization::Float => 4.0,
        Quantization::Half => 2.0,
        Quantization::Int8 => 1.0,
        Quantization::Binary | Quantization::Product => 0.125,
    };
    let full = match spec.vectors {
        Residence::Memory | Residence::Mapped => 4.0 * dim + PER_ROW,
        // A read from the store.
        Residence::Disk => 4.0 * dim + 20_000.0,
    };
    (code_bytes * dim + PER_ROW, full)
}

/// The way of a search with a filter whose walk would keep `ef` nodes without it.
pub fn plan(spec: &ShardSpec, matching: usize, live: u64, nearest: &Nearest, ef: usize) -> Plan {
    if let Some(plan) = nearest.plan {
        return plan;
    }
    let m = matching as f64;
    let (code, full) = bytes_of(spec);
    let rescored = spec.likely_rescored(nearest.k) as f64;
    let scan = m * full;
    let scan_codes = m * code + rescored.min(m) * full;
    let cheapest_scan = if scan <= scan_codes { (Plan::Scan, scan) } else { (Plan::ScanCodes, scan_codes) };
    // The `k` best that pass are among the `k / share` best of all: a pool of `ef / share` would find them as surely as
    // one of `ef` finds the `k` best, and the root of that was measured to be enough.
    let pool = ef as f64 * (live as f64 / m.max(1.0)).sqrt();
    let walked = if pool <= POOL_MAX { pool } else { ef as f64 * live as f64 / m.max(1.0) };
    let walk = walked * DISTANCES_PER_EF * code * WALK + rescored * full;
    if walk >= cheapest_scan.1 {
        cheapest_scan.0
    } else if pool <= POOL_MAX {
        Plan::PostFilter(pool.ceil() as usize)
    } else {
        Plan::Walk
    }
}

/// The points that pass, and what they are compared with.
struct Among<'a> {
    shard: &'a Shard,
    spec: &'a ShardSpec,
    generation: &'a Generation,
    query: &'a [f32],
    nearest: &'a Nearest,
    slots: &'a [SlotId],
    /// Slots below this are in the graph.
    indexed: SlotId,
}

type Distances = Option<Vec<(f32, SlotId)>>;

impl Among<'_> {
    fn scanner(&self) -> Scan<'_> {
        let Self { shard, spec, generation, query, nearest, .. } = self;
        Scan { shard, spec, generation, query, nearest }
    }

    fn scan(&self, slots: &[SlotId], found: &mut Found) -> Result<Distances> {
        found.plan = "scan";
        found.rescored = slots.len() as u32;
        let mut distances = Vec::with_capacity(slots.len());
        let whole = self.scanner().distances(slots, &mut distances, &mut found.stats)?;
        Ok(whole.then_some(distances))
    }

    fn tail(&self) -> Vec<SlotId> {
        self.slots.iter().copied().filter(|slot| *slot >= self.indexed).collect()
    }

    fn scan_codes(&self, graph: &Graph, found: &mut Found) -> Result<Distances> {
        let nodes: Vec<SlotId> = self.slots.iter().copied().filter(|slot| *slot < self.indexed).collect();
        let coded = graph.query(self.query);
        let (mut step, mut all) = (Vec::new(), Vec::with_capacity(nodes.len()));
        for nodes in nodes.chunks(1024) {
            if !all.is_empty() && self.nearest.is_late() {
                found.stats.stopped = true;
                break;
            }
            graph.compare(&coded, nodes, &mut step);
            all.extend(step.iter().copied().zip(nodes.iter().copied()));
        }
        found.stats.distances += all.len() as u32;
        let closer = |a: &(f32, SlotId), b: &(f32, SlotId)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let Nearest { k, .. } = self.nearest;
        if all.len() > *k {
            // Those that rescoring may want: the k-th of the codes may be wrong, and each of the others.
            let (_, &mut (kth, node), _) = all.select_nth_unstable_by(*k - 1, closer);
            let most = kth + CODES_DEVIATIONS * graph.deviation(&coded, node, kth);
            all.retain(|(distance, _)| *distance <= most);
        }
        all.sort_unstable_by(closer);
        (found.plan, found.ef) = ("scan_codes", 0);
        self.rescore(graph, &coded, &all, &self.tail(), found)
    }

    /// `None`: it found too little, and all must be compared.
    fn walk(
        &self,
        graph: &Graph,
        plan: Plan,
        effort: Effort,
        bits: &Bits,
        found: &mut Found,
    ) -> Result<Distances> {
        let Effort { ef, slack } = effort;
        let coded = graph.query(self.query);
        let passes = |slot: SlotId| slot < self.indexed && bits.has(slot);
        let walked: Vec<_> = match plan {
            Plan::PostFilter(pool) => {
                found.plan = "post_filter";
                let all =
                    self.search(graph, &coded, Effort { ef: pool, slack: f32::INFINITY }, None, 0, found);
                all.into_iter().filter(|(_, slot)| passes(*slot)).collect()
            }
            _ => {
                found.plan = "walk";
                let limit = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
                self.search(graph, &coded, Effort { ef, slack }, Some(&passes), limit, found)
            }
        };
        let tail = self.tail();
        let in_graph = self.slots.len() - tail.len();
        let wanted = (2 * self.nearest.k).max(ef / 4).min(ef).min(in_graph);
        if (found.stats.gave_up || walked.len() < wanted) && !found.stats.stopped {
            return Ok(None);
        }
        self.rescore(graph, &coded, &walked, &tail, found)
    }

    fn search(
        &self,
        graph: &Graph,
        coded: &Query,
        effort: Effort,
        accept: Option<&dyn Fn(SlotId) -> bool>,
        limit: u32,
        found: &mut Found,
    ) -> Vec<(f32, SlotId)> {
        let is_late = || self.nearest.is_late();
        let stop: Option<&dyn Fn() -> bool> = self.nearest.has_limit().then_some(&is_late as _);
        // Deleted since: they are part of the state that is answered as of.
        let Effort { ef, slack } = effort;
        let k = self.nearest.k;
        let options = SearchOptions { ef, k, slack, accept, with_deleted: true, limit, stop };
        graph.search(coded, &options, &mut found.stats)
    }

    /// `walked`: closest first. With the tail, which is compared in full.
    fn rescore(
        &self,
        graph: &Graph,
        coded: &Query,
        walked: &[(f32, SlotId)],
        tail: &[SlotId],
        found: &mut Found,
    ) -> Result<Distances> {
        let scan = self.scanner();
        let mut distances = Vec::with_capacity(self.nearest.k * 2);
        if !scan.rescore(graph, coded, walked, &mut distances, &mut found.stats)? {
            return Ok(None);
        }
        found.rescored = distances.len() as u32;
        found.tail = tail.len() as u32;
        let whole = scan.distances(tail, &mut distances, &mut found.stats)?;
        Ok(whole.then_some(distances))
    }
}
