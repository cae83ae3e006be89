//! Hashes by which replicas, and a shard before and after a restart, are compared.

use crate::point::StoredPoints;
use crate::{Result, Shard};

/// Both are of a shard whose index has caught up; equal logs give equal hashes, unless the build is parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateHash {
    /// Of every live point: id, version, vector and the entry that brought it.
    pub points: u64,
    /// Of the graphs of all vectors: codes, links, deleted marks, entry point.
    pub graph: u64,
}

impl Shard {
    /// Reads every point; the index stands still meanwhile.
    pub fn state_hash(&self) -> Result<StateHash> {
        let _index_still = self.indexing.lock();
        let spaces: Vec<_> = self.fields.read().spaces().cloned().collect();
        let _spaces_still: Vec<_> = spaces.iter().map(|space| space.indexing.lock()).collect();
        let stored = StoredPoints::load(&self.store, self.spec.dim)?;
        let mut points = Fnv::new();
        for at in 0..stored.len() {
            for version in [stored.version(at), stored.written(at)] {
                points.add(&version.index.to_le_bytes());
                points.add(&version.ordinal.to_le_bytes());
            }
            points.add(stored.id(at).as_bytes());
            stored.vector(at).iter().for_each(|x| points.add(&x.to_le_bytes()));
        }
        let generation = self.generation.load();
        let mut graph = Fnv::new();
        if let Some(of) = generation.graph() {
            graph.add(&of.to_bytes());
        }
        for space in &spaces {
            graph.add(space.declared().name.as_bytes());
            if let Some(of) = space.generation().graph() {
                graph.add(&of.to_bytes());
            }
        }
        Ok(StateHash { points: points.0, graph: graph.0 })
    }
}

/// FNV-1a: nobody attacks these.
pub struct Fnv(u64);

impl Fnv {
    pub fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub fn finish(&self) -> u64 {
        self.0
    }

    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
