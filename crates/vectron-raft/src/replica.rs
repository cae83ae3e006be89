//! One replica: its shard, its log, its part in the group.

use crate::log::GroupLog;
use crate::machine::Machine;
use crate::proto;
use crate::scrub::{self, Scrubbed, Scrubs};
use crate::snapshot::{self, SnapshotData};
use crate::types::{Entry, Meta, Raft, ReplicaId};
use crate::{NodeError, Result};
use arc_swap::ArcSwap;
use openraft::EntryPayload;
use parking_lot::Mutex;
use prost::Message;
use std::collections::BTreeSet;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;
use tokio::time::Instant;
use vectron_shard::proto::LogCommand;
use vectron_shard::{Checkpoint, Shard, ShardSpec};
use vectron_storage::Resources;

const CURRENT: &str = "current";
const REPLICA: &str = "replica";
const BAD: &str = "damaged";

/// Which replicas a shard shall have, as the control plane wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub voters: BTreeSet<ReplicaId>,
    /// Without a vote: search-only workers.
    pub learners: BTreeSet<ReplicaId>,
    /// The voters the shard was made with. They start the group when it has no entry yet, and the first of them leads
    /// at first.
    pub first: Vec<ReplicaId>,
}

/// What a leader last said: when, and up to where it had committed.
#[derive(Debug, Clone, Copy)]
pub struct LeaderSeen {
    pub at: Instant,
    pub commit: u64,
}

pub type Hook = Box<dyn Fn(&Arc<Replica>) + Send + Sync>;

pub struct Replica {
    pub shard_id: u64,
    pub id: ReplicaId,
    /// `shards/<id>`: pointer, identity, and a directory for each incarnation of the data.
    dir: PathBuf,
    /// Name of the directory of the shard that is open.
    current: Mutex<String>,
    spec: ShardSpec,
    resources: Arc<Resources>,
    shard: ArcSwap<Shard>,
    /// Held while the log is told what the saved graph of `shard` needs, so that it is not what that of another one did.
    saving: Mutex<()>,
    pub log: GroupLog,
    pub epoch: AtomicU64,
    raft: OnceLock<Raft>,
    election_max: OnceLock<std::time::Duration>,
    runtime: OnceLock<tokio::runtime::Handle>,
    applied: watch::Sender<u64>,
    leader_seen: Mutex<Option<LeaderSeen>>,
    pub wanted: Mutex<Wanted>,
    /// Newest state that the shard's store has on disk.
    durable: Mutex<Option<Meta>>,
    scrubs: Arc<Mutex<Scrubs>>,
    /// Held by whoever compares the replicas of this group from here.
    pub comparing: tokio::sync::Mutex<()>,
    /// Whether the group's heartbeats and elections are timed here.
    pub clock_runs: AtomicBool,
    /// Whether an indexing task exists.
    pub indexing: AtomicBool,
    /// Whether a task that measures recall exists.
    pub measuring: AtomicBool,
    /// Whether measuring was wanted since that task began.
    pub measure_again: AtomicBool,
    pub searches: AtomicU64,
    poisoned: AtomicBool,
    damaged: Mutex<Option<String>>,
    applied_hook: OnceLock<Hook>,
    this: OnceLock<std::sync::Weak<Replica>>,
    opened: Instant,
}

/// What is on disk of a replica before it is opened.
pub enum Found {
    Nothing,
    /// Of this id, and whether it is marked damaged.
    Replica(ReplicaId, Option<String>),
}

/// Looks, without opening anything.
pub fn found(dir: &Path, store_id: u64) -> Result<Found> {
    if dir.join("store").exists() {
        let shard = dir.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0);
        return Err(NodeError::OldFormat(shard));
    }
    let Some(text) = read_text(&dir.join(REPLICA))? else { return Ok(Found::Nothing) };
    let mut words = text.split_whitespace();
    let id = words.next().and_then(|word| word.parse().ok());
    let log = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
    let (Some(id), Some(log)) = (id, log) else {
        return Ok(Found::Replica(0, Some("its identity cannot be read".into())));
    };
    let mut bad = read_text(&dir.join(BAD))?;
    if log != store_id {
        bad = bad.or_else(|| Some("the log it belongs to is gone".into()));
    }
    Ok(Found::Replica(id, bad))
}

/// Writes down that what is stored here must not be used, before anybody hears of it.
pub fn mark_damaged(dir: &Path, reason: &str) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    write_text(dir, BAD, reason)
}

/// The directory of the data that counts.
pub fn current_data(dir: &Path) -> Result<PathBuf> {
    let lost =
        || NodeError::LogLost(format!("{} does not contain the name of the current data", dir.display()));
    let current = read_text(&dir.join(CURRENT))?.filter(|name| name.starts_with("gen-")).ok_or_else(lost)?;
    let data = dir.join(current);
    if data.is_dir() { Ok(data) } else { Err(lost()) }
}

