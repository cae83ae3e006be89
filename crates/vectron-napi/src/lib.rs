//! The Node-API addon: convert in, call, convert out. Work runs on the engine's threads; a promise resolves
//! when it is done. An error's reason is JSON, `{"code": ..., "message": ...}`: async calls cannot carry a
//! code of their own.

pub mod descriptors;
mod memory;
mod outcomes;
mod shared;

use crate::outcomes::Outcomes;
use napi::bindgen_prelude::*;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode, UnknownReturnValue};
use napi_derive::napi;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use vectron_raft::{
    Assignment, Histogram, Lane, Node, NodeError, NodeOptions, RaftListener, ReplicaStatus, Role, Timing,
    TlsFiles, Wanted,
};
use vectron_shard::proto::Split;
use vectron_shard::{
    ErrorCode, Estimate, Found, Metric, Nearest, Quantization, RecallStatus, Residence, ShardError,
    ShardSpec, ShardStatus, Until,
};

/// A shard that rests for so long is made durable and its log cut, when it is longer than what is kept.
const LOG_QUIET: Duration = Duration::from_secs(10);

/// Sizes of an engine; see `EngineOptions` in packages/engine.
#[napi(object)]
pub struct Options {
    pub threads: u32,
    pub index_threads: u32,
    pub max_waiting: u32,
    pub cache_bytes: i64,
    pub write_buffer_bytes: i64,
    pub heartbeat_ms: u32,
    pub election_min_ms: u32,
    pub election_max_ms: u32,
    pub snapshot_entries: u32,
    pub snapshot_bytes: i64,
    pub log_keep_bytes: i64,
    pub relaxed_ms: u32,
    pub low_water_bytes: i64,
    pub scrub_every_s: u32,
    /// Missing: no replicas on other workers.
    pub raft: Option<RaftOptions>,
}

/// The listener for other workers.
#[napi(object)]
pub struct RaftOptions {
    /// `host:port`.
    pub address: String,
    pub secret: String,
    /// PEM files, all three or none.
    pub authority: Option<String>,
    pub certificate: Option<String>,
    pub key: Option<String>,
}

/// A replica that this worker shall hold.
#[napi(object)]
pub struct Assigned {
    pub shard_id: i64,
    pub epoch: i64,
    /// `worker << 16 | incarnation`.
    pub replica_id: i64,
    pub voters: Vec<i64>,
    pub learners: Vec<i64>,
    /// Voters that the shard was made with.
    pub first: Vec<i64>,
    /// Acknowledge before the fsync.
    pub relaxed: bool,
    /// It was open here before: without data it is damaged, not new.
    pub known: bool,
    /// The shard that this one was split from.
    pub split_from: Option<ShardEpoch>,
}

/// A shard as of an epoch.
#[napi(object)]
pub struct ShardEpoch {
    pub shard_id: i64,
    pub epoch: i64,
}

/// Raft address of another worker.
#[napi(object)]
pub struct PeerAddress {
    pub worker: i64,
    pub address: String,
}

/// Outcome of a comparison of replicas.
#[napi(object)]
pub struct Scrubbed {
    /// Log index as of which they were compared.
    pub index: i64,
    /// Replicas that differ, or cannot be read; they are out of service now.
    pub differing: Vec<i64>,
}

#[napi(object)]
pub struct Spec {
    pub dimension: u32,
    /// `cosine`, `euclidean` or `dot`.
    pub metric: String,
    pub m: u32,
    pub ef_construction: u32,
    /// `int8` (default), `none`, `float16`, `binary` or `product`.
    pub quantization: Option<String>,
    /// `memory` (default), `mmap` or `disk`.
    pub vectors: Option<String>,
    /// Candidates rescored per result, 1 to 100; 0 or missing: by quantisation.
    pub oversampling: Option<u32>,
    /// Index on all threads at once: not deterministic.
    pub parallel_build: Option<bool>,
}

