//! How replicas of different workers speak: one connection for each ordered pair of workers carries the calls of all
//! their groups, another one the pieces of snapshots. What is queued while a write is on its way goes out with the
//! next one, so the heartbeats of many groups share packets; nothing ever waits for company.
//!
//! A connection opens with a handshake in which both sides prove that they know the cluster's secret (HMAC-SHA-256 over
//! both nonces), inside mutual TLS where that is configured. Frame, little-endian: length u32 of what follows | crc32
//! u32 of what follows it | kind u8 | call u64 | group u64 | from u64 | to u64 | payload.

use crate::types::{ReplicaId, worker_of};
use crate::{NodeError, Result};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt, StreamExt};
use parking_lot::{Mutex, RwLock};
use ring::hmac;
use ring::rand::SecureRandom;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};
use vectron_storage::ErrorCode;

pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that came in and has its TLS handshake before it.
pub type Accepted = Boxed<'static, io::Result<Box<dyn Stream>>>;

pub trait Acceptor: Send {
    fn accept(&mut self) -> Boxed<'_, io::Result<Accepted>>;
    fn local_address(&self) -> io::Result<String>;
}

/// The network: a real one (net.rs), or a simulated one.
pub trait Net: Send + Sync + 'static {
    fn connect<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Stream>>>;
    fn bind<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Acceptor>>>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Answer = 0,
    Failure = 1,
    Append = 2,
    Vote = 3,
    PreVote = 4,
    Transfer = 5,
    ReadIndex = 6,
    SnapshotBegin = 7,
    SnapshotPiece = 8,
    SnapshotEnd = 9,
    /// The receiver has lost entries that it had acknowledged.
    Reverted = 10,
    /// The hash of the receiver's state as of an entry.
    StateHash = 11,
    /// The receiver's state differs from the others'.
    Differs = 12,
}

impl Kind {
    fn from(byte: u8) -> Option<Self> {
        use Kind::*;
        let all = [
            Answer,
            Failure,
            Append,
            Vote,
            PreVote,
            Transfer,
            ReadIndex,
            SnapshotBegin,
            SnapshotPiece,
            SnapshotEnd,
            Reverted,
            StateHash,
            Differs,
        ];
        all.get(usize::from(byte)).copied()
    }
}

/// A call to one replica.
#[derive(Debug, Clone)]
pub struct Call {
    pub group: u64,
    pub from: ReplicaId,
    pub to: ReplicaId,
    pub kind: Kind,
    pub payload: Bytes,
}

/// Answers calls from other workers.
pub trait Handler: Send + Sync + 'static {
    fn handle(self: Arc<Self>, call: Call) -> Boxed<'static, Result<Bytes>>;
}

const MAGIC: &[u8; 4] = b"VRT1";
const NONCE: usize = 32;
const HEADER: usize = 4 + 1 + 8 * 4;
const MAX_FRAME: usize = 64 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1000);
/// After a failed connect, calls fail at once for so long.
const DOWN_FOR: Duration = Duration::from_millis(200);
/// Frames that may wait for a connection; more fail.
const MAX_QUEUED: usize = 1024;

fn encode(kind: Kind, id: u64, call: &Call) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER + call.payload.len());
    frame.put_u32_le(0);
    frame.put_u8(kind as u8);
    frame.put_u64_le(id);
    frame.put_u64_le(call.group);
    frame.put_u64_le(call.from);
    frame.put_u64_le(call.to);
    frame.extend_from_slice(&call.payload);
    let sum = crc32fast::hash(&frame[4..]);
    frame[..4].copy_from_slice(&sum.to_le_bytes());
    frame.freeze()
}

