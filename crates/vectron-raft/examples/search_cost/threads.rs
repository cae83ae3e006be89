//! CPU time of this process's threads, by what they do.

use crate::Outcome;

/// Nanoseconds.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    /// By the threads that answer queries.
    pub searching: u64,
    /// By the first thread, which submits and takes the outcomes.
    pub submitting: u64,
    pub others: u64,
}

impl Spent {
    pub fn now() -> Outcome<Self> {
        let mut spent = Self::default();
        let own = std::process::id().to_string();
        for entry in std::fs::read_dir("/proc/self/task")? {
            let path = entry?.path();
            // One that ended meanwhile has no files any more.
            let Ok(name) = std::fs::read_to_string(path.join("comm")) else { continue };
            let Ok(times) = std::fs::read_to_string(path.join("schedstat")) else { continue };
            let nanoseconds: u64 = times.split(' ').next().unwrap_or_default().parse()?;
            match path.file_name().and_then(|id| id.to_str()) {
                Some(id) if id == own => spent.submitting += nanoseconds,
                _ if name.starts_with("vectron-query") => spent.searching += nanoseconds,
                _ => spent.others += nanoseconds,
            }
        }
        Ok(spent)
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            searching: self.searching - before.searching,
            submitting: self.submitting - before.submitting,
            // A thread that ended takes its time with it.
            others: self.others.saturating_sub(before.others),
        }
    }
}
