//! The form of a state store that holds little: all of it in memory, and in one file once it is flushed. A RocksDB
//! costs about 4 MB of disk and seven open files before it holds anything; this costs a few hundred bytes, and no open
//! file (docs/adr/0032-empty-shards.md).
//!
//! The file: `VSM1`, count u32, then for each key in order its length u32, the length of its value u32, both; a CRC32c
//! u32 of everything before. Integers are little-endian. It is written beside its place and renamed into it.
//!
//! Its name ends with `.log` so that a version which does not know it finds files without `CURRENT`, and refuses the
//! store as damaged instead of taking it for an empty one.

use crate::{Result, StorageError};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

/// The file, while the store is small.
pub const FILE: &str = "small.log";
const PARTIAL: &str = "small.partial";
const MAGIC: &[u8; 4] = b"VSM1";

/// RocksDB's batch: a sequence u64 and a count u32, then records that begin with one of these.
const BATCH_HEADER: usize = 12;
const DELETE: u8 = 0x0;
const PUT: u8 = 0x1;
const DELETE_RANGE: u8 = 0xf;

pub type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a store that is small holds. A reader takes the entries with it: a writer that comes meanwhile copies them.
#[derive(Default, Clone)]
pub struct Small {
    entries: Arc<Entries>,
    /// Of keys and values together.
    bytes: usize,
    /// Number of the last batch.
    sequence: u64,
    /// Number of the last batch that the file holds; `None`: there is no file.
    stored: Option<u64>,
}

impl Small {
    /// What the file in `dir` holds; `None`: there is none.
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(dir.join(FILE)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StorageError::File { path: dir.to_owned(), source }),
            Ok(bytes) => bytes,
        };
        let entries = decode(&bytes).ok_or_else(|| StorageError::Small { path: dir.to_owned() })?;
        Ok(Some(Self { stored: Some(0), ..Self::of(entries) }))
    }

    pub fn of(entries: Entries) -> Self {
        let bytes = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
        Self { entries: Arc::new(entries), bytes, sequence: 0, stored: None }
    }

    /// Makes the file in `dir` what is held here; durable when it returns.
    pub fn write(&self, dir: &Path) -> std::io::Result<()> {
        let partial = dir.join(PARTIAL);
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(&encode(&self.entries))?;
        file.sync_all()?;
        std::fs::rename(&partial, dir.join(FILE))?;
        sync_dir(dir)?;
        // The directory may be as new as the file.
        if self.has_file() { Ok(()) } else { dir.parent().map_or(Ok(()), sync_dir) }
    }

    /// Keys and values together, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether the file holds everything.
    pub fn is_stored(&self) -> bool {
        self.stored == Some(self.sequence)
    }

    /// Whether there is a file, of this state or an earlier one.
    pub fn has_file(&self) -> bool {
        self.stored.is_some()
    }

    /// The file holds everything up to batch `sequence`.
    pub fn note_stored(&mut self, sequence: u64) {
        self.stored = Some(sequence);
    }

    pub fn entries(&self) -> Arc<Entries> {
        Arc::clone(&self.entries)
    }

    pub fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.entries.get(key).cloned()
    }

    /// Applies a batch as RocksDB encodes it, all of it or nothing. `None`: it has a record of another kind.
    pub fn apply(&mut self, batch: &[u8]) -> Option<()> {
        let changes = changes(batch)?;
        let entries = Arc::make_mut(&mut self.entries);
        for change in changes {
            match change {
                Change::Put(key, value) => {
                    self.bytes += key.len() + value.len();
                    if let Some(old) = entries.insert(key.to_vec(), value.to_vec()) {
                        self.bytes -= key.len() + old.len();
                    }
                }
                Change::Delete(key) => {
                    if let Some(old) = entries.remove(key) {
                        self.bytes -= key.len() + old.len();
                    }
                }
                Change::DeleteRange(from, to) => {
                    if from >= to {
                        continue;
                    }
                    let range = (Bound::Included(from), Bound::Excluded(to));
                    let gone: Vec<Vec<u8>> =
                        entries.range::<[u8], _>(range).map(|(key, _)| key.clone()).collect();
                    for key in gone {
                        if let Some(old) = entries.remove(&key) {
                            self.bytes -= key.len() + old.len();
                        }
                    }
                }
            }
        }
        self.sequence += 1;
        Some(())
    }
}

enum Change<'a> {
    Put(&'a [u8], &'a [u8]),
    Delete(&'a [u8]),
    DeleteRange(&'a [u8], &'a [u8]),
}

fn changes(batch: &[u8]) -> Option<Vec<Change<'_>>> {
    let mut rest = batch.get(BATCH_HEADER..)?;
    let mut changes = Vec::new();
    while let Some(kind) = rest.split_off_first() {
        changes.push(match *kind {
            PUT => Change::Put(slice(&mut rest)?, slice(&mut rest)?),
            DELETE => Change::Delete(slice(&mut rest)?),
            DELETE_RANGE => Change::DeleteRange(slice(&mut rest)?, slice(&mut rest)?),
            _ => return None,
        });
    }
    Some(changes)
}

fn slice<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = crate::pebble::varint(rest)?;
    rest.split_off(..usize::try_from(length).ok()?)
}

fn encode(entries: &Entries) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    for (key, value) in entries {
        bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
    }
    let sum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Entries> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC)?;
    let number = |rest: &mut &[u8]| -> Option<usize> {
        Some(u32::from_le_bytes(rest.split_off(..4)?.try_into().ok()?) as usize)
    };
    let count = number(&mut rest)?;
    let mut entries = Entries::new();
    for _ in 0..count {
        let (key, value) = (number(&mut rest)?, number(&mut rest)?);
        let key = rest.split_off(..key)?.to_vec();
        entries.insert(key, rest.split_off(..value)?.to_vec());
    }
    (rest.is_empty() && entries.len() == count).then_some(entries)
}

/// Makes what was renamed, made or removed in `dir` durable.
pub fn sync_dir(dir: &Path) -> std::io::Result<()> {
    std::fs::File::open(dir)?.sync_all()
}
