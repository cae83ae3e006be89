//! Binary quantisation: one bit a component, compared with a query of four bits a component.
//!
//! A row holds the signs of its vector and two numbers; the query keeps four bits of each component, so that the
//! comparison loses the row's magnitudes but few of the query's (asymmetric, after Gao & Long, "RaBitQ", 2024;
//! differs: no random rotation, and the estimate is `<q, sign(v)> * <v, sign(v)> / dim`). Thirty-two times smaller
//! than floats: candidates must be rescored.
//!
//! Row layout: `dim` sign bits in little-endian `u64` words, zero padding, scale `f32` (mean of |v|), squared
//! norm `f32`.

use crate::Arena;

const PLANES: usize = 4;

/// Bytes of a row's data.
pub fn row_bytes(dim: usize) -> usize {
    dim.div_ceil(64) * 8 + 8
}

/// A vector in the form that is compared with rows.
#[derive(Debug, Clone, PartialEq)]
pub struct BitQuery {
    /// Bit `b` of every component's code, plane after plane.
    planes: [Vec<u64>; PLANES],
    /// `x = low + step * code`.
    low: f32,
    step: f32,
    sum: f32,
    norm: f32,
    euclidean: bool,
}

impl BitQuery {
    /// O(dim). `euclidean`: distances estimate squared L2, otherwise negative inner products.
    pub fn new(v: &[f32], euclidean: bool) -> Self {
        let low = v.iter().copied().fold(f32::INFINITY, f32::min);
        let high = v.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let step = (high - low) / ((1 << PLANES) - 1) as f32;
        let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
        let words = v.len().div_ceil(64);
        let mut planes: [Vec<u64>; PLANES] = std::array::from_fn(|_| vec![0u64; words]);
        let mut sum = 0.0;
        for (i, x) in v.iter().enumerate() {
            let code = ((x - low) * inverse).round_ties_even() as u64;
            sum += low + step * code as f32;
            for (b, plane) in planes.iter_mut().enumerate() {
                plane[i / 64] |= ((code >> b) & 1) << (i % 64);
            }
        }
        let norm = v.iter().map(|x| x * x).sum();
        Self { planes, low, step, sum, norm, euclidean }
    }

    /// Writes the row of `v`.
    ///
    /// # Panics
    /// When `row` is shorter than [`row_bytes`].
    pub fn write_row(v: &[f32], row: &mut [u8]) {
        let at = v.len().div_ceil(64) * 8;
        for (i, x) in v.iter().enumerate() {
            row[i / 8] |= u8::from(*x > 0.0) << (i % 8);
        }
        let mean = v.iter().map(|x| x.abs()).sum::<f32>() / v.len() as f32;
        let norm: f32 = v.iter().map(|x| x * x).sum();
        row[at..at + 4].copy_from_slice(&mean.to_le_bytes());
        row[at + 4..at + 8].copy_from_slice(&norm.to_le_bytes());
    }

    /// Estimated distance to a row, lower is closer.
    ///
    /// # Panics
    /// When the row has another dimension.
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let (bits, numbers) = row.split_at(self.planes[0].len() * 8);
        let (ones, codes) = self.sums(bits.as_chunks::<8>().0);
        // Sum of the query's components where the row is positive, then <q, sign(v)>.
        let positive = self.low * ones as f32 + self.step * codes as f32;
        let signed = 2.0 * positive - self.sum;
        let number =
            |at: usize| f32::from_le_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
        let dot = signed * number(0);
        if self.euclidean { self.norm + number(4) - 2.0 * dot } else { -dot }
    }

    /// Components where the row is positive, and the sum of the query's codes there.
    #[inline]
    fn sums(&self, bits: &[[u8; 8]]) -> (u32, u32) {
        #[cfg(target_arch = "x86_64")]
        if matches!(crate::isa(), crate::Isa::Avx2 | crate::Isa::Avx512) {
            // SAFETY: every CPU with AVX2 that `isa` chooses has the population count (isa.rs).
            return unsafe { self.sums_popcnt(bits) };
        }
        self.count(bits)
    }

    /// # Safety
    /// The CPU must have `popcnt`.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "popcnt")]
    unsafe fn sums_popcnt(&self, bits: &[[u8; 8]]) -> (u32, u32) {
        self.count(bits)
    }

    #[inline(always)]
    fn count(&self, bits: &[[u8; 8]]) -> (u32, u32) {
        let mut of_plane = [0u32; PLANES];
        let mut ones = 0u32;
        for (i, word) in bits.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            ones += word.count_ones();
            for (count, plane) in of_plane.iter_mut().zip(&self.planes) {
                *count += (plane[i] & word).count_ones();
            }
        }
        (ones, of_plane.iter().enumerate().map(|(b, count)| count << b).sum())
    }

    /// `out[i]` = estimated distance to row `ids[i]`.
    ///
    /// # Panics
    /// When a row does not exist, has another dimension, or `out` is shorter than `ids`.
    pub fn distances(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        let len = rows.len();
        let bytes = rows.data_bytes();
        assert!(out.len() >= ids.len(), "one place for each row");
        ids.iter().for_each(|&id| crate::prefetch(rows.checked_ptr(id, len), bytes));
        for (&id, out) in ids.iter().zip(out) {
            *out = self.distance_to(rows.data(id));
        }
    }
}

/// Signs as a vector: what a row says of its own vector.
pub fn decode_row(row: &[u8], dim: usize) -> Vec<f32> {
    let numbers = &row[dim.div_ceil(64) * 8..];
    let mean = f32::from_le_bytes([numbers[0], numbers[1], numbers[2], numbers[3]]);
    (0..dim).map(|i| if row[i / 8] >> (i % 8) & 1 == 1 { mean } else { -mean }).collect()
}
