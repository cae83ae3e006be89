//! A store: one file while it holds little, a RocksDB from then on.

use crate::rendered;
use crate::small::{self, Entries, Small, sync_dir};
use crate::{Activity, Batch, Durability, RenderedName, Resources, Result, StorageError, options, records};
use parking_lot::{Mutex, RwLock};
use rocksdb::{CompactOptions, DB, Direction, IteratorMode, ReadOptions, WriteOptions};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Bytes of a few small table files beyond what they hold.
const TABLE_OVERHEAD: usize = 64 << 10;

/// An ordered map from bytes to bytes. Thread-safe. Lock order: `saving` before `small`.
///
/// A log store is a RocksDB. A state store is one file until it holds more than a limit of [`Resources`]; the RocksDB it
/// becomes then is complete and durable before that file is removed, and while the file is there, it is what counts.
pub struct Store {
    /// By which what is kept of it is told from that of other stores.
    number: u64,
    path: PathBuf,
    durability: Durability,
    resources: Resources,
    /// Set once, while `small` is locked.
    db: OnceLock<DB>,
    /// `None` once there is a RocksDB.
    small: RwLock<Option<Small>>,
    /// Held by whoever writes or removes the file of a small store.
    saving: Mutex<()>,
    poisoned: AtomicBool,
}

impl Store {
    /// Opens the store at `path`, or makes it. Replays the write-ahead log of a [`Durability::Log`] store.
    pub fn open(path: &Path, durability: Durability, resources: &Resources) -> Result<Self> {
        if durability == Durability::Log {
            return Ok(Self::of_database(
                path,
                durability,
                resources,
                open_database(path, durability, resources)?,
            ));
        }
        let io = |source| StorageError::File { path: path.to_owned(), source };
        if let Some(small) = Small::read(path)? {
            // A RocksDB beside it was not finished, or not removed to the end.
            remove_others(path).map_err(io)?;
            return Ok(Self::of_small(path, resources, small));
        }
        if !has_head(path) && !has_data(path) {
            std::fs::create_dir_all(path).map_err(io)?;
            return Ok(Self::of_small(path, resources, Small::default()));
        }
        let db = open_database(path, durability, resources)?;
        match shrunk(&db, resources.small_store_bytes / 2)? {
            None => Ok(Self::of_database(path, durability, resources, db)),
            Some(entries) => {
                drop(db);
                let mut small = Small::of(entries);
                small.write(path).and_then(|()| remove_others(path)).map_err(io)?;
                small.note_stored(small.sequence());
                Ok(Self::of_small(path, resources, small))
            }
        }
    }

