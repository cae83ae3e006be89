//! What a shard indexes besides its vectors: declared through the log, so that every replica declares the same at the
//! same entry, and kept under `_schema` in its store.

use crate::analysis::Analyzer;
use crate::path::Path;
use crate::proto::{
    Declaration, IndexKind, NamedVector, PayloadIndex, SparseDeclared, StoredSchema, declaration::Declare,
};
use crate::{Metric, Quantization, Residence, Result, ShardError, ShardSpec};
use prost::Message;
use vectron_storage::{Batch, Store};

pub const KEY: &[u8] = b"_schema";
const MAX_INDEXES: usize = 64;
const MAX_SPARSE: usize = 16;
const MAX_VECTORS: usize = 16;
const MAX_NAME: usize = 64;

impl NamedVector {
    pub fn spec(&self) -> Result<ShardSpec> {
        let wrong = |what: String| ShardError::Invalid(format!("vector {:?}: {what}", self.name));
        let unknown = |what: &str, name: &str| wrong(format!("unknown {what} {name:?}"));
        let or =
            |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
        let metric = or(&self.metric, "cosine");
        let metric = Metric::parse(&metric).ok_or_else(|| unknown("metric", &metric))?;
        let quantization = or(&self.quantization, "int8");
        let storage = or(&self.storage, "memory");
        let vectors = Residence::parse(&storage).filter(|place| *place != Residence::Disk);
        let default = ShardSpec::new(self.dimension as usize, metric);
        let m = if self.m == 0 { default.m } else { self.m as usize };
        let spec = ShardSpec {
            m,
            ef_construction: match self.ef_construction {
                0 => default.ef_construction.max(m),
                set => set as usize,
            },
            quantization: Quantization::parse(&quantization)
                .ok_or_else(|| unknown("quantization", &quantization))?,
            vectors: vectors.ok_or_else(|| unknown("place of vectors (memory or mmap)", &storage))?,
            oversampling: self.oversampling as usize,
            ..default
        };
        spec.validate().map_err(|_| {
            wrong(
                "dimension must be 1 to 65536, m 2 to 128, ef_construction m to 4096, and oversampling at most 100"
                    .into(),
            )
        })?;
        Ok(spec)
    }
}

/// A checked schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schema {
    message: StoredSchema,
    texts: Vec<(Path, Analyzer)>,
}

impl Schema {
    pub fn new(message: StoredSchema) -> Result<Self> {
        let texts = message.indexes.iter().filter(|index| index.kind() == IndexKind::Text);
        let texts = texts.map(|index| Ok((index.parsed_path()?, Analyzer::new(index)?)));
        let texts = texts.collect::<Result<_>>()?;
        Ok(Self { message, texts })
    }

    pub fn load(store: &Store) -> Result<Self> {
        let Some(bytes) = store.get(KEY)? else { return Ok(Self::default()) };
        let message = StoredSchema::decode(bytes.as_slice())
            .map_err(|e| ShardError::Damaged(format!("the schema cannot be read: {e}")))?;
        Self::new(message)
    }

    pub fn put(&self, batch: &mut Batch) {
        batch.put(KEY, &self.message.encode_to_vec());
    }

    pub fn message(&self) -> &StoredSchema {
        &self.message
    }

    pub fn has_sparse(&self, name: &str) -> bool {
        self.message.sparse.iter().any(|sparse| sparse.name == name)
    }

    pub fn vector(&self, name: &str) -> Option<&NamedVector> {
        self.message.vectors.iter().find(|vector| vector.name == name)
    }

    /// Of the text index at the path; the plain one where there is none.
    pub fn analyzer(&self, path: &Path) -> Analyzer {
        self.texts.iter().find(|(at, _)| at == path).map(|(_, analyzer)| analyzer.clone()).unwrap_or_default()
    }

    /// Whether a datetime index is declared at the path, ready or not.
    pub fn is_dated(&self, path: &Path) -> bool {
        let mut of_times = self.message.indexes.iter().filter(|index| index.kind() == IndexKind::Datetime);
        of_times.any(|index| index.parsed_path().is_ok_and(|at| at == *path))
    }

