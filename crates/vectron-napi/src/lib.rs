//! The Node-API addon: convert in, call, convert out. Work runs on the engine's threads; a promise resolves
//! when it is done. An error's reason is JSON, `{"code": ..., "message": ...}`: async calls cannot carry a
//! code of their own.

use napi::bindgen_prelude::*;
use napi_derive::napi;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use vectron_raft::{Node, NodeError, NodeOptions};
use vectron_shard::{Found, Metric, Nearest, Quantization, Residence, ShardError, ShardSpec};

/// Sizes of an engine; see `EngineOptions` in packages/engine.
#[napi(object)]
pub struct Options {
    pub threads: u32,
    pub index_threads: u32,
    pub max_waiting: u32,
    pub cache_bytes: i64,
    pub write_buffer_bytes: i64,
}

#[napi(object)]
pub struct Spec {
    pub dimension: u32,
    /// `cosine`, `euclidean` or `dot`.
    pub metric: String,
    pub m: u32,
    pub ef_construction: u32,
    /// `int8` (default), `none`, `float16`, `binary` or `product`.
    pub quantization: Option<String>,
    /// `memory` (default), `mmap` or `disk`.
    pub vectors: Option<String>,
    /// Candidates rescored per result, 1 to 100; 0 or missing: by quantisation.
    pub oversampling: Option<u32>,
    /// Index on all threads at once: not deterministic.
    pub parallel_build: Option<bool>,
}

impl Spec {
    fn shard_spec(&self) -> std::result::Result<ShardSpec, ShardError> {
        let unknown = |what: &str, name: &str| ShardError::Invalid(format!("unknown {what} {name:?}"));
        let metric = Metric::parse(&self.metric).ok_or_else(|| unknown("metric", &self.metric))?;
        let quantization = self.quantization.as_deref().unwrap_or("int8");
        let vectors = self.vectors.as_deref().unwrap_or("memory");
        Ok(ShardSpec {
            dim: self.dimension as usize,
            metric,
            m: self.m as usize,
            ef_construction: self.ef_construction as usize,
            quantization: Quantization::parse(quantization)
                .ok_or_else(|| unknown("quantization", quantization))?,
            vectors: Residence::parse(vectors).ok_or_else(|| unknown("place of vectors", vectors))?,
            oversampling: self.oversampling.unwrap_or(0) as usize,
            parallel_build: self.parallel_build.unwrap_or(false),
        })
    }
}

/// How [`Engine::search_many`] searches.
#[napi(object)]
pub struct SearchManyOptions {
    /// Results per query, 1 to 10,000.
    pub k: u32,
    /// 0 or missing: by `recall`, or the default.
    pub ef: Option<u32>,
    /// 0.5 to 0.999; picks ef.
    pub recall: Option<f64>,
    pub exact: Option<bool>,
    pub score_threshold: Option<f64>,
    /// Time the call may take; queries that it cuts short are marked.
    pub timeout_ms: Option<u32>,
}

/// Answers of [`Engine::search_many`], query after query.
#[napi(object)]
pub struct Matches {
    /// Hits of each query.
    pub counts: Uint32Array,
    /// Of each hit, best first; higher is better.
    pub scores: Float32Array,
    /// Ids of all hits, UTF-8, one after the other.
    pub ids: Buffer,
    /// Where the id of each hit ends in `ids`.
    pub id_ends: Uint32Array,
    /// ef of each query; 0: exact.
    pub efs: Uint32Array,
    /// Recall to expect of each query; 0: not measured yet.
    pub recall_estimates: Float32Array,
    /// Log index as of which each query was answered.
    pub applied_indexes: Float64Array,
    /// 1 where the time ran out.
    pub stopped: Uint8Array,
    /// Nodes whose links were read, distances computed, points scanned beside the graph, points rescored: four
    /// numbers a query.
    pub explain: Uint32Array,
}

/// [`Matches`] before they are JavaScript's: made on an engine thread, where the slots are in the cache.
#[derive(Default)]
struct Encoded {
    counts: Vec<u32>,
    scores: Vec<f32>,
    ids: Vec<u8>,
    id_ends: Vec<u32>,
    efs: Vec<u32>,
    recall_estimates: Vec<f32>,
    applied_indexes: Vec<f64>,
    stopped: Vec<u8>,
    explain: Vec<u32>,
}