impl Spec {
    fn shard_spec(&self) -> std::result::Result<ShardSpec, ShardError> {
        let unknown = |what: &str, name: &str| ShardError::Invalid(format!("unknown {what} {name:?}"));
        let metric = Metric::parse(&self.metric).ok_or_else(|| unknown("metric", &self.metric))?;
        let quantization = self.quantization.as_deref().unwrap_or("int8");
        let vectors = self.vectors.as_deref().unwrap_or("memory");
        Ok(ShardSpec {
            dim: self.dimension as usize,
            metric,
            m: self.m as usize,
            ef_construction: self.ef_construction as usize,
            quantization: Quantization::parse(quantization)
                .ok_or_else(|| unknown("quantization", quantization))?,
            vectors: Residence::parse(vectors).ok_or_else(|| unknown("storage of vectors", vectors))?,
            oversampling: self.oversampling.unwrap_or(0) as usize,
            parallel_build: self.parallel_build.unwrap_or(false),
        })
    }
}

/// How [`Engine::search_many`] searches.
#[napi(object)]
pub struct SearchManyOptions {
    /// Results per query, 1 to 10,000.
    pub k: u32,
    /// 0 or missing: by `recall`, or the default.
    pub ef: Option<u32>,
    /// 0.5 to 0.999; picks ef.
    pub recall: Option<f64>,
    pub exact: Option<bool>,
    pub score_threshold: Option<f64>,
    /// Time the call may take; queries that it cuts short are marked.
    pub timeout_ms: Option<u32>,
}

/// Answers of [`Engine::search_many`], query after query.
#[napi(object)]
pub struct Matches {
    /// Hits of each query.
    pub counts: Uint32Array,
    /// Of each hit, best first; higher is better.
    pub scores: Float32Array,
    /// Ids of all hits, UTF-8, one after the other.
    pub ids: Buffer,
    /// Where the id of each hit ends in `ids`.
    pub id_ends: Uint32Array,
    /// ef of each query; 0: exact.
    pub efs: Uint32Array,
    /// Recall to expect of each query, with its 95 % confidence interval; NaN: not measured yet.
    pub recall_estimates: Float32Array,
    pub recall_lows: Float32Array,
    pub recall_highs: Float32Array,
    /// 1 where recall was asked for, and is not known to be reached.
    pub recall_unmet: Uint8Array,
    /// The distance-adaptive stop of each walk; infinite: by ef alone, or no walk.
    pub slacks: Float32Array,
    /// Log index as of which each query was answered.
    pub applied_indexes: Float64Array,
    /// 1 where the time ran out.
    pub stopped: Uint8Array,
    /// Nodes whose links were read, distances computed, points scanned beside the graph, points rescored: four
    /// numbers a query.
    pub explain: Uint32Array,
}

/// [`Matches`] before they are JavaScript's: made on an engine thread, where the slots are in the cache.
#[derive(Default)]
struct Encoded {
    counts: Vec<u32>,
    scores: Vec<f32>,
    ids: Vec<u8>,
    id_ends: Vec<u32>,
    efs: Vec<u32>,
    recall_estimates: Vec<f32>,
    recall_lows: Vec<f32>,
    recall_highs: Vec<f32>,
    recall_unmet: Vec<u8>,
    slacks: Vec<f32>,
    applied_indexes: Vec<f64>,
    stopped: Vec<u8>,
    explain: Vec<u32>,
}

