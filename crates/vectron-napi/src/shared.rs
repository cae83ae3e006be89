//! Engines that several threads of JavaScript use: each thread has handles of its own on the one that is open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use vectron_raft::Node;

static NODES: LazyLock<Mutex<HashMap<u32, Node>>> = LazyLock::new(Mutex::default);
static LAST_ID: AtomicU32 = AtomicU32::new(0);

fn nodes() -> MutexGuard<'static, HashMap<u32, Node>> {
    NODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of an open engine within this process. Whoever holds it can find the engine, until this is dropped.
pub(crate) struct Name(u32);

impl Name {
    /// Makes the engine known.
    pub(crate) fn of(node: &Node) -> Self {
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        nodes().insert(id, node.clone());
        Self(id)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // Dropped outside of the lock: the last handle of an engine may take its time.
        let _node = nodes().remove(&self.0);
    }
}

/// The engine of that name; none: it was closed.
pub(crate) fn named(id: u32) -> Option<Node> {
    nodes().get(&id).cloned()
}
