//! Random documents and filters against an evaluator that knows no index: the same points, whichever way is taken.

use super::*;
use crate::proto::{
    self, CountOp, Counted, DatetimeRange, Declaration, FacetOp, FieldCondition, FieldValue, FilterList,
    GeoBox, GeoPoint, GeoRadius, IdList, IndexKind, LogCommand, Mutation, NamedVector, NestedCondition,
    NumberRange, OrderBy, PageOp, PayloadChange, PayloadIndex, PointBatch, PointData, Scalar, ScalarList,
    SearchOp, SparseData, SparseDeclared, TextQuery, VectorData, declaration::Declare, field_condition,
    filter::Condition, mutation::Action, scalar,
};
use proptest::prelude::*;
use prost::Message;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Documents = BTreeMap<String, Value>;

fn vector(n: u64) -> Vec<u8> {
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    (0..8).flat_map(|_| next().to_le_bytes()).collect()
}

fn open(dir: &Path) -> Shard {
    let spec = ShardSpec { m: 8, ef_construction: 64, ..ShardSpec::new(8, Metric::Euclidean) };
    Shard::open(dir, spec, &Resources::new(8 << 20, 8 << 20)).unwrap()
}

/// Applies entries one after the other.
struct Log<'a>(&'a Shard);

impl Log<'_> {
    fn apply(&self, command: LogCommand) -> Applied {
        self.0.apply(self.0.applied_index() + 1, &LogCommand { proposed_at_ms: 1000, ..command }).unwrap()
    }

    fn upsert(&self, documents: &[(String, Value)]) {
        let points = documents.iter().map(|(id, document)| PointData {
            id: id.clone(),
            vector: vector(routing_hash(id) ^ document.to_string().len() as u64),
            payload: document.to_string().into_bytes(),
            ..Default::default()
        });
        let upsert = Some(PointBatch { points: points.collect() }.encode_to_vec());
        assert_eq!(self.apply(LogCommand { upsert, ..Default::default() }).refused, None);
    }

    fn declare(&self, path: &str, kind: IndexKind) -> Applied {
        let index = PayloadIndex { path: path.into(), kind: kind.into(), ..PayloadIndex::default() };
        let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
        self.apply(LogCommand { declaration, ..Default::default() })
    }

    fn mutate(&self, mutation: Mutation) -> Applied {
        self.apply(LogCommand { mutation: Some(mutation.encode_to_vec()), ..Default::default() })
    }
}

fn settle(shard: &Shard) {
    while shard.build_step().unwrap() {}
    while shard.index_step(10_000, 1).unwrap() > 0 {}
}

// The evaluator.

fn values<'a>(document: &'a Value, path: &[&str]) -> Vec<&'a Value> {
    if let Value::Array(items) = document {
        return items.iter().flat_map(|item| values(item, path)).collect();
    }
    match path.split_first() {
        None => vec![document],
        Some((key, rest)) => document.get(key).map_or(Vec::new(), |inner| values(inner, rest)),
    }
}

fn passes(filter: &proto::Filter, id: &str, document: &Value) -> bool {
    match filter.condition.as_ref().unwrap() {
        Condition::All(list) => list.filters.iter().all(|one| passes(one, id, document)),
        Condition::Any(list) => list.filters.iter().any(|one| passes(one, id, document)),
        Condition::None(list) => list.filters.iter().all(|one| !passes(one, id, document)),
        Condition::Ids(ids) => ids.ids.iter().any(|one| one == id),
        Condition::Nested(nested) => {
            let path: Vec<&str> = nested.path.split('.').collect();
            let inner = nested.filter.as_ref().unwrap();
            values(document, &path).into_iter().any(|one| one.is_object() && passes(inner, id, one))
        }
        Condition::Field(field) => {
            let path: Vec<&str> = field.path.split('.').collect();
            let found = values(document, &path);
            let equal = |value: &Value, scalar: &Scalar| match scalar.value.as_ref().unwrap() {
                scalar::Value::Text(text) => value.as_str() == Some(text),
                scalar::Value::Integer(n) => value.as_f64() == Some(*n as f64),
                scalar::Value::Unsigned(n) => value.as_u64() == Some(*n),
                scalar::Value::Number(x) => value.as_f64() == Some(*x),
                scalar::Value::Flag(flag) => value.as_bool() == Some(*flag),
            };
            let within = |list: &ScalarList| {
                found.iter().any(|one| list.values.iter().any(|scalar| equal(one, scalar)))
            };
            match field.test.as_ref().unwrap() {
                field_condition::Test::In(list) => within(list),
                field_condition::Test::NotIn(list) => !within(list),
                field_condition::Test::Number(range) => {
                    found.iter().filter_map(|one| one.as_f64()).any(|x| {
                        range.gt.is_none_or(|end| x > end)
                            && range.gte.is_none_or(|end| x >= end)
                            && range.lt.is_none_or(|end| x < end)
                            && range.lte.is_none_or(|end| x <= end)
                    })
                }
                // Times here are written alike, so their texts are in their order.
                field_condition::Test::Datetime(range) => {
                    found.iter().filter_map(|one| one.as_str()).filter(|one| one.ends_with('Z')).any(|one| {
                        range.gte.as_ref().is_none_or(|end| one >= end.as_str())
                            && range.lt.as_ref().is_none_or(|end| one < end.as_str())
                    })
                }
                field_condition::Test::Prefix(prefix) => {
                    found.iter().filter_map(|one| one.as_str()).any(|one| one.starts_with(prefix))
                }
                field_condition::Test::Text(text) => found.iter().filter_map(|one| one.as_str()).any(|one| {
                    let words: Vec<&str> = one.split(|c: char| !c.is_alphanumeric()).collect();
                    text.split(' ').all(|word| words.contains(&word))
                }),
                field_condition::Test::Phrase(text) => {
                    let spaced = |text: &str| {
                        format!(
                            " {} ",
                            text.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>().join(" ")
                        )
                    };
                    found.iter().filter_map(|one| one.as_str()).any(|one| spaced(one).contains(&spaced(text)))
                }
                field_condition::Test::Exists(wanted) => found.iter().any(|one| !one.is_null()) == *wanted,
                field_condition::Test::IsNull(wanted) => found.iter().any(|one| one.is_null()) == *wanted,
                field_condition::Test::GeoBox(bounds) => points(&found).any(|(lat, lon)| {
                    let around = if bounds.west <= bounds.east {
                        lon >= bounds.west && lon <= bounds.east
                    } else {
                        lon >= bounds.west || lon <= bounds.east
                    };
                    lat >= bounds.south && lat <= bounds.north && around
                }),
                field_condition::Test::GeoRadius(circle) => {
                    let center = circle.center.unwrap();
                    // By unit vectors, not by haversines.
                    let unit = |lat: f64, lon: f64| {
                        let (lat, lon) = (lat.to_radians(), lon.to_radians());
                        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
                    };
                    let to = unit(center.lat, center.lon);
                    points(&found).any(|(lat, lon)| {
                        let from = unit(lat, lon);
                        let chord = from.iter().zip(to).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        2.0 * (chord / 2.0).asin() * 6_371_008.8 <= circle.meters
                    })
                }
            }
        }
    }
}

