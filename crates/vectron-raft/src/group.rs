//! One group: the order of its proposals, the entries that wait to be applied, and its shard.

use crate::{NodeError, Result};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use vectron_shard::{Applied, LogCommand, Shard};

pub type Reply = Box<dyn FnOnce(Result<Applied>) + Send>;

/// A durable entry on its way to the shard.
pub struct Pending {
    pub index: u64,
    pub command: LogCommand,
    pub reply: Reply,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Pending>,
    /// Whether some thread is applying, or about to.
    running: bool,
}

pub struct Group {
    pub id: u64,
    pub shard: Shard,
    pub epoch: AtomicU64,
    /// Index of the next proposal. Held while the entry is queued, so that queue order is index order.
    pub next_index: Mutex<u64>,
    /// Bytes appended to the log since it was last cut.
    pub log_bytes: AtomicUsize,
    /// Whether an indexing task exists.
    pub indexing: AtomicBool,
    pub searches: AtomicU64,
    poisoned: AtomicBool,
    queue: Mutex<Queue>,
}

impl Group {
    pub fn new(id: u64, epoch: u64, shard: Shard, next_index: u64) -> Self {
        Self {
            id,
            shard,
            epoch: AtomicU64::new(epoch),
            next_index: Mutex::new(next_index),
            log_bytes: AtomicUsize::new(0),
            indexing: AtomicBool::new(false),
            searches: AtomicU64::new(0),
            poisoned: AtomicBool::new(false),
            queue: Mutex::default(),
        }
    }

    pub fn check_epoch(&self, asked: u64) -> Result<()> {
        let current = self.epoch.load(Ordering::Acquire);
        if asked == current { Ok(()) } else { Err(NodeError::StaleEpoch { shard: self.id, current, asked }) }
    }

    pub fn check_writable(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) { Err(NodeError::Poisoned(self.id)) } else { Ok(()) }
    }

    /// Runs work on the shard. A panic poisons the group, because it may have left the shard half changed; the caller
    /// gets an error and the thread lives on.
    pub fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            self.poison();
            Err(NodeError::Poisoned(self.id))
        })
    }

    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Queues a durable entry. `true`: the caller must run [`Group::apply_queued`].
    pub fn enqueue(&self, entry: Pending) -> bool {
        let mut queue = self.queue.lock();
        queue.entries.push_back(entry);
        !std::mem::replace(&mut queue.running, true)
    }

    /// Applies what is queued, in order, until nothing is left. A shard whose store fails is poisoned: it
    /// answers every later entry with that, and replays them from the log after a restart.
    pub fn apply_queued(&self) {
        loop {
            let next = {
                let mut queue = self.queue.lock();
                let next = queue.entries.pop_front();
                queue.running = next.is_some();
                next
            };
            let Some(entry) = next else { return };
            let apply = || Ok(self.shard.apply(entry.index, &entry.command)?);
            let outcome =
                self.check_writable().and_then(|()| self.guarded(apply)).inspect_err(|_| self.poison());
            (entry.reply)(outcome.and_then(|applied| match applied.refused {
                Some((code, message)) => Err(NodeError::Refused(code, message)),
                None => Ok(applied),
            }));
        }
    }
}