impl From<Vec<Found>> for Encoded {
    fn from(all: Vec<Found>) -> Self {
        let mut encoded = Self::default();
        for found in &all {
            encoded.counts.push(found.hits.len() as u32);
            encoded.efs.push(found.ef);
            encoded.recall_estimates.push(found.recall.map_or(f32::NAN, |recall| recall.mean));
            encoded.recall_lows.push(found.recall.map_or(f32::NAN, |recall| recall.low));
            encoded.recall_highs.push(found.recall.map_or(f32::NAN, |recall| recall.high));
            encoded.recall_unmet.push(u8::from(found.recall_unmet));
            encoded.slacks.push(found.slack);
            encoded.applied_indexes.push(found.applied_index as f64);
            encoded.stopped.push(u8::from(found.stats.stopped));
            let stats = [found.stats.visited, found.stats.distances, found.tail, found.rescored];
            encoded.explain.extend(stats);
            for (score, slot) in &found.hits {
                encoded.ids.extend_from_slice(slot.id.as_bytes());
                encoded.id_ends.push(encoded.ids.len() as u32);
                encoded.scores.push(*score);
            }
        }
        encoded
    }
}

impl From<Encoded> for Matches {
    fn from(encoded: Encoded) -> Self {
        Self {
            counts: encoded.counts.into(),
            scores: encoded.scores.into(),
            ids: encoded.ids.into(),
            id_ends: encoded.id_ends.into(),
            efs: encoded.efs.into(),
            recall_estimates: encoded.recall_estimates.into(),
            recall_lows: encoded.recall_lows.into(),
            recall_highs: encoded.recall_highs.into(),
            recall_unmet: encoded.recall_unmet.into(),
            slacks: encoded.slacks.into(),
            applied_indexes: encoded.applied_indexes.into(),
            stopped: encoded.stopped.into(),
            explain: encoded.explain.into(),
        }
    }
}

/// Operations of one lane of an engine.
#[napi(object)]
pub struct Operations {
    pub waiting: u32,
    pub running: u32,
}

/// Durations that were counted since the engine was opened.
#[napi(object)]
pub struct Durations {
    /// Upper bounds of the buckets, in seconds, inclusive; ascending.
    pub bounds: Vec<f64>,
    /// How many durations were at most as long as each bound.
    pub counts: Vec<i64>,
    /// All durations, and their sum in seconds.
    pub count: i64,
    pub seconds: f64,
}

impl From<Histogram> for Durations {
    fn from(of: Histogram) -> Self {
        let (bounds, counts) = of.buckets.into_iter().map(|(bound, count)| (bound, count as i64)).unzip();
        Self { bounds, counts, count: of.count as i64, seconds: of.seconds }
    }
}

/// What an engine's log and stores have done since it was opened, and do now: sums over the log and all replicas.
#[napi(object)]
pub struct StorageStatus {
    /// Writes of the log that waited for their fsync, with that fsync.
    pub syncs: Durations,
    /// Writes of clients, from their proposal on the leader until they are applied there.
    pub commits: Durations,
    pub databases: i64,
    pub running_compactions: i64,
    pub running_flushes: i64,
    /// Estimated bytes that compactions have to rewrite.
    pub pending_compaction_bytes: i64,
    /// Databases that slow down writes, and that have stopped them, because compactions or flushes are behind.
    pub slowed: i64,
    pub stopped: i64,
    pub memtable_bytes: i64,
    /// Memory of the indexes and filters of the tables.
    pub table_reader_bytes: i64,
    /// Bytes of uncompressed blocks in memory, and at most how many.
    pub block_cache_bytes: i64,
    pub block_cache_limit: i64,
}

impl From<vectron_raft::StorageStatus> for StorageStatus {
    fn from(of: vectron_raft::StorageStatus) -> Self {
        Self {
            syncs: of.syncs.into(),
            commits: of.commits.into(),
            databases: of.store.databases as i64,
            running_compactions: of.store.running_compactions as i64,
            running_flushes: of.store.running_flushes as i64,
            pending_compaction_bytes: of.store.pending_compaction_bytes as i64,
            slowed: of.store.slowed as i64,
            stopped: of.store.stopped as i64,
            memtable_bytes: of.store.memtable_bytes as i64,
            table_reader_bytes: of.store.table_reader_bytes as i64,
            block_cache_bytes: of.block_cache_bytes as i64,
            block_cache_limit: of.block_cache_limit as i64,
        }
    }
}

