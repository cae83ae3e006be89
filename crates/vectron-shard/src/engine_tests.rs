//! The shard as an engine: replicas agree, searches beside writes are right, restarts change nothing.

use super::*;
use crate::point::StoredPoint;
use crate::proto::{IdBatch, LogCommand, PointBatch, PointData, SearchOp};
use proptest::prelude::*;
use prost::Message;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Of one of 40 clusters, as real embeddings are.
    fn vector(&mut self, dim: usize) -> Vec<f32> {
        let mut centre = Random(self.next() % 40 + 1);
        (0..dim).map(|_| unit(centre.next()) + 0.6 * unit(self.next())).collect()
    }
}

fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u32 << 23) as f32 - 1.0
}

fn bytes(v: &[f32]) -> Vec<u8> {
    v.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn upsert(points: &[(String, Vec<f32>)]) -> LogCommand {
    let point = |(id, v): &(String, Vec<f32>)| PointData {
        id: id.clone(),
        vector: bytes(v),
        payload: format!("{{\"id\":\"{id}\"}}").into(),
        ..PointData::default()
    };
    let batch = PointBatch { points: points.iter().map(point).collect() };
    LogCommand { proposed_at_ms: 1, upsert: Some(batch.encode_to_vec()), ..Default::default() }
}

fn delete(ids: Vec<String>) -> LogCommand {
    LogCommand {
        proposed_at_ms: 1,
        delete: Some(IdBatch { ids, ..Default::default() }.encode_to_vec()),
        ..Default::default()
    }
}

fn resources() -> Resources {
    Resources::new(8 << 20, 8 << 20)
}

fn open(dir: &Path, spec: ShardSpec) -> Shard {
    Shard::open(dir, spec, &resources()).unwrap()
}

fn catch_up(shard: &Shard) {
    while shard.index_step(1000, 2).unwrap() > 0 {}
}

fn ids(shard: &Shard, query: &[f32], nearest: &Nearest) -> Vec<(String, u32)> {
    let mut query = query.to_vec();
    shard.prepare(&mut query).unwrap();
    let found = shard.nearest(&query, nearest).unwrap();
    found.hits.into_iter().map(|(score, slot)| (slot.id.to_string(), score.to_bits())).collect()
}

fn spec(metric: Metric) -> ShardSpec {
    ShardSpec { m: 12, ef_construction: 60, ..ShardSpec::new(16, metric) }
}

/// Upserts, overwrites and deletes, in entries of a few points.
fn history(seed: u64, entries: u64, dim: usize) -> Vec<LogCommand> {
    let mut random = Random(seed);
    let id = |random: &mut Random| format!("p{}", random.next() % (entries * 3));
    (0..entries)
        .map(|_| match random.next() % 5 {
            0 => delete((0..4).map(|_| id(&mut random)).collect()),
            _ => upsert(&(0..6).map(|_| (id(&mut random), random.vector(dim))).collect::<Vec<_>>()),
        })
        .collect()
}

#[test]
fn replicas_with_restarts_and_other_cpus_are_identical() {
    let log = history(11, 500, 16);
    let mut outcomes = Vec::new();
    let best = vectron_kernels::isa();
    // (index step, entries between restarts, flush before the restart, instruction set)
    for (step, restart, save, isa) in
        [(1000, usize::MAX, false, best), (7, 90, true, best), (50, 130, false, Isa::Scalar)]
    {
        assert!(use_isa(isa));
        let dir = tempfile::tempdir().unwrap();
        let spec = spec(Metric::Cosine);
        let entries = |from: u64| {
            let rest = log.iter().enumerate().skip(from as usize - 1);
            Ok(rest.map(|(at, command)| (at as u64 + 1, command.clone())).collect())
        };
        let mut shard = open(dir.path(), spec);
        for (at, command) in log.iter().enumerate() {
            shard.apply(at as u64 + 1, command).unwrap();
            if at % 3 == 0 {
                shard.index_step(step, 2).unwrap();
            }
            if at % restart == restart - 1 {
                if save {
                    shard.save_graph(true).unwrap();
                }
                shard.flush().unwrap();
                drop(shard);
                shard = Shard::open_with_log(dir.path(), spec, &resources(), &entries).unwrap();
                assert_eq!(shard.applied_index(), at as u64 + 1);
            }
        }
        catch_up(&shard);
        let mut random = Random(5);
        let answers: Vec<_> = (0..50)
            .map(|_| ids(&shard, &random.vector(16), &Nearest { ef: 12, ..Nearest::new(10) }))
            .collect();
        outcomes.push((shard.state_hash().unwrap(), answers));
    }
    use_isa(best);
    assert!(outcomes[0].1.iter().all(|hits| hits.len() == 10));
    assert!(outcomes[0] == outcomes[1], "restarts after a save change the state");
    assert!(outcomes[0] == outcomes[2], "restarts from the log alone, or scalar kernels, change the state");
}

#[test]
fn every_residence_and_quantization_finds_the_same_points() {
    let log = history(12, 900, 16);
    let mut random = Random(6);
    let queries: Vec<Vec<f32>> = (0..30).map(|_| random.vector(16)).collect();
    for metric in [Metric::Cosine, Metric::Euclidean, Metric::Dot] {
        let mut truth: Option<Vec<Vec<(String, u32)>>> = None;
        for (vectors, quantization) in [
            (Residence::Memory, Quantization::Int8),
            (Residence::Mapped, Quantization::Int8),
            (Residence::Disk, Quantization::Int8),
            (Residence::Mapped, Quantization::Float),
            (Residence::Memory, Quantization::Half),
            (Residence::Disk, Quantization::Binary),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let spec = ShardSpec { vectors, quantization, ..spec(metric) };
            let shard = open(dir.path(), spec);
            for (at, command) in log.iter().enumerate() {
                shard.apply(at as u64 + 1, command).unwrap();
            }
            let exact = Nearest { exact: true, ..Nearest::new(10) };
            let tail: Vec<_> = queries.iter().map(|query| ids(&shard, query, &exact)).collect();
            catch_up(&shard);
            assert_eq!(shard.tail_len(), 0);
            shard.save_graph(true).unwrap();
            shard.flush().unwrap();
            drop(shard);
            let shard = open(dir.path(), spec);
            assert_eq!(shard.tail_len(), 0, "the saved graph was not used");
            let answers: Vec<_> = queries.iter().map(|query| ids(&shard, query, &exact)).collect();
            assert_eq!(answers, tail);
            assert!(truth.as_ref().is_none_or(|truth| *truth == answers), "{vectors:?} {quantization:?}");
            let hits: usize = queries
                .iter()
                .zip(&answers)
                .map(|(query, truth)| {
                    let found = ids(&shard, query, &Nearest { ef: 200, ..Nearest::new(10) });
                    found.iter().filter(|hit| truth.contains(hit)).count()
                })
                .sum();
            assert!(hits >= 290, "{metric:?} {vectors:?} {quantization:?}: {hits} of 300");
            truth = Some(answers);
        }
    }
}

#[test]
fn a_product_shard_scans_until_it_can_train() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { quantization: Quantization::Product, ..spec(Metric::Euclidean) };
    let shard = open(dir.path(), spec);
    let mut random = Random(8);
    for batch in 0..50u64 {
        let points: Vec<_> = (0..100).map(|i| (format!("p{batch}-{i}"), random.vector(16))).collect();
        shard.apply(batch + 1, &upsert(&points)).unwrap();
        if batch == 20 {
            catch_up(&shard);
            assert_eq!((shard.tail_len(), shard.indexable()), (2100, 0));
        }
    }
    catch_up(&shard);
    assert_eq!(shard.tail_len(), 0);
    let query = random.vector(16);
    let exact = ids(&shard, &query, &Nearest { exact: true, ..Nearest::new(10) });
    let found = ids(&shard, &query, &Nearest { ef: 300, ..Nearest::new(10) });
    assert!(found.iter().filter(|hit| exact.contains(hit)).count() >= 9);
    shard.save_graph(true).unwrap();
    shard.flush().unwrap();
    let hash = shard.state_hash().unwrap();
    drop(shard);
    assert_eq!(open(dir.path(), spec).state_hash().unwrap(), hash);
}

