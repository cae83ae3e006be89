//! The state of the upper shard of a split, made from a checkpoint of the one that was split.

use crate::apply::{APPLIED_KEY, EPOCH_KEY, STAMP_KEY};
use crate::proto::Split;
use crate::{Result, ShardError, changes, origins, point};
use std::path::Path;
use vectron_storage::{Batch, Durability, Resources, Store};

/// Deletes that go to the store together.
const BATCH: usize = 10_000;

/// Makes `dir`, a checkpoint as of the entry before `index`, what the upper shard has after the split, which is entry
/// `index`. `stamp` is kept beside it. Durable when it returns; one that was cut off is made again.
pub fn make_upper(dir: &Path, split: &Split, index: u64, stamp: &[u8], resources: &Resources) -> Result<()> {
    let store = Store::open(&dir.join("store"), Durability::State, resources)?;
    let mut batch = Batch::default();
    let (mut waiting, mut failure): (usize, Option<ShardError>) = (0, None);
    let mut delete = |key: &[u8]| {
        batch.delete(key);
        waiting += 1;
        if waiting == BATCH {
            waiting = 0;
            failure = store.write(std::mem::take(&mut batch)).err().map(Into::into);
        }
        failure.is_none()
    };
    let upper = Split { keeps_upper: true, ..*split };
    store.scan(point::PREFIX, |key, _| {
        let Some(id) = key.strip_prefix(point::PREFIX) else { return false };
        !upper.gives_up(&String::from_utf8_lossy(id)) || delete(key)
    })?;
    // What the feed says of entries before is the other one's to say.
    for own in [changes::PREFIX, origins::KEPT] {
        store.scan(own, |key, _| key.starts_with(own) && delete(key))?;
    }
    store.scan(origins::ORIGINS, |key, _| {
        let Some(id) = key.strip_prefix(origins::ORIGINS) else { return false };
        !upper.gives_up(&String::from_utf8_lossy(id)) || delete(key)
    })?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    batch.put(APPLIED_KEY, &index.to_le_bytes());
    batch.put(STAMP_KEY, stamp);
    batch.put(EPOCH_KEY, &split.epoch.to_le_bytes());
    store.write(batch)?;
    Ok(store.flush()?)
}
