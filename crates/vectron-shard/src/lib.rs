//! One shard as a deterministic state machine: commands in log order in, points and an index out.
//!
//! [`Shard::apply`] writes the points and the applied index in one storage batch, then appends the points
//! to memory; [`Shard::index_step`] moves them into the graph later. [`Shard::search`] asks the graph and
//! scans the not-yet-indexed tail exactly, so every applied point can be found at once. Nothing here reads
//! a clock or draws a random number: time comes in the command, levels come from the id.
//!
//! Not here: replication and the log (vectron-raft), threads (the caller's), filters.

mod apply;
mod command;
mod error;
mod hash;
mod index;
mod point;
mod search;
mod snapshot;
mod spec;
mod state;

pub use apply::Applied;
pub use command::{Command, IdBatch, LogCommand, PointBatch, PointData};
pub use error::{Result, ShardError};
pub use hash::routing_hash;
pub use search::{SearchRequest, SearchResult, ShardHit};
pub use spec::{Metric, ShardSpec};
pub use vectron_kernels::instruction_set;

use parking_lot::{Mutex, RwLock};
use state::State;
use std::path::{Path, PathBuf};
use vectron_storage::{Durability, Resources, Store};

/// Most points that may wait for the index. Each is scanned by every search, so the tail must not grow
/// without bound: beyond this, upserts are refused until the index has caught up.
pub const MAX_TAIL: usize = 200_000;

/// Counts of a shard, all measured at the time of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardStatus {
    pub live_points: u64,
    /// Deleted or overwritten positions that the graph still walks through.
    pub dead_points: u64,
    pub tail_points: u64,
    pub applied_index: u64,
    pub memory_bytes: u64,
    pub disk_bytes: u64,
}

/// A shard's data and index. Any number of concurrent `search`, `get`, `scroll`; `apply` is called by one
/// thread at a time, in log order. Lock order: `indexing` before `state`.
pub struct Shard {
    spec: ShardSpec,
    dir: PathBuf,
    store: Store,
    state: RwLock<State>,
    /// Held by whoever plans and applies graph insertions. The value: graph length when last saved.
    indexing: Mutex<usize>,
}

impl Shard {
    /// Opens the shard in `dir`, or makes it; `spec` must be the one it was made with. Points without a
    /// usable graph snapshot are in the tail: answers are complete at once, and exact until indexed.
    pub fn open(dir: &Path, spec: ShardSpec, resources: &Resources) -> Result<Self> {
        spec.validate()?;
        let store = Store::open(&dir.join("store"), Durability::State, resources)?;
        spec.check_or_store(&store)?;
        let points = point::load_all(&store, spec.dim)?;
        let applied = apply::stored_applied_index(&store)?;
        let state = snapshot::load(dir, &spec, points, applied);
        let saved = Mutex::new(state.graph.len());
        Ok(Self { spec, dir: dir.to_owned(), store, state: RwLock::new(state), indexing: saved })
    }

    pub fn spec(&self) -> &ShardSpec {
        &self.spec
    }

    /// Index of the last log entry in this state; entries up to it must not be applied again.
    pub fn applied_index(&self) -> u64 {
        self.state.read().applied
    }

    /// Points that wait for the graph.
    pub fn tail_len(&self) -> usize {
        self.state.read().tail_len()
    }

    pub fn status(&self) -> ShardStatus {
        let state = self.state.read();
        ShardStatus {
            live_points: state.ids.len() as u64,
            dead_points: (state.slots.len() - state.ids.len()) as u64,
            tail_points: state.tail_len() as u64,
            applied_index: state.applied,
            memory_bytes: state.memory_bytes() as u64,
            disk_bytes: self.store.disk_bytes(),
        }
    }

    /// Makes the applied state durable without its log. Returns the applied index that is safe to cut to.
    pub fn flush(&self) -> Result<u64> {
        let applied = self.applied_index();
        self.store.flush()?;
        Ok(applied)
    }

    pub fn is_poisoned(&self) -> bool {
        self.store.is_poisoned()
    }
}

#[cfg(test)]
mod tests;
