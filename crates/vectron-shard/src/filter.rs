//! Filters: their wire form (proto/apigateway/filter.proto), checked into a tree that can be evaluated.

use crate::analysis::{Analyzer, OneOf, Phrase};
use crate::datetime::Datetime;
use crate::number::Number;
use crate::path::Path;
use crate::proto::{
    self, FieldCondition, FilterList, GeoBox, GeoPoint, GeoRadius, Scalar, ScalarList, field_condition,
    filter::Condition, scalar,
};
use crate::schema::Schema;
use crate::{Result, ShardError};
use serde_json::Value;
use std::collections::HashSet;
use std::ops::Bound;

const MAX_DEPTH: usize = 16;
const MAX_CONDITIONS: usize = 1024;
const MAX_VALUES: usize = 65_536;
/// Mean radius of the Earth (IUGG), metres.
pub const EARTH_METERS: f64 = 6_371_008.8;

/// A checked filter.
#[derive(Debug, Clone)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    None(Vec<Filter>),
    Field(Path, Test),
    Ids(HashSet<String>),
    Nested(Path, Box<Filter>),
}

pub type Range<T> = (Bound<T>, Bound<T>);

#[derive(Debug, Clone)]
pub enum Test {
    In(Values),
    Number(Range<Number>),
    Datetime(Range<Datetime>),
    GeoRadius(GeoPoint, f64),
    GeoBox(GeoBox),
    Prefix(String),
    /// One of each of the words that the analyser makes.
    Text(Analyzer, Vec<OneOf>),
    Phrase(Analyzer, Phrase),
    Exists,
    IsNull,
}

/// Values of any kind.
#[derive(Debug, Clone, Default)]
pub struct Values {
    pub texts: HashSet<String>,
    pub numbers: Vec<Number>,
    pub flags: Vec<bool>,
}

impl Filter {
    /// `schema`: says how the words of a text are made. The error names the place of the bad condition.
    pub fn new(message: &proto::Filter, schema: &Schema) -> Result<Self> {
        Checking { schema, left: MAX_CONDITIONS }.filter(message, "filter", 0, false)
    }

    /// Whether a point passes.
    pub fn holds(&self, id: &str, document: &Value) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(id, document)),
            Self::Any(any) => any.iter().any(|one| one.holds(id, document)),
            Self::None(none) => !none.iter().any(|one| one.holds(id, document)),
            Self::Field(path, test) => path.any(document, |leaf| test.holds(leaf)),
            Self::Ids(ids) => ids.contains(id),
            Self::Nested(path, inner) => path.any(document, |leaf| leaf.is_object() && inner.holds(id, leaf)),
        }
    }
}

impl Test {
    fn holds(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Self::Exists, leaf) => !leaf.is_null(),
            (Self::IsNull, leaf) => leaf.is_null(),
            (Self::In(values), Value::String(text)) => values.texts.contains(text),
            (Self::In(values), Value::Bool(flag)) => values.flags.contains(flag),
            (Self::In(values), Value::Number(number)) => {
                Number::of(number).is_some_and(|number| values.numbers.contains(&number))
            }
            (Self::Number(range), Value::Number(number)) => {
                Number::of(number).is_some_and(|number| within(range, &number))
            }
            (Self::Datetime(range), Value::String(text)) => {
                Datetime::parse(text).is_some_and(|time| within(range, &time))
            }
            (Self::Prefix(prefix), Value::String(text)) => text.starts_with(prefix),
            (Self::Text(analyzer, asked), Value::String(text)) => analyzer.has(text, asked),
            (Self::Phrase(analyzer, phrase), Value::String(text)) => phrase.is_in(analyzer, text),
            (Self::GeoRadius(center, meters), leaf) => {
                geo_point(leaf).is_some_and(|point| meters_between(center, &point) <= *meters)
            }
            (Self::GeoBox(bounds), leaf) => geo_point(leaf).is_some_and(|point| bounds.contains(&point)),
            _ => false,
        }
    }
}

pub fn within<T: Ord>(range: &Range<T>, value: &T) -> bool {
    std::ops::RangeBounds::contains(range, value)
}

/// Of an object with the numbers `lat` and `lon`, within their ranges.
pub fn geo_point(leaf: &Value) -> Option<GeoPoint> {
    let degrees = |name: &str| leaf.as_object()?.get(name)?.as_f64();
    let point = GeoPoint { lat: degrees("lat")?, lon: degrees("lon")? };
    point.is_on_earth().then_some(point)
}

/// Haversine formula.
pub fn meters_between(a: &GeoPoint, b: &GeoPoint) -> f64 {
    let half_sine = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
    let around = a.lat.to_radians().cos() * b.lat.to_radians().cos();
    let h = half_sine(a.lat, b.lat) + around * half_sine(a.lon, b.lon);
    2.0 * EARTH_METERS * h.clamp(0.0, 1.0).sqrt().asin()
}

