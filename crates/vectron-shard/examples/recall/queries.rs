//! Queries, by how they relate to the stored points.

use crate::kinds::Law;
use crate::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A stored point, moved by 0.1, 0.5 or 1 times the distance to its tenth neighbour.
    Near,
    /// Drawn from the same law as the points, not stored.
    Fresh,
    /// A stored point as it is.
    Stored,
}

impl Origin {
    pub const ALL: [Origin; 3] = [Origin::Near, Origin::Fresh, Origin::Stored];

    pub fn name(self) -> &'static str {
        match self {
            Origin::Near => "near",
            Origin::Fresh => "fresh",
            Origin::Stored => "stored",
        }
    }

    pub fn draw(self, law: &Law, points: &[Vec<f32>], count: usize, random: &mut Random) -> Vec<Vec<f32>> {
        let one = |_| match self {
            Origin::Fresh => law.fresh(random),
            Origin::Stored => points[random.below(points.len())].clone(),
            Origin::Near => {
                let point = &points[random.below(points.len())];
                let step = [0.1, 0.5, 1.0][random.below(3)] * local_distance(point, points);
                let direction = random.normals(point.len());
                let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
                point.iter().zip(&direction).map(|(x, d)| x + step * d / length).collect()
            }
        };
        (0..count).map(one).collect()
    }
}

/// From a stored point to its tenth neighbour, or, where those are all equal to it, to the next that is not. O(points).
fn local_distance(point: &[f32], points: &[Vec<f32>]) -> f32 {
    let mut squares: Vec<f32> =
        points.iter().map(|other| vectron_kernels::l2_squared(point, other)).collect();
    squares.sort_unstable_by(f32::total_cmp);
    let beyond = squares[squares.len().min(10)..].iter();
    beyond.copied().find(|square| *square > 0.0).unwrap_or(0.0).sqrt()
}
