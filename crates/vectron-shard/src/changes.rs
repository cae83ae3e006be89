//! Whether each point of an entry was there before, so that a change feed can tell an insert from an update. Kept for
//! the entries that the log still has.
//!
//! Key `_c` | log index u64 BE; value: a bit a point of the entry, lowest first: 1 when its id was there. Of an entry that
//! does not say itself which points it changed: an encoded `IdBatch` of those.

use crate::proto::IdBatch;
use crate::{Result, Shard, ShardError, origins};
use prost::Message;
use vectron_storage::{Batch, Store};

pub const PREFIX: &[u8] = b"_c";

fn key(index: u64) -> Vec<u8> {
    [PREFIX, &index.to_be_bytes()].concat()
}

pub fn record(batch: &mut Batch, index: u64, present: Vec<bool>) {
    let bits: Vec<u8> = present
        .chunks(8)
        .map(|eight| eight.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at))
        .collect();
    batch.put(&key(index), &bits);
}

pub fn record_ids<'a>(batch: &mut Batch, index: u64, ids: impl Iterator<Item = &'a str>) {
    let ids = ids.map(str::to_owned).collect();
    batch.put(&key(index), &IdBatch { ids, ..IdBatch::default() }.encode_to_vec());
}

/// The points that entry `index`, a mutation or expiry, changed, in the order of their ordinals.
pub fn ids(store: &Store, index: u64) -> Result<Option<Vec<String>>> {
    let Some(bytes) = store.get(&key(index))? else { return Ok(None) };
    let decoded = IdBatch::decode(bytes.as_slice());
    decoded
        .map(|batch| Some(batch.ids))
        .map_err(|_| ShardError::Damaged(format!("the changes of entry {index} cannot be read")))
}

/// Whether entry `index`, an upsert or a delete, was applied, and not refused.
pub fn are_recorded(store: &Store, index: u64) -> Result<bool> {
    Ok(store.get(&key(index))?.is_some())
}

impl Shard {
    /// The points that applied entry `index`, a mutation or expiry, changed. `None`: it was refused.
    pub fn changed(&self, index: u64) -> Result<Option<Vec<String>>> {
        ids(&self.store, index)
    }

    /// For each point of applied entry `index`: whether its id was there before. `None`: the entry changed nothing.
    pub fn was_present(&self, index: u64) -> Result<Option<impl Fn(usize) -> bool>> {
        let bits = self.store.get(&key(index))?;
        Ok(bits.map(|bits| move |at: usize| bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)))
    }

    /// Forgets that of the entries up to `index`: the log has forgotten them.
    pub fn forget_changes(&self, index: u64) -> Result<()> {
        let mut batch = Batch::default();
        for key_of in [key, origins::kept_key] {
            self.store.scan(&key_of(0), |key, _| {
                let old = key <= key_of(index).as_slice();
                if old {
                    batch.delete(key);
                }
                old
            })?;
        }
        if !batch.is_empty() {
            self.store.write(batch)?;
        }
        Ok(())
    }
}