fn points<'a>(found: &'a [&Value]) -> impl Iterator<Item = (f64, f64)> + 'a {
    found.iter().filter_map(|one| Some((one.get("lat")?.as_f64()?, one.get("lon")?.as_f64()?)))
}

// Documents and filters.

const WORDS: [&str; 6] = ["mail", "web", "server", "lib", "libc", "rust"];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        (-3i64..4).prop_map(Into::into),
        (-6i32..7).prop_map(|n| json!(f64::from(n) / 2.0)),
        prop::sample::select(&WORDS[..]).prop_map(Into::into),
        prop::collection::vec(prop::sample::select(&WORDS[..]), 1..4)
            .prop_map(|words| words.join(" ").into()),
        (1u32..28).prop_map(|day| format!("2026-01-{day:02}T00:00:00Z").into()),
        (-89i32..90, -179i32..180).prop_map(|(lat, lon)| json!({"lat": lat, "lon": lon})),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![4 => scalar(), 1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from)]
}

fn document() -> impl Strategy<Value = Value> {
    let items = prop::collection::vec((scalar(), scalar()).prop_map(|(a, b)| json!({"a": a, "b": b})), 0..3);
    (prop::collection::btree_map("[abc]", leaf(), 0..4), items).prop_map(|(fields, items)| {
        let mut map: serde_json::Map<String, Value> = fields.into_iter().collect();
        map.insert("n".into(), json!({"items": items}));
        Value::Object(map)
    })
}

fn scalar_message() -> impl Strategy<Value = Scalar> {
    let value = prop_oneof![
        prop::sample::select(&WORDS[..]).prop_map(|text| scalar::Value::Text(text.into())),
        (-3i64..4).prop_map(scalar::Value::Integer),
        (-6i32..7).prop_map(|n| scalar::Value::Number(f64::from(n) / 2.0)),
        any::<bool>().prop_map(scalar::Value::Flag),
    ];
    value.prop_map(|value| Scalar { value: Some(value) })
}

fn test() -> impl Strategy<Value = field_condition::Test> {
    let list = || prop::collection::vec(scalar_message(), 0..4).prop_map(|values| ScalarList { values });
    let number = || (-8i32..9).prop_map(|n| f64::from(n) / 2.0);
    let day = || (1u32..28).prop_map(|day| format!("2026-01-{day:02}T00:00:00Z"));
    prop_oneof![
        list().prop_map(field_condition::Test::In),
        list().prop_map(field_condition::Test::NotIn),
        (number(), prop::option::of(number()), any::<bool>()).prop_map(|(from, to, strict)| {
            let (gt, gte) = if strict { (Some(from), None) } else { (None, Some(from)) };
            let (lt, lte) = if strict { (None, to) } else { (to, None) };
            field_condition::Test::Number(NumberRange { gt, gte, lt, lte, ..Default::default() })
        }),
        (day(), prop::option::of(day())).prop_map(|(from, lt)| field_condition::Test::Datetime(
            DatetimeRange { gte: Some(from), lt, gt: None, lte: None }
        )),
        (-80.0..80.0f64, -180.0..180.0f64, 0.0..9e6).prop_map(|(lat, lon, meters)| {
            field_condition::Test::GeoRadius(GeoRadius { center: Some(GeoPoint { lat, lon }), meters })
        }),
        (-80.0..0.0f64, 0.0..80.0f64, -180.0..180.0f64, -180.0..180.0f64).prop_map(
            |(south, north, west, east)| field_condition::Test::GeoBox(GeoBox { north, west, south, east })
        ),
        prop::sample::select(&["li", "lib", "2026-01-1", "x", ""][..])
            .prop_map(|prefix| field_condition::Test::Prefix(prefix.into())),
        prop::sample::select(&["mail", "web server", "lib rust"][..])
            .prop_map(|text| field_condition::Test::Text(text.into())),
        any::<bool>().prop_map(field_condition::Test::Exists),
        any::<bool>().prop_map(field_condition::Test::IsNull),
    ]
}

