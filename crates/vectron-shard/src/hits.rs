//! What hits give of their points: payloads, as JSON text or as the encoded fields of an answer, and vectors.
//!
//! Payloads are kept in the form in which they were answered (docs/adr/0047-engine-path.md): the points that are near to one query
//! are near to others.

use crate::generation::Slot;
use crate::payload_fields;
use crate::point::{StoredPoint, Version};
use crate::proto::{Hit, SearchOp};
use crate::search::Found;
use crate::{Result, Shard, ShardError, Until};
use std::sync::Arc;
use vectron_storage::RenderedName;

impl Shard {
    /// `None`: a hit was written or deleted since, so its payload would be of another version. Throws AnswerTooLarge before
    /// it reads more than the request has room for.
    pub(crate) fn hits(&self, found: &Found, request: &SearchOp, until: &Until) -> Result<Option<Vec<Hit>>> {
        let mut hits: Vec<Hit> = found
            .hits
            .iter()
            .map(|(score, slot)| Hit { id: slot.id.to_string(), score: *score, ..Default::default() })
            .collect();
        if !request.include_payload && !request.include_vector {
            return Ok(Some(hits));
        }
        // Also where nothing has to be read.
        until.check()?;
        let mut room = HitRoom { max_bytes: request.max_bytes, taken: 0 };
        let form = rendered_form(request);
        let mut missing: Vec<usize> = Vec::new();
        for (place, (hit, (_, slot))) in hits.iter_mut().zip(&found.hits).enumerate() {
            match form.and_then(|form| self.rendered(slot, form, found.applied_index)) {
                Some(payload) => {
                    hit.payload = payload.to_vec();
                    room.take(hit)?;
                }
                None => missing.push(place),
            }
        }
        let ids: Vec<&str> = missing.iter().map(|place| &*found.hits[*place].1.id).collect();
        let mut whole = true;
        self.visit_stored(&ids, until, |at, value| {
            let Some(value) = value else {
                whole = false;
                return Ok(false);
            };
            let stored = StoredPoint::decode(&value)?;
            if stored.version.index > found.applied_index {
                whole = false;
                return Ok(false);
            }
            let (hit, (_, slot)) = (&mut hits[missing[at]], &found.hits[missing[at]]);
            fill(hit, &stored, request)?;
            room.take(hit)?;
            if let Some(form) = form {
                self.store.keep_rendered(rendered_name(slot, stored.version, form), &hit.payload);
            }
            Ok(true)
        })?;
        Ok(whole.then_some(hits))
    }

    /// The payload of the point that the slot is of, in that form, if that is kept and is surely that as of `applied`.
    fn rendered(&self, slot: &Slot, form: u8, applied: u64) -> Option<Arc<[u8]>> {
        // A point that was written or deleted since is read, and found to be another one.
        let version = Some(slot.written()).filter(|version| slot.is_live() && version.index <= applied)?;
        // Where a write comes between the two parts of the version, no such version of this point is kept.
        self.store.rendered(rendered_name(slot, version, form))
    }
}

/// Bytes that the hits of a search take.
struct HitRoom {
    /// 0: no limit.
    max_bytes: u32,
    taken: usize,
}

impl HitRoom {
    fn take(&mut self, hit: &Hit) -> Result<()> {
        self.taken += hit.payload.len() + hit.vector.len();
        match self.max_bytes {
            max_bytes if max_bytes > 0 && self.taken > max_bytes as usize => {
                Err(ShardError::AnswerTooLarge { max_bytes })
            }
            _ => Ok(()),
        }
    }
}

/// The form of the payloads that a search gives; `None`: it gives more than payloads, or its slots, those of a named vector, do
/// not know the version of their points.
fn rendered_form(request: &SearchOp) -> Option<u8> {
    let only_payloads = request.include_payload && !request.include_vector && request.using.is_empty();
    only_payloads.then_some(u8::from(request.payload_fields))
}

fn rendered_name(slot: &Slot, version: Version, form: u8) -> RenderedName {
    RenderedName { key: Arc::clone(&slot.id), version: (version.index, version.ordinal), form }
}

/// Puts what the request includes of a point into its hit.
fn fill(hit: &mut Hit, stored: &StoredPoint<'_>, request: &SearchOp) -> Result<()> {
    if request.include_payload {
        hit.payload = match request.payload_fields {
            true => payload_fields::encode(stored.payload)?,
            false => stored.payload.into(),
        };
    }
    if request.include_vector {
        hit.vector = match request.using.as_str() {
            "" => stored.vector.into(),
            name => {
                let named = stored.extras()?.vectors.into_iter().find(|one| one.name == name);
                named.map_or_else(Vec::new, |one| one.vector)
            }
        };
    }
    Ok(())
}
