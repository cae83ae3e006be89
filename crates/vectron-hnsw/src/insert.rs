//! INSERT and SELECT-NEIGHBORS-HEURISTIC (Algorithms 1 and 4 of the paper; differs: links of the tree are kept
//! whatever the heuristic says, and a full list is pruned to what the heuristic keeps, without refilling).

use crate::links::{self, TREE};
use crate::near::Near;
use crate::scratch::with_scratch;
use crate::search::{Layer, SearchStats};
use crate::{Graph, NodeId, Query, Result};

/// Beyond the distance of a vector from itself (squared, by Euclidean distance) a crowd is so many times closer.
const CROWD: f32 = 100.0;
/// A new node with fewer links than this looks for more, so many times as far.
const FEW: usize = 3;
const WIDER: usize = 16;

impl Graph {
    /// Adds a node and links it, unless its code is that of another node ([`crate::twins`]). `level` comes from [`crate::level_from_hash`]. Searches go on meanwhile; other
    /// writers wait. Fails, with nothing changed, when the system gives no memory.
    ///
    /// # Panics
    /// When the vector has another dimension than the graph, or the graph shares its vectors and the row of the
    /// new node is not there.
    pub fn insert(&self, vector: &[f32], level: usize) -> Result<NodeId> {
        let mut leaders = self.writer.lock();
        let query = self.query(vector);
        let coded = self.encode(&mut leaders, vector, &query);
        if coded.leader.is_some() {
            return self.push_node(&mut leaders, &coded, level);
        }
        let found = self.find_neighbours(&query, level);
        let id = self.push_node(&mut leaders, &coded, level)?;
        self.link_node(id, &found);
        if let Some(nearest) = found.first() {
            self.join_tree(id, nearest);
        }
        self.raise_entry(id, level);
        Ok(id)
    }

    /// For each layer from 0 up to `level`, the closest nodes, closest first.
    pub(crate) fn find_neighbours(&self, query: &Query, level: usize) -> Vec<Vec<Near>> {
        let Some((entry, top)) = self.entry() else { return Vec::new() };
        with_scratch(|scratch| {
            let mut stats = SearchStats::default();
            let mut entries = vec![self.descend(query, entry, (level + 1..=top).rev(), scratch, &mut stats)];
            let mut found = Vec::with_capacity(level + 1);
            for layer in (0..=level.min(top)).rev() {
                let ef = self.config.ef_construction;
                self.search_layer(query, &entries, &Layer::new(layer, ef), scratch, &mut stats);
                entries = scratch.pool.best().collect();
                found.push(entries.clone());
            }
            found.reverse();
            found
        })
    }

    /// Links a node that has no links yet with the best of `found`, both ways.
    pub(crate) fn link_node(&self, id: NodeId, found: &[Vec<Near>]) {
        let own = self.own_distance(id);
        for (layer, found) in found.iter().enumerate() {
            let mut chosen = self.select(own, found, self.config.m, &[]);
            if layer == 0
                && found.len() >= self.config.ef_construction
                && chosen.len() < FEW.min(self.config.dim)
            {
                chosen = self.select(own, &self.wider(id, found), self.config.m, &[]);
            }
            let list: Vec<u32> = chosen.iter().map(|near| near.node()).collect();
            self.links.set(id, layer, &list);
            for near in &chosen {
                self.add_link(near.node(), layer, id, near.distance());
            }
        }
    }

    /// More of the closest nodes of layer 0 than `found`, which all lie in one direction: a crowd of almost equal vectors that is
    /// larger than the candidate list would be all that a node links to.
    fn wider(&self, id: NodeId, found: &[Near]) -> Vec<Near> {
        let query = self.query_of(id);
        let layer = Layer::new(0, self.config.ef_construction * WIDER);
        with_scratch(|scratch| {
            self.search_layer(&query, found, &layer, scratch, &mut SearchStats::default());
            scratch.pool.best().filter(|near| near.node() != id).collect()
        })
    }

