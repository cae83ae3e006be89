//! Answers by the words of a text or by a sparse vector: every point that shares a word or a dimension is scored, as of one
//! log index.

use crate::analysis::Phrase;
use crate::field_index::FieldIndex;
use crate::fields::Fields;
use crate::filter::{Filter, Test};
use crate::generation::Slot;
use crate::inverted::{self, Scores, Sparse, TextIndex};
use crate::path::Path;
use crate::proto::{IndexKind, SparseData, TextQuery, TextStatistics, TextStats, TextStatsOp};
use crate::rows::Row;
use crate::search::{Found, Nearest};
use crate::{Result, Shard, ShardError};
use std::borrow::Cow;
use std::sync::Arc;

/// Points whose payloads are read at a time.
const READ: usize = 64;
const MAX_TEXT_BYTES: usize = 64 << 10;
const MAX_PHRASES: usize = 16;

/// What a point is ranked by, other than nearness of its vector.
pub enum Ranking<'a> {
    /// The statistics are of the whole collection; without them they are this shard's.
    Text(&'a TextQuery, Option<&'a TextStatistics>),
    Sparse(&'a SparseData),
}

impl Ranking<'_> {
    fn check(&self) -> Result<()> {
        match self {
            Self::Text(text, _) => text.check(),
            Self::Sparse(sparse) => sparse.check(),
        }
    }

    fn plan(&self) -> &'static str {
        match self {
            Self::Text(..) => "bm25",
            Self::Sparse(_) => "sparse",
        }
    }

    /// What the phrases of a text ask for besides its words: each stands in one of its fields.
    fn phrases(&self, fields: &Fields) -> Result<Vec<Filter>> {
        let Self::Text(text, _) = self else { return Ok(Vec::new()) };
        let paths: Vec<Path> = match text.fields.as_slice() {
            [] => {
                let of_text = fields.indexes.iter().filter(|index| index.declared.kind() == IndexKind::Text);
                of_text.map(|index| index.path.clone()).collect()
            }
            named => {
                let parsed = named.iter().map(|field| Path::parse(&field.path).map_err(ShardError::Invalid));
                parsed.collect::<Result<_>>()?
            }
        };
        let in_a_field = |phrase: &String| {
            let in_field = |path: &Path| {
                let analyzer = fields.schema().analyzer(path);
                let phrase = Phrase::new(&analyzer, phrase)?;
                Ok(Filter::Field(path.clone(), Test::Phrase(analyzer, phrase)))
            };
            Ok(Filter::Any(paths.iter().map(in_field).collect::<Result<_>>()?))
        };
        text.phrases.iter().map(in_a_field).collect()
    }

    fn score(&self, fields: &Fields, scores: &mut Scores) -> Result<()> {
        match self {
            Self::Sparse(sparse) => {
                let vector = Sparse { indices: sparse.indices.clone(), values: sparse.values.clone() };
                fields.sparse(&sparse.name)?.score(&vector, scores);
            }
            Self::Text(text, statistics) => {
                for Asked { path, index, boost } in text.indexes(fields)? {
                    let fields = statistics.iter().flat_map(|all| &all.fields);
                    // An index that was declared since the statistics were taken has its own.
                    let of_field = fields.into_iter().find(|field| field.path == path.as_str());
                    index.score(&text.scored(), boost, of_field, scores);
                }
            }
        }
        Ok(())
    }
}

/// A text index that a query goes to.
struct Asked<'a> {
    path: &'a Path,
    index: &'a TextIndex,
    boost: f32,
}

impl TextQuery {
    fn check(&self) -> Result<()> {
        if self.query.len() > MAX_TEXT_BYTES {
            return Err(ShardError::Invalid(format!("a query text can have at most {MAX_TEXT_BYTES} bytes")));
        }
        if self.phrases.len() > MAX_PHRASES {
            return Err(ShardError::Invalid(format!("a query can have at most {MAX_PHRASES} phrases")));
        }
        match self.fields.iter().find(|field| !(0.0..=1e6).contains(&field.boost)) {
            Some(field) => {
                Err(ShardError::Invalid(format!("the boost of {:?} must be 0 to 1e6", field.path)))
            }
            None => Ok(()),
        }
    }