#[test]
fn recall_survives_five_overwrites_of_everything_and_space_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Cosine));
    let mut random = Random(9);
    let mut index = 0;
    let mut memory = Vec::new();
    for _ in 0..6 {
        for batch in 0..30 {
            index += 1;
            let points: Vec<_> = (0..100).map(|i| (format!("p{batch}-{i}"), random.vector(16))).collect();
            shard.apply(index, &upsert(&points)).unwrap();
        }
        catch_up(&shard);
        memory.push(shard.status().memory_bytes);
    }
    let status = shard.status();
    assert_eq!(status.live_points, 3000);
    assert!(status.dead_points <= 3000 / 7, "{status:?}");
    assert!(memory[5] < memory[0] * 5 / 4, "{memory:?}");
    let mut hits = 0;
    for _ in 0..50 {
        let query = random.vector(16);
        let exact = ids(&shard, &query, &Nearest { exact: true, ..Nearest::new(10) });
        let found = ids(&shard, &query, &Nearest::new(10));
        hits += found.iter().filter(|hit| exact.contains(hit)).count();
    }
    assert!(hits >= 475, "{hits} of 500");
}

/// A writer overwrites, deletes and inserts while searches run and the index reclaims: every answer is one that some
/// applied index explains.
#[test]
fn searches_beside_writes_answer_as_of_one_applied_index() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ShardSpec { m: 6, ef_construction: 24, ..ShardSpec::new(4, Metric::Euclidean) };
    let shard = open(dir.path(), spec);
    const POINTS: u64 = 900;
    // The vector says which version it is: (point, version, 0, 0).
    let vector = |point: u64, version: u64| vec![point as f32 * 10.0, version as f32, 0.0, 0.0];
    let mut index = 0;
    for point in 0..POINTS {
        index += 1;
        shard.apply(index, &upsert(&[(format!("p{point}"), vector(point, 0))])).unwrap();
    }
    catch_up(&shard);
    // Version of each point as of each applied index; u64::MAX: deleted.
    let states = Mutex::new(vec![(0u64, 0u64, 0u64); 0]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(3);
            for version in 1..10_000u64 {
                // Ten hot points, so that writes meet searches.
                let point = random.next() % 10;
                index += 1;
                let gone = version % 3 == 0;
                let command = if gone {
                    delete(vec![format!("p{point}")])
                } else {
                    upsert(&[(format!("p{point}"), vector(point, version % 9))])
                };
                states.lock().push((index, point, if gone { u64::MAX } else { version % 9 }));
                shard.apply(index, &command).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                shard.index_step(16, 2).unwrap();
            }
        });
        let mut random = Random(4);
        while !done.load(Ordering::Acquire) {
            let point = random.next() % 10;
            let asked = shard.applied_index();
            let found = shard
                .search(
                    &SearchOp {
                        vector: bytes(&vector(point, 0)),
                        k: 12,
                        ef: 60,
                        include_vector: true,
                        include_payload: true,
                        ..Default::default()
                    },
                    Until::default(),
                )
                .unwrap();
            assert!(found.applied_index >= asked, "an answer older than its question");
            assert_eq!(found.hits.len(), 12);
            let mut expected: HashMap<u64, u64> = (0..10).map(|point| (point, 0)).collect();
            for (index, point, version) in states.lock().iter() {
                if *index <= found.applied_index {
                    expected.insert(*point, *version);
                }
            }
            let unique: std::collections::HashSet<_> = found.hits.iter().map(|hit| &hit.id).collect();
            assert_eq!(unique.len(), 12, "a point is found by the walk and by the scan");
            for hit in &found.hits {
                let point: u64 = hit.id[1..].parse().unwrap();
                let stored = crate::command::floats(&hit.vector);
                let version = expected.get(&point).copied().unwrap_or(0);
                assert_eq!((stored[0], stored[1]), (point as f32 * 10.0, version as f32), "{}", hit.id);
                assert_eq!(hit.payload, format!("{{\"id\":\"{}\"}}", hit.id).as_bytes());
            }
        }
    });
}

