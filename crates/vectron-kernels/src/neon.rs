//! NEON on 64-bit ARM. Lane order as in `scalar`: 64 float lanes are sixteen registers of four.

use core::arch::aarch64::*;
use half::f16;

#[inline]
#[target_feature(enable = "neon")]
fn tree_sum(mut acc: [float32x4_t; 16]) -> f32 {
    let mut width = 8;
    while width > 0 {
        for k in 0..width {
            acc[k] = vaddq_f32(acc[k], acc[k + width]);
        }
        width /= 2;
    }
    let two = vadd_f32(vget_low_f32(acc[0]), vget_high_f32(acc[0]));
    vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two) + 0.0
}

/// Four elements from `at`, zero beyond the end.
#[inline]
#[target_feature(enable = "neon")]
fn four(n: usize, at: usize, element: impl Fn(usize) -> f32) -> float32x4_t {
    let lanes: [f32; 4] = std::array::from_fn(|j| if at + j < n { element(at + j) } else { 0.0 });
    // SAFETY: `lanes` is four floats.
    unsafe { vld1q_f32(lanes.as_ptr()) }
}

macro_rules! kernel {
    ($name:ident, $element:ty, $convert:expr, $difference:literal) => {
        /// # Safety
        /// `a` and `b` must have the same length.
        #[target_feature(enable = "neon")]
        pub unsafe fn $name(a: &[f32], b: &[$element]) -> f32 {
            let n = a.len();
            let mut acc = [vdupq_n_f32(0.0); 16];
            for at in (0..n).step_by(4) {
                let x = four(n, at, |i| a[i]);
                let y = four(n, at, |i| $convert(b[i]));
                let sum = &mut acc[(at / 4) % 16];
                *sum = if $difference {
                    let d = vsubq_f32(x, y);
                    vfmaq_f32(*sum, d, d)
                } else {
                    vfmaq_f32(*sum, x, y)
                };
            }
            tree_sum(acc)
        }
    };
}
kernel!(dot, f32, |x: f32| x, false);
kernel!(l2_squared, f32, |x: f32| x, true);
kernel!(dot_f16, f16, f16::to_f32, false);
kernel!(l2_squared_f16, f16, f16::to_f32, true);

/// # Safety
/// `signed` and `biased` must have the same length, a multiple of 32.
#[target_feature(enable = "neon")]
pub unsafe fn dot_i8(signed: &[i8], biased: &[u8], _bias: i32) -> i32 {
    let bias = vdup_n_u8(128);
    let mut acc = [vdupq_n_s32(0); 4];
    for at in (0..signed.len()).step_by(8) {
        // SAFETY: at + 8 is within both slices.
        unsafe {
            let q = vld1_s8(signed.as_ptr().add(at));
            let row = vreinterpret_s8_u8(veor_u8(vld1_u8(biased.as_ptr().add(at)), bias));
            let sum = &mut acc[(at / 8) % 4];
            *sum = vpadalq_s16(*sum, vmull_s8(q, row));
        }
    }
    vaddvq_s32(vaddq_s32(vaddq_s32(acc[0], acc[1]), vaddq_s32(acc[2], acc[3])))
}