/// Makes the directory of a new replica.
pub fn prepare(dir: &Path, id: ReplicaId, store_id: u64) -> Result<()> {
    std::fs::create_dir_all(dir.join("gen-1"))?;
    name(dir, "gen-1", id, store_id)
}

/// Says whose directory it is, and which data in it counts.
pub fn name(dir: &Path, data: &str, id: ReplicaId, store_id: u64) -> Result<()> {
    write_text(dir, CURRENT, data)?;
    write_text(dir, REPLICA, &format!("{id} {store_id:x}"))
}

impl Replica {
    /// Opens what [`prepare`] made. `log` must reach back to the shard's applied index.
    pub fn open(
        shard_id: u64,
        id: ReplicaId,
        dir: &Path,
        spec: ShardSpec,
        resources: Arc<Resources>,
        log: GroupLog,
    ) -> Result<Arc<Self>> {
        let data = current_data(dir)?;
        let current = data.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        remove_leftovers(dir, &current)?;
        let shard = open_shard(&data, spec, &resources, &log)?;
        let stamp = shard.stamp()?;
        let durable =
            stamp.and_then(|stamp| proto::Stamp::decode(stamp.as_slice()).ok()).map(|stamp| stamp.meta());
        let (applied, epoch) = (shard.applied_index(), shard.epoch());
        if applied > 0 && log.is_pristine() {
            return Err(NodeError::LogLost(format!("the store is at entry {applied}, but the log is empty")));
        }
        if log.purged_index() > applied {
            let purged = log.purged_index();
            return Err(NodeError::LogLost(format!(
                "the store is at entry {applied}, but the log begins after entry {purged}"
            )));
        }
        log.keep_after(shard.saved_index());
        let replica = Arc::new(Self {
            shard_id,
            id,
            dir: dir.to_owned(),
            current: Mutex::new(current),
            spec,
            resources,
            shard: ArcSwap::from_pointee(shard),
            saving: Mutex::new(()),
            log,
            epoch: AtomicU64::new(epoch),
            raft: OnceLock::new(),
            election_max: OnceLock::new(),
            runtime: OnceLock::new(),
            applied: watch::Sender::new(applied),
            leader_seen: Mutex::new(None),
            wanted: Mutex::default(),
            durable: Mutex::new(durable),
            scrubs: Arc::default(),
            comparing: tokio::sync::Mutex::default(),
            clock_runs: AtomicBool::new(true),
            indexing: AtomicBool::new(false),
            measuring: AtomicBool::new(false),
            measure_again: AtomicBool::new(false),
            searches: AtomicU64::new(0),
            poisoned: AtomicBool::new(false),
            damaged: Mutex::new(None),
            applied_hook: OnceLock::new(),
            this: OnceLock::new(),
            opened: Instant::now(),
        });
        let _ = replica.this.set(Arc::downgrade(&replica));
        Ok(replica)
    }

    /// Since it was opened.
    pub fn age(&self) -> std::time::Duration {
        self.opened.elapsed()
    }

    pub fn machine(self: &Arc<Self>) -> Result<Machine> {
        Machine::new(Arc::clone(self))
    }

    /// Once, right after the group's task was started, on the same runtime.
    pub fn start(&self, raft: Raft, applied_hook: Hook) {
        let _ = self.runtime.set(tokio::runtime::Handle::current());
        let _ = self.raft.set(raft);
        let _ = self.applied_hook.set(applied_hook);
    }

    /// The longest election timeout of the group.
    pub fn election_max(&self) -> std::time::Duration {
        self.election_max.get().copied().unwrap_or(std::time::Duration::from_secs(2))
    }

    pub fn set_election_max(&self, timeout: std::time::Duration) {
        // Once, when the group starts.
        let _ = self.election_max.set(timeout);
    }

    pub fn raft(&self) -> Result<&Raft> {
        self.raft.get().ok_or(NodeError::ShardNotFound(self.shard_id))
    }

    pub fn shard(&self) -> Arc<Shard> {
        self.shard.load_full()
    }

    pub fn applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    pub fn applied_index(&self) -> u64 {
        *self.applied.borrow()
    }

    pub fn note_applied(&self, index: u64) {
        self.applied.send_replace(index);
    }

    pub fn after_apply(&self) {
        let this = self.this.get().and_then(std::sync::Weak::upgrade);
        if let (Some(hook), Some(this)) = (self.applied_hook.get(), this) {
            hook(&this);
        }
    }

    pub fn leader_seen(&self) -> Option<LeaderSeen> {
        *self.leader_seen.lock()
    }

