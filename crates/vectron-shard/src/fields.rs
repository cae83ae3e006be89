//! What a shard knows of its points besides their vectors: their rows, and the payload indexes and sparse vectors over
//! them, all as of one log index. Changed by whoever applies entries, under the lock that readers share.

use crate::field_index::FieldIndex;
use crate::filter::{Filter, Test};
use crate::generation::SlotId;
use crate::inverted::{Sparse, SparseIndex};
use crate::origins::Origins;
use crate::path::Path;
use crate::point::{StoredPoint, Version};
use crate::proto::{IndexKind, PayloadIndex, PointExtras, VectorData};
use crate::rows::{Row, Rows};
use crate::schema::Schema;
use crate::space::Space;
use crate::space_field::SpaceField;
use crate::{Result, ShardError};
use roaring::RoaringBitmap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Default)]
pub struct Fields {
    /// Log index as of which all of this is.
    pub applied: u64,
    pub rows: Rows,
    schema: Arc<Schema>,
    pub indexes: Vec<FieldIndex>,
    sparse: BTreeMap<String, SparseField>,
    spaces: BTreeMap<String, SpaceField>,
}

struct SparseField {
    index: SparseIndex,
    building: Option<Row>,
}

/// What indexes need of a point.
pub struct Document {
    pub payload: Value,
    pub sparse: Vec<(String, Sparse)>,
    pub vectors: Vec<Own>,
}

/// A named vector of a point.
pub struct Own {
    pub data: VectorData,
    /// The version of the point by which it came.
    pub origin: Version,
    /// Whether the entry that is applied leaves it where it is.
    pub is_kept: bool,
}

/// The rows that may pass a filter.
pub struct Selected {
    /// `None`: every live one.
    pub rows: Option<RoaringBitmap>,
    /// Whether all of them pass; otherwise some may not.
    pub exact: bool,
}

/// How far the building of an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexProgress {
    pub index: PayloadIndex,
    pub indexed: u64,
    pub ready: bool,
    /// Points of those indexed with a value that is not null and that the index's type says nothing about.
    pub unread: u64,
    /// One of them.
    pub unread_slot: Option<SlotId>,
}

impl Document {
    /// `origins`: missing where nobody asks for the named vectors.
    pub fn new(payload: &[u8], mut extras: PointExtras, origins: Option<&Origins>) -> Result<Self> {
        let payload = match payload {
            [] => Value::Object(serde_json::Map::new()),
            text => serde_json::from_slice(text)
                .map_err(|e| ShardError::Damaged(format!("a payload is not JSON: {e}")))?,
        };
        let sparse = extras.sparse_vectors();
        let own = |origins: &Origins, data: VectorData| {
            let origin = origins.named(&data.name);
            Own { data, origin, is_kept: false }
        };
        let vectors = origins.map_or_else(Vec::new, |origins| {
            extras.vectors.into_iter().map(|data| own(origins, data)).collect()
        });
        Ok(Self { payload, sparse, vectors })
    }

    pub fn stored(point: &StoredPoint<'_>, origins: Option<&Origins>) -> Result<Self> {
        Self::new(point.payload, point.extras()?, origins)
    }
}

