//! Distances over `f32` and int8 slices: slices in, numbers out.
//!
//! Every function picks its implementation at run time (scalar, or AVX2+FMA on x86-64), so one binary runs
//! on every machine. Integer results are identical on all paths; `f32` results differ by rounding only.
//! This is the one crate that names `core::arch`. It is not a linear algebra library: it has what the index
//! calls and nothing else.

mod scalar;
#[cfg(target_arch = "x86_64")]
mod x86;

pub mod int8;

/// Which implementation the running CPU gets; shown in worker status and by the benches.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        return "avx2+fma";
    }
    "scalar"
}

/// Inner product; higher is closer. `a`, `b`: f32, equal length, any norm. O(dim), no allocation.
///
/// # Panics
/// When the lengths differ: the shard checks the dimension once per query.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: AVX2 and FMA are present (checked above); lengths are equal (asserted above).
        return unsafe { x86::dot_avx2(a, b) };
    }
    scalar::dot(a, b)
}

/// Squared Euclidean distance; lower is closer. Same preconditions as [`dot`].
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "the shard checks the dimension once per query");
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: AVX2 and FMA are present (checked above); lengths are equal (asserted above).
        return unsafe { x86::l2_squared_avx2(a, b) };
    }
    scalar::l2_squared(a, b)
}

/// Inner product of int8 codes, exact in `i32` for dimensions up to 65,536 (127 * 127 * 65,536 < 2^31).
///
/// # Panics
/// When the lengths differ.
#[inline]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    assert_eq!(a.len(), b.len(), "codes of one graph have one length");
    #[cfg(target_arch = "x86_64")]
    if x86::available() {
        // SAFETY: AVX2 is present (checked above); lengths are equal (asserted above).
        return unsafe { x86::dot_i8_avx2(a, b) };
    }
    scalar::dot_i8(a, b)
}

/// Scales `v` to unit length in place. Returns `false`, and leaves `v` as it is, when the norm is zero or
/// not finite: such a vector has no direction, so cosine similarity is undefined for it.
pub fn normalize(v: &mut [f32]) -> bool {
    let norm = v.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if norm == 0.0 || !norm.is_finite() {
        return false;
    }
    let inverse = 1.0 / norm;
    for x in v.iter_mut() {
        *x = (f64::from(*x) * inverse) as f32;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs of equal length, 1..=1100, so that every SIMD tail occurs.
    fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1usize..1100).prop_flat_map(|n| {
            (prop::collection::vec(-100.0f32..100.0, n), prop::collection::vec(-100.0f32..100.0, n))
        })
    }

    fn reference_dot(a: &[f32], b: &[f32]) -> (f64, f64) {
        let terms = a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        (terms.clone().sum(), terms.map(f64::abs).sum())
    }

    proptest! {
        #[test]
        fn dot_agrees_with_f64((a, b) in pair()) {
            let (expected, magnitude) = reference_dot(&a, &b);
            prop_assert!((f64::from(dot(&a, &b)) - expected).abs() <= 1e-5 * magnitude.max(1.0));
            prop_assert!((f64::from(scalar::dot(&a, &b)) - expected).abs() <= 1e-4 * magnitude.max(1.0));
        }

        #[test]
        fn l2_agrees_with_f64((a, b) in pair()) {
            let expected: f64 = a.iter().zip(&b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
            prop_assert!((f64::from(l2_squared(&a, &b)) - expected).abs() <= 1e-5 * expected.max(1.0));
            prop_assert!((f64::from(scalar::l2_squared(&a, &b)) - expected).abs() <= 1e-4 * expected.max(1.0));
        }

        #[test]
        fn int8_dot_is_exact_on_every_path(codes in prop::collection::vec((-127i8..=127, -127i8..=127), 0..1100)) {
            let (a, b): (Vec<i8>, Vec<i8>) = codes.into_iter().unzip();
            let expected: i64 = a.iter().zip(&b).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum();
            prop_assert_eq!(i64::from(dot_i8(&a, &b)), expected);
            prop_assert_eq!(i64::from(scalar::dot_i8(&a, &b)), expected);
        }

        #[test]
        fn a_normalized_vector_has_unit_length(mut v in prop::collection::vec(-100.0f32..100.0, 1..300)) {
            prop_assume!(v.iter().any(|x| x.abs() > 1e-3));
            prop_assert!(normalize(&mut v));
            prop_assert!((dot(&v, &v) - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn the_largest_dimension_does_not_overflow_int8() {
        let a = vec![-127i8; 65_536];
        assert_eq!(dot_i8(&a, &a), 127 * 127 * 65_536);
    }

    #[test]
    fn a_zero_vector_is_not_normalized() {
        let mut zero = [0.0f32; 8];
        assert!(!normalize(&mut zero));
        let mut huge = [f32::INFINITY; 2];
        assert!(!normalize(&mut huge));
    }
}
