//! The shard, and the searches of each case.

use crate::Outcome;
use crate::sample::{DIM, Sample};
use crate::threads::Spent;
use prost::Message;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use vectron_raft::{Assignment, Node, NodeOptions, Proposal, Timing, Wanted};
use vectron_shard::proto::{
    self, Declaration, FieldCondition, IndexKind, NumberRange, PayloadIndex, PointBatch, PointData, SearchOp,
    ShardOp, ShardOutcome, declaration::Declare, field_condition, filter::Condition, shard_op::Op,
    shard_outcome,
};
use vectron_shard::{Metric, Nearest, ShardSpec};

const BATCH: usize = 500;
const K: u32 = 10;

pub struct Bench {
    node: Node,
    queries: Vec<Vec<u8>>,
    _dir: tempfile::TempDir,
}

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Walk,
    Ids,
    Json,
    Fields,
    /// Labels below this; whether each search has a filter of its own.
    Below(f64, bool),
}

pub struct Case {
    asked: Asked,
    ef: u32,
}

impl Case {
    pub fn new(name: &str, ef: u32) -> Outcome<Self> {
        let asked = match name {
            "walk" => Asked::Walk,
            "ids" => Asked::Ids,
            "json" => Asked::Json,
            "fields" => Asked::Fields,
            "filter1" => Asked::Below(10.0, false),
            "filter10" => Asked::Below(100.0, false),
            "own1" => Asked::Below(10.0, true),
            "own10" => Asked::Below(100.0, true),
            other => return Err(format!("unknown case {other:?}").into()),
        };
        Ok(Self { asked, ef })
    }

    fn op(&self, vector: &[u8], at: usize) -> Vec<u8> {
        let filter = match self.asked {
            Asked::Below(below, own) => {
                // No label lies between.
                let lt = Some(if own { below - (at % 100_000 + 1) as f64 * 1e-6 } else { below });
                let test = Some(field_condition::Test::Number(NumberRange { lt, ..NumberRange::default() }));
                let field = FieldCondition { path: "label".into(), test };
                Some(proto::Filter { condition: Some(Condition::Field(field)) })
            }
            _ => None,
        };
        let search = SearchOp {
            vector: vector.to_vec(),
            k: K,
            ef: self.ef,
            include_payload: matches!(self.asked, Asked::Json | Asked::Fields),
            payload_fields: self.asked == Asked::Fields,
            filter,
            timeout_ms: 2000,
            ..SearchOp::default()
        };
        ShardOp { shard_id: 1, shard_epoch: 1, op: Some(Op::Search(search)), ..ShardOp::default() }
            .encode_to_vec()
    }
}

impl Bench {
    /// Waits until the graph holds all points.
    pub fn open(sample: &Sample) -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        let options = NodeOptions {
            threads: 2,
            index_threads: 1,
            max_waiting: 1024,
            cache_bytes: 64 << 20,
            write_buffer_bytes: 64 << 20,
            small_store_bytes: vectron_raft::SMALL_STORE_BYTES,
            timing: Timing {
                heartbeat_ms: 100,
                election_min_ms: 500,
                election_max_ms: 1000,
                snapshot_entries: 100_000,
            },
            snapshot_bytes: 256 << 20,
            log_keep_bytes: 256 << 20,
            log_quiet: std::time::Duration::from_secs(3600),
            relaxed_ms: 1000,
            low_water_bytes: 16 << 20,
            scrub_every_s: 0,
            raft: None,
        };
        let node = Node::open(dir.path(), options)?;
        let wanted =
            Wanted { voters: BTreeSet::from([65_537]), learners: BTreeSet::new(), first: vec![65_537] };
        node.open_shard(Assignment {
            shard: 1,
            epoch: 1,
            replica: 65_537,
            spec: ShardSpec::new(DIM, Metric::Cosine),
            wanted,
            relaxed: true,
            known: false,
            split_from: None,
        })?;
        let bench = Self { node, queries: moved(&sample.queries), _dir: dir };
        let index =
            PayloadIndex { path: "label".into(), kind: IndexKind::Integer.into(), ..PayloadIndex::default() };
        bench.propose(Proposal::Declare(
            Declaration { declare: Some(Declare::AddIndex(index)) }.encode_to_vec(),
        ))?;
        let points: Vec<PointData> = (0..)
            .zip(sample.points.iter().zip(&sample.payloads))
            .map(|(at, (vector, payload))| PointData {
                id: format!("package-{at}"),
                vector: vector.clone(),
                payload: payload.clone().into_bytes(),
                ..PointData::default()
            })
            .collect();
        for batch in points.chunks(BATCH) {
            bench.propose(Proposal::Upsert(PointBatch { points: batch.to_vec() }.encode_to_vec()))?;
        }
        while bench.node.status()[0].data.as_ref().is_none_or(|data| data.tail_points > 0) {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(bench)
    }

