//! The same points make the same graph, byte for byte, and the same answers on every processor, instruction set, operating system and C
//! library: the digests below are compared wherever the tests run. A change of them is a change of what replicas of two versions build
//! of one log, and needs what `docs/adr/0009-one-answer-on-every-cpu.md` asks for.
//!
//! With `--nocapture` the test prints the digests; `scripts/release/cross.mjs` reads the last line, which stands for all of them.

use vectron_hnsw::{Config, Graph, Metric, Quantization, SearchOptions, SearchStats, level_from_hash};
use vectron_kernels::Isa;

/// Components of a vector: two sums of 32 lanes and a rest, so that every kernel has a tail.
const DIM: usize = 70;
const POINTS: usize = 400;
const QUERIES: usize = 20;

/// Of each metric, in the order of `Quantization::ALL`.
const EXPECTED: [(Metric, [u64; 5]); 3] = [
    (
        Metric::Cosine,
        [
            0xc00b_307a_097e_134c,
            0xd3b5_29a5_187f_8f3c,
            0x0996_fb7d_1a9b_9eac,
            0x4d09_22f6_63a9_674f,
            0x2a23_c167_5be1_cf56,
        ],
    ),
    (
        Metric::Euclidean,
        [
            0x62d5_88d0_63b0_ecc1,
            0xf38d_270a_bee3_ba17,
            0x7b17_c4bf_d284_8362,
            0xe704_597b_15b8_b825,
            0x68cb_6d38_65ea_afb8,
        ],
    ),
    (
        Metric::Dot,
        [
            0xa008_25a2_b7d9_2bb0,
            0x2b4e_4733_0783_67ce,
            0xa439_6f7f_9567_10a6,
            0xf0c9_41bf_054d_b734,
            0xb7fa_5752_0c44_2da3,
        ],
    ),
];

/// FNV-1a with 64 bits, of all bytes it was given.
struct Digest(u64);

impl Digest {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// xorshift64*: the same numbers on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Components in -1.0..1.0; of length 1 for cosine, which graphs want normalised.
    fn vector(&mut self, metric: Metric) -> Vec<f32> {
        let mut vector: Vec<f32> =
            (0..DIM).map(|_| (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect();
        if metric == Metric::Cosine {
            vectron_kernels::normalize(&mut vector);
        }
        vector
    }
}

/// The digest of a graph's bytes, and of ids and distances of its answers.
fn digest_of(metric: Metric, quantization: Quantization) -> u64 {
    let config = Config { dim: DIM, metric, m: 8, ef_construction: 60, quantization };
    let mut random = Random(2018);
    let points: Vec<Vec<f32>> = (0..POINTS).map(|_| random.vector(metric)).collect();
    let graph = match quantization {
        Quantization::Float => Graph::new(config),
        _ => Graph::trained(config, |at| &points[at], points.len()),
    };
    for point in &points {
        graph.insert(point, level_from_hash(random.next(), config.m)).expect("there is memory");
    }
    let mut digest = Digest::new();
    digest.add(&graph.to_bytes());
    let options = SearchOptions { ef: 30, k: 10, ..Default::default() };
    for _ in 0..QUERIES {
        let query = graph.query(&random.vector(metric));
        for (distance, node) in graph.search(&query, &options, &mut SearchStats::default()) {
            digest.add(&distance.to_bits().to_le_bytes());
            digest.add(&node.to_le_bytes());
        }
    }
    digest.0
}

#[test]
#[cfg_attr(miri, ignore = "large")]
fn a_graph_of_the_same_points_has_the_same_digest_everywhere() {
    let (there, missing): (Vec<Isa>, Vec<Isa>) = Isa::ALL.into_iter().partition(|isa| isa.is_available());
    for isa in missing {
        println!("skipped: {} is not available here", isa.name());
    }
    // The fastest first: in an emulator the others take a while.
    for isa in there.into_iter().rev() {
        assert!(vectron_kernels::use_isa(isa));
        let mut all = Digest::new();
        let found = EXPECTED.map(|(metric, _)| {
            let digests = Quantization::ALL.map(|quantization| digest_of(metric, quantization));
            for (quantization, digest) in Quantization::ALL.iter().zip(digests) {
                println!("graph digest, {}: {metric:?} {}: {digest:016x}", isa.name(), quantization.name());
                all.add(&digest.to_le_bytes());
            }
            (metric, digests)
        });
        println!("graph digest, {}: all: {:016x}", isa.name(), all.0);
        assert_eq!(found, EXPECTED, "{}", isa.name());
    }
}
