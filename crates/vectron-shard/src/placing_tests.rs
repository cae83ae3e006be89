//! Points that are written again with the vectors that they have: nothing goes into a graph again, and nothing else changes.

use super::*;
use crate::proto::{
    Declaration, FieldValue, IndexKind, LogCommand, Mutation, NamedVector, PayloadChange, PayloadIndex,
    PointBatch, PointData, SearchOp, VectorData, declaration::Declare, mutation::Action,
};
use prost::Message;

const POINTS: u64 = 1_000;

/// Components that depend on the seed alone.
fn vector(seed: u64, dim: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let component = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0).to_le_bytes()
    };
    (0..dim).flat_map(component).collect()
}

fn point(n: u64, version: u64) -> PointData {
    let named = VectorData { name: "title".into(), vector: vector(n + 7_777, 4) };
    PointData {
        id: format!("p{n}"),
        vector: vector(n + 1, 8),
        vectors: vec![named],
        payload: format!("{{\"n\":{n},\"seen\":{version}}}").into(),
        ..PointData::default()
    }
}

fn upsert(points: Vec<PointData>) -> LogCommand {
    LogCommand {
        proposed_at_ms: 1,
        upsert: Some(PointBatch { points }.encode_to_vec()),
        ..Default::default()
    }
}

fn upsert_of(points: impl Iterator<Item = PointData>) -> LogCommand {
    upsert(points.collect())
}

fn patch(ids: Vec<String>, seen: u64) -> LogCommand {
    let set = vec![FieldValue { path: "seen".into(), value: seen.to_string().into_bytes() }];
    let action = Some(Action::Change(PayloadChange { set, ..Default::default() }));
    let mutation = Mutation { ids, action, ..Default::default() };
    LogCommand { proposed_at_ms: 1, mutation: Some(mutation.encode_to_vec()), ..Default::default() }
}

fn declare(declare: Declare) -> LogCommand {
    LogCommand { declaration: Some(Declaration { declare: Some(declare) }), ..Default::default() }
}

/// A shard under test, and the log that made it.
struct Replica {
    dir: tempfile::TempDir,
    spec: ShardSpec,
    log: Vec<LogCommand>,
    shard: Option<Shard>,
}

impl Replica {
    fn new(spec: ShardSpec) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut replica = Self { dir, spec, log: Vec::new(), shard: None };
        replica.open();
        let title =
            NamedVector { name: "title".into(), dimension: 4, metric: "dot".into(), ..Default::default() };
        replica.apply(declare(Declare::AddVector(title)));
        let kind = IndexKind::Integer.into();
        replica.apply(declare(Declare::AddIndex(PayloadIndex {
            path: "seen".into(),
            kind,
            ..Default::default()
        })));
        replica.apply(upsert_of((0..POINTS).map(|n| point(n, 0))));
        replica.catch_up();
        replica
    }

    /// With as much of the log as a process that was killed finds again.
    fn open(&mut self) {
        self.shard = None;
        let log = self.log.clone();
        let history = move |from: u64| {
            let entries = log.iter().enumerate().skip(from as usize - 1);
            Ok(entries.map(|(at, command)| (at as u64 + 1, command.clone())).collect())
        };
        let resources = Resources::new(8 << 20, 8 << 20);
        let shard = Shard::open_with_log(self.dir.path(), self.spec, &resources, &history).unwrap();
        for at in shard.applied_index() as usize..self.log.len() {
            shard.apply(at as u64 + 1, &self.log[at]).unwrap();
        }
        self.shard = Some(shard);
    }

    fn shard(&self) -> &Shard {
        self.shard.as_ref().unwrap()
    }

    fn apply(&mut self, command: LogCommand) {
        self.log.push(command.clone());
        let applied = self.shard().apply(self.log.len() as u64, &command).unwrap();
        assert_eq!(applied.refused, None);
    }

    fn catch_up(&self) {
        let shard = self.shard();
        while shard.build_step().unwrap() {}
        while shard.index_step(1000, 1).unwrap() > 0 {}
        while shard.index_spaces(1000, 1).unwrap() > 0 {}
    }

    /// Slots ever made, of the first vectors and of the named ones.
    fn made(&self) -> (u64, u64) {
        let fields = self.shard().fields.read();
        let named = fields.space("title").unwrap().generation().made();
        (self.shard().generation.load().made(), named)
    }

    /// Ids, scores and payloads of a few searches by each vector, exact and not.
    fn answers(&self) -> Vec<(String, u32, Vec<u8>)> {
        let mut all = Vec::new();
        for (using, dim) in [("", 8), ("title", 4)] {
            for seed in 0..10 {
                for exact in [true, false] {
                    let (vector, include_payload) = (vector(seed + 50_000, dim), true);
                    let using = using.into();
                    let asked =
                        SearchOp { vector, using, exact, include_payload, k: 10, ..Default::default() };
                    let found = self.shard().search(&asked, Until::default()).unwrap();
                    all.extend(found.hits.into_iter().map(|hit| (hit.id, hit.score.to_bits(), hit.payload)));
                }
            }
        }
        all
    }

    fn specs() -> Vec<ShardSpec> {
        let spec = |metric| ShardSpec { m: 8, ef_construction: 40, ..ShardSpec::new(8, metric) };
        vec![
            spec(Metric::Euclidean),
            spec(Metric::Cosine),
            ShardSpec { vectors: Residence::Disk, ..spec(Metric::Cosine) },
            ShardSpec { vectors: Residence::Mapped, quantization: Quantization::Half, ..spec(Metric::Dot) },
            ShardSpec { quantization: Quantization::Float, ..spec(Metric::Euclidean) },
        ]
    }
}

