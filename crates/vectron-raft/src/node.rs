//! The worker's engine: all replicas, the log they share, their connections, and the threads that serve them.

use crate::disk::{Change, LogDisk, LogWork, RocksLog, Write};
use crate::durations::{Durations, Histogram};
use crate::feed;
use crate::group::{self, Consistency, GroupStatus, Timing};
use crate::lanes::{self, Lane, Lanes, Operations};
use crate::log::GroupLog;
use crate::net::{TcpNet, TlsFiles};
use crate::op;
use crate::replica::{self, Found as OnDisk, Replica, Wanted};
use crate::scrub;
use crate::snapshot::Receiving;
use crate::split;
use crate::transport::{Boxed, Call, Handler, Secret, Transport};
use crate::types::{Raft, ReplicaId};
use crate::views::Views;
use crate::{NodeError, Result};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use prost::Message;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vectron_shard::proto::{
    ChangeBatch, Declaration, LogCommand, Origin, PointBatch, SampleOp, Sampled, SchemaStatus, SearchOp,
    SearchResults, ShardOp, ShardOutcome, Split, Written, shard_op::Op, shard_outcome::Outcome,
};
use vectron_shard::{Applied, Found, MAX_TAIL, Nearest, Shard};
use vectron_shard::{ShardError, ShardSpec, ShardStatus, Until};
use vectron_storage::{Activity, ErrorCode, Resources};

/// Points a turn of an indexing task moves before it lets another shard have the thread.
const INDEX_TURN: usize = 64;
/// Queries of one call that a thread answers in one go.
const SHARE: usize = 8;
/// Searches between two looks at whether what is known of recall is old.
const MEASURE_EVERY: u64 = 64;
/// How often the engine looks after its replicas.
const TICK: Duration = Duration::from_millis(250);
/// Log entries of all shards that are kept in memory beside the disk.
const LOG_CACHE_BYTES: usize = 64 << 20;
/// A new shard's voters start its group without the first of them after so long.
const START_ANYWAY: Duration = Duration::from_secs(5);
/// How long a new shard of a split waits for what it needs of this worker.
const SPLIT_PATIENCE: Duration = Duration::from_secs(5);
/// Threads that make shards durable when all of them are: they wait for the disk, which takes many syncs at once.
const FLUSHERS: usize = 16;
const READ_TIMEOUT: Duration = Duration::from_secs(2);
pub const STORE_ID: &[u8] = b"\xff\xff\xff\xff\xff\xff\xff\xffid";
/// The low-water mark of free disk space is a twentieth of the disk, but between these.
const LEAST_MARK: u64 = 16 << 20;

/// Sizes of an engine.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Threads that answer queries, 1..=1024, and as many that answer those which take long.
    pub threads: usize,
    /// Threads that build graphs, 1..=1024.
    pub index_threads: usize,
    /// Requests that may wait for a thread; more are refused.
    pub max_waiting: usize,
    /// Memory for what was read, bytes: a quarter for payloads as they were answered, the rest for RocksDB blocks.
    pub cache_bytes: usize,
    /// RocksDB memtables of all shards together, bytes.
    pub write_buffer_bytes: usize,
    /// Bytes up to which a shard's store is one file and no RocksDB yet; see [`crate::SMALL_STORE_BYTES`].
    pub small_store_bytes: usize,
    pub timing: Timing,
    /// Log bytes of a group after which its shard is made durable and its log cut.
    pub snapshot_bytes: u64,
    /// Log bytes of a group that stay behind a snapshot, for followers that are behind and for readers of changes.
    pub log_keep_bytes: u64,
    /// A group whose log has more than that, and does not grow for so long, is made durable and cut.
    pub log_quiet: Duration,
    /// How long a write of a `relaxed` collection may wait for its fsync, milliseconds.
    pub relaxed_ms: u64,
    /// Most bytes that the low-water mark of free disk space asks for; it is a twentieth of a smaller disk.
    pub low_water_bytes: u64,
    /// Seconds between two comparisons of a shard's replicas; 0: never.
    pub scrub_every_s: u64,
    /// Where other workers reach this one; `None`: it has no replicas elsewhere.
    pub raft: Option<RaftListener>,
}

/// The listener for other workers.
#[derive(Debug, Clone)]
pub struct RaftListener {
    /// `host:port`; port 0 asks for a free one.
    pub address: String,
    /// What all workers of the cluster know.
    pub secret: Vec<u8>,
    pub tls: Option<TlsFiles>,
}

/// A write, as the gateway encoded it.
pub enum Proposal {
    Upsert(Vec<u8>),
    Delete(Vec<u8>),
    Mutate(Vec<u8>),
    Declare(Vec<u8>),
}

/// What a read gives, and the log index as of which it was answered.
type ReadOutcome = Result<(Outcome, u64)>;
type Answer<T> = Box<dyn FnOnce(Result<T>) + Send>;
pub type Reply = Answer<Applied>;

/// How current a shard must be for a read, and how long that is waited for.
#[derive(Clone, Copy)]
struct Ready {
    id: u64,
    epoch: u64,
    consistency: Consistency,
    /// 0: [`READ_TIMEOUT`].
    timeout_ms: u32,
}

/// What [`Node::open_shard`] is asked to hold.
#[derive(Debug, Clone)]
pub struct Assignment {
    pub shard: u64,
    pub epoch: u64,
    pub replica: ReplicaId,
    pub spec: ShardSpec,
    pub wanted: Wanted,
    /// Acknowledge before the fsync.
    pub relaxed: bool,
    /// It was open here before: without data it is damaged, not new.
    pub known: bool,
    /// The shard it was split from, and the epoch of the split.
    pub split_from: Option<(u64, u64)>,
}

/// All that is known of a replica here.
#[derive(Debug, Clone)]
pub struct ReplicaStatus {
    pub shard: u64,
    pub epoch: u64,
    pub searches: u64,
    /// How long a write may wait for its fsync, milliseconds; 0: it is acknowledged after it.
    pub relaxed_ms: u64,
    /// Views that are held here.
    pub views: u64,
    /// `None`: it is damaged and not open.
    pub data: Option<ShardStatus>,
    pub group: GroupStatus,
}

