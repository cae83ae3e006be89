//! One row of the table: a data set in a shard of one metric and quantisation, asked in every way.

use crate::asks::{self, Ask};
use crate::filters::{Labels, Share};
use crate::kinds::{Kind, Law};
use crate::queries::Origin;
use crate::random::Random;
use crate::served::Served;
use crate::shift;
use crate::tally::Tally;
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use vectron_shard::{Metric, Nearest, Quantization, Shard, ShardSpec};

/// Queries of a cell; what a cell says is judged by their mean.
const QUERIES: usize = 400;
/// Sets of queries over which a cell is judged at most.
const SETS: usize = 4;
/// The greatest k that is asked.
const MOST: usize = 100;

#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub kind: Kind,
    pub dim: usize,
    pub count: usize,
    pub metric: Metric,
    pub quantization: Quantization,
    /// Later as many points of this kind are added, and then take the place of all.
    pub then: Option<Kind>,
}

pub struct Cell {
    pub ask: Ask,
    pub tally: Tally,
}

/// Queries, and what is known of the exact answers to them.
pub struct Set {
    queries: Vec<Vec<f32>>,
    /// Scores of the [`MOST`] nearest of each query, by share.
    truths: HashMap<String, Vec<Vec<f32>>>,
}

/// A shard with one data set, and where its queries come from.
pub struct Asked<'a> {
    pub shard: &'a Shard,
    pub labels: &'a Labels,
    pub law: &'a Law,
    pub points: &'a [Vec<f32>],
    pub seed: u64,
}

impl Row {
    pub fn name(&self) -> String {
        let Row { kind, dim, count, metric, quantization, then } = self;
        let then = then.map_or_else(String::new, |then| format!(" then {}", then.name()));
        format!("{}{then}, {count} x {dim}, {}, {}", kind.name(), metric.name(), quantization.name())
    }

    pub fn spec(&self) -> ShardSpec {
        ShardSpec { quantization: self.quantization, ..ShardSpec::new(self.dim, self.metric) }
    }

    /// `short`: with a part of the cells, that which belongs to a row of this number.
    pub fn run(&self, seed: u64, short: Option<usize>) -> Result<Vec<Cell>, Box<dyn Error>> {
        if let Some(then) = self.then {
            return shift::run(self, then, seed);
        }
        let law = Law::new(self.kind, self.dim, self.count, seed)?;
        let mut random = Random::new(seed, &self.name());
        let points = law.points(self.count, &mut random);
        let labels = Labels::new(&points, &mut random);
        let mut served = Served::new(self.spec())?;
        served.upsert(0, &points, &labels, &mut random)?;
        served.catch_up()?;
        let mut cells = Vec::new();
        for origin in Origin::ALL {
            if origin != Origin::ALL[0] {
                served.reopen()?;
            }
            let shard = served.shard()?;
            let asked = Asked { shard, labels: &labels, law: &law, points: &points, seed };
            // Not those that are judged, so that nothing is measured with what it is judged by.
            let mut first = asked.set(origin, "first");
            let mut sets: Vec<Set> = Vec::new();
            if origin != Origin::Stored {
                for ask in asks::cold(origin) {
                    let mut tally = Tally::default();
                    asked.ask(&ask, &mut first, &mut tally)?;
                    cells.push(Cell { ask, tally });
                }
            }
            let asks = match short {
                Some(row) => asks::short(asks::warm(origin), row),
                None => asks::warm(origin),
            };
            asked.warm_up(&asks, &first)?;
            served.measure()?;
            for ask in asks {
                cells.push(Cell { ask, tally: asked.judge(&ask, &mut sets)? });
            }
        }
        Ok(cells)
    }
}

impl Asked<'_> {
    pub fn set(&self, origin: Origin, purpose: &str) -> Set {
        let mut random = Random::new(self.seed, &format!("{purpose} {}", origin.name()));
        let queries = origin.draw(self.law, self.points, QUERIES, &mut random);
        Set { queries, truths: HashMap::new() }
    }

    /// Asks once what will be asked, each way in turn.
    pub fn warm_up(&self, asks: &[Ask], set: &Set) -> Result<(), Box<dyn Error>> {
        for (query, ask) in set.queries.iter().zip(asks.iter().cycle()) {
            self.nearest(query, ask.share, &ask.nearest())?;
        }
        Ok(())
    }

    /// Over one set of queries, or over up to [`SETS`] of them while what is wrong may be an accident of the choice.
    pub fn judge(&self, ask: &Ask, sets: &mut Vec<Set>) -> Result<Tally, Box<dyn Error>> {
        let mut tally = Tally::default();
        for at in 0..SETS {
            if at == sets.len() {
                sets.push(self.set(ask.origin, &format!("judged {at} {}", ask.when)));
            }
            self.ask(ask, &mut sets[at], &mut tally)?;
            if !tally.is_wrong(ask) || tally.is_clearly_wrong(ask) {
                break;
            }
        }
        Ok(tally)
    }

    /// The exact answers come last: what a shard has seen by then are the questions of a user who knows none.
    fn ask(&self, ask: &Ask, set: &mut Set, tally: &mut Tally) -> Result<(), Box<dyn Error>> {
        let Set { queries, truths } = set;
        let answer = |query: &Vec<f32>| self.nearest(query, ask.share, &ask.nearest());
        let answers = queries.iter().map(answer).collect::<Result<Vec<_>, _>>()?;
        let share = ask.share.name();
        if !truths.contains_key(&share) {
            let exact = Nearest { exact: true, ..Nearest::new(MOST) };
            let scores = |query: &Vec<f32>| {
                let found = self.nearest(query, ask.share, &exact)?;
                Ok(found.hits.iter().map(|(score, _)| *score).collect())
            };
            let truth = queries.iter().map(scores).collect::<Result<_, Box<dyn Error>>>()?;
            truths.insert(share.clone(), truth);
        }
        for (found, truth) in answers.iter().zip(&truths[&share]) {
            tally.add(found, truth, ask.k);
        }
        Ok(())
    }

    fn nearest(
        &self,
        query: &[f32],
        share: Share,
        nearest: &Nearest,
    ) -> Result<vectron_shard::Found, Box<dyn Error>> {
        let filter = self.labels.filter(share, query);
        let filter = filter.map(|filter| self.shard.filter(&filter)).transpose()?.map(Arc::new);
        let mut query = query.to_vec();
        self.shard.prepare(&mut query)?;
        Ok(self.shard.nearest(&query, &Nearest { filter, ..nearest.clone() })?)
    }
}
