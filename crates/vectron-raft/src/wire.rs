//! The consensus library's values as protobuf: what the log stores and what replicas say to each other. The library's
//! own encodings change between its versions; these do not.

use crate::types::{Command, Entry, LogId, Membership, Meta, ReplicaId, StoredMembership, Vote};
use crate::{NodeError, Result};
use bytes::Bytes;
use openraft::EntryPayload;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse,
};
use openraft::vote::RaftLeaderId;
use prost::{Message, Oneof};
use std::collections::BTreeSet;

type Config = crate::types::Config;
type LeaderId = openraft::alias::LeaderIdOf<Config>;

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct LogIdMsg {
    #[prost(uint64, tag = "1")]
    pub term: u64,
    #[prost(uint64, tag = "2")]
    pub node: u64,
    #[prost(uint64, tag = "3")]
    pub index: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct VoteMsg {
    #[prost(uint64, tag = "1")]
    pub term: u64,
    #[prost(uint64, tag = "2")]
    pub node: u64,
    #[prost(bool, tag = "3")]
    pub committed: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct MembershipMsg {
    /// One, or two while it changes.
    #[prost(message, repeated, tag = "1")]
    pub configs: Vec<VotersMsg>,
    /// Voters and learners.
    #[prost(uint64, repeated, tag = "2")]
    pub members: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct VotersMsg {
    #[prost(uint64, repeated, tag = "1")]
    pub ids: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub struct EntryMsg {
    #[prost(message, optional, tag = "1")]
    pub log_id: Option<LogIdMsg>,
    #[prost(oneof = "PayloadMsg", tags = "2, 3")]
    pub payload: Option<PayloadMsg>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum PayloadMsg {
    #[prost(bytes = "bytes", tag = "2")]
    Command(Bytes),
    #[prost(message, tag = "3")]
    Membership(MembershipMsg),
}

/// What a shard's store keeps beside the applied index, and what names a snapshot.
#[derive(Clone, PartialEq, Message)]
pub struct Stamp {
    #[prost(message, optional, tag = "1")]
    pub log_id: Option<LogIdMsg>,
    #[prost(message, optional, tag = "2")]
    pub membership_log_id: Option<LogIdMsg>,
    #[prost(message, optional, tag = "3")]
    pub membership: Option<MembershipMsg>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AppendMsg {
    #[prost(message, optional, tag = "1")]
    pub vote: Option<VoteMsg>,
    #[prost(message, optional, tag = "2")]
    pub prev: Option<LogIdMsg>,
    #[prost(message, repeated, tag = "3")]
    pub entries: Vec<EntryMsg>,
    #[prost(message, optional, tag = "4")]
    pub commit: Option<LogIdMsg>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AppendedMsg {
    #[prost(enumeration = "Appended", tag = "1")]
    pub outcome: i32,
    #[prost(message, optional, tag = "2")]
    pub matched: Option<LogIdMsg>,
    #[prost(message, optional, tag = "3")]
    pub vote: Option<VoteMsg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum Appended {
    Unknown = 0,
    Success = 1,
    Partial = 2,
    Conflict = 3,
    HigherVote = 4,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct VoteRequestMsg {
    #[prost(message, optional, tag = "1")]
    pub vote: Option<VoteMsg>,
    #[prost(message, optional, tag = "2")]
    pub last: Option<LogIdMsg>,
    #[prost(bool, tag = "3")]
    pub transfer: bool,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct VoteResponseMsg {
    #[prost(message, optional, tag = "1")]
    pub vote: Option<VoteMsg>,
    #[prost(bool, tag = "2")]
    pub granted: bool,
    #[prost(message, optional, tag = "3")]
    pub last: Option<LogIdMsg>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct TransferMsg {
    #[prost(message, optional, tag = "1")]
    pub from: Option<VoteMsg>,
    #[prost(uint64, tag = "2")]
    pub to: u64,
    #[prost(message, optional, tag = "3")]
    pub last: Option<LogIdMsg>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct TransferredMsg {
    #[prost(bool, tag = "1")]
    pub accepted: bool,
    #[prost(message, optional, tag = "2")]
    pub vote: Option<VoteMsg>,
    #[prost(message, optional, tag = "3")]
    pub last: Option<LogIdMsg>,
}

/// What another replica sent.
pub fn decoded<M: Message + Default>(payload: Bytes) -> Result<M> {
    M::decode(payload).map_err(|e| NodeError::Protocol(e.to_string()))
}

fn missing(what: &str) -> NodeError {
    NodeError::Protocol(format!("a message lacks its {what}"))
}

impl From<LogId> for LogIdMsg {
    fn from(id: LogId) -> Self {
        Self { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
    }
}

impl From<LogIdMsg> for LogId {
    fn from(id: LogIdMsg) -> Self {
        Self { leader_id: LeaderId::new(id.term, id.node), index: id.index }
    }
}

impl From<Vote> for VoteMsg {
    fn from(vote: Vote) -> Self {
        Self { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.committed }
    }
}

impl From<VoteMsg> for Vote {
    fn from(vote: VoteMsg) -> Self {
        Self { leader_id: LeaderId::new(vote.term, vote.node), committed: vote.committed }
    }
}

impl From<&Membership> for MembershipMsg {
    fn from(membership: &Membership) -> Self {
        let configs = membership.get_joint_config().iter();
        Self {
            configs: configs.map(|ids| VotersMsg { ids: ids.iter().copied().collect() }).collect(),
            members: membership.nodes().map(|(id, ())| *id).collect(),
        }
    }
}

impl From<&MembershipMsg> for Membership {
    fn from(membership: &MembershipMsg) -> Self {
        let configs = membership.configs.iter().map(|ids| ids.ids.iter().copied().collect()).collect();
        let members: BTreeSet<ReplicaId> = membership.members.iter().copied().collect();
        Self::new_with_defaults(configs, members)
    }
}

impl From<&Entry> for EntryMsg {
    fn from(entry: &Entry) -> Self {
        let payload = match &entry.payload {
            EntryPayload::Blank => None,
            EntryPayload::Normal(command) => Some(PayloadMsg::Command(command.0.clone())),
            EntryPayload::Membership(membership) => Some(PayloadMsg::Membership(membership.into())),
        };
        Self { log_id: Some(entry.log_id.into()), payload }
    }
}

impl EntryMsg {
    pub fn entry(self) -> Result<Entry> {
        let payload = match self.payload {
            None => EntryPayload::Blank,
            Some(PayloadMsg::Command(command)) => EntryPayload::Normal(Command(command)),
            Some(PayloadMsg::Membership(membership)) => EntryPayload::Membership((&membership).into()),
        };
        Ok(Entry { log_id: self.log_id.ok_or_else(|| missing("log id"))?.into(), payload })
    }
}

impl Stamp {
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

impl From<&AppendEntriesRequest<Config>> for AppendMsg {
    fn from(request: &AppendEntriesRequest<Config>) -> Self {
        Self {
            vote: Some(request.vote.into()),
            prev: request.prev_log_id.map(Into::into),
            entries: request.entries.iter().map(Into::into).collect(),
            commit: request.leader_commit.map(Into::into),
        }
    }
}

impl TryFrom<AppendMsg> for AppendEntriesRequest<Config> {
    type Error = NodeError;

    fn try_from(request: AppendMsg) -> Result<Self> {
        Ok(Self {
            vote: request.vote.ok_or_else(|| missing("vote"))?.into(),
            prev_log_id: request.prev.map(Into::into),
            entries: request.entries.into_iter().map(EntryMsg::entry).collect::<Result<_>>()?,
            leader_commit: request.commit.map(Into::into),
        })
    }
}

impl From<AppendEntriesResponse<Config>> for AppendedMsg {
    fn from(response: AppendEntriesResponse<Config>) -> Self {
        let (outcome, matched, vote) = match response {
            AppendEntriesResponse::Success => (Appended::Success, None, None),
            AppendEntriesResponse::PartialSuccess(id) => (Appended::Partial, id.map(Into::into), None),
            AppendEntriesResponse::Conflict => (Appended::Conflict, None, None),
            AppendEntriesResponse::HigherVote(vote) => (Appended::HigherVote, None, Some(vote.into())),
        };
        Self { outcome: outcome.into(), matched, vote }
    }
}

impl TryFrom<AppendedMsg> for AppendEntriesResponse<Config> {
    type Error = NodeError;

    fn try_from(response: AppendedMsg) -> Result<Self> {
        Ok(match response.outcome() {
            Appended::Success => Self::Success,
            Appended::Partial => Self::PartialSuccess(response.matched.map(Into::into)),
            Appended::Conflict => Self::Conflict,
            Appended::HigherVote => Self::HigherVote(response.vote.ok_or_else(|| missing("vote"))?.into()),
            Appended::Unknown => return Err(missing("outcome")),
        })
    }
}

impl From<&VoteRequest<Config>> for VoteRequestMsg {
    fn from(request: &VoteRequest<Config>) -> Self {
        Self {
            vote: Some(request.vote.into()),
            last: request.last_log_id.map(Into::into),
            transfer: request.leadership_transfer,
        }
    }
}

impl TryFrom<VoteRequestMsg> for VoteRequest<Config> {
    type Error = NodeError;

    fn try_from(request: VoteRequestMsg) -> Result<Self> {
        let vote = request.vote.ok_or_else(|| missing("vote"))?.into();
        let mut made = Self::new(vote, request.last.map(Into::into));
        made.leadership_transfer = request.transfer;
        Ok(made)
    }
}

impl From<VoteResponse<Config>> for VoteResponseMsg {
    fn from(response: VoteResponse<Config>) -> Self {
        Self {
            vote: Some(response.vote.into()),
            granted: response.vote_granted,
            last: response.last_log_id.map(Into::into),
        }
    }
}

impl TryFrom<VoteResponseMsg> for VoteResponse<Config> {
    type Error = NodeError;

    fn try_from(response: VoteResponseMsg) -> Result<Self> {
        let vote: Vote = response.vote.ok_or_else(|| missing("vote"))?.into();
        Ok(Self::new(vote, response.last.map(Into::into), response.granted))
    }
}

impl From<&TransferLeaderRequest<Config>> for TransferMsg {
    fn from(request: &TransferLeaderRequest<Config>) -> Self {
        Self {
            from: Some((*request.from_leader()).into()),
            to: *request.to_node_id(),
            last: request.last_log_id().copied().map(Into::into),
        }
    }
}

impl TryFrom<TransferMsg> for TransferLeaderRequest<Config> {
    type Error = NodeError;

    fn try_from(request: TransferMsg) -> Result<Self> {
        let from = request.from.ok_or_else(|| missing("vote"))?.into();
        Ok(Self::new(from, request.to, request.last.map(Into::into)))
    }
}
