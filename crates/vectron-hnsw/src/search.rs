//! SEARCH-LAYER and K-NN-SEARCH (Algorithms 2 and 5 of the paper; differs: candidates and results share one pool
//! when every node may be returned, and a node that may not is walked through without taking a place).

use crate::near::Near;
use crate::scratch::{Scratch, with_scratch};
use crate::{Graph, Metric, NodeId, Query, links};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Expansions between two looks at the clock.
const STOP_EVERY: u32 = 32;
/// Standard deviations of the `k`-th code distance by which a walk goes on beyond what its slack says.
const DEVIATIONS: f32 = 3.0;
/// The stop is measured from no closer neighbour than this: the distance of the closest alone says little about its surroundings.
const LEAST_K: usize = 8;
/// Beyond this the sorted pool costs more to keep in order than two heaps.
const POOL_MAX: usize = 1024;

#[derive(Clone, Copy)]
pub struct SearchOptions<'a> {
    /// Nodes kept while searching, and most nodes returned; at least 1.
    pub ef: usize,
    /// Nodes that the caller wants, 1..=`ef`: so many are returned where so many can be, and `slack` is measured from the
    /// closest `k`.
    pub k: usize,
    /// The distance-adaptive stop (Al-Jazzazi et al., "Distance Adaptive Beam Search for Provably Accurate Graph-Based Nearest
    /// Neighbor Search", 2025): nothing further than `(1 + slack)^2` times the `k`-th distance is kept or walked
    /// through. 0 or more; infinite: the walk ends by `ef` alone.
    pub slack: f32,
    /// Nodes that may be returned, besides not being deleted; the others are walked through.
    pub accept: Option<Test<'a>>,
    /// Nodes that are marked deleted may be returned, too: the caller knows which it wants.
    pub with_deleted: bool,
    /// Distance computations after which it gives up, with [`SearchStats::gave_up`]; 0: never. Only with `accept`.
    pub limit: u32,
    /// Asked now and then; `true` ends the search with what was found.
    pub stop: Option<&'a dyn Fn() -> bool>,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self { ef: 100, k: 10, slack: f32::INFINITY, accept: None, with_deleted: false, limit: 0, stop: None }
    }
}

/// What a search did; for explain output and tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SearchStats {
    /// Nodes whose links were read.
    pub visited: u32,
    /// Distance computations.
    pub distances: u32,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// Whether it came to its limit.
    pub gave_up: bool,
}

/// Whether a node may be returned, or counts for the stop; asked for each node that gets a place.
type Test<'a> = &'a dyn Fn(NodeId) -> bool;

/// How one layer is searched.
pub(crate) struct Layer<'a> {
    pub number: usize,
    /// Nodes kept at most: the closest seen so far.
    pub room: usize,
    /// The adaptive stop, and which nodes count for it; `None`: all.
    stop: Option<(Stop, Option<Test<'a>>)>,
    /// As [`SearchOptions::stop`].
    late: Option<&'a dyn Fn() -> bool>,
}

impl Layer<'_> {
    /// By room alone.
    pub fn new(number: usize, room: usize) -> Self {
        Self { number, room, stop: None, late: None }
    }
}

/// Where an adaptive walk ends: what is measured from the `k`-th best.
#[derive(Clone, Copy)]
struct Stop {
    k: usize,
    /// `(1 + slack)^2 - 1`.
    stretch: f32,
    /// What is added to a distance of the metric so that 0 is the least there is.
    above: f32,
}

impl Graph {
    /// At most `ef` nodes, closest first, as `(distance, node)`. Distances are those of the codes: the caller
    /// rescores. Takes no lock. Cost: about `ef * m` distance computations.
    pub fn search(
        &self,
        query: &Query,
        options: &SearchOptions<'_>,
        stats: &mut SearchStats,
    ) -> Vec<(f32, NodeId)> {
        let leaders = with_scratch(|scratch| {
            let Some((entry, level)) = self.entry() else { return Vec::new() };
            let entry = self.descend(query, entry, (1..=level).rev(), scratch, stats);
            let stop = options.slack.is_finite().then(|| self.stop(query, options));
            if options.accept.is_none()
                && let Some(found) = self.search_pool(query, entry, options, stop, scratch, stats)
            {
                return found;
            }
            let accept = |node| self.leads(node, options);
            self.search_filtered(query, entry, options, stop, accept, scratch, stats)
        });
        self.with_twins(leaders, options)
    }

