//! The worker's engine: all groups, the log they share, and the threads that serve them.

use crate::group::{Group, Pending, Reply};
use crate::log::Entry;
use crate::op::{Op, Outcome, ShardOp, ShardOutcome};
use crate::{Log, NodeError, Result};
use parking_lot::RwLock;
use prost::Message;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vectron_shard::{Applied, LogCommand, MAX_TAIL, PointBatch, Shard, ShardError, ShardSpec, ShardStatus};
use vectron_storage::Resources;

/// Log bytes of a group after which its shard is flushed and the log cut.
const CUT_LOG_AFTER: usize = 64 << 20;
/// Points a turn of an indexing task moves before it lets another shard have the thread.
const INDEX_TURN: usize = 64;

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
    log: Log,
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
            log,
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
        let shard = Shard::open(&self.shard_dir(id), spec, &self.0.resources)?;
        let mut last = shard.applied_index();
        for (index, command) in self.0.log.read(id, last + 1)? {
            let command = LogCommand::decode(command.as_slice())
                .map_err(|_| NodeError::LogDamaged { shard: id, index })?;
            shard.apply(index, &command)?;
            last = index;
        }
        let group = Arc::new(Group::new(id, epoch, shard, last + 1));
        self.0.groups.write().insert(id, Arc::clone(&group));
        self.start_indexing(&group);
        Ok(())
    }

    /// Removes a shard with its files. Calls in flight finish first (up to 10 s).
    pub fn drop_shard(&self, id: u64) -> Result<()> {
        let removed = self.0.groups.write().remove(&id);
        removed.into_iter().for_each(retire);
        self.0.log.remove_group(id)?;
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
        self.0.log.append(Entry { group: id, index, command: encoded, done });
        Ok(())
    }

    fn after_apply(&self, group: &Arc<Group>) {
        self.start_indexing(group);
        if group.log_bytes.load(Ordering::Relaxed) > CUT_LOG_AFTER {
            group.log_bytes.store(0, Ordering::Relaxed);
            let (node, group) = (self.clone(), Arc::clone(group));
            self.0.indexers.spawn(move || {
                if node.flush(&group).is_err() {
                    group.poison();
                }
            });
        }
    }

    fn flush(&self, group: &Group) -> Result<()> {
        let safe = group.shard.flush()?;
        self.0.log.cut(group.id, safe)
    }

    fn start_indexing(&self, group: &Arc<Group>) {
        if !group.indexing.swap(true, Ordering::AcqRel) {
            let (node, group) = (self.clone(), Arc::clone(group));
            self.0.indexers.spawn(move || node.index_turn(group));
        }
    }

    fn index_turn(&self, group: Arc<Group>) {
        let step = || Ok(group.shard.index_step(INDEX_TURN));
        if group.check_writable().and_then(|()| group.guarded(step)).is_ok_and(|left| left > 0) {
            let node = self.clone();
            self.0.indexers.spawn(move || node.index_turn(group));
            return;
        }
        // A snapshot that cannot be written costs a rebuild at the next start, nothing else.
        let _ = group.guarded(|| Ok(group.shard.save_graph(false)?));
        group.indexing.store(false, Ordering::Release);
        if group.check_writable().is_ok() && group.shard.tail_len() > 0 {
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
                let reply = Box::new(move |outcome| reply(finish(outcome)));
                return self.run(reply, move |reply| reply(node.read(id, epoch, read)));
            }
        };
        let written = Box::new(move |outcome: Result<Applied>| reply(finish(outcome.map(Outcome::from))));
        self.propose(id, epoch, proposal, written);
    }

    fn read(&self, id: u64, epoch: u64, read: Option<Op>) -> Result<Outcome> {
        let group = self.group(id)?;
        group.check_epoch(epoch)?;
        group.guarded(|| read_group(&group, read))
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
            group.shard.save_graph(true)?;
            self.flush(&group)?;
        }
        Ok(())
    }

    /// [`Node::flush_all`], then closes every shard's store. Later calls answer `SHARD_NOT_FOUND`.
    pub fn close(&self) -> Result<()> {
        let flushed = self.flush_all();
        let groups: Vec<Arc<Group>> = self.0.groups.write().drain().map(|(_, group)| group).collect();
        groups.into_iter().for_each(retire);
        flushed
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

fn read_group(group: &Group, read: Option<Op>) -> Result<Outcome> {
    let shard = &group.shard;
    Ok(match read {
        Some(Op::Search(request)) => {
            group.searches.fetch_add(1, Ordering::Relaxed);
            Outcome::Search(shard.search(&request)?)
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
    for _ in 0..2000 {
        if Arc::strong_count(&group) == 1 {
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
