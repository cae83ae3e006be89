//! Pages in the order of a payload value, against a comparison that is written once more here: values of every type, missing ones,
//! lists and ties, with every kind of index and with none, in pages of any size.

use super::*;
use crate::proto::{
    Declaration, IndexKind, LogCommand, OrderBy, PageOp, PayloadIndex, PointBatch, PointData,
    declaration::Declare,
};
use proptest::prelude::*;
use prost::Message;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// A value with what it means.
#[derive(Clone, Debug)]
struct Sample {
    json: Value,
    means: Means,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    Flag(bool),
    /// Twice the number: those here are multiples of a half, or too great for it to matter.
    Number(i128),
    /// Nanoseconds since 1970.
    Time(i128),
    Text(String),
    /// A time where a datetime index is declared, a text otherwise.
    Code(String, i128),
    Many(Vec<Means>),
    Nothing,
}

/// What counts; the list is flat afterwards.
fn counting(means: &Means, dated: bool, descending: bool) -> Means {
    match means {
        Means::Code(_, nanos) if dated => Means::Time(*nanos),
        Means::Code(text, _) => Means::Text(text.clone()),
        Means::Many(many) => {
            let each = many.iter().map(|one| counting(one, dated, descending));
            let each = each.filter(|one| *one != Means::Nothing);
            let first = if descending { each.max() } else { each.min() };
            first.unwrap_or(Means::Nothing)
        }
        other => other.clone(),
    }
}

fn compare(a: &Means, b: &Means, descending: bool) -> Ordering {
    match (*a == Means::Nothing, *b == Means::Nothing) {
        (false, false) if descending => b.cmp(a),
        (false, false) => a.cmp(b),
        (a, b) => a.cmp(&b),
    }
}

const EDGES: [i128; 6] = [0, 1 << 53, i64::MIN as i128, i64::MAX as i128, 1 << 63, u64::MAX as i128];

/// 2024-01-01T00:00:00Z.
const YEAR: i128 = 1_704_067_200;

fn time() -> impl Strategy<Value = Sample> {
    let fractions = [0u32, 1, 123_456_789, 123_456_790, 500_000_000, 999_999_999];
    let zones = prop::sample::select(&[0i64, 60, -300, 330][..]);
    (-2i64..3, prop::sample::select(fractions.to_vec()), zones, 0usize..4).prop_map(
        |(seconds, nanos, zone, form)| {
            let zoned = chrono::FixedOffset::east_opt(zone as i32 * 60).unwrap();
            let time = chrono::DateTime::from_timestamp(YEAR as i64 + seconds, nanos).unwrap();
            let form = [
                "%Y-%m-%dT%H:%M:%S%.9f%:z",
                "%Y-%m-%d %H:%M:%S%.9f%z",
                "%Y/%m/%d %H:%M:%S%.9f %z",
                "%d %b %Y %H:%M:%S%.9f %z",
            ][form];
            let text = time.with_timezone(&zoned).format(form).to_string();
            let nanos = (YEAR + i128::from(seconds)) * 1_000_000_000 + i128::from(nanos);
            Sample { json: text.into(), means: Means::Time(nanos) }
        },
    )
}

fn one() -> impl Strategy<Value = Sample> {
    let of = |json: Value, means: Means| Sample { json, means };
    let near = (prop::sample::select(&EDGES[..]), -2i128..3, any::<bool>());
    let numbers = near.prop_map(move |(edge, by, as_double)| {
        let integer = (edge + by).clamp(i64::MIN.into(), u64::MAX.into());
        match as_double {
            true => of((integer as f64).into(), Means::Number((integer as f64) as i128 * 2)),
            false => of(serde_json::Number::from_i128(integer).unwrap().into(), Means::Number(integer * 2)),
        }
    });
    let others = vec![
        of(json!(-0.0), Means::Number(0)),
        of(json!(0.5), Means::Number(1)),
        of(json!(-1.5), Means::Number(-3)),
        of(json!(1e300), Means::Number(i128::MAX)),
        of(json!(-1e300), Means::Number(i128::MIN)),
        of(json!(null), Means::Nothing),
        of(json!({"a": 1}), Means::Nothing),
        of(json!({}), Means::Nothing),
        of(json!([]), Means::Nothing),
        of(json!("2024-01-01"), Means::Time(YEAR * 1_000_000_000)),
        of(json!("20240101"), Means::Code("20240101".into(), YEAR * 1_000_000_000)),
        of(json!("2024"), Means::Code("2024".into(), YEAR * 1_000_000_000)),
        of(json!("2024-01"), Means::Code("2024-01".into(), YEAR * 1_000_000_000)),
    ];
    let texts = [
        "",
        "a",
        "ab",
        "b",
        "B",
        "10",
        "9",
        "01/02/2024",
        "\u{ffff}",
        "\u{1f600}",
        "null",
        "true",
        "\u{0}",
        "é",
    ];
    prop_oneof![
        3 => numbers,
        3 => time(),
        2 => prop::sample::select(others),
        2 => prop::sample::select(texts.to_vec()).prop_map(move |text| of(text.into(), Means::Text(text.into()))),
        1 => any::<bool>().prop_map(move |flag| of(flag.into(), Means::Flag(flag))),
    ]
}

