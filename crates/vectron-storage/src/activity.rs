//! What RocksDB does in the background and holds in memory, for metrics.

use rocksdb::DB;
use rocksdb::properties::{
    ACTUAL_DELAYED_WRITE_RATE, ESTIMATE_PENDING_COMPACTION_BYTES, ESTIMATE_TABLE_READERS_MEM,
    IS_WRITE_STOPPED, NUM_RUNNING_COMPACTIONS, NUM_RUNNING_FLUSHES, SIZE_ALL_MEM_TABLES,
};
use std::ops::AddAssign;

/// What the RocksDBs of some stores do at one moment. A property that RocksDB does not answer counts as 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Activity {
    /// Stores that are a RocksDB; the others are one file each.
    pub databases: u64,
    pub running_compactions: u64,
    pub running_flushes: u64,
    /// Estimated bytes that compactions have to rewrite.
    pub pending_compaction_bytes: u64,
    /// Databases that slow down writes, because compactions or flushes are behind.
    pub slowed: u64,
    /// Databases that have stopped writes for the same reason.
    pub stopped: u64,
    pub memtable_bytes: u64,
    /// Memory of the indexes and filters of the tables, outside the block cache.
    pub table_reader_bytes: u64,
}

impl Activity {
    pub(crate) fn of(db: &DB) -> Self {
        let value = |name| db.property_int_value(name).ok().flatten().unwrap_or(0);
        Self {
            databases: 1,
            running_compactions: value(NUM_RUNNING_COMPACTIONS),
            running_flushes: value(NUM_RUNNING_FLUSHES),
            pending_compaction_bytes: value(ESTIMATE_PENDING_COMPACTION_BYTES),
            slowed: u64::from(value(ACTUAL_DELAYED_WRITE_RATE) > 0),
            stopped: u64::from(value(IS_WRITE_STOPPED) > 0),
            memtable_bytes: value(SIZE_ALL_MEM_TABLES),
            table_reader_bytes: value(ESTIMATE_TABLE_READERS_MEM),
        }
    }
}

impl AddAssign for Activity {
    fn add_assign(&mut self, other: Self) {
        self.databases += other.databases;
        self.running_compactions += other.running_compactions;
        self.running_flushes += other.running_flushes;
        self.pending_compaction_bytes += other.pending_compaction_bytes;
        self.slowed += other.slowed;
        self.stopped += other.stopped;
        self.memtable_bytes += other.memtable_bytes;
        self.table_reader_bytes += other.table_reader_bytes;
    }
}
