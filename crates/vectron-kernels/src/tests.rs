use super::*;
use proptest::prelude::*;

/// The implementations of this machine. Those it lacks are named in the output, not passed.
fn available() -> Vec<Isa> {
    let (there, missing): (Vec<Isa>, Vec<Isa>) = Isa::ALL.into_iter().partition(|isa| isa.is_available());
    for isa in missing {
        eprintln!("skipped: {} is not available here", isa.name());
    }
    there
}

/// Pairs of equal length, 1..=1100, so that every SIMD tail occurs.
fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    let most = if cfg!(miri) { 140 } else { 1100 };
    (1usize..most).prop_flat_map(|n| {
        (prop::collection::vec(-100.0f32..100.0, n), prop::collection::vec(-100.0f32..100.0, n))
    })
}

fn on(isa: Isa, a: &[f32], b: &[f32], halves: &[f16]) -> [u32; 4] {
    // SAFETY: only called for available implementations, with slices of one length.
    let sums = unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => [
                avx2::dot(a, b),
                avx2::l2_squared(a, b),
                avx2::dot_f16(a, halves),
                avx2::l2_squared_f16(a, halves),
            ],
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => [
                avx512::dot(a, b),
                avx512::l2_squared(a, b),
                avx512::dot_f16(a, halves),
                avx512::l2_squared_f16(a, halves),
            ],
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => [
                neon::dot(a, b),
                neon::l2_squared(a, b),
                neon::dot_f16(a, halves),
                neon::l2_squared_f16(a, halves),
            ],
            _ => [
                scalar::dot(a, b),
                scalar::l2_squared(a, b),
                scalar::dot_f16(a, halves),
                scalar::l2_squared_f16(a, halves),
            ],
        }
    };
    sums.map(f32::to_bits)
}

