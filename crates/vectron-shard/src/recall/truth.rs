//! The true answers of many queries at once: a block of rows that fits the cache is compared with a block of queries before the
//! next one is read.

use crate::generation::{Generation, SlotId};
use crate::point::{self, StoredPoint};
use crate::{Metric, Result, Shard, ShardSpec};
use std::borrow::Cow;

/// Queries of a block.
const QUERIES: usize = 16;
/// Bytes of a block of rows.
const ROWS: usize = 1 << 18;

/// The closest so far, of which the worst are let go now and then.
struct Closest {
    kept: Vec<(f32, SlotId)>,
    bound: f32,
    count: usize,
}

impl Closest {
    fn offer(&mut self, distance: f32, slot: SlotId) {
        if distance < self.bound || self.kept.len() < self.count {
            self.kept.push((distance, slot));
            if self.kept.len() >= 8 * self.count.max(16) {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.count {
            self.kept.select_nth_unstable_by(self.count - 1, closer);
            self.kept.truncate(self.count);
            self.bound = self.kept.iter().map(|(distance, _)| *distance).fold(f32::NEG_INFINITY, f32::max);
        }
    }
}

fn closer(a: &(f32, SlotId), b: &(f32, SlotId)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}

impl Shard {
    /// The `count` closest of the slots to each query, closest first: distance (negative inner product or squared L2) and slot.
    pub(crate) fn closest(
        &self,
        spec: &ShardSpec,
        generation: &Generation,
        slots: &[SlotId],
        queries: &[&[f32]],
        count: usize,
    ) -> Result<Vec<Vec<(f32, SlotId)>>> {
        let new = || Closest { kept: Vec::new(), bound: f32::INFINITY, count };
        let mut all: Vec<Closest> = queries.iter().map(|_| new()).collect();
        let block = (ROWS / (4 * spec.dim)).max(16);
        let mut out = vec![0.0; block];
        for slots in slots.chunks(block) {
            let read = match generation.vectors.rows() {
                Some(_) => Vec::new(),
                None => self.vectors_of(spec, generation, slots)?,
            };
            for (queries, all) in queries.chunks(QUERIES).zip(all.chunks_mut(QUERIES)) {
                for (query, closest) in queries.iter().zip(all) {
                    compare(spec, generation, query, slots, &read, &mut out);
                    out.iter().zip(slots).for_each(|(distance, slot)| closest.offer(*distance, *slot));
                }
            }
        }
        let sorted = all.into_iter().map(|mut closest| {
            closest.cut();
            closest.kept.sort_unstable_by(closer);
            closest.kept
        });
        Ok(sorted.collect())
    }

    /// The vectors of the slots in the form that the index has; empty: it has another version by now.
    pub(crate) fn vectors_of<'a>(
        &self,
        spec: &ShardSpec,
        generation: &'a Generation,
        slots: &[SlotId],
    ) -> Result<Vec<Cow<'a, [f32]>>> {
        let held: Vec<_> = slots.iter().map(|slot| generation.vectors.get(*slot)).collect();
        let missing = slots.iter().zip(&held).filter(|(_, vector)| vector.is_none());
        let missing: Vec<SlotId> = missing.map(|(slot, _)| *slot).collect();
        let keys: Vec<Vec<u8>> = missing.iter().map(|slot| point::key(&generation.slot(*slot).id)).collect();
        let mut values = missing.iter().zip(self.store.get_many(keys.iter().map(Vec::as_slice))?);
        let mut vectors = Vec::with_capacity(slots.len());
        for vector in held {
            let Some(vector) = vector else {
                let Some((slot, value)) = values.next() else { continue };
                vectors.push(Cow::Owned(stored(spec, generation, *slot, value.as_deref())?));
                continue;
            };
            vectors.push(vector);
        }
        Ok(vectors)
    }
}

fn stored(spec: &ShardSpec, generation: &Generation, slot: SlotId, value: Option<&[u8]>) -> Result<Vec<f32>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let stored = StoredPoint::decode(value)?;
    if !generation.slot(slot).holds(stored.version) {
        return Ok(Vec::new());
    }
    let mut vector = crate::command::floats(stored.vector);
    if spec.metric == Metric::Cosine {
        vectron_kernels::normalize(&mut vector);
    }
    Ok(vector)
}

/// `out[i]`: distance to slot `i`; infinite where its vector is no more.
fn compare(
    spec: &ShardSpec,
    generation: &Generation,
    query: &[f32],
    slots: &[SlotId],
    read: &[Cow<'_, [f32]>],
    out: &mut [f32],
) {
    let Some(rows) = generation.vectors.rows() else {
        for (out, vector) in out.iter_mut().zip(read) {
            *out = match spec.metric {
                _ if vector.is_empty() => f32::INFINITY,
                Metric::Euclidean => vectron_kernels::l2_squared(query, vector),
                Metric::Cosine | Metric::Dot => -vectron_kernels::dot(query, vector),
            };
        }
        return;
    };
    match spec.metric {
        Metric::Euclidean => vectron_kernels::l2_squared_rows(query, rows, slots, out),
        Metric::Cosine | Metric::Dot => {
            vectron_kernels::dot_rows(query, rows, slots, out);
            out.iter_mut().take(slots.len()).for_each(|dot| *dot = -*dot);
        }
    }
}
