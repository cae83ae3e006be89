//! What a search does: what it was asked to, or the least work that was measured to reach the recall it was asked for.

use super::ladder::{Measured, Scope, Stat, by_ef, by_slack, default_effort, default_filtered, efs, levels};
use super::{Choice, Estimate, RecallBook, Work};
use crate::ShardSpec;
use crate::filtered::{Plan, WALK, bytes_of, plan};
use crate::search::Nearest;

/// Bytes that a search may read to reach the recall it was asked for where no walk does: 30 ms or so of one core.
const BUDGET: f64 = 256.0 * 1024.0 * 1024.0;

impl RecallBook {
    /// `scope`: what may be found.
    pub fn choose(&self, spec: &ShardSpec, nearest: &Nearest, scope: &Scope<'_>) -> Choice {
        let measured = self.valid(scope);
        let measured = measured.as_deref();
        let k = nearest.k;
        let known = |work: Work| Choice {
            work,
            estimate: measured
                .and_then(|all| served(all, spec, nearest, scope, work))
                .map(|stat| stat.estimate),
        };
        let default = match scope.filter {
            None => Work::Walk(default_effort(k)),
            Some(_) => Work::Walk(default_filtered(k)),
        };
        match (nearest.ef, nearest.recall) {
            _ if nearest.exact => Choice::EXACT,
            (ef, _) if nearest.slack > 0.0 => known(Work::Walk(by_slack(k, nearest.slack, ef))),
            (0, 0.0) => known(default),
            (0, wanted) => {
                let exact = exact_bytes(spec, scope) <= BUDGET;
                let reaching = measured.and_then(|all| reaching(all, spec, nearest, scope, wanted));
                match reaching {
                    Some(choice) if !choice.misses(wanted) => choice,
                    _ if exact => Choice::EXACT,
                    Some(best) => best,
                    None => known(default),
                }
            }
            (ef, _) => known(Work::Walk(by_ef(k, ef))),
        }
    }
}

impl Choice {
    pub const EXACT: Self = Self { work: Work::Exact, estimate: Some(Estimate::EXACT) };

    fn misses(&self, wanted: f32) -> bool {
        self.estimate.is_none_or(|estimate| estimate.mean < wanted)
    }
}

/// Bytes of comparing everything in full.
fn exact_bytes(spec: &ShardSpec, scope: &Scope<'_>) -> f64 {
    scope.matching as f64 * bytes_of(spec).1
}

/// Of the way that a search with a filter takes for the work that was chosen.
fn served(
    all: &Measured,
    spec: &ShardSpec,
    nearest: &Nearest,
    scope: &Scope<'_>,
    work: Work,
) -> Option<Stat> {
    let (Some(_), Work::Walk(effort)) = (scope.filter, work) else { return all.stat(scope, nearest.k, work) };
    let chosen = |ef: usize| plan(spec, scope.matching as usize, scope.live, &Nearest::new(nearest.k), ef);
    match plan(spec, scope.matching as usize, scope.live, nearest, effort.ef) {
        Plan::Scan => Some(Stat::EXACT),
        Plan::ScanCodes => all.stat(scope, nearest.k, Work::Codes),
        // One that was forced is not what was measured, unless it is what would have been chosen.
        forced if nearest.plan.is_some() && forced != chosen(effort.ef) => None,
        Plan::PostFilter(_) | Plan::Walk => all.stat(scope, nearest.k, work),
    }
}

/// The cheapest way, by the bytes it reads, that surely has the recall; the one with the greatest recall when none has.
fn reaching(
    all: &Measured,
    spec: &ShardSpec,
    nearest: &Nearest,
    scope: &Scope<'_>,
    wanted: f32,
) -> Option<Choice> {
    let (code, full) = bytes_of(spec);
    let rescored = spec.likely_rescored(nearest.k) as f64 * full;
    let bytes = |work: Work, stat: &Stat| match work {
        Work::Exact => exact_bytes(spec, scope),
        Work::Codes => scope.matching as f64 * code + rescored,
        Work::Walk(_) => f64::from(stat.distances) * code * WALK + rescored,
    };
    let walks: Vec<Work> = match scope.filter {
        None => levels(nearest.k).map(Work::Walk).collect(),
        Some(_) => efs(nearest.k).map(Work::Walk).collect(),
    };
    let ways = walks.into_iter().chain([Work::Codes]);
    let known = ways.filter_map(|work| Some((work, served(all, spec, nearest, scope, work)?)));
    let mut cheapest: Option<(f64, Work, Stat)> = None;
    let mut best: Option<(Work, Stat)> = None;
    for (work, stat) in known {
        let cost = bytes(work, &stat);
        if work == Work::Codes && cost > BUDGET {
            continue;
        }
        if stat.sure >= wanted && cheapest.is_none_or(|(least, ..)| cost < least) {
            cheapest = Some((cost, work, stat));
        }
        if best.is_none_or(|(_, best)| stat.estimate.mean > best.estimate.mean) {
            best = Some((work, stat));
        }
    }
    let exact = (exact_bytes(spec, scope), Work::Exact, Stat::EXACT);
    let chosen = match cheapest {
        Some((least, ..)) if exact.0 < least => Some((Work::Exact, Stat::EXACT)),
        Some((_, work, stat)) => Some((work, stat)),
        // Without a standard error to spare it is not sure.
        None => best,
    };
    chosen.map(|(work, stat)| Choice { work, estimate: Some(stat.estimate) })
}