struct Inner {
    dir: PathBuf,
    options: NodeOptions,
    resources: Arc<Resources>,
    /// Taken by [`Node::close`], so that another engine can open the directory.
    log: RwLock<Option<Arc<dyn LogDisk>>>,
    store_id: u64,
    replicas: RwLock<HashMap<u64, Arc<Replica>>>,
    /// Replicas that were found damaged and are not open.
    damaged: Mutex<HashMap<u64, (ReplicaId, String)>>,
    transport: Arc<Transport>,
    receiving: Receiving,
    views: Views,
    raft_address: Option<String>,
    /// Less than the low-water mark is free.
    disk_low: AtomicBool,
    /// Less than half of it is.
    disk_critical: AtomicBool,
    free_and_mark: Mutex<(u64, u64)>,
    /// From a write's proposal until it is applied, of those that succeeded.
    commits: Durations,
    lanes: Lanes,
    indexers: rayon::ThreadPool,
    /// Measures recall, which may take a minute: no index waits for it.
    measurers: rayon::ThreadPool,
    /// Taken by [`Node::close`]. Last, so that what runs on it is gone before.
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    handle: tokio::runtime::Handle,
    opening: Mutex<()>,
}

/// Handle of an engine; clones share it. All methods are thread-safe. Callbacks run on engine threads.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

impl Node {
    /// Opens the engine in `dir`. Shards are opened by [`Node::open_shard`].
    pub fn open(dir: &Path, options: NodeOptions) -> Result<Self> {
        std::fs::create_dir_all(dir.join("shards"))?;
        let resources = Resources::new(options.cache_bytes, options.write_buffer_bytes);
        let resources = Arc::new(resources.with_small_store_bytes(options.small_store_bytes));
        let (log, store_id) = open_log(dir, &resources, Duration::from_millis(options.relaxed_ms))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("vectron-raft")
            .enable_all()
            .build()?;
        let (secret, tls) = match &options.raft {
            Some(listener) => (listener.secret.clone(), listener.tls.clone()),
            None => (Vec::new(), None),
        };
        let net = TcpNet::new(tls.as_ref())?;
        let transport = Transport::new(Arc::new(net), Secret::new(&secret));
        let handler = Arc::new(Incoming(Mutex::new(std::sync::Weak::new())));
        let mut raft_address = None;
        if let Some(listener) = &options.raft {
            let listening = transport.listen(&listener.address, Arc::clone(&handler) as Arc<dyn Handler>);
            let (address, serve) = runtime.block_on(listening)?;
            raft_address = Some(address);
            runtime.spawn(serve);
        }
        let handle = runtime.handle().clone();
        let node = Self(Arc::new(Inner {
            dir: dir.to_owned(),
            resources,
            log: RwLock::new(Some(log)),
            store_id,
            replicas: RwLock::default(),
            damaged: Mutex::default(),
            transport,
            receiving: Receiving::default(),
            views: Views::new(&dir.join("views"))?,
            raft_address,
            commits: Durations::default(),
            disk_low: AtomicBool::new(false),
            disk_critical: AtomicBool::new(false),
            free_and_mark: Mutex::default(),
            lanes: Lanes::new(options.threads, options.max_waiting)?,
            indexers: lanes::pool("vectron-index", options.index_threads, 8)?,
            measurers: lanes::pool("vectron-recall", 1, 12)?,
            options,
            runtime: Mutex::new(Some(runtime)),
            handle,
            opening: Mutex::new(()),
        }));
        node.look_at_disk();
        *handler.0.lock() = Arc::downgrade(&node.0);
        let weak = Arc::downgrade(&node.0);
        node.0.handle.spawn(async move {
            let mut keeper = Keeper::default();
            loop {
                tokio::time::sleep(TICK).await;
                let Some(inner) = weak.upgrade() else { return };
                keeper.tick(&Node(inner)).await;
            }
        });
        Ok(node)
    }

    /// `host:port` that other workers reach this one at.
    pub fn raft_address(&self) -> Option<&str> {
        self.0.raft_address.as_deref()
    }

    /// Addresses of the other workers' Raft listeners, by number.
    pub fn set_peers(&self, addresses: HashMap<u64, String>) {
        self.0.transport.set_addresses(addresses);
    }

    /// Opens or makes a replica, with everything that was committed here applied. On an open one, sets the epoch and
    /// what is wanted. A directory that holds another replica of the shard is emptied: the control plane has given that
    /// one up. Blocks for the load: call it off the query threads.
    pub fn open_shard(&self, assignment: Assignment) -> Result<()> {
        let _one_at_a_time = self.0.opening.lock();
        let Assignment { shard: id, epoch, replica: replica_id, spec, wanted, relaxed, known, split_from } =
            assignment;
        let open = self.0.replicas.read().get(&id).cloned();
        if let Some(open) = open {
            if open.id == replica_id {
                open.raise_epoch(epoch);
                open.log.set_relaxed(relaxed);
                if let Some(reason) = open.damage() {
                    return Err(NodeError::ReplicaDamaged { shard: id, reason });
                }
                return self.0.handle.block_on(group::want(&open, wanted));
            }
            drop(open);
            self.remove(id)?;
        }
        let dir = self.shard_dir(id);
        let bad = |reason: String| {
            self.0.damaged.lock().insert(id, (replica_id, reason.clone()));
            NodeError::ReplicaDamaged { shard: id, reason }
        };
        let mark = |reason: String| -> NodeError {
            // A mark that cannot be written is made again when the damage is met again.
            let _ = replica::mark_damaged(&dir, &reason);
            bad(reason)
        };
        match replica::found(&dir, self.0.store_id)? {
            OnDisk::Replica(found, Some(reason)) if found == replica_id || found == 0 => {
                return Err(bad(reason));
            }
            OnDisk::Replica(found, None) if found == replica_id => {}
            OnDisk::Replica(..) => {
                self.remove(id)?;
                replica::prepare(&dir, replica_id, self.0.store_id)?;
            }
            OnDisk::Nothing if !known && self.adopt_split(id, replica_id, split_from)? => {}
            OnDisk::Nothing => {
                let pristine = GroupLog::open(id, self.log()?).is_ok_and(|log| log.is_pristine());
                replica::prepare(&dir, replica_id, self.0.store_id)?;
                if known || !pristine {
                    return Err(mark("this worker held the replica before, but its data is missing".into()));
                }
            }
        }
        let opened = GroupLog::open(id, self.log()?).and_then(|log| {
            log.set_relaxed(relaxed);
            Replica::open(id, replica_id, &dir, spec, Arc::clone(&self.0.resources), log)
        });
        let replica = opened.map_err(|e| if e.is_damage() { mark(e.to_string()) } else { e })?;
        replica.raise_epoch(epoch);
        let node = Arc::downgrade(&self.0);
        let hook = Box::new(move |replica: &Arc<Replica>| {
            if let Some(inner) = node.upgrade() {
                Node(inner).start_indexing(replica);
            }
        });
        let started = async {
            group::start(&replica, &self.0.transport, &self.0.options.timing, hook).await?;
            group::want(&replica, wanted).await
        };
        if let Err(error) = self.0.handle.block_on(started) {
            if let Some(reason) = replica.damage() {
                return Err(bad(reason));
            }
            return Err(error);
        }
        self.0.damaged.lock().remove(&id);
        self.0.replicas.write().insert(id, Arc::clone(&replica));
        self.start_indexing(&replica);
        let leads_first = match split_from {
            // The worker that leads the split shard leads the new one.
            Some((lower, _)) => {
                self.replica(lower).is_ok_and(|lower| lower.raft().is_ok_and(openraft::Raft::is_leader))
            }
            None => replica.wanted.lock().first.first() == Some(&replica_id),
        };
        if leads_first {
            self.lead_soon(&replica);
        }
        Ok(())
    }

