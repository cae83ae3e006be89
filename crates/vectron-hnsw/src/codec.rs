//! A graph as bytes, for a snapshot.
//!
//! Layout, little-endian: entry u64 | nodes u32 | greatest squared norm f32 | length u32 of what the codes were trained to,
//! which follows | the code of every node, one after the other | for each node: header u32 (`level << 16 | twin << 30 |
//! deleted << 31`), and of a twin the leader u32, of another node for layers 0..=level the count u32 and the marked links
//! u32 each.
//!
//! Graphs of a version without twins, in which equal vectors may be nodes of their own and cut others off, are refused
//! ("equal nodes"), so that they are built anew.

use crate::codes::Codes;
use crate::links::{self, TREE};
use crate::twins::Leaders;
use crate::{Config, Graph, NO_ENTRY, NodeId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vectron_kernels::Arena;

/// The bytes are not a graph of this configuration: rebuild it from the vectors.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("graph snapshot is damaged: {0}")]
pub struct GraphFileError(&'static str);

const EARLY: GraphFileError = GraphFileError("it ends early");
const NO_MEMORY: GraphFileError = GraphFileError("there is no memory for it");
const MAX_LEVEL: u32 = 16;
const TWIN: u32 = 1 << 30;
const DELETED: u32 = 1 << 31;

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], GraphFileError> {
    bytes.split_off(..count).ok_or(EARLY)
}

fn word(bytes: &mut &[u8]) -> Result<u32, GraphFileError> {
    let (word, rest) = bytes.split_first_chunk::<4>().ok_or(EARLY)?;
    *bytes = rest;
    Ok(u32::from_le_bytes(*word))
}

impl Graph {
    /// O(nodes * (code + links)). The caller keeps writers out; searches go on. A graph that shares its vectors
    /// leaves them out.
    pub fn write_to(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        out.write_all(&self.entry.load(Ordering::Acquire).to_le_bytes())?;
        let nodes = self.len() as NodeId;
        out.write_all(&nodes.to_le_bytes())?;
        out.write_all(&self.greatest_norm().to_le_bytes())?;
        let trained = self.codes.to_bytes();
        out.write_all(&(trained.len() as u32).to_le_bytes())?;
        out.write_all(&trained)?;
        for node in 0..nodes {
            out.write_all(self.links.rows.data(node))?;
        }
        let mut words: Vec<u32> = Vec::new();
        for node in 0..nodes {
            let level = self.links.level(node);
            words.clear();
            let deleted = if self.is_deleted(node) { DELETED } else { 0 };
            if let Some(leader) = self.links.leader(node) {
                words.extend([TWIN | deleted, leader]);
            } else {
                words.push((level as u32) << 16 | deleted);
                for layer in 0..=level {
                    let list = self.links.of(node, layer);
                    words.push(list.len() as u32);
                    words.extend(list);
                }
            }
            for word in &words {
                out.write_all(&word.to_le_bytes())?;
            }
        }
        Ok(())
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = self.write_to(&mut bytes);
        bytes
    }

    /// Any byte sequence gives a graph whose links are in range, or an error; memory stays within a small
    /// multiple of the input. `vectors`: the rows of a graph that shares them.
    pub fn from_bytes(
        config: Config,
        vectors: Option<Arc<Arena>>,
        mut bytes: &[u8],
    ) -> Result<Graph, GraphFileError> {
        let bytes = &mut bytes;
        let entry = u64::from(word(bytes)?) | u64::from(word(bytes)?) << 32;
        let count = word(bytes)?;
        let norm = f32::from_bits(word(bytes)?);
        if !(norm >= 0.0 && norm.is_finite()) {
            return Err(GraphFileError("its greatest norm"));
        }
        let trained = word(bytes)? as usize;
        let trained = take(bytes, trained)?;
        let codes =
            Codes::from_bytes(&config, trained).ok_or(GraphFileError("what its codes were trained to"))?;
        if vectors.as_ref().is_some_and(|vectors| vectors.len() < count) {
            return Err(GraphFileError("it has more nodes than vectors"));
        }
        let graph = Graph::with_codes(config, codes.with_rows(vectors));
        graph.raise_norm(norm);
        let code = graph.codes.row_bytes();
        let codes = take(bytes, code.checked_mul(count as usize).ok_or(EARLY)?)?;
        // Every node has a header and a count or a leader at least, so `count` is within the input.
        if bytes.len() < count as usize * 8 {
            return Err(EARLY);
        }
        let mut leaders = graph.writer.lock();
        for node in 0..count {
            let row = &codes[node as usize * code..][..code];
            graph.read_node(&mut leaders, node, row, bytes)?;
        }
        drop(leaders);
        if !bytes.is_empty() {
            return Err(GraphFileError("it contains data after its end"));
        }
        graph.check_links()?;
        if entry != NO_ENTRY {
            let (node, level) = (entry as u32, (entry >> 32) as usize);
            if node >= count || graph.is_twin(node) || graph.links.level(node) != level {
                return Err(GraphFileError("the entry point is out of range"));
            }
            graph.set_entry(node, level);
        } else if count > 0 {
            return Err(GraphFileError("the entry point is missing"));
        }
        Ok(graph)
    }

    fn read_node(
        &self,
        leaders: &mut Leaders,
        node: NodeId,
        code: &[u8],
        bytes: &mut &[u8],
    ) -> Result<(), GraphFileError> {
        let header = word(bytes)?;
        if header & TWIN != 0 {
            self.read_twin(node, word(bytes)?, code)?;
        } else {
            self.read_leader(leaders, node, header, code, bytes)?;
        }
        if header & DELETED != 0 {
            self.links.mark_deleted(node);
            self.deleted.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    fn read_twin(&self, node: NodeId, leader: NodeId, code: &[u8]) -> Result<(), GraphFileError> {
        if leader >= node || self.is_twin(leader) {
            return Err(GraphFileError("a twin's leader is none"));
        }
        self.push_twin(leader, code).map_err(|_| NO_MEMORY)?;
        if self.is_equal(node, leader) {
            Ok(())
        } else {
            Err(GraphFileError("a twin is not equal to its leader"))
        }
    }

    fn read_leader(
        &self,
        leaders: &mut Leaders,
        node: NodeId,
        header: u32,
        code: &[u8],
        bytes: &mut &[u8],
    ) -> Result<(), GraphFileError> {
        let level = (header & !DELETED) >> 16;
        if level > MAX_LEVEL {
            return Err(GraphFileError("a level is out of range"));
        }
        if self.push_saved(leaders, level as usize, code).map_err(|_| NO_MEMORY)?.is_none() {
            return Err(GraphFileError("it has equal nodes"));
        }
        let mut list = [0u32; 256];
        for layer in 0..=level as usize {
            let degree = word(bytes)? as usize;
            if degree > self.links.max(layer) {
                return Err(GraphFileError("a node has too many links"));
            }
            for place in list.iter_mut().take(degree) {
                *place = word(bytes)?;
            }
            self.links.set(node, layer, &list[..degree]);
        }
        Ok(())
    }

    fn check_links(&self) -> Result<(), GraphFileError> {
        for node in self.leaders() {
            for layer in 0..=self.links.level(node) {
                let sound = self.links.of(node, layer).all(|link| {
                    let to = links::target(link);
                    (to as usize) < self.len()
                        && to != node
                        && !self.is_twin(to)
                        && self.links.level(to) >= layer
                        && (link & TREE == 0 || layer == 0)
                });
                if !sound {
                    return Err(GraphFileError("a link leads nowhere"));
                }
            }
        }
        if self.leaders().all(|node| self.is_in_tree(node)) {
            Ok(())
        } else {
            Err(GraphFileError("its tree is broken"))
        }
    }
}
