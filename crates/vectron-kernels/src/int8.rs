//! Symmetric int8 scalar quantisation around a centre, one step a vector: `x[i]` is about `centre[i] + step * code[i]`.
//!
//! Codes of what is left after subtracting the centre of the data are finer, as in locally-adaptive vector
//! quantisation (Aguerrebere et al., "Similarity search in the blink of an eye with compressed indices", 2023; differs: the
//! centre comes from the first vectors of a graph, so that a code depends on its vector and on that centre alone).
//!
//! **The estimate.** With `q` and `x` less the centre, their codes `Q`, `X` and what rounding lost, `e = q - Q` and `f = x - X`,
//! the inner product `<q, x>` is estimated as `<Q, X> + <q, e> + <x, f>`. Its error is `<e - f, q - x> + <e, f>`: it shrinks with
//! the distance of the two, where that of `<Q, X>` alone does not. The two terms are known when a vector is encoded. This
//! has the aim of the estimator of RaBitQ (Gao & Long, 2024), for codes of eight bits.
//!
//! Inner products of vectors of any length are estimated as `<Q, X>` alone, whose error grows with the product of the lengths: the
//! terms above would make it grow with the square of the greater one.
//!
//! Row layout: the codes plus 128 as `u8`, zero padding to a multiple of 32, then as `f32` the step, the term that the row
//! adds to each distance, and the squared norm (with the centre for cosine, without it otherwise). Biased rows
//! let VNNI multiply them with a signed query directly; the bias costs one subtraction a row. The query's padding is
//! zero, so the row's padding does not count.

use crate::{Arena, dot, float_at, prefetch};

/// Rows fetched ahead of the one that is computed: hides the latency of the last-level cache.
const AHEAD: usize = 12;
/// Rows whose addresses are worked out together.
#[cfg(target_arch = "x86_64")]
const BATCH: usize = 64;
/// Bytes of the numbers that follow the codes of a row.
const NUMBERS: usize = 12;
/// Below this the components are taken for zero: their inverse would overflow.
const LEAST: f32 = 1e-30;

fn padded(dim: usize) -> usize {
    dim.next_multiple_of(32)
}

/// What distances of codes estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Squared L2.
    Euclidean,
    /// Negative inner products of unit vectors.
    Cosine,
    /// Negative inner products.
    Dot,
}

/// What the codes of one graph have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Codec {
    centre: Vec<f32>,
    /// Squared norm of the centre.
    centre_norm: f32,
    kind: Distance,
}

impl Int8Codec {
    pub fn new(centre: Vec<f32>, kind: Distance) -> Self {
        let centre_norm = dot(&centre, &centre);
        Self { centre, centre_norm, kind }
    }

    pub fn centre(&self) -> &[f32] {
        &self.centre
    }

    /// Bytes of a row's data.
    pub fn row_bytes(&self) -> usize {
        padded(self.centre.len()) + NUMBERS
    }

    /// Of those, the first, on which distances depend.
    pub fn deciding_bytes(&self) -> usize {
        self.row_bytes() - 4
    }

    /// A vector in the form that is compared with rows. O(dim). Codes are -127..=127; a vector that is the centre gets step 0
    /// and zero codes.
    ///
    /// # Panics
    /// When the vector has another dimension than the centre.
    pub fn query(&self, v: &[f32]) -> Int8Query {
        assert_eq!(v.len(), self.centre.len(), "the shard checks the dimension");
        let left: Vec<f32> = v.iter().zip(&self.centre).map(|(x, c)| x - c).collect();
        let max = greatest_magnitude(&left);
        let (step, inverse) = if max > LEAST { (max / 127.0, 127.0 / max) } else { (0.0, 0.0) };
        let mut signed = vec![0i8; padded(v.len())];
        let mut lost = Vec::with_capacity(v.len());
        for (code, x) in signed.iter_mut().zip(&left) {
            // Adding 1.5 * 2^23 leaves the nearest integer in the low bits, ties to even.
            *code = (x * inverse + 12_582_912.0).to_bits() as i8;
            lost.push(x - step * f32::from(*code));
        }
        let lost = dot(&left, &lost);
        let (term, norm) = match self.kind {
            Distance::Euclidean => {
                let norm = dot(&left, &left);
                (norm - 2.0 * lost, norm)
            }
            Distance::Cosine => (-(lost + dot(&self.centre, &left)), dot(v, v)),
            Distance::Dot => (-dot(&self.centre, &left), dot(&left, &left)),
        };
        Int8Query { whole: dot(v, v), ..self.of_codes(signed, step, term, norm) }
    }