fn decode(mut frame: Bytes) -> Option<(u64, Call)> {
    if frame.len() < HEADER || crc32fast::hash(&frame[4..]) != frame.get_u32_le() {
        return None;
    }
    let kind = Kind::from(frame.get_u8())?;
    let id = frame.get_u64_le();
    let (group, from, to) = (frame.get_u64_le(), frame.get_u64_le(), frame.get_u64_le());
    Some((id, Call { group, from, to, kind, payload: frame }))
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().little_endian().max_frame_length(MAX_FRAME).new_codec()
}

/// What the workers of a cluster have in common.
pub struct Secret(hmac::Key);

impl Secret {
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn proof(&self, who: &[u8], client: &[u8], server: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &[MAGIC, who, client, server].concat())
    }

    fn check(&self, who: &[u8], client: &[u8], server: &[u8], proof: &[u8]) -> io::Result<()> {
        hmac::verify(&self.0, &[MAGIC, who, client, server].concat(), proof).map_err(|_| {
            io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the peer does not have the cluster secret: use the same secret on all workers",
            )
        })
    }
}

fn nonce() -> io::Result<[u8; NONCE]> {
    let mut nonce = [0; NONCE];
    let random = ring::rand::SystemRandom::new();
    random.fill(&mut nonce).map_err(|_| io::Error::other("the system provides no random numbers"))?;
    Ok(nonce)
}

async fn greet(stream: &mut dyn Stream, secret: &Secret) -> io::Result<()> {
    let mine = nonce()?;
    stream.write_all(&[&MAGIC[..], &mine].concat()).await?;
    stream.flush().await?;
    let mut answer = [0; NONCE + 32];
    stream.read_exact(&mut answer).await?;
    let (theirs, proof) = answer.split_at(NONCE);
    secret.check(b"server", &mine, theirs, proof)?;
    stream.write_all(secret.proof(b"client", &mine, theirs).as_ref()).await?;
    stream.flush().await
}

async fn welcome(stream: &mut dyn Stream, secret: &Secret) -> io::Result<()> {
    let mut hello = [0; 4 + NONCE];
    stream.read_exact(&mut hello).await?;
    let (magic, theirs) = hello.split_at(4);
    if magic != MAGIC {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the peer uses another protocol version: run the same version on all workers",
        ));
    }
    let mine = nonce()?;
    stream.write_all(&[&mine[..], secret.proof(b"server", theirs, &mine).as_ref()].concat()).await?;
    stream.flush().await?;
    let mut proof = [0; 32];
    stream.read_exact(&mut proof).await?;
    secret.check(b"client", theirs, &mine, &proof)
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Bytes>>>>>;

/// A connection to a worker, made when it is first needed and again when it breaks.
pub struct Link {
    transport: std::sync::Weak<Transport>,
    worker: u64,
    open: Mutex<Option<Open>>,
    connecting: tokio::sync::Mutex<()>,
    down_until: Mutex<Option<Instant>>,
    next: AtomicU64,
}

#[derive(Clone)]
struct Open {
    frames: mpsc::Sender<Bytes>,
    waiting: Waiting,
    broken: Arc<AtomicBool>,
    reader: tokio::task::AbortHandle,
}

impl Open {
    /// Nothing comes through any more: the next call connects anew, instead of waiting for TCP to find out.
    fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        self.reader.abort();
        self.waiting.lock().clear();
    }
}

