//! Equal vectors: one node of the graph, many ids.
//!
//! Links between equal vectors would fill every list of theirs and cut off all others. So a node whose code has the
//! same bytes as that of an older node, its *leader*, is a *twin* of it: it has no links, and no node links to it.
//! Walks meet leaders alone; what a walk found is replaced by all ids of the same code when it is over. No two leaders have
//! the same code: a table of the leaders by the hash of their code says at insertion whether there is one. A walk could
//! not: by inner product a vector is not the closest to itself.
//!
//! A leader that is deleted or refused by a filter leads to its twins as before. Compaction makes the oldest living of
//! equal nodes the leader.
//!
//! The twins of a leader are a chain, newest first, in the rows of [`crate::links`]; it grows at its head, so readers need
//! no lock.

use crate::near::Near;
use crate::{Graph, Metric, NodeId, Query, Result, SearchOptions};
use hashbrown::HashTable;
use std::hash::{DefaultHasher, Hasher};
use std::io::{Error, ErrorKind};
use std::sync::atomic::Ordering;

/// The leaders by the hash of their code; whoever holds it changes the graph.
#[derive(Default)]
pub struct Leaders {
    table: HashTable<NodeId>,
    /// The code of the vector that is being inserted.
    code: Vec<u8>,
}

/// What insertion knows of a vector before it walks.
pub(crate) struct Coded {
    hash: u32,
    /// The node that has this code already.
    pub leader: Option<NodeId>,
}

/// 32 bits of SipHash-1-3 with keys 0: the same everywhere. Codes of equal hashes are compared.
fn hash_of(code: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(code);
    hasher.finish() as u32
}

/// The table reads high and low bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Graph {
    /// Nodes that are twins of another.
    pub fn twins(&self) -> usize {
        self.twins.load(Ordering::Acquire) as usize
    }

    /// The node that has the links of this node's code: itself, unless it is a twin.
    pub(crate) fn leader(&self, node: NodeId) -> NodeId {
        self.links.leader(node).unwrap_or(node)
    }

    pub(crate) fn is_twin(&self, node: NodeId) -> bool {
        self.links.leader(node).is_some()
    }

    /// The nodes that are not twins, oldest first.
    pub(crate) fn leaders(&self) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.len() as NodeId).filter(|&node| !self.is_twin(node))
    }

    /// All nodes of a leader's code, newest first; the leader itself is the last.
    pub(crate) fn group(&self, leader: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let twins = std::iter::successors(self.links.next_twin(leader), |&twin| self.links.next_twin(twin));
        twins.chain([leader])
    }

    /// Encodes the vector of the next node. `query`: its query.
    pub(crate) fn encode(&self, leaders: &mut Leaders, vector: &[f32], query: &Query) -> Coded {
        leaders.code.clear();
        leaders.code.resize(self.codes.row_bytes(), 0);
        self.codes.write_row(vector, query, &mut leaders.code);
        if self.config.metric == Metric::Dot {
            self.raise_norm(self.codes.norm(query));
        }
        let code = self.codes.deciding(self.codes.shared_row(self.links.len()).unwrap_or(&leaders.code));
        let hash = hash_of(code);
        Coded { hash, leader: self.find_leader(leaders, hash, code) }
    }

    fn find_leader(&self, leaders: &Leaders, hash: u32, code: &[u8]) -> Option<NodeId> {
        let same =
            |&node: &NodeId| self.links.hash(node) == hash && self.codes.code(&self.links.rows, node) == code;
        leaders.table.find(spread(hash), same).copied()
    }

    /// Adds the node that was encoded last: a twin if there is a leader, or a leader without links of this level.
    pub(crate) fn push_node(&self, leaders: &mut Leaders, coded: &Coded, level: usize) -> Result<NodeId> {
        let code = std::mem::take(&mut leaders.code);
        let node = match coded.leader {
            Some(leader) => self.push_twin(leader, &code),
            None => self.push_leader(leaders, coded.hash, level, &code),
        };
        leaders.code = code;
        node
    }

    /// Adds a twin. `code`: that of its leader.
    pub(crate) fn push_twin(&self, leader: NodeId, code: &[u8]) -> Result<NodeId> {
        let twin = self.links.push_twin(leader, |row| row.copy_from_slice(code))?;
        self.twins.fetch_add(1, Ordering::AcqRel);
        Ok(twin)
    }

    /// Adds a leader without links. The caller knows that no other has its code.
    fn push_leader(&self, leaders: &mut Leaders, hash: u32, level: usize, code: &[u8]) -> Result<NodeId> {
        let rehash = |&node: &NodeId| spread(self.links.hash(node));
        leaders.table.try_reserve(1, rehash).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
        let node = self.links.push(level, hash, |row| row.copy_from_slice(code))?;
        leaders.table.insert_unique(spread(hash), node, rehash);
        self.table_bytes.store(leaders.table.allocation_size() as u64, Ordering::Relaxed);
        Ok(node)
    }

    /// Adds the heir of a leader of another graph: `node`, which has its code.
    pub(crate) fn push_heir(
        &self,
        leaders: &mut Leaders,
        of: &Graph,
        leader: NodeId,
        node: NodeId,
    ) -> Result<NodeId> {
        let (hash, level) = (of.links.hash(leader), of.links.level(leader));
        self.push_leader(leaders, hash, level, of.links.rows.data(node))
    }

    /// Adds a leader of a saved graph. `None`: another one has its code.
    pub(crate) fn push_saved(
        &self,
        leaders: &mut Leaders,
        level: usize,
        row: &[u8],
    ) -> Result<Option<NodeId>> {
        let code = self.codes.deciding(self.codes.shared_row(self.links.len()).unwrap_or(row));
        let hash = hash_of(code);
        if self.find_leader(leaders, hash, code).is_some() {
            return Ok(None);
        }
        self.push_leader(leaders, hash, level, row).map(Some)
    }

    /// Whether two nodes have the same code.
    pub(crate) fn is_equal(&self, a: NodeId, b: NodeId) -> bool {
        self.codes.code(&self.links.rows, a) == self.codes.code(&self.links.rows, b)
    }

    /// Whether a search may return this leader or one of its twins.
    #[inline]
    pub(crate) fn leads(&self, leader: NodeId, options: &SearchOptions<'_>) -> bool {
        self.may_return(leader, options)
            || self.twins() > 0 && self.group(leader).any(|node| self.may_return(node, options))
    }

    #[inline]
    fn may_return(&self, node: NodeId, options: &SearchOptions<'_>) -> bool {
        (options.with_deleted || !self.links.is_deleted(node))
            && options.accept.is_none_or(|accept| accept(node))
    }

    /// What a walk returns for the leaders it found (closest first): all nodes of their codes that may be returned, closest
    /// and newest first, at most `ef`.
    pub(crate) fn with_twins(
        &self,
        leaders: Vec<(f32, NodeId)>,
        options: &SearchOptions<'_>,
    ) -> Vec<(f32, NodeId)> {
        if self.twins() == 0 {
            return leaders;
        }
        let mut found: Vec<Near> = Vec::with_capacity(options.ef);
        for (distance, leader) in leaders {
            let full = found.len() >= options.ef;
            if full && found.last().is_some_and(|last| distance > last.distance()) {
                break;
            }
            let group = self.group(leader).filter(|&node| self.may_return(node, options));
            found.extend(group.take(options.ef).map(|node| Near::new(distance, node)));
        }
        found.sort_unstable();
        found.truncate(options.ef);
        found.into_iter().map(|near| (near.distance(), near.node())).collect()
    }
}