impl From<Vec<Found>> for Encoded {
    fn from(all: Vec<Found>) -> Self {
        let mut encoded = Self::default();
        for found in &all {
            encoded.counts.push(found.hits.len() as u32);
            encoded.efs.push(found.ef);
            encoded.recall_estimates.push(found.recall_estimate);
            encoded.applied_indexes.push(found.applied_index as f64);
            encoded.stopped.push(u8::from(found.stats.stopped));
            let stats = [found.stats.visited, found.stats.distances, found.tail, found.rescored];
            encoded.explain.extend(stats);
            for (score, slot) in &found.hits {
                encoded.ids.extend_from_slice(slot.id.as_bytes());
                encoded.id_ends.push(encoded.ids.len() as u32);
                encoded.scores.push(*score);
            }
        }
        encoded
    }
}

impl From<Encoded> for Matches {
    fn from(encoded: Encoded) -> Self {
        Self {
            counts: encoded.counts.into(),
            scores: encoded.scores.into(),
            ids: encoded.ids.into(),
            id_ends: encoded.id_ends.into(),
            efs: encoded.efs.into(),
            recall_estimates: encoded.recall_estimates.into(),
            applied_indexes: encoded.applied_indexes.into(),
            stopped: encoded.stopped.into(),
            explain: encoded.explain.into(),
        }
    }
}

#[napi(object)]
pub struct Status {
    pub shard_id: i64,
    pub epoch: i64,
    /// Since the shard was opened.
    pub searches: i64,
    pub live_points: i64,
    pub dead_points: i64,
    pub tail_points: i64,
    pub applied_index: i64,
    pub memory_bytes: i64,
    /// Of those, codes and links.
    pub index_bytes: i64,
    /// Vectors in mapped files: memory that the system takes back when it needs it.
    pub mapped_bytes: i64,
    pub disk_bytes: i64,
}

/// SIMD path of the distance kernels on this CPU.
#[napi(catch_unwind)]
pub fn instruction_set() -> &'static str {
    vectron_shard::instruction_set()
}

/// Panics; the process must survive it. For the test of exactly that.
#[napi(catch_unwind)]
pub fn panic_for_test() {
    panic!("asked to panic");
}

/// Opens the engine in `dir`.
#[napi]
pub async fn open(dir: String, options: Options) -> Result<Engine> {
    let options = NodeOptions {
        threads: options.threads as usize,
        index_threads: options.index_threads as usize,
        max_waiting: options.max_waiting as usize,
        cache_bytes: options.cache_bytes.max(0) as usize,
        write_buffer_bytes: options.write_buffer_bytes.max(0) as usize,
    };
    blocking(move || Node::open(&PathBuf::from(dir), options)).await.map(|node| Engine { node })
}

#[napi]
pub struct Engine {
    node: Node,
}

#[napi]
impl Engine {
    /// Opens or makes a shard; on an open one, sets the epoch.
    #[napi]
    pub async fn open_shard(&self, id: i64, epoch: i64, spec: Spec) -> Result<()> {
        let node = self.node.clone();
        blocking(move || {
            let spec = spec.shard_spec()?;
            node.open_shard(id as u64, epoch as u64, spec)
        })
        .await
    }

