//! A payload as the fields of `vectron.v1.SearchResult` that carry it: `payload` (3, a map of strings), `document`
//! (20, a google.protobuf.Struct) and, where the document holds an integer beyond 2^53, which a Struct cannot hold and
//! has as a string of its digits, `payload_json` (22, the text). Here because it is made for every hit, and costs
//! JavaScript four times as much. The gateway's search-codec.ts is its twin.

use crate::{Result, ShardError};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

const PAYLOAD: &[u8] = &[3 << 3 | 2];
const DOCUMENT: &[u8] = &[0xa2, 0x01];
const PAYLOAD_JSON: &[u8] = &[0xb2, 0x01];
/// First field of a map's entry, of a Struct and of a ListValue.
const FIRST: &[u8] = &[1 << 3 | 2];
const SECOND: &[u8] = &[2 << 3 | 2];
const NULL: u8 = 1 << 3;
const NUMBER: u8 = 2 << 3 | 1;
const STRING: &[u8] = &[3 << 3 | 2];
const BOOL: u8 = 4 << 3;
const STRUCT: &[u8] = &[5 << 3 | 2];
const LIST: &[u8] = &[6 << 3 | 2];
/// The greatest integer of which a double holds it and both its neighbours: 2^53 - 1.
const MAX_EXACT: &str = "9007199254740991";
/// How deep a document may nest, as in serde_json.
const MAX_DEPTH: usize = 127;

/// `json`: a stored payload, a JSON object or nothing.
pub fn encode(json: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(json.len() * 3);
    if json.is_empty() {
        return Ok(out);
    }
    let damaged = |e: serde_json::Error| ShardError::Damaged(format!("a payload is not a JSON object: {e}"));
    let text = std::str::from_utf8(json)
        .map_err(|e| ShardError::Damaged(format!("a payload is not valid UTF-8: {e}")))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let fields = reader.deserialize_map(TopLevel).map_err(damaged)?;
    for (key, value) in &fields {
        let text = value.get();
        nested(&mut out, PAYLOAD, |out| {
            bytes(out, FIRST, key.as_bytes());
            if text.starts_with('"') {
                let string: Cow<'_, str> = serde_json::Deserializer::from_str(text).deserialize_str(Text)?;
                bytes(out, SECOND, string.as_bytes());
            } else {
                bytes(out, SECOND, text.as_bytes());
            }
            Ok(())
        })
        .map_err(damaged)?;
    }
    let may_have_great_integers = has_long_number(text);
    let mut has_great_integers = false;
    nested(&mut out, DOCUMENT, |out| {
        for (key, value) in &fields {
            entry(out, key, |out| match may_have_great_integers {
                true => exact_value(out, value.get(), &mut has_great_integers, MAX_DEPTH),
                false => Value(out).deserialize(&mut serde_json::Deserializer::from_str(value.get())),
            })?;
        }
        Ok(())
    })
    .map_err(damaged)?;
    if has_great_integers {
        bytes(&mut out, PAYLOAD_JSON, json);
    }
    Ok(out)
}

/// Whether as many digits as an integer beyond [`MAX_EXACT`] has stand in a row somewhere, in a string or not. A row of
/// 16 has one at a multiple of 16, so only every sixteenth byte is looked at where there are none.
fn has_long_number(text: &str) -> bool {
    const LONG: usize = MAX_EXACT.len();
    let text = text.as_bytes();
    let digits =
        |bytes: &mut dyn Iterator<Item = &u8>| bytes.take(LONG).take_while(|b| b.is_ascii_digit()).count();
    (0..text.len()).step_by(LONG).any(|at| {
        let (before, after) = text.split_at(at);
        after.first().is_some_and(u8::is_ascii_digit)
            && digits(&mut before.iter().rev()) + digits(&mut after.iter()) >= LONG
    })
}

