//! Graphs on disk, so that a restart does not build them again. A cache: the store is the truth, and a snapshot
//! that is missing, damaged or of other settings is ignored and the graph is built anew (docs/adr/0008).
//!
//! File `graph.snap` of the first vector, `graph-<name in hexadecimal>.snap` of a named one, little-endian:
//! magic "VGS3" | dim u32 | metric u32 | m u32 | ef_construction u32 | quantization u32 | log index u64 | log index of the
//! vector's declaration u64 | what follows u32 | nodes u32 | per node: id length u16, id, log index u64,
//! ordinal u32 | graph bytes | crc32 u32 of all before it.
//! What follows is 1: a graph; 2: a graph that shares its vectors: each node goes on with its vector, dim * f32, because
//! the store does not have those of dead nodes, through which the graph is walked; 0: there is no graph yet (too few slots to
//! train its codes on): each node goes on with its vector and the log index at which it died u64 (all ones: it lives).
//!
//! File `graph-<name>.at`: the graph did not change up to a later log index: crc32 u32 of the `.snap` file that it is about |
//! log index u64 | crc32 u32 of both.

use crate::generation::{ALIVE, Generation};
use crate::point::Version;
use crate::{Result, ShardSpec, SlotId};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vectron_hnsw::Graph;
use vectron_kernels::Arena;

const SNAP: &str = "snap";
const AT: &str = "at";
/// What follows.
const WAITING: u32 = 0;
const CODED: u32 = 1;
const SHARING: u32 = 2;
const MAGIC: &[u8; 4] = b"VGS3";

/// The file of a vector's graph; `None`: the first vector. Names are any text: they are written as hexadecimal digits, so
/// that no file system takes two of them for one.
fn file(vector: Option<&str>, extension: &str) -> String {
    match vector {
        None => format!("graph.{extension}"),
        Some(name) => {
            let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("graph-{digits}.{extension}")
        }
    }
}

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

/// What is saved of a vector.
pub struct Snapshot<'a> {
    /// `None`: the first one.
    pub vector: Option<&'a str>,
    pub spec: &'a ShardSpec,
    pub generation: &'a Generation,
    /// Log index as of which the graph is; 0: of none.
    pub indexed: u64,
    /// Log index at which the vector was declared.
    pub declared: u64,
    /// Slots that are saved: those of the graph, or those that wait for one to be trained.
    pub nodes: SlotId,
}

impl Snapshot<'_> {
    /// Writes the file and renames it into place. The caller keeps the graph still. Gives the checksum.
    pub fn write(&self, dir: &Path) -> Result<u32> {
        let Self { vector, spec, generation, indexed, declared, nodes } = *self;
        let name = file(vector, SNAP);
        let partial = dir.join(format!("{name}.partial"));
        let mut out = Summed {
            to: BufWriter::with_capacity(1 << 20, File::create(&partial)?),
            sum: Default::default(),
        };
        let graph = generation.graph();
        out.write_all(&header(spec))?;
        out.write_all(&indexed.to_le_bytes())?;
        out.write_all(&declared.to_le_bytes())?;
        let follows = match graph {
            None => WAITING,
            Some(_) if generation.shared_rows(spec).is_some() => SHARING,
            Some(_) => CODED,
        };
        out.write_all(&follows.to_le_bytes())?;
        out.write_all(&nodes.to_le_bytes())?;
        for node in 0..nodes {
            let slot = generation.slot(node);
            out.write_all(&(slot.id.len() as u16).to_le_bytes())?;
            out.write_all(slot.id.as_bytes())?;
            out.write_all(&slot.version.index.to_le_bytes())?;
            out.write_all(&slot.version.ordinal.to_le_bytes())?;
            if follows != CODED {
                for x in generation.vectors.get(node).unwrap_or_default().iter() {
                    out.write_all(&x.to_le_bytes())?;
                }
            }
            if follows == WAITING {
                // What died since lives as of then.
                let death = Some(slot.death()).filter(|death| *death <= indexed).unwrap_or(ALIVE);
                out.write_all(&death.to_le_bytes())?;
            }
        }
        if let Some(graph) = graph {
            graph.write_to(&mut out)?;
        }
        let sum = out.sum.clone().finalize();
        out.to.write_all(&sum.to_le_bytes())?;
        out.to.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        std::fs::rename(&partial, dir.join(name))?;
        Ok(sum)
    }
}

/// Says that the graph whose file has this checksum is the one of log index `indexed` as well.
pub fn write_at(dir: &Path, vector: &str, sum: u32, indexed: u64) -> Result<()> {
    let mut bytes = [&sum.to_le_bytes()[..], &indexed.to_le_bytes()].concat();
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    let name = file(Some(vector), AT);
    let partial = dir.join(format!("{name}.partial"));
    let mut to = File::create(&partial)?;
    to.write_all(&bytes)?;
    to.sync_all()?;
    Ok(std::fs::rename(&partial, dir.join(name))?)
}

