//! SEARCH-LAYER and K-NN-SEARCH (Algorithms 2 and 5 of the paper; differs: a node that `accept` refuses is
//! walked through but does not take a place among the results).

use crate::visited::with_visited;
use crate::{Encoded, Graph, NodeId};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// What a search did; for explain output and tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct SearchStats {
    /// Nodes whose links were read.
    pub visited: u32,
    /// Distance computations.
    pub distances: u32,
}

/// A node with its distance; ordered by distance. Of equal distances the newer node counts as closer: thousands
/// of duplicates then form a chain, where the other order links all of them to the same few full nodes and
/// leaves the rest unreachable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    pub distance: f32,
    pub node: NodeId,
}

impl Eq for Near {}
impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(other.node.cmp(&self.node))
    }
}

impl Graph {
    /// At most `ef` accepted nodes, closest first, as `(distance, node)`. Distances are those of the int8
    /// codes: the caller rescores. `ef` must be at least 1. Cost: about `ef * 2m` distance computations.
    pub fn search(
        &self,
        query: &Encoded,
        ef: usize,
        accept: impl Fn(NodeId) -> bool,
        stats: &mut SearchStats,
    ) -> Vec<(f32, NodeId)> {
        let Some(entry) = self.entry else { return Vec::new() };
        let mut nearest = Near { distance: self.distance(query, entry), node: entry };
        stats.distances += 1;
        for layer in (1..=self.max_level).rev() {
            nearest = self.descend(query, nearest, layer, stats);
        }
        self.search_layer(query, &[nearest], ef, 0, accept, stats)
            .into_iter()
            .map(|near| (near.distance, near.node))
            .collect()
    }

    /// Greedy walk on one layer: SEARCH-LAYER with ef = 1.
    pub(crate) fn descend(&self, query: &Encoded, from: Near, layer: usize, stats: &mut SearchStats) -> Near {
        let mut nearest = from;
        loop {
            stats.visited += 1;
            let links = self.nodes.links(nearest.node, layer);
            stats.distances += links.len() as u32;
            let best = links
                .iter()
                .map(|&node| Near { distance: self.distance(query, node), node })
                .min()
                .filter(|best| best < &nearest);
            match best {
                Some(best) => nearest = best,
                None => return nearest,
            }
        }
    }

    /// Sorted, closest first.
    pub(crate) fn search_layer(
        &self,
        query: &Encoded,
        entries: &[Near],
        ef: usize,
        layer: usize,
        accept: impl Fn(NodeId) -> bool,
        stats: &mut SearchStats,
    ) -> Vec<Near> {
        with_visited(self.len(), |visited| {
            let mut candidates = BinaryHeap::with_capacity(ef * 2);
            let mut results: BinaryHeap<Near> = BinaryHeap::with_capacity(ef + 1);
            for &entry in entries {
                if visited.insert(entry.node) {
                    candidates.push(Reverse(entry));
                    if accept(entry.node) {
                        results.push(entry);
                    }
                }
            }
            while let Some(Reverse(candidate)) = candidates.pop() {
                if results.len() >= ef && results.peek().is_some_and(|worst| candidate > *worst) {
                    break;
                }
                stats.visited += 1;
                for &node in self.nodes.links(candidate.node, layer) {
                    if !visited.insert(node) {
                        continue;
                    }
                    let near = Near { distance: self.distance(query, node), node };
                    stats.distances += 1;
                    if results.len() < ef || results.peek().is_some_and(|worst| near < *worst) {
                        candidates.push(Reverse(near));
                        if accept(node) {
                            results.push(near);
                            if results.len() > ef {
                                results.pop();
                            }
                        }
                    }
                }
            }
            results.into_sorted_vec()
        })
    }
}
