//! Binary quantisation: one bit a component, compared with a query of four bits a component, after RaBitQ (Gao & Long,
//! "RaBitQ: Quantizing High-Dimensional Vectors with a Theoretical Error Bound for Approximate Nearest Neighbor Search", 2024).
//!
//! A vector less the centre of the data is rotated, so that no component says more than another, and its signs are kept. With `s`
//! the signs and `x` the rotated vector, `s * |x|^2 / <s, x>` has the length along `x` that `x` has, so its inner product with
//! a query estimates that of `x` without bias, and the error comes only from the part of the query that is orthogonal to `x`.
//! Differs: the rotation is not a random orthogonal matrix but two rounds of random signs and Hadamard transforms of overlapping
//! parts, which costs `dim log dim`; vectors of fewer than 64 components are padded, which gives them 64 bits.
//!
//! Row layout: sign bits in little-endian `u64` words, then as `f32` the factor `|x|^2 / <s, x>`, the term that the row adds to
//! each distance, the squared norm (without the centre for Euclidean distance, with it otherwise), and the length of the error
//! of the signs, `|x - s * factor|`.

use crate::{Arena, dot, float_at};

const PLANES: usize = 4;
/// Bytes of the numbers that follow the bits of a row.
const NUMBERS: usize = 16;
const ROUNDS: usize = 2;

/// What the codes of one graph have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct BitCodec {
    centre: Vec<f32>,
    /// Squared norm of the centre.
    centre_norm: f32,
    euclidean: bool,
    rotation: Rotation,
}

impl BitCodec {
    /// `euclidean`: distances estimate squared L2, otherwise negative inner products.
    pub fn new(centre: Vec<f32>, euclidean: bool) -> Self {
        let rotation = Rotation::new(centre.len());
        let centre_norm = dot(&centre, &centre);
        Self { centre, centre_norm, euclidean, rotation }
    }

    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Bytes of a row's data.
    pub fn row_bytes(&self) -> usize {
        self.rotation.padded / 8 + NUMBERS
    }

    /// Of those, the first, on which distances depend.
    pub fn deciding_bytes(&self) -> usize {
        self.row_bytes() - 8
    }

    /// A vector in the form that is compared with rows. O(dim log dim).
    ///
    /// # Panics
    /// When the vector has another dimension than the centre.
    pub fn query(&self, v: &[f32]) -> BitQuery {
        let mut left = self.left(v);
        let (term, norm) = self.term(v, &left);
        self.rotation.apply(&mut left);
        self.of_rotated(left, term, norm)
    }

    fn left(&self, v: &[f32]) -> Vec<f32> {
        assert_eq!(v.len(), self.centre.len(), "the shard checks the dimension");
        v.iter().zip(&self.centre).map(|(x, c)| x - c).collect()
    }

    /// What a vector adds to a distance, and its squared norm. `left`: less the centre.
    fn term(&self, v: &[f32], left: &[f32]) -> (f32, f32) {
        match self.euclidean {
            true => {
                let norm = dot(left, left);
                (norm, norm)
            }
            false => (-dot(&self.centre, left), dot(v, v)),
        }
    }

    fn of_rotated(&self, rotated: Vec<f32>, term: f32, norm: f32) -> BitQuery {
        let (base, weight) = if self.euclidean { (term, 2.0) } else { (term - self.centre_norm, 1.0) };
        let length = dot(&rotated, &rotated).sqrt();
        let low = rotated.iter().copied().fold(f32::INFINITY, f32::min);
        let high = rotated.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let step = (high - low) / ((1 << PLANES) - 1) as f32;
        let inverse = if step > 1e-30 { 1.0 / step } else { 0.0 };
        let mut planes: [Vec<u64>; PLANES] = std::array::from_fn(|_| vec![0u64; rotated.len() / 64]);
        let mut sum = 0.0;
        for (i, x) in rotated.iter().enumerate() {
            let code = ((x - low) * inverse).round_ties_even() as u64;
            sum += low + step * code as f32;
            for (b, plane) in planes.iter_mut().enumerate() {
                plane[i / 64] |= ((code >> b) & 1) << (i % 64);
            }
        }
        let components = rotated.len() as f32;
        BitQuery { planes, low, step, sum, base, weight, norm, length, components, euclidean: self.euclidean }
    }

    /// Writes the row of a vector.
    ///
    /// # Panics
    /// When the vector has another dimension, or `row` is shorter than [`BitCodec::row_bytes`].
    pub fn write_row(&self, v: &[f32], row: &mut [u8]) {
        let mut left = self.left(v);
        let (term, norm) = self.term(v, &left);
        self.rotation.apply(&mut left);
        let (mut sum, mut square) = (0.0f32, 0.0f32);
        for (i, x) in left.iter().enumerate() {
            row[i / 8] |= u8::from(*x > 0.0) << (i % 8);
            sum += x.abs();
            square += x * x;
        }
        let factor = if sum > 1e-30 { square / sum } else { 0.0 };
        // |s * factor|^2 - |x|^2: the two are orthogonal but for x itself.
        let lost = (factor * factor * left.len() as f32 - square).max(0.0).sqrt();
        let numbers = row[left.len() / 8..].as_chunks_mut::<4>().0;
        for (to, number) in numbers.iter_mut().zip([factor, term, norm, lost]) {
            *to = number.to_le_bytes();
        }
    }

