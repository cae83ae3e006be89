//! Measuring: each query of the sample is answered in every way that searches are, and exactly, and the two are compared.

use super::ladder::{Band, KS, Measured, Stat, Table, default_effort, efs, levels};
use super::sample::FAMILIES;
use super::{Choice, RecallBook, RecallStatus, Work};
use crate::filtered::{Plan, plan};
use crate::generation::{Generation, SlotId};
use crate::matching::{Filtering, Passing};
use crate::search::{Found, Nearest, SCAN_BELOW, score};
use crate::space::Space;
use crate::{Result, Shard, ShardError, ShardSpec, Until};
use std::sync::Arc;

/// Queries of a sample, where points are few.
const SAMPLE: usize = 400;
/// And where they are many: the true answers take a distance for each point and query.
const LEAST_SAMPLE: usize = 64;
/// Distances that the true answers of a sample may take.
const TRUTH_DISTANCES: u64 = 100_000_000;
/// Distances that one way to search may take beyond the least sample.
const STEP_DISTANCES: f32 = 2_000_000.0;
/// A mean whose 95 % interval is this wide to each side is known well enough; the rest of the sample is spared.
const KNOWN: f32 = 0.008;
/// Shares of the points that random filters let through.
const SHARES: [f32; 3] = [0.5, 0.1, 0.02];
/// Filters measured by themselves, of those asked for lately.
const FILTERS: usize = 4;
/// Asked queries from which on no others are made.
pub(super) const ASKED_ENOUGH: usize = 64;

/// Kinds of search that are measured once one was asked for.
pub const FILTERED: u32 = 1;

/// Vectors whose searches are measured: the first vectors of the points, or a named one.
pub struct Subject<'a> {
    pub spec: &'a ShardSpec,
    pub generation: Arc<Generation>,
    pub book: &'a RecallBook,
    pub space: Option<&'a Arc<Space>>,
}

/// Answers a query for so many points in one way. `None`: a write came between.
type Answer<'a> = dyn Fn(usize, Work, &[f32]) -> Result<Option<Found>> + 'a;

/// The sample, and of each query the score of the worst true answer for each of [`KS`], with how many there are.
struct Sample<'a> {
    queries: &'a [Vec<f32>],
    /// The first of them, which were asked.
    asked: usize,
    truth: Vec<[(f32, usize); KS.len()]>,
}

impl Subject<'_> {
    /// Whether figures are missing or old, and the graph is far enough to be measured.
    fn wants_measuring(&self) -> bool {
        let live = self.generation.live();
        if live <= SCAN_BELOW
            || self.generation.tail_len() as u64 > live / 10
            || self.generation.indexed() == 0
        {
            return false;
        }
        let Some(measured) = self.book.measured() else { return true };
        self.book.is_contradicted()
            || live.abs_diff(measured.live) > live / 5
            || self.generation.made().saturating_sub(measured.made) > live / 5
            || self.book.kinds() & !measured.kinds != 0
            || self.has_better_queries(&measured)
    }

    /// As soon as asked queries can take the place of made ones, at four times as many, and when they are as many as a sample may have.
    fn has_better_queries(&self, measured: &Measured) -> bool {
        let (kept, size) = (self.book.kept(), sample_size(self.generation.live()));
        let more = (4 * measured.asked_queries).max(ASKED_ENOUGH);
        // With the eighth, because points that came or went since have changed the size.
        let whole = measured.asked_queries >= ASKED_ENOUGH.max(size - size / 8);
        !whole && kept >= more.min(size.max(ASKED_ENOUGH))
    }

    fn slots(&self, applied: u64) -> Vec<SlotId> {
        let visible = |slot: &SlotId| self.generation.slot(*slot).is_visible(applied);
        (0..self.generation.published()).filter(visible).collect()
    }
}

