//! Filters of the table: shares of the points, chosen at random or by where the points lie.

use crate::random::Random;
use serde_json::json;
use vectron_shard::proto::{self, FieldCondition, NumberRange, field_condition, filter::Condition};

/// Labels are 0 to `LABELS - 1`.
const LABELS: usize = 1000;

/// Which points pass, as a share of a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    All,
    /// Nothing to do with the query.
    Random(usize),
    /// Those that lie with the query on one side of the data.
    Own(usize),
    /// Those that lie on the other side.
    Other(usize),
}

impl Share {
    pub fn name(self) -> String {
        let percent = |thousandths: usize| thousandths as f64 / 10.0;
        match self {
            Share::All => "all".into(),
            Share::Random(share) => format!("{} % random", percent(share)),
            Share::Own(share) => format!("{} % own", percent(share)),
            Share::Other(share) => format!("{} % other", percent(share)),
        }
    }
}

/// Two labels a point: one at random, one by the rank of its projection onto a random direction, so that clusters stay
/// together.
pub struct Labels {
    direction: Vec<f32>,
    /// Projections of all points, rising.
    projections: Vec<f32>,
}

impl Labels {
    pub fn new(points: &[Vec<f32>], random: &mut Random) -> Self {
        let direction = random.normals(points[0].len());
        let mut projections: Vec<f32> =
            points.iter().map(|point| vectron_kernels::dot(&direction, point)).collect();
        projections.sort_unstable_by(f32::total_cmp);
        Self { direction, projections }
    }

    fn place(&self, vector: &[f32]) -> usize {
        let projection = vectron_kernels::dot(&self.direction, vector);
        let rank = self.projections.partition_point(|other| *other < projection);
        (rank * LABELS / self.projections.len()).min(LABELS - 1)
    }

    pub fn payload(&self, vector: &[f32], random: &mut Random) -> Vec<u8> {
        json!({ "random": random.below(LABELS), "place": self.place(vector) }).to_string().into_bytes()
    }

    /// `None`: all pass.
    pub fn filter(&self, share: Share, query: &[f32]) -> Option<proto::Filter> {
        let window = |centre: usize, share: usize| {
            let from = centre.saturating_sub(share / 2).min(LABELS - share);
            ("place", from, from + share)
        };
        let (path, from, below) = match share {
            Share::All => return None,
            Share::Random(share) => ("random", 0, share),
            Share::Own(share) => window(self.place(query), share),
            Share::Other(share) => window((self.place(query) + LABELS / 2) % LABELS, share),
        };
        let range = NumberRange { gte: Some(from as f64), lt: Some(below as f64), ..NumberRange::default() };
        let field = FieldCondition { path: path.into(), test: Some(field_condition::Test::Number(range)) };
        Some(proto::Filter { condition: Some(Condition::Field(field)) })
    }
}
