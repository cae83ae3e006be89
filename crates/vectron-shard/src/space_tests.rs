//! Saved graphs of named vectors: a restart changes nothing and builds nothing again, whatever came before it.

use super::*;
use crate::proto::{
    Declaration, FieldValue, IdBatch, LogCommand, Mutation, NamedVector, PayloadChange, PointBatch,
    PointData, SearchOp, Split, VectorData, declaration::Declare, mutation::Action,
};
use prost::Message;
use std::collections::BTreeMap;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }

    fn vector(&mut self, dim: usize) -> Vec<u8> {
        let unit = |bits: u64| (bits >> 40) as f32 / (1u32 << 23) as f32 - 1.0;
        (0..dim).flat_map(|_| unit(self.next()).to_le_bytes()).collect()
    }
}

fn spec() -> ShardSpec {
    ShardSpec { m: 6, ef_construction: 24, ..ShardSpec::new(8, Metric::Euclidean) }
}

fn open(dir: &Path, history: History<'_>) -> Shard {
    Shard::open_with_log(dir, spec(), &Resources::new(8 << 20, 8 << 20), history).unwrap()
}

fn named(name: &str, dimension: u32) -> NamedVector {
    NamedVector {
        name: name.into(),
        dimension,
        metric: "euclidean".into(),
        m: 6,
        ef_construction: 24,
        // One that shares its vectors with its graph, and others with codes.
        quantization: if name == "a" { "none".into() } else { String::new() },
        ..Default::default()
    }
}

fn declare(declare: Declare) -> LogCommand {
    LogCommand { declaration: Some(Declaration { declare: Some(declare) }), ..Default::default() }
}

fn upsert(points: Vec<PointData>) -> LogCommand {
    let upsert = Some(PointBatch { points }.encode_to_vec());
    LogCommand { proposed_at_ms: 1000, upsert, ..Default::default() }
}

fn point(random: &mut Random, id: String, vectors: &[(&str, usize)]) -> PointData {
    let vectors =
        vectors.iter().map(|(name, dim)| VectorData { name: (*name).into(), vector: random.vector(*dim) });
    PointData { id, vectors: vectors.collect(), vector: random.vector(8), ..Default::default() }
}

fn catch_up(shard: &Shard) {
    while shard.build_step().unwrap() {}
    while shard.index_step(1000, 1).unwrap() > 0 {}
    while shard.index_spaces(1000, 1).unwrap() > 0 {}
}

/// The graph of each vector; the first one's under no name.
fn graphs(shard: &Shard) -> BTreeMap<String, Vec<u8>> {
    let bytes =
        |generation: &Generation| generation.graph().map(|graph| graph.to_bytes()).unwrap_or_default();
    let fields = shard.fields.read();
    let spaces = fields.spaces();
    let mut graphs: BTreeMap<String, Vec<u8>> =
        spaces.map(|space| (space.declared().name.clone(), bytes(&space.generation()))).collect();
    graphs.insert(String::new(), bytes(&shard.generation.load()));
    graphs
}

fn ids(shard: &Shard, using: &str, vector: Vec<u8>, exact: bool) -> Vec<String> {
    let request = SearchOp { vector, k: 10, ef: 60, exact, using: using.into(), ..Default::default() };
    shard.search(&request, Until::default()).unwrap().hits.into_iter().map(|hit| hit.id).collect()
}