#[test]
fn a_payload_of_another_version_is_never_given_to_a_hit() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Dot));
    let mut random = Random(19);
    let points: Vec<_> = (0..3).map(|i| (format!("p{i}"), random.vector(16))).collect();
    shard.apply(1, &upsert(&points)).unwrap();
    let request = SearchOp { vector: bytes(&points[0].1), k: 3, include_payload: true, ..Default::default() };
    let found = || shard.nearest(&points[0].1, &Nearest::new(3)).unwrap();
    let before = found();
    assert_eq!(shard.hits(&before, &request, &Until::default()).unwrap().unwrap().len(), 3);
    shard.apply(2, &upsert(&[("p1".into(), random.vector(16))])).unwrap();
    assert_eq!(shard.hits(&before, &request, &Until::default()).unwrap(), None, "p1 was overwritten since");
    let before = found();
    shard.apply(3, &delete(vec!["p2".into()])).unwrap();
    assert_eq!(shard.hits(&before, &request, &Until::default()).unwrap(), None, "p2 was deleted since");
    assert_eq!(shard.search(&request, Until::default()).unwrap().hits.len(), 2);
}

#[test]
fn a_requested_recall_is_met_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let shard =
        open(dir.path(), ShardSpec { m: 6, ef_construction: 40, ..ShardSpec::new(32, Metric::Cosine) });
    let mut random = Random(14);
    for batch in 0..60u64 {
        let points: Vec<_> = (0..100).map(|i| (format!("p{batch}-{i}"), random.vector(32))).collect();
        shard.apply(batch + 1, &upsert(&points)).unwrap();
    }
    catch_up(&shard);
    assert!(shard.wants_measuring());
    let queries: Vec<Vec<f32>> = (0..1200).map(|_| random.vector(32)).collect();
    for query in &queries {
        ids(&shard, query, &Nearest::new(10));
    }
    shard.measure_recall().unwrap();
    assert!(!shard.wants_measuring());
    let mut slacks = Vec::new();
    for wanted in [0.7, 0.9, 0.97] {
        let (mut hits, mut slack, mut estimate) = (0, 0.0, 0.0);
        for query in &queries[..200] {
            let truth = ids(&shard, query, &Nearest { exact: true, ..Nearest::new(10) });
            let mut query = query.clone();
            shard.prepare(&mut query).unwrap();
            let found = shard.nearest(&query, &Nearest { recall: wanted, ..Nearest::new(10) }).unwrap();
            (slack, estimate) = (found.slack, found.recall.unwrap().mean);
            hits += found.hits.iter().filter(|(_, slot)| truth.iter().any(|hit| *hit.0 == *slot.id)).count();
        }
        let reached = hits as f32 / 2000.0;
        assert!(
            estimate >= wanted && reached >= wanted - 0.02,
            "{wanted}: {estimate} {reached} at slack {slack}"
        );
        slacks.push(slack);
    }
    assert!(slacks.is_sorted() && slacks[0] < slacks[2], "{slacks:?}");
    let wrong = shard.nearest(&queries[0], &Nearest { recall: 1.5, ..Nearest::new(10) });
    assert_eq!(wrong.err().unwrap().code(), ErrorCode::InvalidArgument);
}

