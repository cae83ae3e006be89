//! Distance kernels over rows in random order, with the physical limit beside them: `read` only adds up the words of
//! the same rows. Footprints are those of the second cache, the third and memory on common servers. Throughput is in
//! bytes of rows.
//!
//! `cargo bench -p vectron-kernels --target-dir <somewhere>`

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use vectron_kernels::*;

const DIM: usize = 384;
/// Rows of one call, as a graph walk has them.
const CALL: usize = 24;

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn vector(state: &mut u64) -> Vec<f32> {
    (0..DIM).map(|_| (random(state) >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
}

fn rows(row_bytes: usize, footprint: usize, fill: impl Fn(&[f32], &mut [u8])) -> Arena {
    let arena = Arena::new(row_bytes, 0);
    let mut state = 42;
    let pool: Vec<Vec<f32>> = (0..64).map(|_| vector(&mut state)).collect();
    for i in 0..footprint / arena.stride() {
        arena.push(|row| fill(&pool[i % pool.len()], row)).expect("memory for the rows");
    }
    arena
}

/// The sum of a row's words: what reading it costs at least.
fn read(rows: &Arena, ids: &[u32]) -> u64 {
    let words = |id: &u32| rows.data(*id).as_chunks::<8>().0.iter();
    ids.iter().flat_map(words).fold(0, |sum, word| sum ^ u64::from_le_bytes(*word))
}

fn bench(criterion: &mut Criterion) {
    let mut state = 7;
    let query = vector(&mut state);
    let float_row = |v: &[f32], row: &mut [u8]| {
        row.as_chunks_mut::<4>().0.iter_mut().zip(v).for_each(|(to, x)| *to = x.to_ne_bytes());
    };
    let half_row = |v: &[f32], row: &mut [u8]| {
        row.as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(v)
            .for_each(|(to, x)| *to = f16::from_f32(*x).to_ne_bytes());
    };
    let (int8, bits) =
        (Int8Codec::new(vec![0.0; DIM], Distance::Cosine), BitCodec::new(vec![0.0; DIM], false));
    for (place, footprint) in [("L2", 1 << 20), ("L3", 16 << 20), ("memory", 1 << 30)] {
        let sets = [
            ("f32", rows(DIM * 4, footprint, float_row)),
            ("f16", rows(DIM * 2, footprint, half_row)),
            ("int8", rows(int8.row_bytes(), footprint, |v, row| int8.write_row(&int8.query(v), row))),
            ("bits", rows(bits.row_bytes(), footprint, |v, row| bits.write_row(v, row))),
        ];
        for (name, rows) in &sets {
            let mut group = criterion.benchmark_group(format!("{place}/{name}"));
            group.throughput(Throughput::Bytes((rows.data_bytes() * CALL) as u64));
            group.sample_size(40).measurement_time(std::time::Duration::from_millis(800));
            let mut out = [0.0; CALL];
            let next = |state: &mut u64| -> [u32; CALL] {
                std::array::from_fn(|_| (random(state) % u64::from(rows.len())) as u32)
            };
            group.bench_function("read", |b| b.iter(|| black_box(read(rows, &next(&mut state)))));
            for isa in Isa::ALL {
                if !use_isa(isa) {
                    eprintln!("{place}/{name}: {} is not available here", isa.name());
                    continue;
                }
                let int8 = int8.query(&query);
                let bits = bits.query(&query);
                group.bench_function(BenchmarkId::from_parameter(isa.name()), |b| {
                    b.iter(|| {
                        let ids = next(&mut state);
                        match *name {
                            "f32" => dot_rows(&query, rows, &ids, &mut out),
                            "f16" => dot_f16_rows(&query, rows, &ids, &mut out),
                            "int8" => int8.distances(rows, &ids, &mut out),
                            _ => bits.distances(rows, &ids, &mut out),
                        }
                        black_box(out[0])
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
