//! Symmetric int8 scalar quantisation, one scale per vector: `x[i]` is about `scale * code[i]`.
//!
//! A scale per vector needs no training pass, so a code depends on its vector alone: replicas that apply
//! the same log hold the same codes.
//!
//! Row layout: the codes plus 128 as `u8`, zero padding to a multiple of 32, scale `f32`, squared norm `f32`.
//! Biased rows let VNNI multiply them with a signed query directly; the bias costs one subtraction a row. The
//! query's padding is zero, so the row's padding does not count.

use crate::{Arena, prefetch};

/// Rows fetched ahead of the one that is computed: hides the latency of the last-level cache.
const AHEAD: usize = 12;

/// Bytes of a row's data.
pub fn row_bytes(dim: usize) -> usize {
    padded(dim) + 8
}

fn padded(dim: usize) -> usize {
    dim.next_multiple_of(32)
}

/// A vector in the form that is compared with rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Query {
    signed: Vec<i8>,
    magnitudes: Vec<u8>,
    /// `128 * sum(signed)`.
    bias: i32,
    scale: f32,
    norm: f32,
    euclidean: bool,
}

impl Int8Query {
    /// O(dim). Codes are -127..=127; a zero vector gets scale 0 and zero codes. `euclidean`: distances are
    /// squared L2, otherwise negative inner products.
    pub fn new(v: &[f32], euclidean: bool) -> Self {
        let max = greatest_magnitude(v);
        let inverse = if max > 0.0 { 127.0 / max } else { 0.0 };
        let mut signed = vec![0i8; padded(v.len())];
        for (code, x) in signed.iter_mut().zip(v) {
            // Adding 1.5 * 2^23 leaves the nearest integer in the low bits, ties to even.
            *code = (x * inverse + 12_582_912.0).to_bits() as i8;
        }
        let scale = max / 127.0;
        // Exact: 127 * 127 * 65,536 < 2^31.
        let square: i32 = signed.iter().map(|c| i32::from(*c) * i32::from(*c)).sum();
        Self::of_codes(signed, scale, square as f32 * (scale * scale), euclidean)
    }

    fn of_codes(signed: Vec<i8>, scale: f32, norm: f32, euclidean: bool) -> Self {
        let magnitudes = signed.iter().map(|c| c.unsigned_abs()).collect();
        let bias = 128 * signed.iter().map(|c| i32::from(*c)).sum::<i32>();
        Self { signed, magnitudes, bias, scale, norm, euclidean }
    }

    /// The query that a stored row is: comparing with it gives what comparing with its vector's query gives.
    ///
    /// # Panics
    /// When the row is not one of [`row_bytes`] of `dim`.
    pub fn of_row(row: &[u8], dim: usize, euclidean: bool) -> Self {
        let (codes, numbers) = row.split_at(padded(dim));
        let mut signed: Vec<i8> = codes.iter().map(|byte| (byte ^ 0x80) as i8).collect();
        signed[dim..].fill(0);
        Self::of_codes(signed, float_at(numbers, 0), float_at(numbers, 4), euclidean)
    }

    /// Writes the row of this vector.
    ///
    /// # Panics
    /// When `row` is shorter than [`row_bytes`].
    pub fn write_row(&self, dim: usize, row: &mut [u8]) {
        for (byte, code) in row.iter_mut().zip(&self.signed[..dim]) {
            *byte = (*code as u8) ^ 0x80;
        }
        let numbers = &mut row[self.signed.len()..];
        numbers[..4].copy_from_slice(&self.scale.to_le_bytes());
        numbers[4..8].copy_from_slice(&self.norm.to_le_bytes());
    }

    #[inline]
    fn distance(&self, dot: i32, scale: f32, norm: f32) -> f32 {
        let dot = dot as f32 * (self.scale * scale);
        if self.euclidean { self.norm + norm - 2.0 * dot } else { -dot }
    }

    /// How far the distance to a row may be from that of the vectors: four standard deviations of what rounding both
    /// of them to codes does (a uniform error of one step in each component).
    pub fn error(&self, row: &[u8]) -> f32 {
        let numbers = &row[self.signed.len()..];
        let (scale, norm) = (float_at(numbers, 0), float_at(numbers, 4));
        let variance = (self.norm * scale * scale + norm * self.scale * self.scale) / 12.0;
        4.0 * variance.sqrt() * if self.euclidean { 2.0 } else { 1.0 }
    }

