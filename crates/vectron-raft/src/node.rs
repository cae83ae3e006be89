//! The worker's engine: all groups, the log they share, and the threads that serve them.

use crate::group::{Group, Pending, Reply};
use crate::log::Entry;
use crate::op::{Op, Outcome, ShardOp, ShardOutcome};
use crate::{Log, NodeError, Result};
use parking_lot::RwLock;
use prost::Message;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vectron_shard::{Applied, Found, LogCommand, MAX_TAIL, Nearest, PointBatch};
use vectron_shard::{Shard, ShardError, ShardSpec, ShardStatus};
use vectron_storage::Resources;

/// Log bytes of a group after which its shard is flushed and the log cut.
const CUT_LOG_AFTER: usize = 64 << 20;
/// Points a turn of an indexing task moves before it lets another shard have the thread.
const INDEX_TURN: usize = 64;

/// Queries of one call that a thread answers in one go.
const SHARE: usize = 8;
/// Searches between two looks at whether the recall curve is old.
const MEASURE_EVERY: u64 = 64;

/// Sizes of an engine.
#[derive(Debug, Clone, Copy)]
pub struct NodeOptions {
    /// Threads that answer queries and apply entries, 1..=1024.
    pub threads: usize,
    /// Threads that build graphs, 1..=1024.
    pub index_threads: usize,
    /// Requests that may wait for a thread; more are refused.
    pub max_waiting: usize,
    /// RocksDB block cache, bytes.
    pub cache_bytes: usize,
    /// RocksDB memtables of all shards together, bytes.
    pub write_buffer_bytes: usize,
}

/// A write, as the gateway encoded it.
pub enum Proposal {
    Upsert(Vec<u8>),
    Delete(Vec<u8>),
}

struct Inner {
    dir: PathBuf,
    options: NodeOptions,
    resources: Resources,
    /// Taken by [`Node::close`], so that another engine can open the directory.
    log: RwLock<Option<Arc<Log>>>,
    groups: RwLock<HashMap<u64, Arc<Group>>>,
    waiting: AtomicUsize,
    pool: rayon::ThreadPool,
    indexers: rayon::ThreadPool,
}

/// Handle of an engine; clones share it. All methods are thread-safe. Callbacks run on engine threads.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

