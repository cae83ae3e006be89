//! The consensus library's calls to other replicas, over the transport.

use crate::proto;
use crate::snapshot::{self, SnapshotData};
use crate::transport::{Call, Kind, Link, Transport};
use crate::types::{Config, LogId, ReplicaId, Vote};
use crate::wire::decoded;
use crate::{NodeError, Result};
use bytes::Bytes;
use openraft::alias::SnapshotOf;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetworkFactory, RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// An append waits for the follower's disk.
const APPEND_TIMEOUT: Duration = Duration::from_secs(3);
const MESSAGE_TIMEOUT: Duration = Duration::from_millis(500);
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Makes the connections of one replica.
pub struct Connections {
    pub transport: Arc<Transport>,
    pub group: u64,
    pub from: ReplicaId,
}

/// The way from one replica to another.
pub struct Peer {
    link: Arc<Link>,
    bulk: Arc<Link>,
    group: u64,
    from: ReplicaId,
    to: ReplicaId,
    /// The last entry the other has acknowledged on this way.
    acknowledged: Option<LogId>,
}

impl RaftNetworkFactory<Config> for Connections {
    type Network = Peer;

    async fn new_client(&mut self, to: ReplicaId, _node: &()) -> Peer {
        Peer {
            link: self.transport.link(to, false),
            bulk: self.transport.link(to, true),
            group: self.group,
            from: self.from,
            to,
            acknowledged: None,
        }
    }
}

impl Peer {
    async fn call(&self, kind: Kind, message: &impl Message, limit: Duration) -> Result<Bytes> {
        let payload = message.encode_to_vec().into();
        let call = Call { group: self.group, from: self.from, to: self.to, kind, payload };
        self.link.call(call, limit).await
    }

    /// A follower that lacks what it had acknowledged has lost it. It must not go on as if it never had it: its vote
    /// could elect a leader without that entry.
    async fn check_conflict(&self, before: Option<LogId>) -> Result<()> {
        let lost = self.acknowledged.is_some_and(|id| before.is_some_and(|before| before <= id));
        if !lost {
            return Ok(());
        }
        let call = Call {
            group: self.group,
            from: self.from,
            to: self.to,
            kind: Kind::Reverted,
            payload: Bytes::new(),
        };
        self.link.call(call, MESSAGE_TIMEOUT).await?;
        let reason = format!("replica {} has lost log entries that it had acknowledged", self.to);
        Err(NodeError::Unavailable { shard: self.group, reason })
    }
}

fn rpc(error: NodeError) -> RPCError<Config> {
    match error {
        // The other side answered, or could not be asked: either way it is not served by asking at once again.
        NodeError::Unavailable { .. } | NodeError::Refused(..) => Unreachable::new(&error).into(),
        _ => NetworkError::new(&error).into(),
    }
}

impl RaftNetworkV2<Config> for Peer {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Config>,
        option: RPCOption,
    ) -> std::result::Result<AppendEntriesResponse<Config>, RPCError<Config>> {
        let limit =
            if request.entries.is_empty() { option.hard_ttl().max(MESSAGE_TIMEOUT) } else { APPEND_TIMEOUT };
        let last = request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id);
        let answer =
            self.call(Kind::Append, &proto::AppendRequest::from(&request), limit).await.map_err(rpc)?;
        let response = decoded::<proto::AppendResponse>(answer)
            .and_then(AppendEntriesResponse::try_from)
            .map_err(rpc)?;
        match &response {
            AppendEntriesResponse::Success => self.acknowledged = self.acknowledged.max(last),
            AppendEntriesResponse::PartialSuccess(id) => self.acknowledged = self.acknowledged.max(*id),
            AppendEntriesResponse::Conflict => self.check_conflict(request.prev_log_id).await.map_err(rpc)?,
            AppendEntriesResponse::HigherVote(_) => {}
        }
        Ok(response)
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Config>,
        _option: RPCOption,
    ) -> std::result::Result<VoteResponse<Config>, RPCError<Config>> {
        let answer =
            self.call(Kind::Vote, &proto::VoteRequest::from(&request), APPEND_TIMEOUT).await.map_err(rpc)?;
        decoded::<proto::VoteResponse>(answer).and_then(VoteResponse::try_from).map_err(rpc)
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Config>,
        _option: RPCOption,
    ) -> std::result::Result<VoteResponse<Config>, RPCError<Config>> {
        let answer = self
            .call(Kind::PreVote, &proto::VoteRequest::from(&request), MESSAGE_TIMEOUT)
            .await
            .map_err(rpc)?;
        decoded::<proto::VoteResponse>(answer).and_then(VoteResponse::try_from).map_err(rpc)
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: SnapshotOf<Config, SnapshotData>,
        cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
        _option: RPCOption,
    ) -> std::result::Result<SnapshotResponse<Config>, StreamingError<Config>> {
        let SnapshotData::Local(replica) = snapshot.snapshot else {
            return Err(ReplicationClosed::new("a snapshot that came in is not sent on").into());
        };
        let sent = snapshot::send(replica, Arc::clone(&self.bulk), self.to, vote);
        tokio::select! {
            closed = cancel => Err(closed.into()),
            sent = sent => match sent {
                Ok(vote) => Ok(SnapshotResponse::new(vote)),
                Err(e) => Err(StreamingError::Unreachable(Unreachable::new(&e))),
            },
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Config>,
        _option: RPCOption,
    ) -> std::result::Result<TransferLeaderResponse<Config>, RPCError<Config>> {
        let answer = self
            .call(Kind::Transfer, &proto::TransferRequest::from(&request), MESSAGE_TIMEOUT)
            .await
            .map_err(rpc)?;
        let answer = decoded::<proto::TransferResponse>(answer).map_err(rpc)?;
        Ok(match (answer.accepted, answer.vote) {
            (true, _) => Ok(()),
            (false, Some(vote)) => Err(TransferLeaderError::VoteChanged {
                expected: *request.from_leader(),
                actual: vote.into(),
            }),
            (false, None) => Err(TransferLeaderError::LogNotFlushed {
                expected: request.last_log_id().copied(),
                actual: answer.last.map(Into::into),
            }),
        })
    }

    fn backoff(&self) -> Option<Backoff> {
        Some(Backoff::new(std::iter::repeat(RETRY_AFTER)))
    }
}
