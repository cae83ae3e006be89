// What collections of several shapes take, beside what the formula says (npm run bench:capacity): each in a server of its own, which is
// restarted once its index is complete. Ends with code 1 when the formula is off by more than 15 %.
//   npm run bench:capacity [-- --quick] [--out FOLDER]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { BASE_DISK, BASE_MEMORY, capacity } from '../../packages/model/dist/capacity.js';
import { bulkWriter, connect } from '../../packages/sdk/dist/index.js';
import { endWithBench } from '../harness/children.mjs';
import { writeResult } from '../harness/figures.mjs';
import { machine } from '../harness/machine.mjs';
import { cpuSeconds, diskBytes, memoryBytes } from '../harness/processes.mjs';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
});
const CLI = fileURLToPath(new URL('../../apps/cli/bin/vectron.js', import.meta.url));
/** Of the formula, by which it may differ from what was measured. */
const TOLERANCE = 0.15;
/** A server is at rest when its processor time and its disk stay for so many looks, a second apart. Logs are cut after ten seconds. */
const LOOKS = 15;
/** Processor seconds in that time that the heartbeats of a server at rest take, and more. */
const IDLE_CPU = 1.5;
const SIZE = flags.quick ? 0.5 : 1;
const SHAPES = [
  { dimension: 128, points: 60_000, quantization: 'int8', storage: 'memory' },
  { dimension: 384, points: 50_000, quantization: 'int8', storage: 'memory' },
  { dimension: 384, points: 50_000, quantization: 'int8', storage: 'mmap' },
  { dimension: 768, points: 30_000, quantization: 'none', storage: 'memory' },
  { dimension: 768, points: 30_000, quantization: 'binary', storage: 'disk' },
  { dimension: 384, points: 50_000, quantization: 'float16', storage: 'memory' },
  { dimension: 384, points: 50_000, quantization: 'product', storage: 'mmap' },
].map((shape) => ({ ...shape, points: Math.round(shape.points * SIZE) }));

/** `vectron serve` on a folder. */
async function started(data) {
  const args = ['serve', '--data', data, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--no-sample'];
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  endWithBench(child);
  let printed = '';
  const grpc = await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const found = /gRPC\s+([\d.:]+)[\s\S]*ready/.exec(printed);
      if (found) resolve(found[1]);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { apiKey } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8'));
  const db = connect(`grpc://${grpc}`, { apiKey, timeoutMs: 120_000, retries: 20 });
  const stop = async () => {
    await db.close();
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  };
  return { db, pid: child.pid, stop };
}

/** The same numbers in every run. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

const idOf = (n) => `point-${String(n).padStart(10, '0')}`;
const WORDS =
  'a database of vectors keeps points with payloads such as this text about what it is and when it was written'.split(
    ' ',
  );
const payloadOf = (n, next) => ({
  n,
  title: Array.from({ length: 20 }, () => WORDS[Math.floor((next() + 0.5) * WORDS.length)]).join(' '),
});

async function write(db, { dimension, points, quantization, storage }) {
  await db.createCollection('measured', {
    dimension,
    shards: 1,
    vectors: { quantization, storage, parallelBuild: true },
  });
  const next = numbers(7);
  let bytes = 0;
  const writer = bulkWriter(db.collection('measured'), { batchSize: 500 });
  for (let n = 0; n < points; n += 1) {
    const payload = payloadOf(n, next);
    bytes += JSON.stringify(payload).length;
    await writer.add({ id: idOf(n), vector: Float32Array.from({ length: dimension }, next), payload });
  }
  const { upserted, failed } = await writer.close();
  if (upserted !== points || failed > 0) throw new Error(`${upserted} of ${points} points were written`);
  return bytes / points;
}

async function indexed(db, points) {
  for (;;) {
    const status = await db.collectionStatus('measured');
    if (status.points === points && status.indexLag === 0) return;
    await pause(500);
  }
}

async function rested(pid, data) {
  let before = { cpu: 0, disk: 0 };
  for (let quiet = 0; quiet < LOOKS; quiet += 1) {
    await pause(1_000);
    const now = { cpu: cpuSeconds([pid]), disk: diskBytes(data) };
    if (now.disk !== before.disk || now.cpu - before.cpu > IDLE_CPU / LOOKS) quiet = -1;
    before = now;
  }
}

async function searched(db, dimension) {
  const next = numbers(11);
  for (let n = 0; n < 100; n += 1)
    await db.search('measured', { vector: Float32Array.from({ length: dimension }, next), topK: 10 });
}

async function measure(shape) {
  const data = mkdtempSync(join(tmpdir(), 'vectron-capacity-'));
  try {
    const first = await started(data);
    const payloadBytes = await write(first.db, shape);
    await indexed(first.db, shape.points);
    await rested(first.pid, data);
    await first.stop();
    const again = await started(data);
    await indexed(again.db, shape.points);
    await searched(again.db, shape.dimension);
    await rested(again.pid, data);
    const measured = {
      memory: memoryBytes([again.pid]),
      mapped: memoryBytes([again.pid], ['Shared_Dirty', 'Shared_Clean']),
    };
    const mappedFiles = diskBytes(data, (name) => name.endsWith('.f32'));
    await again.stop();
    // Mapped files are removed when their shard is closed, and the log gives back the space that it had reserved.
    const disk = diskBytes(data) + mappedFiles;
    const told = capacity({ ...shape, idBytes: idOf(0).length, payloadBytes });
    const said = { memory: BASE_MEMORY + told.memory + told.pageCache, disk: BASE_DISK + told.disk };
    return { ...shape, payloadBytes, measured: { ...measured, disk }, said };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const off = (said, measured) => (said / measured - 1) * 100;
const table = new Table({
  head: [
    'points',
    'dimension',
    'quantisation',
    'vectors in',
    'memory MB',
    'formula',
    'off %',
    'disk MB',
    'formula',
    'off %',
  ],
  style: { head: [], border: [] },
});
const rows = [];
for (const shape of SHAPES) {
  const one = await measure(shape);
  rows.push(one);
  const { measured, said } = one;
  table.push([
    ...[one.points, one.dimension, one.quantization, one.storage],
    ...[megabytes(measured.memory), megabytes(said.memory), off(said.memory, measured.memory).toFixed(1)],
    ...[megabytes(measured.disk), megabytes(said.disk), off(said.disk, measured.disk).toFixed(1)],
  ]);
  console.log(`${one.dimension} ${one.quantization} ${one.storage}: ${JSON.stringify({ measured, said })}`);
}
console.log(table.toString());
const wrong = rows.filter(({ measured, said }) =>
  ['memory', 'disk'].some((kind) => Math.abs(off(said[kind], measured[kind])) > TOLERANCE * 100),
);
const result = { at: new Date().toISOString(), quick: flags.quick, loadAverage: loadavg(), machine: machine(), rows };
console.log(writeResult(flags.out, 'capacity', result));
if (wrong.length > 0) {
  console.error(`capacity: the formula is off by more than 15 % for ${wrong.length} of ${rows.length} shapes`);
  process.exitCode = 1;
}