/// Everything that can happen to a named vector, in entries of a few points. Not of use to whoever wants `graph.snap` alone:
/// vector "a" comes and goes, "b" stays, "quiet" is declared and never used again.
fn history(seed: u64, entries: usize) -> Vec<LogCommand> {
    let mut random = Random(seed);
    let mut log = vec![
        declare(Declare::AddVector(named("quiet", 3))),
        upsert(vec![point(&mut Random(3), "only".into(), &[("quiet", 3)])]),
        declare(Declare::AddVector(named("b", 4))),
        declare(Declare::AddVector(named("a", 6))),
    ];
    let kept = (0..20).map(|n| format!("kept{n}")).filter(|id| routing_hash(id) < u64::MAX / 2);
    log.push(upsert(kept.map(|id| point(&mut random, id, &[("b", 4)])).collect()));
    let (mut has_a, mut epoch) = (true, 0);
    while log.len() < entries {
        let id = |random: &mut Random| format!("p{}", random.below(400));
        let command = match random.below(20) {
            0 => {
                has_a = !has_a;
                declare(match has_a {
                    true => Declare::AddVector(named("a", 6)),
                    false => Declare::DropVector(named("a", 6)),
                })
            }
            1 | 2 => {
                let ids = (0..8).map(|_| id(&mut random)).collect();
                let delete = Some(IdBatch { ids, ..Default::default() }.encode_to_vec());
                LogCommand { delete, ..Default::default() }
            }
            3 => {
                let kept = (0..3).map(|_| format!("kept{}", random.below(20))).collect::<Vec<_>>();
                let ids = (0..5).map(|_| id(&mut random)).chain(kept).collect();
                let value = random.below(9).to_string().into_bytes();
                let set = vec![FieldValue { path: "seen".into(), value }];
                let action = Some(Action::Change(PayloadChange { set, ..Default::default() }));
                let mutation = Some(Mutation { ids, action, ..Default::default() }.encode_to_vec());
                LogCommand { mutation, ..Default::default() }
            }
            // What the points have by now, as often as not: vectors that depend on the id alone, and twice in one entry.
            10 | 11 => {
                let again = |random: &mut Random| {
                    let n = random.below(60);
                    let mut own = Random(1000 + n);
                    let names: &[(&str, usize)] = if !n.is_multiple_of(3) { &[("b", 4)] } else { &[] };
                    let other = point(&mut own, format!("p{n}"), names);
                    match random.below(4) {
                        0 => PointData { vector: own.vector(3), ..other },
                        1 if !names.is_empty() => {
                            let other_b = VectorData { name: "b".into(), vector: own.vector(4) };
                            PointData { vectors: vec![other_b], ..other }
                        }
                        _ => other,
                    }
                };
                upsert((0..8).map(|_| again(&mut random)).collect())
            }
            4 => {
                let ids = (0..3).map(|_| id(&mut random)).collect();
                let action = Some(Action::Delete(true));
                let mutation = Some(Mutation { ids, action, ..Default::default() }.encode_to_vec());
                LogCommand { mutation, ..Default::default() }
            }
            5 => LogCommand { expire_by_ms: 1000 + random.below(500), ..Default::default() },
            // Refused: the version is another one, or the vector is not declared.
            6 => upsert(vec![PointData {
                if_version: Some(1 << 40),
                ..point(&mut random, format!("p{}", log.len()), &[("b", 4)])
            }]),
            7 => upsert(vec![point(&mut random, "p1".into(), &[("unknown", 4)])]),
            8 if log.len() > entries / 2 && epoch < 2 => {
                epoch += 1;
                let at = if epoch == 1 { u64::MAX / 8 * 7 } else { u64::MAX / 4 * 3 };
                let split = Some(Split { at, upper: 7, epoch, keeps_upper: false });
                LogCommand { split, ..Default::default() }
            }
            // Refused: of an older epoch.
            9 if epoch > 0 => {
                let split = Some(Split { at: u64::MAX / 2, upper: 9, epoch, keeps_upper: false });
                LogCommand { split, ..Default::default() }
            }
            _ => {
                let mut points: Vec<PointData> = (0..12)
                    .map(|_| {
                        let mut vectors = Vec::new();
                        if has_a && random.below(4) > 0 {
                            vectors.push(("a", 6));
                        }
                        if random.below(3) > 0 {
                            vectors.push(("b", 4));
                        }
                        let id = id(&mut random);
                        point(&mut random, id, &vectors)
                    })
                    .collect();
                points[5].id = points[2].id.clone();
                points[7].ttl_ms = 1 + random.below(400);
                upsert(points)
            }
        };
        log.push(command);
    }
    log
}

fn apply_all(shard: &Shard, log: &[LogCommand]) {
    for (at, command) in log.iter().enumerate().skip(shard.applied_index() as usize) {
        shard.apply(at as u64 + 1, command).unwrap();
    }
}

fn read(log: &[LogCommand], from: u64) -> Vec<(u64, LogCommand)> {
    let rest = log.iter().enumerate().skip(from.saturating_sub(1) as usize);
    rest.map(|(at, command)| (at as u64 + 1, command.clone())).collect()
}

