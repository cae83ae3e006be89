//! Where the full vectors live: in memory, in a file mapped into memory, or only in the store.

use crate::{Residence, Result, SlotId};
use parking_lot::RwLock;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vectron_kernels::Arena;

/// Rows by slot. Of a cosine shard, all normalised.
pub enum Vectors {
    Memory(Arc<Arena>),
    /// A cache of the store in a file of its own, which goes with this value.
    Mapped(Arc<Arena>, PathBuf),
    /// Only the vectors that wait for the index; the others are read from the store.
    Stored(RwLock<HashMap<SlotId, Box<[f32]>>>),
}

impl Vectors {
    /// No rows yet. `file`: unused path for a mapped file.
    pub fn new(residence: Residence, dim: usize, file: &Path) -> Result<Self> {
        Ok(match residence {
            Residence::Memory => Self::Memory(Arc::new(Arena::new(dim * 4, 0))),
            Residence::Mapped => {
                let open = File::options().read(true).write(true).create(true).truncate(true).open(file)?;
                Self::Mapped(Arc::new(Arena::in_file(dim * 4, open)?), file.to_owned())
            }
            Residence::Disk => Self::Stored(RwLock::default()),
        })
    }

    /// The rows, where there are any.
    pub fn rows(&self) -> Option<&Arc<Arena>> {
        match self {
            Self::Memory(rows) | Self::Mapped(rows, _) => Some(rows),
            Self::Stored(_) => None,
        }
    }

    /// Appends the vector of `slot`, the next one.
    pub fn push(&self, slot: SlotId, vector: &[f32]) -> Result<()> {
        match self {
            Self::Memory(rows) | Self::Mapped(rows, _) => {
                rows.push(|row| {
                    row.as_chunks_mut::<4>()
                        .0
                        .iter_mut()
                        .zip(vector)
                        .for_each(|(to, x)| *to = x.to_ne_bytes());
                })?;
            }
            Self::Stored(waiting) => {
                waiting.write().insert(slot, vector.into());
            }
        }
        Ok(())
    }

    /// `None`: only the store has it.
    pub fn get(&self, slot: SlotId) -> Option<Cow<'_, [f32]>> {
        match self {
            Self::Memory(rows) | Self::Mapped(rows, _) => Some(Cow::Borrowed(rows.floats(slot))),
            Self::Stored(waiting) => waiting.read().get(&slot).map(|vector| Cow::Owned(vector.to_vec())),
        }
    }

    /// The index has taken the vector in.
    pub fn indexed(&self, slot: SlotId) {
        if let Self::Stored(waiting) = self {
            waiting.write().remove(&slot);
        }
    }

    /// Bytes in memory; those of a mapped file are the system's cache.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Memory(rows) => rows.bytes(),
            Self::Mapped(..) => 0,
            Self::Stored(waiting) => waiting.read().values().map(|v| v.len() * 4 + 48).sum(),
        }
    }

    pub fn mapped_bytes(&self) -> usize {
        if let Self::Mapped(rows, _) = self { rows.bytes() } else { 0 }
    }
}

impl Drop for Vectors {
    fn drop(&mut self) {
        if let Self::Mapped(_, file) = self {
            // What is left behind is removed when the shard is opened.
            let _ = std::fs::remove_file(file);
        }
    }
}
