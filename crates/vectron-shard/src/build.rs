//! Filling payload indexes: all of them when a shard is opened, a new one beside the writes that go on.

use crate::fields::Document;
use crate::origins::{self, Origins};
use crate::point::StoredPoint;
use crate::proto::{NamedVector, SparseDeclared};
use crate::rows::Row;
use crate::{IndexProgress, Result, Shard, ShardError, Until};
use std::sync::Arc;

/// Rows that are indexed while entries wait: about a millisecond.
const STEP: Row = 256;

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
                slots.map(|(row, slot)| (row, Arc::clone(&generation.slot(slot).id))).collect();
            (rows, end)
        };
        let ids: Vec<&str> = rows.iter().map(|(_, id)| &**id).collect();
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| origins::key(id)).collect();
        let known = self.store.get_many(keys.iter().map(Vec::as_slice))?;
        let mut documents = Vec::with_capacity(rows.len());
        self.visit_stored(&ids, &Until::default(), |place, value| {
            let Some((row, id)) = rows.get(place) else { return Ok(false) };
            let lost = || ShardError::Damaged(format!("point {id:?} is missing from the store"));
            let value = value.ok_or_else(lost)?;
            let stored = StoredPoint::decode(&value)?;
            let origins = Origins::read(stored.version, known.get(place).and_then(|known| known.as_deref()))?;
            documents.push((*row, Arc::clone(id), Document::stored(&stored, Some(&origins))?));
            Ok(true)
        })?;
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

    pub fn index_progress(&self) -> Vec<IndexProgress> {
        self.fields.read().progress()
    }
}