    fn of_codes(&self, signed: Vec<i8>, step: f32, term: f32, norm: f32) -> Int8Query {
        let bias = 128 * signed.iter().map(|c| i32::from(*c)).sum::<i32>();
        // A query is a row that is compared: what a row adds to a distance, the query adds as well.
        let (base, weight) = match self.kind {
            Distance::Euclidean => (term, 2.0),
            Distance::Cosine | Distance::Dot => (term - self.centre_norm, 1.0),
        };
        let components = self.centre.len() as f32;
        let factor = weight * step;
        Int8Query { signed, bias, step, term, norm, whole: norm, base, factor, components, kind: self.kind }
    }

    /// The query that a stored row is: comparing with it gives what comparing with its vector's query gives.
    ///
    /// # Panics
    /// When the row is not one of this codec.
    pub fn query_of(&self, row: &[u8]) -> Int8Query {
        let (codes, numbers) = row.split_at(padded(self.centre.len()));
        let mut signed: Vec<i8> = codes.iter().map(|byte| (byte ^ 0x80) as i8).collect();
        signed[self.centre.len()..].fill(0);
        self.of_codes(signed, float_at(numbers, 0), float_at(numbers, 4), float_at(numbers, 8))
    }

    /// Writes the row of the vector of `query`, which is of this codec.
    ///
    /// # Panics
    /// When `row` is shorter than [`Int8Codec::row_bytes`].
    pub fn write_row(&self, query: &Int8Query, row: &mut [u8]) {
        for (byte, code) in row.iter_mut().zip(&query.signed[..self.centre.len()]) {
            *byte = (*code as u8) ^ 0x80;
        }
        let numbers = row[query.signed.len()..].as_chunks_mut::<4>().0;
        for (to, number) in numbers.iter_mut().zip([query.step, query.term, query.norm]) {
            *to = number.to_le_bytes();
        }
    }
}

/// A vector in the form that is compared with the rows of its codec.
#[derive(Debug, Clone, PartialEq)]
pub struct Int8Query {
    signed: Vec<i8>,
    /// `128 * sum(signed)`.
    bias: i32,
    step: f32,
    /// What the row of this vector adds to a distance.
    term: f32,
    norm: f32,
    /// Squared norm of the vector with the centre; of a row that is a query, `norm`.
    whole: f32,
    /// What the query adds to a distance.
    base: f32,
    /// `step`, twice for squared distances.
    factor: f32,
    /// Dimension.
    components: f32,
    kind: Distance,
}

impl Int8Query {
    #[inline]
    fn distance(&self, dot: i32, step: f32, term: f32) -> f32 {
        (self.base + term) - dot as f32 * (self.factor * step)
    }

    /// Squared norm of the vector that the query was made of.
    pub fn squared_norm(&self) -> f32 {
        self.whole
    }

    /// Standard deviation of `distance`, the distance to this row, from that of the vectors themselves: rounding moves each
    /// component of both by up to half a step.
    #[inline]
    pub fn deviation(&self, row: &[u8], distance: f32) -> f32 {
        let numbers = &row[self.signed.len()..];
        let (step, norm) = (float_at(numbers, 0), float_at(numbers, 8));
        let (own, other) = (self.step * self.step, step * step);
        // Of sums of floats of this size.
        let float = f32::EPSILON * (self.norm + norm);
        let apart = match self.kind {
            Distance::Euclidean => distance,
            Distance::Cosine => self.norm + norm + 2.0 * distance,
            Distance::Dot => {
                let rounding =
                    (self.norm * other + norm * own) / 12.0 + self.components * own * other / 144.0;
                return rounding.sqrt() + float;
            }
        };
        let apart = apart.max(0.0);
        // Close to each other, both are rounded alike, and what rounding lost of them does not average out: the mean product of
        // the errors of a component at a normally distributed distance, exp(-2 pi^2 apart / (components * step^2)) of its most.
        let product = own.max(other) * self.components;
        let x = if product > 0.0 { 19.74 * apart / product } else { 0.0 };
        let alike = self.components / (1.0 + x + x * x / 2.0 + x * x * x / 6.0);
        let rounding = apart * (own + other) / 12.0 + (self.components + alike * alike) * own * other / 144.0;
        let of_product = rounding.sqrt() + float;
        if self.kind == Distance::Euclidean { 2.0 * of_product } else { of_product }
    }