#[napi(object)]
pub struct Status {
    pub shard_id: i64,
    pub epoch: i64,
    /// Since the shard was opened.
    pub searches: i64,
    pub live_points: i64,
    pub dead_points: i64,
    pub tail_points: i64,
    pub applied_index: i64,
    pub memory_bytes: i64,
    /// Of those, codes and links.
    pub index_bytes: i64,
    /// Vectors in mapped files: memory that the system takes back when it needs it.
    pub mapped_bytes: i64,
    pub disk_bytes: i64,
    pub replica_id: i64,
    /// `leader`, `follower`, `candidate`, `learner` or `stopped`.
    pub role: String,
    pub term: i64,
    /// Replica that leads, 0: none is known.
    pub leader_replica_id: i64,
    pub voters: Vec<i64>,
    pub learners: Vec<i64>,
    pub committed_index: i64,
    /// A leader that a majority has answered lately.
    pub has_quorum: bool,
    /// The voters and learners are committed, not only proposed.
    pub members_settled: bool,
    /// Why the replica is out of service for good; empty: it is not.
    pub damage: String,
    /// How long a write may wait for its fsync; 0: it is acknowledged after it.
    pub relaxed_ms: i64,
    /// States that clients page through.
    pub views: i64,
    /// What is known of the recall of searches: by the first vectors, then by each named one.
    pub recalls: Vec<Recall>,
}

/// What a replica knows of the recall of its searches by one vector.
#[napi(object)]
pub struct Recall {
    /// The named vector; empty: the first one.
    pub using: String,
    /// Of a search for ten points that asks for neither an ef nor a recall; missing: it was not measured.
    pub estimate: Option<f64>,
    /// Its 95 % confidence interval, set with it.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Queries it was measured with.
    pub queries: i64,
    /// Searches that asked for a recall, and those of them whose answers said that it was not met.
    pub asked: i64,
    pub unmet: i64,
}

impl From<&RecallStatus> for Recall {
    fn from(status: &RecallStatus) -> Self {
        let figure =
            |of: fn(&Estimate) -> f32| status.estimate.as_ref().map(|estimate| f64::from(of(estimate)));
        Self {
            using: status.using.clone(),
            estimate: figure(|estimate| estimate.mean),
            low: figure(|estimate| estimate.low),
            high: figure(|estimate| estimate.high),
            queries: status.queries as i64,
            asked: status.asked as i64,
            unmet: status.unmet as i64,
        }
    }
}

impl From<ReplicaStatus> for Status {
    fn from(status: ReplicaStatus) -> Self {
        let ids = |ids: &BTreeSet<u64>| ids.iter().map(|id| *id as i64).collect();
        let group = status.group;
        let data = status.data;
        let count = |of: fn(&ShardStatus) -> u64| data.as_ref().map_or(0, of) as i64;
        Self {
            shard_id: status.shard as i64,
            epoch: status.epoch as i64,
            searches: status.searches as i64,
            live_points: count(|data| data.live_points),
            dead_points: count(|data| data.dead_points),
            tail_points: count(|data| data.tail_points),
            applied_index: count(|data| data.applied_index),
            memory_bytes: count(|data| data.memory_bytes),
            index_bytes: count(|data| data.index_bytes),
            mapped_bytes: count(|data| data.mapped_bytes),
            disk_bytes: count(|data| data.disk_bytes),
            replica_id: group.replica as i64,
            role: match group.role {
                Role::Leader => "leader",
                Role::Follower => "follower",
                Role::Candidate => "candidate",
                Role::Learner => "learner",
                Role::Stopped => "stopped",
            }
            .into(),
            term: group.term as i64,
            leader_replica_id: group.leader as i64,
            voters: ids(&group.voters),
            learners: ids(&group.learners),
            committed_index: group.committed as i64,
            has_quorum: group.has_quorum,
            members_settled: group.settled,
            damage: group.damaged.unwrap_or_default(),
            relaxed_ms: status.relaxed_ms as i64,
            views: status.views as i64,
            recalls: data.iter().flat_map(|data| &data.recalls).map(Recall::from).collect(),
        }
    }
}

