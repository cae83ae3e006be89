//! A stored point: key `v_<id>`, value format 1 (docs/adr/0003), little-endian:
//! format u8 | version u64 | ordinal u32 | written_at_ms u64 | dim u32 | dim * f32 | payload bytes.
//! Format 2, of points that have more than that: after the vector, extras length u32 | [`PointExtras`].

use crate::command::check_vector;
use crate::inverted::Sparse;
use crate::origins::{self, Origins};
use crate::proto::{NamedVector, PointData, PointExtras};
use crate::{Result, ShardError, ShardSpec};
use prost::Message;
use std::collections::HashMap;
use vectron_storage::Store;

const FORMAT: u8 = 1;
const WITH_EXTRAS: u8 = 2;
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
    /// Encoded [`PointExtras`], or empty.
    pub extras: &'a [u8],
    pub payload: &'a [u8],
}

impl PointData {
    /// When the point expires that was written at `written_at_ms`, milliseconds since 1970; 0: never.
    pub fn expiry(&self, written_at_ms: u64) -> u64 {
        match self.ttl_ms {
            0 => self.expires_at_ms,
            ttl_ms => written_at_ms.saturating_add(ttl_ms),
        }
    }
}

impl PointExtras {
    pub fn sparse_vectors(&mut self) -> Vec<(String, Sparse)> {
        let each = std::mem::take(&mut self.sparse).into_iter();
        each.map(|one| (one.name, Sparse { indices: one.indices, values: one.values })).collect()
    }
}

pub fn key(id: &str) -> Vec<u8> {
    [PREFIX, id.as_bytes()].concat()
}

impl<'a> StoredPoint<'a> {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.vector.len() + self.payload.len());
        out.push(if self.extras.is_empty() { FORMAT } else { WITH_EXTRAS });
        out.extend_from_slice(&self.version.index.to_le_bytes());
        out.extend_from_slice(&self.version.ordinal.to_le_bytes());
        out.extend_from_slice(&self.written_at_ms.to_le_bytes());
        out.extend_from_slice(&((self.vector.len() / 4) as u32).to_le_bytes());
        out.extend_from_slice(self.vector);
        if !self.extras.is_empty() {
            out.extend_from_slice(&(self.extras.len() as u32).to_le_bytes());
            out.extend_from_slice(self.extras);
        }
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
        let (vector, rest) = rest.split_at_checked(vector_bytes).ok_or_else(damaged)?;
        let (extras, payload) = match header[0] {
            FORMAT => (&rest[..0], rest),
            WITH_EXTRAS => {
                let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
                rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?
            }
            _ => return Err(damaged()),
        };
        Ok(Self {
            version: Version { index: u64_at(1), ordinal: u32_at(9) },
            written_at_ms: u64_at(13),
            vector,
            extras,
            payload,
        })
    }

    pub fn extras(&self) -> Result<PointExtras> {
        PointExtras::decode(self.extras)
            .map_err(|_| ShardError::Damaged("the additional fields of a point cannot be read".into()))
    }
}

/// What the index needs of every point of a store, in the order in which its vectors came.
pub struct StoredPoints {
    dim: usize,
    ids: Vec<Box<str>>,
    /// Of row `at` of `vectors`, sorted by the version with which the vector came.
    order: Vec<(Version, u32)>,
    /// Of each row: the version of the point.
    written: Vec<Version>,
    /// In the order of the store, so that reading them moves nothing twice.
    vectors: Vec<f32>,
    /// When points expire, with their ids.
    pub expiries: Vec<(u64, Box<str>)>,
}

impl StoredPoints {
    pub fn load(store: &Store, dim: usize) -> Result<Self> {
        let mut points = Self::none(dim);
        let known = origins::load(store)?;
        let mut failure = None;
        store.scan_once(PREFIX, |key, value| {
            let Some(id) = key.strip_prefix(PREFIX) else { return false };
            failure = points.add(id, value, &known).err();
            failure.is_none()
        })?;
        if let Some(e) = failure {
            return Err(e);
        }
        points.order.sort_unstable();
        Ok(points)
    }

