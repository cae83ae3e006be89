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
        let living: Vec<NodeId> = (0..self.len() as NodeId).filter(|&node| !self.is_deleted(node)).collect();
        let mut new_id = vec![GONE; self.len()];
        living.iter().enumerate().for_each(|(new, &old)| new_id[old as usize] = new as NodeId);

        let graph = Self::with_codes(self.config, self.codes.with_rows(vectors));
        graph.raise_norm(self.greatest_norm());
        for &old in &living {
            graph.links.push(self.links.level(old), |row| row.copy_from_slice(self.links.rows.data(old)))?;
        }
        let rename = |link: u32| new_id[links::target(link) as usize] | (link & TREE);
        threads::for_each(threads, living.len(), SHARE, |new| {
            let old = living[new];
            for layer in 0..=self.links.level(old) {
                let list: Vec<u32> = self.surviving_links(old, layer).into_iter().map(rename).collect();
                graph.links.set(new as NodeId, layer, &list);
            }
        });
        graph.complete_tree();
        let highest =
            (0..graph.len() as NodeId).max_by_key(|&n| (graph.links.level(n), std::cmp::Reverse(n)));
        if let Some(node) = highest {
            graph.set_entry(node, graph.links.level(node));
        }
        Ok(graph)
    }

    /// The living links of a node, all of them; where some are deleted, also the best of the living nodes behind those.
    fn surviving_links(&self, node: NodeId, layer: usize) -> Vec<u32> {
        let (dead, kept): (Vec<u32>, Vec<u32>) =
            self.links.of(node, layer).partition(|&link| self.is_deleted(links::target(link)));
        if dead.is_empty() {
            return kept;
        }
        let always: Vec<NodeId> = kept.iter().map(|&link| links::target(link)).collect();
        let mut candidates = always.clone();
        candidates.extend(self.living_behind(node, layer, &dead, &always));
        let mut candidates = self.nearest_of(node, &candidates);
        candidates.sort_unstable();
        let marked = |near: Near| kept.iter().copied().find(|&link| links::target(link) == near.node());
        // No more than before: the walk must not get dearer with every round of deletes.
        let chosen = self.select(&candidates, always.len() + dead.len(), &always);
        chosen.into_iter().map(|near| marked(near).unwrap_or(near.node())).collect()
    }

    /// The living nodes that deleted ones link to, through as few of them as possible.
    fn living_behind(&self, node: NodeId, layer: usize, dead: &[u32], known: &[NodeId]) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId> = known.iter().copied().chain([node]).collect();
        let mut found = Vec::new();
        let mut edge: Vec<NodeId> = dead.iter().map(|&link| links::target(link)).collect();
        for _ in 0..MAX_HOPS {
            let mut beyond = Vec::new();
            for next in edge.iter().flat_map(|&gone| self.links.of(gone, layer)).map(links::target) {
                if seen.insert(next) {
                    if self.is_deleted(next) { beyond.push(next) } else { found.push(next) }
                }
            }
            if !found.is_empty() {
                break;
            }
            edge = beyond;
        }
        found
    }

    /// Nodes that a walk over the links of layer 0 from the entry does not reach: none, by construction.
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
        (0..self.len() as NodeId).filter(|&node| !seen[node as usize]).collect()
    }
}
