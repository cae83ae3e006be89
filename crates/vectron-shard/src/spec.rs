use crate::{Result, ShardError};
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
}

impl ShardSpec {
    pub fn validate(&self) -> Result<()> {
        let sound = (1..=65_536).contains(&self.dim)
            && (2..=128).contains(&self.m)
            && (self.m..=4096).contains(&self.ef_construction);
        if sound {
            Ok(())
        } else {
            Err(ShardError::Invalid(format!("shard settings out of range: {self:?}")))
        }
    }

    fn describe(&self) -> String {
        let Self { dim, metric, m, ef_construction } = self;
        format!("dim={dim} metric={} m={m} ef_construction={ef_construction}", metric.name())
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
        }
    }
}
