//! One shard for bench/ann: a JSON command a line on stdin, a JSON answer a line on stdout. CPU seconds are user and
//! system time of this whole process.
//!
//! `{"cmd": "build", "points": FILE, "dim": 384, "metric": "cosine", "m": 16, "ef_construction": 200,
//! "quantization": "int8", "vectors": "memory", "payloads": FILE, "indexes": [["section", "keyword"]]}`,
//! `{"cmd": "measure", "queries": FILE, "k": 10}` (asks each query once, then measures recall from them),
//! `{"cmd": "search", "queries": FILE, "k": 10, "slack": 0.05, "recall": 0.95, "ef": 100, "threads": 1,
//! "filter": ["section", "haskell"] or ["label", 0, 10]}` (what is left out is by default; with a slack, ef is the most nodes
//! a walk keeps, and left out that of the slack's level; a filter is a string, or numbers from and below), `"vary": true`
//! for a filter of its own for each query, that means the same, `{"cmd": "delete", "every": 5}`, `{"cmd": "reopen"}`,
//! `{"cmd": "index_build", "points": 1000000}`. Files hold little-endian f32.

use cpu_time::ProcessTime;
use prost::Message;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;
use vectron_shard::proto::{
    self, CountOp, Declaration, FieldCondition, IdBatch, IndexKind, LogCommand, NumberRange, PayloadIndex,
    PointBatch, PointData, Scalar, ScalarList, declaration::Declare, field_condition, filter::Condition,
    scalar,
};
use vectron_shard::*;
use vectron_storage::Resources;

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

const BATCH: usize = 1000;

struct Bench {
    dir: tempfile::TempDir,
    shard: Option<Shard>,
    spec: Option<ShardSpec>,
    count: usize,
}

fn main() -> Outcome<()> {
    let mut bench = Bench { dir: tempfile::tempdir()?, shard: None, spec: None, count: 0 };
    for line in std::io::stdin().lock().lines() {
        let answer = bench.run(&serde_json::from_str(&line?)?)?;
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn text<'a>(command: &'a Value, name: &str) -> Outcome<&'a str> {
    command[name].as_str().ok_or_else(|| format!("{name} is missing").into())
}

fn number(command: &Value, name: &str, default: usize) -> usize {
    command[name].as_u64().map_or(default, |n| n as usize)
}

/// 0 when it is left out.
fn fraction(command: &Value, name: &str) -> f32 {
    command[name].as_f64().unwrap_or(0.0) as f32
}

fn text_at(list: &Value, at: usize) -> Outcome<&str> {
    list[at].as_str().ok_or_else(|| format!("{list} has no text at {at}").into())
}

/// `null`: none.
fn filter(asked: &Value) -> Outcome<Option<proto::Filter>> {
    if asked.is_null() {
        return Ok(None);
    }
    let test = match (asked[1].as_str(), asked[1].as_f64(), asked[2].as_f64()) {
        (Some(text), ..) => {
            let value = Some(scalar::Value::Text(text.into()));
            field_condition::Test::In(ScalarList { values: vec![Scalar { value }] })
        }
        (None, gte, lt) => field_condition::Test::Number(NumberRange { gte, lt, ..NumberRange::default() }),
    };
    let field = FieldCondition { path: text_at(asked, 0)?.into(), test: Some(test) };
    Ok(Some(proto::Filter { condition: Some(Condition::Field(field)) }))
}

/// The range of the command with bounds that no other query has and no point lies between.
fn varied(command: &Value, at: usize) -> Option<proto::Filter> {
    let range = &command["filter"];
    let below = command["vary"].as_bool().filter(|vary| *vary).and(range[2].as_f64())?;
    filter(&json!([range[0], range[1], below - (at + 1) as f64 * 1e-6])).ok().flatten()
}

fn floats(file: &str) -> Outcome<Vec<f32>> {
    Ok(std::fs::read(file)?.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
}

/// Runs `work`; gives its CPU and wall seconds.
fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64, f64)> {
    let (cpu, wall) = (ProcessTime::now(), Instant::now());
    let result = work()?;
    Ok((result, cpu.elapsed().as_secs_f64(), wall.elapsed().as_secs_f64()))
}

