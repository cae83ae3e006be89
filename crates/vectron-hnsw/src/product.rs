//! Product quantisation (Jegou, Douze & Schmid, "Product Quantization for Nearest Neighbor Search", 2011): the
//! vector is cut into subspaces, and each part is replaced by the nearest of 256 centroids.

use std::sync::Arc;
use vectron_kernels as kernels;

const CENTROIDS: usize = 256;
const ROUNDS: usize = 12;
/// Components of a subspace.
const PART: usize = 8;

/// Centroids of all subspaces. Training is deterministic: the same vectors in the same order give the same book.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    dim: usize,
    /// Subspace after subspace, centroid after centroid, [`PART`] components each (the last one padded with zeros).
    centroids: Vec<f32>,
}

/// A vector that is compared with codes.
#[derive(Debug, Clone)]
pub struct ProductQuery {
    to: Distances,
    parts: usize,
    /// Squared length of the query.
    norm: f32,
    dim: usize,
    euclidean: bool,
}

/// Where the distances of the query's parts to the centroids come from: the same numbers either way.
#[derive(Debug, Clone)]
enum Distances {
    /// All of them, subspace after subspace: pays from some hundred comparisons.
    Table(Vec<f32>),
    /// Calculated from the query's parts for each comparison.
    Parts(Arc<Codebook>, Vec<[f32; PART]>),
}

impl Codebook {
    /// Least vectors that a book is trained on.
    pub const TRAINING: usize = 4096;

    /// k-means in every subspace. O(vectors * dim * 256 * rounds).
    ///
    /// # Panics
    /// Without vectors.
    pub fn train<'a>(dim: usize, vectors: impl Fn(usize) -> &'a [f32], count: usize) -> Self {
        assert!(count > 0, "a codebook needs vectors");
        let mut centroids = Vec::with_capacity(dim.div_ceil(PART) * CENTROIDS * PART);
        for start in (0..dim).step_by(PART) {
            let parts: Vec<[f32; PART]> = (0..count).map(|i| part(vectors(i), start)).collect();
            centroids.extend(k_means(&parts).into_iter().flatten());
        }
        Self { dim, centroids }
    }

    /// Subspaces, of eight components each; a code has a byte for each of them.
    pub fn parts(&self) -> usize {
        self.dim.div_ceil(PART)
    }

    /// Bytes of a row: a byte a part, padding to a multiple of four, and as `f32` the length of what the code loses.
    pub fn row_bytes(&self) -> usize {
        self.parts().next_multiple_of(4) + 4
    }

    pub fn centroids(&self) -> &[f32] {
        &self.centroids
    }

    fn subspace(&self, at: usize) -> &[[f32; PART]] {
        &self.centroids.as_chunks::<PART>().0[at * CENTROIDS..(at + 1) * CENTROIDS]
    }

    /// # Panics
    /// When `row` is shorter than [`Codebook::row_bytes`].
    pub fn write_row(&self, v: &[f32], row: &mut [u8]) {
        let mut lost = 0.0;
        for (at, byte) in row[..self.parts()].iter_mut().enumerate() {
            let part = part(v, at * PART);
            let code = nearest(&part, self.subspace(at));
            *byte = code as u8;
            lost += kernels::l2_squared(&part, &self.subspace(at)[code]);
        }
        let at = self.parts().next_multiple_of(4);
        row[at..at + 4].copy_from_slice(&lost.sqrt().to_le_bytes());
    }

    pub fn decode(&self, row: &[u8]) -> Vec<f32> {
        let codes = row[..self.parts()].iter().enumerate();
        let mut v: Vec<f32> = codes.flat_map(|(at, &code)| self.subspace(at)[code as usize]).collect();
        v.truncate(self.dim);
        v
    }

    /// A query for a walk. O(dim * 256).
    pub fn query(&self, v: &[f32], euclidean: bool) -> ProductQuery {
        let mut table = Vec::with_capacity(self.parts() * CENTROIDS);
        for at in 0..self.parts() {
            let part = part(v, at * PART);
            table.extend(self.subspace(at).iter().map(|centroid| apart(&part, centroid, euclidean)));
        }
        self.query_with(Distances::Table(table), v, euclidean)
    }

    /// A query for few comparisons, each of which takes longer. O(dim).
    pub fn brief_query(self: &Arc<Self>, v: &[f32], euclidean: bool) -> ProductQuery {
        let parts = (0..self.parts()).map(|at| part(v, at * PART)).collect();
        self.query_with(Distances::Parts(Arc::clone(self), parts), v, euclidean)
    }

    fn query_with(&self, to: Distances, v: &[f32], euclidean: bool) -> ProductQuery {
        ProductQuery { to, parts: self.parts(), norm: kernels::dot(v, v), dim: self.dim, euclidean }
    }

    /// `None` when the length is wrong.
    pub fn of_centroids(dim: usize, centroids: Vec<f32>) -> Option<Self> {
        (centroids.len() == dim.div_ceil(PART) * CENTROIDS * PART).then_some(Self { dim, centroids })
    }
}