impl Fields {
    /// Of a shard that is opened. `spaces`: its named vectors, with the slots that their points have.
    pub fn new(schema: Schema, rows: Rows, applied: u64, spaces: Vec<(Space, Rows)>) -> Result<Self> {
        let mut fields = Self { applied, rows, ..Self::default() };
        for (space, slots) in spaces {
            let at = |id: &Arc<str>| Some((fields.rows.row(id)?, slots.slot_of(id)?));
            let slots: Vec<_> = slots.ids().filter_map(at).collect();
            let name = space.declared().name.clone();
            fields.spaces.insert(name, SpaceField::loaded(space, slots.into_iter()));
        }
        fields.declare(schema, &PathBuf::new)?;
        Ok(fields)
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether changes of points need to be told: there is something that indexes them.
    pub fn wants_documents(&self) -> bool {
        !self.indexes.is_empty() || !self.sparse.is_empty() || !self.spaces.is_empty()
    }

    /// Takes up what was declared and lets go of what was dropped. New indexes are empty and must be built. `file`: a path
    /// for mapped vectors.
    pub fn declare(&mut self, schema: Schema, file: &dyn Fn() -> PathBuf) -> Result<()> {
        let message = schema.message();
        self.indexes.retain(|index| message.indexes.contains(&index.declared));
        let building = Some(0).filter(|_| self.rows.len() > 0);
        for declared in &message.indexes {
            if !self.indexes.iter().any(|index| index.declared == *declared) {
                self.indexes.push(FieldIndex::new(declared, building)?);
            }
        }
        self.sparse.retain(|name, _| schema.has_sparse(name));
        for declared in &message.sparse {
            let new = || SparseField { index: SparseIndex::default(), building };
            self.sparse.entry(declared.name.clone()).or_insert_with(new);
        }
        self.spaces.retain(|name, field| schema.vector(name) == Some(field.space.declared()));
        for declared in &message.vectors {
            if !self.spaces.contains_key(&declared.name) {
                let space = Space::new(declared.clone(), &file(), self.applied)?;
                let field = SpaceField::declared(space, building.is_some());
                self.spaces.insert(declared.name.clone(), field);
            }
        }
        self.schema = Arc::new(schema);
        Ok(())
    }

    /// By the entry `at`.
    pub fn remove_document(&mut self, row: Row, document: &Document, id: &Arc<str>, at: u64) {
        let holding = self.indexes.iter_mut().filter(|index| index.holds(row));
        holding.for_each(|index| index.remove(row, &document.payload));
        for (name, vector) in &document.sparse {
            if let Some(field) = self.sparse.get_mut(name).filter(|field| field.holds(row)) {
                field.index.remove(row, vector);
            }
        }
        self.spaces.values_mut().for_each(|field| field.remove(row, document, id, at));
    }

    pub fn insert_document(&mut self, row: Row, document: &Document, id: &Arc<str>) -> Result<()> {
        let holding = self.indexes.iter_mut().filter(|index| index.holds(row));
        holding.for_each(|index| index.insert(row, &document.payload));
        for (name, vector) in &document.sparse {
            if let Some(field) = self.sparse.get_mut(name).filter(|field| field.holds(row)) {
                field.index.insert(row, vector);
            }
        }
        for own in &document.vectors {
            if let Some(field) = self.spaces.get_mut(&own.data.name) {
                field.insert(row, own, id)?;
            }
        }
        Ok(())
    }

    /// The first row that an index lacks; `None`: nothing is being built.
    pub fn built(&self) -> Option<Row> {
        let indexes = self.indexes.iter().filter_map(|index| index.building);
        let sparse = self.sparse.values().filter_map(|field| field.building);
        indexes.chain(sparse).chain(self.spaces.values().filter_map(SpaceField::building)).min()
    }

    /// Adds the documents of the rows from [`Fields::built`] to `end` to the indexes that lack them.
    pub fn build(&mut self, end: Row, documents: &[(Row, Arc<str>, Document)]) -> Result<()> {
        let Some(from) = self.built() else { return Ok(()) };
        let done = end >= self.rows.end();
        let next = |building: &mut Option<Row>| *building = Some(end).filter(|_| !done);
        for index in self.indexes.iter_mut().filter(|index| index.building == Some(from)) {
            documents.iter().for_each(|(row, _, document)| index.insert(*row, &document.payload));
            next(&mut index.building);
        }
        for (name, field) in self.sparse.iter_mut().filter(|(_, field)| field.building == Some(from)) {
            for (row, _, document) in documents {
                let own = document.sparse.iter().filter(|(of, _)| of == name);
                own.for_each(|(_, vector)| field.index.insert(*row, vector));
            }
            next(&mut field.building);
        }
        for field in self.spaces.values_mut().filter(|field| field.building() == Some(from)) {
            field.build(end, done, documents)?;
        }
        self.publish();
        Ok(())
    }

    /// Everything that was put into the spaces is seen from here on.
    pub fn publish(&mut self) {
        self.spaces.values_mut().for_each(|field| field.publish(self.applied));
    }

    /// The space of a named vector, when it is ready.
    pub fn space(&self, name: &str) -> Result<&Arc<Space>> {
        match self.spaces.get(name) {
            Some(field) if field.building().is_none() => Ok(&field.space),
            Some(_) => Err(ShardError::IndexBuilding(format!("vector {name:?}"))),
            None => {
                Err(ShardError::Invalid(format!("the collection has no vector {name:?}: create it first")))
            }
        }
    }

    pub fn spaces(&self) -> impl Iterator<Item = &Arc<Space>> {
        self.spaces.values().map(|field| &field.space)
    }

    /// Slots in a space of the rows, of those that have the vector.
    pub fn space_slots(&self, name: &str, rows: &RoaringBitmap) -> Vec<SlotId> {
        self.spaces.get(name).map_or_else(Vec::new, |field| field.slots(rows))
    }

    /// Slots of a space move; of one that was dropped meanwhile there are none.
    pub fn rename_space(&mut self, space: &Arc<Space>, moved: impl Fn(SlotId) -> SlotId) {
        let field = self.spaces.get_mut(&space.declared().name);
        if let Some(field) = field.filter(|field| Arc::ptr_eq(&field.space, space)) {
            field.rename(moved);
        }
    }

    pub fn progress(&self) -> Vec<IndexProgress> {
        let each = self.indexes.iter().map(|index| IndexProgress {
            index: index.declared.clone(),
            indexed: match index.building {
                Some(built) => self.rows.live().range_cardinality(..built),
                None => self.rows.len() as u64,
            },
            ready: index.building.is_none(),
            unread: index.unread().len(),
            unread_slot: index.unread().iter().find_map(|row| self.rows.slot(row)),
        });
        each.collect()
    }

    /// The rows that may pass, by the indexes that are ready.
    pub fn select(&self, filter: &Filter) -> Selected {
        let unknown = Selected { rows: None, exact: false };
        match filter {
            Filter::All(all) => {
                let mut selected = Selected { rows: None, exact: true };
                for one in all.iter().map(|one| self.select(one)) {
                    selected.exact &= one.exact;
                    selected.rows = match (selected.rows, one.rows) {
                        (Some(a), Some(b)) => Some(a & b),
                        (a, b) => a.or(b),
                    };
                }
                selected
            }
            Filter::Any(any) => {
                let (mut rows, mut exact) = (RoaringBitmap::new(), true);
                for one in any.iter().map(|one| self.select(one)) {
                    exact &= one.exact;
                    match one.rows {
                        Some(more) => rows |= more,
                        None if one.exact => rows |= self.rows.live(),
                        None => return unknown,
                    }
                }
                Selected { rows: Some(rows), exact }
            }
            // What certainly holds for one of them does not pass.
            Filter::None(none) => {
                let (mut certain, mut exact) = (RoaringBitmap::new(), true);
                for one in none.iter().map(|one| self.select(one)) {
                    exact &= one.exact;
                    match one.rows {
                        _ if !one.exact => {}
                        Some(rows) => certain |= rows,
                        None => certain |= self.rows.live(),
                    }
                }
                Selected { rows: Some(self.rows.live() - certain), exact }
            }
            Filter::Field(path, test) => match self.select_test(path, test) {
                Some((rows, exact)) => Selected { rows: Some(rows), exact },
                None => unknown,
            },
            Filter::Ids(ids) => {
                let rows = ids.iter().filter_map(|id| self.rows.row(id)).collect();
                Selected { rows: Some(rows), exact: true }
            }
            Filter::Nested(..) => unknown,
        }
    }

    fn at<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = &'a FieldIndex> {
        self.indexes.iter().filter(move |index| index.path == *path)
    }

