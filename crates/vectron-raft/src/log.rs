//! The log of one group within the log of the worker, as the consensus library wants it.
//!
//! Key: group u64 BE | tag u8 | rest. Tags: 0 vote, 1 purged up to, 2 committed, 3 entry (rest: index u64 BE). Values
//! are protobuf; an entry has a version byte before it (2; 1 was an entry without a term, before replication).

use crate::disk::{Change, LogDisk, Write};
use crate::proto;
use crate::types::{Config, Entry, LogId, Vote};
use crate::{NodeError, Result};
use bytes::Bytes;
use openraft::alias::{LogIdOf, VoteOf};
use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{EntryPayload, RaftLogReader};
use parking_lot::Mutex;
use prost::Message;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const VOTE: u8 = 0;
const PURGED: u8 = 1;
const COMMITTED: u8 = 2;
const ENTRY: u8 = 3;
const ENTRY_VERSION: u8 = 2;
const LEGACY_VERSION: u8 = 1;
/// Most bytes of the last entries that are kept in memory, for replication and apply; see [`GroupLog::cache_at_most`].
const CACHED_BYTES: usize = 4 << 20;
/// Removed entries of fewer bytes wait for RocksDB to compact them away by itself.
const RECLAIM_BYTES: u64 = 1 << 20;

struct State {
    vote: Option<Vote>,
    purged: Option<LogId>,
    last: Option<LogId>,
    committed: Option<LogId>,
    /// The last entries, without a gap, all of those that are not durable yet included.
    cache: VecDeque<Entry>,
    cached_bytes: usize,
    /// Bytes of durable entries that may stay in `cache`.
    most_cached: usize,
    /// Index up to which entries are durable.
    durable: u64,
    /// First entry that is still on the disk, or the next one where all were removed; `None`: there never was one.
    first: Option<u64>,
    /// Bytes of removed entries whose space was not asked to be given back yet.
    unreclaimed: u64,
    /// Index and bytes of each entry that is on the disk, or on its way there.
    sizes: VecDeque<(u64, u32)>,
    /// Their sum.
    disk_bytes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            vote: None,
            purged: None,
            last: None,
            committed: None,
            cache: VecDeque::new(),
            cached_bytes: 0,
            most_cached: CACHED_BYTES,
            durable: 0,
            first: None,
            unreclaimed: 0,
            sizes: VecDeque::new(),
            disk_bytes: 0,
        }
    }
}

struct Shared {
    group: u64,
    disk: Arc<dyn LogDisk>,
    state: Mutex<State>,
    /// Entries up to here are not removed even when they are purged: the saved graph is older than the snapshot.
    keep_after: AtomicU64,
    /// As `keep_after`, for whoever reads the changes after a view.
    held_after: AtomicU64,
    relaxed: AtomicBool,
    /// Bytes appended since the last snapshot.
    bytes: AtomicU64,
    failed: AtomicBool,
}

/// Handle of a group's log; clones share it.
#[derive(Clone)]
pub struct GroupLog(Arc<Shared>);

