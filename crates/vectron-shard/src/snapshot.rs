//! The graph on disk, so that a restart does not build it again. A cache: the store is the truth, and a
//! snapshot that is missing, damaged or of other settings is ignored and the graph is built anew.
//!
//! File `graph.snap`, little-endian: magic "VGS1" | dim u32 | metric u32 | m u32 | ef_construction u32 |
//! nodes u32 | per node: id length u16, id, log index u64, ordinal u32 | graph bytes | crc32 u32 of all
//! before it.

use crate::point::{LoadedPoint, Version};
use crate::state::State;
use crate::{Result, ShardSpec};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use vectron_hnsw::Graph;

const FILE: &str = "graph.snap";
const MAGIC: &[u8; 4] = b"VGS1";
/// A snapshot with more dead nodes than this share is dropped: building anew reclaims their space.
const MAX_DEAD_SHARE: f64 = 0.3;

fn header(spec: &ShardSpec) -> Vec<u8> {
    let words = [spec.dim, spec.metric as usize, spec.m, spec.ef_construction];
    let words = words.into_iter().flat_map(|word| (word as u32).to_le_bytes());
    MAGIC.iter().copied().chain(words).collect()
}

/// The snapshot's bytes. Memory work only: the caller holds the state's lock.
pub fn encode(spec: &ShardSpec, state: &State) -> Vec<u8> {
    let nodes = state.graph.len();
    let mut bytes = header(spec);
    bytes.extend_from_slice(&(nodes as u32).to_le_bytes());
    for slot in state.slots.iter().take(nodes) {
        bytes.extend_from_slice(&(slot.id.len() as u16).to_le_bytes());
        bytes.extend_from_slice(slot.id.as_bytes());
        bytes.extend_from_slice(&slot.version.index.to_le_bytes());
        bytes.extend_from_slice(&slot.version.ordinal.to_le_bytes());
    }
    bytes.extend_from_slice(&state.graph.to_bytes());
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// Writes the snapshot and renames it into place.
pub fn write(dir: &Path, bytes: &[u8]) -> Result<()> {
    let partial = dir.join("graph.snap.partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(&partial, dir.join(FILE))?)
}

/// The state made of the store's points and, where it fits, the saved graph. `points`: in order of writing.
pub fn load(dir: &Path, spec: &ShardSpec, points: Vec<LoadedPoint>, applied: u64) -> State {
    let saved = std::fs::read(dir.join(FILE)).ok().and_then(|bytes| parse(&bytes, spec));
    let Some((nodes, graph)) = saved.filter(|(nodes, _)| worth_keeping(nodes, &points)) else {
        let mut state = State::new(spec, Graph::new(spec.graph_config()), applied);
        points.into_iter().for_each(|point| state.push_loaded(point, spec.metric));
        return state;
    };
    let mut by_version: HashMap<Version, LoadedPoint> =
        points.into_iter().map(|point| (point.version, point)).collect();
    let mut state = State::new(spec, graph, applied);
    for (id, version) in nodes {
        match by_version.remove(&version) {
            Some(point) if *point.id == id => state.push_loaded(point, spec.metric),
            Some(other) => {
                by_version.insert(version, other);
                state.push_dead(&id, version);
            }
            None => state.push_dead(&id, version),
        }
    }
    let mut tail: Vec<LoadedPoint> = by_version.into_values().collect();
    tail.sort_unstable_by_key(|point| point.version);
    tail.into_iter().for_each(|point| state.push_loaded(point, spec.metric));
    state
}

fn worth_keeping(nodes: &[(String, Version)], points: &[LoadedPoint]) -> bool {
    let held = |version: &Version| points.binary_search_by_key(version, |point| point.version).is_ok();
    let dead = nodes.iter().filter(|(_, version)| !held(version)).count();
    dead as f64 <= nodes.len() as f64 * MAX_DEAD_SHARE
}

type Saved = (Vec<(String, Version)>, Graph);

fn parse(bytes: &[u8], spec: &ShardSpec) -> Option<Saved> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut rest = body.strip_prefix(header(spec).as_slice())?;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let mut nodes = Vec::new();
    for _ in 0..count {
        let length = u16::from_le_bytes(take(&mut rest)?) as usize;
        let id = std::str::from_utf8(rest.split_off(..length)?).ok()?;
        let index = u64::from_le_bytes(take(&mut rest)?);
        let ordinal = u32::from_le_bytes(take(&mut rest)?);
        nodes.push((id.to_owned(), Version { index, ordinal }));
    }
    let graph = Graph::from_bytes(spec.graph_config(), rest).ok()?;
    (graph.len() == nodes.len()).then_some((nodes, graph))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    rest.split_off(..N)?.try_into().ok()
}