#[test]
fn a_reopened_shard_has_the_graphs_of_its_named_vectors_and_indexes_nothing_again() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = |_| Ok(Vec::new());
    let before = {
        let shard = open(dir.path(), &nothing);
        let mut random = Random(4);
        shard.apply(1, &declare(Declare::AddVector(named("a", 6)))).unwrap();
        for batch in 0..30u64 {
            let points = (0..100).map(|n| point(&mut random, format!("p{batch}-{n}"), &[("a", 6)]));
            let command = upsert(points.collect());
            shard.apply(batch + 2, &command).unwrap();
        }
        catch_up(&shard);
        shard.flush().unwrap();
        shard.save_graph(true).unwrap();
        assert_eq!(shard.saved_index(), 31);
        graphs(&shard)
    };
    let shard = open(dir.path(), &nothing);
    assert_eq!((shard.tail_len(), shard.spaces_waiting()), (0, 0));
    assert!(graphs(&shard) == before, "the saved graph is another one");
    assert_eq!(before["a"].is_empty(), before[""].is_empty());
    let mut random = Random(5);
    for _ in 0..10 {
        let query = random.vector(6);
        let truth = ids(&shard, "a", query.clone(), true);
        let found = ids(&shard, "a", query, false);
        assert!(found.iter().filter(|id| truth.contains(id)).count() >= 9);
    }
}

/// Restarts after any entry, with the graphs saved or not, the log cut or not, the store flushed or not.
#[test]
fn restarts_at_any_step_leave_the_same_graphs() {
    for seed in [1, 2] {
        let log = history(seed, 160);
        let straight_dir = tempfile::tempdir().unwrap();
        let straight = open(straight_dir.path(), &|_| Ok(Vec::new()));
        let dir = tempfile::tempdir().unwrap();
        let mut random = Random(seed + 100);
        let (mut shard, mut cut) = (open(dir.path(), &|_| Ok(Vec::new())), 0);
        for at in 0..log.len() {
            straight.apply(at as u64 + 1, &log[at]).unwrap();
            catch_up(&straight);
            apply_all(&shard, &log[..=at]);
            shard.build_step().unwrap();
            shard.index_step(random.below(40) as usize, 1).unwrap();
            shard.index_spaces(random.below(40) as usize, 1).unwrap();
            let (flush, save, index) = (random.below(2) == 0, random.below(3) == 0, random.below(2) == 0);
            if index {
                catch_up(&shard);
            }
            if save {
                shard.save_graph(true).unwrap();
            }
            if flush {
                shard.flush().unwrap();
            }
            if save && flush {
                cut = shard.saved_index();
            }
            let declared = log[at].declaration.as_ref().and_then(|one| one.declare.as_ref());
            if matches!(declared, Some(Declare::AddVector(_))) {
                // What points had at the declaration is saved as soon as it is indexed.
                catch_up(&shard);
                shard.save_graph(false).unwrap();
            }
            drop(shard);
            let kept = |from: u64| Ok(read(&log, from.max(cut + 1)));
            shard = open(dir.path(), &kept);
            apply_all(&shard, &log[..=at]);
            if at % 8 == 7 {
                catch_up(&shard);
                let (mine, theirs) = (graphs(&shard), graphs(&straight));
                for (name, bytes) in &theirs {
                    assert!(mine[name] == *bytes, "seed {seed}, entry {}, vector {name:?}", at + 1);
                }
                assert_eq!(mine.len(), theirs.len());
                assert_eq!(shard.state_hash().unwrap(), straight.state_hash().unwrap());
            }
        }
        catch_up(&shard);
        shard.flush().unwrap();
        shard.save_graph(true).unwrap();
        assert_eq!(shard.saved_index(), log.len() as u64, "a vector that nobody writes holds the log back");
        for (name, dim) in [("b", 4), ("quiet", 3)] {
            let query = random.vector(dim);
            assert_eq!(ids(&shard, name, query.clone(), true), ids(&straight, name, query, true));
        }
    }
}