    /// The query that a stored row is: as far as its bits say.
    ///
    /// # Panics
    /// When the row is not one of this codec.
    pub fn query_of(&self, row: &[u8]) -> BitQuery {
        let numbers = &row[self.rotation.padded / 8..];
        let factor = float_at(numbers, 0);
        let signs = (0..self.rotation.padded).map(|i| row[i / 8] >> (i % 8) & 1 == 1);
        let rotated = signs.map(|positive| if positive { factor } else { -factor }).collect();
        self.of_rotated(rotated, float_at(numbers, 4), float_at(numbers, 8))
    }
}

/// Random signs and Hadamard transforms, which keep lengths and angles.
#[derive(Debug, Clone, PartialEq)]
struct Rotation {
    /// Components after padding with zeros: a multiple of 64.
    padded: usize,
    /// 1 or -1 for each component, for each transform.
    signs: Vec<f32>,
}

impl Rotation {
    fn new(dim: usize) -> Self {
        let padded = dim.next_multiple_of(64);
        // xorshift64*: the same signs everywhere.
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let sign = || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            if state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 63 == 1 { 1.0 } else { -1.0 }
        };
        let signs = std::iter::repeat_with(sign).take(padded * 2 * ROUNDS).collect();
        Self { padded, signs }
    }

    fn apply(&self, v: &mut Vec<f32>) {
        v.resize(self.padded, 0.0);
        let part = 1usize << self.padded.ilog2();
        let mut signs = self.signs.chunks_exact(self.padded);
        for start in [0, self.padded - part].repeat(ROUNDS) {
            for (x, sign) in v.iter_mut().zip(signs.next().unwrap_or_default()) {
                *x *= sign;
            }
            hadamard(&mut v[start..start + part]);
        }
    }
}

/// The Walsh-Hadamard transform, scaled to keep lengths. `v`: a power of two long.
fn hadamard(v: &mut [f32]) {
    let mut half = 1;
    while half < v.len() {
        for pair in v.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (x, y) in low.iter_mut().zip(high) {
                (*x, *y) = (*x + *y, *x - *y);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (v.len() as f32).sqrt();
    v.iter_mut().for_each(|x| *x *= scale);
}

/// A vector in the form that is compared with the rows of its codec.
#[derive(Debug, Clone, PartialEq)]
pub struct BitQuery {
    /// Bit `b` of every component's code, plane after plane.
    planes: [Vec<u64>; PLANES],
    /// `x = low + step * code`.
    low: f32,
    step: f32,
    sum: f32,
    /// What the query adds to a distance.
    base: f32,
    /// 2 for squared distances.
    weight: f32,
    norm: f32,
    /// Length, less the centre.
    length: f32,
    /// Dimension after padding.
    components: f32,
    euclidean: bool,
}

impl BitQuery {
    /// Estimated distance to a row, lower is closer.
    ///
    /// # Panics
    /// When the row has another dimension.
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let (bits, numbers) = row.split_at(self.planes[0].len() * 8);
        let (ones, codes) = self.sums(bits.as_chunks::<8>().0);
        // Sum of the query's components where the row is positive, then <q, s>.
        let positive = self.low * ones as f32 + self.step * codes as f32;
        let signed = 2.0 * positive - self.sum;
        (self.base + float_at(numbers, 4)) - self.weight * (signed * float_at(numbers, 0))
    }

    /// Squared norm of the vector, with the centre unless distances are Euclidean.
    pub fn norm(&self) -> f32 {
        self.norm
    }

    /// Standard deviation of `distance`, the distance to this row, from that of the vectors themselves.
    pub fn deviation(&self, row: &[u8], distance: f32) -> f32 {
        let numbers = &row[self.planes[0].len() * 8..];
        let (factor, norm, lost) = (float_at(numbers, 0), float_at(numbers, 8), float_at(numbers, 12));
        let apart = if self.euclidean { distance } else { self.norm + norm + 2.0 * distance }.max(0.0);
        // Of the query, only what is orthogonal to the vector meets the error of the signs, which has any direction.
        let orthogonal = apart.sqrt().min(self.length);
        let signs = orthogonal * lost / (self.components - 1.0).sqrt();
        let query = factor * self.step * (self.components / 12.0).sqrt();
        self.weight * (signs * signs + query * query).sqrt()
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