impl Bench {
    fn run(&mut self, command: &Value) -> Outcome<Value> {
        match text(command, "cmd")? {
            "build" => self.build(command),
            "measure" => self.measure(command),
            "search" => self.search(command),
            "delete" => self.delete(number(command, "every", 5)),
            "reopen" => self.reopen(command),
            "index_build" => index_build(number(command, "points", 1_000_000)),
            other => Err(format!("unknown command {other}").into()),
        }
    }

    fn shard(&self) -> Outcome<&Shard> {
        self.shard.as_ref().ok_or_else(|| "build first".into())
    }

    fn build(&mut self, command: &Value) -> Outcome<Value> {
        if let Some(isa) = command["isa"].as_str() {
            let isa =
                Isa::ALL.into_iter().find(|known| known.name() == isa).ok_or("unknown instruction set")?;
            if !use_isa(isa) {
                return Err("this CPU lacks the instruction set".into());
            }
        }
        let dim = number(command, "dim", 0);
        let metric = Metric::parse(text(command, "metric")?).ok_or("unknown metric")?;
        let spec = ShardSpec {
            m: number(command, "m", 16),
            ef_construction: number(command, "ef_construction", 200),
            quantization: Quantization::parse(command["quantization"].as_str().unwrap_or("int8"))
                .ok_or("unknown quantization")?,
            vectors: Residence::parse(command["vectors"].as_str().unwrap_or("memory"))
                .ok_or("unknown place")?,
            ..ShardSpec::new(dim, metric)
        };
        self.shard = None;
        self.dir = tempfile::tempdir()?;
        self.spec = Some(spec);
        let shard = Shard::open(self.dir.path(), spec, &Resources::new(64 << 20, 64 << 20))?;
        let points = floats(text(command, "points")?)?;
        self.count = points.len() / dim;
        let payloads = match command["payloads"].as_str() {
            Some(file) => std::fs::read_to_string(file)?.lines().map(str::to_owned).collect(),
            None => vec![String::new(); self.count],
        };
        for index in command["indexes"].as_array().into_iter().flatten() {
            let kind = match text_at(index, 1)? {
                "keyword" => IndexKind::Keyword,
                "integer" => IndexKind::Integer,
                other => return Err(format!("no index of type {other} here").into()),
            };
            let index = PayloadIndex {
                path: text_at(index, 0)?.into(),
                kind: kind.into(),
                ..PayloadIndex::default()
            };
            let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
            shard.apply(shard.applied_index() + 1, &LogCommand { declaration, ..Default::default() })?;
        }
        let first = shard.applied_index() + 1;
        let ((), apply_cpu, apply_wall) = timed(|| {
            for (at, batch) in points.chunks(BATCH * dim).enumerate() {
                let point = |(i, v): (usize, &[f32])| PointData {
                    id: (at * BATCH + i).to_string(),
                    vector: v.iter().flat_map(|x| x.to_le_bytes()).collect(),
                    payload: payloads[at * BATCH + i].clone().into_bytes(),
                    ..PointData::default()
                };
                let points = batch.chunks_exact(dim).enumerate().map(point).collect();
                let upsert = Some(PointBatch { points }.encode_to_vec());
                shard.apply(first + at as u64, &LogCommand { upsert, ..Default::default() })?;
            }
            Ok(())
        })?;
        let ((), cpu, wall) = timed(|| {
            while shard.index_step(10_000, 1)? > 0 {}
            Ok(())
        })?;
        let status = shard.status();
        self.shard = Some(shard);
        Ok(json!({
            "cpu": cpu, "wall": wall, "apply_cpu": apply_cpu, "apply_wall": apply_wall,
            "index_bytes": status.index_bytes, "memory_bytes": status.memory_bytes, "isa": instruction_set(),
        }))
    }

