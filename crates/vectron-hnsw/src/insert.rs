//! INSERT and SELECT-NEIGHBORS-HEURISTIC (Algorithms 1 and 4 of the paper; differs: links of the tree are kept
//! whatever the heuristic says, and a full list is pruned to what the heuristic keeps, without refilling).

use crate::links::{self, TREE};
use crate::near::Near;
use crate::scratch::with_scratch;
use crate::search::{Layer, SearchStats};
use crate::{Graph, Metric, NodeId, Query, Result};

impl Graph {
    /// Adds a node and links it. `level` comes from [`crate::level_from_hash`]. Searches go on meanwhile; other
    /// writers wait. Fails, with nothing changed, when the system gives no memory.
    ///
    /// # Panics
    /// When the vector has another dimension than the graph, or the graph shares its vectors and the row of the
    /// new node is not there.
    pub fn insert(&self, vector: &[f32], level: usize) -> Result<NodeId> {
        let _turn = self.writer.lock();
        let query = self.query(vector);
        let found = self.find_neighbours(&query, level);
        let id = self.push_node(vector, &query, level)?;
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

    pub(crate) fn push_node(&self, vector: &[f32], query: &Query, level: usize) -> Result<NodeId> {
        if self.config.metric == Metric::Dot {
            self.raise_norm(self.codes.norm(query));
        }
        self.links.push(level, |row| self.codes.write_row(vector, query, row))
    }

    /// Links a node that has no links yet with the best of `found`, both ways.
    pub(crate) fn link_node(&self, id: NodeId, found: &[Vec<Near>]) {
        for (layer, found) in found.iter().enumerate() {
            let chosen = self.select(found, self.config.m, &[]);
            let list: Vec<u32> = chosen.iter().map(|near| near.node()).collect();
            self.links.set(id, layer, &list);
            for near in &chosen {
                self.add_link(near.node(), layer, id, near.distance());
            }
        }
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
        self.distances(&self.query_of(node), others, &mut distances);
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
        let kept = self.select(&candidates, max, &tree);
        kept.into_iter()
            .map(|near| if tree.contains(&near.node()) { near.node() | TREE } else { near.node() })
            .collect()
    }

    /// Keeps a candidate only if it is closer to the base than to every neighbour kept before it, which leaves
    /// links in different directions; candidates in `always` (at most `max`) are kept in any case. `candidates`:
    /// sorted, closest first.
    pub(crate) fn select(&self, candidates: &[Near], max: usize, always: &[NodeId]) -> Vec<Near> {
        let mut kept: Vec<(Near, Query)> = Vec::with_capacity(max);
        let mut reserved = always.len();
        for &candidate in candidates {
            let is_reserved = always.contains(&candidate.node());
            if is_reserved {
                reserved -= 1;
            } else if kept.len() + reserved >= max {
                if reserved == 0 {
                    break;
                }
                continue;
            } else {
                let distance = candidate.distance();
                if kept.iter().any(|(_, other)| self.distance(other, candidate.node()) < distance) {
                    continue;
                }
            }
            kept.push((candidate, self.query_of(candidate.node())));
        }
        kept.into_iter().map(|(near, _)| near).collect()
    }
}
