//! INSERT and SELECT-NEIGHBORS-HEURISTIC (Algorithms 1 and 4 of the paper; differs: planning reads, applying
//! writes, and the plan holds the shrunk lists of the neighbours too).

use crate::search::{Near, SearchStats};
use crate::{Encoded, Graph, NodeId};

/// The outcome of planning one insertion; valid for the graph state it was planned on.
pub struct InsertPlan {
    vector: Encoded,
    level: usize,
    /// Length of the graph when planned, which is also the id the node gets.
    planned_at: usize,
    /// `(layer, node, complete new list)`, the new node's own lists included.
    lists: Vec<(usize, NodeId, Vec<NodeId>)>,
}

impl Graph {
    /// Finds the neighbours of a new node and the lists they will have. Reads only. `level` comes from
    /// [`crate::level_from_hash`].
    ///
    /// # Panics
    /// When the vector has another dimension than the graph.
    pub fn plan_insert(&self, vector: Encoded, level: usize) -> InsertPlan {
        assert_eq!(vector.codes.len(), self.config.dim, "the shard checks the dimension");
        let id = self.len() as NodeId;
        let mut lists = Vec::new();
        if let Some(entry) = self.entry {
            let mut stats = SearchStats::default();
            let mut nearest = Near { distance: self.distance(&vector, entry), node: entry };
            for layer in (level + 1..=self.max_level).rev() {
                nearest = self.descend(&vector, nearest, layer, &mut stats);
            }
            let mut entries = vec![nearest];
            for layer in (0..=level.min(self.max_level)).rev() {
                let found = self.search_layer(
                    &vector,
                    &entries,
                    self.config.ef_construction,
                    layer,
                    |_| true,
                    &mut stats,
                );
                let chosen = self.select_neighbours(&found, self.config.m, None);
                for near in &chosen {
                    lists.push((layer, near.node, self.with_backlink(*near, id, &vector, layer)));
                }
                lists.push((layer, id, chosen.iter().map(|near| near.node).collect()));
                entries = found;
            }
        }
        InsertPlan { vector, level, planned_at: self.len(), lists }
    }

    /// Writes a plan. Returns the id of the new node.
    ///
    /// # Panics
    /// When the graph changed since the plan was made: there is one writer, which plans and applies in turn.
    pub fn apply_insert(&mut self, plan: InsertPlan) -> NodeId {
        assert_eq!(plan.planned_at, self.len(), "one writer plans and applies in turn");
        let id = self.len() as NodeId;
        self.nodes.push(&plan.vector, plan.level);
        for (layer, node, list) in &plan.lists {
            self.nodes.set_links(*node, *layer, list);
        }
        if self.entry.is_none() || plan.level > self.max_level {
            self.entry = Some(id);
            self.max_level = plan.level;
        }
        id
    }

    /// The links of `neighbour` with the new node added, shrunk by the heuristic when the list is full.
    fn with_backlink(&self, neighbour: Near, id: NodeId, vector: &Encoded, layer: usize) -> Vec<NodeId> {
        let links = self.nodes.links(neighbour.node, layer);
        if links.len() < self.max_links(layer) {
            let mut list = Vec::with_capacity(links.len() + 1);
            list.extend_from_slice(links);
            list.push(id);
            return list;
        }
        let mut candidates: Vec<Near> = links
            .iter()
            .map(|&node| Near { distance: self.distance_between(neighbour.node, node), node })
            .collect();
        candidates.push(Near { distance: neighbour.distance, node: id });
        candidates.sort_unstable();
        let kept = self.select_neighbours(&candidates, self.max_links(layer), Some((id, vector)));
        kept.into_iter().map(|near| near.node).collect()
    }

    /// Keeps a candidate only if it is closer to the base than to every neighbour kept before it, which
    /// leaves links in different directions; free places go to the closest of the refused ones
    /// (keepPrunedConnections). `candidates`: sorted, closest first. `new`: a candidate that is not stored
    /// yet, with its vector.
    fn select_neighbours(
        &self,
        candidates: &[Near],
        max: usize,
        new: Option<(NodeId, &Encoded)>,
    ) -> Vec<Near> {
        let between = |a: NodeId, b: NodeId| match new {
            Some((id, vector)) if a == id => self.distance(vector, b),
            Some((id, vector)) if b == id => self.distance(vector, a),
            _ => self.distance_between(a, b),
        };
        let mut kept: Vec<Near> = Vec::with_capacity(max);
        let mut refused: Vec<Near> = Vec::new();
        for &candidate in candidates {
            if kept.len() == max {
                break;
            }
            if kept.iter().all(|other| between(candidate.node, other.node) >= candidate.distance) {
                kept.push(candidate);
            } else {
                refused.push(candidate);
            }
        }
        let free = max - kept.len();
        kept.extend(refused.into_iter().take(free));
        kept
    }
}
