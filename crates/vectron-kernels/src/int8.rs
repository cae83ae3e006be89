//! Symmetric int8 scalar quantisation, one scale per vector: `x[i]` is about `scale * code[i]`.
//!
//! A scale per vector needs no training pass, so a code depends on its vector alone: replicas that apply
//! the same log hold the same codes.

/// Writes the codes of `v` to `out` (same length, values -127..=127) and returns the scale, `max|v| / 127`.
/// A zero vector gets scale 0 and zero codes.
///
/// # Panics
/// When the lengths differ.
pub fn encode(v: &[f32], out: &mut [i8]) -> f32 {
    assert_eq!(v.len(), out.len(), "one code per component");
    let max = v.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    if max == 0.0 {
        out.fill(0);
        return 0.0;
    }
    let inverse = 127.0 / max;
    for (code, x) in out.iter_mut().zip(v) {
        *code = (x * inverse).round() as i8;
    }
    max / 127.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_decoded_component_is_within_half_a_step(v in prop::collection::vec(-50.0f32..50.0, 1..400)) {
            let mut codes = vec![0i8; v.len()];
            let scale = encode(&v, &mut codes);
            for (x, code) in v.iter().zip(&codes) {
                prop_assert!((x - scale * f32::from(*code)).abs() <= scale * 0.5001 + 1e-6);
            }
        }
    }
}