/// `None`: nothing is said of the graph whose file has this checksum.
fn read_at(dir: &Path, vector: &str, sum: u32) -> Option<u64> {
    let bytes = std::fs::read(dir.join(file(Some(vector), AT))).ok()?;
    let (body, check) = bytes.split_last_chunk::<4>()?;
    let mut rest = body;
    let of = u32::from_le_bytes(take(&mut rest)?);
    let indexed = u64::from_le_bytes(take(&mut rest)?);
    let sound = rest.is_empty() && of == sum && crc32fast::hash(body) == u32::from_le_bytes(*check);
    sound.then_some(indexed)
}

/// Removes saved graphs of vectors other than these and the first one, and what was left half written.
pub fn retain(dir: &Path, vectors: &[String]) -> Result<()> {
    let keep: Vec<String> =
        vectors.iter().flat_map(|name| [file(Some(name), SNAP), file(Some(name), AT)]).collect();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with("graph-") && !keep.iter().any(|keep| keep == name) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The saved graphs in `dir`, of the first vector and of named ones.
fn files(dir: &Path) -> Vec<PathBuf> {
    let is_saved = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let saved = path.extension().is_some_and(|extension| extension == SNAP || extension == AT);
        saved && (name == file(None, SNAP) || name.starts_with("graph-"))
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_saved).collect()
}

/// The saved graphs of `dir` in `to` as well.
pub fn link(dir: &Path, to: &Path) -> Result<()> {
    for path in files(dir) {
        let Some(name) = path.file_name() else { continue };
        match std::fs::hard_link(&path, to.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the files are as they were written; `None`: there are none.
pub fn are_whole(dir: &Path) -> Option<bool> {
    let is_whole = |path: PathBuf| {
        let bytes = std::fs::read(path).ok()?;
        let whole = bytes.split_last_chunk::<4>();
        Some(whole.is_some_and(|(body, sum)| crc32fast::hash(body) == u32::from_le_bytes(*sum)))
    };
    files(dir).into_iter().filter_map(is_whole).reduce(|all, one| all && one)
}

/// Bytes of the files.
pub fn bytes(dir: &Path) -> u64 {
    files(dir).iter().map(|path| std::fs::metadata(path).map_or(0, |file| file.len())).sum()
}

/// What a snapshot says before its vectors are known.
pub struct Saved {
    /// Log index as of which it is.
    pub indexed: u64,
    pub declared: u64,
    pub nodes: Vec<(Arc<str>, Version)>,
    /// Of each node; none where the graph has codes.
    pub vectors: Vec<Vec<f32>>,
    /// When each node died, where the graph is still to be trained.
    pub deaths: Option<Vec<u64>>,
    pub sum: u32,
    bytes: Vec<u8>,
    /// Where in `bytes` the graph is.
    graph: std::ops::Range<usize>,
}

impl Saved {
    /// `None`: there is no usable snapshot of the vector for a state as of log index `applied`.
    pub fn read(dir: &Path, vector: Option<&str>, spec: &ShardSpec, applied: u64) -> Option<Self> {
        let bytes = std::fs::read(dir.join(file(vector, SNAP))).ok()?;
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        let sum = u32::from_le_bytes(*sum);
        if crc32fast::hash(body) != sum {
            return None;
        }
        let end = body.len();
        let mut rest = body.strip_prefix(header(spec).as_slice())?;
        let indexed = u64::from_le_bytes(take(&mut rest)?);
        if indexed > applied {
            return None;
        }
        let declared = u64::from_le_bytes(take(&mut rest)?);
        let follows = u32::from_le_bytes(take(&mut rest)?);
        let (mut vectors, mut deaths) = (Vec::new(), (follows == WAITING).then(Vec::new));
        let count = u32::from_le_bytes(take(&mut rest)?);
        let mut nodes = Vec::new();
        for _ in 0..count {
            let length = u16::from_le_bytes(take(&mut rest)?) as usize;
            let id = std::str::from_utf8(rest.split_off(..length)?).ok()?;
            let index = u64::from_le_bytes(take(&mut rest)?);
            let ordinal = u32::from_le_bytes(take(&mut rest)?);
            nodes.push((id.into(), Version { index, ordinal }));
            if follows != CODED {
                vectors.push(crate::command::floats(rest.split_off(..spec.dim * 4)?));
            }
            if let Some(deaths) = &mut deaths {
                deaths.push(u64::from_le_bytes(take(&mut rest)?));
            }
        }
        let graph = end - rest.len()..end;
        let later = vector.filter(|_| indexed > 0).and_then(|vector| read_at(dir, vector, sum));
        let indexed = later.map_or(indexed, |later| later.min(applied).max(indexed));
        Some(Self { indexed, declared, nodes, vectors, deaths, sum, bytes, graph })
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