    /// Distance to one row, lower is closer. The integer part is exact for dimensions up to 65,536
    /// (255 * 127 * 65,536 < 2^31), so it is the same on every CPU.
    ///
    /// # Panics
    /// When the row has another dimension.
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let (codes, numbers) = row.split_at(self.signed.len());
        let dot = crate::dispatch!(dot_i8(&self.signed, codes, self.bias));
        self.distance(dot, float_at(numbers, 0), float_at(numbers, 4))
    }

    /// `out[i]` = distance to row `ids[i]`; fetches rows ahead. About one memory latency per call and, beyond
    /// that, the time to read the rows.
    ///
    /// # Panics
    /// When a row does not exist, has another dimension, or `out` is shorter than `ids`.
    #[inline]
    pub fn distances(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        assert!(
            out.len() >= ids.len() && rows.data_bytes() == self.signed.len() + NUMBERS,
            "one shape of rows"
        );
        #[cfg(target_arch = "x86_64")]
        if crate::isa() == crate::Isa::Avx512 {
            // SAFETY: the features are there (isa); rows have the query's length (asserted above).
            return unsafe { self.distances_avx512(rows, ids, out) };
        }
        self.distances_by_row(rows, ids, out);
    }

    fn distances_by_row(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        let len = rows.len();
        let bytes = self.signed.len() + NUMBERS;
        ids.iter().take(AHEAD).for_each(|&id| prefetch(rows.checked_ptr(id, len), bytes));
        for (i, (&id, out)) in ids.iter().zip(out).enumerate() {
            if let Some(&next) = ids.get(i + AHEAD) {
                prefetch(rows.checked_ptr(next, len), bytes);
            }
            *out = self.distance_to(rows.data(id));
        }
    }

    /// # Safety
    /// AVX-512 F, BW, VL and VNNI must be present, and rows be `signed.len() + NUMBERS` long.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn distances_avx512(&self, rows: &Arena, ids: &[u32], out: &mut [f32]) {
        let len = rows.len();
        let n = self.signed.len();
        // Behind the last row of a batch, its first stands in to make four.
        let mut pointers = [std::ptr::null::<u8>(); BATCH + 3];
        for (ids, out) in ids.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
            let count = ids.len();
            for (pointer, &id) in pointers.iter_mut().zip(ids) {
                *pointer = rows.checked_ptr(id, len);
            }
            let first = pointers[0];
            pointers[count..count + 3].fill(first);
            pointers[..count.min(AHEAD)].iter().for_each(|&row| prefetch(row, n + NUMBERS));
            for at in (0..count).step_by(4) {
                let ahead = (at + AHEAD).min(count)..(at + AHEAD + 4).min(count);
                pointers[ahead].iter().for_each(|&row| prefetch(row, n + NUMBERS));
                let four = [pointers[at], pointers[at + 1], pointers[at + 2], pointers[at + 3]];
                // SAFETY: the caller vouches for the features; every row is n + NUMBERS bytes of visible data.
                let dots = unsafe { crate::avx512::biased_dot_i8_of_four(self.signed.as_ptr(), four, n) };
                for ((out, dot), row) in out[at..].iter_mut().zip(dots).zip(four) {
                    // SAFETY: step and term follow the n codes, at a multiple of four.
                    let (step, term) =
                        unsafe { (row.add(n).cast::<f32>().read(), row.add(n + 4).cast::<f32>().read()) };
                    *out = self.distance(dot - self.bias, little(step), little(term));
                }
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

/// A float that was read from little-endian bytes in native order.
#[cfg(target_arch = "x86_64")]
#[inline]
fn little(x: f32) -> f32 {
    f32::from_bits(x.to_bits().to_le())
}
