//! Moving the tail into the graph.

use crate::hash::level_hash;
use crate::{Result, Shard};
use vectron_hnsw::{Encoded, level_from_hash};

/// Nodes added since the last save that make another save worth its I/O.
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

    /// Saves the graph when it has grown enough since the last save; `always` saves any growth.
    pub fn save_graph(&self, always: bool) -> Result<()> {
        let mut saved = self.indexing.lock();
        let grown = self.state.read().graph.len() - *saved;
        if grown >= SAVE_EVERY || (always && grown > 0) {
            *saved = crate::snapshot::save(&self.dir, &self.spec, &self.state.read())?;
        }
        Ok(())
    }
}
