//! The Debian packages of bench/datasets: real embeddings, and real queries that are not points.

use std::error::Error;
use std::path::Path;
use vectron_kernels::f16;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/datasets/debian-packages");

pub struct Sample {
    pub points: Vec<Vec<f32>>,
    pub queries: Vec<Vec<f32>>,
}

impl Sample {
    pub fn load() -> Result<Self, Box<dyn Error>> {
        let read = |name: &str| rows(&std::fs::read(Path::new(FOLDER).join(name))?);
        Ok(Self { points: read("points.f16.npy")?, queries: read("queries.f16.npy")? })
    }
}

/// Rows of a two-dimensional array of float16 in NumPy's format 1.0: magic, version, length of the header, header as
/// the text of a Python dictionary, then the numbers in row order.
fn rows(file: &[u8]) -> Result<Vec<Vec<f32>>, Box<dyn Error>> {
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let (header, data) = file[10..].split_at(length);
    let header = std::str::from_utf8(header)?;
    if !header.contains("'<f2'") || !header.contains("'fortran_order': False") {
        return Err(format!("not rows of float16: {header}").into());
    }
    let shape = header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')'));
    let columns: usize = shape.and_then(|(shape, _)| shape.split(", ").nth(1)).ok_or("no shape")?.parse()?;
    let (pairs, _) = data.as_chunks::<2>();
    let numbers: Vec<f32> = pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect();
    Ok(numbers.chunks_exact(columns).map(<[f32]>::to_vec).collect())
}
