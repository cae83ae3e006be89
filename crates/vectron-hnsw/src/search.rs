//! SEARCH-LAYER and K-NN-SEARCH (Algorithms 2 and 5 of the paper; differs: candidates and results share one pool
//! when every node may be returned, and a node that may not is walked through without taking a place).

use crate::near::Near;
use crate::scratch::{Scratch, with_scratch};
use crate::{Graph, NodeId, Query, links};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Expansions between two looks at the clock.
const STOP_EVERY: u32 = 32;
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
    pub accept: Option<&'a dyn Fn(NodeId) -> bool>,
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
            if options.accept.is_none()
                && let Some(found) = self.search_pool(query, entry, options, scratch, stats)
            {
                return found;
            }
            let accept = |node| self.leads(node, options);
            self.search_filtered(query, entry, options, accept, scratch, stats)
        });
        self.with_twins(leaders, options)
    }

    /// Layer 0 with the sorted pool, which has room for the deleted nodes that are likely to be met. `None`: they were more,
    /// or the pool would be too long.
    fn search_pool(
        &self,
        query: &Query,
        entry: Near,
        options: &SearchOptions<'_>,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) -> Option<Vec<(f32, NodeId)>> {
        let (nodes, deleted) = (self.len(), if options.with_deleted { 0 } else { self.deleted() });
        let room = options.ef + options.ef * deleted / (nodes - deleted).max(1);
        if room > POOL_MAX {
            return None;
        }
        self.search_layer(query, &[entry], room, 0, scratch, options.stop, stats);
        let best = scratch.pool.best().map(|near| (near.distance(), near.node()));
        if deleted == 0 {
            return Some(best.collect());
        }
        let mut found: Vec<_> = best.filter(|(_, node)| self.leads(*node, options)).collect();
        found.truncate(options.ef);
        let missed = scratch.pool.is_full() && found.len() < options.k.max(options.ef * 3 / 4);
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
                scratch.nodes.clear();
                let links = self.links.of(nearest.node(), layer).map(links::target);
                scratch.nodes.extend(links.filter(|&node| node < bound));
                self.distances(query, &scratch.nodes, &mut scratch.distances);
                stats.visited += 1;
                stats.distances += scratch.nodes.len() as u32;
                let pairs = scratch.nodes.iter().zip(&scratch.distances);
                let best = pairs.map(|(&node, &distance)| Near::new(distance, node)).min();
                match best.filter(|best| *best < nearest) {
                    Some(best) => nearest = best,
                    None => break,
                }
            }
        }
        nearest
    }

    /// Puts the nodes among the links of `near` that were not seen yet into `scratch.nodes`, and their distances.
    #[inline]
    fn compare_links(
        &self,
        query: &Query,
        near: Near,
        layer: usize,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) {
        scratch.nodes.clear();
        for link in self.links.of(near.node(), layer) {
            let node = links::target(link);
            if scratch.visited.insert(node) {
                scratch.nodes.push(node);
            }
        }
        self.distances(query, &scratch.nodes, &mut scratch.distances);
        stats.visited += 1;
        stats.distances += scratch.nodes.len() as u32;
    }

    /// The closest nodes of a layer, deleted ones included, in `scratch.pool`.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn search_layer(
        &self,
        query: &Query,
        entries: &[Near],
        ef: usize,
        layer: usize,
        scratch: &mut Scratch,
        stop: Option<&dyn Fn() -> bool>,
        stats: &mut SearchStats,
    ) {
        scratch.visited.begin(self.len());
        scratch.pool.begin(ef);
        for entry in entries {
            if scratch.visited.insert(entry.node()) {
                scratch.pool.insert(*entry);
            }
        }
        while let Some(candidate) = scratch.pool.expand_next() {
            self.compare_links(query, candidate, layer, scratch, stats);
            for (&node, &distance) in scratch.nodes.iter().zip(&scratch.distances) {
                if scratch.pool.insert(Near::new(distance, node)) && layer == 0 {
                    self.links.rows.prefetch_words(node);
                }
            }
            if stats.visited.is_multiple_of(STOP_EVERY) && stop.is_some_and(|stop| stop()) {
                stats.stopped = true;
                return;
            }
        }
    }

    /// Layer 0 with two heaps: candidates of every kind, results that `accept` lets through.
    fn search_filtered(
        &self,
        query: &Query,
        entry: Near,
        options: &SearchOptions<'_>,
        accept: impl Fn(NodeId) -> bool,
        scratch: &mut Scratch,
        stats: &mut SearchStats,
    ) -> Vec<(f32, NodeId)> {
        let (ef, limit) = (options.ef, options.limit);
        scratch.visited.begin(self.len());
        scratch.visited.insert(entry.node());
        let mut candidates = BinaryHeap::from([Reverse(entry)]);
        let mut results: BinaryHeap<Near> = BinaryHeap::with_capacity(ef + 1);
        if accept(entry.node()) {
            results.push(entry);
        }
        while let Some(Reverse(candidate)) = candidates.pop() {
            if results.len() >= ef && results.peek().is_some_and(|worst| candidate > *worst) {
                break;
            }
            self.compare_links(query, candidate, 0, scratch, stats);
            for (&node, &distance) in scratch.nodes.iter().zip(&scratch.distances) {
                let near = Near::new(distance, node);
                if results.len() >= ef && results.peek().is_some_and(|worst| near > *worst) {
                    continue;
                }
                candidates.push(Reverse(near));
                if accept(node) {
                    results.push(near);
                    if results.len() > ef {
                        results.pop();
                    }
                }
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
        results.into_sorted_vec().into_iter().map(|near| (near.distance(), near.node())).collect()
    }
}
