//! Answering a query: graph candidates, the exact tail, rescoring in f32, payloads.

use crate::command::check_vector;
use crate::point::{self, StoredPoint};
use crate::state::{SlotId, State};
use crate::{Metric, Result, Shard, ShardError};
use prost::Message;
use vectron_hnsw::{Encoded, SearchStats};

/// Live points up to which a scan is cheaper than walking the graph.
const SCAN_BELOW: usize = 500;

#[derive(Clone, PartialEq, Message)]
pub struct SearchRequest {
    /// Little-endian f32.
    #[prost(bytes = "vec", tag = "1")]
    pub vector: Vec<u8>,
    /// 1..=10,000.
    #[prost(uint32, tag = "2")]
    pub k: u32,
    /// Candidates kept while searching; 0 = the default, `max(100, 2k)`.
    #[prost(uint32, tag = "3")]
    pub ef: u32,
    #[prost(bool, tag = "4")]
    pub exact: bool,
    #[prost(bool, tag = "5")]
    pub include_payload: bool,
    #[prost(bool, tag = "6")]
    pub include_vector: bool,
    /// Hits with a lower score are left out.
    #[prost(float, optional, tag = "7")]
    pub score_threshold: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct ShardHit {
    #[prost(string, tag = "1")]
    pub id: String,
    /// Higher is better: cosine similarity, dot product, or 1 / (1 + L2 distance).
    #[prost(float, tag = "2")]
    pub score: f32,
    #[prost(bytes = "vec", tag = "3")]
    pub payload: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub vector: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SearchResult {
    /// Best first; equal scores by id.
    #[prost(message, repeated, tag = "1")]
    pub hits: Vec<ShardHit>,
    #[prost(uint64, tag = "2")]
    pub applied_index: u64,
    /// Points that were scanned because the graph does not hold them yet.
    #[prost(uint32, tag = "3")]
    pub tail: u32,
    #[prost(uint32, tag = "4")]
    pub visited: u32,
    #[prost(uint32, tag = "5")]
    pub distances: u32,
    #[prost(uint32, tag = "6")]
    pub rescored: u32,
    /// The ef that was used; 0 when the answer is exact.
    #[prost(uint32, tag = "7")]
    pub ef: u32,
}

impl Shard {
    /// The `k` nearest live points (all of them when fewer live). Blocks no other search; waits while an
    /// entry is applied.
    pub fn search(&self, request: &SearchRequest) -> Result<SearchResult> {
        let k = request.k as usize;
        if !(1..=10_000).contains(&k) {
            return Err(ShardError::Invalid(format!("k must be 1 to 10000, not {k}")));
        }
        let query = check_vector(&request.vector, &self.spec, "vector")?;
        let state = self.state.read();
        let mut result = SearchResult { applied_index: state.applied, ..Default::default() };
        let candidates = self.candidates(&state, &query, request, &mut result);
        result.rescored = candidates.len() as u32;

        let mut scored: Vec<(f32, SlotId)> = candidates
            .into_iter()
            .map(|slot| (self.score(&query, state.vector(slot)), slot))
            .filter(|(score, _)| request.score_threshold.is_none_or(|least| *score >= least))
            .collect();
        let better = |a: &(f32, SlotId), b: &(f32, SlotId)| {
            b.0.total_cmp(&a.0).then_with(|| state.slots[a.1 as usize].id.cmp(&state.slots[b.1 as usize].id))
        };
        if scored.len() > k {
            scored.select_nth_unstable_by(k, better);
            scored.truncate(k);
        }
        scored.sort_unstable_by(better);
        result.hits = self.hits(&state, &scored, request)?;
        Ok(result)
    }

    /// Slots worth rescoring, all live.
    fn candidates(
        &self,
        state: &State,
        query: &[f32],
        request: &SearchRequest,
        result: &mut SearchResult,
    ) -> Vec<SlotId> {
        let live = |slot: &SlotId| state.is_live(*slot);
        let k = request.k as usize;
        let ef = if request.ef == 0 { (2 * k).max(100) } else { (request.ef as usize).max(k) };
        if request.exact || state.ids.len() <= SCAN_BELOW.max(k) || ef >= state.ids.len() {
            return (0..state.slots.len() as SlotId).filter(live).collect();
        }
        let mut stats = SearchStats::default();
        let found = state.graph.search(&Encoded::new(query), ef, |slot| state.is_live(slot), &mut stats);
        result.ef = ef as u32;
        result.visited = stats.visited;
        result.distances = stats.distances;
        result.tail = state.tail_len() as u32;
        let tail = (state.graph.len() as SlotId..state.slots.len() as SlotId).filter(live);
        found.into_iter().map(|(_, slot)| slot).chain(tail).collect()
    }

    fn score(&self, query: &[f32], vector: &[f32]) -> f32 {
        match self.spec.metric {
            Metric::Cosine => vectron_kernels::dot(query, vector).clamp(-1.0, 1.0),
            Metric::Dot => vectron_kernels::dot(query, vector),
            Metric::Euclidean => 1.0 / (1.0 + vectron_kernels::l2_squared(query, vector).sqrt()),
        }
    }

    fn hits(
        &self,
        state: &State,
        scored: &[(f32, SlotId)],
        request: &SearchRequest,
    ) -> Result<Vec<ShardHit>> {
        let mut hits: Vec<ShardHit> = scored
            .iter()
            .map(|(score, slot)| ShardHit {
                id: state.slots[*slot as usize].id.to_string(),
                score: *score,
                ..Default::default()
            })
            .collect();
        if request.include_payload || request.include_vector {
            let keys: Vec<Vec<u8>> = hits.iter().map(|hit| point::key(&hit.id)).collect();
            let values = self.store.get_many(keys.iter().map(Vec::as_slice))?;
            for (hit, value) in hits.iter_mut().zip(values) {
                let value =
                    value.ok_or_else(|| ShardError::Damaged(format!("live point {:?} is gone", hit.id)))?;
                let stored = StoredPoint::decode(&value)?;
                if request.include_payload {
                    hit.payload = stored.payload.into();
                }
                if request.include_vector {
                    hit.vector = stored.vector.into();
                }
            }
        }
        Ok(hits)
    }
}