    fn measure(&self, command: &Value) -> Outcome<Value> {
        let shard = self.shard()?;
        let mut queries = floats(text(command, "queries")?)?;
        for query in queries.chunks_exact_mut(shard.spec().dim) {
            shard.prepare(query)?;
            shard.nearest(query, &Nearest::new(number(command, "k", 10)))?;
        }
        let ((), cpu, wall) = timed(|| Ok(shard.measure_recall()?))?;
        Ok(json!({ "cpu": cpu, "wall": wall }))
    }

    fn search(&self, command: &Value) -> Outcome<Value> {
        let shard = self.shard()?;
        let mut queries = floats(text(command, "queries")?)?;
        let dim = shard.spec().dim;
        let filter = filter(&command["filter"])?.map(|filter| shard.filter(&filter)).transpose()?;
        let nearest = Nearest {
            ef: number(command, "ef", 0),
            recall: fraction(command, "recall"),
            slack: fraction(command, "slack"),
            exact: command["exact"].as_bool().unwrap_or(false),
            filter: filter.map(std::sync::Arc::new),
            ..Nearest::new(number(command, "k", 10))
        };
        let threads = number(command, "threads", 1);
        let share = (queries.len() / dim).div_ceil(threads) * dim;
        let (found, cpu, wall) = timed(|| {
            std::thread::scope(|scope| {
                let work: Vec<_> = queries
                    .chunks_mut(share)
                    .map(|share| {
                        scope.spawn(|| -> vectron_shard::Result<Vec<Found>> {
                            let one = |(at, query): (usize, &mut [f32])| {
                                shard.prepare(query)?;
                                match varied(command, at) {
                                    None => shard.nearest(query, &nearest),
                                    Some(filter) => {
                                        let filter = Some(std::sync::Arc::new(shard.filter(&filter)?));
                                        shard.nearest(query, &Nearest { filter, ..nearest.clone() })
                                    }
                                }
                            };
                            share.chunks_exact_mut(dim).enumerate().map(one).collect()
                        })
                    })
                    .collect();
                let mut found = Vec::new();
                for thread in work {
                    found.extend(thread.join().map_err(|_| "a search panicked")??);
                }
                Ok(found)
            })
        })?;
        let mut plans = std::collections::BTreeMap::new();
        found.iter().for_each(|found| *plans.entry(found.plan).or_insert(0) += 1);
        let said: Vec<f32> =
            found.iter().filter_map(|found| found.recall).map(|recall| recall.mean).collect();
        let mean = |sum: f64, count: usize| (count > 0).then(|| sum / count as f64);
        let per_query = |what: fn(&Found) -> u32| {
            mean(found.iter().map(|found| f64::from(what(found))).sum(), found.len())
        };
        let mut answer = json!({
            "cpu": cpu, "wall": wall, "plans": plans,
            "said": mean(said.iter().copied().map(f64::from).sum(), said.len()), "unsaid": found.len() - said.len(),
            "unmet": found.iter().filter(|found| found.recall_unmet).count(),
            "distances": per_query(|found| found.stats.distances), "rescored": per_query(|found| found.rescored),
        });
        if command["ids"].as_bool().unwrap_or(false) {
            let ids = |found: &Found| {
                found
                    .hits
                    .iter()
                    .map(|hit| hit.1.id.parse::<u64>())
                    .collect::<std::result::Result<Vec<_>, _>>()
            };
            answer["ids"] = json!(found.iter().map(ids).collect::<std::result::Result<Vec<_>, _>>()?);
        }
        Ok(answer)
    }

    fn delete(&self, every: usize) -> Outcome<Value> {
        let shard = self.shard()?;
        let ids: Vec<String> = (0..self.count).step_by(every).map(|i| i.to_string()).collect();
        let ((), cpu, wall) = timed(|| {
            for batch in ids.chunks(100) {
                let delete = Some(IdBatch { ids: batch.to_vec(), ..Default::default() }.encode_to_vec());
                let command = LogCommand { delete, ..Default::default() };
                shard.apply(shard.applied_index() + 1, &command)?;
                while shard.index_step(10_000, 1)? > 0 {}
            }
            Ok(())
        })?;
        Ok(json!({ "cpu": cpu, "wall": wall, "deleted": ids.len() }))
    }

