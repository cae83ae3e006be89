//! What was measured, on disk: a restart that finds the points as they were need not measure again, which takes as long as
//! thousands of searches. A cache: figures that are missing, damaged, of another state of the points or of another ladder are
//! ignored, and recall is measured anew.
//!
//! File `recall.known` of a shard: a protobuf message ([`Known`]), then the crc32 u32 (little-endian) of it. It is written when
//! the graphs are saved, and read when the shard is opened. Checkpoints do not have it: figures are those of one replica.

use super::ladder::{Band, Measured, Stat, Table};
use super::measure::ASKED_ENOUGH;
use super::{Effort, Estimate, Work};
use crate::{Result, Shard};
use std::path::Path;
use std::sync::Arc;

const FILE: &str = "recall.known";
/// Of the ways to search and of how searches are made: figures of another one say nothing. To be raised when either changes.
const LADDER: u32 = 1;

#[derive(Clone, PartialEq, prost::Message)]
struct Known {
    #[prost(uint32, tag = "1")]
    ladder: u32,
    /// Log index as of which the points are.
    #[prost(uint64, tag = "2")]
    applied: u64,
    #[prost(message, repeated, tag = "3")]
    vectors: Vec<OfVectors>,
}

/// Of the first vectors, or of a named one.
#[derive(Clone, PartialEq, prost::Message)]
struct OfVectors {
    #[prost(string, tag = "1")]
    using: String,
    /// Slots that were made since it was measured.
    #[prost(uint64, tag = "2")]
    made_since: u64,
    #[prost(uint64, tag = "3")]
    live: u64,
    #[prost(uint32, tag = "4")]
    kinds: u32,
    #[prost(uint64, tag = "5")]
    queries: u64,
    #[prost(uint64, tag = "6")]
    asked_queries: u64,
    #[prost(message, repeated, tag = "7")]
    bands: Vec<OfBand>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OfBand {
    #[prost(float, tag = "1")]
    share: f32,
    #[prost(bytes = "vec", optional, tag = "2")]
    filter: Option<Vec<u8>>,
    #[prost(message, repeated, tag = "3")]
    tables: Vec<OfTable>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OfTable {
    #[prost(uint64, tag = "1")]
    k: u64,
    #[prost(message, repeated, tag = "2")]
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Step {
    /// 0: all vectors are compared; 1: all codes; 2: a walk.
    #[prost(uint32, tag = "1")]
    work: u32,
    #[prost(uint64, tag = "2")]
    ef: u64,
    #[prost(float, tag = "3")]
    slack: f32,
    #[prost(float, tag = "4")]
    mean: f32,
    #[prost(float, tag = "5")]
    low: f32,
    #[prost(float, tag = "6")]
    high: f32,
    #[prost(float, tag = "7")]
    sure: f32,
    #[prost(float, tag = "8")]
    distances: f32,
}

impl Step {
    fn of(work: Work, stat: &Stat) -> Self {
        let (kind, ef, slack) = match work {
            Work::Exact => (0, 0, 0.0),
            Work::Codes => (1, 0, 0.0),
            Work::Walk(Effort { ef, slack }) => (2, ef as u64, slack),
        };
        let Estimate { mean, low, high } = stat.estimate;
        Self { work: kind, ef, slack, mean, low, high, sure: stat.sure, distances: stat.distances }
    }

    /// `None`: it is of a kind that is not known here.
    fn stat(&self) -> Option<(Work, Stat)> {
        let work = match self.work {
            0 => Work::Exact,
            1 => Work::Codes,
            2 => Work::Walk(Effort { ef: self.ef as usize, slack: self.slack }),
            _ => return None,
        };
        let estimate = Estimate { mean: self.mean, low: self.low, high: self.high };
        Some((work, Stat { estimate, sure: self.sure, distances: self.distances }))
    }
}

impl OfVectors {
    fn of(using: &str, measured: &Measured, made: u64) -> Self {
        let table = |table: &Table| OfTable {
            k: table.k as u64,
            steps: table.steps.iter().map(|(work, stat)| Step::of(*work, stat)).collect(),
        };
        let band = |band: &Band| OfBand {
            share: band.share,
            filter: band.filter.as_deref().map(<[u8]>::to_vec),
            tables: band.tables.iter().map(table).collect(),
        };
        Self {
            using: using.into(),
            made_since: made.saturating_sub(measured.made),
            live: measured.live,
            kinds: measured.kinds,
            queries: measured.queries as u64,
            asked_queries: measured.asked_queries as u64,
            bands: measured.bands.iter().map(band).collect(),
        }
    }

    fn measured(&self, made: u64) -> Option<Measured> {
        let table = |table: &OfTable| {
            let steps = table.steps.iter().map(Step::stat).collect::<Option<_>>()?;
            Some(Table { k: table.k as usize, steps })
        };
        let band = |band: &OfBand| {
            let tables = band.tables.iter().map(table).collect::<Option<_>>()?;
            Some(Band { share: band.share, filter: band.filter.as_deref().map(Arc::from), tables })
        };
        Some(Measured {
            bands: self.bands.iter().map(band).collect::<Option<_>>()?,
            made: made.saturating_sub(self.made_since),
            live: self.live,
            kinds: self.kinds,
            queries: self.queries as usize,
            // Who asks now may ask other queries: those of before count as few, so that a few hundred of now take their place.
            asked_queries: (self.asked_queries as usize).min(ASKED_ENOUGH),
        })
    }
}

/// `None`: there is nothing that can be used.
fn read(dir: &Path) -> Option<Known> {
    let bytes = std::fs::read(dir.join(FILE)).ok()?;
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    let is_sound = crc32fast::hash(body) == u32::from_le_bytes(*sum);
    let known = <Known as prost::Message>::decode(body).ok().filter(|_| is_sound)?;
    (known.ladder == LADDER).then_some(known)
}

impl Shard {
    /// Writes what is known of the recall of searches beside the graphs. It is not synced: what is lost is measured again.
    pub(crate) fn save_recall(&self) -> Result<()> {
        let applied = self.applied_index();
        let spaces = self.spaces();
        let named = spaces.iter().map(|space| (space.declared().name.as_str(), self.named_vectors_of(space)));
        let all = std::iter::once(("", self.first_vectors())).chain(named);
        let of = |(using, subject): (&str, super::measure::Subject<'_>)| {
            let measured = subject.book.measured()?;
            Some(OfVectors::of(using, &measured, subject.generation.made()))
        };
        let vectors: Vec<OfVectors> = all.filter_map(of).collect();
        if vectors.is_empty() {
            return Ok(());
        }
        let mut bytes = prost::Message::encode_to_vec(&Known { ladder: LADDER, applied, vectors });
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        let partial = self.dir.join(format!("{FILE}.partial"));
        std::fs::write(&partial, bytes)?;
        Ok(std::fs::rename(&partial, self.dir.join(FILE))?)
    }

    /// Takes up what was known when the graphs were saved, if the points are as they were.
    pub(crate) fn load_recall(&self) {
        let Some(known) = read(&self.dir).filter(|known| known.applied == self.applied_index()) else {
            return;
        };
        let spaces = self.spaces();
        for of in &known.vectors {
            let space = spaces.iter().find(|space| space.declared().name == of.using);
            let subject = match (of.using.as_str(), space) {
                ("", _) => self.first_vectors(),
                (_, Some(space)) => self.named_vectors_of(space),
                (_, None) => continue,
            };
            if let Some(measured) = of.measured(subject.generation.made()) {
                subject.book.learn(measured);
            }
        }
    }
}
