//! Links of all nodes, in rows of atomic words; the row of layer 0 follows the node's code in one block, because
//! a node that was compared is often expanded next.
//!
//! Words of a block: header (`count | level << 16 | twin << 30 | deleted << 31`), first row in `upper` (of a twin: its
//! leader), newest twin (of a twin: the next older one; 0: none), hash of the code, then `2m` links (of a twin: unused).
//! Words of an upper row: count, then `m` links; a node of level `l` has `l` consecutive rows.
//! A link is a node id; bit 31 marks a link of the tree, which must not be pruned.

use crate::{NodeId, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use vectron_kernels::Arena;

const COUNT: u32 = 0xffff;
const LEVEL_SHIFT: u32 = 16;
const LEVEL: u32 = 0x3fff;
const TWIN: u32 = 1 << 30;
const DELETED: u32 = 1 << 31;
/// Mark of a tree link.
pub const TREE: u32 = 1 << 31;
const HEADER_WORDS: usize = 4;
/// Places of the words of a block.
const HEADER: usize = 0;
const UPPER: usize = 1;
const NEXT: usize = 2;
const HASH: usize = 3;

pub struct Links {
    m: usize,
    /// Code and links of layer 0 of each node.
    pub rows: Arena,
    upper: Arena,
}

/// A link without its mark.
#[inline]
pub fn target(link: u32) -> NodeId {
    link & !TREE
}

impl Links {
    pub fn new(m: usize, code_bytes: usize) -> Self {
        Self { m, rows: Arena::new(code_bytes, HEADER_WORDS + 2 * m), upper: Arena::new(0, 1 + m) }
    }

    pub fn len(&self) -> u32 {
        self.rows.len()
    }

    /// Most links of a node on `layer`.
    pub fn max(&self, layer: usize) -> usize {
        if layer == 0 { self.m * 2 } else { self.m }
    }

    pub fn memory_bytes(&self) -> usize {
        self.rows.bytes() + self.upper.bytes()
    }

    /// Adds a node without links; one thread at a time. `hash`: kept for [`Links::hash`].
    pub fn push(&self, level: usize, hash: u32, fill: impl FnOnce(&mut [u8])) -> Result<NodeId> {
        let first = self.upper.len();
        for _ in 0..level {
            self.upper.push(|_| ())?;
        }
        self.rows.push_with(fill, |words| {
            words[HEADER].store((level as u32) << LEVEL_SHIFT, Ordering::Relaxed);
            words[UPPER].store(first, Ordering::Relaxed);
            words[HASH].store(hash, Ordering::Relaxed);
        })
    }

    /// Adds a twin, the newest of `leader`; one thread at a time.
    pub fn push_twin(&self, leader: NodeId, fill: impl FnOnce(&mut [u8])) -> Result<NodeId> {
        let newest = &self.rows.words(leader)[NEXT];
        let twin = self.rows.push_with(fill, |words| {
            words[HEADER].store(TWIN, Ordering::Relaxed);
            words[UPPER].store(leader, Ordering::Relaxed);
            words[NEXT].store(newest.load(Ordering::Relaxed), Ordering::Relaxed);
        })?;
        newest.store(twin, Ordering::Release);
        Ok(twin)
    }

    /// The leader of a twin; `None`: the node is no twin.
    pub fn leader(&self, node: NodeId) -> Option<NodeId> {
        let words = self.rows.words(node);
        let is_twin = words[HEADER].load(Ordering::Relaxed) & TWIN != 0;
        is_twin.then(|| words[UPPER].load(Ordering::Relaxed))
    }

    /// The newest twin of a leader; the next older one of a twin. Node 0 is no twin.
    pub fn next_twin(&self, node: NodeId) -> Option<NodeId> {
        let next = self.rows.words(node)[NEXT].load(Ordering::Acquire);
        (next != 0).then_some(next)
    }

    /// The hash of a leader's code.
    pub fn hash(&self, leader: NodeId) -> u32 {
        self.rows.words(leader)[HASH].load(Ordering::Relaxed)
    }

    pub fn level(&self, node: NodeId) -> usize {
        ((self.header(node) >> LEVEL_SHIFT) & LEVEL) as usize
    }

    pub fn is_deleted(&self, node: NodeId) -> bool {
        self.header(node) & DELETED != 0
    }

    /// `true` the first time.
    pub fn mark_deleted(&self, node: NodeId) -> bool {
        self.rows.words(node)[HEADER].fetch_or(DELETED, Ordering::AcqRel) & DELETED == 0
    }

    #[inline]
    fn header(&self, node: NodeId) -> u32 {
        self.rows.words(node)[HEADER].load(Ordering::Relaxed)
    }

    /// Marked links of a node, read one by one while a writer may be changing them.
    #[inline]
    pub fn of(&self, node: NodeId, layer: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        let (count, links) = self.list(node, layer);
        let count = (count.load(Ordering::Acquire) & COUNT) as usize;
        links[..count.min(links.len())].iter().map(|link| link.load(Ordering::Relaxed))
    }

    #[inline]
    fn list(&self, node: NodeId, layer: usize) -> (&AtomicU32, &[AtomicU32]) {
        let words = self.rows.words(node);
        if layer == 0 {
            return (&words[HEADER], &words[HEADER_WORDS..]);
        }
        let row = words[UPPER].load(Ordering::Relaxed) + layer as u32 - 1;
        let (count, links) = self.upper.words(row).split_at(1);
        (&count[0], links)
    }

    /// Replaces the list. One writer a node at a time.
    ///
    /// # Panics
    /// When `links` has more than [`Links::max`] entries, or the node does not reach `layer`.
    pub fn set(&self, node: NodeId, layer: usize, links: &[u32]) {
        assert!(layer <= self.level(node), "layer {layer} of a node of level {}", self.level(node));
        let (count, places) = self.list(node, layer);
        let places = &places[..links.len()];
        places.iter().zip(links).for_each(|(place, link)| place.store(*link, Ordering::Relaxed));
        self.set_count(count, links.len());
    }

    /// Adds one link at the end. As [`Links::set`].
    pub fn push_link(&self, node: NodeId, layer: usize, link: u32) {
        let (count, places) = self.list(node, layer);
        let at = (count.load(Ordering::Relaxed) & COUNT) as usize;
        places[at].store(link, Ordering::Relaxed);
        self.set_count(count, at + 1);
    }

    fn set_count(&self, count: &AtomicU32, new: usize) {
        let old = count.load(Ordering::Relaxed);
        // The deleted mark may be set meanwhile: it is not overwritten.
        count.fetch_add((new as u32).wrapping_sub(old & COUNT), Ordering::AcqRel);
    }
}