    fn propose(&self, proposal: Proposal) -> Outcome<()> {
        let (tx, rx) = mpsc::channel();
        // The receiver waits below.
        self.node.propose(1, 1, proposal, None, Box::new(move |outcome| drop(tx.send(outcome))));
        rx.recv()??;
        Ok(())
    }

    pub fn measure(&self, case: &Case, in_flight: usize, count: usize) -> Outcome<String> {
        let ops: Vec<Vec<u8>> =
            (0..count).map(|at| case.op(&self.queries[at % self.queries.len()], at)).collect();
        let (before, started) = (Spent::now()?, Instant::now());
        if case.asked == Asked::Walk {
            self.walk(case, count)?;
        } else {
            let (tx, rx) = mpsc::channel();
            let (mut sent, mut got) = (0, 0);
            while got < count {
                while sent < count && sent - got < in_flight {
                    let tx = tx.clone();
                    self.node.submit(&ops[sent], Arc::default(), move |outcome| drop(tx.send(outcome)));
                    sent += 1;
                }
                rx.recv()?;
                got += 1;
                while rx.try_recv().is_ok() {
                    got += 1;
                }
            }
        }
        let (spent, wall) = (Spent::now()?.since(before), started.elapsed().as_secs_f64());
        let each = |nanoseconds: u64| nanoseconds as f64 / 1000.0 / count as f64;
        let (searching, submitting, others) =
            (each(spent.searching), each(spent.submitting), each(spent.others));
        Ok(format!(
            "{{\"searching\": {searching:.1}, \"submitting\": {submitting:.1}, \"others\": {others:.1}, \"wall\": {wall:.2}}}"
        ))
    }

    /// The same queries as the operations have, in one call.
    fn walk(&self, case: &Case, count: usize) -> Outcome<()> {
        let (tx, rx) = mpsc::channel();
        let each = (0..count).map(|at| &self.queries[at % self.queries.len()]);
        let vectors =
            each.flat_map(|bytes| bytes.as_chunks::<4>().0).map(|four| f32::from_le_bytes(*four)).collect();
        let nearest = Nearest { ef: case.ef as usize, ..Nearest::new(K as usize) };
        self.node.search_many(1, 1, vectors, nearest, move |found| drop(tx.send(found.map(|all| all.len()))));
        rx.recv()??;
        Ok(())
    }

    pub fn check(&self, case: &Case, count: usize) -> Outcome<String> {
        let mut sum = DefaultHasher::new();
        for at in 0..count {
            let (tx, rx) = mpsc::channel();
            let op = case.op(&self.queries[at % self.queries.len()], at);
            self.node.submit(&op, Arc::default(), move |outcome| drop(tx.send(outcome)));
            let mut outcome = ShardOutcome::decode(rx.recv()?.as_slice())?;
            match &mut outcome.outcome {
                Some(shard_outcome::Outcome::Search(found)) => {
                    (found.recall_estimate, found.recall_low, found.recall_high) = (None, 0.0, 0.0);
                    (found.applied_index, outcome.applied_index) = (0, 0);
                }
                other => return Err(format!("no answer of a search: {other:?}").into()),
            }
            sum.write(&outcome.encode_to_vec());
        }
        Ok(format!("{{\"sum\": \"{:016x}\"}}", sum.finish()))
    }

    pub fn flush(&self) -> Outcome<String> {
        self.node.flush_all()?;
        Ok("{}".into())
    }

    /// No thread but this one has run for a second.
    pub fn settle(&self) -> Outcome<String> {
        loop {
            let before = Spent::now()?;
            std::thread::sleep(Duration::from_secs(1));
            if Spent::now()?.since(before).others < 50_000_000 {
                return Ok("{}".into());
            }
        }
    }

    pub fn close(self) -> Outcome<()> {
        Ok(self.node.close()?)
    }
}

/// Twenty of each query, each moved a little: queries are seldom the same.
fn moved(queries: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut state = 7u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 24) as f32 - 0.5
    };
    let copies = (0..20).flat_map(|_| queries);
    let mut one = |query: &Vec<u8>| {
        let four = query.as_chunks::<4>().0.iter();
        four.flat_map(|four| (f32::from_le_bytes(*four) + random() * 0.004).to_le_bytes()).collect()
    };
    copies.map(&mut one).collect()
}