    fn stop(&self, query: &Query, options: &SearchOptions<'_>) -> Stop {
        let above = match self.config.metric {
            Metric::Euclidean => 0.0,
            Metric::Cosine => 1.0,
            // The greatest inner product there may be; a form of the reduction of inner products to distances.
            Metric::Dot => (self.codes.norm(query) * self.greatest_norm()).sqrt(),
        };
        Stop { k: options.k.max(LEAST_K), stretch: (1.0 + options.slack).powi(2) - 1.0, above }
    }

    /// The distance beyond which nothing is worth walking through, when `kth` is the `k`-th best: codes that may be wrong by
    /// more than that are taken into account.
    #[inline]
    fn reach(&self, query: &Query, stop: Stop, kth: Near) -> f32 {
        let distance = kth.distance();
        let error = self.codes.deviation(query, &self.links.rows, kth.node(), distance);
        distance + stop.stretch * (distance + stop.above).max(0.0) + DEVIATIONS * error
    }

    /// Layer 0 with the sorted pool, which has room for the deleted nodes that are likely to be met. `None`: they were more,
    /// or the pool would be too long.
    fn search_pool(
        &self,
        query: &Query,
        entry: Near,
        options: &SearchOptions<'_>,
        stop: Option<Stop>,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) -> Option<Vec<(f32, NodeId)>> {
        let (nodes, deleted) = (self.len(), if options.with_deleted { 0 } else { self.deleted() });
        let wanted = options.ef + options.ef * deleted / (nodes - deleted).max(1);
        // An adaptive walk seldom needs the room it is allowed.
        let room = if stop.is_some() { wanted.min(POOL_MAX) } else { wanted };
        if room > POOL_MAX || (room < wanted && options.k > room / 2) {
            return None;
        }
        let living = |node: NodeId| self.leads(node, options);
        let counted: Option<Test<'_>> = if deleted > 0 { Some(&living) } else { None };
        let before = *stats;
        let layer = Layer { number: 0, room, stop: stop.map(|stop| (stop, counted)), late: options.stop };
        self.search_layer(query, &[entry], &layer, scratch, stats);
        let pool = &scratch.pool;
        let most = pool.most();
        if room < wanted && pool.is_full() && pool.best().last().is_some_and(|last| last.distance() <= most) {
            // It would have kept more, had there been room.
            *stats = SearchStats { stopped: stats.stopped, ..before };
            return None;
        }
        let best = pool.best().map(|near| (near.distance(), near.node())).take_while(|near| near.0 <= most);
        if deleted == 0 {
            return Some(best.collect());
        }
        let mut found: Vec<_> = best.filter(|(_, node)| living(*node)).collect();
        found.truncate(options.ef);
        let least = if stop.is_some() { options.k } else { options.k.max(options.ef * 3 / 4) };
        let missed = pool.is_full() && found.len() < least;
        (!missed || stats.stopped).then_some(found)
    }

    /// Greedy walk down the given layers: SEARCH-LAYER with ef = 1.
    pub(crate) fn descend(
        &self,
        query: &Query,
        entry: NodeId,
        layers: impl Iterator<Item = usize>,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) -> Near {
        let mut nearest = Near::new(self.distance(query, entry), entry);
        stats.distances += 1;
        for layer in layers {
            loop {
                let bound = self.links.len();
                let links = self.links.of(nearest.node(), layer).map(links::target);
                scratch.batch.fill(links, |node| node < bound);
                self.compare_batch(query, scratch, stats);
                let best = scratch.batch.pairs().map(|(node, distance)| Near::new(distance, node)).min();
                match best.filter(|best| *best < nearest) {
                    Some(best) => nearest = best,
                    None => break,
                }
            }
        }
        nearest
    }

    /// Puts the nodes among the links of `near` that were not seen yet into the batch, with their distances.
    #[inline]
    fn compare_links(
        &self,
        query: &Query,
        near: Near,
        layer: usize,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) {
        let Scratch { batch, visited, .. } = scratch;
        batch.fill(self.links.of(near.node(), layer).map(links::target), |node| visited.insert(node));
        self.compare_batch(query, scratch, stats);
    }