    /// Removes a shard and its files.
    #[napi]
    pub async fn drop_shard(&self, id: i64) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.drop_shard(id as u64)).await
    }

    /// Shards in the data directory, open or not.
    #[napi]
    pub async fn stored_shards(&self) -> Result<Vec<i64>> {
        let node = self.node.clone();
        let ids = blocking(move || node.stored_shards()).await?;
        Ok(ids.into_iter().map(|id| id as i64).collect())
    }

    #[napi(catch_unwind)]
    pub fn status(&self) -> Vec<Status> {
        let rows = self.node.status().into_iter();
        rows.map(|(id, epoch, searches, status)| Status {
            shard_id: id as i64,
            epoch: epoch as i64,
            searches: searches as i64,
            live_points: status.live_points as i64,
            dead_points: status.dead_points as i64,
            tail_points: status.tail_points as i64,
            applied_index: status.applied_index as i64,
            memory_bytes: status.memory_bytes as i64,
            index_bytes: status.index_bytes as i64,
            mapped_bytes: status.mapped_bytes as i64,
            disk_bytes: status.disk_bytes as i64,
        })
        .collect()
    }

    /// Runs encoded `ShardOp`s side by side; the promise gives their encoded `ShardOutcome`s in order, once
    /// all are done. The buffers are copied before this returns.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<Buffer>>")]
    pub fn submit<'env>(
        &self,
        env: &'env Env,
        ops: Vec<BufferSlice<'env>>,
    ) -> Result<PromiseRaw<'env, Vec<Buffer>>> {
        let (batch, done) = Pending::new(ops.len());
        for (at, op) in ops.iter().enumerate() {
            let batch = Arc::clone(&batch);
            self.node.submit(op, move |outcome| batch.finish(at, outcome));
        }
        env.spawn_future(async move {
            let outcomes = done
                .await
                .map_err(|_| Error::from_reason(reason("SHUTTING_DOWN", "the engine is closed")))?;
            Ok(outcomes.into_iter().map(Buffer::from).collect())
        })
    }

    /// The nearest points of many queries in one call: `vectors` holds one query after the other. Copied before this
    /// returns; the work runs on the engine's threads.
    #[napi(catch_unwind, ts_return_type = "Promise<Matches>")]
    pub fn search_many<'env>(
        &self,
        env: &'env Env,
        shard_id: i64,
        epoch: i64,
        vectors: Float32ArraySlice<'env>,
        options: SearchManyOptions,
    ) -> Result<PromiseRaw<'env, Matches>> {
        let timeout = options.timeout_ms.filter(|ms| *ms > 0);
        let nearest = Nearest {
            k: options.k as usize,
            ef: options.ef.unwrap_or(0) as usize,
            recall: options.recall.unwrap_or(0.0) as f32,
            exact: options.exact.unwrap_or(false),
            score_threshold: options.score_threshold.map(|least| least as f32),
            deadline: timeout.map(|ms| Instant::now() + Duration::from_millis(u64::from(ms))),
        };
        let (tx, rx) = oneshot::channel();
        let reply = move |found: std::result::Result<Vec<Found>, NodeError>| {
            // The receiver is gone when the environment was torn down: nobody waits for the answer.
            let _ = tx.send(found.map(Encoded::from));
        };
        self.node.search_many(shard_id as u64, epoch as u64, vectors.to_vec(), nearest, reply);
        env.spawn_future_with_callback(
            async move {
                let found = rx
                    .await
                    .map_err(|_| Error::from_reason(reason("SHUTTING_DOWN", "the engine is closed")))?;
                found.map_err(|e| Error::from_reason(reason(e.code(), &e.to_string())))
            },
            |_, found| Ok(Matches::from(found)),
        )
    }

    /// Makes everything durable in the shard stores and saves the graphs.
    #[napi]
    pub async fn flush(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.flush_all()).await
    }

    /// `flush`, then lets go of all shards.
    #[napi]
    pub async fn close(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.close()).await
    }
}

type Outcomes = Vec<Vec<u8>>;

/// Collects the outcomes of one submit.
struct Pending {
    left: AtomicUsize,
    outcomes: std::sync::Mutex<Outcomes>,
    done: std::sync::Mutex<Option<oneshot::Sender<Outcomes>>>,
}

impl Pending {
    /// The receiver gets all outcomes once `count` are finished.
    fn new(count: usize) -> (Arc<Self>, oneshot::Receiver<Outcomes>) {
        let (tx, rx) = oneshot::channel();
        let pending = Self {
            left: AtomicUsize::new(count),
            outcomes: std::sync::Mutex::new(vec![Vec::new(); count]),
            done: std::sync::Mutex::new(Some(tx)),
        };
        if count == 0 {
            pending.resolve();
        }
        (Arc::new(pending), rx)
    }

    fn finish(&self, at: usize, outcome: Vec<u8>) {
        if let Some(place) = lock(&self.outcomes).get_mut(at) {
            *place = outcome;
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.resolve();
        }
    }

    fn resolve(&self) {
        if let Some(tx) = lock(&self.done).take() {
            // The receiver is gone when the environment was torn down: nobody waits for the answer.
            let _ = tx.send(std::mem::take(&mut *lock(&self.outcomes)));
        }
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, NodeError> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(|e| Error::from_reason(reason(e.code(), &e.to_string()))),
        Err(panic) => Err(Error::from_reason(reason("INTERNAL", &panic.to_string()))),
    }
}

fn reason(code: &str, message: &str) -> String {
    let escaped: String = message
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec![' '],
            c => vec![c],
        })
        .collect();
    format!("{{\"code\":\"{code}\",\"message\":\"{escaped}\"}}")
}
