//! Building one graph on several threads. Faster, and **not deterministic**: which links a node gets depends on
//! which of its neighbours was there first.

use crate::{Graph, NodeId, Result, threads};
use parking_lot::Mutex;

/// Lists are changed under one of these locks.
const STRIPES: usize = 1024;
/// Nodes that a thread inserts in one go.
const SHARE: usize = 16;

impl Graph {
    /// Inserts `count` nodes on `threads` threads: the `i`-th has the vector `vector(i)` and the level
    /// `level(i)`, and gets the `i`-th next id. Two calls with the same input give different graphs of the same
    /// quality. Searches go on meanwhile; other writers wait.
    ///
    /// # Panics
    /// As [`Graph::insert`].
    pub fn insert_parallel<'a>(
        &self,
        threads: usize,
        count: usize,
        vector: impl Fn(usize) -> &'a [f32] + Sync,
        level: impl Fn(usize) -> usize + Sync,
    ) -> Result<()> {
        let mut first = 0;
        // A start that is linked in order, so that the threads have something to find.
        while first < count && self.len() < 1000 {
            self.insert(vector(first), level(first))?;
            first += 1;
        }
        let mut leaders = self.writer.lock();
        let base = self.len();
        for i in first..count {
            let v = vector(i);
            let coded = self.encode(&mut leaders, v, &self.query(v));
            self.push_node(&mut leaders, &coded, level(i))?;
        }
        let stripes: Vec<Mutex<()>> = (0..STRIPES).map(|_| Mutex::new(())).collect();
        let entry = Mutex::new(());
        threads::for_each(threads, count - first, SHARE, |at| {
            let (i, id) = (first + at, (base + at) as NodeId);
            if self.is_twin(id) {
                return;
            }
            let query = self.query_of(id);
            let found = self.find_neighbours(&query, level(i));
            self.link_concurrently(id, &found, &stripes);
            let _turn = entry.lock();
            self.raise_entry(id, level(i));
        });
        self.complete_tree();
        Ok(())
    }

    fn link_concurrently(&self, id: NodeId, found: &[Vec<crate::near::Near>], stripes: &[Mutex<()>]) {
        let lock = |node: NodeId| stripes[node as usize % STRIPES].lock();
        for (layer, found) in found.iter().enumerate() {
            // Another thread may have linked to this node already: then the walk can find the node itself.
            let others: Vec<_> = found.iter().copied().filter(|near| near.node() != id).collect();
            for near in self.select(self.own_distance(id), &others, self.config.m, &[]) {
                for (from, to) in [(id, near.node()), (near.node(), id)] {
                    let _list = lock(from);
                    if self.links.of(from, layer).all(|link| crate::links::target(link) != to) {
                        self.add_link(from, layer, to, near.distance());
                    }
                }
            }
        }
    }
}