/// SIMD path of the distance kernels on this CPU.
#[napi(catch_unwind)]
pub fn instruction_set() -> &'static str {
    vectron_shard::instruction_set()
}

/// One part of a directory that was looked over.
#[napi(object)]
pub struct CheckedPart {
    /// `log`, or `shard N`.
    pub what: String,
    pub holds: String,
    /// Empty: nothing is wrong.
    pub damage: String,
}

/// Reads everything in an engine's directory that nobody has open; changes nothing.
#[napi]
pub async fn verify(dir: String) -> Result<Vec<CheckedPart>> {
    let rows = blocking(move || vectron_raft::verify(&PathBuf::from(dir))).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| CheckedPart { what: row.what, holds: row.holds, damage: row.damage.unwrap_or_default() })
        .collect())
}

#[napi(object)]
pub struct ExportedShard {
    pub shard_id: i64,
    pub points: i64,
}

/// Copies every shard of an engine's directory that nobody has open to `to`, for Pebble v1.
#[napi]
pub async fn export_pebble(dir: String, to: String) -> Result<Vec<ExportedShard>> {
    let shards =
        blocking(move || vectron_raft::export_pebble(&PathBuf::from(dir), &PathBuf::from(to))).await?;
    let shards = shards.into_iter();
    Ok(shards.map(|one| ExportedShard { shard_id: one.shard as i64, points: one.points as i64 }).collect())
}

/// The points of a store that nobody writes.
#[napi]
pub struct StoredShard {
    store: Arc<vectron_shard::StoredShard>,
}

#[napi]
impl StoredShard {
    /// An encoded `PointBatch` of up to `limit` points with ids after `after` (empty: from the first).
    #[napi(ts_return_type = "Promise<Buffer>")]
    pub async fn page(&self, after: String, limit: u32) -> Result<Buffer> {
        let store = Arc::clone(&self.store);
        let after = Some(after).filter(|after| !after.is_empty());
        let page = blocking(move || Ok(store.page(after.as_deref(), limit as usize)?)).await?;
        Ok(page.into())
    }
}

/// Opens a store, Vectron's or one that Pebble made in its format, for reading.
#[napi]
pub async fn open_stored_shard(dir: String) -> Result<StoredShard> {
    let store = blocking(move || Ok(vectron_shard::StoredShard::open(&PathBuf::from(dir))?)).await?;
    Ok(StoredShard { store: Arc::new(store) })
}

/// Panics; the process must survive it. For the test of exactly that.
#[napi(catch_unwind)]
pub fn panic_for_test() {
    panic!("asked to panic");
}

/// Opens the engine in `dir`.
#[napi]
pub async fn open(dir: String, options: Options) -> Result<Engine> {
    let raft = options.raft.map(|raft| {
        let tls = match (raft.authority, raft.certificate, raft.key) {
            (Some(authority), Some(certificate), Some(key)) => Some(TlsFiles {
                authority: authority.into(),
                certificate: certificate.into(),
                key: key.into(),
            }),
            _ => None,
        };
        RaftListener { address: raft.address, secret: raft.secret.into_bytes(), tls }
    });
    let options = NodeOptions {
        threads: options.threads as usize,
        index_threads: options.index_threads as usize,
        max_waiting: options.max_waiting as usize,
        cache_bytes: options.cache_bytes.max(0) as usize,
        write_buffer_bytes: options.write_buffer_bytes.max(0) as usize,
        small_store_bytes: vectron_raft::SMALL_STORE_BYTES,
        timing: Timing {
            heartbeat_ms: u64::from(options.heartbeat_ms),
            election_min_ms: u64::from(options.election_min_ms),
            election_max_ms: u64::from(options.election_max_ms),
            snapshot_entries: u64::from(options.snapshot_entries),
        },
        snapshot_bytes: options.snapshot_bytes.max(0) as u64,
        log_keep_bytes: options.log_keep_bytes.max(0) as u64,
        log_quiet: LOG_QUIET,
        relaxed_ms: u64::from(options.relaxed_ms),
        low_water_bytes: options.low_water_bytes.max(0) as u64,
        scrub_every_s: u64::from(options.scrub_every_s),
        raft,
    };
    let engine = blocking(move || Node::open(&PathBuf::from(dir), options)).await.map(Engine::new)?;
    memory::keep_returning();
    Ok(engine)
}

