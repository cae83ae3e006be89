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
use crate::recall::{Effort, Estimate};
use crate::search::{Found, Nearest, Scan};
use crate::{Quantization, Residence, Result, Shard, ShardSpec};
use std::sync::Arc;
use vectron_hnsw::{Graph, Query, SearchOptions};

/// Distances that a walk computes for each node it keeps, measured on the sample and on synthetic sets.
const DISTANCES_PER_EF: f64 = 14.0;
/// What a distance costs besides the bytes of its row, in bytes.
const PER_ROW: f64 = 96.0;
/// What a step of a walk costs more than a step of a scan: rows in no order, and a pool to keep.
const WALK: f64 = 2.0;
/// Most nodes a post-filtered walk keeps.
const POOL_MAX: f64 = 1024.0;
/// Nodes that are looked at one by one where no index knows the filter.
const CHECKED: usize = 1024;
/// Payloads read at a time.
const READ: usize = 64;
/// Points that wait for the graph, up to which their payloads are read one by one.
const TAIL_MAX: usize = 4096;
/// To expect of comparing all codes: their error is known but for one in ten thousand.
const CODES_RECALL: f32 = 0.999;

/// The way to the nearest of the points that pass.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plan {
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
            Ok(passing) => return self.find_among(&self.spec, query, nearest, &passing),
            Err(candidates) => candidates,
        };
        if let Some(found) = self.find_checking(query, nearest, filter, &candidates)? {
            return Ok(Some(found));
        }
        let Some(matching) = self.settle_candidates(filter, candidates, quiet)? else { return Ok(None) };
        self.find_among(&self.spec, query, nearest, &matching.into())
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
            let effort = unmeasured(nearest);
            let mut found = self.find_surely(space.spec(), &generation, query, nearest, effort, quiet)?;
            found.iter_mut().for_each(|found| found.matching = generation.live());
            return Ok(found);
        };
        let Some(matching) = self.matching(Some(filter), quiet)? else { return Ok(None) };
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
        self.find_among(space.spec(), query, nearest, &passing)
    }

    fn find_among(
        &self,
        spec: &ShardSpec,
        query: &[f32],
        nearest: &Nearest,
        passing: &Passing,
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
        // Recall is measured for the first vector alone.
        let (effort, estimate) = match std::ptr::eq(spec, &self.spec) {
            true => self.effort(nearest),
            false => unmeasured(nearest),
        };
        let Effort { ef, .. } = effort;
        let graph = generation.graph().filter(|graph| !nearest.exact && !graph.is_empty());
        // Slots up to here are in the graph; the others wait for it.
        let indexed = graph.map_or(0, |graph| graph.len() as SlotId);
        let among = Among { shard: self, spec, generation, query, nearest, slots, indexed };
        let plan = match graph {
            Some(_) => plan(spec, slots.len(), *live, nearest, ef),
            None => Plan::Scan,
        };
        let distances = match (plan, graph) {
            (Plan::Scan, _) | (_, None) => among.scan(slots, &mut found)?,
            (Plan::ScanCodes, Some(graph)) => among.scan_codes(graph, &mut found)?,
            (plan, Some(graph)) => match among.walk(graph, plan, effort, passing.bits(), &mut found)? {
                Some(distances) => {
                    (found.ef, found.slack, found.recall) = (ef as u32, effort.slack, estimate);
                    Some(distances)
                }
                None => among.scan_codes(graph, &mut found)?,
            },
        };
        let Some(distances) = distances else { return Ok(None) };
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
        let enough = (nearest.k * self.spec.oversampling()).max(nearest.k + 16);
        let mut passing = Vec::new();
        for step in walked.chunks(READ) {
            let step_slots: Vec<SlotId> = step.iter().map(|(_, slot)| *slot).collect();
            let Some(passed) = self.read_slots(generation, &step_slots, filter)? else { return Ok(None) };
            passing.extend(step.iter().filter(|(_, slot)| passed.contains(slot)).copied());
            if passing.len() >= enough || nearest.is_late() {
                break;
            }
        }
        if passing.len() < nearest.k + nearest.k / 2 {
            return Ok(None);
        }
        let tail: Vec<SlotId> = (indexed..published).filter(|slot| may_pass(*slot)).collect();
        let Some(tail) = self.read_slots(generation, &tail, filter)? else { return Ok(None) };
        let Some(distances) = among.rescore(graph, &coded, &passing, &tail, &mut found)? else {
            return Ok(None);
        };
        found.hits = self.best(&self.spec, generation, distances, nearest);
        found.ef = CHECKED as u32;
        found.recall_unmet = nearest.misses(found.recall);
        Ok(Some(found))
    }
}

fn plan(spec: &ShardSpec, matching: usize, live: u64, nearest: &Nearest, ef: usize) -> Plan {
    let (m, dim) = (matching as f64, spec.dim as f64);
    let code_bytes = match spec.quantization {
        Quantization::Float => 4.0,
        Quantization::Half => 2.0,
        Quantization::Int8 => 1.0,
        Quantization::Binary | Quantization::Product => 0.125,
    };
    let code = code_bytes * dim + PER_ROW;
    let full = match spec.vectors {
        Residence::Memory | Residence::Mapped => 4.0 * dim + PER_ROW,
        // A read from the store.
        Residence::Disk => 4.0 * dim + 20_000.0,
    };
    let rescored = (nearest.k * spec.oversampling()).max(nearest.k + 16) as f64;
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

/// What a walk of a graph does whose recall is not measured.
fn unmeasured(nearest: &Nearest) -> (Effort, Option<Estimate>) {
    let ef = if nearest.ef > 0 { nearest.ef.max(nearest.k) } else { (2 * nearest.k).max(100) };
    (Effort { ef, slack: f32::INFINITY }, None)
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
        let kept = self.kept();
        if all.len() > kept {
            all.select_nth_unstable_by(kept, closer);
            all.truncate(kept);
        }
        all.sort_unstable_by(closer);
        (found.plan, found.ef) = ("scan_codes", 0);
        found.recall = Some(Estimate { mean: CODES_RECALL, low: CODES_RECALL, high: CODES_RECALL });
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

    /// Candidates rescored at most.
    fn kept(&self) -> usize {
        let Nearest { k, .. } = self.nearest;
        k.saturating_mul(self.spec.oversampling()).max(k + 16)
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
        let walked = &walked[..walked.len().min(self.kept())];
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
