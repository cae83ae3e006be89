//! Which rows the table has.

use crate::kinds::Kind;
use crate::random::Random;
use crate::row::Row;
use vectron_shard::{Metric, Quantization};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Euclidean, Metric::Dot];
const DIMS: [usize; 8] = [3, 16, 32, 64, 128, 384, 768, 1536];
/// Enough for the training of product codes.
const POINTS: usize = 5000;

fn row(kind: Kind, dim: usize, metric: Metric, quantization: Quantization) -> Row {
    match kind {
        Kind::Sample => Row { kind, dim: 384, count: 20_000, metric, quantization, then: None },
        _ => Row { kind, dim, count: POINTS, metric, quantization, then: None },
    }
}

/// The data changes to another kind.
fn shift(kind: Kind, then: Kind, dim: usize, metric: Metric, quantization: Quantization) -> Row {
    Row { then: Some(then), ..row(kind, dim, metric, quantization) }
}

/// Every kind, metric, quantisation and dimension at least once, in a few CPU minutes.
pub fn short() -> Vec<Row> {
    use Kind::*;
    use Metric::*;
    use Quantization::*;
    vec![
        row(Sample, 384, Cosine, Int8),
        row(Clusters(1.0), 128, Euclidean, Int8),
        row(Clusters(0.3), 32, Cosine, Half),
        row(Clusters(0.1), 64, Euclidean, Product),
        row(Clusters(0.03), 64, Cosine, Int8),
        row(Clusters(0.003), 16, Dot, Int8),
        row(NearDuplicates, 384, Cosine, Int8),
        row(NearDuplicates, 64, Euclidean, Float),
        row(NearDuplicates, 128, Cosine, Binary),
        row(Equal(1), 64, Cosine, Binary),
        row(Equal(10), 32, Euclidean, Float),
        row(Equal(50), 32, Cosine, Int8),
        row(Equal(90), 16, Euclidean, Int8),
        row(OneHot, 384, Dot, Int8),
        row(OneHot, 3, Euclidean, Half),
        row(OffCentre, 128, Cosine, Binary),
        row(OffCentre, 1536, Euclidean, Int8),
        row(PowerLawNorms, 64, Dot, Int8),
        row(PowerLawNorms, 32, Euclidean, Product),
        row(UnlikeScales, 768, Cosine, Int8),
        row(UnlikeScales, 64, Dot, Binary),
        shift(Clusters(1.0), NearDuplicates, 64, Cosine, Int8),
        shift(NearDuplicates, Clusters(1.0), 32, Euclidean, Binary),
    ]
}

/// Every kind with every metric and quantisation; each has dimensions of its own, by the seed.
pub fn long(seed: u64) -> Vec<Row> {
    let mut random = Random::new(seed, "dimensions");
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for metric in METRICS {
            for quantization in Quantization::ALL {
                rows.push(row(kind, DIMS[random.below(DIMS.len())], metric, quantization));
            }
        }
    }
    for quantization in Quantization::ALL {
        let (metric, dim) = (METRICS[random.below(METRICS.len())], DIMS[1 + random.below(DIMS.len() - 2)]);
        rows.push(shift(Kind::Clusters(1.0), Kind::NearDuplicates, dim, metric, quantization));
        rows.push(shift(Kind::NearDuplicates, Kind::OffCentre, dim, metric, quantization));
    }
    rows
}
