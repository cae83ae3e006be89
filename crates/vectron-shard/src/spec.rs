use crate::{Result, ShardError};
use vectron_hnsw::Quantization;
use vectron_storage::{Batch, Store};

const SPEC_KEY: &[u8] = b"_spec";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Cosine,
    Euclidean,
    Dot,
}

impl Metric {
    /// `cosine`, `euclidean` or `dot`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "cosine" => Some(Self::Cosine),
            "euclidean" => Some(Self::Euclidean),
            "dot" => Some(Self::Dot),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Euclidean => "euclidean",
            Self::Dot => "dot",
        }
    }
}

/// Where the full vectors live, from which candidates are rescored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// In memory: the fastest.
    Memory,
    /// In a file mapped into memory: the system keeps what is used often.
    Mapped,
    /// Only in the store: the least memory; rescoring reads the disk or the block cache.
    Disk,
}

impl Residence {
    pub const ALL: [Residence; 3] = [Self::Memory, Self::Mapped, Self::Disk];

    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Mapped => "mmap",
            Self::Disk => "disk",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|residence| residence.name() == name)
    }
}

/// What a shard is made for; fixed when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardSpec {
    /// 1..=65,536.
    pub dim: usize,
    pub metric: Metric,
    /// HNSW links a node, 2..=128.
    pub m: usize,
    /// HNSW candidates while inserting, `m`..=4096.
    pub ef_construction: usize,
    /// Form of the vectors that the graph walks over.
    pub quantization: Quantization,
    /// Form of the vectors that candidates are rescored with.
    pub vectors: Residence,
    /// Candidates rescored at most per result, 1..=100; 0: as many as the error of their codes asks for.
    pub oversampling: usize,
    /// Index waiting points on all index threads at once. Faster, and **not deterministic**: replicas build
    /// different graphs of the same quality and may differ in answers that are not exact.
    pub parallel_build: bool,
}

impl ShardSpec {
    /// With the defaults: M 16, efConstruction 200, int8 codes, vectors in memory, ordered build.
    pub const fn new(dim: usize, metric: Metric) -> Self {
        Self {
            dim,
            metric,
            m: 16,
            ef_construction: 200,
            quantization: Quantization::Int8,
            vectors: Residence::Memory,
            oversampling: 0,
            parallel_build: false,
        }
    }

    pub fn validate(&self) -> Result<()> {
        let sound = (1..=65_536).contains(&self.dim)
            && (2..=128).contains(&self.m)
            && (self.m..=4096).contains(&self.ef_construction)
            && self.oversampling <= 100;
        if !sound {
            return Err(ShardError::Invalid(format!(
                "the settings of a shard must be within their ranges: {self:?}"
            )));
        }
        if self.quantization == Quantization::Float && self.vectors == Residence::Disk {
            return Err(ShardError::Invalid(
                "vectors on disk require a quantization other than none, because the graph search would read them from disk"
                    .into(),
            ));
        }
        Ok(())
    }

    /// Most candidates that are rescored for `k` results; without a setting as many as their error asks for.
    pub fn most_rescored(&self, k: usize) -> usize {
        match self.oversampling {
            0 => usize::MAX,
            set => k.saturating_mul(set).max(k + 16),
        }
    }

    /// Candidates that are likely to be rescored for `k` results, where points have neighbours at different distances.
    pub fn likely_rescored(&self, k: usize) -> usize {
        let each = match self.quantization {
            Quantization::Float => 1,
            Quantization::Half | Quantization::Int8 => 2,
            Quantization::Product | Quantization::Binary => 20,
        };
        k.saturating_mul(each).min(self.most_rescored(k))
    }

    /// Settings that had no name in the first format are named only when they are not the default.
    fn describe(&self) -> String {
        let Self { dim, metric, m, ef_construction, .. } = self;
        let mut text = format!("dim={dim} metric={} m={m} ef_construction={ef_construction}", metric.name());
        if self.quantization != Quantization::Int8 {
            text += &format!(" quantization={}", self.quantization.name());
        }
        if self.vectors != Residence::Memory {
            text += &format!(" vectors={}", self.vectors.name());
        }
        text
    }

    /// A data directory of another shard must not be opened as this one.
    pub fn check_or_store(&self, store: &Store) -> Result<()> {
        let asked = self.describe();
        match store.get(SPEC_KEY)? {
            Some(stored) if stored == asked.as_bytes() => Ok(()),
            Some(stored) => Err(ShardError::SpecMismatch {
                dir: store.path().display().to_string(),
                stored: String::from_utf8_lossy(&stored).into_owned(),
                asked,
            }),
            None => {
                let mut batch = Batch::default();
                batch.put(SPEC_KEY, asked.as_bytes());
                store.write(batch)?;
                Ok(store.flush()?)
            }
        }
    }

    pub fn graph_config(&self) -> vectron_hnsw::Config {
        vectron_hnsw::Config {
            dim: self.dim,
            metric: match self.metric {
                Metric::Cosine => vectron_hnsw::Metric::Cosine,
                Metric::Euclidean => vectron_hnsw::Metric::Euclidean,
                Metric::Dot => vectron_hnsw::Metric::Dot,
            },
            m: self.m,
            ef_construction: self.ef_construction,
            quantization: self.quantization,
        }
    }
}
