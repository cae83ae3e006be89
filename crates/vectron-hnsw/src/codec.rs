//! A graph as bytes, for a snapshot. The codes are in it, because a deleted node is still a waypoint when
//! its vector is gone from the store.
//!
//! Layout, little-endian `u32`: node count, entry (`u32::MAX` when none), then for each node its level
//! (`u32::MAX` when absent), scale and norm (f32 bits), the codes padded to four, and for layers 0..=level
//! the count and the links.

use crate::{Config, Encoded, Graph, NodeId};

const ABSENT: u32 = u32::MAX;

/// The bytes are not a graph of this configuration: rebuild it from the vectors.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("graph snapshot is damaged: {0}")]
pub struct GraphFileError(&'static str);

struct Words<'a>(std::slice::Iter<'a, [u8; 4]>);

impl Words<'_> {
    fn next(&mut self) -> Result<u32, GraphFileError> {
        self.0.next().map(|word| u32::from_le_bytes(*word)).ok_or(GraphFileError("it ends early"))
    }

    fn encoded(&mut self, dim: usize) -> Result<Encoded, GraphFileError> {
        let scale = f32::from_bits(self.next()?);
        let norm = f32::from_bits(self.next()?);
        if !scale.is_finite() || !norm.is_finite() {
            return Err(GraphFileError("a scale is not finite"));
        }
        let mut codes = Vec::with_capacity(dim.next_multiple_of(4));
        while codes.len() < dim {
            codes.extend(self.next()?.to_le_bytes().map(|byte| byte as i8));
        }
        codes.truncate(dim);
        Ok(Encoded { codes: codes.into_boxed_slice(), scale, norm })
    }
}

impl Graph {
    /// O(nodes * (dim + links)). The counterpart of [`Graph::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut put = |word: u32| out.extend_from_slice(&word.to_le_bytes());
        put(self.len() as u32);
        put(self.entry.unwrap_or(ABSENT));
        for node in 0..self.len() as NodeId {
            if self.nodes.is_absent(node) {
                put(ABSENT);
                continue;
            }
            put(self.nodes.level(node) as u32);
            let (codes, scale, norm) = self.nodes.vector(node);
            put(scale.to_bits());
            put(norm.to_bits());
            for four in codes.chunks(4) {
                let mut word = [0u8; 4];
                word.iter_mut().zip(four).for_each(|(byte, code)| *byte = *code as u8);
                put(u32::from_le_bytes(word));
            }
            for layer in 0..=self.nodes.level(node) {
                let links = self.nodes.links(node, layer);
                put(links.len() as u32);
                links.iter().copied().for_each(&mut put);
            }
        }
        out
    }

    /// Any byte sequence gives a graph whose links are in range, or an error; memory stays within a small
    /// multiple of the input.
    pub fn from_bytes(config: Config, bytes: &[u8]) -> Result<Graph, GraphFileError> {
        let (words, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(GraphFileError("its length is not a multiple of four"));
        }
        let mut words = Words(words.iter());
        let mut graph = Graph::new(config);
        let count = words.next()?;
        let entry = words.next()?;
        for _ in 0..count {
            let level = words.next()?;
            if level == ABSENT {
                graph.push_absent();
                continue;
            }
            if level > 16 {
                return Err(GraphFileError("a level is out of range"));
            }
            let vector = words.encoded(config.dim)?;
            let node = graph.len() as NodeId;
            graph.nodes.push(&vector, level as usize);
            for layer in 0..=level as usize {
                let degree = words.next()? as usize;
                if degree > graph.max_links(layer) {
                    return Err(GraphFileError("a node has too many links"));
                }
                let links = (0..degree).map(|_| words.next()).collect::<Result<Vec<_>, _>>()?;
                graph.nodes.set_links(node, layer, &links);
            }
        }
        graph.check_links()?;
        if entry != ABSENT {
            if entry >= count || graph.nodes.is_absent(entry) {
                return Err(GraphFileError("the entry point is out of range"));
            }
            graph.entry = Some(entry);
            graph.max_level = graph.nodes.level(entry);
        }
        Ok(graph)
    }

    fn check_links(&self) -> Result<(), GraphFileError> {
        for node in 0..self.len() as NodeId {
            for layer in 0..=self.nodes.level(node) {
                let sound = self.nodes.links(node, layer).iter().all(|&link| {
                    (link as usize) < self.len()
                        && !self.nodes.is_absent(link)
                        && self.nodes.level(link) >= layer
                });
                if !sound {
                    return Err(GraphFileError("a link leads nowhere"));
                }
            }
        }
        Ok(())
    }
}