impl GeoPoint {
    fn is_on_earth(&self) -> bool {
        (-90.0..=90.0).contains(&self.lat) && (-180.0..=180.0).contains(&self.lon)
    }
}

impl GeoBox {
    pub fn contains(&self, point: &GeoPoint) -> bool {
        let around = match self.west <= self.east {
            true => (self.west..=self.east).contains(&point.lon),
            false => point.lon >= self.west || point.lon <= self.east,
        };
        around && (self.south..=self.north).contains(&point.lat)
    }
}

struct Checking<'a> {
    schema: &'a Schema,
    /// Conditions that may still come.
    left: usize,
}

fn wrong<T>(at: &str, what: impl std::fmt::Display) -> Result<T> {
    Err(ShardError::Invalid(format!("{at}: {what}")))
}

impl Checking<'_> {
    fn filter(&mut self, message: &proto::Filter, at: &str, depth: usize, nested: bool) -> Result<Filter> {
        if depth > MAX_DEPTH {
            return wrong(at, format!("filters can be nested at most {MAX_DEPTH} levels deep"));
        }
        if self.left == 0 {
            return wrong(at, format!("a filter can have at most {MAX_CONDITIONS} conditions"));
        }
        self.left -= 1;
        match &message.condition {
            None => wrong(at, "a filter must have a condition: all, any, none, field, ids or nested"),
            Some(Condition::All(list)) => Ok(Filter::All(self.list(list, at, "all", depth, nested)?)),
            Some(Condition::Any(list)) => Ok(Filter::Any(self.list(list, at, "any", depth, nested)?)),
            Some(Condition::None(list)) => Ok(Filter::None(self.list(list, at, "none", depth, nested)?)),
            Some(Condition::Field(field)) => self.field(field, at),
            Some(Condition::Ids(_)) if nested => {
                wrong(at, "ids cannot be used within nested: objects in a payload have no ids")
            }
            Some(Condition::Ids(ids)) if ids.ids.len() > MAX_VALUES => {
                wrong(at, format!("ids can have at most {MAX_VALUES} ids"))
            }
            Some(Condition::Ids(ids)) => Ok(Filter::Ids(ids.ids.iter().cloned().collect())),
            Some(Condition::Nested(condition)) => {
                let at = format!("{at}.nested");
                let path = Path::parse(&condition.path).or_else(|e| wrong(&at, e))?;
                let Some(inner) = &condition.filter else { return wrong(&at, "nested must have a filter") };
                let inner = self.filter(inner, &format!("{at}.filter"), depth + 1, true)?;
                Ok(Filter::Nested(path, Box::new(inner)))
            }
        }
    }

    fn list(
        &mut self,
        list: &FilterList,
        at: &str,
        name: &str,
        depth: usize,
        nested: bool,
    ) -> Result<Vec<Filter>> {
        let each = list.filters.iter().enumerate();
        each.map(|(i, one)| self.filter(one, &format!("{at}.{name}[{i}]"), depth + 1, nested)).collect()
    }

    fn field(&mut self, field: &FieldCondition, at: &str) -> Result<Filter> {
        let path = Path::parse(&field.path).or_else(|e| wrong(at, e))?;
        let at = format!("{at} on {:?}", field.path);
        let at = at.as_str();
        let Some(test) = &field.test else {
            return wrong(at, "a field must have a test, such as in, number or exists");
        };
        let test = match test {
            field_condition::Test::In(list) => Test::In(values(list, at)?),
            field_condition::Test::NotIn(list) => {
                return Ok(Filter::None(vec![Filter::Field(path, Test::In(values(list, at)?))]));
            }
            field_condition::Test::Exists(true) => Test::Exists,
            field_condition::Test::IsNull(true) => Test::IsNull,
            field_condition::Test::Exists(false) => {
                return Ok(Filter::None(vec![Filter::Field(path, Test::Exists)]));
            }
            field_condition::Test::IsNull(false) => {
                return Ok(Filter::None(vec![Filter::Field(path, Test::IsNull)]));
            }
            field_condition::Test::Number(range) => {
                let ends = [
                    ("gt", range.gt, &range.gt_exact),
                    ("gte", range.gte, &range.gte_exact),
                    ("lt", range.lt, &range.lt_exact),
                    ("lte", range.lte, &range.lte_exact),
                ];
                Test::Number(bounds(
                    ends.map(|(name, end, exact)| number_bound(name, end, exact.as_ref(), at)),
                    at,
                )?)
            }
            field_condition::Test::Datetime(range) => {
                let ends = [("gt", &range.gt), ("gte", &range.gte), ("lt", &range.lt), ("lte", &range.lte)];
                let bound = |(name, text): (&str, &Option<String>)| {
                    text.as_ref().map(|text| datetime_bound(name, text, at))
                };
                Test::Datetime(bounds(ends.map(bound), at)?)
            }
            field_condition::Test::GeoRadius(GeoRadius { center, meters }) => {
                let center = center.filter(GeoPoint::is_on_earth);
                let Some(center) = center else {
                    return wrong(at, "geo_radius must have a center with lat -90 to 90 and lon -180 to 180");
                };
                if !(meters.is_finite() && *meters >= 0.0) {
                    return wrong(at, "meters must be a finite number that is not negative");
                }
                Test::GeoRadius(center, *meters)
            }
            field_condition::Test::GeoBox(bounds) => {
                let corners = [(bounds.north, bounds.west), (bounds.south, bounds.east)];
                let on_earth = corners.iter().all(|&(lat, lon)| GeoPoint { lat, lon }.is_on_earth());
                if !on_earth || bounds.south > bounds.north {
                    return wrong(
                        at,
                        "geo_box must have north >= south within -90 to 90, and west and east within -180 to 180",
                    );
                }
                Test::GeoBox(*bounds)
            }
            field_condition::Test::Prefix(prefix) => Test::Prefix(prefix.clone()),
            field_condition::Test::Text(text) => {
                let analyzer = self.schema.analyzer(&path);
                let asked = analyzer.asked(text);
                if asked.is_empty() {
                    return wrong(at, format!("{text:?} must contain at least one word"));
                }
                Test::Text(analyzer, asked)
            }
            field_condition::Test::Phrase(text) => {
                let analyzer = self.schema.analyzer(&path);
                let phrase = Phrase::new(&analyzer, text).or_else(|e| wrong(at, e))?;
                Test::Phrase(analyzer, phrase)
            }
        };
        Ok(Filter::Field(path, test))
    }
}

