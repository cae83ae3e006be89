//! Inverted indexes: which rows have a term, and how much of it. One for the words of a text field, scored by BM25
//! (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009; idf as Lucene has it, never negative), one for a
//! sparse vector, scored by the inner product. Exact: every row that shares a term is scored.

use crate::analysis::{Analyzer, OneOf};
use crate::path::Path;
use crate::proto::{FieldStatistics, TermStatistics};
use crate::rows::Row;
use roaring::{MultiOps, RoaringBitmap};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

const K1: f64 = 1.2;
const B: f64 = 0.75;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Posting {
    pub row: Row,
    pub weight: f32,
}

/// Postings of each term, by row.
pub struct Inverted<K>(HashMap<K, Vec<Posting>>);

impl<K> Default for Inverted<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Inverted<K> {
    fn put(&mut self, term: K, row: Row, weight: f32) {
        let postings = self.0.entry(term).or_default();
        match postings.last() {
            Some(last) if last.row >= row => match postings.binary_search_by_key(&row, |posting| posting.row)
            {
                Ok(at) => postings[at].weight = weight,
                Err(at) => postings.insert(at, Posting { row, weight }),
            },
            _ => postings.push(Posting { row, weight }),
        }
    }

    fn remove<Q>(&mut self, term: &Q, row: Row)
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let Some(postings) = self.0.get_mut(term) else { return };
        if let Ok(at) = postings.binary_search_by_key(&row, |posting| posting.row) {
            postings.remove(at);
        }
        if postings.is_empty() {
            self.0.remove(term);
        }
    }

    fn get<Q>(&self, term: &Q) -> &[Posting]
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(term).map_or(&[], Vec::as_slice)
    }
}

/// Words of the strings at one path.
pub struct TextIndex {
    pub analyzer: Analyzer,
    words: Inverted<Box<str>>,
    /// Words of each row; 0: it has no text.
    lengths: Vec<u32>,
    documents: u64,
    total: u64,
}

impl TextIndex {
    pub fn new(analyzer: Analyzer) -> Self {
        Self { analyzer, words: Inverted::default(), lengths: Vec::new(), documents: 0, total: 0 }
    }

    fn counts(&self, path: &Path, document: &Value) -> (BTreeMap<String, u32>, u32) {
        let (mut counts, mut length) = (BTreeMap::new(), 0);
        path.leaves(document, &mut |leaf| {
            if let Value::String(text) = leaf {
                length += self.analyzer.counts(text, &mut counts);
            }
        });
        (counts, length)
    }

    pub fn insert(&mut self, row: Row, path: &Path, document: &Value) {
        let (counts, length) = self.counts(path, document);
        if length == 0 {
            return;
        }
        for (word, count) in counts {
            self.words.put(word.into(), row, count as f32);
        }
        if self.lengths.len() <= row as usize {
            self.lengths.resize(row as usize + 1, 0);
        }
        self.lengths[row as usize] = length;
        self.documents += 1;
        self.total += u64::from(length);
    }

    pub fn remove(&mut self, row: Row, path: &Path, document: &Value) {
        let (counts, length) = self.counts(path, document);
        if length == 0 {
            return;
        }
        counts.keys().for_each(|word| self.words.remove(word.as_str(), row));
        self.lengths[row as usize] = 0;
        self.documents -= 1;
        self.total -= u64::from(length);
    }