    /// Takes what a split left here for the shard. A replica of the split shard that is a moment behind is waited for:
    /// without it, the state comes from another worker.
    fn adopt_split(&self, id: u64, replica: ReplicaId, split_from: Option<(u64, u64)>) -> Result<bool> {
        let Some((lower, epoch)) = split_from else { return Ok(false) };
        let deadline = Instant::now() + SPLIT_PATIENCE;
        let behind = || {
            let replica = self.0.replicas.read().get(&lower).cloned();
            replica.is_some_and(|replica| replica.check_usable().is_ok() && replica.shard().epoch() < epoch)
        };
        while behind() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let adopted = split::adopt(&self.0.dir, id, replica, self.0.store_id, self.log()?, &self.0.resources);
        self.0.handle.block_on(adopted)
    }

    /// The first leader of a new shard leads as soon as a majority is there to elect it, and not a timeout later.
    fn lead_soon(&self, replica: &Arc<Replica>) {
        let Ok(raft) = replica.raft() else { return };
        let raft = raft.clone();
        self.0.handle.spawn(async move {
            let deadline = Instant::now() + SPLIT_PATIENCE;
            while Instant::now() < deadline && raft.current_leader().await.is_none() {
                if raft.trigger().elect(true).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }

    /// Splits a shard that this worker leads: hashes from `split.at` on become those of shard `split.upper`. Returns once
    /// it is committed and applied here.
    pub async fn split_shard(&self, id: u64, split: Split) -> Result<u64> {
        let replica = self.replica(id)?;
        replica.check_usable()?;
        if split.at == 0 || split.upper == id {
            return Err(NodeError::Shard(ShardError::Invalid(
                "a split must leave at least one hash on both sides".into(),
            )));
        }
        // So that there is little to write while entries wait.
        let ahead = Arc::clone(&replica);
        let prepared = tokio::task::spawn_blocking(move || {
            ahead.guarded(|| {
                ahead.shard().flush()?;
                ahead.save_graph(true)
            })
        });
        prepared.await.map_err(|_| NodeError::Closed)??;
        let command = LogCommand { split: Some(split), ..Default::default() };
        Ok(group::propose(&replica, command.encode_to_vec().into()).await?.index)
    }

    /// Removes what splits left here for shards that will not be assigned to this worker. `assigned`: shards and epochs, as
    /// the control plane has them.
    pub fn forget_splits(&self, assigned: &[(u64, u64)]) -> Result<()> {
        let _one_at_a_time = self.0.opening.lock();
        split::forget(&self.0.dir, assigned)
    }

    /// Removes a replica with its files. Calls in flight finish first (up to 10 s).
    pub fn drop_shard(&self, id: u64) -> Result<()> {
        let _one_at_a_time = self.0.opening.lock();
        self.remove(id)
    }

    fn remove(&self, id: u64) -> Result<()> {
        let removed = self.0.replicas.write().remove(&id);
        self.0.damaged.lock().remove(&id);
        self.0.views.forget(id);
        if let Some(replica) = removed {
            self.0.receiving.forget(id);
            self.retire(replica);
        }
        self.0.handle.block_on(remove_log(id, self.log()?))?;
        match std::fs::remove_dir_all(self.shard_dir(id)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    fn retire(&self, replica: Arc<Replica>) {
        let waiting = Arc::clone(&replica);
        // A task that hangs does not keep the engine from closing.
        let _ = self
            .0
            .handle
            .block_on(async { tokio::time::timeout(Duration::from_secs(10), waiting.retire()).await });
        replica::wait_until_alone(&replica);
    }

    /// Shards in the data directory, open or not.
    pub fn stored_shards(&self) -> Result<Vec<u64>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(self.0.dir.join("shards"))? {
            ids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(ids)
    }

    /// Checks the batch, has it committed and applied, then calls `reply` with the applied index. A refused batch
    /// leaves nothing behind.
    pub fn propose(&self, id: u64, epoch: u64, proposal: Proposal, origin: Option<Origin>, reply: Reply) {
        let node = self.clone();
        self.run(Lane::Usual, reply, move |reply| match node.prepare(id, epoch, proposal, origin) {
            Err(e) => reply(Err(e)),
            Ok((replica, command)) => {
                let engine = Arc::clone(&node.0);
                node.0.handle.spawn(async move {
                    let began = Instant::now();
                    let applied = group::propose(&replica, command).await;
                    if applied.is_ok() {
                        engine.commits.add(began.elapsed());
                    }
                    reply(applied);
                });
            }
        });
    }

    fn prepare(
        &self,
        id: u64,
        epoch: u64,
        proposal: Proposal,
        origin: Option<Origin>,
    ) -> Result<(Arc<Replica>, Bytes)> {
        let replica = self.replica(id)?;
        replica.check_epoch(epoch)?;
        replica.check_usable()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut command =
            LogCommand { proposed_at_ms: now.as_millis() as u64, epoch, origin, ..Default::default() };
        match proposal {
            Proposal::Upsert(bytes) => command.upsert = Some(bytes),
            Proposal::Delete(bytes) => command.delete = Some(bytes),
            Proposal::Mutate(bytes) => command.mutation = Some(bytes),
            Proposal::Declare(bytes) => {
                let wrong = |e| {
                    NodeError::Refused(
                        ErrorCode::InvalidArgument,
                        format!("the request must be a declaration: {e}"),
                    )
                };
                command.declaration = Some(Declaration::decode(bytes.as_slice()).map_err(wrong)?);
            }
        }
        let grows = command.upsert.is_some() || command.mutation.is_some();
        let shard = replica.shard();
        replica.guarded(|| Ok(command.check(shard.spec())?))?;
        let tail = shard.tail_len();
        if grows && tail > MAX_TAIL {
            return Err(NodeError::Shard(ShardError::IndexBehind { tail, max: MAX_TAIL }));
        }
        if command.upsert.is_some() && self.0.disk_low.load(Ordering::Acquire) {
            let (free, mark) = *self.0.free_and_mark.lock();
            return Err(NodeError::DiskLow { dir: self.0.dir.display().to_string(), free, mark });
        }
        Ok((replica, command.encode_to_vec().into()))
    }

    fn start_indexing(&self, replica: &Arc<Replica>) {
        if !replica.indexing.swap(true, Ordering::AcqRel) {
            let (node, replica) = (self.clone(), Arc::clone(replica));
            self.0.indexers.spawn(move || node.index_turn(replica));
        }
    }

    fn index_turn(&self, replica: Arc<Replica>) {
        let shard = replica.shard();
        // Payload indexes and graph take turns: neither may fall behind for the other.
        let step = || {
            let building = shard.build_step()?;
            let named = shard.index_spaces(INDEX_TURN, self.0.options.index_threads)?;
            Ok(shard.index_step(INDEX_TURN, self.0.options.index_threads)? > 0 || building || named > 0)
        };
        match replica.check_usable().and_then(|()| replica.guarded(step)) {
            Ok(true) => {
                let node = self.clone();
                drop(shard);
                self.0.indexers.spawn(move || node.index_turn(replica));
                return;
            }
            Ok(false) => {}
            // No memory for the graph: what was acknowledged is in the store and the log.
            Err(_) => replica.poison(),
        }
        // A snapshot that cannot be written costs a rebuild at the next start, nothing else.
        let _ = replica.guarded(|| replica.save_graph(false));
        self.start_measuring(&replica);
        replica.indexing.store(false, Ordering::Release);
        if replica.check_usable().is_ok()
            && (replica.shard().indexable() > 0 || replica.shard().is_building())
        {
            self.start_indexing(&replica);
        }
    }

    fn start_measuring(&self, replica: &Arc<Replica>) {
        let shard = replica.shard();
        let wanted = replica.check_usable().is_ok() && (shard.wants_checking() || shard.wants_measuring());
        if !wanted {
            return;
        }
        replica.measure_again.store(true, Ordering::Release);
        if replica.measuring.swap(true, Ordering::AcqRel) {
            return;
        }
        let (node, replica) = (self.clone(), Arc::clone(replica));
        // A recall that cannot be measured costs an estimate, nothing else.
        self.0.measurers.spawn(move || {
            replica.measure_again.store(false, Ordering::Release);
            if shard.wants_checking() {
                let _ = replica.guarded(|| Ok(shard.check_recall()?));
            }
            if replica.check_usable().is_ok() && shard.wants_measuring() {
                let _ = replica.guarded(|| Ok(shard.measure_recall()?));
            }
            drop(shard);
            // A swap, so that what was wanted before it is seen after it.
            replica.measuring.swap(false, Ordering::AcqRel);
            // What was wanted meanwhile found this task here.
            if replica.measure_again.load(Ordering::Acquire) {
                node.start_measuring(&replica);
            }
        });
    }

    /// Answers one encoded `ShardOp` with an encoded `ShardOutcome`; failures are in the outcome. A read that was
    /// `cancelled` ends soon, with any outcome; a write that was submitted is made.
    pub fn submit(
        &self,
        op: &[u8],
        cancelled: Arc<AtomicBool>,
        reply: impl FnOnce(Vec<u8>) + Send + 'static,
    ) {
        let finish = |outcome: Result<(Outcome, u64)>| op::answer(outcome).encode_to_vec();
        let op = match ShardOp::decode(op) {
            Ok(op) => op,
            Err(e) => {
                let refused = NodeError::Refused(
                    ErrorCode::InvalidArgument,
                    format!("the request must be a shard operation: {e}"),
                );
                return reply(finish(Err(refused)));
            }
        };
        let (id, epoch) = (u64::from(op.shard_id), u64::from(op.shard_epoch));
        let (consistency, timeout_ms) = (op::consistency(&op), op.timeout_ms);
        let lane = if op.costly() { Lane::Costly } else { Lane::Usual };
        let proposal = match op.op {
            Some(Op::Upsert(batch)) => Proposal::Upsert(batch),
            Some(Op::Delete(batch)) => Proposal::Delete(batch),
            Some(Op::Mutate(mutation)) => Proposal::Mutate(mutation),
            Some(Op::Declare(declaration)) => Proposal::Declare(declaration),
            Some(Op::Changes(asked)) if !asked.now => {
                let node = self.clone();
                let wait = Duration::from_millis(u64::from(asked.wait_ms));
                self.0.handle.spawn(async move {
                    let batch =
                        node.changes(id, epoch, asked.from_index, asked.max_bytes(), wait, &cancelled).await;
                    reply(finish(batch.map(|batch| (Outcome::Changes(batch), 0))));
                });
                return;
            }
            read => {
                let arrived = Instant::now();
                let reply = Box::new(move |outcome: Result<(ReadOutcome, Duration)>| {
                    let (outcome, took) = match outcome {
                        Ok((outcome, took)) => (outcome, took),
                        Err(e) => (Err(e), Duration::ZERO),
                    };
                    let cpu_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
                    reply(ShardOutcome { cpu_us, ..op::answer(outcome) }.encode_to_vec());
                });
                let limit = Some(timeout_ms).filter(|ms| *ms > 0);
                let deadline = limit.map(|ms| arrived + Duration::from_millis(u64::from(ms)));
                let until = Until { deadline, cancelled: Some(cancelled) };
                let work = move |node: Node, reply: Answer<(ReadOutcome, Duration)>| {
                    let begun = lanes::thread_time();
                    let outcome = node.read(id, epoch, read, arrived, &until);
                    reply(Ok((outcome, lanes::thread_time().saturating_sub(begun))));
                };
                let ready = Ready { id, epoch, consistency, timeout_ms };
                return self.when_ready(lane, &ready, reply, work);
            }
        };
        let written = Box::new(move |outcome: Result<Applied>| {
            reply(finish(outcome.map(|applied| (op::written(&applied), applied.index))));
        });
        self.propose(id, epoch, proposal, op.origin, written);
    }

    /// Runs `work` in its lane once the shard here is as current as `ready` asks.
    fn when_ready<T: Send + 'static>(
        &self,
        lane: Lane,
        ready: &Ready,
        reply: Answer<T>,
        work: impl FnOnce(Node, Answer<T>) + Send + 'static,
    ) {
        let node = self.clone();
        let Ready { id, epoch, consistency, timeout_ms } = *ready;
        if consistency == Consistency::Any {
            return self.run(lane, reply, move |reply| work(node, reply));
        }
        let limit = if timeout_ms == 0 { READ_TIMEOUT } else { Duration::from_millis(u64::from(timeout_ms)) };
        self.0.handle.spawn(async move {
            let deadline = tokio::time::Instant::now() + limit;
            let ready =
                match node.replica(id).and_then(|replica| replica.check_epoch(epoch).map(|()| replica)) {
                    Ok(replica) => group::ready(&replica, &node.0.transport, consistency, deadline).await,
                    Err(e) => Err(e),
                };
            match ready {
                Ok(()) => {
                    let worker = node.clone();
                    node.run(lane, reply, move |reply| work(worker, reply));
                }
                Err(e) => reply(Err(e)),
            }
        });
    }

    fn read(
        &self,
        id: u64,
        epoch: u64,
        read: Option<Op>,
        arrived: Instant,
        until: &Until,
    ) -> Result<(Outcome, u64)> {
        let replica = self.replica(id)?;
        if let Some(reason) = replica.damage() {
            return Err(NodeError::ReplicaDamaged { shard: id, reason });
        }
        match read {
            // Views are as of their entry, whatever became of the shard.
            Some(Op::Scroll(page)) if page.view != 0 => {
                let view = self.0.views.used(id, page.view)?;
                let found = replica.guarded(|| Ok(view.page(&page, until)?))?;
                return Ok((Outcome::Page(found), view.applied_index()));
            }
            Some(Op::CloseView(close)) => {
                let affected = u32::from(self.0.views.close(id, close.view));
                return Ok((Outcome::Written(Written { index: 0, affected }), 0));
            }
            _ => replica.check_epoch(epoch)?,
        }
        if let Some(Op::OpenView(of)) = read {
            let opened = self.0.views.open(&replica, of)?;
            // It may be of a shard that was split meanwhile.
            if let Err(error) = replica.check_epoch(epoch) {
                self.0.views.close(id, opened.view);
                return Err(error);
            }
            return Ok((Outcome::View(opened), opened.applied_index));
        }
        match &read {
            Some(Op::Search(_)) => self.count_searches(&replica, 1),
            Some(Op::Batch(batch)) => self.count_searches(&replica, batch.searches.len() as u64),
            _ => {}
        }
        let answer = replica.guarded(|| read_replica(&replica, read, arrived, until))?;
        // What was read meanwhile may be of a shard that was split.
        replica.check_epoch(epoch)?;
        Ok(answer)
    }

    /// Counts, and has an indexing task look now and then whether what is known of recall is old or wrong.
    fn count_searches(&self, replica: &Arc<Replica>, count: u64) {
        let before = replica.searches.fetch_add(count, Ordering::Relaxed);
        if before / MEASURE_EVERY != (before + count) / MEASURE_EVERY {
            let shard = replica.shard();
            if shard.wants_checking() || shard.wants_measuring() {
                self.start_indexing(replica);
            }
        }
    }

    /// The nearest points of many queries, a vector after the other in `queries`; `reply` gets the answers in their
    /// order. The queries are spread over the pool in shares of [`SHARE`]; one that is wrong refuses the call.
    pub fn search_many(
        &self,
        id: u64,
        epoch: u64,
        queries: Vec<f32>,
        nearest: Nearest,
        reply: impl FnOnce(Result<Vec<Found>>) + Send + 'static,
    ) {
        let node = self.clone();
        self.run(Lane::Usual, Box::new(reply), move |reply| reply(node.found(id, epoch, queries, &nearest)));
    }

    fn found(&self, id: u64, epoch: u64, mut queries: Vec<f32>, nearest: &Nearest) -> Result<Vec<Found>> {
        let replica = self.replica(id)?;
        replica.check_epoch(epoch)?;
        let shard = replica.shard();
        let dim = shard.spec().dim;
        if !queries.len().is_multiple_of(dim) {
            let message =
                format!("{} floats cannot be divided into queries of {dim} dimensions", queries.len());
            return Err(NodeError::Shard(ShardError::Invalid(message)));
        }
        let count = queries.len() / dim;
        self.count_searches(&replica, count as u64);
        let one = |query: &mut [f32]| {
            replica.guarded(|| {
                shard.prepare(query)?;
                Ok(shard.nearest(query, nearest)?)
            })
        };
        if count <= SHARE {
            return queries.chunks_exact_mut(dim).map(one).collect();
        }
        // On a thread of the pool already: the other threads take shares as they get free.
        queries.par_chunks_exact_mut(dim).with_min_len(SHARE).map(one).collect()
    }

    /// Changes from entry `from` on, in log order, up to the entry with which they have `max_bytes` (0: a megabyte). With none
    /// yet, waits up to `wait` for one.
    pub async fn changes(
        &self,
        id: u64,
        epoch: u64,
        from: u64,
        max_bytes: u32,
        wait: Duration,
        cancelled: &AtomicBool,
    ) -> Result<ChangeBatch> {
        let found = || {
            let replica = self.replica(id)?;
            replica.check_epoch(epoch)?;
            replica.check_usable()?;
            Ok::<_, NodeError>(replica)
        };
        let from = from.max(1);
        // Without the replica in hand: whoever waits must not keep one from being removed.
        let mut applied = found()?.applied();
        if from > *applied.borrow() + 1 {
            // Another replica may be ahead of this one; no index is beyond what is committed.
            let deadline = tokio::time::Instant::now() + READ_TIMEOUT;
            let replica = found()?;
            group::ready(&replica, &self.0.transport, Consistency::Linearizable, deadline).await?;
            let last = *applied.borrow();
            if from > last + 1 {
                return Err(NodeError::ChangesAhead { shard: id, from, last });
            }
        }
        // Nothing new is an answer, too; and a replica that is gone is not found in a moment.
        let _ = tokio::time::timeout(wait, applied.wait_for(|applied| *applied >= from)).await;
        if cancelled.load(Ordering::Relaxed) {
            return Err(ShardError::Cancelled.into());
        }
        let replica = found()?;
        crate::machine::blocking(|| replica.guarded(|| feed::changes(&replica, from, max_bytes, cancelled)))
    }

    /// The runtime that [`Node::changes`] and its like run on.
    pub fn handle(&self) -> &tokio::runtime::Handle {
        &self.0.handle
    }

    /// Every replica here.
    pub fn status(&self) -> Vec<ReplicaStatus> {
        let election = self.0.options.timing.election_max_ms;
        let replicas: Vec<Arc<Replica>> = self.0.replicas.read().values().cloned().collect();
        let open = replicas.iter().map(|replica| ReplicaStatus {
            shard: replica.shard_id,
            epoch: replica.epoch.load(Ordering::Acquire),
            searches: replica.searches.load(Ordering::Relaxed),
            relaxed_ms: if replica.log.is_relaxed() { self.0.options.relaxed_ms } else { 0 },
            views: self.0.views.count(replica.shard_id),
            data: Some(replica.shard().status()),
            group: group::status(replica, election),
        });
        let mut all: Vec<ReplicaStatus> = open.collect();
        for (&shard, (replica, reason)) in self.0.damaged.lock().iter() {
            let group = GroupStatus::stopped(*replica, Some(reason.clone()));
            all.push(ReplicaStatus {
                shard,
                epoch: 0,
                searches: 0,
                relaxed_ms: 0,
                views: 0,
                data: None,
                group,
            });
        }
        all
    }

    /// Hands the lead of a shard to another voter.
    pub async fn transfer_leader(&self, id: u64, to: ReplicaId) -> Result<()> {
        group::transfer_leader(&*self.replica(id)?, to).await
    }

    /// Compares the replicas of a shard that this worker leads; see [`scrub::compare`].
    pub async fn scrub(&self, id: u64) -> Result<(u64, Vec<ReplicaId>)> {
        let replica = self.replica(id)?;
        scrub::compare(&replica, &self.0.transport).await
    }

    /// Whether another replica's worker answers at all, and lets this one in.
    #[cfg(test)]
    pub fn probe_peer(&self, to: ReplicaId) -> Result<()> {
        let call =
            Call { group: 1, from: 0, to, kind: crate::transport::Kind::ReadIndex, payload: Bytes::new() };
        self.0.handle.block_on(self.0.transport.link(to, false).call(call, READ_TIMEOUT)).map(|_| ())
    }

    /// What a replica here answers when its hash as of an entry is asked for.
    #[cfg(test)]
    pub fn state_hash(&self, id: u64, index: u64) -> Vec<u8> {
        let asked = Bytes::copy_from_slice(&index.to_le_bytes());
        self.replica(id).and_then(|replica| scrub::answer(&replica, asked)).unwrap_or_default()
    }

    /// Whether the clock of a shard's group runs here.
    #[cfg(test)]
    pub fn clock_runs(&self, id: u64) -> bool {
        self.replica(id).is_ok_and(|replica| replica.clock_runs.load(Ordering::Acquire))
    }

    /// The first entry of a shard's log that is kept.
    #[cfg(test)]
    pub fn first_log_index(&self, id: u64) -> u64 {
        self.replica(id).map_or(0, |replica| replica.log.first_index())
    }

    /// Bytes of the entries of a shard's log that are on the disk.
    #[cfg(test)]
    pub fn log_bytes(&self, id: u64) -> u64 {
        self.replica(id).map_or(0, |replica| replica.log.disk_bytes())
    }

    /// Makes everything applied durable in the shard stores and saves the graphs.
    pub fn flush_all(&self) -> Result<()> {
        let replicas: Vec<Arc<Replica>> = self.0.replicas.read().values().cloned().collect();
        let (next, failure) = (AtomicUsize::new(0), Mutex::new(None));
        std::thread::scope(|scope| {
            for _ in 0..FLUSHERS.min(replicas.len()) {
                scope.spawn(|| {
                    while let Some(replica) = replicas.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = self.flush_one(replica) {
                            failure.lock().get_or_insert(error);
                        }
                    }
                });
            }
        });
        failure.into_inner().map_or(Ok(()), Err)
    }

    fn flush_one(&self, replica: &Replica) -> Result<()> {
        if replica.damage().is_some() {
            return Ok(());
        }
        replica.guarded(|| {
            replica.shard().flush()?;
            replica.save_graph(true)
        })?;
        if let Ok(raft) = replica.raft() {
            // It may have stopped; then there is nothing to cut.
            let _ = self.0.handle.block_on(raft.trigger().snapshot());
        }
        Ok(())
    }

    /// [`Node::flush_all`], then closes every store: the directory may be opened again. Later calls
    /// answer `SHARD_NOT_FOUND`, or that the engine is closed.
    pub fn close(&self) -> Result<()> {
        self.0.views.tick(true);
        let flushed = self.flush_all();
        let replicas: Vec<Arc<Replica>> =
            self.0.replicas.write().drain().map(|(_, replica)| replica).collect();
        for replica in &replicas {
            replica.poison();
        }
        replicas.into_iter().for_each(|replica| self.retire(replica));
        let runtime = self.0.runtime.lock().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
        let log = self.0.log.write().take();
        if let Some(log) = log {
            // Calls that hold it end by themselves; the last one to let go closes it.
            replica::wait_until_alone(&log);
        }
        flushed
    }

    fn log(&self) -> Result<Arc<dyn LogDisk>> {
        self.0.log.read().clone().ok_or(NodeError::Closed)
    }

    pub(crate) fn replica(&self, id: u64) -> Result<Arc<Replica>> {
        if let Some(replica) = self.0.replicas.read().get(&id) {
            return Ok(Arc::clone(replica));
        }
        match self.0.damaged.lock().get(&id) {
            Some((_, reason)) => Err(NodeError::ReplicaDamaged { shard: id, reason: reason.clone() }),
            None => Err(NodeError::ShardNotFound(id)),
        }
    }

    /// Runs `work` in its lane, or refuses when too much is waiting there.
    fn run<T>(&self, lane: Lane, reply: Answer<T>, work: impl FnOnce(Answer<T>) + Send + 'static)
    where
        T: Send + 'static,
    {
        let outcome = match self.0.lanes.enter(lane) {
            Ok(place) => return place.spawn(move || work(reply)),
            Err(full) => Err(full),
        };
        reply(outcome);
    }

    #[cfg(test)]
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.0.lanes
    }

    /// The reads that a lane has to do.
    pub fn operations(&self, lane: Lane) -> Operations {
        self.0.lanes.operations(lane)
    }

    /// What the log and the stores of this worker do; of a closed engine nothing more.
    pub fn storage(&self) -> StorageStatus {
        let LogWork { syncs, mut store } = self.log().map(|log| log.work()).unwrap_or_default();
        let replicas: Vec<Arc<Replica>> = self.0.replicas.read().values().cloned().collect();
        replicas.iter().for_each(|replica| store += replica.shard().store_activity());
        let (block_cache_bytes, block_cache_limit) = self.0.resources.block_cache();
        StorageStatus {
            syncs: syncs.read(),
            commits: self.0.commits.read(),
            store,
            block_cache_bytes,
            block_cache_limit,
        }
    }

    fn shard_dir(&self, id: u64) -> PathBuf {
        self.0.dir.join("shards").join(id.to_string())
    }

    fn look_at_disk(&self) {
        // A disk that cannot be asked is used until it fails.
        let Ok(stat) = rustix::fs::statvfs(&self.0.dir) else { return };
        let (free, total) = (stat.f_bavail * stat.f_frsize, stat.f_blocks * stat.f_frsize);
        let mark = (total / 20).clamp(LEAST_MARK, self.0.options.low_water_bytes.max(LEAST_MARK));
        *self.0.free_and_mark.lock() = (free, mark);
        self.0.disk_low.store(free < mark, Ordering::Release);
        self.0.disk_critical.store(free < mark / 2, Ordering::Release);
    }
}

/// What an engine's log and stores have done since it was opened, and do now.
pub struct StorageStatus {
    /// Writes of the log that waited for their fsync, with that fsync. One may be of many proposals.
    pub syncs: Histogram,
    /// Writes of clients, from their proposal on the leader until they are applied there.
    pub commits: Histogram,
    /// The databases of the log and of all replicas.
    pub store: Activity,
    /// Bytes of uncompressed blocks in memory, and at most how many.
    pub block_cache_bytes: u64,
    pub block_cache_limit: u64,
}

/// What the engine does for its replicas from time to time.
#[derive(Default)]
struct Keeper {
    caught_up: HashMap<u64, BTreeSet<ReplicaId>>,
    scrubbed: HashMap<u64, Instant>,
    /// The last entry of each shard's log, and since when it is.
    quiet: HashMap<u64, (u64, Instant)>,
    /// Held while the replicas of a shard are compared because it was time to.
    scrubbing: Arc<tokio::sync::Mutex<()>>,
}

impl Keeper {
    /// Has the shard made durable when its log has grown enough, and cuts the log behind that by bytes. The library cuts it by
    /// entries, each time a shard was made durable.
    async fn cut_log(&mut self, node: &Node, replica: &Replica, raft: &Raft) {
        let (log, options) = (&replica.log, &node.0.options);
        let last = log.last_index();
        let (seen, since) = self.quiet.entry(replica.shard_id).or_insert_with(|| (last, Instant::now()));
        if *seen != last {
            (*seen, *since) = (last, Instant::now());
        }
        let durable = replica.durable_meta().and_then(|meta| meta.last_log_id).map_or(0, |id| id.index);
        // A graph is saved with every snapshot: not before the log has grown by as much. The file system is asked for the graph's
        // size only where that decides: this is done for every shard, four times a second.
        let grown = log.bytes() > options.snapshot_bytes && log.bytes() > replica.shard().snapshot_bytes();
        let quiet = since.elapsed() > options.log_quiet;
        if quiet {
            log.forget_cached();
        }
        let undurable = durable < last && log.cut_at(options.log_keep_bytes, last).is_some();
        // What waits for the graph would stay in the log for its sake.
        let rests = quiet
            && (undurable || log.waits_for_graph(options.log_keep_bytes))
            && replica.shard().is_indexed();
        if grown || rests {
            log.reset_bytes();
            *since = Instant::now();
            // It may have stopped: then nothing grows any more.
            let _ = raft.trigger().snapshot().await;
        }
        // A follower that is on its way gets entries: a snapshot is more work for both.
        let behind = raft.is_leader() && group::is_anyone_behind(replica);
        let keep =
            if behind { options.snapshot_bytes.max(options.log_keep_bytes) } else { options.log_keep_bytes };
        if let Some(upto) = log.cut_at(keep, durable) {
            let _ = raft.trigger().purge_log(upto).await;
        }
        // A log that fails says so to the next write.
        let _ = log.sweep().await;
    }

    async fn tick(&mut self, node: &Node) {
        node.look_at_disk();
        node.0.views.tick(node.0.disk_low.load(Ordering::Acquire));
        let replicas: Vec<Arc<Replica>> = node.0.replicas.read().values().cloned().collect();
        let open: HashSet<u64> = replicas.iter().map(|replica| replica.shard_id).collect();
        self.caught_up.retain(|shard, _| open.contains(shard));
        self.quiet.retain(|shard, _| open.contains(shard));
        self.scrubbed.retain(|shard, _| open.contains(shard));
        let cached_bytes = LOG_CACHE_BYTES / replicas.len().max(1);
        for replica in replicas {
            if replica.check_usable().is_err() {
                continue;
            }
            let Ok(raft) = replica.raft() else { continue };
            replica.log.hold_after(node.0.views.log_held_after(replica.shard_id));
            replica.log.cache_at_most(cached_bytes);
            self.cut_log(node, &replica, raft).await;
            if replica.log.is_pristine() && replica.age() > START_ANYWAY {
                // It is tried again at the next tick.
                let _ = group::initialize(&replica).await;
            }
            // It may have stopped.
            let _ = group::set_clock(&replica);
            if !raft.is_leader() {
                continue;
            }
            let caught_up = self.caught_up.entry(replica.shard_id).or_default();
            // What does not work now is tried again at the next tick; a majority that is away must not hold up the
            // other shards.
            let step = group::step_membership(&replica, caught_up);
            let _ = tokio::time::timeout(Duration::from_secs(2), step).await;
            let epoch = replica.epoch.load(Ordering::Acquire);
            if replica.shard().epoch() < epoch {
                let command = LogCommand { set_epoch: epoch, ..Default::default() };
                let proposed = group::propose(&replica, command.encode_to_vec().into());
                let _ = tokio::time::timeout(Duration::from_secs(2), proposed).await;
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
            if replica.shard().next_expiry().is_some_and(|at_ms| at_ms <= now) {
                let command = LogCommand { expire_by_ms: now, proposed_at_ms: now, ..Default::default() };
                let proposed = group::propose(&replica, command.encode_to_vec().into());
                let _ = tokio::time::timeout(Duration::from_secs(2), proposed).await;
            }
            let every = Duration::from_secs(node.0.options.scrub_every_s);
            let last = *self.scrubbed.entry(replica.shard_id).or_insert_with(Instant::now);
            if !every.is_zero() && last.elapsed() >= every {
                // Shards that were opened together are due together: one after the other.
                let Ok(turn) = Arc::clone(&self.scrubbing).try_lock_owned() else { continue };
                self.scrubbed.insert(replica.shard_id, Instant::now());
                let node = node.clone();
                tokio::spawn(async move {
                    let _turn = turn;
                    // One that could not be made is made when the shard is due again.
                    let _ = scrub::compare(&replica, &node.0.transport).await;
                });
            }
        }
    }
}

/// Calls from other workers.
struct Incoming(Mutex<std::sync::Weak<Inner>>);

impl Handler for Incoming {
    fn handle(self: Arc<Self>, call: Call) -> Boxed<'static, Result<Bytes>> {
        Box::pin(async move {
            let inner = self.0.lock().upgrade().ok_or(NodeError::Closed)?;
            let replica = Node(Arc::clone(&inner)).replica(call.group)?;
            if replica.id != call.to {
                return Err(NodeError::ShardNotFound(call.group));
            }
            let low = inner.disk_critical.load(Ordering::Acquire);
            group::answer(&replica, &inner.receiving, low, call).await
        })
    }
}

/// Opens the log, or puts one that is damaged aside: its replicas are lost then, and are known to be by its id.
fn open_log(dir: &Path, resources: &Resources, relaxed: Duration) -> Result<(Arc<dyn LogDisk>, u64)> {
    let path = dir.join("log");
    let opened = RocksLog::open(&path, resources, relaxed).and_then(|log| {
        let id = log.get(STORE_ID)?.map(|id| id.try_into().map(u64::from_le_bytes));
        match id {
            Some(Ok(id)) => Ok((log, Some(id))),
            None if !path.with_extension("witness").exists() => Ok((log, None)),
            _ => Err(NodeError::LogLost("the name record of the log is missing".into())),
        }
    });
    let (log, id) = match opened {
        Ok(opened) => opened,
        Err(error) if error.is_damage() => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            std::fs::rename(&path, dir.join(format!("log.damaged-{now}")))?;
            match std::fs::remove_file(path.with_extension("witness")) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
            (RocksLog::open(&path, resources, relaxed)?, None)
        }
        Err(error) => return Err(error),
    };
    if let Some(id) = id {
        return Ok((Arc::new(log), id));
    }
    let mut bytes = [0; 8];
    use ring::rand::SecureRandom;
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the system provides no random numbers"))?;
    let (tx, rx) = crossbeam_channel::bounded(1);
    log.submit(Write {
        changes: vec![Change::Put(STORE_ID.to_vec(), bytes.to_vec())],
        synced: true,
        done: Some(Box::new(move |outcome| {
            let _ = tx.send(outcome);
        })),
    });
    rx.recv().map_err(|_| NodeError::Closed)??;
    Ok((Arc::new(log), u64::from_le_bytes(bytes)))
}

/// A log that cannot be read is removed all the same.
async fn remove_log(id: u64, disk: Arc<dyn LogDisk>) -> Result<()> {
    Ok(GroupLog::unread(id, disk).remove().await?)
}

fn read_replica(
    replica: &Replica,
    read: Option<Op>,
    arrived: Instant,
    until: &Until,
) -> Result<(Outcome, u64)> {
    if until.cancelled.as_ref().is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
        return Err(ShardError::Cancelled.into());
    }
    let until_of = |request: &SearchOp| {
        let timeout = Some(request.timeout_ms).filter(|ms| *ms > 0);
        let deadline = timeout.map(|ms| arrived + Duration::from_millis(u64::from(ms)));
        Until { deadline, cancelled: until.cancelled.clone() }
    };
    let shard = replica.shard();
    // Before the read: it sees at least this.
    let applied = shard.applied_index();
    let outcome = match read {
        Some(Op::Search(request)) => Outcome::Search(shard.search(&request, until_of(&request))?),
        Some(Op::Get(ids)) => match shard.points(&ids, until)? {
            page if ids.max_bytes.is_some() => Outcome::Page(page),
            page => Outcome::Points(PointBatch { points: page.points }),
        },
        Some(Op::Scroll(page)) => Outcome::Page(shard.page(&page, until)?),
        Some(Op::Count(request)) => Outcome::Counted(shard.count(&request, until)?),
        Some(Op::Facets(request)) => Outcome::Facets(shard.facets(&request, until)?),
        Some(Op::Batch(batch)) => {
            let each = batch.searches.iter().map(|request| (request, until_of(request)));
            Outcome::Searches(SearchResults { results: shard.search_batch(each)? })
        }
        Some(Op::Schema(_)) => Outcome::Schema(schema_status(&shard)?),
        Some(Op::TextStats(request)) => Outcome::TextStats(shard.text_statistics(&request)?),
        Some(Op::Sample(asked)) => Outcome::Sampled(sampled(&shard, &asked)?),
        Some(Op::Analyze(asked)) => Outcome::Analyzed(shard.analyze(&asked)?),
        Some(Op::Changes(asked)) if asked.now => {
            Outcome::Changes(ChangeBatch { next_index: applied + 1, ..Default::default() })
        }
        Some(
            Op::Upsert(_)
            | Op::Delete(_)
            | Op::Changes(_)
            | Op::Mutate(_)
            | Op::Declare(_)
            | Op::OpenView(_)
            | Op::CloseView(_),
        )
        | None => {
            return Err(NodeError::Refused(
                ErrorCode::InvalidArgument,
                "the operation must be a read".into(),
            ));
        }
    };
    Ok((outcome, applied))
}

fn sampled(shard: &Shard, op: &SampleOp) -> Result<Sampled> {
    let (queries, asked) = shard.sample_queries(&op.using, op.count as usize)?;
    let bytes = |query: Vec<f32>| query.into_iter().flat_map(f32::to_le_bytes).collect();
    Ok(Sampled { vectors: queries.into_iter().map(bytes).collect(), asked: asked as u32 })
}

fn schema_status(shard: &Shard) -> Result<SchemaStatus> {
    let indexes = shard.index_status()?;
    let (points, index_lag) = shard.counts();
    let (sparse, vectors) = (shard.sparse_vectors(), shard.named_vectors());
    Ok(SchemaStatus { indexes, sparse, points, vectors, index_lag })
}
