//! Reclaiming deleted nodes: a new graph without them, in which their neighbours are linked to each other (the
//! consolidation of Singh et al., "FreshDiskANN", 2021; differs: it writes a new graph, so searches go on in the
//! old one, and the result depends on the old graph alone).

use crate::links::{self, TREE};
use crate::near::Near;
use crate::{Graph, NodeId, Result, threads};
use std::collections::HashSet;
use std::sync::Arc;
use vectron_kernels::Arena;

const GONE: NodeId = NodeId::MAX;
/// Deleted neighbours of deleted neighbours are followed this far to find living ones.
const MAX_HOPS: usize = 3;
/// Nodes that a thread repairs in one go.
const SHARE: usize = 256;

impl Graph {
    /// The graph without its deleted nodes. Nodes keep their order: the `i`-th living node becomes node `i`.
    /// `vectors`: rows of the living nodes in that order, for a graph that shares its vectors. The result does
    /// not depend on `threads`. The caller keeps writers out.
    ///
    /// # Panics
    /// When a graph that shares its vectors gets none, or another graph some.
    pub fn compacted(&self, vectors: Option<Arc<Arena>>, threads: usize) -> Result<Graph> {
        assert_eq!(self.codes.shared(), vectors.is_some(), "vectors are shared before and after, or never");
        let graph = Self::with_codes(self.config, self.codes.with_rows(vectors));
        graph.raise_norm(self.greatest_norm());
        let heirs = self.push_living(&graph)?;
        let leaders: Vec<NodeId> = self.leaders().filter(|&old| heirs[old as usize] != GONE).collect();
        threads::for_each(threads, leaders.len(), SHARE, |at| {
            let old = leaders[at];
            let new = heirs[old as usize];
            let rename = |link: u32| {
                let (from, to) = (links::target(link), heirs[links::target(link) as usize]);
                // A parent that its heir made newer than the child is none: the tree is completed below.
                if (from < old) == (to < new) { to | (link & TREE) } else { to }
            };
            for layer in 0..=self.links.level(old) {
                let list: Vec<u32> =
                    self.surviving_links(old, layer, &heirs).into_iter().map(rename).collect();
                graph.links.set(new, layer, &list);
            }
        });
        graph.complete_tree();
        let highest = graph.leaders().max_by_key(|&n| (graph.links.level(n), std::cmp::Reverse(n)));
        if let Some(node) = highest {
            graph.set_entry(node, graph.links.level(node));
        }
        Ok(graph)
    }

    /// Adds the living nodes to `graph`, without links. For each leader here: the node there that has its code and is a
    /// leader, which is the oldest living one of that code; or `GONE`.
    fn push_living(&self, graph: &Graph) -> Result<Vec<NodeId>> {
        let mut heirs = vec![GONE; self.len()];
        let mut leaders = graph.writer.lock();
        for old in (0..self.len() as NodeId).filter(|&node| !self.is_deleted(node)) {
            let leader = self.leader(old);
            let heir = &mut heirs[leader as usize];
            if *heir == GONE {
                *heir = graph.push_heir(&mut leaders, self, leader, old)?;
            } else {
                graph.push_twin(*heir, self.links.rows.data(old))?;
            }
        }
        Ok(heirs)
    }

    /// The links of a leader to leaders that have an heir, all of them; where others have none, also the best of the
    /// leaders behind those that have one.
    fn surviving_links(&self, node: NodeId, layer: usize, heirs: &[NodeId]) -> Vec<u32> {
        let (dead, kept): (Vec<u32>, Vec<u32>) =
            self.links.of(node, layer).partition(|&link| heirs[links::target(link) as usize] == GONE);
        if dead.is_empty() {
            return kept;
        }
        let always: Vec<NodeId> = kept.iter().map(|&link| links::target(link)).collect();
        let mut candidates = always.clone();
        candidates.extend(self.living_behind(node, layer, &dead, &always, heirs));
        let mut candidates = self.nearest_of(node, &candidates);
        candidates.sort_unstable();
        let marked = |near: Near| kept.iter().copied().find(|&link| links::target(link) == near.node());
        // No more than before: the walk must not get dearer with every round of deletes.
        let most = always.len() + dead.len();
        let chosen = self.select(self.own_distance(node), &candidates, most, &always);
        chosen.into_iter().map(|near| marked(near).unwrap_or(near.node())).collect()
    }

    /// The leaders with an heir that those without link to, through as few of them as possible.
    fn living_behind(
        &self,
        node: NodeId,
        layer: usize,
        dead: &[u32],
        known: &[NodeId],
        heirs: &[NodeId],
    ) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId> = known.iter().copied().chain([node]).collect();
        let mut found = Vec::new();
        let mut edge: Vec<NodeId> = dead.iter().map(|&link| links::target(link)).collect();
        for _ in 0..MAX_HOPS {
            let mut beyond = Vec::new();
            for next in edge.iter().flat_map(|&gone| self.links.of(gone, layer)).map(links::target) {
                if seen.insert(next) {
                    if heirs[next as usize] == GONE { beyond.push(next) } else { found.push(next) }
                }
            }
            if !found.is_empty() {
                break;
            }
            edge = beyond;
        }
        found
    }

    /// Leaders that a walk over the links of layer 0 from the entry does not reach: none, by construction.
    #[cfg(test)]
    pub fn unreachable(&self) -> Vec<NodeId> {
        let Some((entry, _)) = self.entry() else { return Vec::new() };
        let mut seen = vec![false; self.len()];
        let mut queue = vec![entry];
        seen[entry as usize] = true;
        while let Some(node) = queue.pop() {
            for next in self.links.of(node, 0).map(links::target) {
                if !std::mem::replace(&mut seen[next as usize], true) {
                    queue.push(next);
                }
            }
        }
        self.leaders().filter(|&node| !seen[node as usize]).collect()
    }
}
