//! Printing the table.

use crate::row::{Cell, Row};
use std::fmt::Write;

/// What is wrong in the cells of one row, and by how much at most.
#[derive(Default)]
struct Sum {
    cells: usize,
    wrong: usize,
    short: Worst,
    over: Worst,
    under: Worst,
    /// Cells whose answers say an interval, and those of them that reached what lies in it.
    intervals: usize,
    held: usize,
}

#[derive(Default)]
struct Worst {
    count: usize,
    most: f64,
}

impl Worst {
    fn take(&mut self, by: f64) {
        self.count += 1;
        self.most = self.most.max(by);
    }

    fn text(&self) -> String {
        if self.count == 0 { "-".into() } else { format!("{} (most {:.2})", self.count, self.most) }
    }
}

impl Sum {
    fn add(&mut self, Cell { ask, tally }: &Cell) {
        self.cells += 1;
        self.wrong += usize::from(tally.is_wrong(ask));
        if let Some(short) = tally.short(ask).filter(|short| *short > 0.0) {
            self.short.take(short);
        }
        match tally.off(ask) {
            Some(off) if off > 0.0 => self.over.take(off),
            Some(off) if off < 0.0 => self.under.take(-off),
            _ => {}
        }
        if let Some(held) = tally.interval_holds() {
            self.intervals += 1;
            self.held += usize::from(held);
        }
    }
}

/// Rows as they are done, and a table of them in the end.
#[derive(Default)]
pub struct Report {
    table: Vec<String>,
    total: Sum,
}

impl Report {
    /// Prints the cells that are wrong, or `all`.
    pub fn row(&mut self, row: &Row, cells: &[Cell], all: bool) {
        let mut sum = Sum::default();
        let mut lines = String::new();
        for cell @ Cell { ask, tally } in cells {
            sum.add(cell);
            self.total.add(cell);
            if all || tally.is_wrong(ask) {
                let _ = writeln!(lines, "  {} | {} | {}", ask.name(), tally.line(), tally.wrong(ask));
            }
        }
        println!("\n{}: {} cells, {} wrong\n{lines}", row.name(), sum.cells, sum.wrong);
        let Sum { cells, short, over, under, .. } = &sum;
        let line =
            format!("| {} | {cells} | {} | {} | {} |", row.name(), short.text(), over.text(), under.text());
        self.table.push(line);
    }

    /// Prints the table; returns how many cells are wrong.
    pub fn end(mut self) -> usize {
        self.table.sort_unstable();
        println!(
            "| row | cells | wish not met, by | said too much, by | said too little, by |\n|---|---|---|---|---|"
        );
        self.table.iter().for_each(|line| println!("{line}"));
        let Sum { cells, wrong, intervals, held, .. } = self.total;
        println!("\n{held} of {intervals} intervals that were said hold what was reached");
        println!("{wrong} of {cells} cells are wrong");
        wrong
    }
}
