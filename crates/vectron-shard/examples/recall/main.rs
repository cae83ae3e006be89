//! `npm run bench:recall`: what searches say of their recall, and what they reach. bench/recall/README.md explains the table.

mod asks;
mod filters;
mod kinds;
mod queries;
mod random;
mod report;
mod row;
mod rows;
mod sample;
mod served;
mod shift;
mod tally;

use report::Report;
use row::Row;
use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// `--seed N`, `--long`, `--only KIND`, `--cells`.
struct Options {
    seed: u64,
    long: bool,
    only: Option<String>,
    cells: bool,
}

impl Options {
    fn parse() -> Outcome<Self> {
        let (mut seed, mut long, mut only, mut cells) = (None, false, None, false);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seed" => seed = Some(arguments.next().ok_or("--seed needs a number")?.parse()?),
                "--only" => only = Some(arguments.next().ok_or("--only needs a part of a row's name")?),
                "--long" => long = true,
                "--cells" => cells = true,
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let seed = seed.unwrap_or(if long { now.as_nanos() as u64 % 1_000_000 } else { 1 });
        Ok(Self { seed, long, only, cells })
    }
}

fn main() -> Outcome<()> {
    let options = Options::parse()?;
    let rows = if options.long { rows::long(options.seed) } else { rows::short() };
    let is_asked = |row: &Row| options.only.as_ref().is_none_or(|only| row.name().contains(only.as_str()));
    // With their numbers in the whole table, so that each has the same cells whether alone or not.
    let rows: Vec<(usize, Row)> = rows.into_iter().enumerate().filter(|(_, row)| is_asked(row)).collect();
    println!("seed {}, {} rows", options.seed, rows.len());
    if run(&rows, &options)? > 0 {
        std::process::exit(1);
    }
    Ok(())
}

/// Runs the rows on all cores, prints each when it is done; returns how many cells are wrong.
fn run(rows: &[(usize, Row)], options: &Options) -> Outcome<usize> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = std::sync::mpsc::channel();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                loop {
                    let Some((number, row)) = rows.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let cells = row
                        .run(options.seed, (!options.long).then_some(*number))
                        .map_err(|error| error.to_string());
                    if sender.send((row, cells)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut report = Report::default();
        for (row, cells) in receiver {
            report.row(row, &cells.map_err(|error| format!("{}: {error}", row.name()))?, options.cells);
        }
        Ok(report.end())
    })
}
