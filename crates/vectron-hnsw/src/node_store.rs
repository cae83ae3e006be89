//! Codes and links of all nodes, in chunks: growth allocates, it never moves what is there.

use crate::{Encoded, NodeId};

const CHUNK: usize = 1024;

/// Scale of a position without a node.
const ABSENT: (f32, f32) = (f32::NAN, 0.0);

pub struct NodeStore {
    dim: usize,
    /// `1 + 2m` words a node: the count, then the links of layer 0.
    stride: usize,
    codes: Vec<Box<[i8]>>,
    links0: Vec<Box<[u32]>>,
    /// Links above layer 0, one list a layer; empty for most nodes.
    upper: Vec<Box<[Vec<NodeId>]>>,
    /// (scale, squared norm) of a node.
    scales: Vec<(f32, f32)>,
}

impl NodeStore {
    pub fn new(dim: usize, m: usize) -> Self {
        Self {
            dim,
            stride: 1 + 2 * m,
            codes: Vec::new(),
            links0: Vec::new(),
            upper: Vec::new(),
            scales: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.scales.len()
    }

    pub fn memory_bytes(&self) -> usize {
        self.codes.len() * CHUNK * self.dim + self.links0.len() * CHUNK * self.stride * 4 + self.len() * 32
    }

    pub fn is_absent(&self, node: NodeId) -> bool {
        self.scales[node as usize].0.is_nan()
    }

    /// Layers above layer 0.
    pub fn level(&self, node: NodeId) -> usize {
        self.upper[node as usize].len()
    }

    /// Codes, scale and squared norm.
    #[inline]
    pub fn vector(&self, node: NodeId) -> (&[i8], f32, f32) {
        let at = node as usize;
        let start = (at % CHUNK) * self.dim;
        let (scale, norm) = self.scales[at];
        (&self.codes[at / CHUNK][start..start + self.dim], scale, norm)
    }

    #[inline]
    pub fn links(&self, node: NodeId, layer: usize) -> &[NodeId] {
        let at = node as usize;
        if layer > 0 {
            return self.upper[at].get(layer - 1).map_or(&[], Vec::as_slice);
        }
        let start = (at % CHUNK) * self.stride;
        let block = &self.links0[at / CHUNK][start..start + self.stride];
        &block[1..=block[0] as usize]
    }

    pub fn set_links(&mut self, node: NodeId, layer: usize, links: &[NodeId]) {
        let at = node as usize;
        if layer > 0 {
            if let Some(list) = self.upper[at].get_mut(layer - 1) {
                links.clone_into(list);
            }
            return;
        }
        let start = (at % CHUNK) * self.stride;
        let block = &mut self.links0[at / CHUNK][start..start + self.stride];
        block[0] = links.len() as u32;
        block[1..=links.len()].copy_from_slice(links);
    }

    pub fn push(&mut self, vector: &Encoded, level: usize) {
        self.grow();
        let at = self.scales.len();
        let start = (at % CHUNK) * self.dim;
        self.codes[at / CHUNK][start..start + self.dim].copy_from_slice(&vector.codes);
        self.scales.push((vector.scale, vector.norm));
        self.upper.push(vec![Vec::new(); level].into_boxed_slice());
    }

    pub fn push_absent(&mut self) {
        self.grow();
        self.scales.push(ABSENT);
        self.upper.push(Box::default());
    }

    fn grow(&mut self) {
        if self.scales.len() == self.codes.len() * CHUNK {
            self.codes.push(vec![0i8; CHUNK * self.dim].into_boxed_slice());
            self.links0.push(vec![0u32; CHUNK * self.stride].into_boxed_slice());
        }
    }
}
