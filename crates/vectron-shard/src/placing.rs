//! What an entry that writes points does to their vectors: which of them stay where they are, because the point had them before,
//! bit for bit, and which go into the graphs anew.

use crate::fields::Document;
use crate::generation::Generation;
use crate::origins::{self, Kept, Origins};
use crate::point::{StoredPoint, Version};
use crate::proto::{PointData, PointExtras};
use crate::{Result, Shard, Until};
use std::borrow::Cow;
use std::collections::HashMap;
use vectron_storage::Batch;

/// The verdict on the points of an entry, and what the indexes know of them before and after it.
pub struct Placing<'a> {
    /// By the place of a point: whether its first vector stays where it is.
    pub stays: Vec<bool>,
    kept: Kept,
    /// Of each id that the entry writes, with whether there may be an earlier record.
    origins: Vec<(&'a str, Origins, bool)>,
    /// Each id once; nothing where nothing is indexed.
    pub before: Vec<(&'a str, Document)>,
    /// Those that stay, in the order of the entry, on which the graphs of named vectors depend.
    pub after: Vec<(&'a str, Document)>,
}

impl Placing<'_> {
    /// What the store keeps of it.
    pub fn put(&mut self, batch: &mut Batch, index: u64) {
        for (id, origins, had) in std::mem::take(&mut self.origins) {
            origins.put(batch, id, had);
        }
        self.kept.put(batch, index);
    }
}

/// A point as it is before the entry.
struct Former {
    origins: Origins,
    document: Option<Document>,
    /// As the index takes it, where it is not in memory.
    vector: Option<Vec<f32>>,
}

/// The first vector that a point has by now, and the version with which it came.
type Current<'a> = (Version, Cow<'a, [f32]>);

fn is_same_vector(one: &[f32], other: &[f32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits())
}

