//! One shard for bench/ann: a JSON command a line on stdin, a JSON answer a line on stdout. CPU seconds are user and
//! system time of this whole process.
//!
//! `{"cmd": "build", "points": FILE, "dim": 384, "metric": "cosine", "m": 16, "ef_construction": 200,
//! "quantization": "int8", "vectors": "memory"}`, `{"cmd": "search", "queries": FILE, "k": 10, "ef": 100, "threads": 1}`,
//! `{"cmd": "delete", "every": 5}`, `{"cmd": "reopen"}`. Files hold little-endian f32.

use cpu_time::ProcessTime;
use prost::Message;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;
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
            "search" => self.search(command),
            "delete" => self.delete(number(command, "every", 5)),
            "reopen" => self.reopen(command),
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
        let ((), apply_cpu, apply_wall) = timed(|| {
            for (at, batch) in points.chunks(BATCH * dim).enumerate() {
                let point = |(i, v): (usize, &[f32])| PointData {
                    id: (at * BATCH + i).to_string(),
                    vector: v.iter().flat_map(|x| x.to_le_bytes()).collect(),
                    payload: Vec::new(),
                };
                let points = batch.chunks_exact(dim).enumerate().map(point).collect();
                let upsert = Some(PointBatch { points }.encode_to_vec());
                shard.apply(at as u64 + 1, &LogCommand { upsert, ..Default::default() })?;
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

    fn search(&self, command: &Value) -> Outcome<Value> {
        let shard = self.shard()?;
        let mut queries = floats(text(command, "queries")?)?;
        let dim = shard.spec().dim;
        let nearest = Nearest { ef: number(command, "ef", 0), ..Nearest::new(number(command, "k", 10)) };
        let threads = number(command, "threads", 1);
        let share = (queries.len() / dim).div_ceil(threads) * dim;
        let (found, cpu, wall) = timed(|| {
            std::thread::scope(|scope| {
                let work: Vec<_> = queries
                    .chunks_mut(share)
                    .map(|share| {
                        scope.spawn(|| -> vectron_shard::Result<Vec<Found>> {
                            let one = |query: &mut [f32]| {
                                shard.prepare(query)?;
                                shard.nearest(query, &nearest)
                            };
                            share.chunks_exact_mut(dim).map(one).collect()
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
        let mut answer = json!({ "cpu": cpu, "wall": wall });
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
                let delete = Some(IdBatch { ids: batch.to_vec() }.encode_to_vec());
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