fn of(condition: Condition) -> proto::Filter {
    proto::Filter { condition: Some(condition) }
}

fn field(path: &str, test: field_condition::Test) -> proto::Filter {
    of(Condition::Field(FieldCondition { path: path.into(), test: Some(test) }))
}

fn filter() -> impl Strategy<Value = proto::Filter> {
    let paths = prop::sample::select(&["a", "b", "c", "n.items.a", "n.items.b", "gone"][..]);
    let one = (paths, test()).prop_map(|(path, test)| field(path, test));
    let nested = ("[ab]", test(), "[ab]", test()).prop_map(|(a, first, b, second)| {
        let both = FilterList { filters: vec![field(&a, first), field(&b, second)] };
        let filter = Some(Box::new(of(Condition::All(both))));
        of(Condition::Nested(Box::new(NestedCondition { path: "n.items".into(), filter })))
    });
    let ids = prop::collection::vec("p[0-9]", 0..4).prop_map(|ids| of(Condition::Ids(IdList { ids })));
    prop_oneof![6 => one, 1 => nested, 1 => ids].prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner, 0..3).prop_map(|filters| FilterList { filters });
        (list, 0..3).prop_map(|(list, kind)| {
            of(match kind {
                0 => Condition::All(list),
                1 => Condition::Any(list),
                _ => Condition::None(list),
            })
        })
    })
}

fn expected(documents: &Documents, filter: &proto::Filter) -> Vec<String> {
    documents.iter().filter(|(id, document)| passes(filter, id, document)).map(|(id, _)| id.clone()).collect()
}

fn check(
    shard: &Shard,
    documents: &Documents,
    filter: &proto::Filter,
) -> std::result::Result<(), TestCaseError> {
    let expected = expected(documents, filter);
    let filter = Some(filter.clone());
    for exact in [true, false] {
        let request =
            SearchOp { vector: vector(7), k: 100, exact, filter: filter.clone(), ..Default::default() };
        let found = shard.search(&request, Until::default()).unwrap();
        let ids: BTreeSet<&str> = found.hits.iter().map(|hit| hit.id.as_str()).collect();
        prop_assert_eq!(&ids, &expected.iter().map(String::as_str).collect(), "{} {:?}", found.plan, filter);
    }
    let counted =
        shard.count(&CountOp { filter: filter.clone(), estimate: false }, &Until::default()).unwrap();
    prop_assert_eq!(counted.count, expected.len() as u64);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let request = PageOp { after, limit: 3, filter: filter.clone(), ..Default::default() };
        let page = shard.page(&request, &Until::default()).unwrap();
        paged.extend(page.points.iter().map(|point| point.id.clone()));
        match page.points.last() {
            Some(last) if page.points.len() == 3 => after = last.id.clone(),
            _ => break,
        }
    }
    prop_assert_eq!(&paged, &expected);
    let (mut paged, mut last) = (Vec::new(), None::<(String, String)>);
    loop {
        let (after, after_value) = last.map_or((String::new(), None), |(id, value)| (id, Some(value)));
        let order_by = Some(OrderBy { path: "a".into(), descending: paged.len() % 2 == 1, after_value });
        let order_by = order_by.map(|order| OrderBy { descending: false, ..order });
        let request = PageOp { after, limit: 4, filter: filter.clone(), order_by, ..Default::default() };
        let page = shard.page(&request, &Until::default()).unwrap();
        paged.extend(page.points.iter().map(|point| point.id.clone()));
        last = page.points.last().map(|point| point.id.clone()).zip(page.values.last().cloned());
        if page.points.len() < 4 {
            break;
        }
    }
    let unique: BTreeSet<&String> = paged.iter().collect();
    prop_assert_eq!(unique.len(), paged.len());
    prop_assert_eq!(&unique, &expected.iter().collect());
    let facets = shard.facets(&FacetOp { path: "a".into(), filter, limit: 1000 }, &Until::default()).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for id in &expected {
        let own: BTreeSet<String> = values(&documents[id], &["a"])
            .into_iter()
            .filter(|value| value.is_string() || value.is_number() || value.is_boolean())
            .map(|value| match value.as_f64() {
                Some(x) if x.fract() == 0.0 => format!("{x:.0}").replace("-0", "0"),
                _ => value.to_string(),
            })
            .collect();
        own.into_iter().for_each(|value| *counts.entry(value).or_default() += 1);
    }
    prop_assert_eq!(
        facets.values.into_iter().map(|one| (one.value, one.count)).collect::<BTreeMap<_, _>>(),
        counts
    );
    Ok(())
}

