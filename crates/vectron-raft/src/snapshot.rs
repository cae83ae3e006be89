//! Sending a replica's state to another: files of a checkpoint in checksummed pieces, over a connection of their own.
//!
//! The sender announces the files with their sizes and checksums; the receiver answers how much of each it has
//! already, from an attempt that was cut off. Table files never change, so what has the same name, size and checksum
//! is the same file. A piece is on its way at a time, so neither side holds more than one in memory.

use crate::proto;
use crate::replica::Replica;
use crate::transport::{Call, Kind, Link};
use crate::types::{Entry, Raft, ReplicaId, Vote};
use crate::wire::decoded;
use crate::{NodeError, Result};
use bytes::Bytes;
use openraft::alias::SnapshotOf;
use parking_lot::Mutex;
use prost::Message;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vectron_shard::Checkpoint;

const PIECE_BYTES: usize = 1 << 20;
const PIECE_TIMEOUT: Duration = Duration::from_secs(30);
/// Opening a shard with millions of points takes its time.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(600);
const HISTORY: &str = "history";

/// What the consensus library carries as a snapshot.
pub enum SnapshotData {
    /// The state of a replica of this process as it will be when it is used.
    Local(Arc<dyn Source>),
    /// Files that came in and are complete.
    Received(PathBuf),
}

/// A replica whose state can be sent.
pub trait Source: Send + Sync {
    fn shard_id(&self) -> u64;
    fn id(&self) -> ReplicaId;
    fn checkpoint(&self) -> Result<Checkpoint>;
}

/// Entries that the saved graph of a snapshot lacks, beside it: with them the receiver's graph is the sender's.
pub fn write_history(dir: &Path, entries: &[Entry]) -> Result<()> {
    let history = proto::SnapshotHistory { entries: entries.iter().map(proto::Entry::from).collect() };
    Ok(std::fs::write(dir.join(HISTORY), history.encode_to_vec())?)
}

/// `None`: there is none that can be read; the graph is made from the points then.
pub fn read_history(dir: &Path) -> Option<Vec<Entry>> {
    let bytes = Bytes::from(std::fs::read(dir.join(HISTORY)).ok()?);
    let history = proto::SnapshotHistory::decode(bytes).ok()?;
    history.entries.into_iter().map(|entry| entry.entry().ok()).collect()
}

/// Sends the state of `replica` to replica `to` and has it installed there. Returns the vote of the receiver.
pub async fn send(replica: Arc<dyn Source>, link: Arc<Link>, to: ReplicaId, vote: Vote) -> Result<Vote> {
    let source = replica.id();
    let call = |kind, payload| Call { group: replica.shard_id(), from: source, to, kind, payload };
    let checkpoint = crate::machine::blocking(|| replica.checkpoint())?;
    let stamp = proto::Stamp::decode(checkpoint.stamp.as_slice())
        .map_err(|_| NodeError::LogLost("the checkpoint's last entry cannot be read".into()))?;
    let files = crate::machine::blocking(|| describe(&checkpoint.dir))?;
    let begin = proto::SnapshotBegin { files: files.clone(), source }.encode_to_vec();
    let have = link.call(call(Kind::SnapshotBegin, begin.into()), PIECE_TIMEOUT).await?;
    let have = decoded::<proto::SnapshotHave>(have)?;
    for (at, file) in files.iter().enumerate() {
        let open = File::open(checkpoint.dir.join(&file.name))?;
        let mut offset = have.sizes.get(at).copied().unwrap_or(0);
        while offset < file.size {
            let mut data = vec![0; PIECE_BYTES.min((file.size - offset) as usize)];
            crate::machine::blocking(|| open.read_exact_at(&mut data, offset))?;
            let piece = proto::SnapshotPiece { file: at as u32, offset, data: data.into() };
            offset += piece.data.len() as u64;
            link.call(call(Kind::SnapshotPiece, piece.encode_to_vec().into()), PIECE_TIMEOUT).await?;
        }
    }
    let end = proto::SnapshotEnd { vote: Some(vote.into()), stamp: Some(stamp) };
    let answer = link.call(call(Kind::SnapshotEnd, end.encode_to_vec().into()), INSTALL_TIMEOUT).await?;
    let vote = decoded::<proto::Vote>(answer)?;
    Ok(vote.into())
}