    /// Rows that have one of each.
    pub fn with_all(&self, asked: &[OneOf]) -> RoaringBitmap {
        let lists =
            |group: &OneOf| group.iter().map(|word| self.words.get(word.as_str())).collect::<Vec<_>>();
        let mut groups: Vec<Vec<&[Posting]>> = asked.iter().map(lists).collect();
        groups.sort_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>());
        let rows = |list: &[Posting]| list.iter().map(|posting| posting.row).collect::<RoaringBitmap>();
        let any = |lists: &Vec<&[Posting]>| lists.iter().map(|list| rows(list)).union();
        let Some((first, rest)) = groups.split_first() else { return RoaringBitmap::new() };
        rest.iter().fold(any(first), |found, lists| if found.is_empty() { found } else { found & any(lists) })
    }

    /// What the score of a query takes from all texts that are in here. Its terms are in their order; those that no text has
    /// are left out.
    pub fn statistics(&self, path: &Path, query: &str) -> FieldStatistics {
        let counts = self.analyzer.scored(query);
        let terms = counts.into_keys().filter_map(|term| {
            let documents = self.words.get(term.as_str()).len() as u64;
            (documents > 0).then_some(TermStatistics { term, documents })
        });
        let path = path.as_str().into();
        FieldStatistics { path, documents: self.documents, words: self.total, terms: terms.collect() }
    }

    /// Adds `boost` times the BM25 score of each row that has one of the words. `collection`: the sums of the statistics of every
    /// shard; `None`: this index has all texts. Doubles, and one order of the words, so that a text has the same score in
    /// whichever shard it is.
    pub fn score(&self, query: &str, boost: f32, collection: Option<&FieldStatistics>, scores: &mut Scores) {
        let counts = self.analyzer.scored(query);
        let frequencies: HashMap<&str, u64> = collection.map_or_else(HashMap::new, |all| {
            all.terms.iter().map(|one| (one.term.as_str(), one.documents)).collect()
        });
        // What was written since the statistics were taken counts here at least.
        let documents = collection.map_or(0, |all| all.documents).max(self.documents);
        let words = collection.map_or(0, |all| all.words).max(self.total);
        let average = words as f64 / documents.max(1) as f64;
        for (word, times) in counts {
            let postings = self.words.get(word.as_str());
            let of_all = frequencies.get(word.as_str()).copied().unwrap_or_default();
            let (n, df) = (documents as f64, of_all.max(postings.len() as u64).min(documents) as f64);
            let idf = (1.0 + (n - df + 0.5) / (df + 0.5)).ln();
            let weight = f64::from(boost) * f64::from(times) * idf * (K1 + 1.0);
            for &Posting { row, weight: tf } in postings {
                let (tf, length) = (f64::from(tf), f64::from(self.lengths[row as usize]));
                let norm = K1 * (1.0 - B + B * length / average);
                scores.add(row, weight * tf / (tf + norm));
            }
        }
    }
}

/// A vector of few dimensions that are not zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparse {
    /// Rising.
    pub indices: Vec<u32>,
    pub values: Vec<f32>,
}

#[derive(Default)]
pub struct SparseIndex(Inverted<u32>);

impl SparseIndex {
    pub fn insert(&mut self, row: Row, vector: &Sparse) {
        for (&index, &value) in vector.indices.iter().zip(&vector.values) {
            self.0.put(index, row, value);
        }
    }

    pub fn remove(&mut self, row: Row, vector: &Sparse) {
        vector.indices.iter().for_each(|index| self.0.remove(index, row));
    }

    /// Adds the inner product with each row that shares a dimension.
    pub fn score(&self, query: &Sparse, scores: &mut Scores) {
        for (index, &weight) in query.indices.iter().zip(&query.values) {
            for posting in self.0.get(index) {
                scores.add(posting.row, f64::from(weight) * f64::from(posting.weight));
            }
        }
    }
}

/// Sums by row.
#[derive(Default)]
pub struct Scores {
    sums: Vec<f64>,
    seen: Vec<bool>,
    /// Those that were seen.
    rows: Vec<Row>,
}

impl Scores {
    fn add(&mut self, row: Row, score: f64) {
        let at = row as usize;
        if self.seen.len() <= at {
            self.seen.resize(at + 1, false);
            self.sums.resize(at + 1, 0.0);
        }
        if !std::mem::replace(&mut self.seen[at], true) {
            self.rows.push(row);
        }
        self.sums[at] += score;
    }

    fn take(&mut self) -> Vec<(f32, Row)> {
        let Self { sums, seen, rows } = self;
        let taken = rows.drain(..).map(|row| {
            seen[row as usize] = false;
            (std::mem::replace(&mut sums[row as usize], 0.0) as f32, row)
        });
        taken.collect()
    }
}

thread_local! {
    static SCORES: RefCell<Scores> = RefCell::default();
}

/// The rows that `score` has given something, with their sums.
pub fn scored(score: impl FnOnce(&mut Scores)) -> Vec<(f32, Row)> {
    SCORES.with_borrow_mut(|scores| {
        score(scores);
        scores.take()
    })
}
