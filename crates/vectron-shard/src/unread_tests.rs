//! What an index could not read is counted in its status, with an example, whatever is written, deleted and opened again.

use super::*;
use crate::proto::{
    Declaration, IdBatch, IndexKind, IndexStatus, LogCommand, PayloadIndex, PointBatch, PointData,
    declaration::Declare,
};
use prost::Message;
use serde_json::{Value, json};

fn open(dir: &Path) -> Shard {
    let spec = ShardSpec::new(1, Metric::Euclidean);
    Shard::open(dir, spec, &Resources::new(8 << 20, 8 << 20)).unwrap()
}

fn apply(shard: &Shard, command: &LogCommand) {
    assert_eq!(shard.apply(shard.applied_index() + 1, command).unwrap().refused, None);
}

fn upsert(shard: &Shard, id: &str, value: &Value) {
    let payload = json!({"v": value}).to_string().into();
    let point = PointData { id: id.into(), vector: 1f32.to_le_bytes().into(), payload, ..Default::default() };
    let upsert = Some(PointBatch { points: vec![point] }.encode_to_vec());
    apply(shard, &LogCommand { upsert, ..Default::default() });
}

fn delete(shard: &Shard, id: &str) {
    let delete = Some(IdBatch { ids: vec![id.into()], ..Default::default() }.encode_to_vec());
    apply(shard, &LogCommand { delete, ..Default::default() });
}

fn declare(shard: &Shard, kind: IndexKind) {
    let index = PayloadIndex { path: "v".into(), kind: kind.into(), ..Default::default() };
    let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
    apply(shard, &LogCommand { declaration, ..Default::default() });
}

fn status(shard: &Shard) -> IndexStatus {
    shard.index_status().unwrap().remove(0)
}

type Kind = (IndexKind, Vec<Value>, Vec<(Value, &'static str)>);

/// Of each kind: what it reads, what it does not, and of the latter what the example shows.
fn kinds() -> [Kind; 7] {
    let null = || vec![json!(null), json!([]), json!([null])];
    let with = |more: Vec<Value>| [null(), more].concat();
    [
        (
            IndexKind::Keyword,
            with(vec![json!("a"), json!(["a", ""])]),
            vec![(json!(7), "7"), (json!(["a", true]), "true")],
        ),
        (
            IndexKind::Integer,
            with(vec![json!(1), json!(1.5), json!(u64::MAX)]),
            vec![(json!("12"), "\"12\""), (json!([1, false]), "false")],
        ),
        (
            IndexKind::Float,
            with(vec![json!(1), json!(-0.5)]),
            vec![(json!("1.5"), "\"1.5\""), (json!({"a": 1}), "{\"a\":1}")],
        ),
        (IndexKind::Bool, with(vec![json!(true)]), vec![(json!("true"), "\"true\""), (json!(0), "0")]),
        (
            IndexKind::Datetime,
            with(vec![
                json!("2024-01-01 00:00:00+00"),
                json!(["2024-01-01T10:00:00", "Tue, 02 Jan 2024 10:00:00 GMT"]),
            ]),
            vec![
                (json!("01/02/2024"), "\"01/02/2024\""),
                (json!(1_704_189_600), "1704189600"),
                (json!(["2024-01-01", "infinity"]), "\"infinity\""),
            ],
        ),
        (
            IndexKind::Geo,
            with(vec![json!({"lat": 1, "lon": -180})]),
            vec![
                (json!({"lat": 91, "lon": 0}), "{\"lat\":91,\"lon\":0}"),
                (json!([11.5, 48.1]), "11.5"),
                (json!("48.1,11.5"), "\"48.1,11.5\""),
                (json!({"lat": "1", "lon": 2}), "{\"lat\":\"1\",\"lon\":2}"),
            ],
        ),
        (
            IndexKind::Text,
            with(vec![json!("words"), json!("")]),
            vec![(json!(12), "12"), (json!({"a": "b"}), "{\"a\":\"b\"}")],
        ),
    ]
}

#[test]
fn each_kind_counts_the_points_that_it_could_not_read_and_shows_one() {
    for (kind, read, unread) in kinds() {
        let dir = tempfile::tempdir().unwrap();
        let shard = open(dir.path());
        declare(&shard, kind);
        for (n, value) in read.iter().enumerate() {
            upsert(&shard, &format!("read{n}"), value);
        }
        let empty = status(&shard);
        assert_eq!(
            (empty.unread, empty.unread_id, empty.unread_value),
            (0, "".into(), "".into()),
            "{kind:?}"
        );
        for (n, (value, shown)) in unread.iter().enumerate() {
            let id = format!("unread{n}");
            upsert(&shard, &id, value);
            upsert(&shard, &id, value);
            let one = status(&shard);
            assert_eq!((one.unread, one.unread_id.as_str()), (1, id.as_str()), "{kind:?} {value}");
            assert_eq!(one.unread_value, *shown, "{kind:?}");
            // Written anew with a value that is read, and back.
            upsert(&shard, &id, &read[0]);
            assert_eq!(status(&shard).unread, 0, "{kind:?} {value}");
            upsert(&shard, &id, value);
            assert_eq!(status(&shard).unread, 1, "{kind:?} {value}");
            delete(&shard, &id);
            assert_eq!(status(&shard).unread, 0, "{kind:?} {value}");
        }
    }
}

#[test]
fn the_count_is_the_same_when_the_shard_was_opened_again_or_the_index_built_later() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    let values = [json!("2024-01-01"), json!("soon"), json!(["soon", "later"]), json!(null), json!(5)];
    (0..600).for_each(|n| upsert(&shard, &format!("p{n}"), &values[n % values.len()]));
    declare(&shard, IndexKind::Datetime);
    while shard.build_step().unwrap() {}
    let built = status(&shard);
    assert_eq!((built.unread, built.indexed), (360, 600));
    shard.flush().unwrap();
    drop(shard);
    let shard = open(dir.path());
    while shard.build_step().unwrap() {}
    assert_eq!(status(&shard).unread, 360);
    assert!(!status(&shard).unread_id.is_empty());
}

#[test]
fn a_long_example_is_cut_off_between_characters() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path());
    declare(&shard, IndexKind::Datetime);
    upsert(&shard, "p", &json!("ä".repeat(500)));
    let shown = status(&shard).unread_value;
    assert!(shown.len() <= 203 && shown.starts_with("\"ää") && shown.ends_with("ä…"), "{shown}");
}