const KINDS: [IndexKind; 7] = [
    IndexKind::Keyword,
    IndexKind::Integer,
    IndexKind::Float,
    IndexKind::Bool,
    IndexKind::Datetime,
    IndexKind::Geo,
    IndexKind::Text,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_way_finds_the_points_that_pass(
        first in prop::collection::vec(document(), 0..12),
        second in prop::collection::vec((0usize..14, document()), 0..8),
        deleted in prop::collection::vec(0usize..14, 0..4),
        indexes in prop::collection::vec((prop::sample::select(&["a", "b", "n.items.a", "n.items.b"][..]), prop::sample::select(&KINDS[..])), 0..6),
        early in 0usize..6,
        filters in prop::collection::vec(filter(), 12),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut documents = Documents::new();
        {
            let shard = open(dir.path());
            let log = Log(&shard);
            for (path, kind) in &indexes[..early.min(indexes.len())] {
                log.declare(path, *kind);
            }
            let first: Vec<_> = first.into_iter().enumerate().map(|(n, one)| (format!("p{n}"), one)).collect();
            log.upsert(&first);
            documents.extend(first);
            // Not built yet, while points change.
            for (path, kind) in &indexes[early.min(indexes.len())..] {
                log.declare(path, *kind);
            }
            let second: Vec<_> = second.into_iter().map(|(n, one)| (format!("p{n}"), one)).collect();
            log.upsert(&second);
            documents.extend(second);
            check(&shard, &documents, &filters[0])?;
            let ids: Vec<String> = deleted.iter().map(|n| format!("p{n}")).collect();
            log.mutate(Mutation { ids: ids.clone(), action: Some(Action::Delete(true)), ..Default::default() });
            ids.iter().for_each(|id| drop(documents.remove(id)));
            settle(&shard);
            for filter in &filters[1..9] {
                check(&shard, &documents, filter)?;
            }
            // A change that only those take that pass.
            let change = PayloadChange { set: vec![FieldValue { path: "c".into(), value: b"\"mail\"".to_vec() }], remove: vec!["b".into()], replace: None };
            let all: Vec<String> = documents.keys().cloned().collect();
            let applied = log.mutate(Mutation { ids: all, filter: Some(filters[9].clone()), action: Some(Action::Change(change)), if_version: None });
            let changed = expected(&documents, &filters[9]);
            prop_assert_eq!(applied.affected as usize, changed.len());
            for id in &changed {
                let map = documents.get_mut(id).unwrap().as_object_mut().unwrap();
                map.remove("b");
                map.insert("c".into(), json!("mail"));
            }
            check(&shard, &documents, &filters[10])?;
            shard.flush().unwrap();
            shard.save_graph(true).unwrap();
        }
        let shard = open(dir.path());
        for filter in &filters[9..] {
            check(&shard, &documents, filter)?;
        }
    }
}

/// Two clusters far from each other, of which the filter wants the one that the query is not near.
#[test]
fn a_filter_far_from_the_query_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 8, ef_construction: 64, ..ShardSpec::new(2, Metric::Euclidean) };
    let shard = Shard::open(dir.path(), spec, &Resources::new(8 << 20, 8 << 20)).unwrap();
    let log = Log(&shard);
    log.declare("side", IndexKind::Keyword);
    let count = 20_000usize;
    for batch in 0..count / 1000 {
        let points = (batch * 1000..(batch + 1) * 1000).map(|n| {
            let side = if n % 40 == 0 { "far" } else { "near" };
            let at = if side == "far" { 1000.0 } else { 0.0 };
            let spread = [(n % 141) as f32 / 141.0, (n / 141) as f32 / 141.0];
            PointData {
                id: n.to_string(),
                vector: [at + spread[0], spread[1]].iter().flat_map(|x| x.to_le_bytes()).collect(),
                payload: json!({ "side": side, "even": n % 2 == 0 }).to_string().into_bytes(),
                ..Default::default()
            }
        });
        let upsert = Some(PointBatch { points: points.collect() }.encode_to_vec());
        log.apply(LogCommand { upsert, ..Default::default() });
    }
    settle(&shard);
    let ask = |filter: proto::Filter, exact: bool, k: u32| {
        let vector = [0.3f32, 0.3].iter().flat_map(|x| x.to_le_bytes()).collect();
        let request = SearchOp { vector, k, exact, filter: Some(filter), ..Default::default() };
        shard.search(&request, Until::default()).unwrap()
    };
    let text =
        |value: &str| ScalarList { values: vec![Scalar { value: Some(scalar::Value::Text(value.into())) }] };
    let flag = ScalarList { values: vec![Scalar { value: Some(scalar::Value::Flag(true)) }] };
    let mut plans = BTreeSet::new();
    for (filter, k) in [
        (field("side", field_condition::Test::In(text("far"))), 10),
        (field("side", field_condition::Test::NotIn(text("far"))), 10),
        (field("even", field_condition::Test::In(flag.clone())), 10),
        (
            of(Condition::All(FilterList {
                filters: vec![
                    field("even", field_condition::Test::In(flag)),
                    field("side", field_condition::Test::In(text("far"))),
                ],
            })),
            10,
        ),
        (field("side", field_condition::Test::In(text("far"))), 500),
    ] {
        let (truth, got) = (ask(filter.clone(), true, k), ask(filter, false, k));
        let truth: BTreeSet<_> = truth.hits.iter().map(|hit| hit.id.clone()).collect();
        let same = got.hits.iter().filter(|hit| truth.contains(&hit.id)).count();
        assert_eq!((truth.len(), got.hits.len()), (k as usize, k as usize), "{}", got.plan);
        assert!(same * 100 >= truth.len() * 98, "{}: {same} of {}", got.plan, truth.len());
        plans.insert(got.plan);
    }
    assert!(plans.len() > 1, "{plans:?}");
}