    pub fn note_leader(&self, seen: LeaderSeen) {
        *self.leader_seen.lock() = Some(seen);
    }

    /// Epochs only grow: what the control plane says, and what the log has said.
    pub fn raise_epoch(&self, epoch: u64) {
        self.epoch.fetch_max(epoch, Ordering::AcqRel);
    }

    /// `shards/<id>`.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The engine's directory.
    pub fn node_dir(&self) -> PathBuf {
        self.dir.ancestors().nth(2).map_or_else(PathBuf::new, Path::to_owned)
    }

    pub fn check_epoch(&self, asked: u64) -> Result<()> {
        let current = self.epoch.load(Ordering::Acquire);
        if asked == current {
            Ok(())
        } else {
            Err(NodeError::StaleEpoch { shard: self.shard_id, current, asked })
        }
    }

    pub fn check_usable(&self) -> Result<()> {
        if let Some(reason) = self.damaged.lock().clone() {
            return Err(NodeError::ReplicaDamaged { shard: self.shard_id, reason });
        }
        if self.poisoned.load(Ordering::Acquire) || self.log.has_failed() {
            return Err(NodeError::Poisoned(self.shard_id));
        }
        Ok(())
    }

    pub fn damage(&self) -> Option<String> {
        self.damaged.lock().clone()
    }

    /// Runs work on the shard. A panic poisons the replica, because it may have left the shard half changed; the caller
    /// gets an error and the thread lives on. Damage that is found takes the replica out of the group.
    pub fn guarded<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            self.poison();
            Err(NodeError::Poisoned(self.shard_id))
        });
        outcome.inspect_err(|error| {
            if error.is_damage() {
                self.mark_damaged(&error.to_string());
            }
        })
    }

    /// Ends the replica's part in the group: another one leads, and this one answers for what it had. A restart replays
    /// the log.
    pub fn poison(&self) {
        if !self.poisoned.swap(true, Ordering::AcqRel) {
            self.leave();
        }
    }

    /// Stops the group's task, from whichever thread.
    fn leave(&self) {
        if let Some((raft, runtime)) = self.raft.get().cloned().zip(self.runtime.get()) {
            runtime.spawn(async move { raft.shutdown().await });
        }
    }

    /// For the consensus library, which stops at it.
    pub fn failed(&self, error: NodeError) -> io::Error {
        self.poison();
        if error.is_damage() {
            self.mark_damaged(&error.to_string());
        }
        io::Error::other(error)
    }

    /// Takes the replica out of service for good: it answers nothing any more and has no vote, and stays so after a
    /// restart, until the control plane gives the worker another one.
    pub fn mark_damaged(&self, reason: &str) {
        {
            let mut damaged = self.damaged.lock();
            if damaged.is_some() {
                return;
            }
            *damaged = Some(reason.to_owned());
        }
        // A mark that cannot be written is made again when the damage is met again.
        let _ = mark_damaged(&self.dir, reason);
        self.leave();
    }

    pub fn durable_meta(&self) -> Option<Meta> {
        self.durable.lock().clone()
    }

    /// Flushes the shard, which has applied at least `meta`, and saves its graph.
    pub fn make_durable(&self, meta: &Meta) -> Result<()> {
        let shard = self.shard();
        shard.flush()?;
        self.save_graph(true)?;
        self.log.reset_bytes();
        let first = self.log.first_index();
        if first > 0 {
            shard.forget_changes(first - 1)?;
        }
        *self.durable.lock() = Some(meta.clone());
        Ok(())
    }

    /// [`Shard::save_graph`]; the log may lose what only the saved graph needed.
    pub fn save_graph(&self, always: bool) -> Result<()> {
        self.shard().save_graph(always)?;
        let _saved = self.saving.lock();
        self.log.keep_after(self.shard().saved_index());
        Ok(())
    }

    /// Directory for the files of a snapshot that comes in.
    pub fn incoming(&self) -> PathBuf {
        self.dir.join("incoming")
    }

    /// Replaces the shard by one that came in.
    pub fn install(&self, snapshot: SnapshotData) -> Result<()> {
        let received = match snapshot {
            SnapshotData::Received(received) => received,
            SnapshotData::Local(replica) => replica.checkpoint()?.keep(),
        };
        let name = format!("gen-{}", unique());
        let data = self.dir.join(&name);
        std::fs::rename(&received, &data)?;
        std::fs::File::open(&self.dir)?.sync_all()?;
        if crate::faults::no_tombstones_in_snapshots() {
            self.shard().copy_missing_to(&data.join("store"), &self.resources)?;
        }
        let shard = Arc::new(open_shard(&data, self.spec, &self.resources, &self.log)?);
        let stamp = shard.stamp()?.and_then(|stamp| proto::Stamp::decode(stamp.as_slice()).ok());
        write_text(&self.dir, CURRENT, &name)?;
        self.raise_epoch(shard.epoch());
        let old = {
            let _saved = self.saving.lock();
            self.log.keep_after(shard.saved_index());
            self.shard.swap(shard)
        };
        *self.durable.lock() = stamp.map(|stamp| stamp.meta());
        let old_data = self.dir.join(std::mem::replace(&mut *self.current.lock(), name));
        std::thread::spawn(move || {
            // Reads that are under way finish first.
            wait_until_alone(&old);
            drop(old);
            // What cannot be removed now is when the replica is opened the next time.
            let _ = std::fs::remove_dir_all(old_data);
        });
        Ok(())
    }

    /// Has the state as of entry `index`, the last one applied, read and hashed by a thread of its own. A state that
    /// cannot be set aside now (no disk space) is not hashed: that is no reason to stop.
    pub fn scrub(&self, shard: &Shard, index: u64) -> Result<()> {
        match shard.checkpoint(&self.dir.join(format!("scrub-{}", unique()))) {
            Ok(checkpoint) => scrub::hash(&self.scrubs, index, checkpoint),
            Err(error) => {
                let error = NodeError::from(error);
                if error.is_damage() || shard.is_poisoned() {
                    return Err(error);
                }
                self.scrubs.lock().finish(index, Scrubbed::Never);
            }
        }
        Ok(())
    }

    pub fn scrubs(&self) -> &Mutex<Scrubs> {
        &self.scrubs
    }

    /// Stops the replica's part in the group and waits for its calls (up to 10 s), so that its store is closed.
    pub async fn retire(self: Arc<Self>) {
        self.poison();
        if let Some(raft) = self.raft.get() {
            // It may have stopped by itself.
            let _ = raft.shutdown().await;
        }
    }
}

