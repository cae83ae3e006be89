//! A stored point: key `v_<id>`, value format 1 (docs/adr/0003), little-endian:
//! format u8 | version u64 | ordinal u32 | written_at_ms u64 | dim u32 | dim * f32 | payload bytes.

use crate::command::floats;
use crate::{Result, ShardError};
use vectron_storage::Store;

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 8 + 4 + 8 + 4;
pub const PREFIX: &[u8] = b"v_";

/// Where a point was written: log index and place within the entry. Unique within a shard, and the order
/// in which points enter the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub index: u64,
    pub ordinal: u32,
}

pub struct StoredPoint<'a> {
    pub version: Version,
    pub written_at_ms: u64,
    pub vector: &'a [u8],
    pub payload: &'a [u8],
}

pub fn key(id: &str) -> Vec<u8> {
    [PREFIX, id.as_bytes()].concat()
}

impl<'a> StoredPoint<'a> {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.vector.len() + self.payload.len());
        out.push(FORMAT);
        out.extend_from_slice(&self.version.index.to_le_bytes());
        out.extend_from_slice(&self.version.ordinal.to_le_bytes());
        out.extend_from_slice(&self.written_at_ms.to_le_bytes());
        out.extend_from_slice(&((self.vector.len() / 4) as u32).to_le_bytes());
        out.extend_from_slice(self.vector);
        out.extend_from_slice(self.payload);
        out
    }

    pub fn decode(bytes: &'a [u8]) -> Result<Self> {
        let damaged = || ShardError::Damaged("a point has an unknown format or length".into());
        let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or_else(damaged)?;
        let u32_at =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | (u64::from(u32_at(at + 4)) << 32);
        let vector_bytes = u32_at(21) as usize * 4;
        if header[0] != FORMAT || rest.len() < vector_bytes {
            return Err(damaged());
        }
        let (vector, payload) = rest.split_at(vector_bytes);
        Ok(Self {
            version: Version { index: u64_at(1), ordinal: u32_at(9) },
            written_at_ms: u64_at(13),
            vector,
            payload,
        })
    }
}

/// What the index needs of a point.
pub struct LoadedPoint {
    pub id: Box<str>,
    pub version: Version,
    pub vector: Vec<f32>,
}

/// Every point of the store, in the order of writing.
pub fn load_all(store: &Store, dim: usize) -> Result<Vec<LoadedPoint>> {
    let mut points = Vec::new();
    let mut failure = None;
    store.scan(PREFIX, |key, value| {
        let Some(id) = key.strip_prefix(PREFIX) else { return false };
        match load(id, value, dim) {
            Ok(point) => {
                points.push(point);
                true
            }
            Err(e) => {
                failure = Some(e);
                false
            }
        }
    })?;
    if let Some(e) = failure {
        return Err(e);
    }
    points.sort_unstable_by_key(|point| point.version);
    Ok(points)
}

fn load(id: &[u8], value: &[u8], dim: usize) -> Result<LoadedPoint> {
    let id = std::str::from_utf8(id).map_err(|_| ShardError::Damaged("an id is not UTF-8".into()))?;
    let point = StoredPoint::decode(value)?;
    if point.vector.len() != dim * 4 {
        return Err(ShardError::Damaged(format!("point {id:?} has another dimension than its shard")));
    }
    Ok(LoadedPoint { id: id.into(), version: point.version, vector: floats(point.vector) })
}