    fn none(dim: usize) -> Self {
        let (ids, order, written) = Default::default();
        Self { dim, ids, order, written, vectors: Vec::new(), expiries: Vec::new() }
    }

    /// Of each of the named vectors, the points that have it, as their indexes take it. One that does not fit is of a
    /// vector that was dropped, and is left out.
    pub fn load_named(store: &Store, vectors: &[(NamedVector, ShardSpec)]) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = vectors.iter().map(|(_, spec)| Self::none(spec.dim)).collect();
        if vectors.is_empty() {
            return Ok(all);
        }
        let known = origins::load(store)?;
        let mut failure = None;
        store.scan_once(PREFIX, |key, value| {
            let Some(id) = key.strip_prefix(PREFIX) else { return false };
            failure = Self::add_named(&mut all, vectors, &String::from_utf8_lossy(id), value, &known).err();
            failure.is_none()
        })?;
        all.iter_mut().for_each(|points| points.order.sort_unstable());
        failure.map_or(Ok(all), Err)
    }

    fn add_named(
        all: &mut [Self],
        vectors: &[(NamedVector, ShardSpec)],
        id: &str,
        value: &[u8],
        known: &HashMap<String, Vec<u8>>,
    ) -> Result<()> {
        let point = StoredPoint::decode(value)?;
        if point.extras.is_empty() {
            return Ok(());
        }
        let extras = point.extras()?;
        let origins = Origins::read(point.version, known.get(id).map(Vec::as_slice))?;
        for (points, (declared, spec)) in all.iter_mut().zip(vectors) {
            let own = extras.vectors.iter().find(|own| own.name == declared.name);
            let Some(vector) = own.and_then(|own| check_vector(&own.vector, spec, &own.name).ok()) else {
                continue;
            };
            points.order.push((origins.named(&declared.name), points.ids.len() as u32));
            points.written.push(point.version);
            points.ids.push(id.into());
            points.vectors.extend(vector);
        }
        Ok(())
    }

    fn add(&mut self, id: &[u8], value: &[u8], known: &HashMap<String, Vec<u8>>) -> Result<()> {
        let id = std::str::from_utf8(id).map_err(|_| ShardError::Damaged("an id is not UTF-8".into()))?;
        let point = StoredPoint::decode(value)?;
        if point.vector.len() != self.dim * 4 {
            return Err(ShardError::Damaged(format!(
                "the number of dimensions of point {id:?} differs from that of its shard"
            )));
        }
        let expires_at_ms = point.extras()?.expires_at_ms;
        if expires_at_ms > 0 {
            self.expiries.push((expires_at_ms, id.into()));
        }
        let origins = Origins::read(point.version, known.get(id).map(Vec::as_slice))?;
        self.order.push((origins.first(), self.ids.len() as u32));
        self.written.push(point.version);
        self.ids.push(id.into());
        self.vectors.extend(point.vector.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)));
        Ok(())
    }

    pub fn normalize(&mut self) {
        self.vectors.chunks_exact_mut(self.dim).for_each(|vector| {
            vectron_kernels::normalize(vector);
        });
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Place of the point whose vector came as `version`.
    pub fn find(&self, version: Version) -> Option<usize> {
        self.order.binary_search_by_key(&version, |(version, _)| *version).ok()
    }

    /// With which the vector came.
    pub fn version(&self, at: usize) -> Version {
        self.order[at].0
    }

    /// The version of the point.
    pub fn written(&self, at: usize) -> Version {
        self.written[self.order[at].1 as usize]
    }

    pub fn id(&self, at: usize) -> &str {
        &self.ids[self.order[at].1 as usize]
    }

    pub fn vector(&self, at: usize) -> &[f32] {
        let row = self.order[at].1 as usize;
        &self.vectors[row * self.dim..(row + 1) * self.dim]
    }
}
