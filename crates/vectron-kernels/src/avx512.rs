//! AVX-512 F, BW, VL and VNNI. Lane order as in `scalar`: 64 float lanes are four registers of sixteen.

use core::arch::x86_64::*;
use half::f16;

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn tree_sum(acc: [__m512; 4]) -> f32 {
    let sixteen = _mm512_add_ps(_mm512_add_ps(acc[0], acc[2]), _mm512_add_ps(acc[1], acc[3]));
    let high = _mm512_castpd_ps(_mm512_castsi512_pd(_mm512_shuffle_i64x2::<0b11_10>(
        _mm512_castps_si512(sixteen),
        _mm512_castps_si512(sixteen),
    )));
    let eight = _mm256_add_ps(_mm512_castps512_ps256(sixteen), _mm512_castps512_ps256(high));
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two))) + 0.0
}

/// Sums over pairs of sixteen floats; the loaders get the index of the first and a mask of those that exist.
macro_rules! sum_of_sixteens {
    ($n:expr, $load_a:expr, $load_b:expr, $difference:expr) => {{
        let n = $n;
        let mut acc = [_mm512_setzero_ps(); 4];
        let add = |sum: &mut __m512, x: __m512, y: __m512| {
            *sum = if $difference {
                let d = _mm512_sub_ps(x, y);
                _mm512_fmadd_ps(d, d, *sum)
            } else {
                _mm512_fmadd_ps(x, y, *sum)
            };
        };
        let mut i = 0;
        while i + 64 <= n {
            for (lane, sum) in acc.iter_mut().enumerate() {
                let at = i + lane * 16;
                add(sum, $load_a(at, u16::MAX), $load_b(at, u16::MAX));
            }
            i += 64;
        }
        for sum in acc.iter_mut() {
            if i >= n {
                break;
            }
            let mask = if i + 16 <= n { u16::MAX } else { (1u16 << (n - i)) - 1 };
            add(sum, $load_a(i, mask), $load_b(i, mask));
            i += 16;
        }
        tree_sum(acc)
    }};
}

macro_rules! f32_kernel {
    ($name:ident, $difference:literal) => {
        /// # Safety
        /// AVX-512 F, BW and VL must be present, and `a` and `b` must have the same length.
        #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
        pub unsafe fn $name(a: &[f32], b: &[f32]) -> f32 {
            let (pa, pb) = (a.as_ptr(), b.as_ptr());
            // SAFETY: masks select only elements that exist; masked-out ones are not accessed.
            unsafe {
                sum_of_sixteens!(
                    a.len(),
                    |i, mask| _mm512_maskz_loadu_ps(mask, pa.add(i)),
                    |i, mask| _mm512_maskz_loadu_ps(mask, pb.add(i)),
                    $difference
                )
            }
        }
    };
}
f32_kernel!(dot, false);
f32_kernel!(l2_squared, true);

macro_rules! f16_kernel {
    ($name:ident, $difference:literal) => {
        /// # Safety
        /// AVX-512 F, BW and VL must be present, and `a` and `b` must have the same length.
        #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
        pub unsafe fn $name(a: &[f32], b: &[f16]) -> f32 {
            let (pa, pb) = (a.as_ptr(), b.as_ptr());
            // SAFETY: masks select only elements that exist; masked-out ones are not accessed.
            unsafe {
                sum_of_sixteens!(
                    a.len(),
                    |i, mask| _mm512_maskz_loadu_ps(mask, pa.add(i)),
                    |i, mask| _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, pb.add(i).cast())),
                    $difference
                )
            }
        }
    };
}
f16_kernel!(dot_f16, false);
f16_kernel!(l2_squared_f16, true);

/// `signed * biased` summed with VNNI, less `bias`, which is `128 * sum(signed)`.
///
/// # Safety
/// AVX-512 F, BW, VL and VNNI must be present; `signed` and `biased` must have the same length, a multiple of 32.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub unsafe fn dot_i8(signed: &[i8], biased: &[u8], bias: i32) -> i32 {
    let mut acc = [_mm512_setzero_si512(); 2];
    let n = signed.len();
    for (step, at) in (0..n).step_by(64).enumerate() {
        let mask = if at + 64 <= n { u64::MAX } else { u64::from(u32::MAX) };
        // SAFETY: the mask selects only bytes that exist.
        unsafe {
            let q = _mm512_maskz_loadu_epi8(mask, signed.as_ptr().add(at));
            let row = _mm512_maskz_loadu_epi8(mask, biased.as_ptr().add(at).cast());
            acc[step % 2] = _mm512_dpbusd_epi32(acc[step % 2], row, q);
        }
    }
    _mm512_reduce_add_epi32(_mm512_add_epi32(acc[0], acc[1])) - bias
}

/// Products of one query with four rows: `out[r] = sum(signed * rows[r])`, biased by `128 * sum(signed)`. The
/// query is loaded once for four rows, and four independent sums hide the latency of the instruction.
///
/// # Safety
/// As [`dot_i8`]; `signed` is `n` bytes long, and each row at least `n`; `n` is a multiple of 32.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
#[inline]
pub unsafe fn biased_dot_i8_of_four(signed: *const i8, rows: [*const u8; 4], n: usize) -> [i32; 4] {
    let mut acc = [_mm512_setzero_si512(); 4];
    let mut at = 0;
    while at + 64 <= n {
        // SAFETY: at + 64 <= n.
        unsafe {
            let q = _mm512_loadu_si512(signed.add(at).cast());
            for r in 0..4 {
                acc[r] = _mm512_dpbusd_epi32(acc[r], _mm512_loadu_si512(rows[r].add(at).cast()), q);
            }
        }
        at += 64;
    }
    if at < n {
        // SAFETY: n is a multiple of 32, so 32 bytes are left.
        unsafe {
            let q = _mm512_zextsi256_si512(_mm256_loadu_si256(signed.add(at).cast()));
            for r in 0..4 {
                let row = _mm512_zextsi256_si512(_mm256_loadu_si256(rows[r].add(at).cast()));
                acc[r] = _mm512_dpbusd_epi32(acc[r], row, q);
            }
        }
    }
    // Sixteen lanes of four sums to four lanes: halves added, then a 4x4 transpose by pairwise adds.
    let halves: [__m256i; 4] = std::array::from_fn(|r| {
        _mm256_add_epi32(_mm512_castsi512_si256(acc[r]), _mm512_extracti64x4_epi64::<1>(acc[r]))
    });
    let low = _mm256_hadd_epi32(halves[0], halves[1]);
    let high = _mm256_hadd_epi32(halves[2], halves[3]);
    let both = _mm256_hadd_epi32(low, high);
    let sums = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256::<1>(both));
    let mut out = [0i32; 4];
    // SAFETY: `out` is 16 bytes.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), sums) };
    out
}
