//! Decoding a graph takes memory in proportion to its bytes, whatever they say. A test of its own, because it counts the
//! allocations of the whole process.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use vectron_hnsw::{Config, Graph, Metric, Quantization};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated for each byte of input, and a constant for the empty structures.
const PER_BYTE: usize = 16;
const CONSTANT: usize = 64 << 10;

fn allocated_by(config: Config, bytes: &[u8]) -> usize {
    let region = Region::new(ALLOCATOR);
    let _ = Graph::from_bytes(config, None, bytes);
    region.change().bytes_allocated
}

#[test]
fn sizes_that_lie_allocate_little() {
    for quantization in [Quantization::Int8, Quantization::Float, Quantization::Product] {
        let config = Config { dim: 16, metric: Metric::Dot, m: 8, ef_construction: 16, quantization };
        let mut random = 88_172_645_463_325_252u64;
        for round in 0..20_000usize {
            let mut bytes = vec![0u8; round % 300];
            for byte in &mut bytes {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Large numbers where counts and lengths are.
                *byte = if random.is_multiple_of(3) { 0xff } else { (random >> 32) as u8 };
            }
            let taken = allocated_by(config, &bytes);
            assert!(taken <= bytes.len() * PER_BYTE + CONSTANT, "{taken} bytes for {}", bytes.len());
        }
    }
}
