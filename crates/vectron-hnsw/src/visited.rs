//! Visited marks: one epoch number a node, kept by each thread, so a search clears nothing.

use crate::NodeId;
use std::cell::RefCell;

#[derive(Default)]
pub struct Visited {
    epoch: u32,
    marks: Vec<u32>,
}

impl Visited {
    fn begin(&mut self, nodes: usize) {
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

    /// Marks `node`; `true` the first time.
    #[inline]
    pub fn insert(&mut self, node: NodeId) -> bool {
        let mark = &mut self.marks[node as usize];
        let first = *mark != self.epoch;
        *mark = self.epoch;
        first
    }
}

thread_local! {
    static VISITED: RefCell<Visited> = RefCell::default();
}

/// Runs `work` with cleared marks for `nodes` nodes. Not re-entrant.
pub fn with_visited<T>(nodes: usize, work: impl FnOnce(&mut Visited) -> T) -> T {
    VISITED.with_borrow_mut(|visited| {
        visited.begin(nodes);
        work(visited)
    })
}
