//! Product quantisation (Jegou, Douze & Schmid, "Product Quantization for Nearest Neighbor Search", 2011): the
//! vector is cut into subspaces, and each part is replaced by the nearest of 256 centroids.

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

/// A table of the query's distance to every centroid.
#[derive(Debug, Clone)]
pub struct ProductQuery {
    table: Vec<f32>,
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

    pub fn code_bytes(&self) -> usize {
        self.dim.div_ceil(PART)
    }

    pub fn memory_bytes(&self) -> usize {
        self.centroids.len() * 4
    }

    fn subspace(&self, at: usize) -> &[[f32; PART]] {
        &self.centroids.as_chunks::<PART>().0[at * CENTROIDS..(at + 1) * CENTROIDS]
    }

    pub fn encode(&self, v: &[f32], row: &mut [u8]) {
        for (at, code) in row.iter_mut().enumerate() {
            *code = nearest(&part(v, at * PART), self.subspace(at)) as u8;
        }
    }

    pub fn decode(&self, row: &[u8]) -> Vec<f32> {
        let mut v: Vec<f32> =
            row.iter().enumerate().flat_map(|(at, &code)| self.subspace(at)[code as usize]).collect();
        v.truncate(self.dim);
        v
    }

    pub fn query(&self, v: &[f32], euclidean: bool) -> ProductQuery {
        let mut table = Vec::with_capacity(self.code_bytes() * CENTROIDS);
        for at in 0..self.code_bytes() {
            let part = part(v, at * PART);
            table.extend(self.subspace(at).iter().map(|centroid| {
                if euclidean { kernels::l2_squared(&part, centroid) } else { -kernels::dot(&part, centroid) }
            }));
        }
        ProductQuery { table }
    }

    /// Little-endian centroids; the counterpart of [`Codebook::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        self.centroids.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// `None` when the length or a value is wrong.
    pub fn from_bytes(dim: usize, bytes: &[u8]) -> Option<Self> {
        let (floats, rest) = bytes.as_chunks::<4>();
        let centroids: Vec<f32> = floats.iter().map(|four| f32::from_le_bytes(*four)).collect();
        let fits = rest.is_empty() && centroids.len() == dim.div_ceil(PART) * CENTROIDS * PART;
        (fits && centroids.iter().all(|x| x.is_finite())).then_some(Self { dim, centroids })
    }
}

impl ProductQuery {
    #[inline]
    pub fn distance_to(&self, row: &[u8]) -> f32 {
        let mut sum = 0.0;
        for (table, &code) in self.table.as_chunks::<CENTROIDS>().0.iter().zip(row) {
            sum += table[code as usize];
        }
        sum
    }
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