/// Every file below `dir`, by name.
fn describe(dir: &Path) -> Result<Vec<proto::SnapshotFile>> {
    let mut files = Vec::new();
    let mut dirs = vec![PathBuf::new()];
    while let Some(below) = dirs.pop() {
        for entry in std::fs::read_dir(dir.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                dirs.push(path);
                continue;
            }
            let (size, crc32) = checksum(&dir.join(&path))?;
            files.push(proto::SnapshotFile { name: path.to_string_lossy().into_owned(), size, crc32 });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn checksum(file: &Path) -> Result<(u64, u32)> {
    let mut open = File::open(file)?;
    let mut buffer = vec![0; 1 << 18];
    let (mut size, mut sum) = (0, crc32fast::Hasher::new());
    loop {
        match open.read(&mut buffer)? {
            0 => return Ok((size, sum.finalize())),
            read => {
                size += read as u64;
                sum.update(&buffer[..read]);
            }
        }
    }
}

/// Snapshots on their way in, one a shard.
#[derive(Default)]
pub struct Receiving(Mutex<HashMap<u64, Arc<Mutex<Incoming>>>>);

struct Incoming {
    source: u64,
    files: Vec<proto::SnapshotFile>,
}

/// Snapshots that a worker takes in at a time; more are told to come back.
const MAX_INCOMING: usize = 2;

impl Receiving {
    /// Answers the announcement with what is here already.
    pub fn begin(&self, replica: &Replica, payload: Bytes) -> Result<Bytes> {
        let begin = decoded::<proto::SnapshotBegin>(payload)?;
        for file in &begin.files {
            let inside = Path::new(&file.name).components().all(|part| matches!(part, Component::Normal(_)));
            if !inside {
                return Err(NodeError::Protocol(format!("a snapshot cannot contain a file {:?}", file.name)));
            }
        }
        let former = {
            let mut all = self.0.lock();
            if all.len() >= MAX_INCOMING && !all.contains_key(&replica.shard_id) {
                return Err(NodeError::Overloaded(all.len()));
            }
            let made = Incoming { source: begin.source, files: begin.files.clone() };
            all.insert(replica.shard_id, Arc::new(Mutex::new(made)))
        };
        let dir = replica.incoming();
        std::fs::create_dir_all(&dir)?;
        let mut sizes = Vec::new();
        {
            let former = former.as_ref().map(|former| former.lock());
            let known = former.as_ref().filter(|former| former.source == begin.source);
            let known = known.map_or(&[][..], |former| &former.files);
            remove_others(&dir, known, &begin.files)?;
            for file in &begin.files {
                let path = dir.join(&file.name);
                let here = std::fs::metadata(&path).map_or(0, |found| found.len());
                sizes.push(here.min(file.size));
            }
        }
        Ok(proto::SnapshotHave { sizes }.encode_to_vec().into())
    }

    pub fn piece(&self, replica: &Replica, payload: Bytes) -> Result<()> {
        let piece = decoded::<proto::SnapshotPiece>(payload)?;
        let incoming = self.of(replica)?;
        let incoming = incoming.lock();
        let file = incoming.files.get(piece.file as usize);
        let fits = |file: &&proto::SnapshotFile| piece.offset + piece.data.len() as u64 <= file.size;
        let file = file
            .filter(fits)
            .ok_or_else(|| NodeError::Protocol("a piece of a snapshot does not belong to a file".into()))?;
        let path = replica.incoming().join(&file.name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let open = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        Ok(open.write_all_at(&piece.data, piece.offset)?)
    }

    /// Checks every file and makes them durable. The directory is ready to be installed.
    fn complete(&self, replica: &Replica) -> Result<PathBuf> {
        let incoming = self.of(replica)?;
        let incoming = incoming.lock();
        let dir = replica.incoming();
        for file in &incoming.files {
            let path = dir.join(&file.name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            if file.size == 0 {
                File::create(&path)?.flush()?;
            }
            if checksum(&path).ok() != Some((file.size, file.crc32)) {
                std::fs::remove_file(&path)?;
                return Err(NodeError::Protocol(format!(
                    "the file {} was not received completely",
                    file.name
                )));
            }
            File::open(&path)?.sync_all()?;
            if let Some(parent) = path.parent() {
                File::open(parent)?.sync_all()?;
            }
        }
        let ready = dir.with_extension(format!("ready-{}", replica.id));
        match std::fs::remove_dir_all(&ready) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
            _ => {}
        }
        std::fs::rename(&dir, &ready)?;
        Ok(ready)
    }

    /// The last word of the sender: installs what came in.
    pub async fn end(&self, replica: &Replica, raft: &Raft, payload: Bytes) -> Result<Bytes> {
        let end = decoded::<proto::SnapshotEnd>(payload)?;
        let (Some(vote), Some(stamp)) = (end.vote, end.stamp) else {
            return Err(NodeError::Protocol("a snapshot does not contain a vote or a state".into()));
        };
        let ready = crate::machine::blocking(|| self.complete(replica))?;
        let snapshot = SnapshotOf::<crate::types::Config, SnapshotData> {
            meta: stamp.meta(),
            snapshot: SnapshotData::Received(ready),
        };
        let installed = raft.install_full_snapshot(vote.into(), snapshot).await;
        self.0.lock().remove(&replica.shard_id);
        let response = installed.map_err(|_| NodeError::Poisoned(replica.shard_id))?;
        Ok(proto::Vote::from(response.vote).encode_to_vec().into())
    }

    fn of(&self, replica: &Replica) -> Result<Arc<Mutex<Incoming>>> {
        let found = self.0.lock().get(&replica.shard_id).cloned();
        found.ok_or_else(|| NodeError::Protocol("a piece of a snapshot that was not announced".into()))
    }

    /// The shard's replica is closed.
    pub fn forget(&self, shard: u64) {
        self.0.lock().remove(&shard);
    }
}

/// Removes what an earlier attempt left that is not a file of this one.
fn remove_others(dir: &Path, known: &[proto::SnapshotFile], wanted: &[proto::SnapshotFile]) -> Result<()> {
    for file in known {
        if !wanted.contains(file) {
            match std::fs::remove_file(dir.join(&file.name)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
        }
    }
    if known.is_empty() {
        std::fs::remove_dir_all(dir)?;
        std::fs::create_dir_all(dir)?;
    }
    Ok(())
}
