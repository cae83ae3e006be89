//! The index of one path: which rows have which values there.

use crate::Result;
use crate::analysis::Analyzer;
use crate::datetime::Datetime;
use crate::filter::{self, Range, Test};
use crate::inverted::TextIndex;
use crate::number::Number;
use crate::path::Path;
use crate::proto::{GeoBox, GeoPoint, IndexKind, PayloadIndex};
use crate::rows::Row;
use roaring::{MultiOps, RoaringBitmap};
use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Latitude and longitude.
type Located = GeomWithData<[f64; 2], Row>;

pub enum Data {
    Keyword(BTreeMap<Box<str>, RoaringBitmap>),
    Number(BTreeMap<Number, RoaringBitmap>),
    Bool([RoaringBitmap; 2]),
    Datetime(BTreeMap<Datetime, RoaringBitmap>),
    Geo(RTree<Located>),
    Text(TextIndex),
}

pub struct FieldIndex {
    pub declared: PayloadIndex,
    pub path: Path,
    pub data: Data,
    /// Rows with a value that is not null.
    present: RoaringBitmap,
    null: RoaringBitmap,
    /// Rows with a value that is not null and that this index's kind says nothing about.
    foreign: RoaringBitmap,
    /// Of a text index: rows with more than one text, whose words are not told apart.
    several: RoaringBitmap,
    /// Rows below this are in it; `None`: all are.
    pub building: Option<Row>,
}

impl Data {
    /// Whether the value is one that such an index holds.
    fn reads(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Self::Keyword(_) | Self::Text(_), leaf) => leaf.is_string(),
            (Self::Number(_), leaf) => leaf.is_number(),
            (Self::Bool(_), leaf) => leaf.is_boolean(),
            (Self::Datetime(_), Value::String(text)) => Datetime::parse(text).is_some(),
            (Self::Datetime(_), _) => false,
            (Self::Geo(_), leaf) => filter::geo_point(leaf).is_some(),
        }
    }
}

impl FieldIndex {
    /// Empty. `building`: see the field.
    pub fn new(declared: &PayloadIndex, building: Option<Row>) -> Result<Self> {
        let data = match declared.kind() {
            IndexKind::Keyword | IndexKind::Unknown => Data::Keyword(BTreeMap::new()),
            IndexKind::Integer | IndexKind::Float => Data::Number(BTreeMap::new()),
            IndexKind::Bool => Data::Bool(Default::default()),
            IndexKind::Datetime => Data::Datetime(BTreeMap::new()),
            IndexKind::Geo => Data::Geo(RTree::new()),
            IndexKind::Text => Data::Text(TextIndex::new(Analyzer::new(declared)?)),
        };
        let path = declared.parsed_path()?;
        let (present, null, foreign, several) = Default::default();
        Ok(Self { declared: declared.clone(), path, data, present, null, foreign, several, building })
    }

    /// Whether changes of the row belong in it now.
    pub fn holds(&self, row: Row) -> bool {
        self.building.is_none_or(|built| row < built)
    }

    pub fn insert(&mut self, row: Row, document: &Value) {
        if let Data::Text(index) = &mut self.data {
            index.insert(row, &self.path, document);
            let mut texts = 0;
            self.path.leaves(document, &mut |leaf| texts += usize::from(leaf.is_string()));
            if texts > 1 {
                self.several.insert(row);
            }
        }
        let Self { path, data, present, null, foreign, .. } = self;
        path.leaves(document, &mut |leaf| {
            let set = if leaf.is_null() { &mut *null } else { &mut *present };
            set.insert(row);
            let is_read = match (&mut *data, leaf) {
                (Data::Keyword(map), Value::String(text)) => {
                    match map.get_mut(text.as_str()) {
                        Some(rows) => drop(rows.insert(row)),
                        None => drop(map.insert(text.as_str().into(), RoaringBitmap::from([row]))),
                    }
                    true
                }
                (Data::Number(map), Value::Number(number)) => {
                    let number = Number::of(number);
                    number.map(|number| map.entry(number).or_default().insert(row)).is_some()
                }
                (Data::Bool(rows), Value::Bool(flag)) => {
                    rows[usize::from(*flag)].insert(row);
                    true
                }
                (Data::Datetime(map), Value::String(text)) => {
                    let time = Datetime::parse(text);
                    time.map(|time| map.entry(time).or_default().insert(row)).is_some()
                }
                (Data::Geo(tree), leaf) => {
                    let point = filter::geo_point(leaf);
                    point.map(|GeoPoint { lat, lon }| tree.insert(Located::new([lat, lon], row))).is_some()
                }
                // Its words were taken in above.
                (Data::Text(_), Value::String(_)) => true,
                _ => false,
            };
            if !is_read && !leaf.is_null() {
                foreign.insert(row);
            }
        });
    }

