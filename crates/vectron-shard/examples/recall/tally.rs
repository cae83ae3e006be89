//! What the answers of one cell reached and said, and whether that is true.

use crate::asks::Ask;
use crate::filters::Share;
use crate::queries::Origin;
use std::collections::BTreeMap;
use vectron_shard::Found;

/// How far the recall reached may be below what was asked.
const BELOW_ASKED: f64 = 0.01;
/// How far the recall said may be from what was reached.
const OFF: f64 = 0.02;

/// A deviation of so many standard errors is no accident: one in 30,000 of a normal distribution is further.
const CLEAR: f64 = 4.0;

#[derive(Default)]
struct Mean {
    sum: f64,
    squares: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
        self.count += 1;
    }

    fn get(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Standard error of the mean, by the variance of the values.
    fn error(&self) -> f64 {
        let count = self.count.max(1) as f64;
        let mean = self.sum / count;
        ((self.squares / count - mean * mean).max(0.0) / count).sqrt()
    }
}

/// Means over the queries of one cell.
#[derive(Default)]
pub struct Tally {
    reached: Mean,
    /// Of the answers that say how much to expect: that, its interval, and what they reached.
    said: Mean,
    low: Mean,
    high: Mean,
    reached_where_said: Mean,
    /// Of the answers that do not say that the wish was not met.
    reached_where_met: Mean,
    distances: Mean,
    plans: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// `truth`: scores of the exact answer, best first. A hit counts when its score is at least that of the last of the
    /// `k` best: equal ones are equally right.
    pub fn add(&mut self, found: &Found, truth: &[f32], k: usize) {
        let wanted = truth.len().min(k);
        let Some(&worst) = truth[..wanted].last() else { return };
        let hits = found.hits.iter().filter(|(score, _)| *score >= worst).count();
        let recall = hits as f64 / wanted as f64;
        self.reached.add(recall);
        if let Some(estimate) = &found.recall {
            self.said.add(f64::from(estimate.mean));
            self.low.add(f64::from(estimate.low));
            self.high.add(f64::from(estimate.high));
            self.reached_where_said.add(recall);
        }
        if !found.recall_unmet {
            self.reached_where_met.add(recall);
        }
        self.distances.add(f64::from(found.stats.distances) + f64::from(found.rescored));
        *self.plans.entry(found.plan).or_default() += 1;
    }

    /// How far the recall reached is below the least that is allowed for what was asked; 0 or less: it is not.
    pub fn short(&self, ask: &Ask) -> Option<f64> {
        Some(ask.asked()? - BELOW_ASKED - self.reached_where_met.get()?)
    }

    /// What was said less what was reached, where they are further apart than is allowed; 0 otherwise. Of a shard that has seen
    /// no query, of points that change, and of a share of them between two that were measured, it is the interval that counts: which of
    /// the queries that it made users will ask like is not known. A stored
    /// vector may be found more often than other queries find their nearest, which are what was measured.
    pub fn off(&self, ask: &Ask) -> Option<f64> {
        let reached = self.reached_where_said.get()?;
        let unknown = !ask.when.is_empty() || matches!(ask.share, Share::Random(900));
        let off = match unknown {
            true => reached.max(self.low.get()?).min(self.high.get()?) - reached,
            false => self.said.get()? - reached,
        };
        // A filter of its own for each query was never measured: it is told of random ones that let through as much.
        if matches!(ask.share, Share::Own(_) | Share::Other(_)) {
            return Some(0.0);
        }
        let least = if ask.origin == Origin::Stored { f64::INFINITY } else { OFF };
        Some(if off > OFF || off < -least { off } else { 0.0 })
    }

    pub fn is_wrong(&self, ask: &Ask) -> bool {
        self.short(ask).is_some_and(|short| short > 0.0) || self.off(ask).is_some_and(|off| off != 0.0)
    }

    /// Whether it is wrong by more than the choice of queries explains.
    pub fn is_clearly_wrong(&self, ask: &Ask) -> bool {
        let short = self.short(ask).is_some_and(|short| short > CLEAR * self.reached_where_met.error());
        short || self.off(ask).is_some_and(|off| off.abs() - OFF > CLEAR * self.reached_where_said.error())
    }

    /// What is wrong, in words; empty: nothing.
    pub fn wrong(&self, ask: &Ask) -> String {
        let mut wrong = Vec::new();
        if self.short(ask).is_some_and(|short| short > 0.0) {
            wrong.push(format!("wish not met: {:.4}", self.reached_where_met.get().unwrap_or_default()));
        }
        if let Some(off) = self.off(ask).filter(|off| *off != 0.0) {
            wrong.push(format!("said {off:+.4}"));
        }
        wrong.join("; ")
    }

    /// Whether what was reached lies in the interval that was said.
    pub fn interval_holds(&self) -> Option<bool> {
        let (low, high) = (self.low.get()?, self.high.get()?);
        let reached = self.reached_where_said.get()?;
        // The mean of equal numbers may differ from them in the last digit.
        Some((low - 1e-9..=high + 1e-9).contains(&reached))
    }

    /// Reached, said, interval, share that says unmet, comparisons, plans, queries.
    pub fn line(&self) -> String {
        let number = |mean: &Mean| mean.get().map_or_else(|| "-".into(), |value| format!("{value:.4}"));
        let count = self.reached.count.max(1);
        let unmet = 100 * (self.reached.count - self.reached_where_met.count) / count;
        let plans: Vec<&str> = self.plans.keys().copied().collect();
        format!(
            "{} | {} | {}..{} | {unmet} % | {:.0} | {} | {}",
            number(&self.reached),
            number(&self.said),
            number(&self.low),
            number(&self.high),
            self.distances.get().unwrap_or(0.0),
            plans.join("+"),
            self.reached.count,
        )
    }
}