    /// Distance to one row, lower is closer. The integer part is exact for dimensions up to 65,536
    /// (255 * 127 * 65,536 < 2^31), so it is the same on every CPU.
    ///
    /// # Panics
    /// When the row has another dimension.
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let (codes, numbers) = row.split_at(self.signed.len());
        let dot = crate::dispatch!(dot_i8(&self.signed, &self.magnitudes, codes, self.bias));
        self.distance(dot, float_at(numbers, 0), float_at(numbers, 4))
    }

    /// `out[i]` = distance to row `ids[i]`; fetches rows ahead. About one memory latency per call and, beyond
    /// that, the time to read the rows.
    ///
    /// # Panics
    /// When a row does not exist, has another dimension, or `out` is shorter than `ids`.
    #[inline]
    pub fn distances(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        assert!(out.len() >= ids.len() && rows.data_bytes() == self.signed.len() + 8, "one shape of rows");
        #[cfg(target_arch = "x86_64")]
        if crate::isa() == crate::Isa::Avx512 {
            // SAFETY: the features are there (isa); rows have the query's length (asserted above).
            return unsafe { self.distances_avx512(rows, ids, out) };
        }
        self.distances_by_row(rows, ids, out);
    }

    fn distances_by_row(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        let len = rows.len();
        let bytes = self.signed.len() + 8;
        ids.iter().take(AHEAD).for_each(|&id| prefetch(rows.checked_ptr(id, len), bytes));
        for (i, (&id, out)) in ids.iter().zip(out).enumerate() {
            if let Some(&next) = ids.get(i + AHEAD) {
                prefetch(rows.checked_ptr(next, len), bytes);
            }
            *out = self.distance_to(rows.data(id));
        }
    }

    /// # Safety
    /// AVX-512 F, BW, VL and VNNI must be present, and rows be `signed.len() + 8` long.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn distances_avx512(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        let len = rows.len();
        let n = self.signed.len();
        ids.iter().take(AHEAD).for_each(|&id| prefetch(rows.checked_ptr(id, len), n + 8));
        for (four, out) in ids.chunks(4).zip(out.chunks_mut(4)).enumerate().map(|(at, pair)| {
            for &next in ids.iter().skip(at * 4 + AHEAD).take(4) {
                prefetch(rows.checked_ptr(next, len), n + 8);
            }
            pair
        }) {
            let first = rows.checked_ptr(four[0], len);
            let mut pointers = [first; 4];
            for (pointer, &id) in pointers.iter_mut().zip(four) {
                *pointer = rows.checked_ptr(id, len);
            }
            // SAFETY: the caller vouches for the features; every row is n + 8 bytes of visible data.
            let dots = unsafe { crate::avx512::biased_dot_i8_of_four(self.signed.as_ptr(), pointers, n) };
            for ((out, dot), row) in out.iter_mut().zip(dots).zip(pointers).take(four.len()) {
                // SAFETY: scale and norm follow the n codes, at a multiple of four.
                let (scale, norm) =
                    unsafe { (row.add(n).cast::<f32>().read(), row.add(n + 4).cast::<f32>().read()) };
                *out = self.distance(dot - self.bias, f32::from_bits(scale.to_bits().to_le()), norm);
            }
        }
    }
}

/// `max |x|`, over lanes so that the compiler uses wide registers.
fn greatest_magnitude(v: &[f32]) -> f32 {
    let (sixteens, rest) = v.as_chunks::<16>();
    let mut lanes = [0.0f32; 16];
    for sixteen in sixteens {
        for (lane, x) in lanes.iter_mut().zip(sixteen) {
            *lane = if x.abs() > *lane { x.abs() } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(0.0, |max, x| max.max(x.abs()))
}

/// The vector that a row stands for, within half a step.
pub fn decode_row(row: &[u8], dim: usize) -> Vec<f32> {
    let scale = float_at(&row[padded(dim)..], 0);
    row[..dim].iter().map(|byte| f32::from((byte ^ 0x80) as i8) * scale).collect()
}

#[inline]
fn float_at(bytes: &[u8], at: usize) -> f32 {
    f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
