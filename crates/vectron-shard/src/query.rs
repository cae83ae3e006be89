//! Questions about points that pass a filter, without nearness: how many, which values, and which in an order.

use crate::apply::{data, scroll};
use crate::field_index::Data;
use crate::filter::Filter;
use crate::matching::{Filtering, Matching};
use crate::number::Number;
use crate::order::{Order, Ordered};
use crate::path::Path;
use crate::point::StoredPoint;
use crate::proto::{
    self, CountOp, Counted, FacetOp, Facets, IndexKind, PageFound, PageOp, PointData, ValueCount,
};
use crate::reading::Room;
use crate::{Result, Shard, ShardError, Until};
use prost::Message;
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
        until: &Until,
        answer: impl Fn(&Matching) -> Result<Option<T>>,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            if let Some(matching) = self.matching(filter, false, until)?
                && let Some(answer) = answer(&matching)?
            {
                return Ok(answer);
            }
        }
        let _no_writes = self.writer.lock();
        let answer =
            self.matching(filter, true, until)?.map(|matching| answer(&matching)).transpose()?.flatten();
        answer.ok_or_else(|| ShardError::Damaged("live points are missing from the store".into()))
    }

    /// How many points pass.
    pub fn count(&self, request: &CountOp, until: &Until) -> Result<Counted> {
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
                if let Some(passing) =
                    self.read_slots(generation, &sample, candidates.applied, &filter, until)?
                {
                    let share = passing.len() as f64 / sample.len().max(1) as f64;
                    let count = (share * known as f64).round() as u64;
                    return Ok(Counted { count, exact: false, unindexed: true });
                }
            }
        }
        self.with_matching(Some(&filter), until, |matching| {
            let Matching { rows, unindexed, .. } = matching;
            Ok(Some(Counted { count: rows.len(), exact: true, unindexed: *unindexed }))
        })
    }

    /// The values at a path of the points that pass, each with how many points have it.
    pub fn facets(&self, request: &FacetOp, until: &Until) -> Result<Facets> {
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
        if let Some(counts) = self.indexed_facets(&path, filter.as_deref(), until)? {
            return Ok(facets(counts, false));
        }
        self.with_matching(filter.as_deref(), until, |matching| {
            let mut counts: HashMap<String, u64> = HashMap::new();
            let Matching { generation, slots, applied, .. } = matching;
            let whole = self.visit_documents(generation, slots, *applied, until, |_, document| {
                let mut own = Vec::new();
                path.leaves(&document.payload, &mut |leaf| match leaf {
                    Value::Number(number) => own.extend(Number::of(number).map(|n| canonical(n).to_string())),
                    Value::String(_) | Value::Bool(_) => own.push(leaf.to_string()),
                    _ => {}
                });
                own.sort_unstable();
                own.dedup();
                own.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
            })?;
            let counts = counts.into_iter().map(|(value, count)| ValueCount { value, count });
            Ok(whole.then(|| facets(counts.collect(), true)))
        })
    }

    /// `None`: an index does not know.
    fn indexed_facets(
        &self,
        path: &Path,
        filter: Option<&Filter>,
        until: &Until,
    ) -> Result<Option<Vec<ValueCount>>> {
        until.check()?;
        let fields = self.fields.read();
        // Values of another kind are not in it: there must be none, or the answer would lack them.
        let scalar = [IndexKind::Keyword, IndexKind::Integer, IndexKind::Float, IndexKind::Bool];
        let ready = fields.ready(path, |index| scalar.contains(&index.declared.kind()) && index.is_pure());
        let Some(index) = ready else { return Ok(None) };
        let rows = match filter.map(|filter| fields.select(filter)) {
            None => None,
            Some(selected) if selected.exact => selected.rows,
            Some(_) => return Ok(None),
        };
        let counted = |own: &roaring::RoaringBitmap| match &rows {
            Some(rows) => own.intersection_len(rows),
            None => own.len(),
        };
        let mut counts = Vec::new();
        let mut steps = until.steps();
        let mut add = |value: Value, own: &roaring::RoaringBitmap| {
            let count = counted(own);
            if count > 0 {
                counts.push(ValueCount { value: value.to_string(), count });
            }
            steps.next()
        };
        match &index.data {
            Data::Keyword(map) => map.iter().try_for_each(|(text, own)| add(Value::from(&**text), own))?,
            Data::Number(map) => map.iter().try_for_each(|(number, own)| add(canonical(*number), own))?,
            Data::Bool([no, yes]) => {
                add(Value::Bool(false), no)?;
                add(Value::Bool(true), yes)?;
            }
            _ => return Ok(None),
        }
        Ok(Some(counts))
    }

    /// Points that pass, by id or by a value, as many as the page has room for.
    pub fn page(&self, request: &PageOp, until: &Until) -> Result<PageFound> {
        if request.filter.is_none() && request.order_by.is_none() {
            return scroll(&self.store, request, until);
        }
        let filter = self.optional_filter(request.filter.as_ref())?;
        match &request.order_by {
            None => self.with_matching(filter.as_deref(), until, |matching| {
                self.page_by_id(matching, request, until)
            }),
            Some(order) => {
                let path = Path::parse(&order.path).map_err(ShardError::Invalid)?;
                let dated = self.fields.read().schema().is_dated(&path);
                let by = Order { descending: order.descending, dated };
                let from = order.after_value.as_ref().map(|value| {
                    serde_json::from_str::<Value>(value).map(|value| by.value(&value)).map_err(|e| {
                        ShardError::Invalid(format!("the value of the cursor must be JSON: {e}"))
                    })
                });
                let from = from.transpose()?.map(|value| (value, request.after.as_str()));
                let wanted = Wanted { path: &path, by, from };
                self.with_matching(filter.as_deref(), until, |matching| {
                    self.page_by_value(matching, &wanted, request, until)
                })
            }
        }
    }

    fn page_by_id(&self, matching: &Matching, asked: &PageOp, until: &Until) -> Result<Option<PageFound>> {
        let after = Some(asked.after.as_str()).filter(|after| !after.is_empty());
        let limit = asked.limit as usize;
        let id = |slot: &u32| &*matching.generation.slot(*slot).id;
        let mut slots: Vec<u32> = matching
            .slots
            .iter()
            .copied()
            .filter(|slot| after.is_none_or(|after| id(slot) > after))
            .collect();
        let more = slots.len() > limit;
        if more {
            slots.select_nth_unstable_by(limit, |a, b| id(a).cmp(id(b)));
            slots.truncate(limit);
        }
        slots.sort_unstable_by(|a, b| id(a).cmp(id(b)));
        self.read_page(matching, &slots, more, asked, until)
    }

    /// As many of the points of the slots as the page has room for; `more`: there are others besides them. `None`: one was
    /// written since.
    fn read_page(
        &self,
        matching: &Matching,
        slots: &[u32],
        more: bool,
        asked: &PageOp,
        until: &Until,
    ) -> Result<Option<PageFound>> {
        let Matching { generation, applied, unindexed, .. } = matching;
        let mut page = PageFound { more, unindexed: *unindexed, ..PageFound::default() };
        if asked.ids_only && asked.max_bytes == 0 {
            let ids = slots.iter().map(|slot| generation.slot(*slot).id.to_string());
            page.points = ids.map(|id| PointData { id, ..PointData::default() }).collect();
            return Ok(Some(page));
        }
        let mut room = Room::new(asked.max_bytes);
        let whole = self.visit_slots(generation, slots, *applied, until, |slot, stored| {
            let fits = add_to_page(&mut page, &mut room, &generation.slot(slot).id, stored, asked.ids_only)?;
            page.more |= !fits;
            Ok(fits)
        })?;
        Ok(whole.then_some(page))
    }

    fn page_by_value(
        &self,
        matching: &Matching,
        wanted: &Wanted<'_>,
        asked: &PageOp,
        until: &Until,
    ) -> Result<Option<PageFound>> {
        let limit = asked.limit as usize;
        let id = |slot: u32| &*matching.generation.slot(slot).id;
        let Wanted { path, by, from } = wanted;
        let Some((keyed, unindexed)) = self.order_values(matching, path, *by, until)? else {
            return Ok(None);
        };
        let compare =
            |a: (&Ordered, &str), b: (&Ordered, &str)| by.compare(a.0, b.0).then_with(|| a.1.cmp(b.1));
        let later = |(value, slot): &(Ordered, u32)| {
            from.as_ref().is_none_or(|(last, after)| compare((value, id(*slot)), (last, after)).is_gt())
        };
        let mut keyed: Vec<(Ordered, u32)> = keyed.into_iter().filter(later).collect();
        let order = |a: &(Ordered, u32), b: &(Ordered, u32)| compare((&a.0, id(a.1)), (&b.0, id(b.1)));
        let more = keyed.len() > limit;
        if more {
            keyed.select_nth_unstable_by(limit, order);
            keyed.truncate(limit);
        }
        keyed.sort_unstable_by(order);
        let slots: Vec<u32> = keyed.iter().map(|(_, slot)| *slot).collect();
        let page = self.read_page(matching, &slots, more, asked, until)?;
        Ok(page.map(|mut page| {
            let given = || keyed.iter().take(page.points.len());
            page.values = given().map(|(value, _)| value.json()).collect();
            page.keys = given().map(|(value, _)| value.key()).collect();
            page.unindexed |= unindexed;
            page
        }))
    }

    /// What counts of each point, and whether payloads had to be read for it. `None`: a write came between.
    #[allow(clippy::type_complexity)]
    fn order_values(
        &self,
        matching: &Matching,
        path: &Path,
        by: Order,
        until: &Until,
    ) -> Result<Option<(Vec<(Ordered, u32)>, bool)>> {
        if let Some(values) = self.indexed_values(matching, path, by, until)? {
            return Ok(Some((values, false)));
        }
        let mut keyed = Vec::with_capacity(matching.slots.len());
        let Matching { generation, slots, applied, .. } = matching;
        let whole = self.visit_documents(generation, slots, *applied, until, |slot, document| {
            keyed.push((by.of(path, &document.payload), slot));
        })?;
        Ok(whole.then_some((keyed, true)))
    }

    /// `None`: no index knows, or it is not as of the same entry any more.
    fn indexed_values(
        &self,
        matching: &Matching,
        path: &Path,
        by: Order,
        until: &Until,
    ) -> Result<Option<Vec<(Ordered, u32)>>> {
        let fields = self.fields.read();
        let scalar =
            [IndexKind::Keyword, IndexKind::Integer, IndexKind::Float, IndexKind::Bool, IndexKind::Datetime];
        // A value that is not in it may come before.
        let ready = fields.ready(path, |index| scalar.contains(&index.declared.kind()) && index.is_pure());
        let Some(index) = ready.filter(|_| fields.applied == matching.applied) else { return Ok(None) };
        let mut firsts: HashMap<u32, Ordered> = HashMap::new();
        let mut steps = until.steps();
        let mut take = |value: Ordered, own: &roaring::RoaringBitmap| {
            for row in own & &matching.rows {
                steps.next()?;
                match firsts.get_mut(&row) {
                    Some(first) if by.compare(&value, first).is_lt() => *first = value.clone(),
                    Some(_) => {}
                    None => drop(firsts.insert(row, value.clone())),
                }
            }
            steps.next()
        };
        match &index.data {
            Data::Number(map) => {
                map.iter().try_for_each(|(number, own)| take(Ordered::Number(*number), own))?
            }
            Data::Keyword(map) => map.iter().try_for_each(|(text, own)| take(by.text(text), own))?,
            Data::Datetime(map) => {
                map.iter().try_for_each(|(time, own)| take(Ordered::Datetime(*time), own))?
            }
            Data::Bool([no, yes]) => {
                take(Ordered::Flag(false), no)?;
                take(Ordered::Flag(true), yes)?;
            }
            Data::Geo(_) | Data::Text(_) => return Ok(None),
        }
        let rows = matching.rows.iter().zip(&matching.slots);
        let values = rows.map(|(row, slot)| (firsts.remove(&row).unwrap_or(Ordered::Nothing), *slot));
        Ok(Some(values.collect()))
    }
}

/// The order of a page, and the value and id after which it begins.
struct Wanted<'a> {
    path: &'a Path,
    by: Order,
    from: Option<(Ordered, &'a str)>,
}

/// Puts a point on a page if there is room for it; gives whether there was.
pub fn add_to_page(
    page: &mut PageFound,
    room: &mut Room,
    id: &str,
    stored: &StoredPoint<'_>,
    ids_only: bool,
) -> Result<bool> {
    if ids_only {
        let bytes = id.len() + stored.vector.len() + stored.extras.len() + stored.payload.len();
        let fits = room.take(bytes);
        if fits {
            page.points.push(PointData { id: id.into(), ..PointData::default() });
        }
        return Ok(fits);
    }
    let point = data(id, stored)?;
    let fits = room.take(point.encoded_len());
    if fits {
        page.points.push(point);
    }
    Ok(fits)
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