/// Another handle on the engine that [`Engine::share`] named, for another thread of JavaScript. What is submitted through a
/// handle is answered through it, and its tickets are its own.
#[napi(catch_unwind)]
pub fn attach(id: u32) -> Result<Engine> {
    shared::named(id)
        .map(Engine::new)
        .ok_or_else(|| Error::from_reason(reason(ErrorCode::ShuttingDown, "the engine is closed")))
}

#[napi]
pub struct Engine {
    node: Node,
    /// Reads that may still be cancelled, by ticket.
    running: Arc<std::sync::Mutex<HashMap<u32, Weak<AtomicBool>>>>,
    outcomes: Arc<Outcomes>,
    /// Set while other threads may attach to the engine.
    name: std::sync::Mutex<Option<shared::Name>>,
}

impl Engine {
    fn new(node: Node) -> Self {
        Self { node, running: Arc::default(), outcomes: Arc::default(), name: std::sync::Mutex::default() }
    }
}

#[napi]
impl Engine {
    /// Names the engine, such that other threads of this process can [`attach`] to it until it is closed.
    #[napi(catch_unwind)]
    pub fn share(&self) -> u32 {
        lock(&self.name).get_or_insert_with(|| shared::Name::of(&self.node)).id()
    }

    /// `host:port` of the listener for other workers.
    #[napi(catch_unwind)]
    pub fn raft_address(&self) -> Option<String> {
        self.node.raft_address().map(str::to_owned)
    }

    /// Where the other workers listen.
    #[napi(catch_unwind)]
    pub fn set_peers(&self, peers: Vec<PeerAddress>) {
        self.node.set_peers(peers.into_iter().map(|peer| (peer.worker as u64, peer.address)).collect());
    }

    /// Opens or makes a replica; on an open one, sets the epoch and what is wanted.
    #[napi]
    pub async fn open_shard(&self, assigned: Assigned, spec: Spec) -> Result<()> {
        let node = self.node.clone();
        let ids = |ids: Vec<i64>| ids.into_iter().map(|id| id as u64).collect();
        blocking(move || {
            node.open_shard(Assignment {
                shard: assigned.shard_id as u64,
                epoch: assigned.epoch as u64,
                replica: assigned.replica_id as u64,
                spec: spec.shard_spec()?,
                wanted: Wanted {
                    voters: ids(assigned.voters),
                    learners: ids(assigned.learners),
                    first: assigned.first.into_iter().map(|id| id as u64).collect(),
                },
                relaxed: assigned.relaxed,
                known: assigned.known,
                split_from: assigned.split_from.map(|from| (from.shard_id as u64, from.epoch as u64)),
            })
        })
        .await
    }

    /// Hands the lead of a shard that this worker leads to another replica.
    #[napi]
    pub async fn transfer_leader(&self, shard_id: i64, replica_id: i64) -> Result<()> {
        let node = self.node.clone();
        run_on(&self.node, async move { node.transfer_leader(shard_id as u64, replica_id as u64).await })
            .await
    }

    /// Compares the replicas of a shard that this worker leads.
    #[napi]
    pub async fn scrub(&self, shard_id: i64) -> Result<Scrubbed> {
        let node = self.node.clone();
        let (index, differing) = run_on(&self.node, async move { node.scrub(shard_id as u64).await }).await?;
        Ok(Scrubbed { index: index as i64, differing: differing.into_iter().map(|id| id as i64).collect() })
    }

