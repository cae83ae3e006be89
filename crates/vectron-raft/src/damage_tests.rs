//! Every kind of file of one replica damaged at many places. `VECTRON_DAMAGE_PLACES=N` damages each kind at N places
//! instead of the default.

use crate::cluster_tests::{Cluster, submit, until};
use crate::tests::{copy_dir, options};
use crate::{Node, NodeError, verify};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vectron_shard::proto;
use vectron_shard::proto::{IdBatch, ShardOp, consistency::Level, shard_op::Op, shard_outcome::Outcome};

const POINTS: usize = 300;

#[derive(Debug, Clone, Copy)]
enum Damage {
    FlipBit,
    Zero,
    Truncate,
}

/// The files of a stopped worker, by kind.
fn files(dir: &Path) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let mut kinds: BTreeMap<&'static str, Vec<PathBuf>> = BTreeMap::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let in_log = path.components().any(|part| part.as_os_str() == "log");
            let kind = match (name.as_str(), in_log) {
                (name, true) if name.ends_with(".log") => "write-ahead log of the Raft log",
                (name, true) if name.ends_with(".sst") => "table of the Raft log",
                (name, true) if name.starts_with("MANIFEST") => "manifest of the Raft log",
                ("CURRENT", true) => "CURRENT of the Raft log",
                ("CURRENT", false) => "CURRENT of the shard",
                ("small.log", false) => "file of a small store",
                (name, false) if name.ends_with(".sst") => "table of the shard",
                (name, false) if name.starts_with("MANIFEST") => "manifest of the shard",
                ("graph.snap", false) => "saved graph",
                ("log.witness", false) => "witness",
                ("replica", false) => "identity of the replica",
                ("current", false) => "pointer to the data",
                _ => continue,
            };
            if std::fs::metadata(&path).unwrap().len() > 0 {
                kinds.entry(kind).or_default().push(path);
            }
        }
    }
    kinds
}

fn damage(file: &Path, how: Damage, place: usize, places: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.len() * place / places;
    match how {
        Damage::FlipBit => bytes[at] ^= 1 << (place % 8),
        Damage::Zero => {
            let end = bytes.len().min(at + 512);
            bytes[at..end].fill(0);
        }
        Damage::Truncate => bytes.truncate(at),
    }
    std::fs::write(file, bytes).unwrap();
}

/// Every point that the worker gives to whoever takes what it has; `Err`: it refuses.
fn answers(node: &Node) -> Result<usize, String> {
    let ids = (0..POINTS).map(|i| format!("p{i}")).collect();
    let op = Some(Op::Get(IdBatch { ids, ..Default::default() }));
    let consistency = Some(proto::Consistency { level: Some(Level::AtLeast(0)) });
    let asked =
        ShardOp { shard_id: 1, shard_epoch: 1, op, consistency, timeout_ms: 400, ..Default::default() };
    let outcome = submit(node, asked);
    match outcome.outcome {
        Some(Outcome::Points(points)) => {
            for point in &points.points {
                let x = f32::from_le_bytes(point.vector[..4].try_into().unwrap());
                assert_eq!(point.id, format!("p{x}"), "a wrong vector");
            }
            Ok(points.points.len())
        }
        _ => Err(outcome.error_code),
    }
}

/// A cluster with something in every kind of file of a stopped follower.
fn cluster(small_store_bytes: usize) -> (Cluster, usize) {
    let mut cluster = Cluster::start_with(3, small_store_bytes);
    let leader = cluster.leader();
    let victim = leader % 3 + 1;
    let mut last = 0;
    for i in 0..POINTS {
        last = cluster.upsert(&format!("p{i}"), [i as f32, 0.0]);
        if i == POINTS / 2 {
            // A second start has the log's tables made, and leaves the rest of the log to its write-ahead log.
            cluster.stop(victim);
            cluster.restart(victim);
        }
    }
    until("the victim has all", || cluster.applied(victim) >= last);
    (cluster, victim)
}

#[test]
fn damage_anywhere_is_noticed_before_an_answer_is_wrong() {
    let every = |kinds: &[&str]| assert!(kinds.len() >= 10, "not every kind of file is there: {kinds:?}");
    damage_everywhere(options().small_store_bytes, every);
}

