//! The shard as the consensus library's state machine.

use crate::proto;
use crate::replica::Replica;
use crate::snapshot::{SnapshotData, Source};
use crate::split;
use crate::types::{Config, Entry, LogId, Meta, StoredMembership, Verdict};
use crate::{NodeError, Result};
use futures_util::{Stream, StreamExt};
use openraft::alias::SnapshotOf;
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, RaftSnapshotBuilder};
use prost::Message;
use std::io;
use std::sync::Arc;
use vectron_shard::Applied;
use vectron_shard::proto::LogCommand;

/// Applies entries to the shard of a replica.
pub struct Machine {
    replica: Arc<Replica>,
    last: Option<LogId>,
    membership: StoredMembership,
}

impl Machine {
    pub fn new(replica: Arc<Replica>) -> Result<Self> {
        let meta = stored(&replica)?;
        Ok(Self { replica, last: meta.last_log_id, membership: meta.last_membership })
    }

    fn apply_one(&mut self, entry: Entry) -> Result<Option<Applied>> {
        let log_id = entry.log_id;
        if let EntryPayload::Membership(membership) = &entry.payload {
            self.membership = StoredMembership::new(Some(log_id), membership.clone());
        }
        let stamp = proto::Stamp::new(Some(log_id), &self.membership).encode_to_vec();
        let shard = self.replica.shard();
        let applied = match entry.payload {
            EntryPayload::Normal(command) => {
                // A command that cannot be read is refused like any other that is wrong: the same on every replica.
                let mut command = LogCommand::decode(command.0).unwrap_or_default();
                if crate::faults::no_deduplication() {
                    command.origin = None;
                }
                // Before it is applied: a read that sees the state of after must not pass for one of before.
                if let Some(split) = command.split.as_ref().filter(|split| split.epoch > shard.epoch()) {
                    split::divide(&self.replica, split, log_id, &self.membership)?;
                    self.replica.raise_epoch(split.epoch);
                }
                self.replica.raise_epoch(command.set_epoch);
                let mut applied = shard.apply_stamped(log_id.index, &command, &stamp)?;
                if crate::faults::apply_twice() {
                    command.origin = None;
                    applied = shard.apply_stamped(log_id.index, &command, &stamp)?;
                }
                if command.scrub && applied.refused.is_none() {
                    self.replica.scrub(&shard, log_id.index)?;
                }
                Some(applied)
            }
            EntryPayload::Blank | EntryPayload::Membership(_) => {
                shard.advance(log_id.index, &stamp)?;
                None
            }
        };
        self.last = Some(log_id);
        Ok(applied)
    }
}

/// What the store says it is: the last entry applied, and the members then.
fn stored(replica: &Replica) -> Result<Meta> {
    let Some(stamp) = replica.shard().stamp()? else { return Ok(Meta::default()) };
    let stamp = proto::Stamp::decode(stamp.as_slice())
        .map_err(|_| NodeError::LogLost("the store's last entry cannot be read".into()))?;
    Ok(stamp.meta())
}

impl RaftStateMachine<Config> for Machine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.last, self.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> io::Result<()>
    where
        Strm: Stream<Item = io::Result<EntryResponder<Config>>> + Unpin + Send,
    {
        let replica = Arc::clone(&self.replica);
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let index = entry.log_id.index;
            let applied =
                blocking(|| replica.guarded(|| self.apply_one(entry))).map_err(|e| replica.failed(e))?;
            replica.note_applied(index);
            if let Some(responder) = responder {
                responder.send(Verdict(applied));
            }
        }
        replica.after_apply();
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder(Arc::clone(&self.replica))
    }

    async fn install_snapshot(&mut self, meta: &Meta, snapshot: SnapshotData) -> io::Result<()> {
        let replica = Arc::clone(&self.replica);
        blocking(|| replica.install(snapshot)).map_err(|e| replica.failed(e))?;
        self.last = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        replica.note_applied(meta.last_log_id.map_or(0, |id| id.index));
        replica.after_apply();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<SnapshotOf<Config, SnapshotData>>> {
        let local = || SnapshotData::Local(Arc::clone(&self.replica) as Arc<dyn Source>);
        let meta = self.replica.durable_meta();
        Ok(meta.map(|meta| SnapshotOf::<Config, SnapshotData> { meta, snapshot: local() }))
    }
}

/// Makes what is applied durable in the shard's own store, so that the log may be cut. The files of a snapshot are
/// made when one is sent (snapshot.rs).
pub struct Builder(Arc<Replica>);

impl RaftSnapshotBuilder<Config> for Builder {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> io::Result<SnapshotOf<Config, SnapshotData>> {
        let replica = Arc::clone(&self.0);
        let built = blocking(|| -> Result<Meta> {
            let meta = stored(&replica)?;
            replica.make_durable(&meta)?;
            Ok(meta)
        });
        let meta = built.map_err(|e| replica.failed(e))?;
        Ok(SnapshotOf::<Config, SnapshotData> { meta, snapshot: SnapshotData::Local(replica) })
    }
}

/// Runs work that may block: elsewhere than the other tasks of this thread, where there is an elsewhere.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::current().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
