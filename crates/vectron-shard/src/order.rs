//! The order of payload values in a page (docs/adr/0039-dates-and-order.md): false, true, numbers by value, times by time, other
//! strings by code points. Whatever has none of these comes last, ascending and descending. It depends on the values and on whether
//! a datetime index is declared at the path, not on which indexes are ready, so that every shard orders alike.

use crate::datetime::Datetime;
use crate::number::Number;
use crate::path::Path;
use serde_json::Value;
use std::cmp::Ordering;

/// A value in the order of a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ordered {
    Flag(bool),
    Number(Number),
    Datetime(Datetime),
    Text(String),
    /// No value: null, objects, empty lists, or nothing at the path.
    Nothing,
}

/// The first byte of the key of [`Ordered::Nothing`].
const NOTHING: u8 = 0xff;

/// How the values at one path are ordered.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub descending: bool,
    /// Whether a datetime index is declared at the path: texts that may be codes as well, such as `20240102`, are times then.
    pub dated: bool,
}

impl Order {
    /// The value that counts among those at the path: the one that comes first.
    pub fn of(self, path: &Path, document: &Value) -> Ordered {
        let mut first = Ordered::Nothing;
        path.leaves(document, &mut |leaf| {
            let value = self.value(leaf);
            if self.compare(&value, &first).is_lt() {
                first = value;
            }
        });
        first
    }

    pub fn value(self, leaf: &Value) -> Ordered {
        match leaf {
            Value::Bool(flag) => Ordered::Flag(*flag),
            Value::Number(number) => Number::of(number).map_or(Ordered::Nothing, Ordered::Number),
            Value::String(text) => self.text(text),
            Value::Null | Value::Array(_) | Value::Object(_) => Ordered::Nothing,
        }
    }

    pub fn text(self, text: &str) -> Ordered {
        let time = match self.dated {
            true => Datetime::parse(text),
            false => Datetime::parse_unmistakable(text),
        };
        time.map_or_else(|| Ordered::Text(text.to_owned()), Ordered::Datetime)
    }

    pub fn compare(self, one: &Ordered, other: &Ordered) -> Ordering {
        match (one, other) {
            (Ordered::Nothing, _) | (_, Ordered::Nothing) => one.cmp(other),
            _ if self.descending => other.cmp(one),
            _ => one.cmp(other),
        }
    }
}

impl Ordered {
    /// What [`Order::value`] takes for an equal value: of the last point of a page it is the cursor.
    pub fn json(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.json().to_string(),
            Self::Datetime(time) => Value::from(time.to_string()).to_string(),
            Self::Text(text) => Value::from(text.as_str()).to_string(),
            Self::Nothing => "null".into(),
        }
    }

    /// In byte order, keys are as their values ascending; equal values have equal keys.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Flag(flag) => vec![1, u8::from(*flag)],
            Self::Number(number) => [&[2][..], &number.key()].concat(),
            Self::Datetime(Datetime { seconds, nanos }) => {
                let rising = (*seconds as u64) ^ (1 << 63);
                [&[3][..], &rising.to_be_bytes(), &nanos.to_be_bytes()].concat()
            }
            // UTF-8 bytes are in the order of code points.
            Self::Text(text) => [&[4], text.as_bytes()].concat(),
            Self::Nothing => vec![NOTHING],
        }
    }
}