    #[inline]
    fn compare_batch(&self, query: &Query, scratch: &mut Scratch, stats: &mut SearchStats) {
        let (nodes, distances) = scratch.batch.parts();
        self.codes.distances(query, &self.links.rows, nodes, distances);
        stats.visited += 1;
        stats.distances += nodes.len() as u32;
    }

    /// The closest nodes of a layer, deleted ones included, in `scratch.pool`; after an adaptive stop also some that are too far.
    pub(crate) fn search_layer(
        &self,
        query: &Query,
        entries: &[Near],
        layer: &Layer<'_>,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) {
        scratch.visited.begin(self.len());
        scratch.pool.begin(layer.room);
        let counted = layer.stop.and_then(|(_, counted)| counted);
        if let Some((stop, Some(_))) = layer.stop {
            scratch.best.begin(stop.k);
        }
        for entry in entries {
            if scratch.visited.insert(entry.node()) {
                scratch.pool.insert(*entry);
                if counted.is_some_and(|counts| counts(entry.node())) {
                    scratch.best.insert(*entry);
                }
            }
        }
        let mut kth = None;
        while let Some(candidate) = scratch.pool.expand_next() {
            self.compare_links(query, candidate, layer.number, scratch, stats);
            let Scratch { batch, pool, best, .. } = scratch;
            batch.keep_within(pool.most());
            for (node, distance) in batch.pairs() {
                let near = Near::new(distance, node);
                if pool.insert(near) {
                    if layer.number == 0 {
                        self.links.rows.prefetch_words(node);
                    }
                    if counted.is_some_and(|counts| counts(node)) {
                        best.insert(near);
                    }
                }
            }
            if let Some((stop, counted)) = layer.stop {
                let now = if counted.is_some() { best.last() } else { pool.nth(stop.k) };
                if now != kth
                    && let Some(near) = now
                {
                    pool.narrow(self.reach(query, stop, near));
                    kth = now;
                }
            }
            if stats.visited.is_multiple_of(STOP_EVERY) && layer.late.is_some_and(|late| late()) {
                stats.stopped = true;
                return;
            }
        }
    }

    /// Layer 0 with two heaps: candidates of every kind, results that `accept` lets through.
    #[allow(clippy::too_many_arguments)]
    fn search_filtered(
        &self,
        query: &Query,
        entry: Near,
        options: &SearchOptions<'_>,
        stop: Option<Stop>,
        accept: impl Fn(NodeId) -> bool,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) -> Vec<(f32, NodeId)> {
        let (ef, limit) = (options.ef, options.limit);
        scratch.visited.begin(self.len());
        scratch.visited.insert(entry.node());
        scratch.best.begin(stop.map_or(1, |stop| stop.k));
        let mut candidates = BinaryHeap::from([Reverse(entry)]);
        let mut results: BinaryHeap<Near> = BinaryHeap::with_capacity(ef.min(POOL_MAX) + 1);
        let (mut most, mut kth) = (f32::INFINITY, None);
        if accept(entry.node()) {
            results.push(entry);
            scratch.best.insert(entry);
        }
        while let Some(Reverse(candidate)) = candidates.pop() {
            let full = results.len() >= ef && results.peek().is_some_and(|worst| candidate > *worst);
            if full || candidate.distance() > most {
                break;
            }
            self.compare_links(query, candidate, 0, scratch, stats);
            let Scratch { batch, best, .. } = scratch;
            batch.keep_within(most);
            for (node, distance) in batch.pairs() {
                let near = Near::new(distance, node);
                if results.len() >= ef && results.peek().is_some_and(|worst| near > *worst) {
                    continue;
                }
                candidates.push(Reverse(near));
                if accept(node) {
                    best.insert(near);
                    results.push(near);
                    if results.len() > ef {
                        results.pop();
                    }
                }
            }
            if let Some(stop) = stop
                && best.last() != kth
                && let Some(near) = best.last()
            {
                most = most.min(self.reach(query, stop, near));
                kth = best.last();
            }
            if limit > 0 && stats.distances >= limit {
                stats.gave_up = true;
                break;
            }
            if stats.visited.is_multiple_of(STOP_EVERY) && options.stop.is_some_and(|stop| stop()) {
                stats.stopped = true;
                break;
            }
        }
        let found = results.into_sorted_vec().into_iter().map(|near| (near.distance(), near.node()));
        found.take_while(|(distance, _)| *distance <= most).collect()
    }
}