    /// The words that are ranked by: of the phrases, where there are no others.
    fn scored(&self) -> Cow<'_, str> {
        match self.query.is_empty() {
            true => Cow::Owned(self.phrases.join(" ")),
            false => Cow::Borrowed(&self.query),
        }
    }

    /// Those of its fields in their order, or all that there are.
    fn indexes<'a>(&self, fields: &'a Fields) -> Result<Vec<Asked<'a>>> {
        let of_text = |index: &&FieldIndex| index.declared.kind() == IndexKind::Text;
        let asked = |index: &'a FieldIndex, boost: f32| {
            let building = || ShardError::IndexBuilding(format!("field {:?}", index.path.as_str()));
            Ok(Asked { path: &index.path, index: index.text().ok_or_else(building)?, boost })
        };
        if self.fields.is_empty() {
            let all: Vec<_> = fields.indexes.iter().filter(of_text).collect();
            if all.is_empty() {
                return Err(ShardError::Invalid(
                    "a text search requires a payload index of type text: create one first".into(),
                ));
            }
            return all.into_iter().map(|index| asked(index, 1.0)).collect();
        }
        let each = self.fields.iter().map(|field| {
            let path = Path::parse(&field.path).map_err(ShardError::Invalid)?;
            let found = fields.indexes.iter().filter(of_text).find(|index| index.path == path);
            let index = found.ok_or_else(|| {
                ShardError::Invalid(format!(
                    "{:?} has no payload index of type text: create one first",
                    field.path
                ))
            })?;
            asked(index, if field.boost == 0.0 { 1.0 } else { field.boost })
        });
        each.collect()
    }
}

impl Shard {
    /// What the scores of the queries take from the texts of this shard; summed over all shards, the collection's.
    pub fn text_statistics(&self, request: &TextStatsOp) -> Result<TextStats> {
        let fields = self.fields.read();
        let of_query = |text: &TextQuery| {
            text.check()?;
            let mut asked = text.indexes(&fields)?;
            // A field that is asked twice is summed once.
            asked.sort_by_key(|one| one.path);
            asked.dedup_by_key(|one| one.path);
            let fields = asked.iter().map(|Asked { path, index, .. }| index.statistics(path, &text.scored()));
            Ok(TextStatistics { fields: fields.collect() })
        };
        Ok(TextStats { queries: request.queries.iter().map(of_query).collect::<Result<_>>()? })
    }

    /// The `k` points that are ranked highest. `None`: a write came between; ask again.
    pub(crate) fn ranked(
        &self,
        ranking: &Ranking<'_>,
        nearest: &Nearest,
        filter: Option<&Filter>,
    ) -> Result<Option<Found>> {
        ranking.check()?;
        let until = nearest.until.without_deadline();
        until.check()?;
        let fields = self.fields.read();
        let phrases = ranking.phrases(&fields)?;
        let with_phrases =
            (!phrases.is_empty()).then(|| Filter::All(filter.cloned().into_iter().chain(phrases).collect()));
        let filter = with_phrases.as_ref().or(filter);
        let selected = filter.map(|filter| fields.select(filter));
        let mut outcome = Ok(());
        let mut scored = inverted::scored(|scores| outcome = ranking.score(&fields, scores));
        outcome?;
        until.check()?;
        let least = nearest.score_threshold.unwrap_or(f32::NEG_INFINITY);
        let rows = selected.as_ref().and_then(|selected| selected.rows.as_ref());
        scored.retain(|(score, row)| *score >= least && rows.is_none_or(|rows| rows.contains(*row)));
        let exact = selected.as_ref().is_none_or(|selected| selected.exact);
        let generation = self.generation.load_full();
        let slot_of = |row: Row| fields.rows.slot(row);
        let mut hits: Vec<(f32, u32)> =
            scored.into_iter().filter_map(|(score, row)| Some((score, slot_of(row)?))).collect();
        let (applied_index, matching) = (fields.applied, hits.len() as u64);
        drop(fields);
        let id = |slot: u32| &generation.slot(slot).id;
        let better = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then_with(|| id(a.1).cmp(id(b.1)));
        if exact && hits.len() > nearest.k {
            hits.select_nth_unstable_by(nearest.k, better);
            hits.truncate(nearest.k);
        }
        hits.sort_unstable_by(better);
        if let Some(filter) = filter.filter(|_| !exact) {
            let mut passing = Vec::new();
            for step in hits.chunks(READ) {
                let slots: Vec<u32> = step.iter().map(|(_, slot)| *slot).collect();
                let passed = self.read_slots(&generation, &slots, applied_index, filter, &until)?;
                let Some(passed) = passed else { return Ok(None) };
                passing.extend(step.iter().filter(|(_, slot)| passed.contains(slot)));
                if passing.len() >= nearest.k {
                    break;
                }
            }
            passing.truncate(nearest.k);
            hits = passing;
        }
        let hits = hits
            .into_iter()
            .map(|(score, slot)| (score, Arc::clone(generation.slot(slot))))
            .collect::<Vec<(f32, Arc<Slot>)>>();
        Ok(Some(Found {
            hits,
            applied_index,
            recall: Some(crate::recall::Estimate::EXACT),
            slack: f32::INFINITY,
            plan: ranking.plan(),
            matching,
            unindexed: !exact,
            ..Found::default()
        }))
    }
}
