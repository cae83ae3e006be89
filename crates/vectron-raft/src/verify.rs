//! Looking over a worker's directory that no worker has open: every block of every store, every entry, every point.

use crate::disk::{LogDisk, read_witness};
use crate::log::GroupLog;
use crate::node::STORE_ID;
use crate::proto;
use crate::replica;
use crate::{NodeError, Result};
use prost::Message;
use std::path::Path;
use std::sync::Arc;
use vectron_storage::Store;

/// One part of what was looked at.
#[derive(Debug, Clone)]
pub struct Checked {
    /// `log`, or `shard N`.
    pub what: String,
    /// What it holds, in words.
    pub holds: String,
    /// What is wrong with it; `None`: nothing.
    pub damage: Option<String>,
}

struct ReadOnly(Store);

impl LogDisk for ReadOnly {
    fn submit(&self, write: crate::disk::Write) {
        if let Some(done) = write.done {
            done(Err(NodeError::Closed));
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key)?)
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        Ok(self.0.scan(from, visit)?)
    }
}

/// Reads everything below the engine directory `dir`. Changes nothing. An `Err` means that it could not look.
pub fn verify(dir: &Path) -> Result<Vec<Checked>> {
    let mut rows = Vec::new();
    let log = open_log(dir);
    let mut store_id = 0;
    let log: Option<Arc<dyn LogDisk>> = match log {
        Ok((log, id, holds)) => {
            store_id = id;
            rows.push(Checked { what: "log".into(), holds, damage: None });
            Some(log)
        }
        Err(e) => {
            rows.push(Checked { what: "log".into(), holds: String::new(), damage: Some(e.to_string()) });
            None
        }
    };
    let mut shards: Vec<u64> = std::fs::read_dir(dir.join("shards"))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    shards.sort_unstable();
    for shard in shards {
        let what = format!("shard {shard}");
        let row = match check_shard(dir, shard, store_id, log.as_ref()) {
            Ok(holds) => Checked { what, holds, damage: None },
            Err(e) => Checked { what, holds: String::new(), damage: Some(e.to_string()) },
        };
        rows.push(row);
    }
    Ok(rows)
}

fn open_log(dir: &Path) -> Result<(Arc<dyn LogDisk>, u64, String)> {
    let path = dir.join("log");
    let store = Store::open_read_only(&path)?;
    if let Some(seen) = read_witness(&path.with_extension("witness"))?
        && store.sequence() < seen
    {
        let what = format!(
            "it ends at write {}, but write {seen} was synced: log entries were lost",
            store.sequence()
        );
        return Err(NodeError::LogLost(what));
    }
    let (mut keys, mut bytes) = (0u64, 0u64);
    store.scan(&[], |_, value| {
        keys += 1;
        bytes += value.len() as u64;
        true
    })?;
    let id = store.get(STORE_ID)?.and_then(|id| id.try_into().ok().map(u64::from_le_bytes));
    let id = id.ok_or_else(|| NodeError::LogLost("its name record is missing".into()))?;
    Ok((Arc::new(ReadOnly(store)), id, format!("{keys} records, {bytes} bytes")))
}

fn check_shard(dir: &Path, shard: u64, store_id: u64, log: Option<&Arc<dyn LogDisk>>) -> Result<String> {
    let damaged = |reason: String| NodeError::ReplicaDamaged { shard, reason };
    let shard_dir = dir.join("shards").join(shard.to_string());
    let replica = match replica::found(&shard_dir, store_id)? {
        replica::Found::Nothing => return Err(damaged("it does not say which replica it is".into())),
        replica::Found::Replica(_, Some(reason)) => return Err(damaged(reason)),
        replica::Found::Replica(id, None) => id,
    };
    let data = replica::current_data(&shard_dir)?;
    let checked = vectron_shard::check(&data)?;
    let graph = match checked.graph_is_whole {
        None => "no saved graph",
        Some(true) => "a saved graph",
        Some(false) => "a saved graph that is damaged and will be rebuilt",
    };
    let stamp = proto::Stamp::decode(checked.stamp.as_slice())
        .map_err(|_| damaged("its last entry cannot be read".into()))?;
    let applied = stamp.log_id.map_or(0, |id| id.index);
    if applied != checked.applied {
        return Err(damaged(format!("it is at entry {}, but its record says {applied}", checked.applied)));
    }
    let mut last = 0;
    if let Some(disk) = log {
        let log = GroupLog::open(shard, Arc::clone(disk))?;
        last = log.last_index();
        if checked.applied > 0 && log.is_pristine() {
            return Err(damaged("its log has nothing of it".into()));
        }
        if log.purged_index() > checked.applied {
            let purged = log.purged_index();
            return Err(damaged(format!(
                "it is at entry {}, but the log begins after entry {purged}",
                checked.applied
            )));
        }
    }
    let points = checked.points;
    Ok(format!("replica {replica}: {points} points as of entry {applied}, log up to {last}, {graph}"))
}

/// A shard as it was exported.
#[derive(Debug, Clone)]
pub struct Exported {
    pub shard: u64,
    pub points: u64,
}

/// Copies every shard below the engine directory `dir`, which no worker has open, to `to/shard-N`, for Pebble v1. Refuses
/// when something is damaged, or when a shard lacks entries that are only in the log: a worker that is stopped in
/// order leaves none.
pub fn export_pebble(dir: &Path, to: &Path) -> Result<Vec<Exported>> {
    if let Some(damaged) = verify(dir)?.into_iter().find_map(|row| Some((row.what, row.damage?))) {
        return Err(NodeError::LogLost(format!("{}: {}", damaged.0, damaged.1)));
    }
    let (log, store_id, _) = open_log(dir)?;
    std::fs::create_dir_all(to)?;
    let mut exported = Vec::new();
    for entry in std::fs::read_dir(dir.join("shards"))? {
        let entry = entry?;
        let Some(shard) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) else {
            continue;
        };
        check_shard(dir, shard, store_id, Some(&log))?;
        let data = replica::current_data(&entry.path())?;
        let (applied, last) =
            (vectron_shard::check(&data)?.applied, GroupLog::open(shard, Arc::clone(&log))?.last_index());
        if applied < last {
            let reason = format!(
                "shard {shard} is at entry {applied}, but its log ends at entry {last}: start the worker and stop it regularly"
            );
            return Err(NodeError::Unavailable { shard, reason });
        }
        let points = vectron_shard::export_pebble(&data, &to.join(format!("shard-{shard}")))?;
        exported.push(Exported { shard, points });
    }
    exported.sort_unstable_by_key(|one| one.shard);
    Ok(exported)
}
