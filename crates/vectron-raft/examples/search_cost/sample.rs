//! The Debian packages of bench/datasets: real embeddings with their payloads, and real queries that are not points.

use crate::Outcome;
use half::f16;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/datasets/debian-packages");
pub const DIM: usize = 384;

pub struct Sample {
    /// Little-endian float32.
    pub points: Vec<Vec<u8>>,
    pub queries: Vec<Vec<u8>>,
    /// JSON objects, each with a `label`.
    pub payloads: Vec<String>,
}

impl Sample {
    pub fn load() -> Outcome<Self> {
        let read = |name: &str| rows(&std::fs::read(Path::new(FOLDER).join(name))?);
        let unpacked =
            Command::new("gzip").arg("-dc").arg(Path::new(FOLDER).join("payload.jsonl.gz")).output()?;
        let lines = String::from_utf8(unpacked.stdout)?;
        let labelled = |(at, line): (usize, &str)| {
            let rest = line.strip_prefix('{').ok_or("a payload is no object")?;
            Ok::<_, Box<dyn std::error::Error>>(format!("{{\"label\": {}, {rest}", label(at)))
        };
        let payloads = lines.lines().enumerate().map(labelled).collect::<Outcome<_>>()?;
        Ok(Self { points: read("points.f16.npy")?, queries: read("queries.f16.npy")?, payloads })
    }
}

/// 0 to 999, and nothing to do with the vectors.
fn label(at: usize) -> u64 {
    (((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) * 1000) >> 32
}

/// Rows of a two-dimensional array of float16 in NumPy's format 1.0, as little-endian float32.
fn rows(file: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let (pairs, _) = file[10 + length..].as_chunks::<2>();
    let numbers: Vec<u8> =
        pairs.iter().flat_map(|pair| f16::from_le_bytes(*pair).to_f32().to_le_bytes()).collect();
    Ok(numbers.chunks_exact(DIM * 4).map(<[u8]>::to_vec).collect())
}