/// Of a point; `None`: it has no such field.
fn sample() -> impl Strategy<Value = Option<Sample>> {
    let list = |each: Vec<Sample>| {
        let (json, means) = each.into_iter().map(|one| (one.json, one.means)).unzip();
        Sample { json: Value::Array(json), means: Means::Many(means) }
    };
    let some = one().prop_recursive(2, 8, 3, move |inner| prop::collection::vec(inner, 0..4).prop_map(list));
    prop_oneof![9 => some.prop_map(Some), 1 => Just(None)]
}

/// Values that one kind of index holds alone, or any.
fn samples() -> impl Strategy<Value = Vec<Option<Sample>>> {
    prop_oneof![
        3 => prop::collection::vec(sample(), 1..14),
        1 => prop::collection::vec(time().prop_map(Some), 1..14),
    ]
}

fn filled(dir: &Path, samples: &[Option<Sample>], kind: Option<IndexKind>) -> Shard {
    let spec = ShardSpec::new(1, Metric::Euclidean);
    let shard = Shard::open(dir, spec, &Resources::new(8 << 20, 8 << 20)).unwrap();
    let apply = |command: LogCommand| {
        assert_eq!(shard.apply(shard.applied_index() + 1, &command).unwrap().refused, None);
    };
    if let Some(kind) = kind {
        let index = PayloadIndex { path: "v".into(), kind: kind.into(), ..Default::default() };
        let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
        apply(LogCommand { declaration, ..Default::default() });
    }
    let points = samples.iter().enumerate().map(|(n, one)| PointData {
        id: format!("p{n:02}"),
        vector: 1f32.to_le_bytes().into(),
        payload: one.as_ref().map_or(json!({}), |one| json!({"v": one.json})).to_string().into(),
        ..Default::default()
    });
    let upsert = Some(PointBatch { points: points.collect() }.encode_to_vec());
    apply(LogCommand { upsert, ..Default::default() });
    shard
}

const KINDS: [Option<IndexKind>; 6] = [
    None,
    Some(IndexKind::Keyword),
    Some(IndexKind::Integer),
    Some(IndexKind::Bool),
    Some(IndexKind::Datetime),
    Some(IndexKind::Text),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_in_the_documented_order(
        samples in samples(),
        limits in prop::collection::vec(1u32..5, 14),
    ) {
        for kind in KINDS {
            let dir = tempfile::tempdir().unwrap();
            let shard = filled(dir.path(), &samples, kind);
            let dated = kind == Some(IndexKind::Datetime);
            for descending in [false, true] {
                let means = |one: &Option<Sample>| one.as_ref().map_or(Means::Nothing, |one| counting(&one.means, dated, descending));
                let mut expected: Vec<(Means, String)> =
                    samples.iter().enumerate().map(|(n, one)| (means(one), format!("p{n:02}"))).collect();
                expected.sort_by(|a, b| compare(&a.0, &b.0, descending).then_with(|| a.1.cmp(&b.1)));
                let (mut found, mut keys, mut after, mut after_value) = (Vec::new(), Vec::new(), String::new(), None);
                for limit in &limits {
                    let order_by = Some(OrderBy { path: "v".into(), descending, after_value });
                    let page = shard.page(&PageOp { after, limit: *limit, order_by, ..Default::default() }).unwrap();
                    let Some(last) = page.points.last() else { break };
                    (after, after_value) = (last.id.clone(), page.values.last().cloned());
                    found.extend(page.points.into_iter().map(|point| point.id));
                    keys.extend(page.keys);
                }
                let ids: Vec<String> = expected.iter().map(|(_, id)| id.clone()).collect();
                prop_assert_eq!(&found, &ids, "{:?} descending {}", kind, descending);
                for (key, (value, _)) in keys.iter().zip(&expected) {
                    for (other, (other_value, _)) in keys.iter().zip(&expected) {
                        prop_assert_eq!(key.cmp(other), value.cmp(other_value), "{:?} {:?}", value, other_value);
                    }
                }
            }
        }
    }
}
