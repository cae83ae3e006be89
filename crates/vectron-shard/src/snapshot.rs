//! The graph on disk, so that a restart does not build it again. A cache: the store is the truth, and a snapshot
//! that is missing, damaged or of other settings is ignored and the graph is built anew (docs/adr/0008).
//!
//! File `graph.snap`, little-endian: magic "VGS3" | dim u32 | metric u32 | m u32 | ef_construction u32 |
//! quantization u32 | log index u64 | nodes u32 | per node: id length u16, id, log index u64, ordinal u32 |
//! graph bytes | crc32 u32 of all before it.

use crate::generation::Generation;
use crate::point::Version;
use crate::{Result, ShardSpec};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use vectron_hnsw::Graph;
use vectron_kernels::Arena;

const FILE: &str = "graph.snap";
const MAGIC: &[u8; 4] = b"VGS3";

fn header(spec: &ShardSpec) -> Vec<u8> {
    let words = [spec.dim, spec.metric as usize, spec.m, spec.ef_construction, spec.quantization as usize];
    let words = words.into_iter().flat_map(|word| (word as u32).to_le_bytes());
    MAGIC.iter().copied().chain(words).collect()
}

/// Counts the checksum of what passes.
struct Summed<W> {
    to: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}

/// Writes the graph as of log index `indexed` and renames the file into place. The caller keeps the index still.
pub fn write(
    dir: &Path,
    spec: &ShardSpec,
    generation: &Generation,
    graph: &Graph,
    indexed: u64,
) -> Result<()> {
    let partial = dir.join("graph.snap.partial");
    let mut out =
        Summed { to: BufWriter::with_capacity(1 << 20, File::create(&partial)?), sum: Default::default() };
    out.write_all(&header(spec))?;
    out.write_all(&indexed.to_le_bytes())?;
    let nodes = graph.len() as u32;
    out.write_all(&nodes.to_le_bytes())?;
    for node in 0..nodes {
        let slot = generation.slot(node);
        out.write_all(&(slot.id.len() as u16).to_le_bytes())?;
        out.write_all(slot.id.as_bytes())?;
        out.write_all(&slot.version.index.to_le_bytes())?;
        out.write_all(&slot.version.ordinal.to_le_bytes())?;
    }
    graph.write_to(&mut out)?;
    let sum = out.sum.clone().finalize();
    out.to.write_all(&sum.to_le_bytes())?;
    out.to.into_inner().map_err(|e| e.into_error())?.sync_all()?;
    Ok(std::fs::rename(&partial, dir.join(FILE))?)
}

/// The saved graph of `dir` in `to` as well, if there is one.
pub fn link(dir: &Path, to: &Path) -> Result<()> {
    match std::fs::hard_link(dir.join(FILE), to.join(FILE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Whether the file is as it was written; `None`: there is none.
pub fn is_whole(dir: &Path) -> Option<bool> {
    let bytes = std::fs::read(dir.join(FILE)).ok()?;
    let whole = bytes.split_last_chunk::<4>();
    Some(whole.is_some_and(|(body, sum)| crc32fast::hash(body) == u32::from_le_bytes(*sum)))
}

/// Bytes of the file, 0 when there is none.
pub fn bytes(dir: &Path) -> u64 {
    std::fs::metadata(dir.join(FILE)).map_or(0, |file| file.len())
}

/// What a snapshot says before its vectors are known.
pub struct Saved {
    pub indexed: u64,
    pub nodes: Vec<(Arc<str>, Version)>,
    bytes: Vec<u8>,
    /// Where in `bytes` the graph is.
    graph: std::ops::Range<usize>,
}

impl Saved {
    /// `None`: there is no usable snapshot.
    pub fn read(dir: &Path, spec: &ShardSpec) -> Option<Self> {
        let bytes = std::fs::read(dir.join(FILE)).ok()?;
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return None;
        }
        let end = body.len();
        let mut rest = body.strip_prefix(header(spec).as_slice())?;
        let indexed = u64::from_le_bytes(take(&mut rest)?);
        let count = u32::from_le_bytes(take(&mut rest)?);
        let mut nodes = Vec::new();
        for _ in 0..count {
            let length = u16::from_le_bytes(take(&mut rest)?) as usize;
            let id = std::str::from_utf8(rest.split_off(..length)?).ok()?;
            let index = u64::from_le_bytes(take(&mut rest)?);
            let ordinal = u32::from_le_bytes(take(&mut rest)?);
            nodes.push((id.into(), Version { index, ordinal }));
        }
        let graph = end - rest.len()..end;
        Some(Self { indexed, nodes, bytes, graph })
    }

    /// The graph; `vectors`: its rows, when it shares them.
    pub fn graph(&self, spec: &ShardSpec, vectors: Option<Arc<Arena>>) -> Option<Graph> {
        let graph =
            Graph::from_bytes(spec.graph_config(), vectors, self.bytes.get(self.graph.clone())?).ok()?;
        (graph.len() == self.nodes.len()).then_some(graph)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}
