/**
 * Vectron through Node for bench/ann: the commands of crates/vectron-shard/examples/ann.rs, over the engine package
 * with one search thread. CPU seconds are those of this whole process, event loop included.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { aloneHere, Engine, matchIds } from '@vectron/engine';
import { workerData } from '@vectron/proto';

const BATCH = 1000;
const SHARD = 1;
let dir;
let engine;
let points = 0;

const files = new Map();
const floats = (file) => {
  if (!files.has(file)) {
    const bytes = readFileSync(file);
    files.set(file, new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
  }
  return files.get(file);
};

async function timed(work) {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1e3 };
}

async function write(op) {
  const bytes = workerData.ShardOp.encode({ shardId: SHARD, shardEpoch: 1, op, timeoutMs: 0 }).finish();
  const outcome = workerData.ShardOutcome.decode(await engine.submit(Buffer.from(bytes), true));
  if (outcome.errorCode !== '') throw new Error(outcome.errorMessage);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function indexed() {
  while (engine.status()[0].tailPoints > 0) await sleep(20);
}

/** The engine measures its recall curve beside the first searches, and again when it has seen real queries. */
async function settled(vectors, dim) {
  for (let turn = 0; turn < 3; turn += 1) {
    for (let asked = 0; asked < 2048; asked += 64)
      await engine.searchMany(SHARD, 1, vectors.slice(0, 64 * dim), { k: 10 });
    let idle = 0;
    while (idle < 5) {
      const cpu = process.cpuUsage();
      await sleep(50);
      idle = process.cpuUsage(cpu).user < 10_000 ? idle + 1 : 0;
    }
  }
}

const commands = {
  async build({ points: file, dim, metric, m, ef_construction: efConstruction, quantization, threads = 1 }) {
    dir = mkdtempSync(join(tmpdir(), 'vectron-bench-'));
    const options = { threads, indexThreads: 1, maxWaiting: 100_000, cacheBytes: 64 << 20, writeBufferBytes: 64 << 20 };
    engine = await Engine.open(dir, options);
    const settings = { dimension: dim, metric, m, efConstruction, quantization };
    await engine.openShard({ ...aloneHere(SHARD, 1), relaxed: true }, settings);
    const vectors = floats(file);
    points = vectors.length / dim;
    const { cpu, wall } = await timed(async () => {
      for (let from = 0; from < points; from += BATCH) {
        const batch = [];
        for (let i = from; i < Math.min(points, from + BATCH); i += 1) {
          const vector = Buffer.from(vectors.buffer, vectors.byteOffset + i * dim * 4, dim * 4);
          batch.push({ id: String(i), vector });
        }
        await write({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points: batch }) });
      }
      await indexed();
    });
    await settled(vectors, dim);
    return { cpu, wall };
  },
  async search({ queries, dim, k, ef, batch = 250, ids = false }) {
    const vectors = floats(queries);
    const found = [];
    const { cpu, wall } = await timed(async () => {
      for (let from = 0; from < vectors.length; from += batch * dim) {
        const matches = await engine.searchMany(SHARD, 1, vectors.subarray(from, from + batch * dim), { k, ef });
        found.push({ counts: matches.counts, ids: matchIds(matches) });
      }
    });
    if (!ids) return { cpu, wall };
    const lists = found.flatMap(({ counts, ids: all }) => {
      let at = 0;
      return [...counts].map((count) => {
        at += count;
        return all.slice(at - count, at).map(Number);
      });
    });
    return { cpu, wall, ids: lists };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  console.log(JSON.stringify(await commands[command.cmd](command)));
}
await engine?.close();
if (dir !== undefined) rmSync(dir, { recursive: true });
