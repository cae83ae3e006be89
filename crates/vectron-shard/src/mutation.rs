//! Changes of points that are there: fields of their payloads, or their end.

use crate::command::check_id;
use crate::path::Path;
use crate::proto::{FieldValue, Mutation, PayloadChange, mutation::Action};
use crate::{Result, ShardError};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Of a payload after a change.
const MAX_PAYLOAD_BYTES: usize = 4 << 20;

impl Mutation {
    /// What can be said without the points.
    pub fn check(&self) -> Result<()> {
        for (at, id) in self.ids.iter().enumerate() {
            check_id(id).map_err(|e| ShardError::Invalid(format!("ids[{at}]: {e}")))?;
        }
        match &self.action {
            Some(Action::Delete(true)) => Ok(()),
            Some(Action::Change(change)) => change.check(),
            _ => Err(ShardError::Invalid("a mutation must either change points or delete them".into())),
        }
    }
}

impl PayloadChange {
    fn check(&self) -> Result<()> {
        let paths = self.set.iter().map(|field| &field.path).chain(&self.remove);
        for path in paths {
            Path::parse(path).map_err(ShardError::Invalid)?;
        }
        for FieldValue { path, value } in &self.set {
            serde_json::from_slice::<Value>(value)
                .map_err(|e| ShardError::Invalid(format!("the value for {path:?} must be JSON: {e}")))?;
        }
        if let Some(payload) = &self.replace {
            serde_json::from_slice::<Map<String, Value>>(payload)
                .map_err(|e| ShardError::Invalid(format!("the payload must be a JSON object: {e}")))?;
        }
        if self.replace.is_none() && self.set.is_empty() && self.remove.is_empty() {
            return Err(ShardError::Invalid("a change must set, remove or replace something".into()));
        }
        Ok(())
    }

    /// The payload afterwards. Fields that the change does not name keep their text.
    pub fn apply(&self, payload: &[u8]) -> Result<Vec<u8>> {
        let before = self.replace.as_deref().unwrap_or(payload);
        if self.set.is_empty() && self.remove.is_empty() {
            return Ok(before.to_vec());
        }
        let mut fields = Fields::parse(before)?;
        for path in &self.remove {
            let path = Path::parse(path).map_err(ShardError::Invalid)?;
            fields.edit(path.keys(), None)?;
        }
        for FieldValue { path, value } in &self.set {
            let path = Path::parse(path).map_err(ShardError::Invalid)?;
            fields.edit(path.keys(), Some(value))?;
        }
        let after = fields.text()?;
        if after.len() > MAX_PAYLOAD_BYTES {
            return Err(ShardError::Invalid(format!("a payload can have at most {MAX_PAYLOAD_BYTES} bytes")));
        }
        Ok(after)
    }
}

/// The top level of a payload, in its order.
struct Fields(Vec<(String, Box<RawValue>)>);

fn damaged(error: serde_json::Error) -> ShardError {
    ShardError::Damaged(format!("a payload is not a JSON object: {error}"))
}

impl Fields {
    fn parse(payload: &[u8]) -> Result<Self> {
        if payload.is_empty() {
            return Ok(Self(Vec::new()));
        }
        /// Pairs in the order of the text.
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Vec<(String, Box<RawValue>)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
        let mut reader = serde_json::Deserializer::from_slice(payload);
        serde::de::Deserializer::deserialize_map(&mut reader, Pairs).map(Self).map_err(damaged)
    }

    fn text(&self) -> Result<Vec<u8>> {
        let mut text = vec![b'{'];
        for (at, (key, value)) in self.0.iter().enumerate() {
            if at > 0 {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, key).map_err(damaged)?;
            text.push(b':');
            text.extend_from_slice(value.get().as_bytes());
        }
        text.push(b'}');
        Ok(text)
    }

    /// `value` missing: what is there is removed.
    fn edit(&mut self, keys: &[Box<str>], value: Option<&[u8]>) -> Result<()> {
        let [first, rest @ ..] = keys else { return Ok(()) };
        // Of equal keys the last one counts, as everywhere in JSON.
        let place = self.0.iter().rposition(|(key, _)| **key == **first);
        if rest.is_empty() {
            self.0.retain(|(key, _)| value.is_some() || **key != **first);
            if let Some(value) = value {
                let raw = serde_json::from_slice(value).map_err(damaged)?;
                match place {
                    Some(at) => self.0[at].1 = raw,
                    None => self.0.push((first.to_string(), raw)),
                }
            }
            return Ok(());
        }
        let mut inner: Value = match place {
            Some(at) => serde_json::from_str(self.0[at].1.get()).map_err(damaged)?,
            None if value.is_none() => return Ok(()),
            None => Value::Object(Map::new()),
        };
        let value = value.map(serde_json::from_slice).transpose().map_err(damaged)?;
        edit_value(&mut inner, rest, value.as_ref());
        let raw = serde_json::value::to_raw_value(&inner).map_err(damaged)?;
        match place {
            Some(at) => self.0[at].1 = raw,
            None => self.0.push((first.to_string(), raw)),
        }
        Ok(())
    }
}

/// In lists, every object is changed. What is no object gives way to one that is set.
fn edit_value(at: &mut Value, keys: &[Box<str>], value: Option<&Value>) {
    let [first, rest @ ..] = keys else { return };
    if let Value::Array(items) = at {
        items
            .iter_mut()
            .filter(|item| item.is_object() || item.is_array())
            .for_each(|item| edit_value(item, keys, value));
        return;
    }
    if !at.is_object() && value.is_some() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(map) = at else { return };
    match (rest.is_empty(), value) {
        (true, Some(value)) => drop(map.insert(first.to_string(), value.clone())),
        (true, None) => drop(map.remove(&**first)),
        (false, Some(_)) => edit_value(map.entry(first.to_string()).or_insert(Value::Null), rest, value),
        (false, None) => {
            if let Some(inner) = map.get_mut(&**first) {
                edit_value(inner, rest, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(payload: &str, set: &[(&str, &str)], remove: &[&str]) -> String {
        let set = set.iter().map(|(path, value)| FieldValue { path: (*path).into(), value: (*value).into() });
        let remove = remove.iter().map(|path| (*path).into()).collect();
        let change = PayloadChange { set: set.collect(), remove, replace: None };
        change.check().unwrap();
        String::from_utf8(change.apply(payload.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn sets_and_removes_at_paths_and_leaves_the_rest_as_it_was_written() {
        let payload = r#"{"big":123456789012345678901234567890,"a":{"b":[{"c":1},{"c":2},3]},"z":1.50}"#;
        assert_eq!(
            change(payload, &[("a.d.e", "null"), ("new", r#"{"x": [1]}"#)], &["a.b.c", "gone.deep"]),
            r#"{"big":123456789012345678901234567890,"a":{"b":[{},{},3],"d":{"e":null}},"z":1.50,"new":{"x": [1]}}"#
        );
        assert_eq!(change(payload, &[("z.y", "2")], &["big", "a"]), r#"{"z":{"y":2}}"#);
        assert_eq!(change("", &[(r"a\.b", "1")], &[]), r#"{"a.b":1}"#);
    }
}
