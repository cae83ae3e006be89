//! The disk under the log: ordered writes that are durable when they say so. A real one on RocksDB with one writer
//! thread for all groups, and a simulated one for tests that lose power (sim/).

use crate::durations::Durations;
use crate::{NodeError, Result};
use crossbeam_channel::{Receiver, Sender};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use vectron_storage::{Activity, Batch, Durability, Resources, Store};

/// Bytes that one write may carry.
const MAX_WRITE_BYTES: usize = 8 << 20;
/// Ranges that wait to be compacted; what comes when so many wait is left to RocksDB.
const RECLAIM_QUEUE: usize = 64;
/// How often the witness is brought up to date.
const WITNESS_EVERY: Duration = Duration::from_millis(100);

/// Called once the write is durable (or written, when it is not `synced`), or has failed.
pub type Done = Box<dyn FnOnce(Result<()>) + Send>;

pub enum Change {
    Put(Vec<u8>, Vec<u8>),
    /// Every key from the first up to, but without, the second.
    DeleteRange(Vec<u8>, Vec<u8>),
}

pub struct Write {
    pub changes: Vec<Change>,
    /// Durable before `done` hears of success.
    pub synced: bool,
    pub done: Option<Done>,
}

/// Writes take effect in the order of `submit`; reads see what is submitted and done.
pub trait LogDisk: Send + Sync + 'static {
    fn submit(&self, write: Write);
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// Calls `visit` for each key of `from..` in order, until it returns `false` or the keys end.
    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()>;
    /// Gives the space of removed keys `from..to` back to the file system, some time later. Where nothing is given back,
    /// nothing is wrong.
    fn reclaim(&self, _from: Vec<u8>, _to: Vec<u8>) {}
    /// How long writes took whose durability was waited for, and what the store under them does.
    fn work(&self) -> LogWork {
        LogWork::default()
    }
}

/// What a log has done since it was opened, and does now.
#[derive(Default)]
pub struct LogWork {
    pub syncs: Arc<Durations>,
    pub store: Activity,
}

type Range = (Vec<u8>, Vec<u8>);

/// The log of all groups of a worker in one RocksDB with a synced write-ahead log. All writes that are waiting when
/// the writer thread comes round share one write and one fsync.
///
/// Recovery accepts a torn end of the write-ahead log, as it must after a power loss, and so would accept an end that
/// was cut off later, which was acknowledged. Against that, a witness file holds the number of a synced write, at most
/// 100 ms old: a log that recovers to less has lost something, and is damaged.
pub struct RocksLog {
    store: Arc<Store>,
    syncs: Arc<Durations>,
    queue: Option<Sender<Write>>,
    reclaim: Option<Sender<Range>>,
    threads: Vec<JoinHandle<()>>,
    stop: Sender<()>,
}

impl RocksLog {
    /// `relaxed_interval`: how long what is not `synced` may wait for a sync.
    pub fn open(dir: &Path, resources: &Resources, relaxed_interval: Duration) -> Result<Self> {
        let store = Arc::new(Store::open(dir, Durability::Log, resources)?);
        let witness = dir.with_extension("witness");
        if let Some(seen) = read_witness(&witness)?
            && store.sequence() < seen
        {
            let what = format!(
                "the log ends at write {}, but write {seen} was synced: log entries were lost",
                store.sequence()
            );
            return Err(NodeError::LogLost(what));
        }
        let (queue, writes) = crossbeam_channel::bounded(4096);
        let (stop, stopped) = crossbeam_channel::bounded(0);
        let synced = Arc::new(AtomicU64::new(0));
        let syncs = Arc::<Durations>::default();
        let writer = std::thread::Builder::new().name("vectron-log".into()).spawn({
            let (store, synced, syncs) = (Arc::clone(&store), Arc::clone(&synced), Arc::clone(&syncs));
            move || write_all(&store, &writes, relaxed_interval, &synced, &syncs)
        })?;
        let witness = std::thread::Builder::new()
            .name("vectron-witness".into())
            .spawn(move || keep_witness(&witness, &synced, &stopped))?;
        let (reclaim, ranges) = crossbeam_channel::bounded::<Range>(RECLAIM_QUEUE);
        let compactor = std::thread::Builder::new().name("vectron-log-cut".into()).spawn({
            let store = Arc::clone(&store);
            move || {
                for (from, to) in ranges {
                    // A store that failed says so to the next write; space that is not given back now is later.
                    let _ = store.compact(&from, &to);
                }
            }
        })?;
        let threads = vec![writer, witness, compactor];
        Ok(Self { store, syncs, queue: Some(queue), reclaim: Some(reclaim), threads, stop })
    }
}