impl ProductQuery {
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let mut sum = 0.0;
        match &self.to {
            Distances::Table(table) => {
                for (table, &code) in table.as_chunks::<CENTROIDS>().0.iter().zip(row) {
                    sum += table[code as usize];
                }
            }
            Distances::Parts(book, parts) => {
                for (at, (part, &code)) in parts.iter().zip(row).enumerate() {
                    sum += apart(part, &book.subspace(at)[code as usize], self.euclidean);
                }
            }
        }
        sum
    }

    /// Squared norm of the vector.
    pub fn norm(&self) -> f32 {
        self.norm
    }

    /// Standard deviation of `distance`, the distance to this row, from that of the vectors themselves. What the code loses
    /// has any direction, but for queries close to the vector, which look along it.
    pub fn deviation(&self, row: &[u8], distance: f32) -> f32 {
        let at = self.parts.next_multiple_of(4);
        let lost = f32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
        let root = (self.dim as f32).sqrt();
        match self.euclidean {
            true => lost * (2.0 * distance.max(0.0).sqrt() / root + lost / 3.0),
            false => lost * (self.norm.sqrt() / root + lost / 3.0),
        }
    }
}

/// Contribution of one subspace to a distance.
fn apart(part: &[f32; PART], centroid: &[f32; PART], euclidean: bool) -> f32 {
    if euclidean { kernels::l2_squared(part, centroid) } else { -kernels::dot(part, centroid) }
}

fn part(v: &[f32], start: usize) -> [f32; PART] {
    std::array::from_fn(|j| v.get(start + j).copied().unwrap_or(0.0))
}

fn nearest(v: &[f32; PART], centroids: &[[f32; PART]]) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (at, centroid) in centroids.iter().enumerate() {
        let mut distance = 0.0;
        for j in 0..PART {
            distance += (v[j] - centroid[j]) * (v[j] - centroid[j]);
        }
        if distance < best.0 {
            best = (distance, at);
        }
    }
    best.1
}

/// Lloyd's algorithm from evenly spaced starts; an empty cluster keeps its centroid.
fn k_means(parts: &[[f32; PART]]) -> Vec<[f32; PART]> {
    let mut centroids: Vec<[f32; PART]> =
        (0..CENTROIDS).map(|c| parts[c * parts.len() / CENTROIDS]).collect();
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0f64; PART], 0u32); CENTROIDS];
        for part in parts {
            let (sum, count) = &mut sums[nearest(part, &centroids)];
            sum.iter_mut().zip(part).for_each(|(s, x)| *s += f64::from(*x));
            *count += 1;
        }
        for (centroid, (sum, count)) in centroids.iter_mut().zip(&sums) {
            if *count > 0 {
                *centroid = sum.map(|s| (s / f64::from(*count)) as f32);
            }
        }
    }
    centroids
}
