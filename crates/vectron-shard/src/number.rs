//! Numbers of documents in one order, whether they are written as integers or not: exact beyond 2^53.

use std::cmp::Ordering;

/// A finite number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    pub fn of(number: &serde_json::Number) -> Option<Self> {
        number.as_i128().map(Self::Integer).or_else(|| Self::from_f64(number.as_f64()?))
    }

    /// `None`: not finite.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Float(number))
    }

    /// In byte order, keys are as the numbers; equal numbers have equal keys. The nearest double, then what is missing to the
    /// number: at most 1,024 of an integer of 64 bits.
    pub fn key(self) -> [u8; 10] {
        let (nearest, missing) = match self {
            Self::Integer(n) => (n as f64, (n - n as f64 as i128) as i16),
            Self::Float(x) => (x, 0),
        };
        // Without the sign of a zero.
        let bits = (nearest + 0.0).to_bits();
        let rising = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        let mut key = [0; 10];
        key[..8].copy_from_slice(&rising.to_be_bytes());
        key[8..].copy_from_slice(&((missing as u16) ^ (1 << 15)).to_be_bytes());
        key
    }

    pub fn json(self) -> serde_json::Value {
        match self {
            Self::Integer(n) => {
                serde_json::Number::from_i128(n).map_or(serde_json::Value::Null, serde_json::Value::Number)
            }
            Self::Float(x) => x.into(),
        }
    }
}

/// Beyond this no integer of a document is greater: those have 64 bits.
const BEYOND: f64 = 1e30;

fn compare(integer: i128, float: f64) -> Ordering {
    if float.abs() > BEYOND {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let floor = float.floor();
    let above = if float > floor { Ordering::Less } else { Ordering::Equal };
    integer.cmp(&(floor as i128)).then(above)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Float(b)) => compare(a, b),
            (Self::Float(a), Self::Integer(b)) => compare(b, a).reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::Number::{Float, Integer};

    #[test]
    fn integers_and_floats_are_in_one_exact_order() {
        let ordered = [
            Float(-1e300),
            Integer(i128::from(i64::MIN)),
            Float(-2.5),
            Integer(-2),
            Float(-0.5),
            Integer(0),
            Float(0.5),
            Integer(9_007_199_254_740_992),
            Integer(9_007_199_254_740_993),
            Float(9_007_199_254_740_994.0),
            Integer(i128::from(u64::MAX)),
            Float(1.9e19),
            Float(1e300),
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} {b:?}");
                assert_eq!(a.key().cmp(&b.key()), i.cmp(&j), "{a:?} {b:?}");
            }
        }
        assert_eq!(Integer(1), Float(1.0));
        assert_eq!(Float(-0.0), Integer(0));
        assert_eq!(Float(-0.0).key(), Integer(0).key());
        assert_eq!(Integer(1 << 60).key(), Float((1u64 << 60) as f64).key());
    }
}
