//! One shard as a deterministic state machine: commands in log order in, points and an index out.
//!
//! [`Shard::apply`] writes the points and the applied index in one storage batch, then appends the points
//! to memory; [`Shard::index_step`] moves them into the graph later. [`Shard::search`] asks the graph and
//! scans the not-yet-indexed tail exactly, so every applied point can be found at once. Nothing here reads
//! a clock or draws a random number: time comes in the command, levels come from the id.
//!
//! Payload indexes, sparse vectors and the words of texts are sets and lists over rows ([`rows`]), as of one log index,
//! under one lock that readers share and the writer takes for the moment of a change.
//!
//! Not here: replication and the log (vectron-raft), threads (the caller's).

mod analysis;
mod analyze;
mod apply;
mod build;
mod changes;
mod checkpoint;
mod command;
mod datetime;
mod error;
mod field_index;
mod fields;
mod filter;
mod filtered;
mod generation;
mod hash;
mod hits;
mod index;
mod inverted;
mod load;
mod matching;
mod mutation;
mod number;
mod order;
mod origins;
mod path;
mod payload_fields;
mod placing;
mod point;
pub mod proto;
mod query;
mod ranked;
mod reading;
mod recall;
mod rows;
mod schema;
mod search;
mod sessions;
mod snapshot;
mod space;
mod space_field;
mod spec;
mod split;
mod vectors;
mod verify;
mod view;
mod writer;

pub use apply::Applied;
pub use checkpoint::{CheckedStore, Checkpoint, StoredShard, check, export_pebble};
pub use command::{CLIENT_BYTES, Command};
pub use error::{Result, ShardError};
pub use filtered::Plan;
pub use generation::Slot;
pub(crate) use generation::SlotId;
pub use hash::routing_hash;
pub use load::History;
pub use matching::Filtering;
pub use reading::Until;
pub use recall::{Effort, Estimate, RecallStatus};
pub use search::{Found, Nearest};
pub use spec::{Metric, Residence, ShardSpec};
pub use split::make_upper;
pub use vectron_hnsw::Quantization;
pub use vectron_kernels::{Isa, instruction_set, use_isa};
pub use vectron_storage::ErrorCode;
pub use verify::StateHash;
pub use view::View;

use arc_swap::ArcSwap;
use fields::Fields;
use generation::Generation;
use index::Indexing;
use parking_lot::{Mutex, RwLock};
use recall::RecallBook;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use vectron_storage::{Activity, Durability, Resources, Store};
use writer::Writer;

/// Most points that may wait for the index. Each is scanned by every search, so the tail must not grow
/// without bound: beyond this, upserts are refused until the index has caught up.
pub const MAX_TAIL: usize = 200_000;

/// Counts of a shard, all measured at the time of the call.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardStatus {
    pub live_points: u64,
    /// Deleted or overwritten positions whose space is not reclaimed yet.
    pub dead_points: u64,
    /// Live points that wait for a graph: of the vector that is furthest behind.
    pub tail_points: u64,
    pub applied_index: u64,
    pub memory_bytes: u64,
    /// Of those, codes and links.
    pub index_bytes: u64,
    /// Vectors in mapped files: memory that the system takes back when it needs it.
    pub mapped_bytes: u64,
    pub disk_bytes: u64,
    /// What is known of the recall of searches: by the first vectors, then by each named one.
    pub recalls: Vec<RecallStatus>,
}

/// A shard's data and index. Any number of concurrent `search`, `get`, `scroll`, which take no lock; `apply` is called
/// by one thread at a time, in log order. Lock order: `indexing` before `writer` before `fields`.
pub struct Shard {
    spec: ShardSpec,
    dir: PathBuf,
    store: Store,
    generation: ArcSwap<Generation>,
    /// Held while an entry is applied, and for the moment in which a generation takes over.
    writer: Mutex<Writer>,
    /// Held for writing while a change is taken in or a generation takes over; for reading by whoever selects points.
    fields: RwLock<Fields>,
    recent: matching::Recent,
    /// Held by whoever changes or saves the graph.
    indexing: Mutex<Indexing>,
    recall: RecallBook,
    /// Number of the next file of mapped vectors.
    files: AtomicU64,
}

impl Shard {
    /// [`Shard::open_with_log`] without a log.
    pub fn open(dir: &Path, spec: ShardSpec, resources: &Resources) -> Result<Self> {
        Self::open_with_log(dir, spec, resources, &|_| Ok(Vec::new()))
    }