    fn select_test(&self, path: &Path, test: &Test) -> Option<(RoaringBitmap, bool)> {
        let Test::In(values) = test else { return self.at(path).find_map(|index| index.select(test)) };
        let mut rows = RoaringBitmap::new();
        let kinds: [(bool, &[IndexKind]); 3] = [
            (!values.texts.is_empty(), &[IndexKind::Keyword]),
            (!values.numbers.is_empty(), &[IndexKind::Integer, IndexKind::Float]),
            (!values.flags.is_empty(), &[IndexKind::Bool]),
        ];
        for (_, kinds) in kinds.iter().filter(|(asked, _)| *asked) {
            let mut of_kind = self.at(path).filter(|index| kinds.contains(&index.declared.kind()));
            rows |= of_kind.find_map(|index| index.select_in(values))?;
        }
        Some((rows, true))
    }

    /// An index at the path that is ready and passes.
    pub fn ready(&self, path: &Path, passes: impl Fn(&FieldIndex) -> bool) -> Option<&FieldIndex> {
        let found = self.indexes.iter().find(|index| index.path == *path && passes(index));
        found.filter(|index| index.building.is_none())
    }

    /// The index of a sparse vector, when it is ready.
    pub fn sparse(&self, name: &str) -> Result<&SparseIndex> {
        match self.sparse.get(name) {
            Some(SparseField { index, building: None }) => Ok(index),
            Some(_) => Err(ShardError::IndexBuilding(format!("sparse vector {name:?}"))),
            None => Err(ShardError::Invalid(format!(
                "the collection has no sparse vector {name:?}: create it first"
            ))),
        }
    }
}

impl SparseField {
    fn holds(&self, row: Row) -> bool {
        self.building.is_none_or(|built| row < built)
    }
}
