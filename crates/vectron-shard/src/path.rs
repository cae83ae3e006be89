//! A place in a document.

use serde_json::Value;

const MAX_BYTES: usize = 512;
const MAX_KEYS: usize = 32;

/// Keys separated by dots; a backslash before a dot or a backslash makes it part of the key. Lists on the way, and at its
/// end, are gone through, so that a leaf is never a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    text: Box<str>,
    keys: Vec<Box<str>>,
}

impl Path {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("a path can have at most {MAX_BYTES} bytes"));
        }
        let mut keys = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let key = keys.last_mut().ok_or("a path has a key")?;
            match c {
                '.' => keys.push(String::new()),
                '\\' => match chars.next() {
                    Some(escaped @ ('.' | '\\')) => key.push(escaped),
                    _ => {
                        return Err(format!(
                            "path {text:?}: a backslash must be followed by a dot or a backslash"
                        ));
                    }
                },
                other => key.push(other),
            }
        }
        if keys.iter().any(String::is_empty) {
            return Err(format!("path {text:?} must not have an empty key"));
        }
        if keys.len() > MAX_KEYS {
            return Err(format!("a path can have at most {MAX_KEYS} keys"));
        }
        Ok(Self { text: text.into(), keys: keys.into_iter().map(Into::into).collect() })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn keys(&self) -> &[Box<str>] {
        &self.keys
    }

    /// Calls `visit` with every value at this place.
    pub fn leaves<'a>(&self, document: &'a Value, visit: &mut dyn FnMut(&'a Value)) {
        walk(document, &self.keys, visit);
    }

    /// Whether one value at this place passes.
    pub fn any<'a>(&self, document: &'a Value, test: impl Fn(&'a Value) -> bool) -> bool {
        let mut found = false;
        self.leaves(document, &mut |leaf| found = found || test(leaf));
        found
    }
}

fn walk<'a>(value: &'a Value, keys: &[Box<str>], visit: &mut dyn FnMut(&'a Value)) {
    match (value, keys) {
        (Value::Array(items), _) => items.iter().for_each(|item| walk(item, keys, visit)),
        (leaf, []) => visit(leaf),
        (Value::Object(map), [first, rest @ ..]) => {
            if let Some(inner) = map.get(&**first) {
                walk(inner, rest, visit);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(path: &str, document: &Value) -> Vec<Value> {
        let mut found = Vec::new();
        Path::parse(path).unwrap().leaves(document, &mut |leaf| found.push(leaf.clone()));
        found
    }

    #[test]
    fn goes_through_lists_and_takes_escaped_dots_as_part_of_a_key() {
        let document = json!({"a": [{"b": [1, [2]]}, {"b": null}, 7], "x.y": {"z\\": 3}, "e": []});
        assert_eq!(at("a.b", &document), [json!(1), json!(2), Value::Null]);
        assert_eq!(at(r"x\.y.z\\", &document), [json!(3)]);
        assert!(at("e", &document).is_empty() && at("a.c", &document).is_empty());
        for wrong in ["", "a.", ".a", "a..b", r"a\b", r"a\"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