#[test]
fn an_index_is_built_while_writes_go_on_and_dropped_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let log = Log(&shard);
    let batch =
        |from: usize| (from..from + 500).map(|n| (format!("p{n}"), json!({"n": n}))).collect::<Vec<_>>();
    (0..4).for_each(|at| log.upsert(&batch(at * 500)));
    assert_eq!(log.declare("n", IndexKind::Integer).affected, 1);
    assert_eq!(log.declare("n", IndexKind::Integer).affected, 0);
    let progress = || shard.index_status().unwrap();
    assert!(!progress()[0].ready);
    assert!(shard.build_step().unwrap());
    log.upsert(&batch(2000));
    log.upsert(&[("p7".into(), json!({"n": -7}))]);
    let below_zero =
        || field("n", field_condition::Test::Number(NumberRange { lt: Some(0.0), ..Default::default() }));
    let count =
        || shard.count(&CountOp { filter: Some(below_zero()), estimate: false }, &Until::default()).unwrap();
    assert_eq!(count(), Counted { count: 1, exact: true, unindexed: true });
    while shard.build_step().unwrap() {}
    assert_eq!(count(), Counted { count: 1, exact: true, unindexed: false });
    let built = &progress()[0];
    assert!(built.ready && built.indexed == 2500, "{built:?}");
    let index = PayloadIndex { path: "n".into(), kind: IndexKind::Integer.into(), ..PayloadIndex::default() };
    let declaration = Some(Declaration { declare: Some(Declare::DropIndex(index)) });
    log.apply(LogCommand { declaration, ..Default::default() });
    assert!(count().unindexed && progress().is_empty());
}

#[test]
fn points_expire_by_the_clock_of_the_log_and_versions_are_kept_to() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let log = Log(&shard);
    let point = |id: &str, ttl_ms: u64, if_version: Option<u64>| {
        let point = PointData { id: id.into(), vector: vector(1), ttl_ms, if_version, ..Default::default() };
        let upsert = Some(PointBatch { points: vec![point] }.encode_to_vec());
        log.apply(LogCommand { upsert, ..Default::default() })
    };
    assert_eq!(point("a", 500, Some(0)).refused, None);
    let refused = point("a", 0, Some(0)).refused.unwrap();
    assert_eq!(refused.0, ErrorCode::VersionConflict);
    point("b", 0, None);
    let version = shard.get("b").unwrap().unwrap().0.version;
    let delete = Mutation {
        ids: vec!["b".into()],
        action: Some(Action::Delete(true)),
        if_version: Some(version - 1),
        filter: None,
    };
    assert_eq!(log.mutate(delete.clone()).refused.unwrap().0, ErrorCode::VersionConflict);
    assert_eq!(shard.next_expiry(), Some(1500));
    let change = PayloadChange { replace: Some(b"{\"x\":1}".to_vec()), ..Default::default() };
    log.mutate(Mutation {
        ids: vec!["a".into()],
        action: Some(Action::Change(change)),
        ..Default::default()
    });
    assert_eq!(shard.next_expiry(), Some(1500), "a change does not make it live longer");
    log.apply(LogCommand { expire_by_ms: 1499, ..Default::default() });
    assert!(shard.get("a").unwrap().is_some());
    let expired = log.apply(LogCommand { expire_by_ms: 1500, ..Default::default() });
    assert_eq!((expired.affected, shard.next_expiry()), (1, None));
    assert!(shard.get("a").unwrap().is_none());
    assert_eq!(shard.changed(expired.index).unwrap().unwrap(), ["a"]);
    assert_eq!(log.mutate(Mutation { if_version: Some(version), ..delete }).affected, 1);
}

/// Found by the property above.
#[test]
fn words_of_two_texts_are_not_those_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let log = Log(&shard);
    log.declare("t", IndexKind::Text);
    log.upsert(&[
        ("apart".into(), json!({"t": ["web", "server"]})),
        ("together".into(), json!({"t": ["a server", "web server"]})),
    ]);
    for text in ["web server", "server", "web"] {
        let filter = Some(field("t", field_condition::Test::Text(text.into())));
        let counted = shard.count(&CountOp { filter, estimate: false }, &Until::default()).unwrap();
        let both = text == "web server";
        assert_eq!((counted.count, counted.unindexed), (if both { 1 } else { 2 }, both), "{text}");
    }
}

