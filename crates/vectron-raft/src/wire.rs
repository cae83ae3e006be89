//! The consensus library's values as protobuf: what the log stores and what replicas say to each other. The library's
//! own encodings change between its versions; these do not.

use crate::proto::entry::Payload;
use crate::proto::{self, AppendOutcome};
use crate::types::{Command, Entry, LogId, Membership, Meta, ReplicaId, StoredMembership, Vote};
use crate::{NodeError, Result};
use bytes::Bytes;
use openraft::EntryPayload;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse,
};
use openraft::vote::RaftLeaderId;
use prost::Message;
use std::collections::BTreeSet;

type Config = crate::types::Config;
type LeaderId = openraft::alias::LeaderIdOf<Config>;

/// What another replica sent.
pub fn decoded<M: Message + Default>(payload: Bytes) -> Result<M> {
    M::decode(payload).map_err(|e| NodeError::Protocol(e.to_string()))
}

fn missing(what: &str) -> NodeError {
    NodeError::Protocol(format!("a message does not contain its {what}"))
}

impl From<LogId> for proto::LogId {
    fn from(id: LogId) -> Self {
        Self { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
    }
}

impl From<proto::LogId> for LogId {
    fn from(id: proto::LogId) -> Self {
        Self { leader_id: LeaderId::new(id.term, id.node), index: id.index }
    }
}

impl From<Vote> for proto::Vote {
    fn from(vote: Vote) -> Self {
        Self { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.committed }
    }
}

impl From<proto::Vote> for Vote {
    fn from(vote: proto::Vote) -> Self {
        Self { leader_id: LeaderId::new(vote.term, vote.node), committed: vote.committed }
    }
}

impl From<&Membership> for proto::Membership {
    fn from(membership: &Membership) -> Self {
        let configs = membership.get_joint_config().iter();
        Self {
            configs: configs.map(|ids| proto::Voters { ids: ids.iter().copied().collect() }).collect(),
            members: membership.nodes().map(|(id, ())| *id).collect(),
        }
    }
}

impl From<&proto::Membership> for Membership {
    fn from(membership: &proto::Membership) -> Self {
        let configs = membership.configs.iter().map(|ids| ids.ids.iter().copied().collect()).collect();
        let members: BTreeSet<ReplicaId> = membership.members.iter().copied().collect();
        Self::new_with_defaults(configs, members)
    }
}

impl From<&Entry> for proto::Entry {
    fn from(entry: &Entry) -> Self {
        let payload = match &entry.payload {
            EntryPayload::Blank => None,
            EntryPayload::Normal(command) => Some(Payload::Command(command.0.clone())),
            EntryPayload::Membership(membership) => Some(Payload::Membership(membership.into())),
        };
        Self { log_id: Some(entry.log_id.into()), payload }
    }
}

impl proto::Entry {
    pub fn entry(self) -> Result<Entry> {
        let payload = match self.payload {
            None => EntryPayload::Blank,
            Some(Payload::Command(command)) => EntryPayload::Normal(Command(command)),
            Some(Payload::Membership(membership)) => EntryPayload::Membership((&membership).into()),
        };
        Ok(Entry { log_id: self.log_id.ok_or_else(|| missing("log id"))?.into(), payload })
    }
}

impl proto::Stamp {
    pub fn new(log_id: Option<LogId>, membership: &StoredMembership) -> Self {
        Self {
            log_id: log_id.map(Into::into),
            membership_log_id: membership.log_id().map(Into::into),
            membership: Some(membership.membership().into()),
        }
    }

    pub fn meta(&self) -> Meta {
        let membership = self.membership.as_ref().map(Membership::from).unwrap_or_default();
        Meta {
            last_log_id: self.log_id.map(Into::into),
            last_membership: StoredMembership::new(self.membership_log_id.map(Into::into), membership),
        }
    }
}

impl From<&AppendEntriesRequest<Config>> for proto::AppendRequest {
    fn from(request: &AppendEntriesRequest<Config>) -> Self {
        Self {
            vote: Some(request.vote.into()),
            prev: request.prev_log_id.map(Into::into),
            entries: request.entries.iter().map(Into::into).collect(),
            commit: request.leader_commit.map(Into::into),
        }
    }
}

impl TryFrom<proto::AppendRequest> for AppendEntriesRequest<Config> {
    type Error = NodeError;

