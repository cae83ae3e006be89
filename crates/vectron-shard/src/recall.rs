//! Recall as a promise: a curve from ef to recall, measured by answering sampled queries exactly too.
//!
//! The sample is of queries that were asked lately; where there are few, mixtures of two stored vectors stand in: real
//! queries lie further from the points than points from each other, and estimates from the points themselves would
//! promise far too much. The curve is measured again as queries come in. The estimate is the mean less one standard error, so that a request for 0.95 is met rather than
//! scraped. The curve is of one shard; answers merged from several shards have at least the recall of the worst.

use crate::generation::{Generation, SlotId};
use crate::search::Nearest;
use crate::{Result, Shard};
use parking_lot::{Mutex, RwLock};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// ef values that are measured.
const EFS: [usize; 14] = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/// k values that are measured; another k uses the next greater one, or the greatest.
const KS: [usize; 3] = [1, 10, 100];
/// Queries a curve is measured with.
const SAMPLE: usize = 64;
/// One query in this many is kept, after the first ones.
const KEEP_ONE_IN: u64 = 16;
/// Points a shard needs before a curve says anything.
const MIN_POINTS: u64 = 1000;

/// How much a walk does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Nodes kept at most.
    pub ef: usize,
    /// The distance-adaptive stop; infinite: the walk ends by `ef` alone.
    pub slack: f32,
}

/// Recall to expect, with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub mean: f32,
    pub low: f32,
    pub high: f32,
}

impl Estimate {
    pub const EXACT: Self = Self { mean: 1.0, low: 1.0, high: 1.0 };
}

/// Recall by ef, for each of [`KS`]; rising with ef.
type Curve = [[f32; EFS.len()]; KS.len()];

#[derive(Default)]
pub struct RecallBook {
    asked: AtomicU64,
    queries: Mutex<VecDeque<Box<[f32]>>>,
    measured: RwLock<Option<Measured>>,
}

#[derive(Clone, Copy)]
struct Measured {
    curve: Curve,
    /// Log index and live points when it was measured, and queries asked by then.
    at: u64,
    live: u64,
    asked: u64,
}

fn row(k: usize) -> usize {
    KS.iter().position(|&measured| k <= measured).unwrap_or(KS.len() - 1)
}

impl RecallBook {
    /// Takes note of a query. Cheap, and never waits.
    pub fn offer(&self, query: &[f32]) {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        if (asked < SAMPLE as u64 || asked.is_multiple_of(KEEP_ONE_IN))
            && let Some(mut queries) = self.queries.try_lock()
        {
            queries.push_back(query.into());
            if queries.len() > SAMPLE {
                queries.pop_front();
            }
        }
    }

    /// Recall to expect of `ef`; `None` when nothing was measured.
    pub fn estimate(&self, k: usize, ef: usize) -> Option<Estimate> {
        let measured = self.measured.read();
        let at = EFS.iter().rposition(|&measured| measured <= ef).unwrap_or(0);
        let mean = measured.as_ref()?.curve[row(k)][at];
        Some(Estimate { mean, low: mean, high: mean })
    }

    /// The least ef whose recall is `wanted`, with that recall; the greatest measured one when none has it.
    pub fn pick(&self, k: usize, wanted: f32) -> Option<(usize, Estimate)> {
        let measured = self.measured.read();
        let curve = measured.as_ref()?.curve[row(k)];
        let at = curve.iter().position(|&recall| recall >= wanted).unwrap_or(EFS.len() - 1);
        // A k between two measured ones is searched with the room of the greater one.
        Some((EFS[at].max(k), Estimate { mean: curve[at], low: curve[at], high: curve[at] }))
    }
}

impl Shard {
    /// Whether the curve is missing or old: a fifth of the points changed, or four times as many queries came as it
    /// knows of.
    pub fn wants_measuring(&self) -> bool {
        let generation = self.generation.load();
        let live = generation.live();
        if live < MIN_POINTS || generation.tail_len() as u64 > live / 10 {
            return false;
        }
        self.recall.measured.read().as_ref().is_none_or(|measured| {
            let asked = self.recall.asked.load(Ordering::Relaxed);
            live.abs_diff(measured.live) > live / 5
                || generation.applied() - measured.at > live / 5
                || asked >= (SAMPLE as u64).max(4 * measured.asked)
        })
    }

    /// Measures the curve anew. Costs about 64 exact searches and a thousand approximate ones; takes no lock that a
    /// search or a write wants.
    pub fn measure_recall(&self) -> Result<()> {
        let generation = self.generation.load_full();
        let asked = self.recall.asked.load(Ordering::Relaxed);
        let sample = self.sample(&generation);
        let mut recalls = vec![[[0.0f32; EFS.len()]; KS.len()]; sample.len()];
        for (query, recalls) in sample.iter().zip(&mut recalls) {
            let most = KS[KS.len() - 1];
            let truth = self.ids(query, &Nearest { exact: true, ..Nearest::new(most) })?;
            for (at, ef) in EFS.into_iter().enumerate() {
                let got = self.ids(query, &Nearest { ef, ..Nearest::new(ef.min(most)) })?;
                for (recalls, k) in recalls.iter_mut().zip(KS) {
                    let truth: HashSet<&Arc<str>> = truth.iter().take(k).collect();
                    let hits = got.iter().take(k).filter(|id| truth.contains(id)).count();
                    recalls[at] = hits as f32 / truth.len().max(1) as f32;
                }
            }
        }
        let mut curve = Curve::default();
        for (k, row) in curve.iter_mut().enumerate() {
            let mut best = 0.0f32;
            for (at, recall) in row.iter_mut().enumerate() {
                best = best.max(lower_bound(recalls.iter().map(|recalls| recalls[k][at])));
                *recall = best;
            }
        }
        let (at, live) = (generation.applied(), generation.live());
        *self.recall.measured.write() = Some(Measured { curve, at, live, asked });
        Ok(())
    }

    fn ids(&self, query: &[f32], nearest: &Nearest) -> Result<Vec<Arc<str>>> {
        let found = self.measured(query, nearest)?;
        Ok(found.hits.into_iter().map(|(_, slot)| Arc::clone(&slot.id)).collect())
    }

    fn sample(&self, generation: &Generation) -> Vec<Vec<f32>> {
        let mut sample: Vec<Vec<f32>> =
            self.recall.queries.lock().iter().map(|query| query.to_vec()).collect();
        let slots = generation.published();
        let step = (slots / (2 * SAMPLE as SlotId)).max(1);
        let stored = |slot: SlotId| {
            let live = generation.slot(slot).is_live();
            generation.vectors.get(slot).filter(|_| live)
        };
        for slot in (0..slots).step_by(step as usize) {
            if sample.len() >= SAMPLE {
                break;
            }
            // The other half of the slots, so that the two have nothing to do with each other.
            if let (Some(a), Some(b)) = (stored(slot), stored((slot + slots / 2) % slots)) {
                let mut mixed: Vec<f32> = a.iter().zip(b.iter()).map(|(a, b)| 0.6 * a + 0.4 * b).collect();
                if self.prepare(&mut mixed).is_ok() {
                    sample.push(mixed);
                }
            }
        }
        sample
    }
}

/// Mean less one standard error.
fn lower_bound(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f32>() / count;
    (mean - (variance / count).sqrt()).clamp(0.0, 1.0)
}
