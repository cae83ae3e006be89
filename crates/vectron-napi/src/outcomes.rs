//! Outcomes on their way to JavaScript: each is given as soon as it is there, and those that are there at once are given
//! together. An operation that waits, or takes long, holds up no other one that was submitted with it.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use vectron_raft::NodeError;

/// What has ended and was not fetched yet.
#[derive(Default)]
pub struct Outcomes {
    ready: Mutex<Vec<(u32, Vec<u8>)>>,
    some: Notify,
}

impl Outcomes {
    /// A place for the outcome of the operation `id`.
    pub fn expect(self: &Arc<Self>, id: u32) -> Expected {
        Expected { to: Some(Arc::clone(self)), id }
    }

    /// Waits until something has ended. Gives all that has by then: how many (uint32, little-endian, as all of these), for
    /// each its id and its length, then the outcomes in that order.
    pub async fn next(&self) -> Vec<u8> {
        loop {
            let ready = std::mem::take(&mut *self.lock());
            if !ready.is_empty() {
                return packed(&ready);
            }
            self.some.notified().await;
        }
    }

    fn put(&self, id: u32, outcome: Vec<u8>) {
        self.lock().push((id, outcome));
        self.some.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u32, Vec<u8>)>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn packed(ready: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let bytes: usize = ready.iter().map(|(_, outcome)| 8 + outcome.len()).sum();
    let mut all = Vec::with_capacity(4 + bytes);
    all.extend_from_slice(&(ready.len() as u32).to_le_bytes());
    for (id, outcome) in ready {
        all.extend_from_slice(&id.to_le_bytes());
        all.extend_from_slice(&(outcome.len() as u32).to_le_bytes());
    }
    ready.iter().for_each(|(_, outcome)| all.extend_from_slice(outcome));
    all
}

/// An outcome that is due. Dropped without one, as by an engine that is closed, it is SHUTTING_DOWN.
pub struct Expected {
    to: Option<Arc<Outcomes>>,
    id: u32,
}

impl Expected {
    pub fn give(mut self, outcome: Vec<u8>) {
        if let Some(to) = self.to.take() {
            to.put(self.id, outcome);
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            to.put(self.id, vectron_raft::refusal(NodeError::Closed));
        }
    }
}