#[test]
fn damage_of_a_small_store_is_noticed_before_an_answer_is_wrong() {
    let small = |kinds: &[&str]| assert!(kinds.contains(&"file of a small store"), "{kinds:?}");
    damage_everywhere(1 << 20, small);
}

fn damage_everywhere(small_store_bytes: usize, expect: impl Fn(&[&str])) {
    let places = std::env::var("VECTRON_DAMAGE_PLACES").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let (mut cluster, victim) = cluster(small_store_bytes);
    cluster.stop(victim);
    let whole = tempfile::tempdir().unwrap();
    copy_dir(cluster.dirs[victim - 1].path(), whole.path());
    let sound = verify(whole.path()).unwrap();
    assert!(sound.iter().all(|row| row.damage.is_none()), "{sound:?}");
    let kinds: Vec<&str> = files(whole.path()).into_keys().collect();
    expect(&kinds);
    for kind in kinds {
        let mut tally = [0; 4];
        for place in 0..places {
            let how = [Damage::FlipBit, Damage::Zero, Damage::Truncate][place % 3];
            let copy = tempfile::tempdir().unwrap();
            copy_dir(whole.path(), copy.path());
            let of_kind = &files(copy.path())[kind];
            damage(&of_kind[place % of_kind.len()], how, place, places);
            let seen = verify(copy.path()).map_or(true, |rows| rows.iter().any(|row| row.damage.is_some()));
            // Alone: nobody tells it what it lacks.
            let node = match Node::open(copy.path(), options()) {
                Ok(node) => node,
                Err(_) => {
                    tally[0] += 1;
                    continue;
                }
            };
            let own = cluster.voters.iter().copied().find(|id| id >> 16 == victim as u64).unwrap();
            let mut assignment = cluster.assignment(own, &Default::default());
            assignment.known = true;
            match node.open_shard(assignment) {
                Err(NodeError::ReplicaDamaged { .. } | NodeError::LogDamaged { .. }) => tally[0] += 1,
                Err(other) => panic!("{kind} at {place}: {other}"),
                Ok(()) => match answers(&node) {
                    // It knows what it lacks by its applied index.
                    Ok(found)
                        if found == POINTS
                            || node.status()[0].data.as_ref().unwrap().applied_index < POINTS as u64 =>
                    {
                        // What is not read now is found by whoever reads everything: verify, or the scrub.
                        tally[if seen { 2 } else { 3 }] += 1;
                    }
                    Ok(found) => {
                        panic!("{kind} at {place}, {how:?}: {found} points of {POINTS}, and nothing noticed")
                    }
                    Err(code) => {
                        assert_eq!(code, "DATA_DAMAGED", "{kind} at {place}");
                        tally[1] += 1;
                    }
                },
            }
            let _ = node.close();
        }
        let [opened, read, scrubbed, harmless] = tally;
        println!(
            "{kind}: of {places}, {opened} noticed when opened, {read} when read, {scrubbed} when all of it is read, \
             {harmless} without effect on what is stored"
        );
    }
}

#[test]
fn a_damaged_replica_comes_back_as_another_one() {
    let (mut cluster, victim) = cluster(options().small_store_bytes);
    for kind in ["table of the shard", "write-ahead log of the Raft log", "pointer to the data"] {
        cluster.stop(victim);
        let found = files(cluster.dirs[victim - 1].path());
        let file = &found[kind][0];
        let mut bytes = std::fs::read(file).unwrap();
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
        std::fs::write(file, bytes).unwrap();
        cluster.run(victim);
        let own = cluster.voters.iter().copied().find(|id| id >> 16 == victim as u64).unwrap();
        let opened = cluster.node(victim).open_shard(cluster.assignment(own, &Default::default()));
        if opened.is_ok() {
            assert_eq!(answers(cluster.node(victim)), Err("DATA_DAMAGED".into()), "{kind}");
        }
        let status = &cluster.node(victim).status()[0].group;
        assert!(status.damaged.is_some(), "{kind}: {opened:?} {status:?}");
        cluster.replace(victim);
        until("the new replica votes", || {
            cluster.node(cluster.leader()).status()[0].group.voters == cluster.voters
        });
        assert_eq!(cluster.points(victim), POINTS as u64);
        let leader = cluster.node(cluster.leader());
        let (_, differing) = leader.handle().block_on(leader.scrub(1)).unwrap();
        assert!(differing.is_empty(), "{kind}: {differing:?}");
    }
}