    fn try_from(request: proto::AppendRequest) -> Result<Self> {
        Ok(Self {
            vote: request.vote.ok_or_else(|| missing("vote"))?.into(),
            prev_log_id: request.prev.map(Into::into),
            entries: request.entries.into_iter().map(proto::Entry::entry).collect::<Result<_>>()?,
            leader_commit: request.commit.map(Into::into),
        })
    }
}

impl From<AppendEntriesResponse<Config>> for proto::AppendResponse {
    fn from(response: AppendEntriesResponse<Config>) -> Self {
        let (outcome, matched, vote) = match response {
            AppendEntriesResponse::Success => (AppendOutcome::Success, None, None),
            AppendEntriesResponse::PartialSuccess(id) => (AppendOutcome::Partial, id.map(Into::into), None),
            AppendEntriesResponse::Conflict => (AppendOutcome::Conflict, None, None),
            AppendEntriesResponse::HigherVote(vote) => (AppendOutcome::HigherVote, None, Some(vote.into())),
        };
        Self { outcome: outcome.into(), matched, vote }
    }
}

impl TryFrom<proto::AppendResponse> for AppendEntriesResponse<Config> {
    type Error = NodeError;

    fn try_from(response: proto::AppendResponse) -> Result<Self> {
        Ok(match response.outcome() {
            AppendOutcome::Success => Self::Success,
            AppendOutcome::Partial => Self::PartialSuccess(response.matched.map(Into::into)),
            AppendOutcome::Conflict => Self::Conflict,
            AppendOutcome::HigherVote => {
                Self::HigherVote(response.vote.ok_or_else(|| missing("vote"))?.into())
            }
            AppendOutcome::Unknown => return Err(missing("outcome")),
        })
    }
}

impl From<&VoteRequest<Config>> for proto::VoteRequest {
    fn from(request: &VoteRequest<Config>) -> Self {
        Self {
            vote: Some(request.vote.into()),
            last: request.last_log_id.map(Into::into),
            transfer: request.leadership_transfer,
        }
    }
}

impl TryFrom<proto::VoteRequest> for VoteRequest<Config> {
    type Error = NodeError;

    fn try_from(request: proto::VoteRequest) -> Result<Self> {
        let vote = request.vote.ok_or_else(|| missing("vote"))?.into();
        let mut made = Self::new(vote, request.last.map(Into::into));
        made.leadership_transfer = request.transfer;
        Ok(made)
    }
}

impl From<VoteResponse<Config>> for proto::VoteResponse {
    fn from(response: VoteResponse<Config>) -> Self {
        Self {
            vote: Some(response.vote.into()),
            granted: response.vote_granted,
            last: response.last_log_id.map(Into::into),
        }
    }
}

impl TryFrom<proto::VoteResponse> for VoteResponse<Config> {
    type Error = NodeError;

    fn try_from(response: proto::VoteResponse) -> Result<Self> {
        let vote: Vote = response.vote.ok_or_else(|| missing("vote"))?.into();
        Ok(Self::new(vote, response.last.map(Into::into), response.granted))
    }
}

impl From<&TransferLeaderRequest<Config>> for proto::TransferRequest {
    fn from(request: &TransferLeaderRequest<Config>) -> Self {
        Self {
            from: Some((*request.from_leader()).into()),
            to: *request.to_node_id(),
            last: request.last_log_id().copied().map(Into::into),
        }
    }
}

impl TryFrom<proto::TransferRequest> for TransferLeaderRequest<Config> {
    type Error = NodeError;

    fn try_from(request: proto::TransferRequest) -> Result<Self> {
        let from = request.from.ok_or_else(|| missing("vote"))?.into();
        Ok(Self::new(from, request.to, request.last.map(Into::into)))
    }
}
