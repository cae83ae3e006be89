//! The ways to search whose recall is measured, and the figures of each.

use super::{Effort, Estimate, Work};
use crate::generation::Generation;
use std::sync::Arc;

/// k values that are measured, each with searches for just so many.
pub const KS: [usize; 3] = [1, 10, 100];

/// Levels of a walk with the distance-adaptive stop, by growing work: slack, and the most nodes kept. The cap is far above what
/// the slack keeps of most data: where points are so close that codes do not tell them apart, all of them are to be kept.
const LEVELS: [(f32, usize); 14] = [
    (0.0, 1024),
    (0.01, 1024),
    (0.02, 1024),
    (0.03, 1024),
    (0.045, 1024),
    (0.065, 1024),
    (0.09, 1024),
    (0.13, 1024),
    (0.18, 1024),
    (0.25, 1024),
    (0.35, 1024),
    (0.5, 1536),
    (0.8, 2048),
    (1.2, 4096),
];

/// Slack of a search that asks for neither an ef nor a recall, and the most it keeps: the level that found 0.99 and more of the
/// nearest on real text.
const DEFAULT: (f32, usize) = (0.09, 1024);

/// What such a search does. It depends on no measurement, so that replicas answer alike.
pub fn default_effort(k: usize) -> Effort {
    by_slack(k, DEFAULT.0, DEFAULT.1.max(4 * k))
}

/// The walk that an `ef` asks for.
pub fn by_ef(k: usize, ef: usize) -> Effort {
    Effort { slack: f32::INFINITY, ef: ef.max(k) }
}

/// What such a search with a filter does: its way is chosen by ef.
pub fn default_filtered(k: usize) -> Effort {
    by_ef(k, (2 * k).max(100))
}

/// An adaptive walk that keeps at most `cap` nodes; 0: as many as the level of that slack.
pub fn by_slack(k: usize, slack: f32, cap: usize) -> Effort {
    let level = LEVELS.iter().find(|(of, _)| *of >= slack).unwrap_or(&LEVELS[LEVELS.len() - 1]);
    let cap = if cap > 0 { cap } else { level.1.max(4 * k) };
    Effort { slack, ef: cap.max(k) }
}

/// The levels for `k` results, least work first.
pub fn levels(k: usize) -> impl Iterator<Item = Effort> {
    LEVELS.into_iter().map(move |(slack, cap)| Effort { slack, ef: cap.max(4 * k) })
}

/// The measured efs for `k` results, least first; that of a search with a filter that asks for nothing is among them.
pub fn efs(k: usize) -> impl Iterator<Item = Effort> {
    let default = default_filtered(k).ef;
    let powers = (0..12).map(|power| 1usize << power).filter(move |ef| *ef > k && *ef != default);
    let mut all: Vec<usize> = std::iter::once(k).chain(powers).chain([default]).collect();
    all.sort_unstable();
    all.into_iter().map(move |ef| by_ef(k, ef))
}

/// So many times the points that made queries miss are missed by real ones, at most, where a recall of 0.9 and more is asked for
/// (measured on text, and written down in ADR 36).
const REAL_MISSES: f32 = 1.25;

/// What a way to search was measured to find and to cost.
#[derive(Debug, Clone, Copy)]
pub struct Stat {
    pub estimate: Estimate,
    /// The mean less one standard error: recall is at least this in five of six cases.
    pub sure: f32,
    /// Distances that a search computes on average.
    pub distances: f32,
}

impl Stat {
    pub const EXACT: Self = Self { estimate: Estimate::EXACT, sure: 1.0, distances: 0.0 };

    /// Of the recalls of independent queries for `k` results. One more query that missed one of its results is taken into account
    /// for the errors, so that they are never zero: for a sample that found everything the interval ends at about `1 - 3 / (n k)`,
    /// the rule of three.
    pub fn of(recalls: &[f32], k: usize, distances: f32) -> Self {
        let count = recalls.len().max(1) as f32;
        let mean = recalls.iter().sum::<f32>() / count;
        let missed = 1.0 - 1.0 / k as f32;
        let centre = (mean * count + missed) / (count + 1.0);
        let squares: f32 = recalls.iter().map(|recall| (recall - centre).powi(2)).sum();
        let variance = (squares + (missed - centre).powi(2)) / (count + 1.0);
        let error = (variance / (count + 1.0)).sqrt();
        let low = (centre - 1.96 * error).clamp(0.0, mean);
        let high = (centre + 1.96 * error).clamp(mean, 1.0);
        let high = if mean >= 1.0 { 1.0 } else { high };
        Self { estimate: Estimate { mean, low, high }, sure: (centre - error).clamp(0.0, 1.0), distances }
    }

    /// Taking into account how one family of made queries fares: users may ask all of theirs like it.
    pub fn with_family(mut self, family: Self) -> Self {
        self.estimate.low = self.estimate.low.min(family.estimate.low);
        self.estimate.high = self.estimate.high.max(family.estimate.high);
        self.sure = self.sure.min(1.0 - (1.0 - family.estimate.mean) * REAL_MISSES);
        self
    }

    /// Half the width of the interval, of a mean that is known less well than it looks when all were found.
    pub fn error(&self) -> f32 {
        (self.estimate.high - self.estimate.low) / 2.0
    }

    fn lower(self, other: Self) -> Self {
        if other.estimate.mean < self.estimate.mean { other } else { self }
    }

    /// Between two, `share` of the way to `other`.
    fn towards(self, other: Self, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        let (a, b) = (self.estimate, other.estimate);
        let estimate =
            Estimate { mean: mix(a.mean, b.mean), low: mix(a.low, b.low), high: mix(a.high, b.high) };
        let distances = mix(self.distances, other.distances);
        Self { estimate, sure: mix(self.sure, other.sure), distances }
    }
}

