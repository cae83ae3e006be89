//! AVX2+FMA implementations. Loads are unaligned; tails are done by scalar code, so nothing is read past
//! the end of a slice.

use core::arch::x86_64::*;

/// `std` caches the answer of `cpuid`, so this is one relaxed load.
#[inline]
pub fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[target_feature(enable = "avx2")]
#[inline]
fn sum_f32(v: __m256) -> f32 {
    let quad = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let pair = _mm_add_ps(quad, _mm_movehl_ps(quad, quad));
    _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
}

/// # Safety
/// AVX2 and FMA must be present, and `a` and `b` must have the same length.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len();
    let (pa, pb) = (a.as_ptr(), b.as_ptr());
    let mut acc = [_mm256_setzero_ps(); 4];
    let mut i = 0;
    while i + 32 <= n {
        for (lane, sum) in acc.iter_mut().enumerate() {
            // SAFETY: i + 32 <= n, and both slices have n elements.
            unsafe {
                let x = _mm256_loadu_ps(pa.add(i + lane * 8));
                let y = _mm256_loadu_ps(pb.add(i + lane * 8));
                *sum = _mm256_fmadd_ps(x, y, *sum);
            }
        }
        i += 32;
    }
    while i + 8 <= n {
        // SAFETY: i + 8 <= n, and both slices have n elements.
        unsafe {
            acc[0] = _mm256_fmadd_ps(_mm256_loadu_ps(pa.add(i)), _mm256_loadu_ps(pb.add(i)), acc[0]);
        }
        i += 8;
    }
    let mut total = sum_f32(_mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3])));
    for j in i..n {
        total += a[j] * b[j];
    }
    total
}

/// # Safety
/// AVX2 and FMA must be present, and `a` and `b` must have the same length.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn l2_squared_avx2(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len();
    let (pa, pb) = (a.as_ptr(), b.as_ptr());
    let mut acc = [_mm256_setzero_ps(); 4];
    let mut i = 0;
    while i + 32 <= n {
        for (lane, sum) in acc.iter_mut().enumerate() {
            // SAFETY: i + 32 <= n, and both slices have n elements.
            unsafe {
                let d = _mm256_sub_ps(
                    _mm256_loadu_ps(pa.add(i + lane * 8)),
                    _mm256_loadu_ps(pb.add(i + lane * 8)),
                );
                *sum = _mm256_fmadd_ps(d, d, *sum);
            }
        }
        i += 32;
    }
    let mut total = sum_f32(_mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3])));
    for j in i..n {
        let d = a[j] - b[j];
        total += d * d;
    }
    total
}

/// # Safety
/// AVX2 must be present, and `a` and `b` must have the same length.
#[target_feature(enable = "avx2")]
pub unsafe fn dot_i8_avx2(a: &[i8], b: &[i8]) -> i32 {
    let n = a.len();
    let (pa, pb) = (a.as_ptr(), b.as_ptr());
    let mut acc = [_mm256_setzero_si256(); 2];
    let mut i = 0;
    while i + 32 <= n {
        for (lane, sum) in acc.iter_mut().enumerate() {
            // SAFETY: i + 32 <= n, and both slices have n elements of one byte.
            unsafe {
                let x = _mm256_cvtepi8_epi16(_mm_loadu_si128(pa.add(i + lane * 16).cast()));
                let y = _mm256_cvtepi8_epi16(_mm_loadu_si128(pb.add(i + lane * 16).cast()));
                // i16 products pair-wise summed to i32: 2 * 127 * 127 fits.
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(x, y));
            }
        }
        i += 32;
    }
    let v = _mm256_add_epi32(acc[0], acc[1]);
    let quad = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let pair = _mm_add_epi32(quad, _mm_shuffle_epi32::<0b01_00_11_10>(quad));
    let mut total = _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32::<0b10_11_00_01>(pair)));
    for j in i..n {
        total += i32::from(a[j]) * i32::from(b[j]);
    }
    total
}