impl Node {
    /// Opens the engine in `dir`. Shards are opened by [`Node::open_shard`].
    pub fn open(dir: &Path, options: NodeOptions) -> Result<Self> {
        std::fs::create_dir_all(dir.join("shards"))?;
        let resources = Resources::new(options.cache_bytes, options.write_buffer_bytes);
        let log = Log::open(&dir.join("log"), &resources)?;
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            options,
            resources,
            log: RwLock::new(Some(Arc::new(log))),
            groups: RwLock::default(),
            waiting: AtomicUsize::new(0),
            pool: pool("vectron-query", options.threads)?,
            indexers: pool("vectron-index", options.index_threads)?,
        })))
    }

    /// Opens or makes a shard and applies what its log holds beyond its store. Opening an open shard sets
    /// its epoch. Blocks for the load: call it off the query threads.
    pub fn open_shard(&self, id: u64, epoch: u64, spec: ShardSpec) -> Result<()> {
        if let Some(group) = self.0.groups.read().get(&id) {
            group.epoch.store(epoch, Ordering::Release);
            return Ok(());
        }
        // The log reaches back to the saved graph (see `flush`), so the shard gets the graph it had. Damage in that
        // part costs only this: the points are in the store.
        let history = |from| Ok(self.logged(id, from).unwrap_or_default());
        let shard = Shard::open_with_log(&self.shard_dir(id), spec, &self.0.resources, &history)?;
        let mut last = shard.applied_index();
        for (index, command) in self.logged(id, last + 1)? {
            shard.apply(index, &command)?;
            last = index;
        }
        let group = Arc::new(Group::new(id, epoch, shard, last + 1));
        self.0.groups.write().insert(id, Arc::clone(&group));
        self.start_indexing(&group);
        Ok(())
    }

    fn logged(&self, id: u64, from: u64) -> Result<Vec<(u64, LogCommand)>> {
        let entries = self.log()?.read(id, from)?.into_iter();
        entries
            .map(|(index, command)| match LogCommand::decode(command.as_slice()) {
                Ok(command) => Ok((index, command)),
                Err(_) => Err(NodeError::LogDamaged { shard: id, index }),
            })
            .collect()
    }

    /// Removes a shard with its files. Calls in flight finish first (up to 10 s).
    pub fn drop_shard(&self, id: u64) -> Result<()> {
        let removed = self.0.groups.write().remove(&id);
        removed.into_iter().for_each(retire);
        self.log()?.remove_group(id)?;
        match std::fs::remove_dir_all(self.shard_dir(id)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// Shards in the data directory, open or not.
    pub fn stored_shards(&self) -> Result<Vec<u64>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(self.0.dir.join("shards"))? {
            ids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(ids)
    }

    /// Checks the batch, makes it durable, applies it, then calls `reply` with the applied index. A refused
    /// batch leaves nothing behind.
    pub fn propose(&self, id: u64, epoch: u64, proposal: Proposal, reply: Reply) {
        let node = self.clone();
        self.run(reply, move |reply| {
            if let Err((e, reply)) = node.append(id, epoch, proposal, reply) {
                reply(Err(e));
            }
        });
    }

    fn append(
        &self,
        id: u64,
        epoch: u64,
        proposal: Proposal,
        reply: Reply,
    ) -> std::result::Result<(), (NodeError, Reply)> {
        let prepared = self.group(id).and_then(|group| {
            group.check_epoch(epoch)?;
            group.check_writable()?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let (upsert, delete) = match proposal {
                Proposal::Upsert(bytes) => (Some(bytes), None),
                Proposal::Delete(bytes) => (None, Some(bytes)),
            };
            let command = LogCommand { proposed_at_ms: now.as_millis() as u64, upsert, delete };
            group.guarded(|| Ok(command.check(group.shard.spec())?))?;
            let tail = group.shard.tail_len();
            if command.upsert.is_some() && tail > MAX_TAIL {
                return Err(NodeError::Shard(ShardError::IndexBehind { tail, max: MAX_TAIL }));
            }
            Ok((group, command))
        });
        let (group, command) = match prepared {
            Ok(prepared) => prepared,
            Err(e) => return Err((e, reply)),
        };
        let encoded = command.encode_to_vec();
        group.log_bytes.fetch_add(encoded.len(), Ordering::Relaxed);
        let mut next_index = group.next_index.lock();
        let index = *next_index;
        *next_index += 1;
        let node = self.clone();
        let target = Arc::clone(&group);
        let done = Box::new(move |outcome: Result<()>| match outcome {
            Ok(()) => {
                if target.enqueue(Pending { index, command, reply }) {
                    let worker = node.clone();
                    node.0.pool.spawn(move || {
                        target.apply_queued();
                        worker.after_apply(&target);
                    });
                }
            }
            Err(e) => {
                target.poison();
                reply(Err(e));
            }
        });
        let entry = Entry { group: id, index, command: encoded, done };
        match self.log() {
            Ok(log) => log.append(entry),
            Err(e) => (entry.done)(Err(e)),
        }
        Ok(())
    }

    fn after_apply(&self, group: &Arc<Group>) {
        self.start_indexing(group);
        let logged = group.log_bytes.load(Ordering::Relaxed);
        // A saved graph costs its size to write, so the log may grow as large before the next one.
        if logged > CUT_LOG_AFTER.max(group.shard.snapshot_bytes() as usize) {
            group.log_bytes.store(0, Ordering::Relaxed);
            let (node, group) = (self.clone(), Arc::clone(group));
            self.0.indexers.spawn(move || {
                if node.flush(&group).is_err() {
                    group.poison();
                }
            });
        }
    }

    /// Makes the store durable, saves the graph, and cuts the log to what both have.
    fn flush(&self, group: &Group) -> Result<()> {
        let stored = group.shard.flush()?;
        group.shard.save_graph(true)?;
        self.log()?.cut(group.id, stored.min(group.shard.saved_index()))
    }

    fn start_indexing(&self, group: &Arc<Group>) {
        if !group.indexing.swap(true, Ordering::AcqRel) {
            let (node, group) = (self.clone(), Arc::clone(group));
            self.0.indexers.spawn(move || node.index_turn(group));
        }
    }

    fn index_turn(&self, group: Arc<Group>) {
        let step = || Ok(group.shard.index_step(INDEX_TURN, self.0.options.index_threads)?);
        match group.check_writable().and_then(|()| group.guarded(step)) {
            Ok(left) if left > 0 => {
                let node = self.clone();
                self.0.indexers.spawn(move || node.index_turn(group));
                return;
            }
            Ok(_) => {}
            // No memory for the graph: what was acknowledged is in the store and the log.
            Err(_) => group.poison(),
        }
        // A snapshot that cannot be written costs a rebuild at the next start, a curve that cannot be measured
        // an estimate; nothing else.
        let _ = group.guarded(|| Ok(group.shard.save_graph(false)?));
        if group.check_writable().is_ok() && group.shard.wants_measuring() {
            let _ = group.guarded(|| Ok(group.shard.measure_recall()?));
        }
        group.indexing.store(false, Ordering::Release);
        if group.check_writable().is_ok() && group.shard.indexable() > 0 {
            self.start_indexing(&group);
        }
    }

    /// Answers one encoded [`ShardOp`] with an encoded [`ShardOutcome`]; failures are in the outcome.
    pub fn submit(&self, op: &[u8], reply: impl FnOnce(Vec<u8>) + Send + 'static) {
        let finish = |outcome: Result<Outcome>| ShardOutcome::from(outcome).encode_to_vec();
        let op = match ShardOp::decode(op) {
            Ok(op) => op,
            Err(e) => {
                let refused =
                    NodeError::Refused("INVALID_ARGUMENT".into(), format!("not a shard operation: {e}"));
                return reply(finish(Err(refused)));
            }
        };
        let (id, epoch) = (op.shard_id, op.shard_epoch);
        let proposal = match op.op {
            Some(Op::Upsert(batch)) => Proposal::Upsert(batch),
            Some(Op::Delete(batch)) => Proposal::Delete(batch),
            read => {
                let node = self.clone();
                let arrived = Instant::now();
                let reply = Box::new(move |outcome| reply(finish(outcome)));
                return self.run(reply, move |reply| reply(node.read(id, epoch, read, arrived)));
            }
        };
        let written = Box::new(move |outcome: Result<Applied>| reply(finish(outcome.map(Outcome::from))));
        self.propose(id, epoch, proposal, written);
    }

    fn read(&self, id: u64, epoch: u64, read: Option<Op>, arrived: Instant) -> Result<Outcome> {
        let group = self.group(id)?;
        group.check_epoch(epoch)?;
        if matches!(read, Some(Op::Search(_))) {
            self.count_searches(&group, 1);
        }
        group.guarded(|| read_group(&group, read, arrived))
    }

    /// Counts, and has an indexing task look now and then whether the recall curve is old.
    fn count_searches(&self, group: &Arc<Group>, count: u64) {
        let before = group.searches.fetch_add(count, Ordering::Relaxed);
        if before / MEASURE_EVERY != (before + count) / MEASURE_EVERY && group.shard.wants_measuring() {
            self.start_indexing(group);
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
        self.run(Box::new(reply), move |reply| reply(node.found(id, epoch, queries, &nearest)));
    }

    fn found(&self, id: u64, epoch: u64, mut queries: Vec<f32>, nearest: &Nearest) -> Result<Vec<Found>> {
        let group = self.group(id)?;
        group.check_epoch(epoch)?;
        let dim = group.shard.spec().dim;
        if !queries.len().is_multiple_of(dim) {
            let message = format!("{} floats are no queries of {dim} dimensions", queries.len());
            return Err(NodeError::Shard(ShardError::Invalid(message)));
        }
        let count = queries.len() / dim;
        self.count_searches(&group, count as u64);
        let one = |query: &mut [f32]| {
            group.guarded(|| {
                group.shard.prepare(query)?;
                Ok(group.shard.nearest(query, nearest)?)
            })
        };
        if count <= SHARE {
            return queries.chunks_exact_mut(dim).map(one).collect();
        }
        // On a thread of the pool already: the other threads take shares as they get free.
        queries.par_chunks_exact_mut(dim).with_min_len(SHARE).map(one).collect()
    }

    /// `(shard, epoch, searches since it was opened, status)` of every open shard.
    pub fn status(&self) -> Vec<(u64, u64, u64, ShardStatus)> {
        let groups = self.0.groups.read();
        groups
            .values()
            .map(|group| {
                let epoch = group.epoch.load(Ordering::Acquire);
                (group.id, epoch, group.searches.load(Ordering::Relaxed), group.shard.status())
            })
            .collect()
    }

    /// Makes everything applied durable in the shard stores, saves the graphs and cuts the log.
    pub fn flush_all(&self) -> Result<()> {
        let groups: Vec<Arc<Group>> = self.0.groups.read().values().cloned().collect();
        for group in groups {
            self.flush(&group)?;
        }
        Ok(())
    }

    /// [`Node::flush_all`], then closes every store: the directory may be opened again. Later calls
    /// answer `SHARD_NOT_FOUND`, or that the engine is closed.
    pub fn close(&self) -> Result<()> {
        let flushed = self.flush_all();
        let groups: Vec<Arc<Group>> = self.0.groups.write().drain().map(|(_, group)| group).collect();
        groups.into_iter().for_each(retire);
        let log = self.0.log.write().take();
        if let Some(log) = log {
            // Calls that hold it end by themselves; the last one to let go closes it.
            wait_until_alone(&log);
        }
        flushed
    }

    fn log(&self) -> Result<Arc<Log>> {
        self.0.log.read().clone().ok_or(NodeError::Closed)
    }

    fn group(&self, id: u64) -> Result<Arc<Group>> {
        self.0.groups.read().get(&id).cloned().ok_or(NodeError::ShardNotFound(id))
    }

    /// Runs `work` on the pool, or refuses when too much is waiting.
    fn run<T>(
        &self,
        reply: Box<dyn FnOnce(Result<T>) + Send>,
        work: impl FnOnce(Box<dyn FnOnce(Result<T>) + Send>) + Send + 'static,
    ) where
        T: Send + 'static,
    {
        let waiting = self.0.waiting.fetch_add(1, Ordering::AcqRel);
        if waiting >= self.0.options.max_waiting {
            self.0.waiting.fetch_sub(1, Ordering::AcqRel);
            reply(Err(NodeError::Overloaded(waiting)));
            return;
        }
        let inner = Arc::clone(&self.0);
        self.0.pool.spawn(move || {
            inner.waiting.fetch_sub(1, Ordering::AcqRel);
            work(reply);
        });
    }

    fn shard_dir(&self, id: u64) -> PathBuf {
        self.0.dir.join("shards").join(id.to_string())
    }
}

fn read_group(group: &Group, read: Option<Op>, arrived: Instant) -> Result<Outcome> {
    let shard = &group.shard;
    Ok(match read {
        Some(Op::Search(request)) => {
            let timeout = Some(request.timeout_ms).filter(|ms| *ms > 0);
            let deadline = timeout.map(|ms| arrived + Duration::from_millis(u64::from(ms)));
            Outcome::Search(shard.search(&request, deadline)?)
        }
        Some(Op::Get(ids)) => {
            let found = ids.ids.iter().filter_map(|id| shard.get(id).transpose());
            let points = found.map(|point| Ok(point?.0)).collect::<Result<_>>()?;
            Outcome::Points(PointBatch { points })
        }
        Some(Op::Scroll(page)) => {
            let after = Some(page.after.as_str()).filter(|after| !after.is_empty());
            Outcome::Points(PointBatch { points: shard.scroll(after, page.limit as usize)? })
        }
        Some(Op::Upsert(_) | Op::Delete(_)) | None => {
            return Err(NodeError::Refused("INVALID_ARGUMENT".into(), "the operation is no read".into()));
        }
    })
}

/// Stops a group's tasks and waits for them (up to 10 s), so that its store is closed on this thread.
fn retire(group: Arc<Group>) {
    group.poison();
    wait_until_alone(&group);
}

/// Up to 10 s.
fn wait_until_alone<T>(handle: &Arc<T>) {
    for _ in 0..2000 {
        if Arc::strong_count(handle) == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn pool(name: &'static str, threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |n| format!("{name}-{n}"))
        // Work on a shard catches its own panics; rayon would abort the process for any other.
        .panic_handler(|_| ())
        .build()
        .map_err(|e| NodeError::Io(std::io::Error::other(e)))
}