fn dot_i8_on(isa: Isa, query: &[i8], magnitudes: &[u8], row: &[u8]) -> i32 {
    let bias = 128 * query.iter().map(|c| i32::from(*c)).sum::<i32>();
    // SAFETY: only called for available implementations, with slices of one length, a multiple of 32.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::dot_i8(query, magnitudes, row, bias),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::dot_i8(query, magnitudes, row, bias),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::dot_i8(query, magnitudes, row, bias),
            _ => scalar::dot_i8(query, magnitudes, row, bias),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..Default::default() })]

    #[test]
    fn floats_agree_with_f64((a, b) in pair()) {
        let terms = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y));
        let (dot64, magnitude): (f64, f64) = (terms.clone().sum(), terms.map(f64::abs).sum());
        let l2: f64 = a.iter().zip(&b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
        prop_assert!((f64::from(dot(&a, &b)) - dot64).abs() <= 1e-5 * magnitude.max(1.0));
        prop_assert!((f64::from(l2_squared(&a, &b)) - l2).abs() <= 1e-5 * l2.max(1.0));
    }

    #[test]
    fn every_implementation_gives_the_same_bits((a, b) in pair()) {
        let halves: Vec<f16> = b.iter().map(|x| f16::from_f32(*x)).collect();
        let expected = on(Isa::Scalar, &a, &b, &halves);
        for isa in available() {
            prop_assert_eq!(on(isa, &a, &b, &halves), expected, "{}", isa.name());
        }
    }

    #[test]
    fn int8_sums_are_exact_everywhere(codes in prop::collection::vec((-127i8..=127, -127i8..=127), 0..(if cfg!(miri) { 96 } else { 1100 }))) {
        let (mut a, b): (Vec<i8>, Vec<i8>) = codes.into_iter().unzip();
        let expected: i64 = a.iter().zip(&b).map(|(x, y)| i64::from(*x) * i64::from(*y)).sum();
        let n = a.len().next_multiple_of(32);
        let mut row: Vec<u8> = b.iter().map(|c| (*c as u8) ^ 0x80).collect();
        row.resize(n, 0);
        a.resize(n, 0);
        let magnitudes: Vec<u8> = a.iter().map(|c| c.unsigned_abs()).collect();
        for isa in available() {
            prop_assert_eq!(i64::from(dot_i8_on(isa, &a, &magnitudes, &row)), expected, "{}", isa.name());
        }
    }

    #[test]
    fn a_batch_of_rows_is_its_rows(dim in 1usize..300, rows in 1usize..40, seed in any::<u32>(), euclidean: bool) {
        let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 1e7 - 0.8;
        let vector = |r: usize| (0..dim).map(|i| value(r * 1000 + i)).collect::<Vec<f32>>();
        let codes = Arena::new(int8_row_bytes(dim), 3);
        let floats = Arena::new(dim * 4, 0);
        let signs = Arena::new(bit_row_bytes(dim), 1);
        for r in 0..rows {
            let v = vector(r);
            codes.push(|row| Int8Query::new(&v, euclidean).write_row(dim, row)).unwrap();
            floats.push(|row| row.copy_from_slice(&v.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<u8>>())).unwrap();
            signs.push(|row| BitQuery::write_row(&v, row)).unwrap();
        }
        let query = vector(77);
        let ids: Vec<u32> = (0..rows as u32).rev().collect();
        let mut out = vec![0.0; rows];
        let int8 = Int8Query::new(&query, euclidean);
        int8.distances(&codes, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, int8.distance_to(codes.data(id)));
            let stored = Int8Query::of_row(codes.data(id), dim, euclidean);
            prop_assert_eq!(&stored, &Int8Query::new(&vector(id as usize), euclidean));
        }
        dot_rows(&query, &floats, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, dot(&query, &vector(id as usize)));
        }
        let bits = BitQuery::new(&query, euclidean);
        bits.distances(&signs, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, bits.distance_to(signs.data(id)));
        }
    }

    #[test]
    fn a_decoded_component_is_within_half_a_step(v in prop::collection::vec(-50.0f32..50.0, 1..(if cfg!(miri) { 40 } else { 400 }))) {
        let mut row = vec![0u8; int8_row_bytes(v.len())];
        Int8Query::new(&v, false).write_row(v.len(), &mut row);
        let step = v.iter().fold(0.0f32, |m, x| m.max(x.abs())) / 127.0;
        for (x, decoded) in v.iter().zip(decode_int8_row(&row, v.len())) {
            prop_assert!((x - decoded).abs() <= step * 0.5001 + 1e-6);
        }
    }

    #[test]
    fn a_normalized_vector_has_unit_length(mut v in prop::collection::vec(-100.0f32..100.0, 1..300)) {
        prop_assume!(v.iter().any(|x| x.abs() > 1e-3));
        prop_assert!(normalize(&mut v));
        prop_assert!((dot(&v, &v) - 1.0).abs() < 1e-5);
    }
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn the_largest_dimension_does_not_overflow_int8() {
    let v = vec![-1.0f32; 65_536];
    let mut row = vec![0u8; int8_row_bytes(v.len())];
    let query = Int8Query::new(&v, false);
    query.write_row(v.len(), &mut row);
    assert!((query.distance_to(&row) + 65_536.0).abs() < 0.1);
    let against: Vec<f32> = v.iter().map(|x| -x).collect();
    assert!((Int8Query::new(&against, false).distance_to(&row) - 65_536.0).abs() < 0.1);
}

#[test]
fn sign_bits_rank_by_angle() {
    let dim = 96;
    let v: Vec<f32> = (0..dim).map(|i| ((i * 37 % 19) as f32) - 9.0).collect();
    let half: Vec<f32> = v.iter().enumerate().map(|(i, x)| if i % 4 == 0 { -x } else { *x }).collect();
    let against: Vec<f32> = v.iter().map(|x| -x).collect();
    let query = BitQuery::new(&v, false);
    let distances = [&v, &half, &against].map(|v| {
        let mut row = vec![0u8; bit_row_bytes(dim)];
        BitQuery::write_row(v, &mut row);
        query.distance_to(&row)
    });
    assert!(distances.is_sorted(), "{distances:?}");
}

#[test]
fn a_zero_vector_is_not_normalized() {
    let mut zero = [0.0f32; 8];
    assert!(!normalize(&mut zero));
    let mut huge = [f32::INFINITY; 2];
    assert!(!normalize(&mut huge));
}
