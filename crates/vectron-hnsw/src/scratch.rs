//! What a search needs and does not return, kept by each thread so that a search allocates little and clears
//! nothing.

use crate::NodeId;
use crate::near::Pool;
use std::cell::RefCell;

/// Visited marks: one epoch byte a node. Small enough to stay in the first caches for a typical shard; cleared
/// once in 255 searches.
#[derive(Default)]
pub struct Visited {
    epoch: u8,
    marks: Vec<u8>,
}

impl Visited {
    pub fn begin(&mut self, nodes: usize) {
        if self.marks.len() < nodes {
            self.marks.resize(nodes, 0);
        }
        self.epoch = match self.epoch.checked_add(1) {
            Some(next) => next,
            None => {
                self.marks.fill(0);
                1
            }
        };
    }

    /// Marks `node`; `true` the first time. A node that is newer than the search counts as visited.
    #[inline]
    pub fn insert(&mut self, node: NodeId) -> bool {
        let Some(mark) = self.marks.get_mut(node as usize) else { return false };
        let first = *mark != self.epoch;
        *mark = self.epoch;
        first
    }
}

#[derive(Default)]
pub struct Scratch {
    pub visited: Visited,
    pub pool: Pool,
    pub nodes: Vec<NodeId>,
    pub distances: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Lends this thread's scratch. A call within a call gets a fresh one.
pub fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take();
    let result = work(&mut scratch);
    SCRATCH.set(scratch);
    result
}
