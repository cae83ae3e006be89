//! The threads that answer reads, in two lanes: reads that take long have threads of their own, which stand back for the others
//! when there are not enough cores (ADR 46). So a count of a whole collection holds up no search, and still uses a core that
//! nobody else wants. Not the place for writes: those are applied by the log's own threads.

use crate::{NodeError, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How far the threads of each lane stand back (nice(2)): what answers heartbeats and refuses what is too much, at 0, must not
/// wait behind them. Chosen for their order, and not measured: one step is about a tenth of a core's time (sched(7)).
const USUAL_NICE: i32 = 4;
const COSTLY_NICE: i32 = 10;

/// Which threads answer a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Usual,
    /// It takes long, or is likely to.
    Costly,
}

/// Operations of a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Operations {
    /// That wait for a thread.
    pub waiting: usize,
    pub running: usize,
}

/// Both lanes. Each takes as many operations as may wait; more are refused.
pub struct Lanes {
    usual: Threads,
    costly: Threads,
    max_waiting: usize,
}

struct Threads {
    pool: rayon::ThreadPool,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    running: AtomicUsize,
}

/// One more that waits, until it is dropped or its work begins.
pub struct Place<'a>(&'a Threads);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.counts.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Place<'_> {
    /// Has the work done when its turn comes.
    pub fn spawn(self, work: impl FnOnce() + Send + 'static) {
        let Threads { pool, counts } = self.0;
        let counts = Arc::clone(counts);
        counts.waiting.fetch_add(1, Ordering::AcqRel);
        pool.spawn(move || {
            counts.running.fetch_add(1, Ordering::AcqRel);
            counts.waiting.fetch_sub(1, Ordering::AcqRel);
            let _running = Running(counts);
            work();
        });
    }
}

/// One more that runs, until it is dropped.
struct Running(Arc<Counts>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lanes {
    /// `threads`: how many each of the two lanes has. `max_waiting`: operations that may wait in a lane.
    pub fn new(threads: usize, max_waiting: usize) -> Result<Self> {
        let lane = |name, nice| -> Result<Threads> {
            Ok(Threads { pool: pool(name, threads, nice)?, counts: Arc::default() })
        };
        let usual = lane("vectron-query", USUAL_NICE)?;
        Ok(Self { usual, costly: lane("vectron-scan", COSTLY_NICE)?, max_waiting })
    }

    /// A place among those that wait for a thread of the lane; `Overloaded` when as many wait as may.
    pub fn enter(&self, lane: Lane) -> Result<Place<'_>> {
        let threads = self.of(lane);
        let waiting = threads.counts.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Place(threads);
        if waiting >= self.max_waiting { Err(NodeError::Overloaded(waiting)) } else { Ok(place) }
    }

    /// What the lane has to do.
    pub fn operations(&self, lane: Lane) -> Operations {
        let Threads { counts, .. } = self.of(lane);
        Operations {
            waiting: counts.waiting.load(Ordering::Acquire),
            running: counts.running.load(Ordering::Acquire),
        }
    }

    fn of(&self, lane: Lane) -> &Threads {
        match lane {
            Lane::Usual => &self.usual,
            Lane::Costly => &self.costly,
        }
    }
}

/// `nice`: how far these threads stand back when there are not enough cores (nice(2), 0 to 19).
pub fn pool(name: &'static str, threads: usize, nice: i32) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(move |n| format!("{name}-{n}"))
        .start_handler(move |_| {
            // Where it is not allowed, threads are equals, as before.
            let _ = rustix::process::setpriority_process(None, nice);
        })
        // Work on a shard catches its own panics; rayon would abort the process for any other.
        .panic_handler(|_| ())
        .build()
        .map_err(|e| NodeError::Io(std::io::Error::other(e)))
}

/// Processor time that the calling thread has used.
pub fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
