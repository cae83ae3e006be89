//! The options that make a store readable by Pebble and bounded in memory.

use crate::Durability;
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ChecksumType, DBCompressionType, DBRecoveryMode, Options,
    WriteBufferManager,
};

/// Memory that all stores of a worker share.
pub struct Resources {
    cache: Cache,
    write_buffers: WriteBufferManager,
}

impl Resources {
    /// `cache_bytes`: uncompressed blocks. `write_buffer_bytes`: memtables of all stores together.
    pub fn new(cache_bytes: usize, write_buffer_bytes: usize) -> Self {
        Self {
            cache: Cache::new_lru_cache(cache_bytes),
            write_buffers: WriteBufferManager::new_write_buffer_manager(write_buffer_bytes, false),
        }
    }
}

pub fn database(durability: Durability, resources: &Resources) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_format_version(2);
    table.set_checksum_type(ChecksumType::CRC32c);
    table.set_index_type(BlockBasedIndexType::BinarySearch);
    table.set_bloom_filter(10.0, false);
    table.set_block_cache(&resources.cache);

    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_write_dbid_to_manifest(false);
    options.set_track_and_verify_wals_in_manifest(false);
    options.set_recycle_log_file_num(0);
    options.set_write_buffer_manager(&resources.write_buffers);
    options.set_keep_log_file_num(2);
    options.set_max_background_jobs(2);
    match durability {
        Durability::Log => {
            options.set_compression_type(DBCompressionType::None);
            // The default, point in time, drops what follows a damaged record without a word; this one
            // accepts a torn tail (never acknowledged) and refuses damage in the middle.
            options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
        }
        Durability::State => options.set_compression_type(DBCompressionType::Snappy),
    }
    options
}
