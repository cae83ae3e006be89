//! Stored values in the form in which they are answered, kept in memory: an answer that is given again is neither read from
//! the store nor made again. What all stores of a worker keep is bounded in bytes together; what was not asked for lately
//! gives way.
//!
//! A value is known by its key and its version, which no other value of its store ever has under that key, so what is kept
//! is never out of date and nothing is to be taken back by whoever writes.

use quick_cache::{Weighter, sync::Cache};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that keeping a rendering takes besides its own and its name's.
const OVERHEAD: u64 = 160;
/// Bytes of a usual rendering: how many are likely to be kept.
const USUAL: usize = 1 << 10;

/// Which value of a store, in which form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub key: Arc<str>,
    /// Two numbers that this version of the value was written with.
    pub version: (u64, u32),
    /// What was made of it: the caller tells its forms apart by this.
    pub form: u8,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Held {
    store: u64,
    name: Name,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Held, Arc<[u8]>> for Bytes {
    fn weight(&self, held: &Held, rendered: &Arc<[u8]>) -> u64 {
        OVERHEAD + (held.name.key.len() + rendered.len()) as u64
    }
}

/// What all stores of a worker keep. Thread-safe; its locks are held for moments.
pub struct Rendered(Cache<Held, Arc<[u8]>, Bytes>);

impl Rendered {
    /// Keeps about as many bytes at most.
    pub fn new(bytes: usize) -> Self {
        Self(Cache::with_weighter(bytes / USUAL, bytes as u64, Bytes))
    }

    pub(crate) fn get(&self, store: u64, name: Name) -> Option<Arc<[u8]>> {
        self.0.get(&Held { store, name })
    }

    pub(crate) fn keep(&self, store: u64, name: Name, rendered: &[u8]) {
        self.0.insert(Held { store, name }, rendered.into());
    }
}

/// A number that no other store of this process has or had.
pub(crate) fn new_store() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
