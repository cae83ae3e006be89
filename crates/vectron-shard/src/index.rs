//! Moving the tail into the graph.

use crate::hash::level_hash;
use crate::{Result, Shard, snapshot};
use vectron_hnsw::{Encoded, level_from_hash};

/// Least number of nodes added since the last save that make another one worth its I/O.
const SAVE_EVERY: usize = 10_000;

impl Shard {
    /// Inserts up to `max` slots of the tail, in log order. Returns how many are left. Searches go on: the
    /// state is locked for writing only while links are copied. Call from one thread at a time or from
    /// many; they take turns.
    pub fn index_step(&self, max: usize) -> usize {
        let _turn = self.indexing.lock();
        for _ in 0..max {
            let plan = {
                let state = self.state.read();
                let next = state.graph.len();
                let Some(slot) = state.slots.get(next) else { return 0 };
                slot.live.then(|| {
                    let level = level_from_hash(level_hash(&slot.id), self.spec.m);
                    state.graph.plan_insert(Encoded::new(state.vector(next as u32)), level)
                })
            };
            let mut state = self.state.write();
            match plan {
                Some(plan) => {
                    state.graph.apply_insert(plan);
                }
                None => state.graph.push_absent(),
            }
        }
        self.state.read().tail_len()
    }

    /// Saves the graph when it has grown by a quarter since the last save, and by 10,000 nodes; `always` saves any
    /// growth. The state is locked while the bytes are made, not while they are written.
    pub fn save_graph(&self, always: bool) -> Result<()> {
        let mut saved = self.indexing.lock();
        let (bytes, nodes) = {
            let state = self.state.read();
            let nodes = state.graph.len();
            let grown = nodes - *saved;
            if grown == 0 || !(always || grown >= SAVE_EVERY.max(*saved / 4)) {
                return Ok(());
            }
            (snapshot::encode(&self.spec, &state), nodes)
        };
        snapshot::write(&self.dir, &bytes)?;
        *saved = nodes;
        Ok(())
    }
}
