//! Questions about points that pass a filter, without nearness: how many, which values, and which in an order.

use crate::apply::data;
use crate::field_index::Data;
use crate::filter::Filter;
use crate::matching::{Filtering, Matching};
use crate::number::Number;
use crate::order::{Order, Ordered};
use crate::path::Path;
use crate::point::{self, StoredPoint};
use crate::proto::{
    self, CountOp, Counted, FacetOp, Facets, IndexKind, PageFound, PageOp, PointData, ValueCount,
};
use crate::{Result, Shard, ShardError};
use serde_json::Value;
use std::collections::HashMap;

/// Attempts beside writes; the next one keeps writes out.
const ATTEMPTS: usize = 3;
/// Points whose payloads are read for an estimate.
const SAMPLE: usize = 512;
const MAX_VALUES: u32 = 100_000;

impl Shard {
    fn optional_filter(&self, message: Option<&proto::Filter>) -> Result<Option<Filtering>> {
        message.map(|message| self.filter(message)).transpose()
    }

    /// Asks until `answer` finds what it needs of the points that pass.
    fn with_matching<T>(
        &self,
        filter: Option<&Filter>,
        answer: impl Fn(&Matching) -> Result<Option<T>>,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            if let Some(matching) = self.matching(filter, false)?
                && let Some(answer) = answer(&matching)?
            {
                return Ok(answer);
            }
        }
        let _no_writes = self.writer.lock();
        let answer = self.matching(filter, true)?.map(|matching| answer(&matching)).transpose()?.flatten();
        answer.ok_or_else(|| ShardError::Damaged("live points are missing from the store".into()))
    }

    /// How many points pass.
    pub fn count(&self, request: &CountOp) -> Result<Counted> {
        let Some(filter) = self.optional_filter(request.filter.as_ref())? else {
            return Ok(Counted { count: self.generation.load().live(), exact: true, unindexed: false });
        };
        if request.estimate {
            let candidates = self.candidates(&filter);
            let known = candidates.rows.as_ref().map_or(candidates.live, roaring::RoaringBitmap::len);
            if candidates.exact {
                return Ok(Counted { count: known, exact: true, unindexed: false });
            }
            if known > 2 * SAMPLE as u64 {
                let slots = candidates.slots.unwrap_or_else(|| self.fields.read().rows.slots().collect());
                let step = (slots.len() / SAMPLE).max(1);
                let generation = &candidates.generation;
                let sample: Vec<_> =
                    slots.into_iter().step_by(step).filter(|slot| generation.slot(*slot).is_live()).collect();
                if let Some(passing) = self.read_slots(generation, &sample, &filter)? {
                    let share = passing.len() as f64 / sample.len().max(1) as f64;
                    let count = (share * known as f64).round() as u64;
                    return Ok(Counted { count, exact: false, unindexed: true });
                }
            }
        }
        self.with_matching(Some(&filter), |matching| {
            let Matching { rows, unindexed, .. } = matching;
            Ok(Some(Counted { count: rows.len(), exact: true, unindexed: *unindexed }))
        })
    }

    /// The values at a path of the points that pass, each with how many points have it.
    pub fn facets(&self, request: &FacetOp) -> Result<Facets> {
        let path = Path::parse(&request.path).map_err(ShardError::Invalid)?;
        if !(1..=MAX_VALUES).contains(&request.limit) {
            return Err(ShardError::Invalid(format!(
                "limit must be 1 to {MAX_VALUES}, not {}",
                request.limit
            )));
        }
        let filter = self.optional_filter(request.filter.as_ref())?;
        let limit = request.limit as usize;
        let facets = |mut counts: Vec<ValueCount>, unindexed: bool| {
            counts.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            let more = counts.len() > limit;
            counts.truncate(limit);
            Facets { values: counts, more, unindexed }
        };
        if let Some(counts) = self.indexed_facets(&path, filter.as_deref()) {
            return Ok(facets(counts, false));
        }
        self.with_matching(filter.as_deref(), |matching| {
            let mut counts: HashMap<String, u64> = HashMap::new();
            for slots in matching.slots.chunks(4096) {
                let Some(documents) = self.read_documents(&matching.generation, slots)? else {
                    return Ok(None);
                };
                for document in documents {
                    let mut own = Vec::new();
                    path.leaves(&document.payload, &mut |leaf| match leaf {
                        Value::Number(number) => {
                            own.extend(Number::of(number).map(|n| canonical(n).to_string()))
                        }
                        Value::String(_) | Value::Bool(_) => own.push(leaf.to_string()),
                        _ => {}
                    });
                    own.sort_unstable();
                    own.dedup();
                    own.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
                }
            }
            let counts = counts.into_iter().map(|(value, count)| ValueCount { value, count });
            Ok(Some(facets(counts.collect(), true)))
        })
    }

    /// `None`: an index does not know.
    fn indexed_facets(&self, path: &Path, filter: Option<&Filter>) -> Option<Vec<ValueCount>> {
        let fields = self.fields.read();
        // Values of another kind are not in it: there must be none, or the answer would lack them.
        let scalar = [IndexKind::Keyword, IndexKind::Integer, IndexKind::Float, IndexKind::Bool];
        let index = fields.ready(path, |index| scalar.contains(&index.declared.kind()) && index.is_pure())?;
        let rows = match filter.map(|filter| fields.select(filter)) {
            None => None,
            Some(selected) if selected.exact => selected.rows,
            Some(_) => return None,
        };
        let counted = |own: &roaring::RoaringBitmap| match &rows {
            Some(rows) => own.intersection_len(rows),
            None => own.len(),
        };
        let mut counts = Vec::new();
        let mut add = |value: Value, own: &roaring::RoaringBitmap| {
            let count = counted(own);
            if count > 0 {
                counts.push(ValueCount { value: value.to_string(), count });
            }
        };
        match &index.data {
            Data::Keyword(map) => map.iter().for_each(|(text, own)| add(Value::from(&**text), own)),
            Data::Number(map) => map.iter().for_each(|(number, own)| add(canonical(*number), own)),
            Data::Bool([no, yes]) => {
                add(Value::Bool(false), no);
                add(Value::Bool(true), yes);
            }
            _ => return None,
        }
        Some(counts)
    }

    /// Points that pass, by id or by a value.
    pub fn page(&self, request: &PageOp) -> Result<PageFound> {
        let after = Some(request.after.as_str()).filter(|after| !after.is_empty());
        let limit = request.limit as usize;
        if request.filter.is_none() && request.order_by.is_none() {
            return Ok(PageFound { points: self.scroll(after, limit)?, ..PageFound::default() });
        }
        let filter = self.optional_filter(request.filter.as_ref())?;
        match &request.order_by {
            None => self.with_matching(filter.as_deref(), |matching| {
                self.page_by_id(matching, after, limit, request.ids_only)
            }),
            Some(order) => {
                let path = Path::parse(&order.path).map_err(ShardError::Invalid)?;
                let dated = self.fields.read().schema().is_dated(&path);
                let by = Order { descending: order.descending, dated };
                let from = order.after_value.as_ref().map(|value| {
                    serde_json::from_str::<Value>(value)
                        .map(|value| by.value(&value))
                        .map_err(|e| ShardError::Invalid(format!("the value of the cursor is no JSON: {e}")))
                });
                let from = from.transpose()?.map(|value| (value, request.after.as_str()));
                self.with_matching(filter.as_deref(), |matching| {
                    self.page_by_value(matching, &path, by, from.as_ref(), limit)
                })
            }
        }
    }

    fn page_by_id(
        &self,
        matching: &Matching,
        after: Option<&str>,
        limit: usize,
        ids_only: bool,
    ) -> Result<Option<PageFound>> {
        let id = |slot: &u32| &*matching.generation.slot(*slot).id;
        let mut slots: Vec<u32> = matching
            .slots
            .iter()
            .copied()
            .filter(|slot| after.is_none_or(|after| id(slot) > after))
            .collect();
        if slots.len() > limit {
            slots.select_nth_unstable_by(limit, |a, b| id(a).cmp(id(b)));
            slots.truncate(limit);
        }
        slots.sort_unstable_by(|a, b| id(a).cmp(id(b)));
        let unindexed = matching.unindexed;
        if ids_only {
            let points = slots.iter().map(|slot| PointData { id: id(slot).into(), ..PointData::default() });
            return Ok(Some(PageFound { points: points.collect(), unindexed, ..PageFound::default() }));
        }
        let points = self.read_points(matching, &slots)?;
        Ok(points.map(|points| PageFound { points, unindexed, ..PageFound::default() }))
    }

    /// `None`: one has another version by now.
    fn read_points(&self, matching: &Matching, slots: &[u32]) -> Result<Option<Vec<PointData>>> {
        let slots: Vec<_> = slots.iter().map(|slot| matching.generation.slot(*slot)).collect();
        let keys: Vec<Vec<u8>> = slots.iter().map(|slot| point::key(&slot.id)).collect();
        let values = self.store.get_many(keys.iter().map(Vec::as_slice))?;
        let mut points = Vec::with_capacity(slots.len());
        for (slot, value) in slots.into_iter().zip(values) {
            let Some(value) = value else { return Ok(None) };
            let stored = StoredPoint::decode(&value)?;
            if stored.version != slot.version {
                return Ok(None);
            }
            points.push(data(&slot.id, &stored)?);
        }
        Ok(Some(points))
    }

    fn page_by_value(
        &self,
        matching: &Matching,
        path: &Path,
        by: Order,
        from: Option<&(Ordered, &str)>,
        limit: usize,
    ) -> Result<Option<PageFound>> {
        let id = |slot: u32| &*matching.generation.slot(slot).id;
        let Some((keyed, unindexed)) = self.order_values(matching, path, by)? else {
            return Ok(None);
        };
        let compare =
            |a: (&Ordered, &str), b: (&Ordered, &str)| by.compare(a.0, b.0).then_with(|| a.1.cmp(b.1));
        let later = |(value, slot): &(Ordered, u32)| {
            from.is_none_or(|(last, after)| compare((value, id(*slot)), (last, after)).is_gt())
        };
        let mut keyed: Vec<(Ordered, u32)> = keyed.into_iter().filter(later).collect();
        let order = |a: &(Ordered, u32), b: &(Ordered, u32)| compare((&a.0, id(a.1)), (&b.0, id(b.1)));
        if keyed.len() > limit {
            keyed.select_nth_unstable_by(limit, order);
            keyed.truncate(limit);
        }
        keyed.sort_unstable_by(order);
        let slots: Vec<u32> = keyed.iter().map(|(_, slot)| *slot).collect();
        let values = keyed.iter().map(|(value, _)| value.json()).collect();
        let keys = keyed.iter().map(|(value, _)| value.key()).collect();
        let unindexed = unindexed || matching.unindexed;
        let points = self.read_points(matching, &slots)?;
        Ok(points.map(|points| PageFound { points, values, unindexed, keys, ..PageFound::default() }))
    }

    /// What counts of each point, and whether payloads had to be read for it. `None`: a write came between.
    #[allow(clippy::type_complexity)]
    fn order_values(
        &self,
        matching: &Matching,
        path: &Path,
        by: Order,
    ) -> Result<Option<(Vec<(Ordered, u32)>, bool)>> {
        if let Some(values) = self.indexed_values(matching, path, by) {
            return Ok(Some((values, false)));
        }
        let mut keyed = Vec::with_capacity(matching.slots.len());
        for slots in matching.slots.chunks(4096) {
            let Some(documents) = self.read_documents(&matching.generation, slots)? else { return Ok(None) };
            let values = documents.iter().map(|document| by.of(path, &document.payload));
            keyed.extend(values.zip(slots.iter().copied()));
        }
        Ok(Some((keyed, true)))
    }

    /// `None`: no index knows, or it is not as of the same entry any more.
    fn indexed_values(&self, matching: &Matching, path: &Path, by: Order) -> Option<Vec<(Ordered, u32)>> {
        let fields = self.fields.read();
        let scalar =
            [IndexKind::Keyword, IndexKind::Integer, IndexKind::Float, IndexKind::Bool, IndexKind::Datetime];
        // A value that is not in it may come before.
        let index = fields.ready(path, |index| scalar.contains(&index.declared.kind()) && index.is_pure())?;
        if fields.applied != matching.applied {
            return None;
        }
        let mut firsts: HashMap<u32, Ordered> = HashMap::new();
        let mut take = |value: Ordered, own: &roaring::RoaringBitmap| {
            for row in own & &matching.rows {
                match firsts.get_mut(&row) {
                    Some(first) if by.compare(&value, first).is_lt() => *first = value.clone(),
                    Some(_) => {}
                    None => drop(firsts.insert(row, value.clone())),
                }
            }
        };
        match &index.data {
            Data::Number(map) => map.iter().for_each(|(number, own)| take(Ordered::Number(*number), own)),
            Data::Keyword(map) => map.iter().for_each(|(text, own)| take(by.text(text), own)),
            Data::Datetime(map) => map.iter().for_each(|(time, own)| take(Ordered::Datetime(*time), own)),
            Data::Bool([no, yes]) => {
                take(Ordered::Flag(false), no);
                take(Ordered::Flag(true), yes);
            }
            Data::Geo(_) | Data::Text(_) => return None,
        }
        let rows = matching.rows.iter().zip(&matching.slots);
        Some(rows.map(|(row, slot)| (firsts.remove(&row).unwrap_or(Ordered::Nothing), *slot)).collect())
    }
}

/// Equal numbers have one form: a float that is a 64-bit integer is written as one, since a document may hold the same
/// number as an integer. Beyond 64 bits a document holds floats only.
fn canonical(number: Number) -> Value {
    const INTEGERS: std::ops::Range<f64> = -9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0;
    match number {
        Number::Float(x) if x.fract() == 0.0 && INTEGERS.contains(&x) => Number::Integer(x as i128).json(),
        other => other.json(),
    }
}
