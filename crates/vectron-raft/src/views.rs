//! The views that this worker holds: states of its shards as of one entry, for a client to page through, each with the log
//! after it for the changes since. See docs/adr/0041-changes-and-moments.md.
//!
//! Limits: views are in memory and in links to files of the shard, are lost with the process, and are bounded per shard, key,
//! owner and worker, because each keeps disk space that compaction would give back.

use crate::replica::{Replica, unique};
use crate::{NodeError, Result};
use parking_lot::Mutex;
use ring::rand::SecureRandom;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vectron_shard::View;
use vectron_shard::proto::{OpenViewOp, ViewOpened};

/// A view that nobody reads for so long is closed, and the log after it is held for so long after it was closed.
pub const IDLE: Duration = Duration::from_secs(300);
/// However it is used.
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
const MAX_OF_SHARD: usize = 4;
const MAX_OF_KEY: usize = 64;
const MAX_OF_OWNER: usize = 128;
const MAX_OF_WORKER: usize = 256;

struct Held {
    shard: u64,
    of: OpenViewOp,
    /// Entries after this one are not cut from the log.
    log_after: u64,
    opened: Instant,
    used: Instant,
    /// `None`: it is being opened, or was closed and only its log is held.
    view: Option<Arc<View>>,
    is_closed: bool,
}

impl Held {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.used) > IDLE || now.duration_since(self.opened) > MAX_AGE
    }
}

/// See the module. Thread-safe.
pub struct Views {
    /// For the files of views, a directory each.
    dir: PathBuf,
    held: Mutex<HashMap<u64, Held>>,
}

impl Views {
    /// Removes what a former process left in `dir`.
    pub fn new(dir: &Path) -> Result<Self> {
        match std::fs::remove_dir_all(dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
        std::fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned(), held: Mutex::default() })
    }

    /// Opens a view of what is applied. Refused when there are as many as may be.
    pub fn open(&self, replica: &Replica, of: OpenViewOp) -> Result<ViewOpened> {
        let id = random_id()?;
        self.reserve(id, replica, of)?;
        let opened =
            replica.guarded(|| Ok(replica.shard().view(&self.dir.join(format!("{:x}", unique())))?));
        let mut held = self.held.lock();
        match opened {
            Ok(view) => {
                let (applied_index, points) = (view.applied_index(), view.points());
                // It may have been closed with all others, because the disk is nearly full.
                let own = held.get_mut(&id).filter(|own| !own.is_closed);
                let own = own.ok_or(NodeError::ViewGone { shard: replica.shard_id, view: id })?;
                (own.used, own.view) = (Instant::now(), Some(Arc::new(view)));
                Ok(ViewOpened { view: id, applied_index, points, idle_ms: IDLE.as_millis() as u32 })
            }
            Err(error) => {
                held.remove(&id);
                Err(error)
            }
        }
    }

    /// Counts the view in before it is opened, and holds the log from here on.
    fn reserve(&self, id: u64, replica: &Replica, of: OpenViewOp) -> Result<()> {
        let mut held = self.held.lock();
        let shard = replica.shard_id;
        let count =
            |which: &dyn Fn(&Held) -> bool| held.values().filter(|one| !one.is_closed && which(one)).count();
        let owns = |one: &Held| one.of.owner == of.owner;
        let limits = [
            (count(&|one| one.shard == shard), MAX_OF_SHARD, "of this shard"),
            (count(&|one| owns(one) && one.of.key == of.key), MAX_OF_KEY, "views of this key on this worker"),
            (count(&owns), MAX_OF_OWNER, "views of this tenant on this worker"),
            (count(&|_| true), MAX_OF_WORKER, "views on this worker"),
        ];
        if let Some((open, _, of)) = limits.into_iter().find(|(open, most, _)| open >= most) {
            return Err(NodeError::ManyViews { open, of, idle_s: IDLE.as_secs() });
        }
        let (now, log_after) = (Instant::now(), replica.shard().applied_index());
        let own = Held { shard, of, log_after, opened: now, used: now, view: None, is_closed: false };
        held.insert(id, own);
        replica.log.hold_after(held_after(&held, shard));
        Ok(())
    }

    /// The view, which is used now.
    pub fn used(&self, shard: u64, id: u64) -> Result<Arc<View>> {
        let (mut held, now) = (self.held.lock(), Instant::now());
        let own = held.get_mut(&id).filter(|own| own.shard == shard && !own.is_over(now));
        let view = own.and_then(|own| {
            own.used = now;
            own.view.clone()
        });
        view.ok_or(NodeError::ViewGone { shard, view: id })
    }

    /// Closes a view; whether it was open. The log after it is held on for its time, so that whoever read all of it can go on
    /// with the changes.
    pub fn close(&self, shard: u64, id: u64) -> bool {
        let mut held = self.held.lock();
        let Some(own) = held.get_mut(&id).filter(|own| own.shard == shard && !own.is_closed) else {
            return false;
        };
        (own.used, own.is_closed) = (Instant::now(), true);
        let view = own.view.take();
        drop(held);
        // Its files go without the lock.
        view.is_some()
    }

    /// Closes those of a shard that is removed.
    pub fn forget(&self, shard: u64) {
        self.remove(|one| one.shard == shard);
    }

    /// Closes those that were not used for their time; with `all`, every one, because the disk is nearly full.
    pub fn tick(&self, all: bool) {
        let now = Instant::now();
        self.remove(|one| all || one.is_over(now));
    }

    fn remove(&self, which: impl Fn(&Held) -> bool) {
        let removed: Vec<Held> =
            self.held.lock().extract_if(|_, one| which(one)).map(|(_, one)| one).collect();
        drop(removed);
    }

    /// The entry after which the log of a shard is held; `u64::MAX`: it is not.
    pub fn log_held_after(&self, shard: u64) -> u64 {
        held_after(&self.held.lock(), shard)
    }

    /// Open ones of a shard.
    pub fn count(&self, shard: u64) -> u64 {
        self.held.lock().values().filter(|one| one.shard == shard && one.view.is_some()).count() as u64
    }
}

fn held_after(held: &HashMap<u64, Held>, shard: u64) -> u64 {
    held.values().filter(|one| one.shard == shard).map(|one| one.log_after).min().unwrap_or(u64::MAX)
}

/// Nobody can guess it. Never 0.
fn random_id() -> Result<u64> {
    let mut bytes = [0; 8];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| std::io::Error::other("the system provides no random numbers"))?;
    Ok(u64::from_le_bytes(bytes).max(1))
}
