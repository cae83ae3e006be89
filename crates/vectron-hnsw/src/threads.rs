//! Work split over threads of its own. Not a shared pool: a pool's thread that waits for its share takes other work
//! meanwhile, and that may want the lock the caller holds.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls `work` for every index below `count`, `step` at a time, on `threads` threads, this one among them.
pub fn for_each(threads: usize, count: usize, step: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let share = || loop {
        let first = next.fetch_add(step, Ordering::Relaxed);
        if first >= count {
            break;
        }
        (first..count.min(first + step)).for_each(&work);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count.div_ceil(step)) {
            scope.spawn(share);
        }
        share();
    });
}
