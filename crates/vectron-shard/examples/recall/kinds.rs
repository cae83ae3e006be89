//! Kinds of data, each a law that points and queries are drawn from.

use crate::random::Random;
use crate::sample::Sample;
use std::error::Error;

/// What the points look like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Gaussian clusters; the number is the spread within a cluster, where the centres have a spread of 1.
    Clusters(f32),
    /// Clusters of a hundred versions of one document: a spread of 0.01.
    NearDuplicates,
    /// So many of a hundred points carry one and the same vector; the others are of loose clusters.
    Equal(u32),
    /// One component is 1, of one point in three a second one too; the others are 0.
    OneHot,
    /// Loose clusters, far from the origin.
    OffCentre,
    /// Directions of loose clusters, with Pareto-distributed norms (exponent 1.5): a few are very long.
    PowerLawNorms,
    /// Loose clusters whose columns have scales from 0.01 to 100.
    UnlikeScales,
    /// The Debian packages of bench/datasets, with their real queries.
    Sample,
}

impl Kind {
    pub const ALL: [Kind; 15] = [
        Kind::Clusters(1.0),
        Kind::Clusters(0.3),
        Kind::Clusters(0.1),
        Kind::Clusters(0.03),
        Kind::Clusters(0.003),
        Kind::NearDuplicates,
        Kind::Equal(1),
        Kind::Equal(10),
        Kind::Equal(50),
        Kind::Equal(90),
        Kind::OneHot,
        Kind::OffCentre,
        Kind::PowerLawNorms,
        Kind::UnlikeScales,
        Kind::Sample,
    ];

    pub fn name(self) -> String {
        match self {
            Kind::Clusters(spread) => format!("clusters-{spread}"),
            Kind::NearDuplicates => "near-duplicates".into(),
            Kind::Equal(percent) => format!("equal-{percent}"),
            Kind::OneHot => "one-hot".into(),
            Kind::OffCentre => "off-centre".into(),
            Kind::PowerLawNorms => "power-law-norms".into(),
            Kind::UnlikeScales => "unlike-scales".into(),
            Kind::Sample => "sample".into(),
        }
    }
}

/// Parameters of one data set, drawn from its seed.
pub struct Law {
    kind: Kind,
    dim: usize,
    centres: Vec<Vec<f32>>,
    /// The vector that many points carry, or the direction in which the centre lies, twenty spreads away.
    special: Vec<f32>,
    /// Of each column.
    scales: Vec<f32>,
    sample: Option<Sample>,
}

impl Law {
    /// `count`: points that will be drawn. A cluster has about a hundred of them, but where there are only eight
    /// clusters. The sample has 384 dimensions.
    pub fn new(kind: Kind, dim: usize, count: usize, seed: u64) -> Result<Self, Box<dyn Error>> {
        let mut random = Random::new(seed, &format!("law of {}", kind.name()));
        let clusters = if random.below(4) == 0 { 8 } else { (count / 100).max(8) };
        Ok(Self {
            kind,
            dim,
            centres: (0..clusters).map(|_| random.normals(dim)).collect(),
            special: random.normals(dim),
            scales: (0..dim).map(|_| 10f32.powf(4.0 * random.uniform() - 2.0)).collect(),
            sample: (kind == Kind::Sample).then(Sample::load).transpose()?,
        })
    }

    pub fn points(&self, count: usize, random: &mut Random) -> Vec<Vec<f32>> {
        if let Some(sample) = &self.sample {
            return sample.points[..count.min(sample.points.len())].to_vec();
        }
        let mut points: Vec<Vec<f32>> = match self.kind {
            Kind::Equal(percent) => {
                let equal = count * percent as usize / 100;
                let others = (equal..count).map(|_| self.fresh(random));
                std::iter::repeat_n(self.special.clone(), equal).chain(others).collect()
            }
            _ => (0..count).map(|_| self.fresh(random)).collect(),
        };
        random.shuffle(&mut points);
        points
    }

    /// Drawn as the points are, but not one of them; of the sample, one of its real queries.
    pub fn fresh(&self, random: &mut Random) -> Vec<f32> {
        match self.kind {
            Kind::Clusters(spread) => self.clustered(spread, random),
            Kind::NearDuplicates => self.clustered(0.01, random),
            Kind::Equal(_) => self.clustered(1.0, random),
            Kind::OneHot => self.hot(random),
            Kind::OffCentre => {
                let near = self.clustered(1.0, random);
                near.iter().zip(&self.special).map(|(x, offset)| x + 20.0 * offset).collect()
            }
            Kind::PowerLawNorms => {
                let norm = (1.0 - random.uniform()).powf(-1.0 / 1.5);
                let direction = self.clustered(1.0, random);
                let length = direction.iter().map(|x| x * x).sum::<f32>().sqrt();
                direction.iter().map(|x| x * norm / length).collect()
            }
            Kind::UnlikeScales => {
                let plain = self.clustered(1.0, random);
                plain.iter().zip(&self.scales).map(|(x, scale)| x * scale).collect()
            }
            Kind::Sample => self
                .sample
                .as_ref()
                .map_or_else(Vec::new, |sample| sample.queries[random.below(sample.queries.len())].clone()),
        }
    }

    fn clustered(&self, spread: f32, random: &mut Random) -> Vec<f32> {
        let centre = &self.centres[random.below(self.centres.len())];
        centre.iter().map(|x| x + spread * random.normal()).collect()
    }

    fn hot(&self, random: &mut Random) -> Vec<f32> {
        let mut vector = vec![0.0; self.dim];
        vector[random.below(self.dim)] = 1.0;
        if random.below(3) == 0 {
            vector[random.below(self.dim)] = 1.0;
        }
        vector
    }
}
