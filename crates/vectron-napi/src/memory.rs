//! What the addon does about memory that was freed.

use std::sync::Once;
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How often it is looked whether memory is to be given back.
const LOOK: Duration = Duration::from_secs(5);
/// Giving memory back costs at most one part of so many of the process' CPU time.
const SHARE: u32 = 100;

/// From now on, as long as the process lives, pages that hold nothing are given back to the system. glibc keeps what was freed
/// in the middle of its heaps, whoever freed it, until `malloc_trim` is called; other allocators give it back by themselves.
/// Memory is freed by work, so it is done after work: each time that the process has used a hundred times the CPU time that
/// doing it last took.
pub fn keep_returning() {
    static BEGUN: Once = Once::new();
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        // A process that cannot have one more thread keeps its memory, and works.
        BEGUN.call_once(|| drop(thread::Builder::new().name("vectron-memory".into()).spawn(run)));
    }
}

fn run() {
    let mut due = Duration::ZERO;
    loop {
        thread::sleep(LOOK);
        let used = cpu_time(ClockId::ProcessCPUTime);
        if used < due {
            continue;
        }
        let before = cpu_time(ClockId::ThreadCPUTime);
        release();
        due = used + SHARE * cpu_time(ClockId::ThreadCPUTime).saturating_sub(before);
    }
}

fn cpu_time(of: ClockId) -> Duration {
    Duration::try_from(clock_gettime(of)).unwrap_or_default()
}

fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim has no preconditions and takes the allocator's own locks; `pad` is the bytes that stay at the top.
    unsafe {
        malloc_trim(0);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
unsafe extern "C" {
    fn malloc_trim(pad: usize) -> i32;
}
