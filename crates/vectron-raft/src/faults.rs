//! Faults that tests plant, to see that the tests notice. In the product every one of them is off.

pub use planted::*;

#[cfg(not(test))]
mod planted {
    pub const fn no_fsync() -> bool {
        false
    }
    pub const fn vote_not_synced() -> bool {
        false
    }
    pub const fn ack_before_commit() -> bool {
        false
    }
    pub const fn follower_reads_as_strong() -> bool {
        false
    }
    pub const fn no_tombstones_in_snapshots() -> bool {
        false
    }
    pub const fn apply_twice() -> bool {
        false
    }
    pub const fn no_deduplication() -> bool {
        false
    }
}

#[cfg(test)]
mod planted {
    use std::cell::Cell;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Mutant {
        NoFsync,
        VoteNotSynced,
        AckBeforeCommit,
        FollowerReadsAsStrong,
        NoTombstonesInSnapshots,
        ApplyTwice,
        NoDeduplication,
    }

    thread_local! {
        /// A simulated cluster runs on one thread.
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.set(mutant);
    }

    fn is(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }

    pub fn no_fsync() -> bool {
        is(Mutant::NoFsync)
    }
    pub fn vote_not_synced() -> bool {
        is(Mutant::VoteNotSynced)
    }
    pub fn ack_before_commit() -> bool {
        is(Mutant::AckBeforeCommit)
    }
    pub fn follower_reads_as_strong() -> bool {
        is(Mutant::FollowerReadsAsStrong)
    }
    pub fn no_tombstones_in_snapshots() -> bool {
        is(Mutant::NoTombstonesInSnapshots)
    }
    pub fn apply_twice() -> bool {
        is(Mutant::ApplyTwice)
    }
    pub fn no_deduplication() -> bool {
        is(Mutant::NoDeduplication)
    }
}