    /// Opens the shard in `dir`, or makes it; `spec` must be the one it was made with. Points without a
    /// usable graph snapshot are in the tail: answers are complete at once, and exact until indexed. `history`: the
    /// log from an index on, from which a restart gets the same graph as without it. Entries beyond the
    /// applied index are the caller's to apply.
    pub fn open_with_log(
        dir: &Path,
        spec: ShardSpec,
        resources: &Resources,
        history: History<'_>,
    ) -> Result<Self> {
        spec.validate()?;
        let store = Store::open(&dir.join("store"), Durability::State, resources)?;
        spec.check_or_store(&store)?;
        remove_mapped_files(dir)?;
        let points = point::StoredPoints::load(&store, spec.dim)?;
        let applied = apply::stored_applied_index(&store)?;
        let files = AtomicU64::new(0);
        let file = || mapped_file(dir, files.fetch_add(1, Ordering::Relaxed));
        let log = load::ReadLog::new(history);
        let of = load::Of {
            dir,
            store: &store,
            shard: &spec,
            spec: &spec,
            name: None,
            declared: 0,
            applied,
            file: &file(),
        };
        let mut loaded = load::load(&of, points, &log)?;
        let schema = schema::Schema::load(&store)?;
        let spaces = load::load_spaces(&of, &schema, &file, &log)?;
        loaded.writer.sessions = sessions::Sessions::load(&store)?;
        loaded.writer.epoch = apply::stored_epoch(&store)?;
        let fields = Fields::new(schema, loaded.rows, applied, spaces)?;
        let shard = Self {
            spec,
            dir: dir.to_owned(),
            store,
            generation: ArcSwap::from_pointee(loaded.generation),
            writer: Mutex::new(loaded.writer),
            fields: RwLock::new(fields),
            recent: matching::Recent::default(),
            indexing: Mutex::new(loaded.indexing),
            recall: RecallBook::default(),
            files,
        };
        while shard.build_step()? {}
        shard.load_recall();
        Ok(shard)
    }

    pub fn spec(&self) -> &ShardSpec {
        &self.spec
    }

    /// Index of the last log entry in this state; entries up to it must not be applied again.
    pub fn applied_index(&self) -> u64 {
        self.generation.load().applied()
    }

    /// Points that wait for the graph.
    pub fn tail_len(&self) -> usize {
        self.generation.load().tail_len()
    }

    pub fn status(&self) -> ShardStatus {
        let generation = self.generation.load();
        let live_points = generation.live();
        ShardStatus {
            live_points,
            dead_points: u64::from(generation.published()).saturating_sub(live_points),
            tail_points: self.index_lag(&generation),
            applied_index: generation.applied(),
            memory_bytes: (generation.memory_bytes() + self.space_bytes()) as u64,
            index_bytes: generation.graph().map_or(0, |graph| graph.memory_bytes() as u64),
            mapped_bytes: generation.vectors.mapped_bytes() as u64,
            disk_bytes: self.store.disk_bytes() + self.snapshot_bytes(),
            recalls: self.recalls(),
        }
    }

    /// What its store does and holds now.
    pub fn store_activity(&self) -> Activity {
        self.store.activity()
    }

    /// Whether the graphs have every point.
    pub fn is_indexed(&self) -> bool {
        self.index_lag(&self.generation.load()) == 0
    }

    fn index_lag(&self, generation: &Generation) -> u64 {
        let spaces = self.fields.read().spaces().map(|space| space.waiting_points()).max().unwrap_or(0);
        generation.waiting_points(&self.spec).max(spaces)
    }

    /// Points, and those of them that wait for a graph; as of one moment each, so never more of these than of those.
    pub fn counts(&self) -> (u64, u64) {
        let generation = self.generation.load();
        let lag = self.index_lag(&generation);
        let live = generation.live();
        (live, lag.min(live))
    }

    /// Makes the applied state durable without its log. Returns the applied index that is safe to cut to.
    pub fn flush(&self) -> Result<u64> {
        let applied = self.applied_index();
        self.store.flush()?;
        Ok(applied)
    }

    /// Bytes of the saved graphs.
    pub fn snapshot_bytes(&self) -> u64 {
        snapshot::bytes(&self.dir)
    }

    pub fn is_poisoned(&self) -> bool {
        self.store.is_poisoned()
    }

    fn space_bytes(&self) -> usize {
        self.fields.read().spaces().map(|space| space.memory_bytes()).sum()
    }

    fn next_file(&self) -> PathBuf {
        mapped_file(&self.dir, self.files.fetch_add(1, Ordering::Relaxed))
    }
}

fn mapped_file(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("vectors-{number}.f32"))
}

/// Mapped files are caches of the store; those of a former process are of no use.
fn remove_mapped_files(dir: &Path) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "f32") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod datetime_tests;

#[cfg(test)]
mod engine_tests;

#[cfg(test)]
mod filter_tests;

#[cfg(test)]
mod number_tests;

#[cfg(test)]
mod order_tests;

#[cfg(test)]
mod recall_tests;

#[cfg(test)]
mod space_tests;

#[cfg(test)]
mod placing_tests;

#[cfg(test)]
mod reading_tests;

#[cfg(test)]
mod rendered_tests;

#[cfg(test)]
mod text_tests;

#[cfg(test)]
mod unread_tests;