impl LogDisk for RocksLog {
    /// Blocks while 4096 writes are waiting.
    fn submit(&self, write: Write) {
        let refused = match &self.queue {
            Some(queue) => queue.send(write).err().map(|e| e.into_inner()),
            None => Some(write),
        };
        if let Some(Write { done: Some(done), .. }) = refused {
            done(Err(NodeError::Closed));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.store.get(key)?)
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        Ok(self.store.scan_once(from, visit)?)
    }

    fn reclaim(&self, from: Vec<u8>, to: Vec<u8>) {
        if let Some(ranges) = &self.reclaim {
            // When it is full, RocksDB compacts the range when it comes to it.
            let _ = ranges.try_send((from, to));
        }
    }

    fn work(&self) -> LogWork {
        LogWork { syncs: Arc::clone(&self.syncs), store: self.store.activity() }
    }
}

impl Drop for RocksLog {
    fn drop(&mut self) {
        self.queue = None;
        self.reclaim = None;
        let (never, _) = crossbeam_channel::bounded(0);
        self.stop = never;
        for thread in self.threads.drain(..) {
            // The last handle may be let go by a completion, on the writer thread itself. A panic of the writer has
            // failed its writes already; there is nothing left to do with it.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn write_all(
    store: &Store,
    writes: &Receiver<Write>,
    relaxed_interval: Duration,
    synced: &AtomicU64,
    syncs: &Durations,
) {
    let mut unsynced = false;
    loop {
        let first = if unsynced { writes.recv_timeout(relaxed_interval).ok() } else { writes.recv().ok() };
        let Some(first) = first else {
            if !unsynced {
                return;
            }
            let began = Instant::now();
            unsynced = store.sync().is_err() && !store.is_poisoned();
            syncs.add(began.elapsed());
            synced.store(store.sequence(), Ordering::Release);
            continue;
        };
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut waiting = Vec::new();
        let mut sync = false;
        let mut next = Some(first);
        while let Some(write) = next {
            for change in write.changes {
                match change {
                    Change::Put(key, value) => {
                        bytes += value.len();
                        batch.put(&key, &value);
                    }
                    Change::DeleteRange(from, to) => batch.delete_range(&from, &to),
                }
            }
            sync |= write.synced;
            waiting.extend(write.done);
            next = if bytes < MAX_WRITE_BYTES { writes.try_recv().ok() } else { None };
        }
        let began = Instant::now();
        let outcome = store.write_synced(batch, sync && !crate::faults::no_fsync());
        if sync {
            syncs.add(began.elapsed());
        }
        if sync && outcome.is_ok() {
            synced.store(store.sequence(), Ordering::Release);
        }
        unsynced |= !sync;
        for done in waiting {
            match &outcome {
                Ok(()) => done(Ok(())),
                Err(_) => done(Err(NodeError::Storage(vectron_storage::StorageError::Poisoned {
                    path: store.path().to_owned(),
                }))),
            }
        }
    }
}

/// A write number and its complement.
pub fn read_witness(file: &Path) -> Result<Option<u64>> {
    let bytes = match std::fs::read(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let number = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Ok(number(0).filter(|first| number(8) == Some(!first)))
}

fn keep_witness(file: &Path, synced: &AtomicU64, stopped: &Receiver<()>) {
    let mut written = 0;
    let write = |number: u64| -> std::io::Result<()> {
        use std::os::unix::fs::FileExt;
        let open = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(file)?;
        let mut bytes = number.to_le_bytes().to_vec();
        bytes.extend_from_slice(&(!number).to_le_bytes());
        open.write_all_at(&bytes, 0)?;
        open.sync_data()
    };
    loop {
        let gone =
            !matches!(stopped.recv_timeout(WITNESS_EVERY), Err(crossbeam_channel::RecvTimeoutError::Timeout));
        let now = synced.load(Ordering::Acquire);
        // A witness that cannot be written is an older one: less is noticed, nothing wrong is said.
        if now != written && write(now).is_ok() {
            written = now;
        }
        if gone {
            return;
        }
    }
}