    pub(crate) fn raise_entry(&self, id: NodeId, level: usize) {
        if self.entry().is_none_or(|(_, top)| level > top) {
            self.set_entry(id, level);
        }
    }

    /// Adds a link from `node` to `new`, `distance` away; prunes the list when it is full.
    pub(crate) fn add_link(&self, node: NodeId, layer: usize, new: NodeId, distance: f32) {
        let list: Vec<u32> = self.links.of(node, layer).collect();
        let max = self.links.max(layer);
        if list.len() < max {
            self.links.push_link(node, layer, new);
            return;
        }
        let pruned = self.prune(node, list, Some((new, distance)), max);
        self.links.set(node, layer, &pruned);
    }

    /// The given nodes with their distances from `node`, in the order given.
    pub(crate) fn nearest_of(&self, node: NodeId, others: &[NodeId]) -> Vec<Near> {
        let mut distances = Vec::new();
        self.distances(&self.brief_query_of(node), others, &mut distances);
        others.iter().zip(&distances).map(|(&other, &distance)| Near::new(distance, other)).collect()
    }

    /// The best at most `max` of the marked links in `list` and of `new`; all links of the tree are among them.
    pub(crate) fn prune(
        &self,
        node: NodeId,
        list: Vec<u32>,
        new: Option<(NodeId, f32)>,
        max: usize,
    ) -> Vec<u32> {
        let targets: Vec<NodeId> = list.iter().map(|&link| links::target(link)).collect();
        let mut candidates = self.nearest_of(node, &targets);
        candidates.extend(new.map(|(node, distance)| Near::new(distance, node)));
        candidates.sort_unstable();
        let tree: Vec<NodeId> =
            list.iter().filter(|&&link| link & TREE != 0).map(|&link| links::target(link)).collect();
        let kept = self.select(self.own_distance(node), &candidates, max, &tree);
        kept.into_iter()
            .map(|near| if tree.contains(&near.node()) { near.node() | TREE } else { near.node() })
            .collect()
    }

    /// Keeps a candidate only if it is closer to the base than to every neighbour kept before it, which leaves
    /// links in different directions; candidates in `always` (at most `max`) are kept in any case. `own`: distance of the
    /// base from itself. `candidates`: sorted, closest first.
    ///
    /// Differs from the paper where candidates are [`CROWD`] times closer than the farthest, as in a cluster of almost equal
    /// vectors: such a crowd gets at most half of the places, and is not closer to what is outside of it than the base
    /// is, but for rounding, so it does not replace the links that lead out.
    pub(crate) fn select(&self, own: f32, candidates: &[Near], max: usize, always: &[NodeId]) -> Vec<Near> {
        let beyond = |near: &Near| near.distance() - own;
        let crowd = candidates.last().map_or(0.0, beyond) / CROWD;
        let crowd = candidates.partition_point(|candidate| beyond(candidate) < crowd);
        let mut kept: Vec<(Near, Query)> = Vec::with_capacity(max);
        let mut kept_of_crowd = 0;
        let mut reserved = always.len();
        for (at, &candidate) in candidates.iter().enumerate() {
            let in_crowd = at < crowd;
            let (places, rivals) = if in_crowd { (max / 2, 0) } else { (max, kept_of_crowd) };
            if always.contains(&candidate.node()) {
                reserved -= 1;
            } else if kept.len() + reserved >= places {
                if reserved == 0 && !in_crowd {
                    break;
                }
                continue;
            } else {
                let closer = |other: &Query| self.distance(other, candidate.node()) < candidate.distance();
                if kept[rivals..].iter().any(|(_, other)| closer(other)) {
                    continue;
                }
            }
            kept.push((candidate, self.brief_query_of(candidate.node())));
            kept_of_crowd += usize::from(in_crowd);
        }
        kept.into_iter().map(|(near, _)| near).collect()
    }

    /// Distance of a node from itself: 0, or by inner product the negative square of its norm.
    pub(crate) fn own_distance(&self, node: NodeId) -> f32 {
        self.distance(&self.brief_query_of(node), node)
    }
}
