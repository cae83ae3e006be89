//! What a search needs and does not return, kept by each thread so that a search allocates little and clears
//! nothing.

use crate::NodeId;
use crate::near::{Best, Pool};
use std::cell::RefCell;

/// Most links of a list.
const LINKS: usize = 256;

/// Visited marks: one epoch byte a node. Small enough to stay in the first caches for a typical shard; cleared
/// once in 255 searches.
#[derive(Default)]
pub struct Visited {
    epoch: u8,
    /// One more than there are nodes: nodes that are newer than the search share the last, which is always marked.
    marks: Vec<u8>,
}

impl Visited {
    pub fn begin(&mut self, nodes: usize) {
        if self.marks.len() <= nodes {
            self.marks.resize(nodes + 1, 0);
        }
        self.epoch = match self.epoch.checked_add(1) {
            Some(next) => next,
            None => {
                self.marks.fill(0);
                1
            }
        };
        if let Some(newer) = self.marks.last_mut() {
            *newer = self.epoch;
        }
    }

    /// Marks `node`; `true` the first time. A node that is newer than the search counts as visited.
    #[inline]
    pub fn insert(&mut self, node: NodeId) -> bool {
        let at = (node as usize).min(self.marks.len() - 1);
        let first = self.marks[at] != self.epoch;
        self.marks[at] = self.epoch;
        first
    }
}

/// Nodes that are compared together, and their distances.
pub struct Batch {
    nodes: [NodeId; LINKS],
    distances: [f32; LINKS],
    len: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { nodes: [0; LINKS], distances: [0.0; LINKS], len: 0 }
    }
}

impl Batch {
    /// Takes the nodes that `first` holds true for, and marks none twice. At most 256.
    #[inline]
    pub fn fill(&mut self, nodes: impl Iterator<Item = NodeId>, mut first: impl FnMut(NodeId) -> bool) {
        let mut len = 0;
        for node in nodes {
            // Written in any case, and kept when it counts: no jump that the CPU would have to guess.
            self.nodes[len] = node;
            len += usize::from(first(node));
        }
        self.len = len;
    }

    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes[..self.len]
    }

    /// The nodes, and where their distances go.
    pub fn parts(&mut self) -> (&[NodeId], &mut [f32]) {
        (&self.nodes[..self.len], &mut self.distances[..self.len])
    }

    pub fn pairs(&self) -> impl Iterator<Item = (NodeId, f32)> + '_ {
        self.nodes().iter().copied().zip(self.distances[..self.len].iter().copied())
    }

    /// Keeps the nodes that are not further than `most`.
    #[inline]
    pub fn keep_within(&mut self, most: f32) {
        let mut kept = 0;
        for at in 0..self.len {
            let (node, distance) = (self.nodes[at], self.distances[at]);
            self.nodes[kept] = node;
            self.distances[kept] = distance;
            kept += usize::from(distance <= most);
        }
        self.len = kept;
    }
}

#[derive(Default)]
pub struct Scratch {
    pub visited: Visited,
    pub pool: Pool,
    pub best: Best,
    pub batch: Batch,
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
