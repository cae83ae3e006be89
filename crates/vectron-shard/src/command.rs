//! What goes through the log, as protobuf. `PointBatch` and `IdBatch` are the bytes the gateway encodes
//! (proto/worker/v1/data.proto); nothing on the way decodes them.

use crate::mutation::Mutation;
use crate::schema::Declaration;
use crate::{Result, ShardError, ShardSpec};
use prost::Message;

/// Length of [`Origin::client`].
pub const CLIENT_BYTES: usize = 16;

#[derive(Clone, PartialEq, Message)]
pub struct PointData {
    #[prost(string, tag = "1")]
    pub id: String,
    /// Little-endian f32.
    #[prost(bytes = "vec", tag = "2")]
    pub vector: Vec<u8>,
    /// A JSON object as UTF-8 text, or empty.
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    pub sparse: Vec<SparseData>,
    /// Written: the point is deleted so long after the proposal; 0: never.
    #[prost(uint64, tag = "5")]
    pub ttl_ms: u64,
    /// Written: only if the point's version is this; 0: only if there is no such point.
    #[prost(uint64, optional, tag = "6")]
    pub if_version: Option<u64>,
    /// Read: log index of the entry that wrote it.
    #[prost(uint64, tag = "7")]
    pub version: u64,
    /// Read: when it is deleted, milliseconds since 1970; 0: never.
    #[prost(uint64, tag = "8")]
    pub expires_at_ms: u64,
    /// Dense vectors besides `vector`.
    #[prost(message, repeated, tag = "9")]
    pub vectors: Vec<VectorData>,
}

/// A dense vector by its name, as declared in the schema.
#[derive(Clone, PartialEq, Message)]
pub struct VectorData {
    #[prost(string, tag = "1")]
    pub name: String,
    /// Little-endian f32.
    #[prost(bytes = "vec", tag = "2")]
    pub vector: Vec<u8>,
}

/// A vector of few dimensions that are not zero.
#[derive(Clone, PartialEq, Message)]
pub struct SparseData {
    /// As declared in the schema.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Rising.
    #[prost(uint32, repeated, tag = "2")]
    pub indices: Vec<u32>,
    /// As many.
    #[prost(float, repeated, tag = "3")]
    pub values: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PointBatch {
    #[prost(message, repeated, tag = "1")]
    pub points: Vec<PointData>,
}

#[derive(Clone, PartialEq, Message)]
pub struct IdBatch {
    #[prost(string, repeated, tag = "1")]
    pub ids: Vec<String>,
    /// Of a delete: only if the version of every point is this.
    #[prost(uint64, optional, tag = "2")]
    pub if_version: Option<u64>,
}

/// A log entry's content. `upsert` and `delete` are encoded batches: on the wire the same as embedded
/// messages, so an entry is built without decoding them.
#[derive(Clone, PartialEq, Message)]
pub struct LogCommand {
    /// Time of the proposal, milliseconds since 1970, from the proposer's clock.
    #[prost(uint64, tag = "1")]
    pub proposed_at_ms: u64,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub upsert: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub delete: Option<Vec<u8>>,
    /// Epoch of the shard that the proposer believed in; 0: any. An older one than the shard's is refused.
    #[prost(uint64, tag = "4")]
    pub epoch: u64,
    /// The shard takes this epoch if its own is lower. An entry of its own, without a batch.
    #[prost(uint64, tag = "5")]
    pub set_epoch: u64,
    /// Who sent it, so that a retry has the effect of once.
    #[prost(message, optional, tag = "6")]
    pub origin: Option<Origin>,
    /// Replicas hash their state as of this entry. An entry of its own, without a batch.
    #[prost(bool, tag = "7")]
    pub scrub: bool,
    /// The shard gives up a part of its key range. An entry of its own, without a batch.
    #[prost(message, optional, tag = "8")]
    pub split: Option<Split>,
    /// An encoded [`Mutation`].
    #[prost(bytes = "vec", optional, tag = "9")]
    pub mutation: Option<Vec<u8>>,
    /// The schema changes. An entry of its own.
    #[prost(message, optional, tag = "10")]
    pub declaration: Option<Declaration>,
    /// Points that expire by this time, milliseconds since 1970, are deleted. An entry of its own.
    #[prost(uint64, tag = "11")]
    pub expire_by_ms: u64,
}

/// Two shards where there was one: the lower keeps its name, the upper is a new shard that begins with what the lower had
/// of its range (docs/adr/0018-splits.md).
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Split {
    /// The first routing hash of the upper one.
    #[prost(fixed64, tag = "1")]
    pub at: u64,
    /// Of both afterwards; greater than the shard's.
    #[prost(uint64, tag = "2")]
    pub epoch: u64,
    /// Shard id of the upper one.
    #[prost(uint64, tag = "3")]
    pub upper: u64,
    /// This state is the upper one's.
    #[prost(bool, tag = "4")]
    pub keeps_upper: bool,
}

impl Split {
    /// Whether the point is the other shard's afterwards.
    pub fn gives_up(&self, id: &str) -> bool {
        (crate::routing_hash(id) >= self.at) != self.keeps_upper
    }
}

/// Names one write of one client: whoever sends it again sends the same.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Origin {
    /// Random, 16 bytes, of the client's process.
    #[prost(bytes = "vec", tag = "1")]
    pub client: Vec<u8>,
    /// Counted by the client.
    #[prost(uint64, tag = "2")]
    pub sequence: u64,
    /// The client has no write below this one in flight: what is remembered of those is forgotten, and one that comes
    /// late is refused.
    #[prost(uint64, tag = "3")]
    pub pending_from: u64,
}