    /// `document`: what the row was inserted with.
    pub fn remove(&mut self, row: Row, document: &Value) {
        if let Data::Text(index) = &mut self.data {
            index.remove(row, &self.path, document);
        }
        self.present.remove(row);
        self.null.remove(row);
        self.foreign.remove(row);
        self.several.remove(row);
        let Self { path, data, .. } = self;
        path.leaves(document, &mut |leaf| match (&mut *data, leaf) {
            (Data::Keyword(map), Value::String(text)) => remove_from(map, text.as_str(), row),
            (Data::Number(map), Value::Number(number)) => {
                if let Some(number) = Number::of(number) {
                    remove_from(map, &number, row);
                }
            }
            (Data::Bool(rows), Value::Bool(flag)) => drop(rows[usize::from(*flag)].remove(row)),
            (Data::Datetime(map), Value::String(text)) => {
                if let Some(time) = Datetime::parse(text) {
                    remove_from(map, &time, row);
                }
            }
            (Data::Geo(tree), leaf) => {
                if let Some(GeoPoint { lat, lon }) = filter::geo_point(leaf) {
                    tree.remove(&Located::new([lat, lon], row));
                }
            }
            _ => {}
        });
    }

    /// Whether every value at this path is null or in it.
    pub fn is_pure(&self) -> bool {
        self.foreign.is_empty()
    }

    /// Rows with a value that is not null and not in it.
    pub fn unread(&self) -> &RoaringBitmap {
        &self.foreign
    }

