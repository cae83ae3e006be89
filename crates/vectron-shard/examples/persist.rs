//! The two ways to keep a graph on disk, measured for docs/adr/0008: one snapshot file, and one key a node and layer in
//! the store. `cargo run --release --example persist -- 100000`

use std::error::Error;
use std::time::Instant;
use vectron_hnsw::{Config, Graph, Metric, Quantization, level_from_hash};
use vectron_storage::{Batch, Durability, Resources, Store};

const DIM: usize = 128;
/// Nodes of one storage batch.
const BATCH: u32 = 1000;

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn main() -> Result<(), Box<dyn Error>> {
    let nodes: u32 = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse())?;
    let config = Config {
        dim: DIM,
        metric: Metric::Euclidean,
        m: 16,
        ef_construction: 32,
        quantization: Quantization::Int8,
    };
    let graph = Graph::new(config);
    let mut state = 42;
    for _ in 0..nodes {
        let v: Vec<f32> = (0..DIM).map(|_| (random(&mut state) >> 40) as f32).collect();
        graph.insert(&v, level_from_hash(random(&mut state), config.m))?;
    }
    let dir = tempfile::tempdir()?;

    let file = dir.path().join("graph.snap");
    let started = Instant::now();
    let bytes = graph.to_bytes();
    std::fs::write(&file, &bytes)?;
    std::fs::File::open(&file)?.sync_all()?;
    let written = started.elapsed();
    let started = Instant::now();
    let loaded = Graph::from_bytes(config, None, &std::fs::read(&file)?)?;
    println!(
        "snapshot: {} MB, written in {written:.2?}, loaded in {:.2?}",
        bytes.len() / 1_000_000,
        started.elapsed()
    );
    assert_eq!(loaded.len(), nodes as usize);

    let store =
        Store::open(&dir.path().join("store"), Durability::State, &Resources::new(64 << 20, 64 << 20))?;
    let started = Instant::now();
    let value_bytes = bytes.len() / nodes as usize;
    for first in (0..nodes).step_by(BATCH as usize) {
        let mut batch = Batch::default();
        for node in first..(first + BATCH).min(nodes) {
            let at = node as usize * value_bytes;
            batch.put(format!("hnsw_0_{node:010}").as_bytes(), &bytes[at..at + value_bytes]);
        }
        store.write(batch)?;
    }
    store.flush()?;
    let written = started.elapsed();
    let started = Instant::now();
    let (mut read, mut copy) = (0u32, Vec::with_capacity(bytes.len()));
    store.scan(b"hnsw_", |_, value| {
        copy.extend_from_slice(value);
        read += 1;
        true
    })?;
    println!(
        "keys: {} MB on disk, written in {written:.2?}, scanned in {:.2?} before any graph is made of them",
        store.disk_bytes() / 1_000_000,
        started.elapsed()
    );
    assert_eq!(read, nodes);

    // What keeping the keys current costs while points come in: an insertion changes about M lists.
    let started = Instant::now();
    for _ in 0..2000 {
        let mut batch = Batch::default();
        for _ in 0..=config.m {
            let node = random(&mut state) % u64::from(nodes);
            let at = node as usize * value_bytes;
            batch.put(format!("hnsw_0_{node:010}").as_bytes(), &bytes[at..at + value_bytes]);
        }
        store.write(batch)?;
    }
    println!("keys: {:.1?} an insertion to keep them current", started.elapsed() / 2000);
    Ok(())
}
