//! The options that make a store readable by Pebble and bounded in memory.

use crate::Durability;
use crate::rendered::Rendered;
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ChecksumType, DBCompressionType, DBRecoveryMode, LogLevel,
    Options, WriteBufferManager,
};
use std::sync::Arc;

/// Keys and values, in bytes, up to which a state store is one file and no RocksDB yet.
pub const SMALL_STORE_BYTES: usize = 64 << 10;

/// Manifests grow by so much at a time; RocksDB's 4 MiB are what an empty store takes on disk otherwise.
const MANIFEST_STEP: usize = 64 << 10;
/// RocksDB's own log of what it did is for people who look for a fault; one that says everything is 40 KiB at each start.
const INFO_LOG_BYTES: usize = 256 << 10;

/// Memory that all stores of a worker share; clones share it.
#[derive(Clone)]
pub struct Resources {
    cache: Cache,
    block_cache_bytes: usize,
    write_buffers: WriteBufferManager,
    pub(crate) rendered: Arc<Rendered>,
    pub(crate) small_store_bytes: usize,
}

impl Resources {
    /// `cache_bytes`: what is kept of what was read, a quarter of it as it was answered ([`crate::Store::rendered`]), the rest as
    /// uncompressed blocks. `write_buffer_bytes`: memtables of all stores together.
    pub fn new(cache_bytes: usize, write_buffer_bytes: usize) -> Self {
        let rendered_bytes = cache_bytes / 4;
        let block_cache_bytes = cache_bytes - rendered_bytes;
        Self {
            cache: Cache::new_lru_cache(block_cache_bytes),
            block_cache_bytes,
            rendered: Arc::new(Rendered::new(rendered_bytes)),
            write_buffers: WriteBufferManager::new_write_buffer_manager(write_buffer_bytes, false),
            small_store_bytes: SMALL_STORE_BYTES,
        }
    }

    /// Bytes of uncompressed blocks in the cache, and how many it may hold.
    pub fn block_cache(&self) -> (u64, u64) {
        (self.cache.get_usage() as u64, self.block_cache_bytes as u64)
    }

    /// Another limit than [`SMALL_STORE_BYTES`]; 0: every store is a RocksDB from its first write on.
    pub fn with_small_store_bytes(self, small_store_bytes: usize) -> Self {
        Self { small_store_bytes, ..self }
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
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(INFO_LOG_BYTES);
    options.set_manifest_preallocation_size(MANIFEST_STEP);
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
