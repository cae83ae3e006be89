//! The spanning tree that keeps layer 0 connected.
//!
//! Pruning drops links, and a node whose last incoming link is dropped is lost to every search. So each node but
//! the oldest has a *parent*, an older node close to it; the links between the two, one each way, carry a mark and
//! are never pruned. Parents are older, so following them ends at the oldest node: the marked links are one tree,
//! and layer 0 is strongly connected. A node has at most `m` children, so marked links take at most `m + 1`
//! of its `2m` places. All of it is about leaders: a twin has no links, and is reached through its leader ([`crate::twins`]).

use crate::links::{self, TREE};
use crate::near::Near;
use crate::{Graph, NodeId};

impl Graph {
    /// Gives a node without a parent one: the closest older one of `found` that has room, or a descendant of the
    /// closest. `found`: sorted, closest first.
    pub(crate) fn join_tree(&self, id: NodeId, found: &[Near]) {
        let older = || found.iter().map(|near| near.node()).filter(|&node| node < id);
        let Some(mut from) = older().find(|&node| self.has_room(node)).or_else(|| older().next()) else {
            return;
        };
        let mut orphan = id;
        loop {
            let parent = self.toward_room(from, orphan);
            if self.has_room(parent) {
                return self.connect(parent, orphan);
            }
            // All children of a full parent are newer than the orphan: the newest one gives way, and looks for a
            // place below the orphan. Orphans get newer with every turn, so this ends.
            let Some(newest) = self.children(parent).max() else { return };
            self.disconnect(parent, newest);
            self.connect(parent, orphan);
            (from, orphan) = (orphan, newest);
        }
    }

    /// Down the tree from `from`, over nodes older than `before`, to one with room, or to one without such children.
    fn toward_room(&self, from: NodeId, before: NodeId) -> NodeId {
        let mut node = from;
        while !self.has_room(node) {
            match self.children(node).find(|&child| child < before) {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    pub(crate) fn has_room(&self, node: NodeId) -> bool {
        self.children(node).count() < self.config.m
    }

    /// Nodes whose parent `node` is: its marked links to newer nodes.
    pub(crate) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let tree = self.links.of(node, 0).filter(|link| link & TREE != 0);
        tree.map(links::target).filter(move |&child| child > node)
    }

    pub(crate) fn parent(&self, node: NodeId) -> Option<NodeId> {
        let mut tree = self.links.of(node, 0).filter(|link| link & TREE != 0).map(links::target);
        tree.find(|&parent| parent < node)
    }

    /// Whether the marked links of a node are as they must be.
    pub(crate) fn is_in_tree(&self, node: NodeId) -> bool {
        let marked = self.links.of(node, 0).filter(|link| link & TREE != 0).map(links::target);
        let parents: Vec<NodeId> = marked.filter(|&other| other < node).collect();
        let known = |parent: NodeId| self.children(parent).any(|child| child == node);
        parents.len() == usize::from(node > 0)
            && parents.into_iter().all(known)
            && self.children(node).count() <= self.config.m
            && self.children(node).all(|child| self.parent(child) == Some(node))
    }

    /// Marks the links between the two, adding them where they are missing.
    pub(crate) fn connect(&self, parent: NodeId, child: NodeId) {
        self.mark(parent, child);
        self.mark(child, parent);
    }

    fn disconnect(&self, parent: NodeId, child: NodeId) {
        for (from, to) in [(parent, child), (child, parent)] {
            let list: Vec<u32> = self
                .links
                .of(from, 0)
                .map(|link| if links::target(link) == to { to } else { link })
                .collect();
            self.links.set(from, 0, &list);
        }
    }

    fn mark(&self, from: NodeId, to: NodeId) {
        let mut list: Vec<u32> = self.links.of(from, 0).collect();
        match list.iter_mut().find(|link| links::target(**link) == to) {
            Some(link) => *link |= TREE,
            None => {
                list.push(to | TREE);
                if list.len() > self.links.max(0) {
                    list = self.prune(from, list, None, self.links.max(0));
                }
            }
        }
        self.links.set(from, 0, &list);
    }

    /// Gives every leader without a parent one, oldest first: an older node among its links, or the leader of the node
    /// before it.
    pub(crate) fn complete_tree(&self) {
        for node in self.leaders().skip(1).filter(|&node| self.parent(node).is_none()) {
            let older: Vec<NodeId> =
                self.links.of(node, 0).map(links::target).filter(|&n| n < node).collect();
            let mut found = self.nearest_of(node, &older);
            found.sort_unstable();
            if found.is_empty() {
                found.push(Near::new(0.0, self.leader(node - 1)));
            }
            self.join_tree(node, &found);
        }
    }
}
