//! Outcomes on their way to JavaScript: each is given as soon as it is there, and those that are there at once are given
//! together. An operation that waits, or takes long, holds up no other one that was submitted with it.

use std::sync::{Arc, Mutex, PoisonError};
use vectron_raft::NodeError;

/// Tells JavaScript that something has ended. Called from any thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// What has ended and was not fetched yet. JavaScript is woken once for all that ends until it fetches: a promise for each
/// would cost it more than the rest of a search.
#[derive(Default)]
pub struct Outcomes {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: Vec<(u32, Vec<u8>)>,
    wake: Option<Arc<Wake>>,
}

impl Outcomes {
    /// A place for the outcome of the operation `id`.
    pub fn expect(self: &Arc<Self>, id: u32) -> Expected {
        Expected { to: Some(Arc::clone(self)), id }
    }

    /// Who is woken from now on. Woken at once when something waits to be fetched.
    pub fn listen(&self, wake: Option<Wake>) {
        let wake = wake.map(Arc::new);
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.wake, wake.clone());
        let waits = !state.ready.is_empty();
        drop(state);
        drop(before);
        if let Some(wake) = wake.filter(|_| waits) {
            wake();
        }
    }

    /// All that has ended by now, once: how many (uint32, little-endian, as all of these), for each its id and its length,
    /// then the outcomes in that order. None: nothing has.
    pub fn take(&self) -> Option<Vec<u8>> {
        let ready = std::mem::take(&mut self.lock().ready);
        (!ready.is_empty()).then(|| packed(&ready))
    }

    fn put(&self, id: u32, outcome: Vec<u8>) {
        let mut state = self.lock();
        // What is there already has woken it, and it has not come yet.
        let wake = if state.ready.is_empty() { state.wake.clone() } else { None };
        state.ready.push((id, outcome));
        drop(state);
        if let Some(wake) = wake {
            wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn counting() -> (Arc<AtomicUsize>, Option<Wake>) {
        let woken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&woken);
        let wake = move || {
            counter.fetch_add(1, Ordering::SeqCst);
        };
        (woken, Some(Box::new(wake)))
    }

    #[test]
    fn all_that_ends_before_it_is_fetched_wakes_once_and_is_fetched_together() {
        let outcomes = Arc::new(Outcomes::default());
        let (woken, wake) = counting();
        outcomes.listen(wake);
        assert_eq!(outcomes.take(), None);
        outcomes.expect(7).give(vec![1, 2]);
        outcomes.expect(9).give(vec![3]);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        let words: Vec<u8> = [2_u32, 7, 2, 9, 1].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(outcomes.take(), Some([words, vec![1, 2, 3]].concat()));
        assert_eq!(outcomes.take(), None);
        outcomes.expect(1).give(vec![]);
        assert_eq!(woken.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn who_listens_later_is_woken_for_what_ended_before() {
        let outcomes = Arc::new(Outcomes::default());
        drop(outcomes.expect(1));
        let (woken, wake) = counting();
        outcomes.listen(wake);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert!(outcomes.take().is_some());
        outcomes.listen(None);
        outcomes.expect(2).give(vec![]);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
    }
}