impl Link {
    /// The answer, or why there is none: `Unavailable` when the call may not have arrived, the callee's own failure
    /// otherwise.
    pub async fn call(&self, call: Call, limit: Duration) -> Result<Bytes> {
        let failed = |reason: String| NodeError::Unavailable { shard: call.group, reason };
        let open = match timeout(limit, self.open()).await {
            Ok(Ok(open)) => open,
            Ok(Err(e)) => return Err(failed(format!("worker {} cannot be reached: {e}", self.worker))),
            Err(_) => {
                return Err(failed(format!(
                    "worker {} did not accept the connection within {limit:?}",
                    self.worker
                )));
            }
        };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (tx, rx) = oneshot::channel();
        open.waiting.lock().insert(id, tx);
        let _forget = Forget { waiting: &open.waiting, id };
        if open.broken.load(Ordering::Acquire) || open.frames.try_send(encode(call.kind, id, &call)).is_err()
        {
            return Err(failed(format!("the connection to worker {} is overloaded or broken", self.worker)));
        }
        match timeout(limit, rx).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(failed(format!("the connection to worker {} was lost", self.worker))),
            Err(_) => {
                open.give_up();
                Err(failed(format!("worker {} did not answer within {limit:?}", self.worker)))
            }
        }
    }

    async fn open(&self) -> io::Result<Open> {
        let usable = || self.open.lock().clone().filter(|open| !open.broken.load(Ordering::Acquire));
        if let Some(open) = usable() {
            return Ok(open);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(open) = usable() {
            return Ok(open);
        }
        if self.down_until.lock().is_some_and(|until| Instant::now() < until) {
            return Err(io::Error::new(
                io::ErrorKind::NotConnected,
                "it could not be reached shortly before",
            ));
        }
        let connected = timeout(CONNECT_TIMEOUT, self.connect()).await;
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match connected {
            Ok(open) => {
                *self.open.lock() = Some(open.clone());
                *self.down_until.lock() = None;
                Ok(open)
            }
            Err(e) => {
                *self.down_until.lock() = Some(Instant::now() + DOWN_FOR);
                Err(e)
            }
        }
    }

    async fn connect(&self) -> io::Result<Open> {
        let transport = self.transport.upgrade().ok_or(io::ErrorKind::NotConnected)?;
        let address = transport.addresses.read().get(&self.worker).cloned();
        let address = address.ok_or_else(|| io::Error::other("its address is not known"))?;
        let mut stream = transport.net.connect(&address).await?;
        greet(&mut *stream, &transport.secret).await?;
        let (read, write) = tokio::io::split(stream);
        let (frames, queue) = mpsc::channel(MAX_QUEUED);
        let waiting = Waiting::default();
        let broken = Arc::new(AtomicBool::new(false));
        tokio::spawn(send_all(queue, write));
        let (waiters, failed) = (Arc::clone(&waiting), Arc::clone(&broken));
        let reader = tokio::spawn(async move {
            let mut frames = FramedRead::new(read, codec());
            while let Some(Ok(frame)) = frames.next().await {
                let Some((id, answer)) = decode(frame.freeze()) else { break };
                let waiter = waiters.lock().remove(&id);
                if let Some(waiter) = waiter {
                    let answer = match answer.kind {
                        Kind::Answer => Ok(answer.payload),
                        _ => Err(failure(&answer.payload)),
                    };
                    // The caller has given up.
                    let _ = waiter.send(answer);
                }
            }
            failed.store(true, Ordering::Release);
            waiters.lock().clear();
        });
        Ok(Open { frames, waiting, broken, reader: reader.abort_handle() })
    }
}

struct Forget<'a> {
    waiting: &'a Waiting,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.id);
    }
}

/// `code\0message`.
fn failure(payload: &[u8]) -> NodeError {
    let text = String::from_utf8_lossy(payload);
    let (code, message) = text.split_once('\0').unwrap_or(("", &text));
    NodeError::Refused(ErrorCode::from_wire(code), message.into())
}

/// Writes what is queued, as much as there is at a time.
async fn send_all<W: AsyncWrite + Send + Unpin>(mut queue: mpsc::Receiver<Bytes>, write: W) {
    let mut frames = FramedWrite::new(write, codec());
    let frames = &mut frames as &mut (dyn Sink<Bytes, Error = io::Error> + Send + Unpin);
    while let Some(frame) = queue.recv().await {
        if frames.feed(frame).await.is_err() {
            return;
        }
        while let Ok(more) = queue.try_recv() {
            if frames.feed(more).await.is_err() {
                return;
            }
        }
        if frames.flush().await.is_err() {
            return;
        }
    }
}

