//! A node with its distance in one integer, ordered by distance; and the sorted pool a search keeps of them.

use crate::NodeId;

/// `distance` in the high half, mapped so that integer order is float order; then the node, newest first: of equal
/// distances the newer node counts as closer. Thousands of duplicates then form a chain, where the other order
/// links all of them to the same few full nodes. The lowest bit is the pool's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near(u64);

const EXPANDED: u64 = 1;
const NEWEST: u32 = u32::MAX >> 1;

impl Near {
    #[inline]
    pub fn new(distance: f32, node: NodeId) -> Self {
        let bits = distance.to_bits();
        let ordered = bits ^ (((bits as i32) >> 31) as u32 | 0x8000_0000);
        Self(u64::from(ordered) << 32 | u64::from(NEWEST - node) << 1)
    }

    /// Closer than this are exactly the nodes at `distance` or less.
    #[inline]
    pub fn beyond(distance: f32) -> Self {
        Self(Self::new(distance, 0).0 | u64::from(u32::MAX))
    }

    #[inline]
    pub fn node(self) -> NodeId {
        NEWEST - ((self.0 as u32) >> 1)
    }

    #[inline]
    pub fn distance(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        let bits = ordered ^ (((!ordered as i32) >> 31) as u32 | 0x8000_0000);
        f32::from_bits(bits)
    }
}

/// The best nodes seen, sorted, with a mark on those whose links were read. It is candidates and results of
/// the paper's SEARCH-LAYER in one list: a candidate that is not among them would never be expanded.
#[derive(Default)]
pub struct Pool {
    nodes: Vec<u64>,
    room: usize,
    /// No node before this place waits for expansion.
    cursor: usize,
    /// Nothing that is not closer is taken.
    limit: u64,
}

impl Pool {
    pub fn begin(&mut self, room: usize) {
        self.nodes.clear();
        self.nodes.reserve(room + 1);
        self.room = room;
        self.cursor = 0;
        self.limit = u64::MAX;
    }

    /// Nothing further than `most` is taken or expanded any more.
    pub fn narrow(&mut self, most: f32) {
        self.limit = self.limit.min(Near::beyond(most).0);
    }

    /// The greatest distance that may be taken, or a little more.
    #[inline]
    pub fn most(&self) -> f32 {
        if self.limit == u64::MAX { f32::INFINITY } else { Near(self.limit).distance() }
    }

    /// Whether the node got a place.
    #[inline]
    pub fn insert(&mut self, near: Near) -> bool {
        if near.0 >= self.limit {
            return false;
        }
        let at = first_not_below(&self.nodes, near.0);
        if self.nodes.len() == self.room {
            self.nodes.pop();
        }
        self.nodes.insert(at, near.0);
        self.cursor = self.cursor.min(at);
        if self.nodes.len() == self.room {
            self.limit = self.limit.min(self.nodes[self.room - 1] & !EXPANDED);
        }
        true
    }

    /// The closest node whose links were not read yet; marks it. `None`: what waits is too far.
    #[inline]
    pub fn expand_next(&mut self) -> Option<Near> {
        while let Some(node) = self.nodes.get_mut(self.cursor) {
            self.cursor += 1;
            if *node & EXPANDED == 0 {
                // The last of a full pool is the limit itself.
                if *node > self.limit {
                    return None;
                }
                *node |= EXPANDED;
                return Some(Near(*node & !EXPANDED));
            }
        }
        None
    }

    pub fn is_full(&self) -> bool {
        self.nodes.len() == self.room
    }

    /// The `k`-th best, from 1.
    #[inline]
    pub fn nth(&self, k: usize) -> Option<Near> {
        self.nodes.get(k - 1).map(|node| Near(*node & !EXPANDED))
    }

    /// Closest first.
    pub fn best(&self) -> impl ExactSizeIterator<Item = Near> + '_ {
        self.nodes.iter().map(|node| Near(*node & !EXPANDED))
    }
}

/// Where in a sorted list `wanted` belongs. Halves without jumps that depend on what is compared.
#[inline]
fn first_not_below(sorted: &[u64], wanted: u64) -> usize {
    let (mut from, mut left) = (0, sorted.len());
    while left > 1 {
        let half = left / 2;
        from = if sorted[from + half - 1] < wanted { from + half } else { from };
        left -= half;
    }
    from + usize::from(left == 1 && sorted[from] < wanted)
}

/// The `k` best of the nodes that may be returned.
#[derive(Default)]
pub struct Best {
    nodes: Vec<u64>,
    k: usize,
}

impl Best {
    pub fn begin(&mut self, k: usize) {
        self.nodes.clear();
        self.k = k;
    }

    pub fn insert(&mut self, near: Near) {
        let full = self.nodes.len() == self.k;
        if full && self.nodes.last().is_some_and(|worst| near.0 >= *worst) {
            return;
        }
        if full {
            self.nodes.pop();
        }
        let at = first_not_below(&self.nodes, near.0);
        self.nodes.insert(at, near.0);
    }

    /// The `k`-th, once there are so many.
    pub fn last(&self) -> Option<Near> {
        (self.nodes.len() == self.k).then(|| self.nodes.last().map(|node| Near(*node))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 8 } else { 256 }, failure_persistence: None, ..Default::default() })]

        #[test]
        fn integer_order_is_float_order(a in any::<f32>(), b in any::<f32>(), i in 0u32..1 << 31, j in 0u32..1 << 31) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let (x, y) = (Near::new(a, i), Near::new(b, j));
            prop_assert_eq!((x.distance(), x.node()), (a, i));
            prop_assert_eq!(x.cmp(&y), a.total_cmp(&b).then(j.cmp(&i)));
        }

        #[test]
        fn a_pool_keeps_the_best(values in prop::collection::vec(-100i32..100, 1..200), ef in 1usize..50) {
            let mut pool = Pool::default();
            pool.begin(ef);
            let mut all: Vec<Near> = Vec::new();
            for (node, value) in values.iter().enumerate() {
                let near = Near::new(*value as f32, node as u32);
                pool.insert(near);
                all.push(near);
                if node % 3 == 0 {
                    pool.expand_next();
                }
            }
            all.sort();
            all.truncate(ef);
            prop_assert_eq!(pool.best().collect::<Vec<_>>(), all);
        }
    }
}
