//! The portable implementations: the definition of what every other one returns, bit for bit.
//!
//! A float sum has 64 lanes: element `i` is added to lane `i % 64` with one fused multiply-add, in order, and the
//! lanes are added as a tree (`j` and `j + 32`, then 16, 8, 4, 2, 1). Without a fused instruction `mul_add` is
//! a slow library call: correct on any CPU, meant for none that matters.

use half::f16;

pub const LANES: usize = 64;

fn tree_sum(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for j in 0..width {
            lanes[j] += lanes[j + width];
        }
        width /= 2;
    }
    // No negative zero: a masked step of a SIMD path turns it positive.
    lanes[0] + 0.0
}

#[inline]
fn sum_of(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    let mut lanes = [0.0f32; LANES];
    for (i, (x, y)) in pairs.enumerate() {
        lanes[i % LANES] = x.mul_add(y, lanes[i % LANES]);
    }
    tree_sum(lanes)
}

pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a.iter().copied().zip(b.iter().copied()))
}

pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    sum_of(a.iter().zip(b).map(|(x, y)| (x - y, x - y)))
}

pub fn dot_f16(a: &[f32], b: &[f16]) -> f32 {
    sum_of(a.iter().zip(b).map(|(x, y)| (*x, y.to_f32())))
}

pub fn l2_squared_f16(a: &[f32], b: &[f16]) -> f32 {
    sum_of(a.iter().zip(b).map(|(x, y)| (x - y.to_f32(), x - y.to_f32())))
}

/// `signed` are codes, `biased` codes plus 128; `_bias` is `128 * sum(signed)`, for those that need it.
pub fn dot_i8(signed: &[i8], biased: &[u8], _bias: i32) -> i32 {
    signed.iter().zip(biased).map(|(x, y)| i32::from(*x) * (i32::from(*y) - 128)).sum()
}