impl snapshot::Source for Replica {
    fn shard_id(&self) -> u64 {
        self.shard_id
    }

    fn id(&self) -> ReplicaId {
        self.id
    }

    /// A checkpoint of the shard with what its graph needs of the log.
    fn checkpoint(&self) -> Result<Checkpoint> {
        self.guarded(|| {
            self.save_graph(true)?;
            let shard = self.shard();
            let dir = self.dir.join(format!("sending-{}", unique()));
            let checkpoint = shard.checkpoint(&dir)?;
            let after = shard.saved_index();
            let entries = self.log.read(after + 1, checkpoint.applied + 1)?;
            snapshot::write_history(&dir, &entries)?;
            Ok(checkpoint)
        })
    }
}

fn open_shard(data: &Path, spec: ShardSpec, resources: &Resources, log: &GroupLog) -> Result<Shard> {
    // The graph that was saved is brought up to date with the entries after it. Damage in that part costs only the
    // likeness with other replicas' graphs: the points are in the store.
    let history = |from: u64| {
        let mut entries = snapshot::read_history(data).unwrap_or_default();
        entries.retain(|entry| entry.log_id.index >= from);
        let next = entries.last().map_or(from, |entry| entry.log_id.index + 1);
        entries.extend(log.read(next, u64::MAX).unwrap_or_default());
        Ok(entries.iter().map(|entry| (entry.log_id.index, command(entry))).collect())
    };
    Ok(Shard::open_with_log(data, spec, resources, &history)?)
}

/// What an entry means to the shard: nothing, when it is the consensus library's own.
pub fn command(entry: &Entry) -> LogCommand {
    match &entry.payload {
        EntryPayload::Normal(command) => LogCommand::decode(command.0.clone()).unwrap_or_default(),
        _ => LogCommand::default(),
    }
}

/// Files of former incarnations, of snapshots that were cut off, of checkpoints.
fn remove_leftovers(dir: &Path, current: &str) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != current {
            std::fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

fn read_text(file: &Path) -> Result<Option<String>> {
    match std::fs::read(file) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        other => Ok(Some(String::from_utf8_lossy(&other?).into_owned())),
    }
}

/// Durable when it returns, whole or not at all.
fn write_text(dir: &Path, name: &str, text: &str) -> Result<()> {
    write_bytes(dir, name, text.as_bytes())
}

/// As [`write_text`].
pub fn write_bytes(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let partial = dir.join(format!("{name}.partial"));
    let mut file = std::fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, dir.join(name))?;
    Ok(std::fs::File::open(dir)?.sync_all()?)
}

/// For names of directories.
pub fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(2);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    (now.as_millis() as u64) << 12 | NEXT.fetch_add(1, Ordering::Relaxed) & 0xfff
}

/// Up to 10 s.
pub fn wait_until_alone<T: ?Sized>(handle: &Arc<T>) {
    for _ in 0..2000 {
        if Arc::strong_count(handle) == 1 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