/// All connections of a worker, in and out.
pub struct Transport {
    net: Arc<dyn Net>,
    secret: Secret,
    /// Of the other workers' Raft listeners.
    addresses: RwLock<HashMap<u64, String>>,
    links: Mutex<HashMap<(u64, bool), Arc<Link>>>,
}

impl Transport {
    pub fn new(net: Arc<dyn Net>, secret: Secret) -> Arc<Self> {
        Arc::new(Self { net, secret, addresses: RwLock::default(), links: Mutex::default() })
    }

    pub fn set_addresses(&self, addresses: HashMap<u64, String>) {
        let changed: Vec<u64> = {
            let mut known = self.addresses.write();
            let changed = addresses.iter().filter(|(worker, to)| known.get(worker) != Some(to));
            let changed = changed.map(|(worker, _)| *worker).collect();
            known.extend(addresses);
            changed
        };
        // A worker that moved is not behind its old connection any more.
        self.links.lock().retain(|(worker, _), _| !changed.contains(worker));
    }

    /// The connection to the worker of `replica`; `bulk`: the one for snapshots.
    pub fn link(self: &Arc<Self>, replica: ReplicaId, bulk: bool) -> Arc<Link> {
        let worker = worker_of(replica);
        let mut links = self.links.lock();
        let link = links.entry((worker, bulk)).or_insert_with(|| {
            Arc::new(Link {
                transport: Arc::downgrade(self),
                worker,
                open: Mutex::new(None),
                connecting: tokio::sync::Mutex::new(()),
                down_until: Mutex::new(None),
                next: AtomicU64::new(1),
            })
        });
        Arc::clone(link)
    }

    /// Listens and answers with `handler` until the future is dropped. Returns the address once it listens.
    pub async fn listen(
        self: &Arc<Self>,
        address: &str,
        handler: Arc<dyn Handler>,
    ) -> io::Result<(String, Boxed<'static, ()>)> {
        let mut acceptor = self.net.bind(address).await?;
        let local = acceptor.local_address()?;
        let transport = Arc::clone(self);
        let serve = async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = acceptor.accept() => match accepted {
                        Ok(accepted) => {
                            connections.spawn(serve(Arc::clone(&transport), accepted, Arc::clone(&handler)));
                        }
                        // Out of file descriptors: later there may be some.
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        };
        Ok((local, Box::pin(serve)))
    }
}

async fn serve(transport: Arc<Transport>, accepted: Accepted, handler: Arc<dyn Handler>) {
    let shake = async {
        let mut stream = accepted.await?;
        welcome(&mut *stream, &transport.secret).await?;
        io::Result::Ok(stream)
    };
    // A stranger, or one who takes too long.
    let Ok(Ok(stream)) = timeout(Duration::from_secs(5), shake).await else { return };
    let (read, write) = tokio::io::split(stream);
    let (answers, queue) = mpsc::channel(MAX_QUEUED);
    let sender = tokio::spawn(send_all(queue, write));
    let mut frames = FramedRead::new(read, codec());
    while let Some(Ok(frame)) = frames.next().await {
        // A frame that is damaged ends the connection; its calls are made again.
        let Some((id, call)) = decode(frame.freeze()) else { break };
        let (handler, answers) = (Arc::clone(&handler), answers.clone());
        tokio::spawn(async move {
            let back = Call { payload: Bytes::new(), ..call.clone() };
            let answer = match handler.handle(call).await {
                Ok(payload) => encode(Kind::Answer, id, &Call { payload, ..back }),
                Err(error) => {
                    let payload = format!("{}\0{error}", error.code().name()).into_bytes().into();
                    encode(Kind::Failure, id, &Call { payload, ..back })
                }
            };
            // The connection is gone, and with it the caller.
            let _ = answers.send(answer).await;
        });
    }
    drop(answers);
    sender.abort();
}
