//! AVX2, FMA and F16C. Lane order as in `scalar`: 64 float lanes are eight registers of eight.

use core::arch::x86_64::*;
use half::f16;

#[target_feature(enable = "avx2,fma")]
#[inline]
fn tree_sum(acc: [__m256; 8]) -> f32 {
    let quads: [__m256; 4] = std::array::from_fn(|k| _mm256_add_ps(acc[k], acc[k + 4]));
    let eight = _mm256_add_ps(_mm256_add_ps(quads[0], quads[2]), _mm256_add_ps(quads[1], quads[3]));
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two))) + 0.0
}

/// The first `count` (below eight) lanes of a masked load.
#[target_feature(enable = "avx2")]
#[inline]
fn mask(count: usize) -> __m256i {
    let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
}

/// Sums over pairs of eight floats; the loaders get the index of the first and, for the tail, the count.
macro_rules! sum_of_eights {
    ($n:expr, $load_a:expr, $load_b:expr, $tail_a:expr, $tail_b:expr, $difference:expr) => {{
        let n = $n;
        let mut acc = [_mm256_setzero_ps(); 8];
        let add = |sum: &mut __m256, x: __m256, y: __m256| {
            *sum = if $difference {
                let d = _mm256_sub_ps(x, y);
                _mm256_fmadd_ps(d, d, *sum)
            } else {
                _mm256_fmadd_ps(x, y, *sum)
            };
        };
        let mut i = 0;
        while i + 64 <= n {
            for (lane, sum) in acc.iter_mut().enumerate() {
                add(sum, $load_a(i + lane * 8), $load_b(i + lane * 8));
            }
            i += 64;
        }
        for sum in acc.iter_mut() {
            if i + 8 <= n {
                add(sum, $load_a(i), $load_b(i));
                i += 8;
            } else {
                if i < n {
                    add(sum, $tail_a(i, n - i), $tail_b(i, n - i));
                }
                break;
            }
        }
        tree_sum(acc)
    }};
}

macro_rules! f32_kernel {
    ($name:ident, $difference:literal) => {
        /// # Safety
        /// AVX2 and FMA must be present, and `a` and `b` must have the same length.
        #[target_feature(enable = "avx2,fma")]
        pub unsafe fn $name(a: &[f32], b: &[f32]) -> f32 {
            let (pa, pb) = (a.as_ptr(), b.as_ptr());
            // SAFETY: `sum_of_eights` asks for eight floats that exist, or for the `count` that are left.
            unsafe {
                sum_of_eights!(
                    a.len(),
                    |i| _mm256_loadu_ps(pa.add(i)),
                    |i| _mm256_loadu_ps(pb.add(i)),
                    |i, count| _mm256_maskload_ps(pa.add(i), mask(count)),
                    |i, count| _mm256_maskload_ps(pb.add(i), mask(count)),
                    $difference
                )
            }
        }
    };
}
f32_kernel!(dot, false);
f32_kernel!(l2_squared, true);

/// Up to eight halves of the end of a slice, the rest zero.
#[target_feature(enable = "avx2,f16c")]
#[inline]
fn f16_tail(rest: &[f16]) -> __m256 {
    let mut eight = [0u16; 8];
    eight.iter_mut().zip(rest).for_each(|(to, from)| *to = from.to_bits());
    // SAFETY: `eight` is 16 bytes.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(eight.as_ptr().cast()) })
}

macro_rules! f16_kernel {
    ($name:ident, $difference:literal) => {
        /// # Safety
        /// AVX2, FMA and F16C must be present, and `a` and `b` must have the same length.
        #[target_feature(enable = "avx2,fma,f16c")]
        pub unsafe fn $name(a: &[f32], b: &[f16]) -> f32 {
            let (pa, pb) = (a.as_ptr(), b.as_ptr());
            // SAFETY: `sum_of_eights` asks for eight elements that exist, or for the `count` that are left.
            unsafe {
                sum_of_eights!(
                    a.len(),
                    |i| _mm256_loadu_ps(pa.add(i)),
                    |i| _mm256_cvtph_ps(_mm_loadu_si128(pb.add(i).cast())),
                    |i, count| _mm256_maskload_ps(pa.add(i), mask(count)),
                    |i, _| f16_tail(&b[i..]),
                    $difference
                )
            }
        }
    };
}
f16_kernel!(dot_f16, false);
f16_kernel!(l2_squared_f16, true);

/// `|signed| * (biased - 128 with the sign of signed)`: unsigned times signed bytes, summed in pairs to i16, which
/// never saturates because codes are within 127 (2 * 127 * 127 < 2^15).
///
/// # Safety
/// AVX2 must be present; the slices must have the same length, a multiple of 32.
#[target_feature(enable = "avx2")]
pub unsafe fn dot_i8(signed: &[i8], biased: &[u8], _bias: i32) -> i32 {
    let (bias, ones) = (_mm256_set1_epi8(i8::MIN), _mm256_set1_epi16(1));
    let mut acc = [_mm256_setzero_si256(); 2];
    for (step, at) in (0..signed.len()).step_by(32).enumerate() {
        // SAFETY: at + 32 is within both slices.
        unsafe {
            let q = _mm256_loadu_si256(signed.as_ptr().add(at).cast());
            let row = _mm256_xor_si256(_mm256_loadu_si256(biased.as_ptr().add(at).cast()), bias);
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(row, q));
            acc[step % 2] = _mm256_add_epi32(acc[step % 2], _mm256_madd_epi16(pairs, ones));
        }
    }
    let v = _mm256_add_epi32(acc[0], acc[1]);
    let quad = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let pair = _mm_add_epi32(quad, _mm_shuffle_epi32::<0b01_00_11_10>(quad));
    _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32::<0b10_11_00_01>(pair)))
}
