//! BM25 with the statistics of a whole collection: the same scores however the points are spread over shards.

use super::*;
use crate::proto::{
    Declaration, FieldStatistics, IdBatch, IndexKind, LogCommand, PayloadIndex, PointBatch, PointData,
    SearchOp, TermStatistics, TextField, TextQuery, TextStatistics, TextStatsOp, declaration::Declare,
};
use proptest::prelude::*;
use prost::Message;
use serde_json::json;
use std::collections::BTreeMap;

type Texts = BTreeMap<String, (String, String)>;

struct Shards(Vec<(tempfile::TempDir, Shard)>);

impl Shards {
    fn new(count: usize) -> Self {
        let shards = Self((0..count).map(|_| Self::one()).collect());
        for path in ["title", "body"] {
            let index = PayloadIndex {
                path: path.into(),
                kind: IndexKind::Text.into(),
                language: "english".into(),
                ..Default::default()
            };
            let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
            let command = LogCommand { declaration, ..Default::default() };
            shards.0.iter().for_each(|(_, shard)| apply(shard, &command));
        }
        shards
    }

    fn one() -> (tempfile::TempDir, Shard) {
        let dir = tempfile::tempdir().unwrap();
        let spec = ShardSpec::new(1, Metric::Euclidean);
        let shard = Shard::open(dir.path(), spec, &Resources::new(8 << 20, 8 << 20)).unwrap();
        (dir, shard)
    }

    /// Neighbours in the order of ids come to lie together, so that the shards differ.
    fn of(&self, id: &str) -> &Shard {
        let n: usize = id[1..].parse().unwrap();
        &self.0[n / 7 % self.0.len()].1
    }

    fn upsert(&self, texts: &Texts) {
        for (id, (title, body)) in texts {
            let payload = json!({"title": title, "body": body}).to_string().into();
            let point = PointData {
                id: id.clone(),
                vector: 1f32.to_le_bytes().into(),
                payload,
                ..Default::default()
            };
            let upsert = Some(PointBatch { points: vec![point] }.encode_to_vec());
            apply(self.of(id), &LogCommand { upsert, ..Default::default() });
        }
    }

    fn delete(&self, id: &str) {
        let delete = Some(IdBatch { ids: vec![id.into()], ..Default::default() }.encode_to_vec());
        apply(self.of(id), &LogCommand { delete, ..Default::default() });
    }

    fn statistics(&self, text: &TextQuery) -> TextStatistics {
        let mut fields: BTreeMap<String, (u64, u64, BTreeMap<String, u64>)> = BTreeMap::new();
        for (_, shard) in &self.0 {
            let stats = shard.text_statistics(&TextStatsOp { queries: vec![text.clone()] }).unwrap();
            for field in &stats.queries[0].fields {
                let (documents, words, terms) = fields.entry(field.path.clone()).or_default();
                *documents += field.documents;
                *words += field.words;
                for term in &field.terms {
                    *terms.entry(term.term.clone()).or_default() += term.documents;
                }
            }
        }
        let fields = fields.into_iter().map(|(path, (documents, words, terms))| {
            let terms = terms.into_iter().map(|(term, documents)| TermStatistics { term, documents });
            FieldStatistics { path, documents, words, terms: terms.collect() }
        });
        TextStatistics { fields: fields.collect() }
    }

    fn scores(&self, text: &TextQuery, statistics: Option<TextStatistics>) -> BTreeMap<String, f32> {
        let (text, k) = (Some(text.clone()), 1000);
        let search = SearchOp { text, statistics, k, ..Default::default() };
        let found =
            self.0.iter().flat_map(|(_, shard)| shard.search(&search, Until::default()).unwrap().hits);
        found.map(|hit| (hit.id, hit.score)).collect()
    }
}

fn apply(shard: &Shard, command: &LogCommand) {
    assert_eq!(shard.apply(shard.applied_index() + 1, command).unwrap().refused, None);
}

fn query(text: &str, boosts: &[(&str, f32)]) -> TextQuery {
    let fields = boosts.iter().map(|(path, boost)| TextField { path: (*path).into(), boost: *boost });
    TextQuery { query: text.into(), fields: fields.collect(), ..TextQuery::default() }
}

fn words(most: usize) -> impl Strategy<Value = String> {
    let word = prop::sample::select(&["mail", "mails", "server", "servers", "quick", "red", "the"][..]);
    prop::collection::vec(word, 0..most).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn scores_do_not_depend_on_the_number_of_shards(
        texts in prop::collection::vec((words(4), words(30)), 10..60),
        changed in prop::collection::btree_map(0usize..60, (words(4), words(9)), 0..6),
        deleted in prop::collection::btree_set(0usize..60, 0..6),
    ) {
        let id = |n: usize| format!("p{n:02}");
        let texts: Texts = texts.into_iter().enumerate().map(|(n, texts)| (id(n), texts)).collect();
        let changed: Texts = changed.into_iter().map(|(n, texts)| (id(n), texts)).collect();
        let queries = [
            query("mail servers", &[]),
            query("red mail mail", &[("title", 3.0), ("body", 0.5)]),
            query("server nothing", &[("body", 0.0)]),
            query("red mail", &[("body", 1.0), ("title", 2.0), ("body", 1.0)]),
        ];
        let all = [1, 3, 8].map(|count| {
            let shards = Shards::new(count);
            shards.upsert(&texts);
            shards.upsert(&changed);
            deleted.iter().for_each(|n| shards.delete(&id(*n)));
            shards
        });
        for text in &queries {
            let truth = all[0].scores(text, None);
            for shards in &all {
                let statistics = shards.statistics(text);
                prop_assert_eq!(&statistics, &all[0].statistics(text));
                let found = shards.scores(text, Some(statistics));
                prop_assert_eq!(found.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>());
                for (id, score) in &found {
                    let off = (score - truth[id]).abs();
                    prop_assert!(off <= truth[id].abs() * 1e-6, "{} of {}: {} {}", id, shards.0.len(), score, truth[id]);
                }
            }
        }
    }
}

#[test]
fn what_was_deleted_or_written_anew_is_counted_no_more() {
    let shards = Shards::new(1);
    let texts = |body: &str| Texts::from([("p1".into(), (String::new(), body.into()))]);
    shards.upsert(&texts("mail server mail"));
    shards.upsert(&texts("quick mail"));
    let text = query("mail server", &[("body", 1.0)]);
    let one = |documents, words, terms: &[(&str, u64)]| {
        let terms = terms
            .iter()
            .map(|(term, documents)| TermStatistics { term: (*term).into(), documents: *documents });
        let field = FieldStatistics { path: "body".into(), documents, words, terms: terms.collect() };
        TextStatistics { fields: vec![field] }
    };
    assert_eq!(shards.statistics(&text), one(1, 2, &[("mail", 1)]));
    shards.delete("p1");
    assert_eq!(shards.statistics(&text), one(0, 0, &[]));
}