/// A decoded, checked command.
#[derive(Debug)]
pub enum Command {
    /// The batch and, in its order, the vectors as the index takes them: normalised for cosine.
    Upsert(PointBatch, Vec<Vec<f32>>),
    Delete(IdBatch),
    SetEpoch(u64),
    Scrub,
    Split(Split),
    Mutate(Mutation),
    Declare(Declaration),
    Expire(u64),
}

impl LogCommand {
    /// Decodes the batch inside and checks it against the shard. The proposer calls this before the entry
    /// enters the log, so that a wrong request is refused and never stored; `apply` calls it again.
    pub fn check(&self, spec: &ShardSpec) -> Result<Command> {
        if let Some(origin) = &self.origin
            && (origin.client.len() != CLIENT_BYTES || origin.pending_from > origin.sequence)
        {
            return Err(ShardError::Invalid("the origin of a write is no client and sequence".into()));
        }
        if let Some(bytes) = &self.mutation {
            let mutation = decode::<Mutation>(bytes)?;
            mutation.check()?;
            return Ok(Command::Mutate(mutation));
        }
        if let Some(declaration) = &self.declaration {
            declaration.check()?;
            return Ok(Command::Declare(declaration.clone()));
        }
        match (&self.upsert, &self.delete) {
            (Some(bytes), None) => {
                let batch = decode::<PointBatch>(bytes)?;
                let mut vectors = Vec::with_capacity(batch.points.len());
                for (at, point) in batch.points.iter().enumerate() {
                    check_id(&point.id).map_err(|e| at_point(at, e))?;
                    check_payload(&point.payload).map_err(|e| at_point(at, e))?;
                    for sparse in &point.sparse {
                        sparse.check().map_err(|e| at_point(at, e))?;
                    }
                    vectors.push(check_vector(&point.vector, spec, &format!("points[{at}].vector"))?);
                }
                Ok(Command::Upsert(batch, vectors))
            }
            (None, Some(bytes)) => {
                let batch = decode::<IdBatch>(bytes)?;
                for (at, id) in batch.ids.iter().enumerate() {
                    check_id(id).map_err(|e| at_point(at, e))?;
                }
                Ok(Command::Delete(batch))
            }
            (None, None) if self.set_epoch > 0 => Ok(Command::SetEpoch(self.set_epoch)),
            (None, None) if self.scrub => Ok(Command::Scrub),
            (None, None) if self.expire_by_ms > 0 => Ok(Command::Expire(self.expire_by_ms)),
            (None, None) if self.split.as_ref().is_some_and(|split| split.at > 0) => {
                Ok(Command::Split(self.split.clone().unwrap_or_default()))
            }
            _ => Err(ShardError::Invalid("a command is either an upsert or a delete".into())),
        }
    }
}

pub fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(|e| ShardError::Invalid(format!("not a batch: {e}")))
}

fn at_point(at: usize, error: ShardError) -> ShardError {
    ShardError::Invalid(format!("points[{at}]: {error}"))
}

/// A payload is a JSON object, or nothing.
fn check_payload(payload: &[u8]) -> Result<()> {
    if payload.is_empty() {
        return Ok(());
    }
    let is_object = payload.trim_ascii_start().first() == Some(&b'{');
    match serde_json::from_slice::<serde::de::IgnoredAny>(payload) {
        Ok(_) if is_object => Ok(()),
        Ok(_) => Err(ShardError::Invalid("the payload is no JSON object".into())),
        Err(e) => Err(ShardError::Invalid(format!("the payload is no JSON object: {e}"))),
    }
}

/// Dimensions of a sparse vector that are not zero.
const MAX_SPARSE: usize = 65_536;

impl SparseData {
    pub fn check(&self) -> Result<()> {
        let Self { name, indices, values } = self;
        let wrong = |what: &str| Err(ShardError::Invalid(format!("sparse vector {name:?}: {what}")));
        if indices.len() != values.len() || indices.len() > MAX_SPARSE {
            return wrong(&format!("as many values as indices, at most {MAX_SPARSE}"));
        }
        if !indices.is_sorted_by(|a, b| a < b) {
            return wrong("indices must rise");
        }
        if values.iter().any(|value| !value.is_finite()) {
            return wrong("values must be finite numbers");
        }
        Ok(())
    }
}

/// An id is 1..=512 bytes of UTF-8 without NUL.
pub fn check_id(id: &str) -> Result<()> {
    if id.is_empty() || id.len() > 512 || id.contains('\0') {
        return Err(ShardError::Invalid("an id has 1 to 512 bytes and no NUL".into()));
    }
    Ok(())
}

/// Checks dimension and values of little-endian f32 bytes; returns the vector, normalised for cosine.
pub fn check_vector(bytes: &[u8], spec: &ShardSpec, what: &str) -> Result<Vec<f32>> {
    if bytes.len() != spec.dim * 4 {
        return Err(ShardError::DimensionMismatch {
            what: what.into(),
            expected: spec.dim,
            got: bytes.len() / 4,
        });
    }
    let mut vector = floats(bytes);
    check_floats(&mut vector, spec, what)?;
    Ok(vector)
}

/// Checks dimension and values, and normalises for cosine, in place.
pub fn check_floats(vector: &mut [f32], spec: &ShardSpec, what: &str) -> Result<()> {
    if vector.len() != spec.dim {
        let got = vector.len();
        return Err(ShardError::DimensionMismatch { what: what.into(), expected: spec.dim, got });
    }
    if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
        return Err(ShardError::Invalid(format!("{what}[{at}] is not a finite number")));
    }
    if spec.metric == crate::Metric::Cosine && !vectron_kernels::normalize(vector) {
        return Err(ShardError::Invalid(format!("{what} is all zeros, which has no cosine similarity")));
    }
    Ok(())
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}