    /// The first value of the document that is not null and cannot be in it.
    pub fn unread_value<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        let mut first = None;
        self.path.leaves(document, &mut |leaf| {
            if first.is_none() && !leaf.is_null() && !self.data.reads(leaf) {
                first = Some(leaf);
            }
        });
        first
    }

    /// The rows that pass the test at this path; `None`: this index does not know. `false`: some of them may not pass.
    pub fn select(&self, test: &Test) -> Option<(RoaringBitmap, bool)> {
        if self.building.is_some() {
            return None;
        }
        let asked = match test {
            Test::Text(analyzer, asked) => Some((analyzer, asked.as_slice(), asked.len() == 1)),
            Test::Phrase(analyzer, phrase) => Some((analyzer, phrase.asked(), phrase.is_one_word())),
            _ => None,
        };
        if let (Some((analyzer, asked, one_word)), Data::Text(index)) = (asked, &self.data) {
            let rows = (*analyzer == index.analyzer).then(|| index.with_all(asked))?;
            // Whether the words of a phrase stand next to each other, the payload says.
            let counts = matches!(test, Test::Text(..)) && rows.is_disjoint(&self.several);
            return Some((rows, one_word || counts));
        }
        let rows = match (test, &self.data) {
            (Test::Exists, _) => Some(self.present.clone()),
            (Test::IsNull, _) => Some(self.null.clone()),
            (Test::Prefix(prefix), Data::Keyword(map)) => {
                let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
                let rows =
                    map.range::<str, _>(from).take_while(|(text, _)| text.starts_with(prefix.as_str()));
                Some(rows.map(|(_, rows)| rows).union())
            }
            (Test::Number(range), Data::Number(map)) => Some(in_range(map, range)),
            (Test::Datetime(range), Data::Datetime(map)) => Some(in_range(map, range)),
            (Test::GeoBox(bounds), Data::Geo(tree)) => Some(in_box(tree, bounds, |_| true)),
            (Test::GeoRadius(center, meters), Data::Geo(tree)) => {
                let near = |point: &GeoPoint| filter::meters_between(center, point) <= *meters;
                Some(in_box(tree, &around(center, *meters), near))
            }
            _ => None,
        };
        rows.map(|rows| (rows, true))
    }

    /// Rows with one of the values of this index's kind.
    pub fn select_in(&self, values: &filter::Values) -> Option<RoaringBitmap> {
        if self.building.is_some() {
            return None;
        }
        match &self.data {
            Data::Keyword(map) => Some(values.texts.iter().filter_map(|text| map.get(text.as_str())).union()),
            Data::Number(map) => Some(values.numbers.iter().filter_map(|number| map.get(number)).union()),
            Data::Bool(rows) => Some(values.flags.iter().map(|flag| &rows[usize::from(*flag)]).union()),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&TextIndex> {
        match &self.data {
            Data::Text(index) if self.building.is_none() => Some(index),
            _ => None,
        }
    }
}

fn remove_from<K, Q>(map: &mut BTreeMap<K, RoaringBitmap>, key: &Q, row: Row)
where
    K: Ord + std::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    if let Some(rows) = map.get_mut(key) {
        rows.remove(row);
        if rows.is_empty() {
            map.remove(key);
        }
    }
}

fn in_range<K: Ord>(map: &BTreeMap<K, RoaringBitmap>, range: &Range<K>) -> RoaringBitmap {
    if is_empty(range) {
        return RoaringBitmap::new();
    }
    map.range((range.0.as_ref(), range.1.as_ref())).map(|(_, rows)| rows).union()
}

/// What [`BTreeMap::range`] would panic at.
fn is_empty<K: Ord>((from, to): &Range<K>) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
        _ => false,
    }
}

fn in_box(tree: &RTree<Located>, bounds: &GeoBox, passes: impl Fn(&GeoPoint) -> bool) -> RoaringBitmap {
    let mut found = RoaringBitmap::new();
    let mut look = |west: f64, east: f64| {
        let envelope = AABB::from_corners([bounds.south, west], [bounds.north, east]);
        for located in tree.locate_in_envelope(&envelope) {
            let [lat, lon] = *located.geom();
            if passes(&GeoPoint { lat, lon }) {
                found.insert(located.data);
            }
        }
    };
    if bounds.west <= bounds.east {
        look(bounds.west, bounds.east);
    } else {
        look(bounds.west, 180.0);
        look(-180.0, bounds.east);
    }
    found
}

/// A box that contains every point within `meters` of the center, and a little more.
fn around(center: &GeoPoint, meters: f64) -> GeoBox {
    const SLACK: f64 = 1e-6;
    let degrees = (meters / filter::EARTH_METERS).to_degrees() + SLACK;
    let (north, south) = ((center.lat + degrees).min(90.0), (center.lat - degrees).max(-90.0));
    let everywhere = GeoBox { north, south, west: -180.0, east: 180.0 };
    if north >= 90.0 || south <= -90.0 || degrees >= 90.0 {
        return everywhere;
    }
    // The meridians that touch the circle.
    let sine = degrees.to_radians().sin() / center.lat.to_radians().cos();
    if sine >= 1.0 {
        return everywhere;
    }
    let half = sine.asin().to_degrees() + SLACK;
    let wrap = |lon: f64| {
        if lon > 180.0 {
            lon - 360.0
        } else if lon < -180.0 {
            lon + 360.0
        } else {
            lon
        }
    };
    GeoBox { north, south, west: wrap(center.lon - half), east: wrap(center.lon + half) }
}