#[test]
fn a_bad_filter_is_refused_with_the_place_of_the_bad_condition() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let bad = |filter: proto::Filter| {
        let all = of(Condition::All(FilterList {
            filters: vec![field("a", field_condition::Test::Exists(true)), filter],
        }));
        shard
            .count(&CountOp { filter: Some(all), estimate: false }, &Until::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        bad(field("n", field_condition::Test::Number(NumberRange::default()))),
        "filter.all[1] on \"n\": a range must have a bound: gt, gte, lt or lte"
    );
    assert!(
        bad(field("a..b", field_condition::Test::Exists(true)))
            .starts_with("filter.all[1]: path \"a..b\" must not have an empty key")
    );
    let when = DatetimeRange { gt: Some("yesterday".into()), ..Default::default() };
    assert!(
        bad(field("t", field_condition::Test::Datetime(when)))
            .contains("\"yesterday\" is not a valid time or date")
    );
    assert!(bad(proto::Filter::default()).starts_with("filter.all[1]: a filter must have a condition"));
    let deep = (0..20).fold(field("a", field_condition::Test::Exists(true)), |inner, _| {
        of(Condition::None(FilterList { filters: vec![inner] }))
    });
    assert!(bad(deep).contains("nested at most 16 levels deep"));
}

#[test]
fn text_and_sparse_vectors_rank_exactly_and_under_filters() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let log = Log(&shard);
    let index = PayloadIndex {
        path: "t".into(),
        kind: IndexKind::Text.into(),
        language: "english".into(),
        ..PayloadIndex::default()
    };
    for declare in [Declare::AddIndex(index), Declare::AddSparse(SparseDeclared { name: "s".into() })] {
        log.apply(LogCommand {
            declaration: Some(Declaration { declare: Some(declare) }),
            ..Default::default()
        });
    }
    let texts = ["a mail server", "running servers", "the web", "web web web", "mail"];
    let points = texts.iter().enumerate().map(|(n, text)| PointData {
        id: format!("p{n}"),
        vector: vector(n as u64),
        payload: json!({ "t": text, "n": n }).to_string().into_bytes(),
        sparse: vec![SparseData {
            name: "s".into(),
            indices: vec![1, 10 + n as u32],
            values: vec![n as f32, 1.0],
        }],
        ..Default::default()
    });
    let upsert = Some(PointBatch { points: points.collect() }.encode_to_vec());
    assert_eq!(log.apply(LogCommand { upsert, ..Default::default() }).refused, None);
    let ids = |request: SearchOp| -> Vec<String> {
        let found = shard.search(&SearchOp { k: 10, ..request }, Until::default()).unwrap();
        found.hits.into_iter().map(|hit| hit.id).collect()
    };
    let text = |query: &str| Some(TextQuery { query: query.into(), ..TextQuery::default() });
    assert_eq!(
        ids(SearchOp { text: text("server"), ..Default::default() }),
        ["p1", "p0"],
        "the shorter first"
    );
    assert_eq!(ids(SearchOp { text: text("WEB"), ..Default::default() }), ["p3", "p2"]);
    let filter =
        Some(field("n", field_condition::Test::Number(NumberRange { gte: Some(1.0), ..Default::default() })));
    let only = SearchOp { text: text("mail server"), filter: filter.clone(), ..Default::default() };
    assert_eq!(ids(only.clone()), ["p4", "p1"]);
    log.declare("n", IndexKind::Integer);
    settle(&shard);
    assert_eq!(ids(only), ["p4", "p1"], "the same with an index");
    let sparse = |indices: Vec<u32>, values: Vec<f32>| Some(SparseData { name: "s".into(), indices, values });
    assert_eq!(
        ids(SearchOp {
            sparse: sparse(vec![1, 12], vec![1.0, 5.0]),
            filter: filter.clone(),
            ..Default::default()
        }),
        ["p2", "p4", "p3", "p1"]
    );
    let phrase = |query: &str, phrase: &str| {
        Some(TextQuery { query: query.into(), phrases: vec![phrase.into()], ..TextQuery::default() })
    };
    assert_eq!(ids(SearchOp { text: phrase("mail", "mail servers"), ..Default::default() }), ["p0"]);
    assert_eq!(
        ids(SearchOp { text: phrase("", "web web"), ..Default::default() }),
        ["p3"],
        "ranked by its words"
    );
    assert!(ids(SearchOp { text: phrase("web", "server mail"), ..Default::default() }).is_empty());
    assert_eq!(ids(SearchOp { text: phrase("mail", "mail server"), filter, ..Default::default() }), [""; 0]);
    let refused = SearchOp { k: 1, text: phrase("mail", "..."), ..Default::default() };
    let refused = shard.search(&refused, Until::default()).unwrap_err().to_string();
    assert!(refused.contains("must contain at least one word"), "{refused}");
    // Overwritten and deleted points are ranked no more.
    log.upsert(&[("p3".into(), json!({"t": "nothing"}))]);
    log.mutate(Mutation { ids: vec!["p2".into()], action: Some(Action::Delete(true)), ..Default::default() });
    assert!(ids(SearchOp { text: text("web"), ..Default::default() }).is_empty());
    assert_eq!(
        ids(SearchOp { sparse: sparse(vec![1], vec![1.0]), ..Default::default() }),
        ["p4", "p1", "p0"]
    );
    let unknown = SearchOp { sparse: Some(SparseData::default()), k: 1, ..Default::default() };
    assert!(shard.search(&unknown, Until::default()).unwrap_err().to_string().contains("no sparse vector"));
}