/// A refused entry is in the log, too: replaying it must do as little as applying it did.
#[test]
fn entries_that_were_refused_are_not_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(9);
    let points: Vec<PointData> = (0..1000).map(|n| point(&mut random, format!("p{n}"), &[])).collect();
    let vector = points[7].vector.clone();
    let log = [
        upsert(points.clone()),
        upsert(vec![PointData { if_version: Some(77), ..point(&mut random, "p7".into(), &[]) }]),
        LogCommand {
            delete: Some(
                IdBatch { ids: vec!["p8".into()], if_version: Some(77), ..Default::default() }
                    .encode_to_vec(),
            ),
            ..Default::default()
        },
    ];
    let shard = open(dir.path(), &|_| Ok(Vec::new()));
    let refused =
        log.iter().enumerate().map(|(at, entry)| shard.apply(at as u64 + 1, entry).unwrap().refused);
    assert_eq!(refused.map(|refused| refused.is_some()).collect::<Vec<_>>(), [false, true, true]);
    shard.flush().unwrap();
    drop(shard);
    let shard = open(dir.path(), &|from| Ok(read(&log, from)));
    catch_up(&shard);
    assert_eq!(ids(&shard, "", vector, false)[0], "p7");
    assert_eq!(ids(&shard, "", points[8].vector.clone(), false)[0], "p8");
}

/// A saved graph that came to harm, in whatever part, costs an index and nothing else.
#[test]
fn a_damaged_or_stale_saved_graph_is_built_anew_while_the_points_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = vec![declare(Declare::AddVector(named("a", 6)))];
    let mut random = Random(6);
    for batch in 0..12 {
        let points = (0..50).map(|n| point(&mut random, format!("p{batch}-{n}"), &[("a", 6)]));
        log.push(upsert(points.collect()));
    }
    let nothing = |_| Ok(Vec::new());
    let shard = open(dir.path(), &nothing);
    apply_all(&shard, &log);
    catch_up(&shard);
    shard.flush().unwrap();
    shard.save_graph(true).unwrap();
    let query = random.vector(6);
    let truth = ids(&shard, "a", query.clone(), true);
    drop(shard);
    let file = dir.path().join("graph-61.snap");
    let whole = std::fs::read(&file).unwrap();
    let harm = |how: usize, at: usize| {
        let mut bytes = whole.clone();
        match how {
            0 => bytes[at] ^= 1 << (at % 8),
            1 => bytes.truncate(at),
            _ => bytes[at..].fill(0),
        }
        bytes
    };
    for part in 0..24 {
        let bytes = harm(part % 3, whole.len() * part / 24);
        std::fs::write(&file, bytes).unwrap();
        let shard = open(dir.path(), &nothing);
        assert_eq!(shard.spaces_waiting(), 600, "part {part}");
        assert_eq!(ids(&shard, "a", query.clone(), false), truth, "part {part}");
    }
    std::fs::remove_file(&file).unwrap();
    let shard = open(dir.path(), &nothing);
    assert_eq!(shard.spaces_waiting(), 600);
    assert_eq!(ids(&shard, "a", query.clone(), false), truth);
    catch_up(&shard);
    shard.save_graph(true).unwrap();
    // Dropped, declared again, and the process ends before anything is saved: the file is of the vector before.
    log.push(declare(Declare::DropVector(named("a", 6))));
    log.push(declare(Declare::AddVector(named("a", 6))));
    log.push(upsert((0..5).map(|n| point(&mut random, format!("new{n}"), &[("a", 6)])).collect()));
    apply_all(&shard, &log);
    shard.flush().unwrap();
    drop(shard);
    assert!(file.exists());
    let shard = open(dir.path(), &nothing);
    assert_eq!(shard.spaces_waiting(), 605, "a graph of a vector that was dropped was taken up");
    // Dropped for good: the file goes with the next save.
    log.push(declare(Declare::DropVector(named("a", 6))));
    apply_all(&shard, &log);
    shard.save_graph(true).unwrap();
    assert!(!file.exists());
}

/// A checkpoint has the saved graphs, and stays as it was when the shard goes on.
#[test]
fn a_checkpoint_has_the_graphs_of_named_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let shard = open(&dir.path().join("shard"), &|_| Ok(Vec::new()));
    let log = history(7, 60);
    apply_all(&shard, &log);
    catch_up(&shard);
    shard.flush().unwrap();
    shard.save_graph(true).unwrap();
    let before = graphs(&shard);
    let copy = shard.checkpoint(&dir.path().join("copy")).unwrap().keep();
    apply_all(&shard, &history(7, 90));
    catch_up(&shard);
    shard.flush().unwrap();
    shard.save_graph(true).unwrap();
    let copy = open(&copy, &|_| Ok(Vec::new()));
    assert_eq!((copy.applied_index(), copy.tail_len(), copy.spaces_waiting()), (60, 0, 0));
    assert!(graphs(&copy) == before);
}