impl Shard {
    /// Whether what is known of the recall of searches is missing or old: a fifth of the points changed, the first 64 queries
    /// came or four times as many as it was measured with, another kind of search came, or answers were not as good as was said.
    pub fn wants_measuring(&self) -> bool {
        self.first_vectors().wants_measuring()
            || self.spaces().iter().any(|space| self.named_vectors_of(space).wants_measuring())
    }

    /// Measures what is missing or old; all of it when nothing is. Takes no lock that a search or a write wants. Cost: a distance
    /// for each point and query of the sample (64 to 400 queries, 100 million distances beyond the least), and as many
    /// searches for each of about 50 ways to search, until the mean is known to 0.008.
    pub fn measure_recall(&self) -> Result<()> {
        let all = !self.wants_measuring();
        let spaces = self.spaces();
        let named = spaces.iter().map(|space| self.named_vectors_of(space));
        for subject in std::iter::once(self.first_vectors()).chain(named) {
            if all || subject.wants_measuring() {
                self.measure(&subject)?;
            }
        }
        Ok(())
    }

    pub(super) fn spaces(&self) -> Vec<Arc<Space>> {
        self.fields.read().spaces().cloned().collect()
    }

    pub(super) fn first_vectors(&self) -> Subject<'_> {
        Subject { spec: &self.spec, generation: self.generation.load_full(), book: &self.recall, space: None }
    }

    pub(super) fn named_vectors_of<'a>(&self, space: &'a Arc<Space>) -> Subject<'a> {
        Subject {
            spec: space.spec(),
            generation: space.generation(),
            book: space.recall(),
            space: Some(space),
        }
    }

    /// What is known of the searches by the first vectors, and by each named one.
    pub(crate) fn recalls(&self) -> Vec<RecallStatus> {
        let spaces = self.spaces();
        let named = spaces.iter().map(|space| (space.declared().name.as_str(), self.named_vectors_of(space)));
        let all = std::iter::once(("", self.first_vectors())).chain(named);
        all.map(|(using, subject)| subject.book.status(using, &subject.generation)).collect()
    }

    /// At most `count` queries (1 to 1,000) that stand for those of users, as clients send them, and how many of them, the first,
    /// were asked: lately, and of each only once. The others are made from stored points; there are none where nothing is stored.
    /// `using`: the named vector; empty: the first one. Costs an exact search for every three that are made.
    pub fn sample_queries(&self, using: &str, count: usize) -> Result<(Vec<Vec<f32>>, usize)> {
        if !(1..=1000).contains(&count) {
            return Err(ShardError::Invalid(format!("a sample has 1 to 1000 queries, not {count}")));
        }
        let space = match using {
            "" => None,
            name => Some(Arc::clone(self.fields.read().space(name)?)),
        };
        let subject = match &space {
            Some(space) => self.named_vectors_of(space),
            None => self.first_vectors(),
        };
        let slots = subject.slots(subject.generation.applied());
        let mut queries = subject.book.queries(count);
        let asked = queries.len();
        if asked < count {
            queries.extend(self.made_queries(&subject, &slots, count - asked)?);
        }
        Ok((queries, asked))
    }

    fn measure(&self, subject: &Subject<'_>) -> Result<()> {
        let generation = &subject.generation;
        let (made, live, kinds) = (generation.made(), generation.live(), subject.book.kinds());
        let applied = generation.applied();
        let slots = subject.slots(applied);
        if slots.len() as u64 <= SCAN_BELOW || generation.indexed() == 0 {
            return Ok(());
        }
        let (queries, asked_queries) = self.sample(subject, &slots, sample_size(slots.len() as u64))?;
        let sample = self.with_truth(subject, &slots, (&queries, asked_queries))?;
        let all = |k: usize, work: Work, query: &[f32]| self.answer(subject, query, k, work, None);
        let mut bands = vec![Band { share: 1.0, filter: None, tables: Vec::new() }];
        for (at, k) in KS.into_iter().enumerate() {
            let mut steps = Vec::new();
            climb(&sample, at, levels(k).map(Work::Walk), &mut steps, &all)?;
            climb(&sample, at, std::iter::once(Work::Walk(default_effort(k))), &mut steps, &all)?;
            climb(&sample, at, std::iter::once(Work::Codes), &mut steps, &all)?;
            climb(&sample, at, efs(k).map(Work::Walk), &mut steps, &all)?;
            bands[0].tables.push(Table { k, steps });
        }
        if kinds & FILTERED != 0 {
            for share in SHARES {
                let passing = random_filter(subject, &slots, applied, share);
                bands.push(self.band(subject, (&queries, asked_queries), &passing, None)?);
            }
            for filter in subject.book.filters().into_iter().take(FILTERS) {
                if let Some(passing) = self.passing_of(subject, &filter)? {
                    let key = Some(filter.key().into());
                    bands.push(self.band(subject, (&queries, asked_queries), &passing, key)?);
                }
            }
        }
        let queries = queries.len();
        subject.book.learn(Measured { bands, made, live, kinds, queries, asked_queries });
        Ok(())
    }

    fn band(
        &self,
        subject: &Subject<'_>,
        queries: (&[Vec<f32>], usize),
        passing: &Passing,
        filter: Option<Arc<[u8]>>,
    ) -> Result<Band> {
        let (matching, live) = (passing.slots.len(), passing.live);
        let share = (matching as f64 / live.max(1) as f64) as f32;
        let mut band = Band { share, filter, tables: Vec::new() };
        let sample = self.with_truth(subject, &passing.slots, queries)?;
        let answer =
            |k: usize, work: Work, query: &[f32]| self.answer(subject, query, k, work, Some(passing));
        for (at, k) in KS.into_iter().enumerate().filter(|_| matching > 0) {
            let nearest = Nearest::new(k);
            // What is compared in full needs no measuring.
            let walks = efs(k).filter(|effort| {
                let plan = plan(subject.spec, matching, live, &nearest, effort.ef);
                matches!(plan, Plan::PostFilter(_) | Plan::Walk)
            });
            let mut steps = Vec::new();
            climb(&sample, at, walks.map(Work::Walk), &mut steps, &answer)?;
            climb(&sample, at, std::iter::once(Work::Codes), &mut steps, &answer)?;
            band.tables.push(Table { k, steps });
        }
        Ok(band)
    }

    /// Queries asked lately; those made beside them while they are few. With how many of them, the first, were asked.
    pub(super) fn sample(
        &self,
        subject: &Subject<'_>,
        slots: &[SlotId],
        count: usize,
    ) -> Result<(Vec<Vec<f32>>, usize)> {
        let mut queries = subject.book.queries(count);
        let asked = queries.len();
        if asked < ASKED_ENOUGH {
            let made = self.made_queries(subject, slots, count - asked)?;
            queries.extend(made);
        }
        Ok((queries, asked))
    }

    fn with_truth<'a>(
        &self,
        subject: &Subject<'_>,
        slots: &[SlotId],
        (queries, asked): (&'a [Vec<f32>], usize),
    ) -> Result<Sample<'a>> {
        let vectors: Vec<&[f32]> = queries.iter().map(Vec::as_slice).collect();
        let most = KS.into_iter().max().unwrap_or(1);
        let found = self.closest(subject.spec, &subject.generation, slots, &vectors, most)?;
        let worst = |closest: &Vec<(f32, SlotId)>| {
            KS.map(|k| match closest.get(k.min(closest.len()).saturating_sub(1)) {
                Some((distance, _)) => (score(subject.spec.metric, *distance), k.min(closest.len())),
                None => (f32::INFINITY, 0),
            })
        };
        Ok(Sample { queries, asked, truth: found.iter().map(worst).collect() })
    }

    /// Answers as a search does that chose `work`. `None`: a write came between.
    pub(super) fn answer(
        &self,
        subject: &Subject<'_>,
        query: &[f32],
        k: usize,
        work: Work,
        passing: Option<&Passing>,
    ) -> Result<Option<Found>> {
        let (nearest, choice) = (Nearest::new(k), Choice { work, estimate: None });
        let Subject { spec, generation, book, .. } = subject;
        match passing {
            Some(passing) => self.find_among(spec, book, query, &nearest, passing, Some(choice)),
            None => self.find(spec, generation, query, &nearest, choice),
        }
    }

    /// What passes a filter that was asked for. `None`: only payloads know, or a write came between.
    fn passing_of(&self, subject: &Subject<'_>, filter: &Filtering) -> Result<Option<Arc<Passing>>> {
        let Some(space) = subject.space else {
            let passing = self.passing(filter).ok();
            return Ok(passing.filter(|passing| Arc::ptr_eq(&passing.generation, &subject.generation)));
        };
        let Some(matching) = self.matching(Some(filter), false, &Until::default())? else { return Ok(None) };
        let fields = self.fields.read();
        if matching.applied != fields.applied || matching.unindexed {
            return Ok(None);
        }
        let slots = fields.space_slots(&space.declared().name, &matching.rows);
        let (generation, live) = (Arc::clone(&subject.generation), subject.generation.live());
        Ok(Some(Arc::new(Passing::new(generation, fields.applied, slots, live, false))))
    }
}