impl GroupLog {
    /// Reads what the disk has of the group.
    pub fn open(group: u64, disk: Arc<dyn LogDisk>) -> Result<Self> {
        let mut state = State::default();
        if let Some(vote) = disk.get(&key(group, VOTE))? {
            state.vote = Some(decode::<proto::Vote>(group, &vote)?.into());
        }
        if let Some(purged) = disk.get(&key(group, PURGED))? {
            state.purged = Some(decode::<proto::LogId>(group, &purged)?.into());
        }
        if let Some(committed) = disk.get(&key(group, COMMITTED))? {
            state.committed = Some(decode::<proto::LogId>(group, &committed)?.into());
        }
        state.last = state.purged;
        let after = state.purged.map_or(0, |id| id.index + 1);
        let mut failure = None;
        let mut before: Option<u64> = None;
        let prefix = key(group, ENTRY);
        disk.scan(&prefix, &mut |found, value| {
            let Some(index) = index_of(&prefix, found) else { return false };
            state.first = state.first.or(Some(index));
            if before.is_some_and(|before| index != before + 1) || (before.is_none() && index > after.max(1))
            {
                // Index 0 is the library's first entry; a log that was never purged starts with it or with 1.
                failure = Some(NodeError::LogDamaged { shard: group, index });
                return false;
            }
            before = Some(index);
            state.note_size(index, value.len());
            match entry(group, index, value) {
                Ok(entry) if index >= after => state.last = Some(entry.log_id),
                Ok(_) => {}
                Err(e) => failure = Some(e),
            }
            failure.is_none()
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        state.durable = state.last.map_or(0, |id| id.index);
        Ok(Self::of(group, disk, state))
    }

    /// Of a group whose entries do not matter.
    pub fn unread(group: u64, disk: Arc<dyn LogDisk>) -> Self {
        Self::of(group, disk, State::default())
    }

    fn of(group: u64, disk: Arc<dyn LogDisk>, state: State) -> Self {
        Self(Arc::new(Shared {
            group,
            disk,
            state: Mutex::new(state),
            keep_after: AtomicU64::new(u64::MAX),
            held_after: AtomicU64::new(u64::MAX),
            relaxed: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        }))
    }

    /// Whether the group ever voted or had an entry here.
    pub fn is_pristine(&self) -> bool {
        let state = self.0.state.lock();
        state.vote.is_none() && state.last.is_none()
    }

    /// Acknowledge entries before they are synced.
    pub fn set_relaxed(&self, relaxed: bool) {
        self.0.relaxed.store(relaxed, Ordering::Release);
    }

    pub fn is_relaxed(&self) -> bool {
        self.0.relaxed.load(Ordering::Acquire)
    }

    /// Entries after `index` stay on the disk whatever is purged.
    pub fn keep_after(&self, index: u64) {
        self.0.keep_after.store(index, Ordering::Release);
    }

    /// As [`GroupLog::keep_after`], beside it; `u64::MAX`: nothing is held.
    pub fn hold_after(&self, index: u64) {
        self.0.held_after.store(index, Ordering::Release);
    }

    pub fn last_index(&self) -> u64 {
        self.0.state.lock().last.map_or(0, |id| id.index)
    }

    pub fn purged_index(&self) -> u64 {
        self.0.state.lock().purged.map_or(0, |id| id.index)
    }

    /// The first entry that can still be read; 0: there is none.
    pub fn first_index(&self) -> u64 {
        self.0.state.lock().first.unwrap_or(0)
    }

    /// The first entry that can still be read; where there is none, the next one.
    pub fn readable_from(&self) -> u64 {
        let state = self.0.state.lock();
        state.first.unwrap_or_else(|| state.last.map_or(0, |id| id.index) + 1)
    }

    /// Bytes appended since [`GroupLog::reset_bytes`].
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    pub fn reset_bytes(&self) {
        self.0.bytes.store(0, Ordering::Relaxed);
    }

    /// Keeps so many bytes of the last entries in memory from now on, and never more than [`CACHED_BYTES`]: many groups share
    /// what there is. Entries that are not durable yet are kept in any case.
    pub fn cache_at_most(&self, bytes: usize) {
        self.0.state.lock().most_cached = bytes.min(CACHED_BYTES);
    }

    /// Lets go of the entries that the disk has, too.
    pub fn forget_cached(&self) {
        let mut state = self.0.state.lock();
        state.evict(0);
        if state.cache.is_empty() {
            state.cache.shrink_to_fit();
        }
    }

    /// Bytes of the entries that are on the disk.
    #[cfg(test)]
    pub fn disk_bytes(&self) -> u64 {
        self.0.state.lock().disk_bytes
    }

    /// The last entry to purge so that the newest ones, of at most `keep_bytes`, stay, of entries up to `snapshot`, which the
    /// shard's own store has; the newest entry always stays. `None`: that would free less than a quarter of `keep_bytes`.
    pub fn cut_at(&self, keep_bytes: u64, snapshot: u64) -> Option<u64> {
        let state = self.0.state.lock();
        if !state.is_over(keep_bytes) {
            return None;
        }
        let mut kept = 0;
        let fits = |&&(_, bytes): &&(u64, u32)| {
            kept += u64::from(bytes);
            kept <= keep_bytes
        };
        let newest = state.sizes.iter().rev().take_while(fits).last().or(state.sizes.back());
        let upto = newest.map_or(0, |(first_kept, _)| first_kept.saturating_sub(1)).min(snapshot);
        let purged = state.purged.map_or(0, |id| id.index);
        let cut = state.sizes.iter().filter(|(index, _)| (purged + 1..=upto).contains(index));
        let freed: u64 = cut.map(|(_, bytes)| u64::from(*bytes)).sum();
        (freed > 0 && freed >= keep_bytes / 4).then_some(upto)
    }

    /// Whether the log is so long that it should be cut, and has entries that were purged and stay on the disk until the
    /// graph is saved again.
    pub fn waits_for_graph(&self, keep_bytes: u64) -> bool {
        let kept = self.0.keep_after.load(Ordering::Acquire);
        let state = self.0.state.lock();
        let held = state.first.zip(state.purged);
        let held = held.is_some_and(|(first, purged)| first <= purged.index && kept < purged.index);
        held && state.is_over(keep_bytes)
    }

    /// Removes entries that were purged and kept for the graph or for a view, which do not need them any more.
    pub async fn sweep(&self) -> io::Result<()> {
        let kept = self.kept_after();
        let upto = {
            let state = self.0.state.lock();
            let Some((first, purged)) = state.first.zip(state.purged) else { return Ok(()) };
            let upto = purged.index.min(kept);
            if first > upto {
                return Ok(());
            }
            upto
        };
        self.remove_up_to(upto, Vec::new()).await
    }

    /// Entries after this one stay on the disk, purged or not.
    fn kept_after(&self) -> u64 {
        self.0.keep_after.load(Ordering::Acquire).min(self.0.held_after.load(Ordering::Acquire))
    }

    /// Removes the entries up to `index` from the disk, together with other changes of it.
    async fn remove_up_to(&self, index: u64, mut changes: Vec<Change>) -> io::Result<()> {
        let unreclaimed = {
            let mut state = self.0.state.lock();
            state.first = state.first.max(Some(index + 1));
            let freed = state.forget_sizes(index);
            state.unreclaimed += freed;
            // Each cut may be small: what they free together is given back.
            match state.unreclaimed {
                enough if enough >= RECLAIM_BYTES => std::mem::take(&mut state.unreclaimed),
                _ => 0,
            }
        };
        let (from, to) = (entry_key(self.0.group, 0), entry_key(self.0.group, index + 1));
        changes.push(Change::DeleteRange(from.clone(), to.clone()));
        self.write(changes).await?;
        if unreclaimed > 0 {
            self.0.disk.reclaim(from, to);
        }
        Ok(())
    }

    pub fn has_failed(&self) -> bool {
        self.0.failed.load(Ordering::Acquire)
    }

    /// The entries of `from..to` that are still there, purged ones included: without a gap, but perhaps beginning later.
    pub fn read(&self, from: u64, to: u64) -> Result<Vec<Entry>> {
        {
            let state = self.0.state.lock();
            if state.cache.front().is_some_and(|entry| entry.log_id.index <= from) {
                return Ok(cached(&state, from, to).cloned().collect());
            }
        }
        let group = self.0.group;
        let prefix = key(group, ENTRY);
        let mut entries: Vec<Entry> = Vec::new();
        let mut failure = None;
        self.0.disk.scan(&entry_key(group, from), &mut |found, value| {
            let Some(index) = index_of(&prefix, found) else { return false };
            let follows = entries.last().is_none_or(|last| last.log_id.index + 1 == index);
            if index >= to || !follows {
                return false;
            }
            match entry(group, index, value) {
                Ok(entry) => entries.push(entry),
                Err(e) => failure = Some(e),
            }
            failure.is_none()
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        // What follows may be on its way to the disk still.
        let state = self.0.state.lock();
        let next = entries.last().map_or(from, |last| last.log_id.index + 1);
        let first = state.cache.front().map(|entry| entry.log_id.index);
        if entries.is_empty() || first.is_some_and(|first| first <= next) {
            entries.extend(cached(&state, next, to).cloned());
        }
        Ok(entries)
    }

    /// Makes the log of a replica whose state did not come from entries: as if those up to `last` had been here, and
    /// purged.
    pub async fn begin_after(&self, last: LogId, vote: Vote) -> io::Result<()> {
        let group = self.0.group;
        let at = proto::LogId::from(last).encode_to_vec();
        let put = |tag, value| Change::Put(key(group, tag), value);
        self.write(vec![
            put(VOTE, proto::Vote::from(vote).encode_to_vec()),
            put(PURGED, at.clone()),
            put(COMMITTED, at),
        ])
        .await?;
        let mut state = self.0.state.lock();
        state.vote = Some(vote);
        (state.purged, state.last, state.committed) = (Some(last), Some(last), Some(last));
        state.durable = last.index;
        Ok(())
    }

    /// Forgets everything of the group.
    pub async fn remove(&self) -> io::Result<()> {
        let end = (self.0.group + 1).to_be_bytes().to_vec();
        self.write(vec![Change::DeleteRange(self.0.group.to_be_bytes().to_vec(), end)]).await
    }

    async fn write(&self, changes: Vec<Change>) -> io::Result<()> {
        let (tx, rx) = tokio::sync::oneshot::channel();
        let shared = Arc::clone(&self.0);
        let done = Box::new(move |outcome: Result<()>| {
            shared.note(&outcome);
            // The waiter is gone when the group was closed meanwhile.
            let _ = tx.send(outcome);
        });
        self.0.disk.submit(Write { changes, synced: true, done: Some(done) });
        let outcome = rx.await.map_err(|_| io::Error::other("the log was closed"))?;
        outcome.map_err(io::Error::other)
    }
}

impl Shared {
    fn note(&self, outcome: &Result<()>) {
        if outcome.is_err() {
            self.failed.store(true, Ordering::Release);
        }
    }
}

impl State {
    fn push(&mut self, entry: Entry) {
        self.cached_bytes += size(&entry);
        self.last = Some(entry.log_id);
        self.first = self.first.or(Some(entry.log_id.index));
        self.cache.push_back(entry);
    }

    fn note_size(&mut self, index: u64, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.sizes.push_back((index, bytes));
        self.disk_bytes += u64::from(bytes);
    }

    /// Whether the entries on the disk take a quarter more than the `keep_bytes` that stay: a cut is worth its work then.
    fn is_over(&self, keep_bytes: u64) -> bool {
        self.disk_bytes > keep_bytes + keep_bytes / 4
    }

    /// Of the entries up to `index`. Returns how many bytes they are.
    fn forget_sizes(&mut self, index: u64) -> u64 {
        let before = self.disk_bytes;
        while self.sizes.front().is_some_and(|(at, _)| *at <= index) {
            let removed = self.sizes.pop_front();
            self.disk_bytes -= removed.map_or(0, |(_, bytes)| u64::from(bytes));
        }
        before - self.disk_bytes
    }

    /// Lets go of the oldest durable entries until `most` bytes are left.
    fn evict(&mut self, most: usize) {
        while self.cached_bytes > most {
            match self.cache.front() {
                Some(entry) if entry.log_id.index <= self.durable => self.cached_bytes -= size(entry),
                _ => return,
            }
            self.cache.pop_front();
        }
    }
}

fn cached(state: &State, from: u64, to: u64) -> impl Iterator<Item = &Entry> {
    let first = state.cache.front().map_or(0, |entry| entry.log_id.index);
    let skip = from.saturating_sub(first) as usize;
    state.cache.iter().skip(skip).take_while(move |entry| entry.log_id.index < to)
}

fn size(entry: &Entry) -> usize {
    64 + match &entry.payload {
        EntryPayload::Normal(command) => command.0.len(),
        _ => 0,
    }
}

impl RaftLogReader<Config> for GroupLog {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + Send>(
        &mut self,
        range: RB,
    ) -> io::Result<Vec<Entry>> {
        let from = match range.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(last) => last + 1,
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        // What is purged is gone for the library, even where it is kept for the graph.
        let purged = self.0.state.lock().purged.map_or(0, |id| id.index + 1);
        self.read(from.max(purged), to).map_err(io::Error::other)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        // At least one entry, at most about a megabyte.
        let mut entries = self.try_get_log_entries(start..end.min(start.saturating_add(256))).await?;
        let mut bytes = 0;
        let fit = entries.iter().take_while(|entry| {
            let before = bytes;
            bytes += size(entry);
            before < 1 << 20
        });
        let count = fit.count();
        entries.truncate(count);
        Ok(entries)
    }

    async fn read_vote(&mut self) -> io::Result<Option<VoteOf<Config>>> {
        Ok(self.0.state.lock().vote)
    }
}

impl RaftLogStorage<Config> for GroupLog {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Config>> {
        let state = self.0.state.lock();
        Ok(LogState { last_purged_log_id: state.purged, last_log_id: state.last })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &VoteOf<Config>) -> io::Result<()> {
        let value = proto::Vote::from(*vote).encode_to_vec();
        if crate::faults::vote_not_synced() {
            self.0.disk.submit(Write {
                changes: vec![Change::Put(key(self.0.group, VOTE), value)],
                synced: false,
                done: None,
            });
        } else {
            self.write(vec![Change::Put(key(self.0.group, VOTE), value)]).await?;
        }
        self.0.state.lock().vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogIdOf<Config>>) -> io::Result<()> {
        let Some(committed) = committed else { return Ok(()) };
        self.0.state.lock().committed = Some(committed);
        let value = proto::LogId::from(committed).encode_to_vec();
        let changes = vec![Change::Put(key(self.0.group, COMMITTED), value)];
        // Only a hint of how far to replay before the leader says so; it goes with the next write that is synced.
        self.0.disk.submit(Write { changes, synced: false, done: None });
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogIdOf<Config>>> {
        Ok(self.0.state.lock().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Config>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let group = self.0.group;
        let mut changes = Vec::new();
        let mut last = 0;
        let mut bytes = 0;
        {
            let mut state = self.0.state.lock();
            for entry in entries {
                last = entry.log_id.index;
                let value = encode(&entry);
                bytes += value.len();
                state.note_size(last, value.len());
                changes.push(Change::Put(entry_key(group, last), value));
                state.push(entry);
            }
        }
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let shared = Arc::clone(&self.0);
        let done = Box::new(move |outcome: Result<()>| {
            shared.note(&outcome);
            if outcome.is_ok() {
                let mut state = shared.state.lock();
                state.durable = state.durable.max(last);
                let most = state.most_cached;
                state.evict(most);
            }
            callback.io_completed(outcome.map_err(io::Error::other));
        });
        let synced = !self.0.relaxed.load(Ordering::Acquire);
        self.0.disk.submit(Write { changes, synced, done: Some(done) });
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogIdOf<Config>>) -> io::Result<()> {
        let from = last.map_or(0, |id| id.index + 1);
        {
            let mut state = self.0.state.lock();
            while state.cache.back().is_some_and(|entry| entry.log_id.index >= from) {
                let removed = state.cache.pop_back();
                state.cached_bytes -= removed.as_ref().map_or(0, size);
            }
            while state.sizes.back().is_some_and(|(index, _)| *index >= from) {
                let removed = state.sizes.pop_back();
                state.disk_bytes -= removed.map_or(0, |(_, bytes)| u64::from(bytes));
            }
            state.last = last.min(state.last);
            state.durable = state.durable.min(from.saturating_sub(1));
        }
        let group = self.0.group;
        self.write(vec![Change::DeleteRange(entry_key(group, from), entry_key(group, u64::MAX))]).await
    }

    async fn purge(&mut self, upto: LogIdOf<Config>) -> io::Result<()> {
        let group = self.0.group;
        let mut removed = upto.index.min(self.kept_after());
        {
            let mut state = self.0.state.lock();
            state.purged = Some(upto);
            if state.last.is_none_or(|last| last < upto) {
                // A snapshot took the place of all of it; what follows does not join what was.
                removed = upto.index;
                state.last = Some(upto);
                state.cache.clear();
                state.cached_bytes = 0;
                state.durable = upto.index;
            }
            while state.cache.front().is_some_and(|entry| entry.log_id.index <= upto.index) {
                let front = state.cache.pop_front();
                state.cached_bytes -= front.as_ref().map_or(0, size);
            }
        }
        let purged = Change::Put(key(group, PURGED), proto::LogId::from(upto).encode_to_vec());
        self.remove_up_to(removed, vec![purged]).await
    }
}

fn key(group: u64, tag: u8) -> Vec<u8> {
    let mut key = group.to_be_bytes().to_vec();
    key.push(tag);
    key
}

fn entry_key(group: u64, index: u64) -> Vec<u8> {
    let mut key = key(group, ENTRY);
    key.extend_from_slice(&index.to_be_bytes());
    key
}

fn index_of(prefix: &[u8], key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.strip_prefix(prefix)?.try_into().ok()?))
}

fn encode(entry: &Entry) -> Vec<u8> {
    let message = proto::Entry::from(entry);
    let mut value = Vec::with_capacity(1 + message.encoded_len());
    value.push(ENTRY_VERSION);
    message.encode_raw(&mut value);
    value
}

fn entry(group: u64, index: u64, value: &[u8]) -> Result<Entry> {
    let damaged = || NodeError::LogDamaged { shard: group, index };
    let message = match value.split_first() {
        Some((&ENTRY_VERSION, message)) => {
            proto::Entry::decode(Bytes::copy_from_slice(message)).map_err(|_| damaged())?
        }
        Some((&LEGACY_VERSION, _)) => return Err(NodeError::OldFormat(group)),
        _ => return Err(damaged()),
    };
    message.entry().ok().filter(|entry| entry.log_id.index == index).ok_or_else(damaged)
}

fn decode<M: Message + Default>(group: u64, bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(|_| NodeError::LogDamaged { shard: group, index: 0 })
}