#[test]
fn a_late_search_returns_what_it_has_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Cosine));
    let mut random = Random(15);
    for batch in 0..50u64 {
        let points: Vec<_> = (0..100).map(|i| (format!("p{batch}-{i}"), random.vector(16))).collect();
        shard.apply(batch + 1, &upsert(&points)).unwrap();
    }
    let query = bytes(&random.vector(16));
    let late = Until { deadline: Some(Instant::now() - Duration::from_millis(1)), ..Until::default() };
    let cancelled = Until { cancelled: Some(Arc::new(AtomicBool::new(true))), ..Until::default() };
    for (exact, ef, until) in
        [(true, 0, &late), (false, 4000, &late), (true, 0, &cancelled), (false, 4000, &cancelled)]
    {
        let request = SearchOp { vector: query.clone(), k: 10, exact, ef, ..Default::default() };
        let found = shard.search(&request, until.clone()).unwrap();
        assert!(found.stopped && !found.hits.is_empty());
        assert!(found.rescored + found.tail <= 5000 && found.visited < 100);
        assert!(!shard.search(&request, Until::default()).unwrap().stopped);
        catch_up(&shard);
    }
}

#[test]
fn a_parallel_build_catches_up_and_answers() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), ShardSpec { parallel_build: true, ..spec(Metric::Cosine) });
    let mut random = Random(16);
    for batch in 0..60u64 {
        let points: Vec<_> = (0..100).map(|i| (format!("p{batch}-{i}"), random.vector(16))).collect();
        shard.apply(batch + 1, &upsert(&points)).unwrap();
    }
    shard.apply(61, &delete((0..100).map(|i| format!("p3-{i}")).collect())).unwrap();
    catch_up(&shard);
    assert_eq!((shard.tail_len(), shard.status().live_points), (0, 5900));
    let query = random.vector(16);
    let exact = ids(&shard, &query, &Nearest { exact: true, ..Nearest::new(10) });
    let found = ids(&shard, &query, &Nearest::new(10));
    assert!(found.iter().filter(|hit| exact.contains(hit)).count() >= 9);
}

