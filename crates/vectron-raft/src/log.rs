//! The log of all groups of a worker, in one store with a synced write-ahead log.
//!
//! Key: group u64 BE | tag u8 (3 = entry) | index u64 BE; value: version byte 1, then the command. Entries
//! of all groups that are waiting when the writer thread comes round share one write and one fsync.

use crate::{NodeError, Result};
use crossbeam_channel::{Receiver, Sender};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use vectron_storage::{Batch, Durability, Resources, Store};

const ENTRY_TAG: u8 = 3;
const ENTRY_VERSION: u8 = 1;
/// Bytes of entries that one write may carry.
const MAX_WRITE_BYTES: usize = 8 << 20;

/// Called on the writer thread once the entry is durable, or has failed.
type Completion = Box<dyn FnOnce(Result<()>) + Send>;

/// One entry to append.
pub struct Entry {
    pub group: u64,
    pub index: u64,
    pub command: Vec<u8>,
    pub done: Completion,
}

pub struct Log {
    store: Arc<Store>,
    queue: Option<Sender<Entry>>,
    writer: Option<JoinHandle<()>>,
}

impl Log {
    pub fn open(dir: &Path, resources: &Resources) -> Result<Self> {
        let store = Arc::new(Store::open(dir, Durability::Log, resources)?);
        let (queue, entries) = crossbeam_channel::bounded(4096);
        let writer = std::thread::Builder::new().name("vectron-log".into()).spawn({
            let store = Arc::clone(&store);
            move || write_entries(&store, &entries)
        })?;
        Ok(Self { store, queue: Some(queue), writer: Some(writer) })
    }

    /// Queues an entry; blocks while 4096 are waiting. Entries of a group become durable in queue order.
    pub fn append(&self, entry: Entry) {
        let refused = match &self.queue {
            Some(queue) => queue.send(entry).err().map(|e| e.into_inner()),
            None => Some(entry),
        };
        if let Some(entry) = refused {
            (entry.done)(Err(NodeError::Closed));
        }
    }

    /// The entries of `group` from `index` on, in order, as `(index, command)`.
    pub fn read(&self, group: u64, index: u64) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut entries = Vec::new();
        let mut damaged = None;
        let prefix = prefix(group);
        self.store.scan(&key(group, index), |key, value| {
            let Some(index) = key.strip_prefix(&prefix[..]).and_then(|i| i.try_into().ok()) else {
                return false;
            };
            let index = u64::from_be_bytes(index);
            match value.split_first() {
                Some((&ENTRY_VERSION, command)) => entries.push((index, command.to_vec())),
                _ => damaged = Some(index),
            }
            damaged.is_none()
        })?;
        match damaged {
            Some(index) => Err(NodeError::LogDamaged { shard: group, index }),
            None => Ok(entries),
        }
    }

    /// Forgets the entries of `group` up to and including `index`: they are durable in the shard's store.
    pub fn cut(&self, group: u64, index: u64) -> Result<()> {
        self.delete(&key(group, 0), &key(group, index.saturating_add(1)))
    }

    /// Forgets everything of `group`.
    pub fn remove_group(&self, group: u64) -> Result<()> {
        self.delete(&prefix(group), &key(group, u64::MAX))
    }

    fn delete(&self, from: &[u8], to: &[u8]) -> Result<()> {
        let mut batch = Batch::default();
        batch.delete_range(from, to);
        Ok(self.store.write(batch)?)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue = None;
        // The last handle may be let go by a completion, on the writer thread itself.
        let writer = self.writer.take().filter(|writer| writer.thread().id() != std::thread::current().id());
        if let Some(writer) = writer {
            // A panic of the writer has failed its entries already; there is nothing left to do with it.
            let _ = writer.join();
        }
    }
}

fn prefix(group: u64) -> [u8; 9] {
    let mut prefix = [ENTRY_TAG; 9];
    prefix[..8].copy_from_slice(&group.to_be_bytes());
    prefix
}

fn key(group: u64, index: u64) -> [u8; 17] {
    let mut key = [0; 17];
    key[..9].copy_from_slice(&prefix(group));
    key[9..].copy_from_slice(&index.to_be_bytes());
    key
}

fn write_entries(store: &Store, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(entry) = next {
            let value = [&[ENTRY_VERSION][..], &entry.command].concat();
            batch.put(&key(entry.group, entry.index), &value);
            bytes += value.len();
            waiting.push(entry.done);
            next = if bytes < MAX_WRITE_BYTES { entries.try_recv().ok() } else { None };
        }
        let outcome = store.write(batch);
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
