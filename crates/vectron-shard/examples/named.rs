//! A named vector beside the first one: the same points under both, searched in turns.
//! `cargo run --release --example named -- [points] [dim] [rounds]`; prints a line an ef: CPU microseconds a query of both (medians
//! of the rounds), how many times as fast the named one is, and the recall of both at k = 10; and what a reopening costs.

use cpu_time::ProcessTime;
use prost::Message;
use std::collections::HashSet;
use std::error::Error;
use std::time::Instant;
use vectron_shard::proto::{
    Declaration, LogCommand, NamedVector, PointBatch, PointData, SearchOp, VectorData, declaration::Declare,
};
use vectron_shard::*;
use vectron_storage::Resources;

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

const BATCH: usize = 500;
const QUERIES: usize = 400;
const NAME: &str = "same";

/// Xorshift; points of 200 clusters.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn vector(&mut self, dim: usize) -> Vec<u8> {
        let mut centre = Random((self.next() % 200 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        (0..dim).flat_map(|_| (centre.unit() + self.unit()).to_le_bytes()).collect()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let mut number = |default: usize| arguments.next().transpose().map(|n| n.unwrap_or(default));
    let (count, dim, rounds) = (number(50_000)?, number(128)?, number(15)?);
    let dir = tempfile::tempdir()?;
    let spec = ShardSpec::new(dim, Metric::Cosine);
    let resources = Resources::new(64 << 20, 64 << 20);
    let shard = Shard::open(dir.path(), spec, &resources)?;
    let named = NamedVector { name: NAME.into(), dimension: dim as u32, ..NamedVector::default() };
    let declaration = Some(Declaration { declare: Some(Declare::AddVector(named)) });
    shard.apply(1, &LogCommand { declaration, ..LogCommand::default() })?;
    let mut random = Random(7);
    let mut made = 0;
    while made < count {
        let point = |n: usize| {
            let vector = random.vector(dim);
            let vectors = vec![VectorData { name: NAME.into(), vector: vector.clone() }];
            PointData { id: n.to_string(), vector, vectors, ..PointData::default() }
        };
        let points: Vec<PointData> = (made..count.min(made + BATCH)).map(point).collect();
        made += points.len();
        let upsert = Some(PointBatch { points }.encode_to_vec());
        shard.apply(shard.applied_index() + 1, &LogCommand { upsert, ..LogCommand::default() })?;
    }
    while shard.index_step(10_000, 1)? > 0 {}
    while shard.index_spaces(10_000, 1)? > 0 {}
    let queries: Vec<Vec<u8>> = (0..QUERIES).map(|_| random.vector(dim)).collect();
    let ask = |using: &str, vector: &[u8], ef: u32, exact: bool| -> Outcome<HashSet<String>> {
        let using = using.into();
        let request = SearchOp { vector: vector.into(), k: 10, ef, exact, using, ..SearchOp::default() };
        let found = shard.search(&request, Until::default())?;
        Ok(found.hits.into_iter().map(|hit| hit.id).collect())
    };
    let truth = queries.iter().map(|query| ask("", query, 0, true)).collect::<Outcome<Vec<_>>>()?;
    for ef in [20, 50, 100, 200] {
        let mut cpu = [Vec::new(), Vec::new()];
        let mut hits = [0, 0];
        for round in 0..rounds {
            for turn in 0..2 {
                // Each begins every other round.
                let which = (turn + round) % 2;
                let using = ["", NAME][which];
                let started = ProcessTime::now();
                let found =
                    queries.iter().map(|query| ask(using, query, ef, false)).collect::<Outcome<Vec<_>>>()?;
                cpu[which].push(started.elapsed().as_secs_f64() * 1e6 / QUERIES as f64);
                let both = found.iter().zip(&truth);
                hits[which] = both.map(|(found, truth)| found.intersection(truth).count()).sum();
            }
        }
        let ratios = cpu[0].iter().zip(&cpu[1]).map(|(first, named)| first / named).collect();
        let recall = hits.map(|hits| hits as f64 / (10 * QUERIES) as f64);
        let [first, named] = cpu.map(median);
        println!(
            "ef {ef:4}: first {first:7.1} us, recall {:.4}; named {named:7.1} us, recall {:.4}; named is {:.3} times as fast",
            recall[0],
            recall[1],
            median(ratios)
        );
    }
    shard.flush()?;
    let started = Instant::now();
    shard.save_graph(true)?;
    let saved = started.elapsed();
    drop(shard);
    let started = Instant::now();
    let shard = Shard::open(dir.path(), spec, &resources)?;
    println!(
        "saved in {saved:.2?} ({} bytes), opened in {:.2?}, {} points to index",
        shard.snapshot_bytes(),
        started.elapsed(),
        shard.indexable()
    );
    Ok(())
}
