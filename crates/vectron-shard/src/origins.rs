//! By which entry a point got each of its vectors. A change of its payload alone, and the same vector written again, leave a
//! vector where it is in its graph: its slot stays the one of the entry that brought it, and the point's version goes on.
//!
//! A restart must find that slot again, so the store keeps the origins of points that were left so (`_o` | id), and, as long
//! as the log is kept, what each entry left (`_k` | log index u64 BE), from which a replay does the same. Both follow from the log
//! alone; neither is part of a hash by which replicas are compared, so that replicas of releases without them compare equal.

use crate::point::Version;
use crate::proto::{KeptNamed, KeptVectors, NamedOrigin, PointVersion, VectorData, VectorOrigins};
use crate::{Result, ShardError};
use prost::Message;
use std::collections::HashMap;
use vectron_storage::{Batch, Store};

pub const ORIGINS: &[u8] = b"_o";
pub const KEPT: &[u8] = b"_k";

pub fn key(id: &str) -> Vec<u8> {
    [ORIGINS, id.as_bytes()].concat()
}

pub fn kept_key(index: u64) -> Vec<u8> {
    [KEPT, &index.to_be_bytes()].concat()
}

impl From<Version> for PointVersion {
    fn from(version: Version) -> Self {
        Self { index: version.index, ordinal: version.ordinal }
    }
}

impl From<&PointVersion> for Version {
    fn from(version: &PointVersion) -> Self {
        Self { index: version.index, ordinal: version.ordinal }
    }
}

/// The vectors of a point that was written as `written`, by the entries that brought them.
#[derive(Debug, Clone)]
pub struct Origins {
    written: Version,
    known: VectorOrigins,
}

impl Origins {
    /// Of a point whose vectors all came as `written`.
    pub fn new(written: Version) -> Self {
        Self { written, known: VectorOrigins::default() }
    }

    /// `stored`: under the point's key; of another version of it, it says nothing.
    pub fn read(written: Version, stored: Option<&[u8]>) -> Result<Self> {
        let damaged =
            |_| ShardError::Damaged("the record of the origins of a point's vectors cannot be read".into());
        let known = stored.map(VectorOrigins::decode).transpose().map_err(damaged)?;
        let known = known.filter(|known| known.written.as_ref().map(Version::from) == Some(written));
        Ok(Self { written, known: known.unwrap_or_default() })
    }

    pub fn first(&self) -> Version {
        self.known.first.as_ref().map_or(self.written, Version::from)
    }

    pub fn named(&self, name: &str) -> Version {
        let known = self.known.named.iter().find(|one| one.name == name);
        known.and_then(|one| one.version.as_ref()).map_or(self.written, Version::from)
    }

    pub fn keep_first(&mut self, origin: Version) {
        self.known.first = Some(origin.into()).filter(|_| origin != self.written);
    }

    pub fn keep_named(&mut self, name: &str, origin: Version) {
        self.known.named.push(NamedOrigin { name: name.into(), version: Some(origin.into()) });
    }

    /// `had`: there may be an earlier record.
    pub fn put(self, batch: &mut Batch, id: &str, had: bool) {
        if self.known.first.is_some() || !self.known.named.is_empty() {
            let record = VectorOrigins { written: Some(self.written.into()), ..self.known };
            batch.put(&key(id), &record.encode_to_vec());
        } else if had {
            batch.delete(&key(id));
        }
    }
}

/// The origins of all points of the store that have a record, by id.
pub fn load(store: &Store) -> Result<HashMap<String, Vec<u8>>> {
    let mut all = HashMap::new();
    store.scan_once(ORIGINS, |key, value| {
        let Some(id) = key.strip_prefix(ORIGINS) else { return false };
        all.insert(String::from_utf8_lossy(id).into_owned(), value.to_vec());
        true
    })?;
    Ok(all)
}

fn set(bits: &mut Vec<u8>, at: usize) {
    if bits.len() <= at / 8 {
        bits.resize(at / 8 + 1, 0);
    }
    if let Some(byte) = bits.get_mut(at / 8) {
        *byte |= 1 << (at % 8);
    }
}

fn is_set(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1)
}

/// What an entry left where it was, by the places of its points.
#[derive(Default)]
pub struct Kept(KeptVectors);

impl Kept {
    pub fn add_first(&mut self, ordinal: usize) {
        set(&mut self.0.first, ordinal);
    }

    pub fn add_named(&mut self, name: &str, ordinal: usize) {
        let known = self.0.named.iter_mut().find(|one| one.name == name);
        match known {
            Some(known) => set(&mut known.points, ordinal),
            None => {
                let mut points = Vec::new();
                set(&mut points, ordinal);
                self.0.named.push(KeptNamed { name: name.into(), points });
            }
        }
    }

    pub fn put(&self, batch: &mut Batch, index: u64) {
        if !self.0.first.is_empty() || !self.0.named.is_empty() {
            batch.put(&kept_key(index), &self.0.encode_to_vec());
        }
    }

    /// `None`: entry `index` left nothing.
    pub fn read(store: &Store, index: u64) -> Result<Option<Self>> {
        let Some(bytes) = store.get(&kept_key(index))? else { return Ok(None) };
        let damaged = |_| {
            ShardError::Damaged(format!(
                "the record of the vectors that entry {index} left in place cannot be read"
            ))
        };
        Ok(Some(Self(KeptVectors::decode(bytes.as_slice()).map_err(damaged)?)))
    }

    /// Whether the entry left that vector of the point at its place; `name` `None`: the first one.
    pub fn has(&self, name: Option<&str>, ordinal: usize) -> bool {
        match name {
            None => is_set(&self.0.first, ordinal),
            Some(name) => self.0.named.iter().any(|one| one.name == name && is_set(&one.points, ordinal)),
        }
    }
}

/// Whether a point that has one of these vectors has the other one as well, bit for bit.
pub fn is_same(one: &[VectorData], other: &VectorData) -> bool {
    one.iter().any(|own| own.name == other.name && own.vector == other.vector)
}
