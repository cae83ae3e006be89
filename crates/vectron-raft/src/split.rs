//! Splitting a shard: each replica makes, as it applies the entry, the state with which its worker's replica of the new
//! shard begins. See docs/adr/0018-splits.md.
//!
//! The state waits in `splits/<shard>` until the control plane assigns the new shard here. Its log begins as if the
//! entries up to the split had been in it and were purged, so a replica that joins later gets a snapshot.

use crate::disk::LogDisk;
use crate::log::GroupLog;
use crate::proto;
use crate::replica::{self, Replica};
use crate::snapshot::{self, Source};
use crate::types::{Command, Entry, LogId, Membership, ReplicaId, StoredMembership, Vote, worker_of};
use crate::{NodeError, Result};
use openraft::EntryPayload;
use openraft::vote::RaftLeaderId;
use prost::Message;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vectron_shard::proto::{LogCommand, Split};
use vectron_storage::Resources;

const DATA: &str = "gen-1";
const WHAT: &str = "split";

/// The first replica of a new shard on the worker of another replica.
fn first_on_worker_of(replica: ReplicaId) -> ReplicaId {
    worker_of(replica) << 16 | 1
}

/// Makes the state of the new shard, before the entry `log_id` that splits is applied. Does nothing when it is there
/// already: the entry was applied before, and is applied again after a restart.
pub fn divide(replica: &Replica, split: &Split, log_id: LogId, membership: &StoredMembership) -> Result<()> {
    let node = replica.node_dir();
    let to = waiting(&node, split.upper);
    if to.exists() || node.join("shards").join(split.upper.to_string()).exists() {
        return Ok(());
    }
    let checkpoint = replica.checkpoint()?;
    let entry = |command: &LogCommand| Entry {
        log_id,
        payload: EntryPayload::Normal(Command(command.encode_to_vec().into())),
    };
    // What the saved graph lacks, and then the split as the new shard sees it.
    let mut history = snapshot::read_history(&checkpoint.dir).unwrap_or_default();
    let upper = Split { keeps_upper: true, ..*split };
    history.push(entry(&LogCommand { split: Some(upper), ..Default::default() }));
    snapshot::write_history(&checkpoint.dir, &history)?;
    let what = proto::PendingSplit {
        lower: replica.shard_id,
        split: Some(*split),
        stamp: Some(proto::Stamp::new(Some(log_id), &members(log_id, membership))),
    };
    let made = replica.dir().join(format!("splitting-{}", split.upper));
    match std::fs::remove_dir_all(&made) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
        _ => {}
    }
    std::fs::create_dir_all(&made)?;
    std::fs::rename(checkpoint.keep(), made.join(DATA))?;
    replica::write_bytes(&made, WHAT, &what.encode_to_vec())?;
    std::fs::create_dir_all(node.join("splits"))?;
    std::fs::rename(&made, &to)?;
    Ok(std::fs::File::open(node.join("splits"))?.sync_all()?)
}

/// The same workers, each with its first replica.
fn members(log_id: LogId, membership: &StoredMembership) -> StoredMembership {
    let configs = membership.membership().get_joint_config();
    let voters: BTreeSet<ReplicaId> =
        configs.last().into_iter().flatten().map(|id| first_on_worker_of(*id)).collect();
    let all: BTreeSet<ReplicaId> =
        membership.membership().nodes().map(|(id, ())| first_on_worker_of(*id)).collect();
    let message = proto::Membership {
        configs: vec![proto::Voters { ids: voters.into_iter().collect() }],
        members: all.into_iter().collect(),
    };
    StoredMembership::new(Some(log_id), Membership::from(&message))
}

fn waiting(node: &Path, shard: u64) -> PathBuf {
    node.join("splits").join(shard.to_string())
}

/// Makes what waits for `shard` the data of `replica`, a directory as [`replica::prepare`] makes it. `false`: nothing
/// waits. One that is cut off is done again.
pub async fn adopt(
    node: &Path,
    shard: u64,
    id: ReplicaId,
    store_id: u64,
    disk: Arc<dyn LogDisk>,
    resources: &Resources,
) -> Result<bool> {
    let dir = waiting(node, shard);
    let Some((_, split, stamp)) = read(&dir)? else { return Ok(false) };
    let meta = stamp.meta();
    let Some(last) = meta.last_log_id else {
        return Err(NodeError::LogLost("the record of a split does not contain its entry".into()));
    };
    let prepare =
        || vectron_shard::make_upper(&dir.join(DATA), &split, last.index, &stamp.encode_to_vec(), resources);
    crate::machine::blocking(prepare)?;
    // Nobody has led the new shard, so nobody has voted in this term for one who may lead it.
    let vote = proto::Vote { term: last.leader_id.term(), node: *last.leader_id.node_id(), committed: false };
    GroupLog::unread(shard, disk).begin_after(last, Vote::from(vote)).await?;
    replica::name(&dir, DATA, id, store_id)?;
    std::fs::rename(&dir, node.join("shards").join(shard.to_string()))?;
    std::fs::File::open(node.join("shards"))?.sync_all()?;
    Ok(true)
}

/// Which shard was split, how, and the new one's first entry.
fn read(dir: &Path) -> Result<Option<(u64, Split, proto::Stamp)>> {
    let bytes = match std::fs::read(dir.join(WHAT)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let lost = || NodeError::LogLost(format!("{} cannot be read", dir.display()));
    let what = proto::PendingSplit::decode(bytes.as_slice()).map_err(|_| lost())?;
    let (split, stamp) = what.split.zip(what.stamp).ok_or_else(lost)?;
    Ok(Some((what.lower, split, stamp)))
}

/// Removes what waits for shards that will not be assigned here: `assigned` has a split shard's epoch of after the split
/// without the new shard, or does not have the split shard at all.
pub fn forget(node: &Path, assigned: &[(u64, u64)]) -> Result<()> {
    let entries = match std::fs::read_dir(node.join("splits")) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let dir = entry?.path();
        let shard = dir.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok()).unwrap_or(0);
        if assigned.iter().any(|(id, _)| *id == shard) {
            continue;
        }
        let Some((lower, split, _)) = read(&dir)? else { continue };
        let epoch = assigned.iter().find(|(id, _)| *id == lower).map(|(_, epoch)| *epoch);
        if epoch.is_none_or(|epoch| epoch >= split.epoch) {
            std::fs::remove_dir_all(&dir)?;
        }
    }
    Ok(())
}