/// What was measured for one k.
#[derive(Debug, Default)]
pub struct Table {
    pub k: usize,
    /// Rising within each kind of work.
    pub steps: Vec<(Work, Stat)>,
}

impl Table {
    fn at(&self, work: Work) -> Option<Stat> {
        match work {
            Work::Exact => Some(Stat::EXACT),
            Work::Codes => self.steps.iter().find(|(of, _)| *of == Work::Codes).map(|(_, stat)| *stat),
            Work::Walk(effort) if effort.slack.is_finite() => self.at_slack(effort.slack),
            Work::Walk(effort) => self.at_ef(effort.ef),
        }
    }

    /// Of the greatest level up to the slack. Levels beyond the first that found everything are not measured.
    fn at_slack(&self, slack: f32) -> Option<Stat> {
        let walks = self.steps.iter().filter_map(|(work, stat)| match work {
            Work::Walk(effort) if effort.slack <= slack => Some((effort.slack, *stat)),
            _ => None,
        });
        walks.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, stat)| stat)
    }

    /// Between the neighbours, by the logarithm of ef: recall rises less and less, so that the line between two lies below it.
    fn at_ef(&self, ef: usize) -> Option<Stat> {
        let mut below = None;
        for (work, stat) in &self.steps {
            let Work::Walk(Effort { slack: f32::INFINITY, ef: measured }) = *work else { continue };
            if measured >= ef {
                let Some((from, lower)) = below.filter(|_| measured > ef) else { return Some(*stat) };
                let log = |ef: usize| (ef as f32).ln();
                let share = (log(ef) - log(from)) / (log(measured) - log(from));
                return Some(Stat::towards(lower, *stat, share));
            }
            below = Some((measured, *stat));
        }
        below.map(|(_, stat)| stat)
    }
}

/// What was measured where a share of the points pass.
#[derive(Debug)]
pub struct Band {
    /// Of the live points; 1: all.
    pub share: f32,
    /// Of one filter that was asked for; `None`: what passes has nothing to do with the vectors.
    pub filter: Option<Arc<[u8]>>,
    /// One for each of [`KS`], rising.
    pub tables: Vec<Table>,
}

impl Band {
    /// Between two measured k, what is found with the one that finds less. By ef: at the same ef for each result.
    fn at(&self, k: usize, work: Work) -> Option<Stat> {
        let above = self.tables.iter().find(|table| table.k >= k);
        let below = self.tables.iter().rev().find(|table| table.k <= k);
        let scaled = |table: &Table| match work {
            Work::Walk(effort) if effort.slack.is_infinite() => {
                let ef = effort.ef as f64 * table.k as f64 / k as f64;
                table.at(Work::Walk(by_ef(table.k, ef as usize)))
            }
            other => table.at(other),
        };
        either(above.and_then(scaled), below.and_then(scaled))
    }
}

fn either(a: Option<Stat>, b: Option<Stat>) -> Option<Stat> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.lower(b)),
        (a, b) => a.or(b),
    }
}

/// The points that may be found.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Slots ever made, live points, and those of them that pass.
    pub made: u64,
    pub live: u64,
    pub matching: u64,
    /// What the filter is known by; `None`: there is none.
    pub filter: Option<&'a [u8]>,
}

impl Scope<'_> {
    /// All that live.
    pub fn all(generation: &Generation) -> Self {
        let live = generation.live();
        Self { made: generation.made(), live, matching: live, filter: None }
    }

    fn share(&self) -> f32 {
        (self.matching as f64 / self.live.max(1) as f64) as f32
    }
}

/// Figures of one state of the points.
#[derive(Debug)]
pub struct Measured {
    /// Of random filters by falling share, beginning with no filter; then those of filters that were asked for.
    pub bands: Vec<Band>,
    /// Slots that were ever made, and live points, by then.
    pub made: u64,
    pub live: u64,
    /// Kinds of search that it was measured for.
    pub kinds: u32,
    /// Queries it was measured with, and how many of them had been asked.
    pub queries: usize,
    pub asked_queries: usize,
}

impl Measured {
    /// Of the filter itself where it was measured; else between those of the neighbouring shares.
    pub fn stat(&self, scope: &Scope<'_>, k: usize, work: Work) -> Option<Stat> {
        let Some(filter) = scope.filter else { return self.bands.first()?.at(k, work) };
        let own = self.bands.iter().find(|band| band.filter.as_deref() == Some(filter));
        if let Some(stat) = own.and_then(|band| band.at(k, work)) {
            return Some(stat);
        }
        let share = scope.share();
        let random = || self.bands.iter().filter(|band| band.filter.is_none());
        let at = |band: &Band| Some((band.share, band.at(k, work)?));
        let above = random().rev().find_map(|band| at(band).filter(|(of, _)| *of >= share));
        let below = random().filter(|band| band.share <= share).find_map(at);
        match (above, below) {
            // Between two by the logarithm of the share.
            (Some((most, above)), Some((least, below))) if most > least => {
                Some(above.towards(below, (most / share).ln() / (most / least).ln()))
            }
            (Some((_, stat)), _) | (_, Some((_, stat))) => Some(stat),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_one_family_of_made_queries_barely_satisfies_is_not_sure() {
        let of = |recall: f32| Stat::of(&[recall; 100], 10, 0.0);
        let asked = of(0.95).with_family(of(0.9));
        assert!(asked.sure < 0.9 && asked.estimate.mean >= 0.9, "{asked:?}");
        assert!(of(0.95).with_family(of(0.93)).sure >= 0.9);
    }
}