    /// The schema afterwards; `None`: it is the same.
    pub fn declared(&self, declaration: &Declaration) -> Result<Option<Self>> {
        let mut message = self.message.clone();
        match declaration.declare.as_ref() {
            Some(Declare::AddIndex(index)) => {
                let same = |one: &&PayloadIndex| one.path == index.path && one.kind == index.kind;
                match message.indexes.iter().find(same) {
                    Some(there) if there == index => {}
                    Some(there) => {
                        return Err(ShardError::Invalid(format!(
                            "the text index of {:?} is declared with {}: delete it first to change its settings",
                            index.path,
                            there.settings()
                        )));
                    }
                    None if message.indexes.len() >= MAX_INDEXES => {
                        return Err(ShardError::Invalid(format!(
                            "a collection can have at most {MAX_INDEXES} payload indexes"
                        )));
                    }
                    None => message.indexes.push(index.clone()),
                }
            }
            Some(Declare::DropIndex(index)) => {
                message.indexes.retain(|one| one.path != index.path || one.kind != index.kind);
            }
            Some(Declare::AddSparse(sparse)) if !self.has_sparse(&sparse.name) => {
                if message.sparse.len() >= MAX_SPARSE {
                    return Err(ShardError::Invalid(format!(
                        "a collection can have at most {MAX_SPARSE} sparse vectors"
                    )));
                }
                message.sparse.push(sparse.clone());
            }
            Some(Declare::AddSparse(_)) => {}
            Some(Declare::AddVector(vector)) => match self.vector(&vector.name) {
                Some(there) if there == vector => {}
                Some(_) => {
                    return Err(ShardError::Invalid(format!(
                        "vector {:?} is declared with other settings: delete it first to change them",
                        vector.name
                    )));
                }
                None if message.vectors.len() >= MAX_VECTORS => {
                    return Err(ShardError::Invalid(format!(
                        "a collection can have at most {MAX_VECTORS} named vectors"
                    )));
                }
                None => message.vectors.push(vector.clone()),
            },
            Some(Declare::DropVector(vector)) => message.vectors.retain(|one| one.name != vector.name),
            Some(Declare::DropSparse(sparse)) => message.sparse.retain(|one| one.name != sparse.name),
            None => return Err(ShardError::Invalid("a declaration must add or drop something".into())),
        }
        if message == self.message { Ok(None) } else { Self::new(message).map(Some) }
    }
}

impl PayloadIndex {
    pub fn parsed_path(&self) -> Result<Path> {
        Path::parse(&self.path).map_err(ShardError::Invalid)
    }

    /// Those of a text index, for a person.
    fn settings(&self) -> String {
        let or =
            |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
        let (language, analyzer) = (or(&self.language, "none"), or(&self.analyzer, "words"));
        format!("language {language}, analyzer {analyzer} and {} stop words", self.stop_words.len())
    }
}

impl Declaration {
    /// What can be said without the schema.
    pub fn check(&self) -> Result<()> {
        match self.declare.as_ref() {
            Some(Declare::AddIndex(index)) => {
                index.parsed_path()?;
                if index.kind() == IndexKind::Unknown {
                    let kinds = "keyword, integer, float, bool, datetime, geo or text";
                    return Err(ShardError::Invalid(format!("the type of a payload index must be {kinds}")));
                }
                let settings = [("language", &index.language), ("analyzer", &index.analyzer)];
                let set = settings.into_iter().find(|(_, value)| !value.is_empty()).map(|(name, _)| name);
                let set = set.or((!index.stop_words.is_empty()).then_some("list of stop words"));
                if let Some(name) = set.filter(|_| index.kind() != IndexKind::Text) {
                    return Err(ShardError::Invalid(format!("only a text index can have a {name}")));
                }
                Analyzer::new(index).map(drop)
            }
            Some(
                Declare::AddSparse(SparseDeclared { name }) | Declare::AddVector(NamedVector { name, .. }),
            ) if name.is_empty() || name.len() > MAX_NAME => {
                Err(ShardError::Invalid(format!("the name of a vector must have 1 to {MAX_NAME} bytes")))
            }
            Some(Declare::AddVector(vector)) => vector.spec().map(drop),
            Some(_) => Ok(()),
            None => Err(ShardError::Invalid("a declaration must add or drop something".into())),
        }
    }
}
