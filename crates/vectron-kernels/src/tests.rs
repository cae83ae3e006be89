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

fn dot_i8_on(isa: Isa, query: &[i8], row: &[u8]) -> i32 {
    let bias = 128 * query.iter().map(|c| i32::from(*c)).sum::<i32>();
    // SAFETY: only called for available implementations, with slices of one length, a multiple of 32.
    unsafe {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::dot_i8(query, row, bias),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::dot_i8(query, row, bias),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::dot_i8(query, row, bias),
            _ => scalar::dot_i8(query, row, bias),
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
        for isa in available() {
            prop_assert_eq!(i64::from(dot_i8_on(isa, &a, &row)), expected, "{}", isa.name());
        }
    }

    #[test]
    fn a_batch_of_rows_is_its_rows(dim in 1usize..300, rows in 1usize..40, seed in any::<u32>(), euclidean: bool) {
        let value = |i: usize| ((i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 8) as f32 / 1e7 - 0.8;
        let vector = |r: usize| (0..dim).map(|i| value(r * 1000 + i)).collect::<Vec<f32>>();
        let kind = if euclidean { Distance::Euclidean } else { Distance::Dot };
        let (int8, binary) = (Int8Codec::new(vector(55), kind), BitCodec::new(vector(55), euclidean));
        let codes = Arena::new(int8.row_bytes(), 3);
        let floats = Arena::new(dim * 4, 0);
        let signs = Arena::new(binary.row_bytes(), 1);
        for r in 0..rows {
            let v = vector(r);
            codes.push(|row| int8.write_row(&int8.query(&v), row)).unwrap();
            floats.push(|row| row.copy_from_slice(&v.iter().flat_map(|x| x.to_ne_bytes()).collect::<Vec<u8>>())).unwrap();
            signs.push(|row| binary.write_row(&v, row)).unwrap();
        }
        let query = vector(77);
        let ids: Vec<u32> = (0..rows as u32).rev().collect();
        let mut out = vec![0.0; rows];
        let coded = int8.query(&query);
        coded.distances(&codes, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, coded.distance_to(codes.data(id)));
            let (stored, made) = (int8.query_of(codes.data(id)), int8.query(&vector(id as usize)));
            for &other in &ids {
                prop_assert_eq!(stored.distance_to(codes.data(other)), made.distance_to(codes.data(other)));
            }
        }
        dot_rows(&query, &floats, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, dot(&query, &vector(id as usize)));
        }
        let bits = binary.query(&query);
        bits.distances(&signs, &ids, &mut out);
        for (&id, got) in ids.iter().zip(&out) {
            prop_assert_eq!(*got, bits.distance_to(signs.data(id)));
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
    let codec = Int8Codec::new(vec![0.0; v.len()], Distance::Dot);
    let mut row = vec![0u8; codec.row_bytes()];
    let query = codec.query(&v);
    codec.write_row(&query, &mut row);
    assert!((query.distance_to(&row) + 65_536.0).abs() < 0.1);
    let against: Vec<f32> = v.iter().map(|x| -x).collect();
    assert!((codec.query(&against).distance_to(&row) - 65_536.0).abs() < 0.1);
}

#[test]
fn sign_bits_rank_by_angle() {
    let dim = 96;
    let v: Vec<f32> = (0..dim).map(|i| ((i * 37 % 19) as f32) - 9.0).collect();
    let half: Vec<f32> = v.iter().enumerate().map(|(i, x)| if i % 4 == 0 { -x } else { *x }).collect();
    let against: Vec<f32> = v.iter().map(|x| -x).collect();
    let codec = BitCodec::new(vec![0.0; dim], false);
    let query = codec.query(&v);
    let distances = [&v, &half, &against].map(|v| {
        let mut row = vec![0u8; codec.row_bytes()];
        codec.write_row(v, &mut row);
        query.distance_to(&row)
    });
    assert!(distances.is_sorted(), "{distances:?}");
}

/// Numbers of a standard normal distribution, the same on every run.
struct Normal(u64);

impl Normal {
    fn next(&mut self) -> f32 {
        let mut uniform = || {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u32 << 24) as f32
        };
        (0..12).map(|_| uniform()).sum::<f32>() - 6.0
    }

    fn vector(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| self.next()).collect()
    }
}

