//! What goes through the log, as protobuf. `PointBatch` and `IdBatch` are the bytes the gateway encodes
//! (proto/worker/v1/data.proto); nothing on the way decodes them.

use crate::proto::{Declaration, IdBatch, LogCommand, Mutation, PointBatch, SparseData, Split};
use crate::{Result, ShardError, ShardSpec};
use prost::Message;

/// Length of [`Origin::client`].
pub const CLIENT_BYTES: usize = 16;

impl Split {
    /// Whether the point is the other shard's afterwards.
    pub fn gives_up(&self, id: &str) -> bool {
        (crate::routing_hash(id) >= self.at) != self.keeps_upper
    }
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
            return Err(ShardError::Invalid(
                "the origin of a write must have a client and a sequence".into(),
            ));
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
                Ok(Command::Split(self.split.unwrap_or_default()))
            }
            _ => Err(ShardError::Invalid("a command must be either an upsert or a delete".into())),
        }
    }
}

pub fn decode<M: Message + Default>(bytes: &[u8]) -> Result<M> {
    M::decode(bytes).map_err(|e| ShardError::Invalid(format!("the request must be a batch: {e}")))
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
        Ok(_) => Err(ShardError::Invalid("the payload must be a JSON object".into())),
        Err(e) => Err(ShardError::Invalid(format!("the payload must be a JSON object: {e}"))),
    }
}

/// Dimensions of a sparse vector that are not zero.
const MAX_SPARSE: usize = 65_536;

impl SparseData {
    pub fn check(&self) -> Result<()> {
        let Self { name, indices, values } = self;
        let wrong = |what: &str| Err(ShardError::Invalid(format!("sparse vector {name:?}: {what}")));
        if indices.len() != values.len() || indices.len() > MAX_SPARSE {
            return wrong(&format!(
                "the numbers of indices and values must be equal, and at most {MAX_SPARSE}"
            ));
        }
        if !indices.is_sorted_by(|a, b| a < b) {
            return wrong("indices must be in ascending order");
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
        return Err(ShardError::Invalid("an id must have 1 to 512 bytes and no NUL".into()));
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
        return Err(ShardError::Invalid(format!("{what}[{at}] must be a finite number")));
    }
    if spec.metric == crate::Metric::Cosine && !vectron_kernels::normalize(vector) {
        return Err(ShardError::Invalid(format!(
            "{what} must not be all zeros, for which the cosine similarity is undefined"
        )));
    }
    Ok(())
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect()
}