    /// Saves, closes and opens the shard; the time is from the call to the first answer.
    fn reopen(&mut self, command: &Value) -> Outcome<Value> {
        let spec = self.spec.ok_or("build first")?;
        if let Some(shard) = self.shard.take() {
            shard.save_graph(true)?;
            shard.flush()?;
        }
        let mut query = floats(text(command, "queries")?)?;
        query.truncate(spec.dim);
        let ((), cpu, wall) = timed(|| {
            let shard = Shard::open(self.dir.path(), spec, &Resources::new(64 << 20, 64 << 20))?;
            shard.prepare(&mut query)?;
            shard.nearest(&query, &Nearest::new(10))?;
            self.shard = Some(shard);
            Ok(())
        })?;
        let status = self.shard()?.status();
        let snapshot = self.shard()?.snapshot_bytes();
        Ok(json!({ "cpu": cpu, "wall": wall, "tail": status.tail_points, "snapshot_bytes": snapshot }))
    }
}

/// Milliseconds that single writes take while payload indexes over many points are built, and without that.
fn index_build(count: usize) -> Outcome<Value> {
    const DIM: usize = 16;
    let dir = tempfile::tempdir()?;
    let resources = Resources::new(64 << 20, 256 << 20);
    let shard = Shard::open(dir.path(), ShardSpec::new(DIM, Metric::Euclidean), &resources)?;
    let apply = |command: LogCommand| shard.apply(shard.applied_index() + 1, &command);
    let point = |n: usize| {
        PointData {
        id: format!("p{n}"),
        vector: (0..DIM).flat_map(|d| ((n * (d + 7) % 1013) as f32).to_le_bytes()).collect(),
        payload: json!({ "n": n, "group": format!("g{}", n % 1000), "text": format!("word{} and word{}", n % 5000, n % 77) })
            .to_string()
            .into_bytes(),
        ..PointData::default()
    }
    };
    let upsert = |points: Vec<PointData>| {
        let upsert = Some(PointBatch { points }.encode_to_vec());
        apply(LogCommand { upsert, ..LogCommand::default() })
    };
    for start in (0..count).step_by(BATCH) {
        upsert((start..(start + BATCH).min(count)).map(point).collect())?;
    }
    let written = |milliseconds: &mut Vec<f64>, n: usize| -> Outcome<()> {
        let started = Instant::now();
        upsert(vec![point(count + n)])?;
        milliseconds.push(started.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(std::time::Duration::from_millis(2));
        Ok(())
    };
    let mut quiet = Vec::new();
    (0..500).try_for_each(|n| written(&mut quiet, n))?;
    let kinds = [("n", IndexKind::Integer), ("group", IndexKind::Keyword), ("text", IndexKind::Text)];
    for (path, kind) in kinds {
        let index = PayloadIndex { path: path.into(), kind: kind.into(), ..PayloadIndex::default() };
        let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
        apply(LogCommand { declaration, ..LogCommand::default() })?;
    }
    let (mut during, mut seconds) = (Vec::new(), 0.0);
    std::thread::scope(|scope| -> Outcome<()> {
        let building = scope.spawn(|| -> vectron_shard::Result<f64> {
            let started = Instant::now();
            while shard.build_step()? {}
            Ok(started.elapsed().as_secs_f64())
        });
        for n in 500.. {
            if building.is_finished() {
                break;
            }
            written(&mut during, n)?;
        }
        seconds = building.join().map_err(|_| "building panicked")??;
        Ok(())
    })?;
    let filter = filter(&json!(["group", "g7"]))?;
    let found = shard.count(&CountOp { filter, estimate: false }, &Until::default())?;
    let figures = |milliseconds: &mut Vec<f64>| {
        milliseconds.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| milliseconds[((milliseconds.len() - 1) as f64 * share) as usize];
        json!({ "writes": milliseconds.len(), "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
    };
    Ok(json!({
        "points": count, "build_seconds": seconds, "quiet": figures(&mut quiet), "during": figures(&mut during),
        "count": found.count, "unindexed": found.unindexed,
    }))
}
