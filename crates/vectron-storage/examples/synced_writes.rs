//! How fast a store with a synced write-ahead log is: the limit of what a log on it can be.
//! `synced_writes DIR BYTES COUNT` prints p50 and p99 of one write, milliseconds, as JSON.

use std::time::Instant;
use vectron_storage::{Batch, Durability, Resources, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: synced_writes DIR BYTES COUNT");
    let (dir, bytes, count) = (next()?, next()?.parse::<usize>()?, next()?.parse::<usize>()?);
    let store = Store::open(dir.as_ref(), Durability::Log, &Resources::new(8 << 20, 64 << 20))?;
    let value = vec![7; bytes];
    let mut took = Vec::new();
    for at in 0..count {
        let mut batch = Batch::default();
        batch.put(&at.to_be_bytes(), &value);
        let began = Instant::now();
        store.write(batch)?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    let quantile = |q: f64| took[((count - 1) as f64 * q) as usize];
    println!("{{\"p50\":{:.2},\"p99\":{:.2}}}", quantile(0.5), quantile(0.99));
    Ok(())
}