/// Whether the text of a JSON number is an integer that may not survive as a double.
fn is_great_integer(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_longer = digits.len() > MAX_EXACT.len();
    (is_longer || (digits.len() == MAX_EXACT.len() && digits > MAX_EXACT))
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// As [`Value`], from the text of each number: integers that a double may not hold become strings, and set `found`.
fn exact_value(out: &mut Vec<u8>, text: &str, found: &mut bool, depth: usize) -> serde_json::Result<()> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let Some(depth) = depth.checked_sub(1) else {
        return Err(serde::de::Error::custom("it is nested too deep"));
    };
    match text.as_bytes().first() {
        Some(b'{') => {
            let fields = reader.deserialize_map(TopLevel)?;
            nested(out, STRUCT, |out| {
                let mut each = fields.iter();
                each.try_for_each(|(key, value)| {
                    entry(out, key, |out| exact_value(out, value.get(), found, depth))
                })
            })
        }
        Some(b'[') => {
            let items = <Vec<&RawValue>>::deserialize(&mut reader)?;
            nested(out, LIST, |out| {
                let mut each = items.iter();
                each.try_for_each(|item| nested(out, FIRST, |out| exact_value(out, item.get(), found, depth)))
            })
        }
        Some(b'-' | b'0'..=b'9') if is_great_integer(text) => {
            *found = true;
            bytes(out, STRING, text.as_bytes());
            Ok(())
        }
        _ => Value(out).deserialize(&mut reader),
    }
}

/// An entry of a Struct.
fn entry<E>(
    out: &mut Vec<u8>,
    key: &str,
    value: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    nested(out, FIRST, |out| {
        bytes(out, FIRST, key.as_bytes());
        nested(out, SECOND, value)
    })
}

fn bytes(out: &mut Vec<u8>, tag: &[u8], content: &[u8]) {
    out.extend_from_slice(tag);
    prost::encoding::encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

/// A message within a message: the length is known when it is written.
fn nested<E>(
    out: &mut Vec<u8>,
    tag: &[u8],
    content: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    out.extend_from_slice(tag);
    let start = out.len();
    // One byte is enough for most lengths.
    out.push(0);
    content(out)?;
    let length = out.len() - start - 1;
    if let (Ok(short @ 0..=0x7f), Some(place)) = (u8::try_from(length), out.get_mut(start)) {
        *place = short;
        return Ok(());
    }
    let mut prefix = Vec::with_capacity(5);
    prost::encoding::encode_varint(length as u64, &mut prefix);
    out.splice(start..=start, prefix);
    Ok(())
}

/// The keys of an object with the text of their values.
struct TopLevel;

impl<'de> Visitor<'de> for TopLevel {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key_seed(TextSeed)? {
            fields.push((key, map.next_value()?));
        }
        Ok(fields)
    }
}

struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<Self::Value, D::Error> {
        reader.deserialize_str(Text)
    }
}