    /// Splits a shard that this worker leads: routing hashes from `at` on become those of shard `upper`, both of `epoch`.
    /// Returns the log index of the split, once it is committed and applied here.
    #[napi]
    pub async fn split_shard(&self, shard_id: i64, at: BigInt, upper: i64, epoch: i64) -> Result<i64> {
        let node = self.node.clone();
        let (_, at, _) = at.get_u64();
        let split = Split { at, epoch: epoch as u64, upper: upper as u64, keeps_upper: false };
        let index = run_on(&self.node, async move { node.split_shard(shard_id as u64, split).await }).await?;
        Ok(index as i64)
    }

    /// Removes what splits left here for shards that will not be assigned to this worker. `assigned`: as the placement
    /// driver has them.
    #[napi]
    pub async fn forget_splits(&self, assigned: Vec<ShardEpoch>) -> Result<()> {
        let node = self.node.clone();
        let assigned: Vec<_> =
            assigned.into_iter().map(|one| (one.shard_id as u64, one.epoch as u64)).collect();
        blocking(move || node.forget_splits(&assigned)).await
    }

    /// Removes a shard and its files.
    #[napi]
    pub async fn drop_shard(&self, id: i64) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.drop_shard(id as u64)).await
    }

    /// Shards in the data directory, open or not.
    #[napi]
    pub async fn stored_shards(&self) -> Result<Vec<i64>> {
        let node = self.node.clone();
        let ids = blocking(move || node.stored_shards()).await?;
        Ok(ids.into_iter().map(|id| id as i64).collect())
    }

    #[napi(catch_unwind)]
    pub fn status(&self) -> Vec<Status> {
        self.node.status().into_iter().map(Status::from).collect()
    }

    /// Runs encoded `ShardOp`s side by side; [`Engine::take_outcomes`] gives the outcome of each by its place in `ids`, which no
    /// other running one has. `tickets`: a number each, by which [`Engine::cancel`] knows it meanwhile; 0: it does not. The
    /// buffers are copied before this returns.
    #[napi(catch_unwind)]
    pub fn submit(&self, ops: Vec<BufferSlice<'_>>, ids: Vec<u32>, tickets: Vec<u32>) {
        for ((op, &id), &ticket) in ops.iter().zip(&ids).zip(&tickets) {
            let cancelled = Arc::new(AtomicBool::new(false));
            if ticket != 0 {
                lock(&self.running).insert(ticket, Arc::downgrade(&cancelled));
            }
            let running = Arc::clone(&self.running);
            let expected = self.outcomes.expect(id);
            self.node.submit(op, cancelled, move |outcome| {
                if ticket != 0 {
                    lock(&running).remove(&ticket);
                }
                expected.give(outcome);
            });
        }
    }

    /// `wake` is called, from then on, when something that was submitted has ended and waits for [`Engine::take_outcomes`]. It
    /// does not keep the process alive. Missing: nobody is.
    #[napi(catch_unwind)]
    pub fn listen(
        &self,
        #[napi(ts_arg_type = "(() => void) | undefined")] wake: Option<
            ThreadsafeFunction<(), UnknownReturnValue, (), napi::Status, false, true>,
        >,
    ) {
        let wake = wake.map(|wake| {
            Box::new(move || {
                // Refused while the environment is torn down, when nobody waits any more.
                let _ = wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }) as outcomes::Wake
        });
        self.outcomes.listen(wake);
    }

    /// The encoded `ShardOutcome`s of all that has ended and was not taken yet: see [`Outcomes::take`].
    #[napi(catch_unwind)]
    pub fn take_outcomes<'env>(&self, env: &'env Env) -> Result<Option<BufferSlice<'env>>> {
        // A copy: memory that JavaScript does not own makes its collector run far more often.
        self.outcomes.take().map(|outcomes| BufferSlice::copy_from(env, outcomes)).transpose()
    }

    /// Nobody waits for these reads any more: they end soon.
    #[napi(catch_unwind)]
    pub fn cancel(&self, tickets: Vec<u32>) {
        let running = lock(&self.running);
        for cancelled in tickets.iter().filter_map(|ticket| running.get(ticket)?.upgrade()) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// The operations that wait for a thread of their lane, and those that run: the usual lane first, then that of reads that
    /// take long.
    #[napi(catch_unwind)]
    pub fn operations(&self) -> Vec<Operations> {
        let of = |lane| {
            let vectron_raft::Operations { waiting, running } = self.node.operations(lane);
            Operations { waiting: waiting as u32, running: running as u32 }
        };
        [Lane::Usual, Lane::Costly].map(of).into()
    }

    /// What the log and the stores do: for metrics.
    #[napi(catch_unwind)]
    pub fn storage(&self) -> StorageStatus {
        self.node.storage().into()
    }

    /// The nearest points of many queries in one call: `vectors` holds one query after the other. Copied before this
    /// returns; the work runs on the engine's threads.
    #[napi(catch_unwind, ts_return_type = "Promise<Matches>")]
    pub fn search_many<'env>(
        &self,
        env: &'env Env,
        shard_id: i64,
        epoch: i64,
        vectors: Float32ArraySlice<'env>,
        options: SearchManyOptions,
    ) -> Result<PromiseRaw<'env, Matches>> {
        let timeout = options.timeout_ms.filter(|ms| *ms > 0);
        let nearest = Nearest {
            ef: options.ef.unwrap_or(0) as usize,
            recall: options.recall.unwrap_or(0.0) as f32,
            exact: options.exact.unwrap_or(false),
            score_threshold: options.score_threshold.map(|least| least as f32),
            until: Until {
                deadline: timeout.map(|ms| Instant::now() + Duration::from_millis(u64::from(ms))),
                cancelled: None,
            },
            ..Nearest::new(options.k as usize)
        };
        let (tx, rx) = oneshot::channel();
        let reply = move |found: std::result::Result<Vec<Found>, NodeError>| {
            // The receiver is gone when the environment was torn down: nobody waits for the answer.
            let _ = tx.send(found.map(Encoded::from));
        };
        self.node.search_many(shard_id as u64, epoch as u64, vectors.to_vec(), nearest, reply);
        env.spawn_future_with_callback(
            async move {
                let found = rx.await.map_err(|_| {
                    Error::from_reason(reason(ErrorCode::ShuttingDown, "the engine is closed"))
                })?;
                found.map_err(|e| Error::from_reason(reason(e.code(), &e.to_string())))
            },
            |_, found| Ok(Matches::from(found)),
        )
    }

    /// Makes everything durable in the shard stores and saves the graphs.
    #[napi]
    pub async fn flush(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.flush_all()).await
    }

    /// `flush`, then lets go of all shards.
    #[napi]
    pub async fn close(&self) -> Result<()> {
        drop(lock(&self.name).take());
        let node = self.node.clone();
        blocking(move || node.close()).await
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Runs work on the engine's own runtime.
async fn run_on<T: Send + 'static>(
    node: &Node,
    work: impl Future<Output = std::result::Result<T, NodeError>> + Send + 'static,
) -> Result<T> {
    match node.handle().spawn(work).await {
        Ok(outcome) => outcome.map_err(|e| Error::from_reason(reason(e.code(), &e.to_string()))),
        Err(stopped) => Err(Error::from_reason(reason(ErrorCode::ShuttingDown, &stopped.to_string()))),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, NodeError> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|e| Error::from_reason(reason(e.code(), &e.to_string()))),
        Err(panic) => Err(Error::from_reason(reason(ErrorCode::Internal, &panic.to_string()))),
    }
}

fn reason(code: ErrorCode, message: &str) -> String {
    let escaped: String = message
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec![' '],
            c => vec![c],
        })
        .collect();
    format!("{{\"code\":\"{}\",\"message\":\"{escaped}\"}}", code.name())
}