#[test]
fn k_beyond_the_live_count_gives_them_all() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(dir.path(), spec(Metric::Dot));
    let mut random = Random(17);
    let points: Vec<_> = (0..700).map(|i| (format!("p{i}"), random.vector(16))).collect();
    shard.apply(1, &upsert(&points)).unwrap();
    catch_up(&shard);
    assert_eq!(ids(&shard, &points[0].1, &Nearest::new(1000)).len(), 700);
    assert_eq!(ids(&shard, &points[0].1, &Nearest { ef: 650, ..Nearest::new(650) }).len(), 650);
    shard.apply(2, &delete(points.iter().map(|(id, _)| id.clone()).collect())).unwrap();
    assert!(ids(&shard, &points[0].1, &Nearest::new(10)).is_empty());
    catch_up(&shard);
    assert!(ids(&shard, &points[0].1, &Nearest::new(10)).is_empty());
    shard.apply(3, &upsert(&points[..5])).unwrap();
    catch_up(&shard);
    assert_eq!(ids(&shard, &points[0].1, &Nearest::new(10)).len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), failure_persistence: None, ..Default::default() })]

    /// Bytes from a disk or a peer: a value or an error, never a panic.
    #[test]
    fn decoders_refuse_or_decode(noise in prop::collection::vec(any::<u8>(), 0..200), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6)) {
        let mut random = Random(21);
        let spec = ShardSpec::new(4, Metric::Cosine);
        let command = upsert(&[("a".into(), random.vector(4)), ("b".into(), random.vector(4))]);
        let mut entry = command.encode_to_vec();
        let vector = bytes(&random.vector(4));
        let version = crate::point::Version { index: 7, ordinal: 1 };
        let mut point =
            StoredPoint { version, written_at_ms: 5, vector: &vector, extras: &[], payload: b"{}" }.encode();
        for (at, value) in flips {
            let at_entry = at % entry.len();
            entry[at_entry] = value;
            let at_point = at % point.len();
            point[at_point] = value;
        }
        for bytes in [&noise, &entry] {
            if let Ok(command) = LogCommand::decode(bytes.as_slice()) {
                let _ = command.check(&spec);
            }
        }
        for bytes in [&noise, &point] {
            if let Ok(point) = StoredPoint::decode(bytes) {
                prop_assert!(point.vector.len() + point.payload.len() <= bytes.len());
            }
        }
    }
}