    /// Opens the store at `path` for reading; it must not be open elsewhere for writing. A directory without a file of a
    /// store is one that was never flushed: it holds nothing.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let resources = Resources::new(8 << 20, 1 << 20);
        let store = match Small::read(path)? {
            Some(small) => Self::of_small(path, &resources, small),
            None if path.is_dir() && !has_head(path) && !has_data(path) => {
                Self::of_small(path, &resources, Small::default())
            }
            None => {
                let options = options::database(Durability::State, &resources);
                check_files(path)?;
                let db = DB::open_for_read_only(&options, path, false).map_err(|e| failed(path, e))?;
                Self::of_database(path, Durability::State, &resources, db)
            }
        };
        store.poisoned.store(true, Ordering::Release);
        Ok(store)
    }

    fn of_database(path: &Path, durability: Durability, resources: &Resources, db: DB) -> Self {
        let store = Self::of_small(path, resources, Small::default());
        let (small, db) = (RwLock::new(None), OnceLock::from(db));
        Self { durability, small, db, ..store }
    }

    fn of_small(path: &Path, resources: &Resources, small: Small) -> Self {
        Self {
            number: rendered::new_store(),
            path: path.to_owned(),
            durability: Durability::State,
            resources: resources.clone(),
            db: OnceLock::new(),
            small: RwLock::new(Some(small)),
            saving: Mutex::new(()),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Makes `dir` a store of its own with everything written so far: links to the table files, or the one file.
    pub fn checkpoint(&self, dir: &Path) -> Result<()> {
        match self.form() {
            Form::Database(db) => link_database(db, dir).map_err(|e| self.failed(e)),
            Form::Small(small) => {
                std::fs::create_dir_all(dir).and_then(|()| small.write(dir)).map_err(|e| self.file_failed(e))
            }
        }
    }

    /// As [`Store::checkpoint`], and a RocksDB however little the store holds.
    pub fn checkpoint_database(&self, dir: &Path) -> Result<()> {
        let small = match self.form() {
            Form::Database(db) => return link_database(db, dir).map_err(|e| self.failed(e)),
            Form::Small(small) => small,
        };
        let made = dir.with_extension("partial");
        remove_dir(&made).map_err(|e| self.file_failed(e))?;
        let db = self.database_of(&made, &small.entries())?;
        link_database(&db, dir).map_err(|e| self.failed(e))?;
        drop(db);
        remove_dir(&made).map_err(|e| self.file_failed(e))
    }

    /// Everything written so far, as a store that nobody writes. Of a small one a reference to its entries, which the next
    /// write here copies; else links to the table files in `dir`, which must not exist and which the caller removes. They share
    /// the block cache.
    pub fn frozen(&self, dir: &Path) -> Result<Self> {
        let frozen = match self.form() {
            Form::Small(small) => Self::of_small(dir, &self.resources, small),
            Form::Database(db) => {
                link_database(db, dir).map_err(|e| self.failed(e))?;
                let options = options::database(Durability::State, &self.resources);
                let db = DB::open_for_read_only(&options, dir, false).map_err(|e| failed(dir, e))?;
                Self::of_database(dir, Durability::State, &self.resources, db)
            }
        };
        frozen.poisoned.store(true, Ordering::Release);
        Ok(frozen)
    }

    /// Number of the last write. It grows with each; a log store that is opened again has the one it had.
    pub fn sequence(&self) -> u64 {
        match self.form() {
            Form::Database(db) => db.latest_sequence_number(),
            Form::Small(small) => small.sequence(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.form() {
            Form::Database(db) => db.get(key).map_err(|e| self.failed(e)),
            Form::Small(small) => Ok(small.get(key)),
        }
    }

    /// One answer a key, in order.
    pub fn get_many<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Result<Vec<Option<Vec<u8>>>> {
        match self.form() {
            Form::Database(db) => {
                db.multi_get(keys).into_iter().map(|value| value.map_err(|e| self.failed(e))).collect()
            }
            Form::Small(small) => Ok(keys.map(|key| small.get(key)).collect()),
        }
    }

    /// What [`Store::keep_rendered`] was given, while it is kept.
    pub fn rendered(&self, name: RenderedName) -> Option<Arc<[u8]>> {
        self.resources.rendered.get(self.number, name)
    }

    /// Keeps what was made of a value of this store, until others are asked for more. No other value of this store may ever
    /// have that name.
    pub fn keep_rendered(&self, name: RenderedName, rendered: &[u8]) {
        self.resources.rendered.keep(self.number, name, rendered);
    }

    /// Calls `visit` for each key of `from..` in order, until it returns `false` or the keys end. It sees the store as it
    /// was when the scan began.
    pub fn scan(&self, from: &[u8], visit: impl FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        self.scan_with(ReadOptions::default(), from, visit)
    }

    /// As [`Store::scan`], of much that is not read again soon: it does not go into the block cache.
    pub fn scan_once(&self, from: &[u8], visit: impl FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        let mut how = ReadOptions::default();
        how.fill_cache(false);
        self.scan_with(how, from, visit)
    }

    fn scan_with(
        &self,
        how: ReadOptions,
        from: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<()> {
        match self.form() {
            Form::Database(db) => {
                for item in db.iterator_opt(IteratorMode::From(from, Direction::Forward), how) {
                    let (key, value) = item.map_err(|e| self.failed(e))?;
                    if !visit(&key, &value) {
                        break;
                    }
                }
            }
            Form::Small(small) => {
                let entries = small.entries();
                let mut rest = entries.range::<[u8], _>((Bound::Included(from), Bound::Unbounded));
                // The end of the range, or of the visitor's interest.
                let _ = rest.all(|(key, value)| visit(key, value));
            }
        }
        Ok(())
    }

    /// Applies the batch; see [`Durability`] for what that promises.
    pub fn write(&self, batch: Batch) -> Result<()> {
        self.write_synced(batch, true)
    }

    /// As [`Store::write`]; a [`Durability::Log`] store leaves the sync to a later write or [`Store::sync`] when
    /// `synced` is false.
    pub fn write_synced(&self, batch: Batch, synced: bool) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            return Err(StorageError::Poisoned { path: self.path.clone() });
        }
        if self.db.get().is_none() {
            let mut small = self.small.write();
            if let Some(held) = small.as_mut() {
                // Batches are made here, of these three kinds of records.
                held.apply(batch.0.data())
                    .ok_or_else(|| self.poison(StorageError::Poisoned { path: self.path.clone() }))?;
                let grows = held.bytes() > self.resources.small_store_bytes;
                drop(small);
                return if grows { self.grow().map_err(|e| self.poison(e)) } else { Ok(()) };
            }
        }
        let mut how = WriteOptions::default();
        match self.durability {
            Durability::Log => how.set_sync(synced),
            Durability::State => how.disable_wal(true),
        }
        let Form::Database(db) = self.form() else { return Ok(()) };
        db.write_opt(batch.0, &how).map_err(|e| self.poison(self.failed(e)))
    }

    /// Syncs the write-ahead log.
    pub fn sync(&self) -> Result<()> {
        match self.form() {
            Form::Database(db) => db.flush_wal(true).map_err(|e| self.poison(self.failed(e))),
            Form::Small(_) => self.flush(),
        }
    }

    /// Makes everything written so far durable.
    pub fn flush(&self) -> Result<()> {
        let _one_at_a_time = self.saving.lock();
        match self.form() {
            Form::Database(db) => db.flush().map_err(|e| self.poison(self.failed(e))),
            Form::Small(small) if small.is_stored() => Ok(()),
            Form::Small(small) => {
                small.write(&self.path).map_err(|e| self.poison(self.file_failed(e)))?;
                if let Some(held) = self.small.write().as_mut() {
                    held.note_stored(small.sequence());
                }
                Ok(())
            }
        }
    }

    /// Writes what is in memory to a table, and the tables of the keys `from..to` anew without what was removed of them, so
    /// that its space is given back. Reads and writes go on. Of a small store: nothing.
    pub fn compact(&self, from: &[u8], to: &[u8]) -> Result<()> {
        let Form::Database(db) = self.form() else { return Ok(()) };
        self.flush()?;
        let mut how = CompactOptions::default();
        how.set_exclusive_manual_compaction(false);
        db.compact_range_opt(Some(from), Some(to), &how);
        Ok(())
    }

    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Bytes of the table files on disk; of a small store, what it holds.
    pub fn disk_bytes(&self) -> u64 {
        let property = rocksdb::properties::TOTAL_SST_FILES_SIZE;
        match self.form() {
            Form::Database(db) => db.property_int_value(property).ok().flatten().unwrap_or(0),
            Form::Small(small) => small.bytes() as u64,
        }
    }

    /// What its RocksDB does and holds now; of a small store nothing.
    pub fn activity(&self) -> Activity {
        self.db.get().map(Activity::of).unwrap_or_default()
    }

    /// Whether the store is a RocksDB.
    pub fn is_database(&self) -> bool {
        self.db.get().is_some()
    }

    fn form(&self) -> Form<'_> {
        if let Some(db) = self.db.get() {
            return Form::Database(db);
        }
        let small = self.small.read().clone();
        match (small, self.db.get()) {
            (Some(small), _) => Form::Small(small),
            (None, Some(db)) => Form::Database(db),
            // Never: the RocksDB is there before the small form goes.
            (None, None) => Form::Small(Small::default()),
        }
    }

    /// Turns a small store into a RocksDB. Until its file is gone, that file is the store.
    fn grow(&self) -> Result<()> {
        let _one_at_a_time = self.saving.lock();
        let mut small = self.small.write();
        let Some(held) = small.as_ref() else { return Ok(()) };
        if held.has_file() {
            remove_others(&self.path).map_err(|e| self.file_failed(e))?;
        }
        let db = self.database_of(&self.path, &held.entries())?;
        if held.has_file() {
            std::fs::remove_file(self.path.join(small::FILE))
                .and_then(|()| sync_dir(&self.path))
                .map_err(|e| self.file_failed(e))?;
        }
        // Nobody else sets it: that takes the lock of `small`.
        let _ = self.db.set(db);
        *small = None;
        Ok(())
    }

    /// A RocksDB in `dir` that holds `entries`, durably.
    fn database_of(&self, dir: &Path, entries: &Entries) -> Result<DB> {
        let failed = |source| StorageError::Io { path: dir.to_owned(), source };
        let db = DB::open(&options::database(Durability::State, &self.resources), dir).map_err(failed)?;
        let mut batch = rocksdb::WriteBatch::default();
        entries.iter().for_each(|(key, value)| batch.put(key, value));
        let mut how = WriteOptions::default();
        how.disable_wal(true);
        db.write_opt(batch, &how).map_err(failed)?;
        db.flush().map_err(failed)?;
        Ok(db)
    }

    fn poison(&self, error: StorageError) -> StorageError {
        self.poisoned.store(true, Ordering::Release);
        error
    }

    fn failed(&self, source: rocksdb::Error) -> StorageError {
        failed(&self.path, source)
    }

    fn file_failed(&self, source: std::io::Error) -> StorageError {
        StorageError::File { path: self.path.clone(), source }
    }
}

/// What a store is at one moment.
enum Form<'a> {
    Database(&'a DB),
    Small(Small),
}

fn failed(path: &Path, source: rocksdb::Error) -> StorageError {
    StorageError::Io { path: path.to_owned(), source }
}

fn open_database(path: &Path, durability: Durability, resources: &Resources) -> Result<DB> {
    check_files(path)?;
    DB::open(&options::database(durability, resources), path).map_err(|e| failed(path, e))
}

fn link_database(db: &DB, dir: &Path) -> std::result::Result<(), rocksdb::Error> {
    rocksdb::checkpoint::Checkpoint::new(db)?.create_checkpoint(dir)
}

/// Everything in `db`, when that is at most `limit` bytes.
fn shrunk(db: &DB, limit: usize) -> Result<Option<Entries>> {
    let property = rocksdb::properties::TOTAL_SST_FILES_SIZE;
    let tables = db.property_int_value(property).ok().flatten();
    // A larger one is not even looked into.
    if tables.is_none_or(|bytes| bytes > (limit + TABLE_OVERHEAD) as u64) {
        return Ok(None);
    }
    let (mut entries, mut bytes) = (Entries::new(), 0);
    for item in db.iterator(IteratorMode::Start) {
        let (key, value) = item.map_err(|e| failed(db.path(), e))?;
        bytes += key.len() + value.len();
        if bytes > limit {
            return Ok(None);
        }
        entries.insert(key.into_vec(), value.into_vec());
    }
    Ok(Some(entries))
}

/// Removes every file of `dir` but that of the small store.
fn remove_others(dir: &Path) -> std::io::Result<()> {
    let mut removed = false;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name() != small::FILE && entry.file_type()?.is_file() {
            std::fs::remove_file(entry.path())?;
            removed = true;
        }
    }
    if removed { sync_dir(dir) } else { Ok(()) }
}

fn remove_dir(dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// What RocksDB would take for an empty store, or never come back from.
fn check_files(path: &Path) -> Result<()> {
    if !has_head(path) && has_data(path) {
        return Err(StorageError::Headless { path: path.to_owned() });
    }
    if path.is_dir() && matches!(records::are_sound(path), Ok(false)) {
        return Err(StorageError::Framing { path: path.to_owned() });
    }
    Ok(())
}

/// Whether `CURRENT` names a manifest that is there.
fn has_head(path: &Path) -> bool {
    std::fs::read(path.join("CURRENT")).is_ok_and(|name| {
        let name = String::from_utf8_lossy(&name);
        name.starts_with("MANIFEST-") && path.join(name.trim_end()).is_file()
    })
}

fn has_data(path: &Path) -> bool {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("MANIFEST-") || name.ends_with(".sst") || name.ends_with(".log")
    })
}