#[test]
fn a_thousand_patches_insert_nothing_into_a_graph() {
    for spec in Replica::specs() {
        let mut replica = Replica::new(spec);
        let (made, hash) = (replica.made(), replica.shard().state_hash().unwrap());
        for n in 0..POINTS {
            replica.apply(patch(vec![format!("p{n}")], n + 1));
        }
        assert_eq!(replica.made(), made, "{spec:?}");
        let status = replica.shard().status();
        assert_eq!((status.live_points, status.dead_points, status.tail_points), (POINTS, 0, 0), "{spec:?}");
        replica.catch_up();
        let after = replica.shard().state_hash().unwrap();
        assert_eq!(after.graph, hash.graph, "{spec:?}");
        assert_ne!(after.points, hash.points, "the versions are others");
        let (stored, version) = replica.shard().get("p5").unwrap().unwrap();
        assert_eq!((stored.payload, version), (br#"{"n":5,"seen":6}"#.to_vec(), 3 + 6));
    }
}

#[test]
fn the_same_vectors_again_insert_nothing_and_another_one_goes_in_alone() {
    for spec in Replica::specs() {
        let mut replica = Replica::new(spec);
        let (first, named) = replica.made();
        replica.apply(upsert_of((0..POINTS).map(|n| point(n, 2))));
        assert_eq!(replica.made(), (first, named), "{spec:?}");
        // Of 100 points the named vector, of 50 the first one, of one both.
        let other = |n: u64| {
            let mut own = point(n, 3);
            if n <= 100 {
                own.vectors[0].vector = vector(n + 99_999, 4);
            }
            if (100..150).contains(&n) {
                own.vector = vector(n + 88_888, 8);
            }
            own
        };
        replica.apply(upsert_of((1..POINTS).map(other)));
        assert_eq!(replica.made(), (first + 50, named + 100), "{spec:?}");
        // The last of equal ids counts: it has what the point had before the entry, but not what it had in it.
        replica.apply(upsert(vec![PointData { vector: vector(5, 8), ..point(900, 4) }, point(900, 5)]));
        assert_eq!(replica.made(), (first + 52, named + 100), "{spec:?}");
        // One that lost its named vector has it no more.
        replica.apply(upsert(vec![PointData { vectors: Vec::new(), ..point(901, 4) }]));
        assert_eq!(replica.made(), (first + 52, named + 100), "{spec:?}");
        replica.apply(upsert(vec![point(901, 4)]));
        assert_eq!(replica.made(), (first + 52, named + 101), "{spec:?}");
        assert_eq!(replica.shard().status().live_points, POINTS);
    }
}

#[test]
fn answers_are_those_of_points_that_were_written_once() {
    for spec in Replica::specs() {
        let mut again = Replica::new(spec);
        for seen in 1..4 {
            again.apply(upsert_of((0..POINTS / 2).map(|n| point(n, seen))));
            again.apply(patch((POINTS / 3..POINTS).map(|n| format!("p{n}")).collect(), seen));
        }
        again.catch_up();
        let mut once = Replica::new(spec);
        once.apply(patch((0..POINTS).map(|n| format!("p{n}")).collect(), 3));
        once.catch_up();
        assert_eq!(again.answers(), once.answers(), "{spec:?}");
        let hashes = [again.shard().state_hash().unwrap(), once.shard().state_hash().unwrap()];
        assert_eq!(hashes[0].graph, hashes[1].graph, "{spec:?}");
    }
}

#[test]
fn a_restart_keeps_the_graph_of_points_that_were_patched() {
    for spec in Replica::specs() {
        for save in [false, true] {
            let mut replica = Replica::new(spec);
            if save {
                replica.shard().save_graph(true).unwrap();
            }
            // A version that was made by a patch, and is no more.
            replica.apply(patch((0..40).map(|n| format!("p{n}")).collect(), 1));
            replica.apply(upsert_of(
                (20..60).map(|n| PointData { vector: vector(n + 3_000, 8), ..point(n, 2) }),
            ));
            replica.apply(patch((10..70).map(|n| format!("p{n}")).collect(), 3));
            replica.apply(upsert_of((0..30).map(|n| point(n, 4))));
            replica.catch_up();
            let (hash, answers, made) =
                (replica.shard().state_hash().unwrap(), replica.answers(), replica.made());
            replica.shard().flush().unwrap();
            replica.open();
            replica.catch_up();
            assert_eq!(replica.shard().state_hash().unwrap(), hash, "{spec:?}, saved: {save}");
            assert_eq!(replica.answers(), answers, "{spec:?}, saved: {save}");
            // And goes on as if there had been none.
            replica.apply(patch((0..POINTS).map(|n| format!("p{n}")).collect(), 5));
            replica.apply(upsert_of((0..10).map(|n| point(n, 6))));
            assert_eq!(replica.made(), made, "{spec:?}, saved: {save}");
            let conflict = PointData { if_version: Some(1), ..point(3, 9) };
            let refused =
                replica.shard().apply(replica.log.len() as u64 + 1, &upsert(vec![conflict])).unwrap();
            assert_eq!(refused.refused.unwrap().0, ErrorCode::VersionConflict);
        }
    }
}

#[test]
fn the_lag_of_the_index_is_never_more_than_the_points() {
    let mut replica =
        Replica::new(ShardSpec { m: 8, ef_construction: 40, ..ShardSpec::new(8, Metric::Euclidean) });
    for round in 1..5u64 {
        replica.apply(upsert_of((0..POINTS).map(|n| {
            let vectors = vec![VectorData { name: "title".into(), vector: vector(n + round * 10_000, 4) }];
            PointData { vector: vector(n + round * 20_000, 8), vectors, ..point(n, round) }
        })));
        let status = replica.shard().status();
        assert_eq!((status.live_points, status.tail_points), (POINTS, POINTS), "all of them wait");
        assert_eq!(replica.shard().counts(), (POINTS, POINTS));
    }
    while replica.shard().index_step(1000, 1).unwrap() > 0 {}
    assert_eq!(replica.shard().counts(), (POINTS, POINTS), "their named vectors wait");
    replica.catch_up();
    assert_eq!(replica.shard().counts(), (POINTS, 0));
}