/// Pairs of a query and a vector: far apart, close, very close, off centre, one-hot, with a column of another scale.
fn pairs(random: &mut Normal, dim: usize, kind: usize) -> (Vec<f32>, Vec<f32>) {
    let centre = Normal(3).vector(dim);
    let moved = |v: &[f32], noise: Vec<f32>, by: f32| {
        v.iter().zip(noise).map(|(x, n)| x + by * n).collect::<Vec<f32>>()
    };
    let at = random.vector(dim);
    match kind {
        0 => (random.vector(dim), at),
        1 => (moved(&at, random.vector(dim), 0.1), at),
        2 => (moved(&at, random.vector(dim), 0.003), at),
        3 => {
            let far: Vec<f32> = centre.iter().map(|x| 30.0 * x + 100.0).collect();
            (moved(&far, random.vector(dim), 1.0), moved(&far, at, 1.0))
        }
        4 => {
            let hot = |at: f32| {
                (0..dim)
                    .map(|i| if i == (at.abs() * 1e4) as usize % dim { 1.0 } else { 0.0 })
                    .collect::<Vec<f32>>()
            };
            (hot(random.next()), hot(random.next()))
        }
        6 => {
            let longer = 10f32.powf(random.next());
            (at.iter().map(|x| x * 0.01).collect(), moved(&vec![0.0; dim], random.vector(dim), longer))
        }
        _ => {
            let scaled = |mut v: Vec<f32>| {
                v[0] *= 1000.0;
                v
            };
            (scaled(random.vector(dim)), scaled(at))
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn a_deviation_says_how_far_a_distance_of_codes_is_off() {
    for (dim, form, kind) in [3, 32, 100, 384]
        .into_iter()
        .flat_map(|dim| [Distance::Euclidean, Distance::Cosine, Distance::Dot].map(|form| (dim, form)))
        .flat_map(|(dim, form)| (0..7).map(move |kind| (dim, form, kind)))
    {
        // Lengths that differ are those of inner products.
        if kind == 6 && form != Distance::Dot {
            continue;
        }
        let euclidean = form == Distance::Euclidean;
        let mut random = Normal(17 + dim as u64);
        let some: Vec<Vec<f32>> = (0..64).map(|_| pairs(&mut random, dim, kind).1).collect();
        let mean = (0..dim).map(|i| some.iter().map(|v| v[i]).sum::<f32>() / 64.0).collect::<Vec<f32>>();
        let (int8, binary) = (Int8Codec::new(mean.clone(), form), BitCodec::new(mean, euclidean));
        let mut worst = [0.0f64; 2];
        for _ in 0..400 {
            let (q, x) = pairs(&mut random, dim, kind);
            let terms = q.iter().zip(&x).map(|(a, b)| (f64::from(*a), f64::from(*b)));
            let truth: f64 = terms.map(|(a, b)| if euclidean { (a - b) * (a - b) } else { -a * b }).sum();
            let mut row = vec![0u8; int8.row_bytes()];
            int8.write_row(&int8.query(&x), &mut row);
            let query = int8.query(&q);
            let coded = query.distance_to(&row);
            let off = (f64::from(coded) - truth) / f64::from(query.deviation(&row, coded)).max(1e-30);
            let mut row = vec![0u8; binary.row_bytes()];
            binary.write_row(&x, &mut row);
            let query = binary.query(&q);
            let coded = query.distance_to(&row);
            let bits = (f64::from(coded) - truth) / f64::from(query.deviation(&row, coded)).max(1e-30);
            worst[0] += off * off / 400.0;
            worst[1] += bits * bits / 400.0;
        }
        assert!(worst[0] < 2.0 && worst[1] < 3.0, "dim {dim}, {form:?}, kind {kind}: {worst:?}");
    }
}

#[test]
fn a_zero_vector_is_not_normalized() {
    let mut zero = [0.0f32; 8];
    assert!(!normalize(&mut zero));
    let mut huge = [f32::INFINITY; 2];
    assert!(!normalize(&mut huge));
}