/// Writes a JSON value as the content of a google.protobuf.Value.
struct Value<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> std::result::Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        self.0.extend_from_slice(&[NULL, 0]);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<(), E> {
        self.0.extend_from_slice(&[BOOL, u8::from(value)]);
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> std::result::Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<(), E> {
        self.0.push(NUMBER);
        self.0.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<(), E> {
        bytes(self.0, STRING, text.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<(), A::Error> {
        nested(self.0, LIST, |out| {
            loop {
                // Whether there is another item is known when it was read.
                let before = out.len();
                let mut item = Vec::new();
                if list.next_element_seed(Value(&mut item))?.is_none() {
                    out.truncate(before);
                    return Ok(());
                }
                bytes(out, FIRST, &item);
            }
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        nested(self.0, STRUCT, |out| {
            while let Some(key) = map.next_key_seed(TextSeed)? {
                entry(out, &key, |out| map.next_value_seed(Value(out)))?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::encode;
    use proptest::prelude::*;
    use prost::Message;
    use std::collections::HashMap;

    #[derive(Clone, PartialEq, Message)]
    struct Fields {
        #[prost(map = "string, string", tag = "3")]
        payload: HashMap<String, String>,
        #[prost(message, optional, tag = "20")]
        document: Option<Struct>,
        #[prost(string, tag = "22")]
        payload_json: String,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Struct {
        #[prost(map = "string, message", tag = "1")]
        fields: HashMap<String, Value>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct List {
        #[prost(message, repeated, tag = "1")]
        values: Vec<Value>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Value {
        #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
        kind: Option<Kind>,
    }
    #[derive(Clone, PartialEq, prost::Oneof)]
    enum Kind {
        #[prost(int32, tag = "1")]
        Null(i32),
        #[prost(double, tag = "2")]
        Number(f64),
        #[prost(string, tag = "3")]
        String(String),
        #[prost(bool, tag = "4")]
        Bool(bool),
        #[prost(message, tag = "5")]
        Struct(Struct),
        #[prost(message, tag = "6")]
        List(List),
    }

    fn value(json: &serde_json::Value) -> Value {
        let kind = match json {
            serde_json::Value::Null => Kind::Null(0),
            serde_json::Value::Bool(b) => Kind::Bool(*b),
            serde_json::Value::Number(n) if is_great(n) => Kind::String(n.to_string()),
            serde_json::Value::Number(n) => Kind::Number(n.as_f64().unwrap()),
            serde_json::Value::String(s) => Kind::String(s.clone()),
            serde_json::Value::Array(items) => Kind::List(List { values: items.iter().map(value).collect() }),
            serde_json::Value::Object(_) => Kind::Struct(object(json)),
        };
        Value { kind: Some(kind) }
    }

    fn is_great(number: &serde_json::Number) -> bool {
        number.as_i128().is_some_and(|n| n.abs() > 9_007_199_254_740_991)
    }

    fn has_great(json: &serde_json::Value) -> bool {
        match json {
            serde_json::Value::Number(n) => is_great(n),
            serde_json::Value::Array(items) => items.iter().any(has_great),
            serde_json::Value::Object(map) => map.values().any(has_great),
            _ => false,
        }
    }

    fn object(json: &serde_json::Value) -> Struct {
        let fields = json.as_object().unwrap().iter().map(|(key, item)| (key.clone(), value(item)));
        Struct { fields: fields.collect() }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            (-2i64..3, any::<bool>()).prop_map(|(near, negative)| {
                let limit = if negative { -9_007_199_254_740_991 } else { 9_007_199_254_740_991 };
                (limit + near).into()
            }),
            "[0-9a-z]{0,40}".prop_map(Into::into),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            "[a-z]{100,300}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_what_the_json_says(map in prop::collection::hash_map(any::<String>(), json(), 0..6)) {
            let json = serde_json::Value::Object(map.into_iter().collect());
            let text = json.to_string();
            let fields = Fields::decode(encode(text.as_bytes()).unwrap().as_slice()).unwrap();
            prop_assert_eq!(fields.document.unwrap(), object(&json));
            prop_assert_eq!(fields.payload_json, if has_great(&json) { text } else { String::new() });
            for (key, item) in json.as_object().unwrap() {
                let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                prop_assert_eq!(fields.payload.get(key), Some(&text));
            }
        }

        #[test]
        fn refuses_what_is_no_object(bytes in prop::collection::vec(any::<u8>(), 1..50)) {
            let fields = encode(&bytes);
            prop_assert_eq!(fields.is_ok(), serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_ok());
        }
    }
    #[test]
    fn integers_that_a_double_cannot_hold_keep_their_digits() {
        let json = r#"{"a": [9007199254740993, {"b": -18446744073709551615}], "c": 1e20, "d": "1234567890123456789",
            "e": 123456789012345678901234567890, "f": 9007199254740991, "g": 12345678901234567.5}"#;
        let fields = Fields::decode(encode(json.as_bytes()).unwrap().as_slice()).unwrap();
        assert_eq!(fields.payload_json, json);
        let document = fields.document.unwrap().fields;
        let text = |text: &str| Kind::String(text.into());
        let kind = |key: &str| document[key].kind.clone().unwrap();
        let inner = Struct {
            fields: HashMap::from([("b".into(), Value { kind: Some(text("-18446744073709551615")) })]),
        };
        let items = [text("9007199254740993"), Kind::Struct(inner)].map(|kind| Value { kind: Some(kind) });
        assert_eq!(kind("a"), Kind::List(List { values: items.into() }));
        assert_eq!(kind("c"), Kind::Number(1e20), "no integer as it is written");
        assert_eq!(kind("d"), text("1234567890123456789"));
        assert_eq!(kind("e"), text("123456789012345678901234567890"));
        assert_eq!(kind("f"), Kind::Number(9_007_199_254_740_991.0));
        assert_eq!(kind("g"), Kind::Number(12_345_678_901_234_567.5));
        let deep = format!("{{\"a\":{}9007199254740993{}}}", "[".repeat(200), "]".repeat(200));
        assert!(encode(deep.as_bytes()).is_err());
    }
}