fn values(list: &ScalarList, at: &str) -> Result<Values> {
    if list.values.len() > MAX_VALUES {
        return wrong(at, format!("a list can have at most {MAX_VALUES} values"));
    }
    let mut values = Values::default();
    for (i, scalar) in list.values.iter().enumerate() {
        match &scalar.value {
            None => return wrong(at, format!("value {i} must be set")),
            Some(scalar::Value::Text(text)) => drop(values.texts.insert(text.clone())),
            Some(scalar::Value::Integer(n)) => values.numbers.push(Number::Integer(i128::from(*n))),
            Some(scalar::Value::Unsigned(n)) => values.numbers.push(Number::Integer(i128::from(*n))),
            Some(scalar::Value::Flag(flag)) => values.flags.push(*flag),
            Some(scalar::Value::Number(x)) => match Number::from_f64(*x) {
                Some(number) => values.numbers.push(number),
                None => return wrong(at, format!("value {i} must be a finite number")),
            },
        }
    }
    Ok(values)
}

/// One end of a number range, which is given either as a double or exactly.
fn number_bound(name: &str, end: Option<f64>, exact: Option<&Scalar>, at: &str) -> Option<Result<Number>> {
    match (end, exact.map(|exact| &exact.value)) {
        (None, None) => None,
        (Some(_), Some(_)) => Some(wrong(at, format!("only one of {name} and {name}_exact can be set"))),
        (Some(end), None) => {
            let number = Number::from_f64(end);
            Some(number.map_or_else(|| wrong(at, format!("{name} must be a finite number")), Ok))
        }
        (None, Some(Some(scalar::Value::Integer(n)))) => Some(Ok(Number::Integer(i128::from(*n)))),
        (None, Some(Some(scalar::Value::Unsigned(n)))) => Some(Ok(Number::Integer(i128::from(*n)))),
        (None, Some(_)) => Some(wrong(at, format!("{name}_exact must be an integer or an unsigned"))),
    }
}

fn datetime_bound(name: &str, text: &str, at: &str) -> Result<Datetime> {
    let unread = "is not a valid time or date; send one such as 2026-01-31T12:00:00Z or 2026-01-31";
    Datetime::parse(text).map_or_else(|| wrong(at, format!("{name} {text:?} {unread}")), Ok)
}

/// `ends`: gt, gte, lt, lte.
fn bounds<T: Ord>(ends: [Option<Result<T>>; 4], at: &str) -> Result<Range<T>> {
    let [gt, gte, lt, lte] = ends.map(Option::transpose);
    let below = match (gt?, gte?) {
        (Some(_), Some(_)) => return wrong(at, "only one of gt and gte can be set"),
        (Some(end), None) => Bound::Excluded(end),
        (None, Some(end)) => Bound::Included(end),
        (None, None) => Bound::Unbounded,
    };
    let above = match (lt?, lte?) {
        (Some(_), Some(_)) => return wrong(at, "only one of lt and lte can be set"),
        (Some(end), None) => Bound::Excluded(end),
        (None, Some(end)) => Bound::Included(end),
        (None, None) => Bound::Unbounded,
    };
    if matches!((&below, &above), (Bound::Unbounded, Bound::Unbounded)) {
        return wrong(at, "a range must have a bound: gt, gte, lt or lte");
    }
    Ok((below, above))
}
