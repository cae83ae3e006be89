// Vector engines inside a Node process, one awaited query after the other as an application asks: CPU of the process per search and
// per point, p50 of a call, recall, memory. Engines are child processes and take turns. See README.md beside this file.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { parseNpy, row } from '../../apps/cli/dist/import/npy.js';

const SAMPLE = fileURLToPath(new URL('../datasets/debian-packages/', import.meta.url));

const { values: flags } = parseArgs({
  options: {
    vectron: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
    modules: { type: 'string', default: '.' },
    engines: { type: 'string', default: 'vectron,usearch,usearch-i8,hnswlib' },
    recall: { type: 'string', default: '0.985' },
    repeat: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    one: { type: 'string' },
  },
});
const K = 10;
const EFS = [16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 256];

function find(name) {
  for (const dir of flags.modules.split(',')) {
    try {
      return createRequire(join(dir, 'x.js'))(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`${name} is in none of ${flags.modules}`);
}

/** build(points, dim, payload): stores everything, searchable; search(vector, ef): ids. */
const engines = {
  async vectron(dir) {
    const { open } = await import(pathToFileURL(join(flags.vectron, 'packages/sdk/dist/index.js')));
    const db = await open(dir);
    return {
      async build(points, dim, payload) {
        await db.createCollection('bench', { dimension: dim, distance: 'cosine' });
        for (let from = 0; from < points.length / dim; from += 1000) {
          const batch = [];
          for (let i = from; i < Math.min(from + 1000, points.length / dim); i++)
            batch.push({ id: String(i), vector: points.subarray(i * dim, (i + 1) * dim), payload: payload[i] });
          await db.upsert('bench', batch);
        }
        while (Number((await db.collectionStatus('bench')).indexLag) > 0)
          await new Promise((done) => setTimeout(done, 20));
      },
      search: async (vector, ef) =>
        (await db.search('bench', { vector, topK: K, ef, includePayload: false })).hits.map((hit) => Number(hit.id)),
    };
  },
  async lancedb(dir) {
    const lancedb = find('@lancedb/lancedb');
    const db = await lancedb.connect(dir);
    let table;
    return {
      async build(points, dim, payload) {
        for (let from = 0; from < points.length / dim; from += 1000) {
          const batch = [];
          for (let i = from; i < Math.min(from + 1000, points.length / dim); i++)
            batch.push({ id: i, vector: Array.from(points.subarray(i * dim, (i + 1) * dim)), ...payload[i] });
          if (table) await table.add(batch);
          else table = await db.createTable('bench', batch);
        }
        await table.optimize();
        await table.createIndex('vector', {
          config: lancedb.Index.hnswSq({ distanceType: 'cosine', numPartitions: 1, m: 16, efConstruction: 200 }),
          waitTimeoutSeconds: 600,
        });
      },
      search: async (vector, ef) =>
        (
          await table
            .search(vector)
            .distanceType('cosine')
            .ef(Math.max(ef, 4 * K))
            .refineFactor(4)
            .select(['id', '_distance'])
            .limit(K)
            .toArray()
        ).map((row) => row.id),
    };
  },
  usearch: () => usearch('f32'),
  'usearch-i8': () => usearch('i8'),
  async hnswlib() {
    const { HierarchicalNSW } = find('hnswlib-node');
    let index;
    return {
      async build(points, dim) {
        index = new HierarchicalNSW('ip', dim);
        index.initIndex(points.length / dim, 16, 200);
        for (let i = 0; i < points.length / dim; i++)
          index.addPoint(Array.from(points.subarray(i * dim, (i + 1) * dim)), i);
      },
      search: async (vector, ef) => {
        index.setEf(ef);
        return index.searchKnn(Array.from(vector), K).neighbors;
      },
    };
  },
};

/** usearch's ef is fixed when an index is made or loaded. */
function usearch(quantization) {
  const { Index, MetricKind } = find('usearch');
  const make = (dimensions, ef) =>
    new Index({
      metric: MetricKind.Cos,
      connectivity: 16,
      dimensions,
      quantization,
      expansion_add: 200,
      expansion_search: ef,
      multi: false,
    });
  const dir = mkdtempSync(join(tmpdir(), 'vbench-usearch-'));
  let index;
  let has = 64;
  return {
    async build(points, dim) {
      index = make(dim, has);
      for (let i = 0; i < points.length / dim; i++) index.add(BigInt(i), points.subarray(i * dim, (i + 1) * dim));
    },
    search: async (vector, ef) => {
      if (ef !== has) {
        index.save(join(dir, 'index'));
        has = ef;
        index = make(vector.length, has);
        index.load(join(dir, 'index'));
      }
      return Array.from(index.search(vector, K, 1).keys, Number);
    },
  };
}

/** All rows of a file one after the other, each of length one. */
function unitRows(name) {
  const array = parseNpy(readFileSync(join(SAMPLE, name)));
  const dim = row(array, 0).length;
  const all = new Float32Array(array.rows * dim);
  for (let at = 0; at < array.rows; at++) {
    const vector = Float32Array.from(row(array, at));
    const length = Math.hypot(...vector);
    all.set(
      vector.map((x) => x / length),
      at * dim,
    );
  }
  return { all, rows: array.rows, dim };
}

async function timed(work) {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { result, cpuUs: user + system, wallMs: performance.now() - wall };
}

async function child(name) {
  const { all: points, rows: N, dim: Dim } = unitRows('points.f16.npy');
  const { all: queries, rows: Queries } = unitRows('queries.f16.npy');
  const truth = parseNpy(readFileSync(join(SAMPLE, 'neighbors.i32.npy')));
  const meta = { N, Dim, Queries };
  const payload = gunzipSync(readFileSync(join(SAMPLE, 'payload.jsonl.gz')))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const query = (i) => queries.subarray(i * meta.Dim, (i + 1) * meta.Dim);
  const dir = mkdtempSync(join(tmpdir(), `vbench-${name}-`));
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  try {
    globalThis.gc?.();
    const before = memory();
    const engine = await engines[name](dir);
    const built = await timed(() => engine.build(points, meta.Dim, payload));
    globalThis.gc?.();
    await new Promise((done) => setTimeout(done, 1000));
    const memoryMb = memory() - before;
    const recall = async (ef) => {
      let hit = 0;
      for (let i = 0; i < meta.Queries; i++) {
        const want = new Set(Array.from(row(truth, i)).slice(0, K));
        hit += (await engine.search(query(i), ef)).filter((id) => want.has(id)).length;
      }
      return hit / meta.Queries / K;
    };
    let ef = 0;
    let got = 0;
    for (ef of EFS) {
      got = await recall(ef);
      if (got >= Number(flags.recall)) break;
    }
    process.send({
      built: { cpuUsPerPoint: built.cpuUs / meta.N, pointsPerSecond: meta.N / (built.wallMs / 1e3) },
      memoryMb,
      ef,
      recall: got,
    });
    for await (const message of messages()) {
      if (message === 'end') break;
      const times = [];
      const { cpuUs, wallMs } = await timed(async () => {
        const end = performance.now() + Number(flags.seconds) * 1e3;
        for (let i = 0; performance.now() < end; i++) {
          const start = performance.now();
          await engine.search(query(i % meta.Queries), ef);
          times.push(performance.now() - start);
        }
      });
      times.sort((a, b) => a - b);
      const at = (share) => times[Math.floor(share * (times.length - 1))];
      process.send({
        cpuUs: cpuUs / times.length,
        perCpuSecond: (times.length / cpuUs) * 1e6,
        perSecond: times.length / (wallMs / 1e3),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
      });
    }
    process.exitCode = 0;
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  rmSync(dir, { recursive: true, force: true });
  process.exit();
}

async function* messages() {
  const waiting = [];
  let wake;
  process.on('message', (message) => {
    waiting.push(message);
    wake?.();
  });
  for (;;) {
    while (waiting.length) yield waiting.shift();
    await new Promise((done) => {
      wake = done;
    });
  }
}

const answer = (one) =>
  new Promise((resolve, reject) => {
    one.once('message', resolve);
    one.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

if (flags.one) await child(flags.one);
else {
  const running = [];
  for (const name of flags.engines.split(',')) {
    const one = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--one', name], {
      execArgv: ['--expose-gc'],
    });
    try {
      const start = await answer(one);
      console.log(name, JSON.stringify(start));
      running.push({ name, one, start, rows: [] });
    } catch (error) {
      console.log(name, 'failed:', error.message);
    }
  }
  for (let turn = 0; turn < Number(flags.repeat); turn++)
    for (const engine of [...running.slice(turn % running.length), ...running.slice(0, turn % running.length)]) {
      const reply = answer(engine.one);
      engine.one.send('search');
      engine.rows.push(await reply);
    }
  for (const { name, one, start, rows } of running) {
    const of = (key) => median(rows.map((row) => row[key]));
    console.log(
      `${name.padEnd(11)} recall ${start.recall.toFixed(4)} ef ${start.ef}  ${of('cpuUs').toFixed(0)} us CPU/search = ${of('perCpuSecond').toFixed(0)}/cpu-s  ${of('perSecond').toFixed(0)}/s  p50 ${of('p50Ms').toFixed(3)} p99 ${of('p99Ms').toFixed(3)} ms  ingest ${start.built.cpuUsPerPoint.toFixed(0)} us CPU/pt ${start.built.pointsPerSecond.toFixed(0)} pts/s  memory +${start.memoryMb.toFixed(0)} MB`,
    );
    one.send('end');
  }
}
