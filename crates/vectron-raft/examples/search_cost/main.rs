//! What a search costs a worker's core: CPU from the encoded operation to the encoded outcome, beside a bare walk of the graph.
//! One command a line on stdin, one JSON answer a line on stdout, so that two builds can be measured in turns:
//! `bench/engine/compare.py`. The points are the Debian packages of bench/datasets with a `label` of 0 to 999 each, in one shard.
//!
//! - `measure CASE EF IN_FLIGHT COUNT`: microseconds of CPU a search, of the threads that search, of the one that submits, and of
//!   all others (the index thread measures recall). CASE: `walk` (no operation: `Node::search_many`), `ids`, `json`, `fields`
//!   (what a gateway asks for gRPC), `filter1`, `filter10` (a share of the points in percent, one filter for all), `own1`,
//!   `own10` (a filter of its own for each search). EF 0: what a search does that asks for none.
//! - `check CASE EF COUNT`: a sum over the outcomes, without what is measured in the background.
//! - `flush`: everything to table files. `settle`: waits until nothing runs in the background.

mod load;
mod sample;
mod threads;

use load::Case;
use std::error::Error;
use std::io::{BufRead, Write};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let sample = sample::Sample::load()?;
    let bench = load::Bench::open(&sample)?;
    println!("{{\"points\": {}}}", sample.points.len());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["measure", case, ef, in_flight, count] => {
                bench.measure(&Case::new(case, ef.parse()?)?, in_flight.parse()?, count.parse()?)?
            }
            ["check", case, ef, count] => bench.check(&Case::new(case, ef.parse()?)?, count.parse()?)?,
            ["flush"] => bench.flush()?,
            ["settle"] => bench.settle()?,
            _ => return Err(format!("unknown command {line:?}").into()),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    bench.close()
}
