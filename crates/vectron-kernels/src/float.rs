//! Inner products and squared L2 distances of `f32` with `f32` or `f16`.

use crate::{Arena, dispatch, prefetch};
use half::f16;

/// Rows fetched ahead; a row of floats is many cache lines, so few are enough.
const AHEAD: usize = 3;
/// Bytes of a row that are asked for: the CPU's own prefetcher has seen the pattern by then.
const PREFETCH_BYTES: usize = 512;

/// Inner product; higher is closer. `a`, `b`: equal length, any norm. O(dim), no allocation.
///
/// # Panics
/// When the lengths differ: the shard checks the dimension once per query.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    dispatch!(dot(a, b))
}

/// Squared Euclidean distance; lower is closer. Same preconditions as [`dot`].
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    dispatch!(l2_squared(a, b))
}

/// [`dot`] with a vector of halves; each is exactly a float.
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn dot_f16(a: &[f32], b: &[f16]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    dispatch!(dot_f16(a, b))
}

/// [`l2_squared`] with a vector of halves.
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn l2_squared_f16(a: &[f32], b: &[f16]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    dispatch!(l2_squared_f16(a, b))
}

/// The halves of a row of an [`Arena`], in native order.
pub fn f16_row(rows: &Arena, row: u32) -> &[f16] {
    let data = rows.data(row);
    // SAFETY: rows are aligned to at least four bytes, and any 16 bits are a half.
    let (before, halves, _) = unsafe { data.align_to::<f16>() };
    debug_assert!(before.is_empty());
    halves
}

macro_rules! rows_kernel {
    ($name:ident, $one:ident, $row:expr, $doc:literal) => {
        #[doc = $doc]
        /// `out[i]` is that of `query` and row `ids[i]`; fetches rows ahead.
        ///
        /// # Panics
        /// When a row does not exist, is shorter than `query`, or `out` is shorter than `ids`.
        pub fn $name(query: &[f32], rows: &Arena, ids: &[u32], out: &mut [f32]) {
            assert!(out.len() >= ids.len(), "one place for each row");
            let len = rows.len();
            let bytes = rows.data_bytes().min(PREFETCH_BYTES);
            ids.iter().take(AHEAD).for_each(|&id| prefetch(rows.checked_ptr(id, len), bytes));
            for (i, (&id, out)) in ids.iter().zip(out).enumerate() {
                if let Some(&next) = ids.get(i + AHEAD) {
                    prefetch(rows.checked_ptr(next, len), bytes);
                }
                *out = $one(query, &$row(rows, id)[..query.len()]);
            }
        }
    };
}
rows_kernel!(dot_rows, dot, Arena::floats, "Inner products with rows of floats.");
rows_kernel!(l2_squared_rows, l2_squared, Arena::floats, "Squared L2 distances to rows of floats.");
rows_kernel!(dot_f16_rows, dot_f16, f16_row, "Inner products with rows of halves.");
rows_kernel!(l2_squared_f16_rows, l2_squared_f16, f16_row, "Squared L2 distances to rows of halves.");

/// Scales `v` to unit length in place. Returns `false`, and leaves `v` as it is, when the norm is zero or
/// not finite: such a vector has no direction, so cosine similarity is undefined for it.
pub fn normalize(v: &mut [f32]) -> bool {
    let (eights, rest) = v.as_chunks::<8>();
    let mut lanes = [0.0f64; 8];
    for eight in eights {
        for (lane, x) in lanes.iter_mut().zip(eight) {
            *lane += f64::from(*x) * f64::from(*x);
        }
    }
    let rest: f64 = rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    let norm = (lanes.iter().sum::<f64>() + rest).sqrt();
    if norm == 0.0 || !norm.is_finite() {
        return false;
    }
    let inverse = 1.0 / norm;
    for x in v.iter_mut() {
        *x = (f64::from(*x) * inverse) as f32;
    }
    true
}
