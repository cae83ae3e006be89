//! What is said while the data becomes another: as much of another kind is added, and then takes the place of all.

use crate::asks;
use crate::filters::Labels;
use crate::kinds::{Kind, Law};
use crate::random::Random;
use crate::row::{Asked, Cell, Row};
use crate::served::Served;
use crate::tally::Tally;
use std::error::Error;

struct Shift<'a> {
    served: &'a Served,
    labels: &'a Labels,
    seed: u64,
    cells: Vec<Cell>,
}

impl Shift<'_> {
    /// Asks as `law` has it, which drew `points`.
    fn ask(&mut self, when: &'static str, law: &Law, points: &[Vec<f32>]) -> Result<(), Box<dyn Error>> {
        let shard = self.served.shard()?;
        let asked = Asked { shard, labels: self.labels, law, points, seed: self.seed };
        let mut sets = Vec::new();
        for ask in asks::changing(when) {
            let tally: Tally = asked.judge(&ask, &mut sets)?;
            self.cells.push(Cell { ask, tally });
        }
        Ok(())
    }
}

pub fn run(row: &Row, then: Kind, seed: u64) -> Result<Vec<Cell>, Box<dyn Error>> {
    let Row { dim, count, .. } = *row;
    let mut random = Random::new(seed, &row.name());
    let law = Law::new(row.kind, dim, count, seed)?;
    let next = Law::new(then, dim, count, seed)?;
    let (points, added) = (law.points(count, &mut random), next.points(2 * count, &mut random));
    let labels = Labels::new(&points, &mut random);
    let served = Served::new(row.spec())?;
    served.upsert(0, &points, &labels, &mut random)?;
    served.catch_up()?;
    let mut shift = Shift { served: &served, labels: &labels, seed, cells: Vec::new() };
    shift.ask("the first half alone", &law, &points)?;

    served.upsert(count, &added[count..], &labels, &mut random)?;
    shift.ask("the second half waits", &next, &added)?;
    served.index(count / 2)?;
    shift.ask("a part of the second half waits", &next, &added)?;
    served.catch_up()?;
    shift.ask("both halves", &next, &added)?;

    served.upsert(0, &added[..count], &labels, &mut random)?;
    shift.ask("the first half is overwritten, which waits", &next, &added)?;
    served.catch_up()?;
    shift.ask("all is overwritten", &next, &added)?;
    Ok(shift.cells)
}
