//! A store as Pebble v1 opens it: the same tables, and a manifest without what only RocksDB knows (docs/adr/0002).

use crate::{Result, StorageError, Store, records};
use std::path::Path;

const COMPARATOR: u64 = 1;
const LOG_NUMBER: u64 = 2;
const NEXT_FILE: u64 = 3;
const LAST_SEQUENCE: u64 = 4;
const COMPACT_CURSOR: u64 = 5;
const DELETED_FILE: u64 = 6;
const PREV_LOG_NUMBER: u64 = 9;
const MIN_LOG_TO_KEEP: u64 = 10;
const NEW_FILE_4: u64 = 103;
const MAX_COLUMN_FAMILY: u64 = 203;
/// RocksDB may ignore these, and says their length; Pebble knows none of them.
const IGNORABLE: u64 = 1 << 13;
const CUSTOM_END: u64 = 1;

/// Makes `to`, which must not exist, a copy of the store (links to its tables) that Pebble opens and RocksDB still does.
pub fn export(store: &Store, to: &Path) -> Result<()> {
    store.checkpoint_database(to)?;
    let io =
        |source: std::io::Error| StorageError::Export { path: to.to_owned(), reason: source.to_string() };
    let odd = |reason: &str| StorageError::Export { path: to.to_owned(), reason: reason.into() };
    let current = std::fs::read_to_string(to.join("CURRENT")).map_err(io)?;
    let manifest = to.join(current.trim_end());
    let bytes = std::fs::read(&manifest).map_err(io)?;
    let edits = records::read(&bytes).map_err(|_| odd("its manifest is damaged"))?;
    let edits: Option<Vec<Vec<u8>>> = edits.iter().map(|edit| compatible(edit)).collect();
    let edits = edits.ok_or_else(|| odd("its manifest has an edit that is not known"))?;
    std::fs::write(&manifest, records::write(&edits)).map_err(io)?;
    for entry in std::fs::read_dir(to).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("OPTIONS") || name == "IDENTITY" {
            std::fs::remove_file(&path).map_err(io)?;
        }
    }
    std::fs::File::open(&manifest).and_then(|file| file.sync_all()).map_err(io)
}

/// The edit without what Pebble does not know. `None`: it has something that cannot be left out.
fn compatible(edit: &[u8]) -> Option<Vec<u8>> {
    let mut rest = edit;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        let tag = varint(&mut rest)?;
        let mut keep = true;
        match tag {
            COMPARATOR => slice(&mut rest)?,
            LOG_NUMBER | NEXT_FILE | LAST_SEQUENCE | PREV_LOG_NUMBER => number(&mut rest)?,
            MIN_LOG_TO_KEEP | MAX_COLUMN_FAMILY => {
                number(&mut rest)?;
                keep = false;
            }
            COMPACT_CURSOR => {
                number(&mut rest)?;
                slice(&mut rest)?;
            }
            DELETED_FILE => {
                number(&mut rest)?;
                number(&mut rest)?;
            }
            NEW_FILE_4 => {
                // Level, file, size; smallest and largest key; smallest and largest sequence.
                (0..3).try_for_each(|_| number(&mut rest))?;
                (0..2).try_for_each(|_| slice(&mut rest))?;
                (0..2).try_for_each(|_| number(&mut rest))?;
                out.extend_from_slice(&before[..before.len() - rest.len()]);
                out.push(CUSTOM_END as u8);
                while varint(&mut rest)? != CUSTOM_END {
                    slice(&mut rest)?;
                }
                continue;
            }
            tag if tag & IGNORABLE != 0 => {
                slice(&mut rest)?;
                keep = false;
            }
            _ => return None,
        }
        if keep {
            out.extend_from_slice(&before[..before.len() - rest.len()]);
        }
    }
    Some(out)
}

pub(crate) fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn number(rest: &mut &[u8]) -> Option<()> {
    varint(rest).map(|_| ())
}

fn slice(rest: &mut &[u8]) -> Option<()> {
    let length = usize::try_from(varint(rest)?).ok()?;
    rest.split_off(..length).map(|_| ())
}