impl Shard {
    /// `points`: of entry `index`; `vectors`: their first ones, as the index takes them. Of equal ids the last one stays.
    pub(crate) fn place<'a>(
        &self,
        generation: &'a Generation,
        index: u64,
        points: &'a [PointData],
        vectors: &'a [Vec<f32>],
    ) -> Result<Placing<'a>> {
        let wants_documents = self.fields.read().wants_documents();
        let last: HashMap<&str, usize> =
            points.iter().enumerate().map(|(at, point)| (point.id.as_str(), at)).collect();
        let mut formers = self.formers(generation, &last, wants_documents)?;
        let mut current = self.current(generation, &last, &mut formers);
        let (mut stays, mut kept) = (vec![false; points.len()], Kept::default());
        for (ordinal, ((point, vector), stays)) in points.iter().zip(vectors).zip(&mut stays).enumerate() {
            let version = Version { index, ordinal: ordinal as u32 };
            *stays = current.get(point.id.as_str()).is_some_and(|(_, known)| is_same_vector(known, vector));
            if *stays {
                kept.add_first(ordinal);
            } else {
                current.insert(&point.id, (version, Cow::Borrowed(vector)));
            }
        }
        let (mut origins, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for (ordinal, point) in points.iter().enumerate() {
            let id = point.id.as_str();
            if last.get(id) != Some(&ordinal) {
                continue;
            }
            let mut own = Origins::new(Version { index, ordinal: ordinal as u32 });
            if let Some((origin, _)) = current.get(id) {
                own.keep_first(*origin);
            }
            let mut former = formers.remove(id);
            let had = former.is_some() || self.may_have_origins(generation, id, wants_documents);
            let known = former.as_mut().and_then(|former| Some((&former.origins, former.document.as_mut()?)));
            if let Some((former, document)) = known {
                for named in &mut document.vectors {
                    named.is_kept = origins::is_same(&point.vectors, &named.data);
                    if named.is_kept {
                        kept.add_named(&named.data.name, ordinal);
                        own.keep_named(&named.data.name, former.named(&named.data.name));
                    }
                }
            }
            if wants_documents {
                let mut document = document(point, &own)?;
                let former = former.and_then(|former| former.document);
                for named in &mut document.vectors {
                    let is_it = |one: &&crate::fields::Own| one.data.name == named.data.name;
                    let before = former.iter().flat_map(|former| &former.vectors).find(is_it);
                    named.is_kept = before.is_some_and(|before| before.is_kept);
                }
                after.push((id, document));
                before.extend(former.map(|document| (id, document)));
            }
            origins.push((id, own, had));
        }
        Ok(Placing { stays, kept, origins, before, after })
    }

    /// Whether the store may have a record of the origins of the point's vectors.
    pub(crate) fn may_have_origins(&self, generation: &Generation, id: &str, wants_documents: bool) -> bool {
        let slot = self.fields.read().rows.slot_of(id).map(|slot| generation.slot(slot));
        slot.is_some_and(|slot| wants_documents || slot.written() != slot.version)
    }

    /// What must be read of the points that are there: what the indexes know of them, and vectors that are not in memory.
    fn formers<'a>(
        &self,
        generation: &Generation,
        last: &HashMap<&'a str, usize>,
        wants_documents: bool,
    ) -> Result<HashMap<&'a str, Former>> {
        let is_read = |id: &&str| {
            let slot = self.fields.read().rows.slot_of(id);
            slot.is_some_and(|slot| wants_documents || generation.vectors.get(slot).is_none())
        };
        let mut ids: Vec<&str> = last.keys().copied().filter(is_read).collect();
        ids.sort_unstable();
        let mut formers = HashMap::with_capacity(ids.len());
        for (id, stored, origins) in self.stored_with_origins(&ids)? {
            let stored = StoredPoint::decode(&stored)?;
            let origins = Origins::read(stored.version, origins.as_deref())?;
            let document = wants_documents.then(|| Document::stored(&stored, Some(&origins))).transpose()?;
            let in_memory = self.fields.read().rows.slot_of(id).and_then(|slot| generation.vectors.get(slot));
            let vector = in_memory.is_none().then(|| self.index_form(stored.vector));
            formers.insert(id, Former { origins, document, vector });
        }
        Ok(formers)
    }

    /// What is stored of those of the points that are there, and the record of where their vectors came from.
    #[allow(clippy::type_complexity)]
    pub(crate) fn stored_with_origins<'a>(
        &self,
        ids: &[&'a str],
    ) -> Result<Vec<(&'a str, Vec<u8>, Option<Vec<u8>>)>> {
        let keys: Vec<Vec<u8>> = ids.iter().map(|id| origins::key(id)).collect();
        let mut known = self.store.get_many(keys.iter().map(Vec::as_slice))?;
        let mut found = Vec::with_capacity(ids.len());
        self.visit_stored(ids, &Until::default(), |place, value| {
            if let (Some(value), Some(id), Some(known)) = (value, ids.get(place), known.get_mut(place)) {
                found.push((*id, value, known.take()));
            }
            Ok(true)
        })?;
        Ok(found)
    }

    fn current<'a>(
        &self,
        generation: &'a Generation,
        last: &HashMap<&'a str, usize>,
        formers: &mut HashMap<&'a str, Former>,
    ) -> HashMap<&'a str, Current<'a>> {
        let fields = self.fields.read();
        let mut current = HashMap::with_capacity(last.len());
        for id in last.keys() {
            let Some(slot) = fields.rows.slot_of(id) else { continue };
            let read = formers.get_mut(id).and_then(|former| former.vector.take());
            let vector = generation.vectors.get(slot).or_else(|| read.map(Cow::Owned));
            current.extend(vector.map(|vector| (*id, (generation.slot(slot).version, vector))));
        }
        current
    }
}

fn document(point: &PointData, origins: &Origins) -> Result<Document> {
    let (sparse, vectors) = (point.sparse.clone(), point.vectors.clone());
    Document::new(&point.payload, PointExtras { sparse, vectors, expires_at_ms: 0 }, Some(origins))
}