#[test]
fn named_vectors_are_searched_filtered_changed_dropped_and_found_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let declare = |shard: &Shard, declare: Declare| {
        Log(shard).apply(LogCommand {
            declaration: Some(Declaration { declare: Some(declare) }),
            ..Default::default()
        })
    };
    let named = |name: &str, dimension: u32| NamedVector {
        name: name.into(),
        dimension,
        metric: "euclidean".into(),
        m: 8,
        quantization: "none".into(),
        ..Default::default()
    };
    let bytes = |v: &[f32]| -> Vec<u8> { v.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let point = |n: usize| PointData {
        id: format!("p{n:04}"),
        vector: vector(n as u64),
        payload: json!({ "n": n, "odd": n % 2 }).to_string().into_bytes(),
        // Every third has none.
        vectors: if n.is_multiple_of(3) {
            Vec::new()
        } else {
            vec![VectorData { name: "title".into(), vector: bytes(&[n as f32, 0.5]) }]
        },
        ..Default::default()
    };
    let upsert = |shard: &Shard, points: Vec<PointData>| {
        let upsert = Some(PointBatch { points }.encode_to_vec());
        Log(shard).apply(LogCommand { upsert, ..Default::default() })
    };
    let ask = |shard: &Shard, at: f32, k: u32, exact: bool, filter: Option<proto::Filter>| -> Vec<usize> {
        let request = SearchOp {
            vector: bytes(&[at, 0.5]),
            k,
            exact,
            filter,
            using: "title".into(),
            include_vector: true,
            ..Default::default()
        };
        let found = shard.search(&request, Until::default()).unwrap();
        let numbers = found.hits.iter().map(|hit| (hit.id[1..].parse::<usize>().unwrap(), &hit.vector));
        numbers
            .map(|(n, vector)| {
                assert_eq!(vector.len(), 8, "{n}");
                n
            })
            .collect()
    };
    let odd = || {
        Some(field(
            "odd",
            field_condition::Test::In(ScalarList {
                values: vec![Scalar { value: Some(scalar::Value::Integer(1)) }],
            }),
        ))
    };
    let nearest = |at: f64, k: usize, passes: &dyn Fn(usize) -> bool| -> Vec<usize> {
        let mut all: Vec<usize> = (0..3000).filter(|n| n % 3 != 0 && passes(*n)).collect();
        all.sort_by(|a, b| (*a as f64 - at).abs().total_cmp(&(*b as f64 - at).abs()).then(a.cmp(b)));
        all.truncate(k);
        all
    };
    {
        let shard = open(dir.path());
        let wrong = upsert(&shard, vec![point(1)]).refused.unwrap();
        assert!(wrong.1.contains("no vector \"title\""), "{wrong:?}");
        assert!(declare(&shard, Declare::AddVector(named("title", 0))).refused.is_some());
        assert_eq!(declare(&shard, Declare::AddVector(named("title", 2))).affected, 1);
        let mut short = point(1);
        short.vectors[0].vector = bytes(&[1.0]);
        assert_eq!(upsert(&shard, vec![short]).refused.unwrap().0, ErrorCode::DimensionMismatch);
        for start in (0..3000).step_by(500) {
            assert_eq!(upsert(&shard, (start..start + 500).map(point).collect()).refused, None);
            shard.index_spaces(200, 1).unwrap();
            assert_eq!(
                ask(&shard, start as f32 + 100.2, 3, false, None),
                nearest(start as f64 + 100.2, 3, &|n| n < start + 500)
            );
        }
        Log(&shard).declare("odd", IndexKind::Integer);
        settle(&shard);
        while shard.index_spaces(1000, 1).unwrap() > 0 {}
        for exact in [true, false] {
            assert_eq!(ask(&shard, 1500.2, 10, exact, None), nearest(1500.2, 10, &|_| true));
            assert_eq!(ask(&shard, 1500.2, 10, exact, odd()), nearest(1500.2, 10, &|n| n % 2 == 1));
        }
        // A point that moves, one that goes, and many whose payload changes, which is nothing to the graph.
        let mut moved = point(1501);
        moved.vectors[0].vector = bytes(&[0.0, 0.5]);
        upsert(&shard, vec![moved]);
        Log(&shard).mutate(Mutation {
            ids: vec!["p1499".into()],
            action: Some(Action::Delete(true)),
            ..Default::default()
        });
        let ids = (0..3000).filter(|n| ![1499, 1501].contains(n)).map(|n| format!("p{n:04}")).collect();
        let set = vec![FieldValue { path: "seen".into(), value: b"true".to_vec() }];
        let action = Some(Action::Change(PayloadChange { set, ..Default::default() }));
        assert_eq!(Log(&shard).mutate(Mutation { ids, action, ..Default::default() }).affected, 2998);
        let left = |n: usize| n != 1499 && n != 1501;
        assert_eq!(ask(&shard, 1500.2, 10, true, None), nearest(1500.2, 10, &left), "before it is indexed");
        settle(&shard);
        while shard.index_spaces(1000, 1).unwrap() > 0 {}
        assert_eq!(ask(&shard, 1500.2, 10, false, None), nearest(1500.2, 10, &left));
        assert_eq!(ask(&shard, 1500.2, 10, false, odd()), nearest(1500.2, 10, &|n| left(n) && n % 2 == 1));
        shard.flush().unwrap();
    }
    let shard = open(dir.path());
    let left = |n: usize| n != 1499 && n != 1501;
    assert_eq!(ask(&shard, 1500.2, 10, false, None), nearest(1500.2, 10, &left));
    while shard.index_spaces(1000, 1).unwrap() > 0 {}
    assert_eq!(ask(&shard, 1500.2, 10, false, odd()), nearest(1500.2, 10, &|n| left(n) && n % 2 == 1));
    // Dropped, and declared again with other dimensions: what is stored does not fit and is not found.
    declare(&shard, Declare::DropVector(named("title", 2)));
    let request = SearchOp { vector: bytes(&[1.0, 1.0]), k: 1, using: "title".into(), ..Default::default() };
    assert!(shard.search(&request, Until::default()).is_err());
    declare(&shard, Declare::AddVector(named("title", 3)));
    settle(&shard);
    let request = SearchOp { vector: bytes(&[1.0, 1.0, 1.0]), ..request };
    assert!(shard.search(&request, Until::default()).unwrap().hits.is_empty());
    declare(&shard, Declare::DropVector(named("title", 3)));
    declare(&shard, Declare::AddVector(named("title", 2)));
    settle(&shard);
    assert_eq!(ask(&shard, 1500.2, 10, false, None), nearest(1500.2, 10, &left), "built from what is stored");
}