/// Queries that so many points are measured with.
fn sample_size(points: u64) -> usize {
    (TRUTH_DISTANCES / points.max(1)).clamp(LEAST_SAMPLE as u64, SAMPLE as u64) as usize
}

/// Slots that have nothing to do with their vectors.
fn random_filter(subject: &Subject<'_>, slots: &[SlotId], applied: u64, share: f32) -> Passing {
    let drawn = |slot: &SlotId| {
        let mut bits = u64::from(*slot).wrapping_add(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 40) as f32 / (1u32 << 24) as f32
    };
    let passing = slots.iter().copied().filter(|slot| drawn(slot) < share).collect();
    Passing::new(Arc::clone(&subject.generation), applied, passing, slots.len() as u64, false)
}

/// Measures ways to search by growing work, up to the first that finds everything. `at`: which of [`KS`].
fn climb(
    sample: &Sample<'_>,
    at: usize,
    works: impl Iterator<Item = Work>,
    steps: &mut Vec<(Work, Stat)>,
    answer: &Answer<'_>,
) -> Result<()> {
    let k = KS[at];
    for work in works {
        let (mut recalls, mut distances) = (Vec::new(), 0.0);
        let mut families: [Vec<f32>; FAMILIES] = Default::default();
        for (number, (query, truth)) in sample.queries.iter().zip(&sample.truth).enumerate() {
            let (least, count) = truth[at];
            if count == 0 {
                continue;
            }
            let Some(found) = answer(k, work, query)? else { continue };
            recalls.push(found.share_of(least, count));
            if number >= sample.asked {
                families[(number - sample.asked) % FAMILIES].extend(recalls.last());
            }
            distances += found.stats.distances as f32;
            let whole = recalls.len() >= LEAST_SAMPLE && recalls.len().is_multiple_of(16);
            if whole && (distances > STEP_DISTANCES || Stat::of(&recalls, k, 0.0).error() <= KNOWN) {
                break;
            }
        }
        if recalls.is_empty() {
            continue;
        }
        let families = families.iter().filter(|family| family.len() >= LEAST_SAMPLE / FAMILIES);
        let stat = families.fold(Stat::of(&recalls, k, distances / recalls.len() as f32), |stat, family| {
            stat.with_family(Stat::of(family, k, 0.0))
        });
        steps.push((work, stat));
        if stat.estimate.mean >= 1.0 {
            break;
        }
    }
    Ok(())
}

impl Found {
    /// Recall against the true answers: `least` is the score of the worst of them, `count` how many there are. Equal scores count.
    pub(super) fn share_of(&self, least: f32, count: usize) -> f32 {
        let hits = self.hits.iter().filter(|(score, _)| *score >= least).count();
        hits.min(count) as f32 / count.max(1) as f32
    }
}
