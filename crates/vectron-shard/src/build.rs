//! Filling payload indexes: all of them when a shard is opened, a new one beside the writes that go on.

use crate::field_index::FieldIndex;
use crate::fields::{Document, IndexProgress};
use crate::point::{self, StoredPoint};
use crate::proto::{IndexStatus, NamedVector, PayloadIndex, SparseDeclared};
use crate::rows::Row;
use crate::{Result, Shard, ShardError, Slot};

/// Rows that are indexed while entries wait: about a millisecond.
const STEP: Row = 256;

/// Of an example.
const MAX_EXAMPLE_BYTES: usize = 200;

fn shortened(mut text: String) -> String {
    if text.len() > MAX_EXAMPLE_BYTES {
        let end = (0..=MAX_EXAMPLE_BYTES).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

impl Shard {
    /// Whether [`Shard::build_step`] has something to do.
    pub fn is_building(&self) -> bool {
        self.fields.read().built().is_some()
    }

    /// Takes some rows into the payload indexes that are being built. Returns whether there are more. Entries wait for
    /// about a millisecond, searches for less.
    pub fn build_step(&self) -> Result<bool> {
        let _entries_wait = self.writer.lock();
        let (rows, end) = {
            let fields = self.fields.read();
            let Some(from) = fields.built() else { return Ok(false) };
            let generation = self.generation.load();
            let end = from.saturating_add(STEP).min(fields.rows.end());
            let slots = (from..end).filter_map(|row| Some((row, fields.rows.slot(row)?)));
            let rows: Vec<_> =
                slots.map(|(row, slot)| (row, std::sync::Arc::clone(generation.slot(slot)))).collect();
            (rows, end)
        };
        let keys: Vec<Vec<u8>> = rows.iter().map(|(_, slot)| point::key(&slot.id)).collect();
        let values = self.store.get_many(keys.iter().map(Vec::as_slice))?;
        let mut documents = Vec::with_capacity(rows.len());
        for ((row, slot), value) in rows.into_iter().zip(values) {
            let lost = || ShardError::Damaged(format!("point {:?} is missing from the store", slot.id));
            let value = value.ok_or_else(lost)?;
            documents.push((row, slot, Document::stored(&StoredPoint::decode(&value)?)?));
        }
        let mut fields = self.fields.write();
        fields.build(end, &documents)?;
        Ok(fields.built().is_some())
    }

    /// As they are declared.
    pub fn sparse_vectors(&self) -> Vec<SparseDeclared> {
        self.fields.read().schema().message().sparse.clone()
    }

    pub fn named_vectors(&self) -> Vec<NamedVector> {
        self.fields.read().schema().message().vectors.clone()
    }

    /// Of each payload index, and what it could not read.
    pub fn index_status(&self) -> Result<Vec<IndexStatus>> {
        let (generation, progress) = {
            let fields = self.fields.read();
            (self.generation.load_full(), fields.progress())
        };
        let status = |one: IndexProgress| {
            let IndexProgress { index, indexed, ready, unread, unread_slot } = one;
            let example = unread_slot.map(|slot| self.unread_example(&index, generation.slot(slot)));
            let (unread_id, unread_value) = example.transpose()?.flatten().unwrap_or_default();
            Ok(IndexStatus { index: Some(index), indexed, ready, unread, unread_id, unread_value })
        };
        progress.into_iter().map(status).collect()
    }

    /// Its id, and its first value that the index does not hold, as JSON. `None`: it was written anew meanwhile.
    fn unread_example(&self, declared: &PayloadIndex, slot: &Slot) -> Result<Option<(String, String)>> {
        let Some(value) = self.store.get(&point::key(&slot.id))? else { return Ok(None) };
        let document = Document::stored(&StoredPoint::decode(&value)?)?;
        let index = FieldIndex::new(declared, None)?;
        let value = index.unread_value(&document.payload).map(|value| shortened(value.to_string()));
        Ok(value.map(|value| (slot.id.to_string(), value)))
    }
}