/// At every entry exactly one point is marked; whoever asks beside the writes, by whatever way, sees one.
#[test]
fn filtered_answers_beside_writes_are_as_of_one_entry() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let log = Log(&shard);
    let vector_of = |n: usize| vec![VectorData { name: "v".into(), vector: vector(n as u64 + 77) }];
    let point = |n: usize, marked: bool| PointData {
        id: format!("p{n}"),
        vector: vector(n as u64),
        payload: json!({ "marked": marked, "free": marked, "t": if marked { "marked" } else { "plain" } })
            .to_string()
            .into_bytes(),
        vectors: vector_of(n),
        ..Default::default()
    };
    let upsert = |points: Vec<PointData>| {
        let upsert = Some(PointBatch { points }.encode_to_vec());
        assert_eq!(log.apply(LogCommand { upsert, ..Default::default() }).refused, None);
    };
    let named = NamedVector {
        name: "v".into(),
        dimension: 8,
        metric: "euclidean".into(),
        m: 8,
        ..Default::default()
    };
    log.apply(LogCommand {
        declaration: Some(Declaration { declare: Some(Declare::AddVector(named)) }),
        ..Default::default()
    });
    log.declare("marked", IndexKind::Bool);
    log.declare("t", IndexKind::Text);
    upsert((0..1000).map(|n| point(n, n == 0)).collect());
    settle(&shard);
    while shard.index_spaces(1000, 1).unwrap() > 0 {}
    let done = AtomicBool::new(false);
    let is_true = |path: &str| {
        let value = Some(scalar::Value::Flag(true));
        field(path, field_condition::Test::In(ScalarList { values: vec![Scalar { value }] }))
    };
    std::thread::scope(|scope| {
        let mut readers = Vec::new();
        // By an index, by payloads alone, in a named vector, by words, and by a count.
        for way in 0..5 {
            let (shard, done) = (&shard, &done);
            readers.push(scope.spawn(move || {
                let mut asked = 0;
                while !done.load(Ordering::Relaxed) || asked == 0 {
                    let filter = Some(is_true(if way == 1 { "free" } else { "marked" }));
                    let request = SearchOp { k: 5, include_payload: true, ..Default::default() };
                    let request = match way {
                        0 | 1 => SearchOp { vector: vector(asked), filter, ..request },
                        2 => SearchOp { vector: vector(asked), filter, using: "v".into(), ..request },
                        3 => {
                            let text = Some(TextQuery { query: "marked".into(), ..TextQuery::default() });
                            SearchOp { text, ..request }
                        }
                        _ => {
                            let counted =
                                shard.count(&CountOp { filter, estimate: false }, &Until::default()).unwrap();
                            assert_eq!(counted.count, 1);
                            asked += 1;
                            continue;
                        }
                    };
                    let found = shard.search(&request, Until::default()).unwrap();
                    assert_eq!(
                        found.hits.len(),
                        1,
                        "way {way} as of {}: {}",
                        found.applied_index,
                        found.plan
                    );
                    assert!(found.hits[0].payload.windows(13).any(|part| part == b"\"marked\":true"));
                    asked += 1;
                }
                asked
            }));
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                shard.index_step(64, 1).unwrap();
                shard.index_spaces(64, 1).unwrap();
            }
        });
        for n in 0..3000 {
            upsert(vec![point(n, false), point(n + 1, true)]);
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
}
