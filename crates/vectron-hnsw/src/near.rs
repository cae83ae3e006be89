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

/// The best `ef` nodes seen, sorted, with a mark on those whose links were read. It is candidates and results of
/// the paper's SEARCH-LAYER in one list: a candidate that is not among the best `ef` would never be expanded.
#[derive(Default)]
pub struct Pool {
    nodes: Vec<u64>,
    ef: usize,
    /// No node before this place waits for expansion.
    cursor: usize,
}

impl Pool {
    pub fn begin(&mut self, ef: usize) {
        self.nodes.clear();
        self.nodes.reserve(ef + 1);
        self.ef = ef;
        self.cursor = 0;
    }

    /// Whether the node got a place.
    #[inline]
    pub fn insert(&mut self, near: Near) -> bool {
        let full = self.nodes.len() == self.ef;
        if full && self.nodes.last().is_some_and(|worst| near.0 >= *worst) {
            return false;
        }
        let at = self.nodes.partition_point(|other| *other < near.0);
        if full {
            self.nodes.pop();
        }
        self.nodes.insert(at, near.0);
        self.cursor = self.cursor.min(at);
        true
    }

    /// The closest node whose links were not read yet; marks it.
    #[inline]
    pub fn expand_next(&mut self) -> Option<Near> {
        while let Some(node) = self.nodes.get_mut(self.cursor) {
            self.cursor += 1;
            if *node & EXPANDED == 0 {
                *node |= EXPANDED;
                return Some(Near(*node & !EXPANDED));
            }
        }
        None
    }

    pub fn is_full(&self) -> bool {
        self.nodes.len() == self.ef
    }

    /// Closest first.
    pub fn best(&self) -> impl ExactSizeIterator<Item = Near> + '_ {
        self.nodes.iter().map(|node| Near(*node & !EXPANDED))
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
