//! Histograms of durations, as Prometheus reads them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds; longer durations count in `count` alone.
const BOUNDS_US: [u64; 13] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Counts durations. Threads may add to it and read it at any time.
#[derive(Debug, Default)]
pub struct Durations {
    /// Of each bound, without those of the bounds before.
    buckets: [AtomicU64; BOUNDS_US.len()],
    longer: AtomicU64,
    nanoseconds: AtomicU64,
}

/// What was counted up to one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Upper bound in seconds, inclusive, and how many durations were at most that long; ascending.
    pub buckets: Vec<(f64, u64)>,
    /// How many durations were counted, those longer than every bound included.
    pub count: u64,
    /// The sum of all durations that were counted, in seconds.
    pub seconds: f64,
}

impl Durations {
    pub fn add(&self, took: Duration) {
        let us = took.as_micros().min(u128::from(u64::MAX)) as u64;
        let at = BOUNDS_US.partition_point(|&bound| bound < us);
        self.buckets.get(at).unwrap_or(&self.longer).fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(took.as_nanos().min(u128::from(u64::MAX)) as u64, Ordering::Relaxed);
    }

    pub fn read(&self) -> Histogram {
        let mut count = 0;
        let buckets = BOUNDS_US.iter().zip(&self.buckets).map(|(&us, one)| {
            count += one.load(Ordering::Relaxed);
            (Duration::from_micros(us).as_secs_f64(), count)
        });
        let buckets = buckets.collect();
        Histogram {
            buckets,
            count: count + self.longer.load(Ordering::Relaxed),
            seconds: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_in_its_bucket_and_in_all_longer_ones() {
        let durations = Durations::default();
        let ms = Duration::from_millis;
        for took in [Duration::ZERO, ms(1), ms(1), Duration::from_micros(1_001), ms(5_000), ms(60_000)] {
            durations.add(took);
        }
        let Histogram { buckets, count, seconds } = durations.read();
        let up_to = |bound: f64| buckets.iter().find(|(one, _)| *one == bound).map(|(_, count)| *count);
        assert_eq!([0.0001, 0.0005, 0.001, 0.0025, 1.0, 5.0].map(up_to), [1, 1, 3, 4, 4, 5].map(Some));
        assert_eq!(count, 6);
        assert!((seconds - 65.003_001).abs() < 1e-9, "{seconds}");
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
    }
}
