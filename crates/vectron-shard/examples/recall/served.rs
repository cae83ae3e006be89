//! A shard that is driven as a node of the product drives it (`index_turn` of vectron-raft): it applies, indexes, saves,
//! and measures its recall when it wants to.

use crate::filters::Labels;
use crate::random::Random;
use prost::Message;
use std::error::Error;
use vectron_shard::proto::{
    Declaration, IndexKind, LogCommand, PayloadIndex, PointBatch, PointData, declaration::Declare,
};
use vectron_shard::{Shard, ShardSpec};
use vectron_storage::Resources;

/// Points of one log entry.
const BATCH: usize = 500;

pub struct Served {
    dir: tempfile::TempDir,
    spec: ShardSpec,
    shard: Option<Shard>,
}

impl Served {
    /// Empty, with an integer index for each of the two labels.
    pub fn new(spec: ShardSpec) -> Result<Self, Box<dyn Error>> {
        let mut served = Self { dir: tempfile::tempdir()?, spec, shard: None };
        served.open()?;
        for path in ["random", "place"] {
            let kind = IndexKind::Integer.into();
            let index = PayloadIndex { path: path.into(), kind, ..PayloadIndex::default() };
            let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index)) });
            served.apply(&LogCommand { declaration, ..LogCommand::default() })?;
        }
        Ok(served)
    }

    fn open(&mut self) -> Result<(), Box<dyn Error>> {
        let resources = Resources::new(16 << 20, 16 << 20);
        self.shard = Some(Shard::open(self.dir.path(), self.spec, &resources)?);
        Ok(())
    }

    pub fn shard(&self) -> Result<&Shard, Box<dyn Error>> {
        self.shard.as_ref().ok_or_else(|| "the shard is closed".into())
    }

    fn apply(&self, command: &LogCommand) -> Result<(), Box<dyn Error>> {
        let shard = self.shard()?;
        shard.apply(shard.applied_index() + 1, command)?;
        Ok(())
    }

    /// Writes points with the ids `from`, `from` + 1 and so on; the index has them later.
    pub fn upsert(
        &self,
        from: usize,
        points: &[Vec<f32>],
        labels: &Labels,
        random: &mut Random,
    ) -> Result<(), Box<dyn Error>> {
        for (at, batch) in points.chunks(BATCH).enumerate() {
            let point = |(i, vector): (usize, &Vec<f32>)| PointData {
                id: (from + at * BATCH + i).to_string(),
                vector: vector.iter().flat_map(|x| x.to_le_bytes()).collect(),
                payload: labels.payload(vector, random),
                ..PointData::default()
            };
            let points = batch.iter().enumerate().map(point).collect();
            let upsert = Some(PointBatch { points }.encode_to_vec());
            self.apply(&LogCommand { upsert, ..LogCommand::default() })?;
        }
        Ok(())
    }

    /// Indexes at most `most` points.
    pub fn index(&self, most: usize) -> Result<usize, Box<dyn Error>> {
        Ok(self.shard()?.index_step(most, 1)?)
    }

    /// Indexes all points, then measures if the shard wants that.
    pub fn catch_up(&self) -> Result<(), Box<dyn Error>> {
        while self.index(1000)? > 0 {}
        self.measure()
    }

    pub fn measure(&self) -> Result<(), Box<dyn Error>> {
        let shard = self.shard()?;
        if shard.wants_measuring() {
            shard.measure_recall()?;
        }
        Ok(())
    }

    /// Closes the shard and opens it again: the graph is the same, what was measured is measured again, and no query is
    /// known.
    pub fn reopen(&mut self) -> Result<(), Box<dyn Error>> {
        self.shard()?.save_graph(true)?;
        self.shard()?.flush()?;
        self.shard = None;
        // Of queries that others asked.
        match std::fs::remove_file(self.dir.path().join("recall.known")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        self.open()?;
        self.catch_up()
    }
}
