// Vectron beside the servers that are installed, at equal recall: CPU of searches and upserts, refusals, latencies, memory,
// disk, restarts. Tables, one JSON file, and exit code 1 when a promise is missed; see README.md.
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { loadDataset } from '../../apps/cli/dist/sample.js';
import { conclude, Figures, writeResult } from '../harness/figures.mjs';
import { buildLoadgen } from '../harness/loadgen.mjs';
import { machine } from '../harness/machine.mjs';
import { Chroma } from './adapters/chroma.mjs';
import { Pgvector } from './adapters/pgvector.mjs';
import { Qdrant } from './adapters/qdrant.mjs';
import { Vectron } from './adapters/vectron.mjs';
import { Weaviate } from './adapters/weaviate.mjs';
import { comparisonData } from './data.mjs';
import { choose } from './find.mjs';
import { judge, OURS, RECALL } from './floors.mjs';
import { fill, PreparedSearch, restart } from './measure.mjs';
import { printTables } from './tables.mjs';

const ADAPTERS = Object.fromEntries([Vectron, Qdrant, Pgvector, Chroma, Weaviate].map((one) => [one.kind, one]));
const WORDS = new URL('../datasets/debian-packages/queries.jsonl.gz', import.meta.url);

/** Searches of the collection without words: what is asked, of how many clients at once, on which wires. */
const SEARCHES = [
  { name: 'plain', shape: {}, clients: [1, 8, 64], everyWire: true },
  { name: 'filter10', shape: { below: 100 }, clients: [8] },
  { name: 'filter1', shape: { below: 10 }, clients: [8] },
];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    servers: { type: 'string', default: Object.keys(ADAPTERS).join(',') },
    vectron: { type: 'string' },
    qdrant: { type: 'string' },
    postgres: { type: 'string' },
    chroma: { type: 'string' },
    weaviate: { type: 'string' },
    note: { type: 'string' },
    keep: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
});
const { rounds, seconds } = values.quick ? { rounds: 2, seconds: 2 } : { rounds: 5, seconds: 4 };

const given = { ...values, pgvector: values.postgres };
const { chosen, skipped } = choose(ADAPTERS, values.servers.split(','), given);
for (const { name, reason } of skipped) console.log(`SKIPPED ${name}: ${reason}`);
buildLoadgen();

const lines = gunzipSync(readFileSync(WORDS)).toString().trimEnd().split('\n');
const data = comparisonData(
  loadDataset(),
  lines.map((line) => JSON.parse(line).summary),
  seeded(7),
);
const home = mkdtempSync(join(tmpdir(), 'vectron-servers-'));
// PostgreSQL runs as a user of its own.
chmodSync(home, 0o755);
const result = {
  at: new Date().toISOString(),
  quick: values.quick,
  note: values.note,
  machine: machine(),
  skipped,
  servers: {},
  searches: [],
};
let running = [];
const started = [];
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    for (const server of started) await server.stop('SIGKILL');
    process.exit(130);
  });
}

try {
  running = await inTurn(chosen, async ({ Adapter, settings }) => {
    const server = new Adapter(join(home, Adapter.kind), settings);
    result.servers[server.name] = {};
    started.push(server);
    return server;
  });
  running = await inTurn(running, prepare);
  await searchInRounds(running, SEARCHES, (server) => server.prepared);
  running = await inTurn(running, async (server) => {
    Object.assign(result.servers[server.name], { memoryBytes: await server.memory(), diskBytes: server.disk() });
    result.servers[server.name].restart = await restart(server, server.prepared[0]);
    return server;
  });
  for (const server of running.filter((one) => !one.constructor.hasHybrid)) {
    console.log(`SKIPPED hybrid of ${server.name}: it has no hybrid search`);
    skipped.push({ name: `hybrid of ${server.name}`, reason: 'it has no hybrid search' });
  }
  running = await inTurn(running, prepareHybrid);
  await searchInRounds(running, [{ name: 'hybrid', clients: [8] }], (server) => server.hybrid);
} finally {
  for (const server of started) await server.stop();
  if (!values.keep) rmSync(home, { recursive: true, force: true });
}

const figures = new Figures();
result.unjudged = judge(result, figures);
result.figures = figures.rows;
printTables(result);
console.log(figures.toString());
for (const what of result.unjudged) console.log(`NOT JUDGED ${what}`);
console.log(writeResult(values.out, 'servers', result));
const compared = Object.keys(result.servers).filter((name) => name !== OURS && !result.servers[name].error);
if (compared.length === 0) console.log('No other server was measured, so that nothing was compared.');
process.exitCode = compared.length === 0 ? 2 : conclude(figures);

/** Runs a step of every server; one that fails is told by name, stopped and left out of what follows. */
async function inTurn(servers, step) {
  const done = [];
  for (const one of servers) {
    const name = one.name ?? one.Adapter.kind;
    try {
      done.push(await step(one));
    } catch (error) {
      console.log(`FAILED ${name}: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
      result.servers[name] = { ...result.servers[name], error: error.message };
      await one.stop?.('SIGKILL');
    }
  }
  return done;
}

/** Starts and fills a server, and finds the ef of each search. */
async function prepare(server) {
  await server.start();
  const told = result.servers[server.name];
  told.version = await server.version();
  told.idleMemoryBytes = await server.memory();
  told.ingest = await fill(server, 'bench', data);
  server.prepared = [];
  for (const { name, shape, everyWire } of SEARCHES) {
    for (const wire of everyWire ? server.constructor.wires : server.constructor.wires.slice(0, 1)) {
      const search = new PreparedSearch(server, wire, 'bench', data, shape);
      search.name = name;
      const [first] = server.prepared;
      if (first && server.constructor.oneEf) await search.take(first.ef);
      else await search.tune(RECALL);
      await search.warm();
      server.prepared.push(search);
      console.log(`${server.name}: ${name} over ${wire} has recall ${search.recall.toFixed(4)} at ef ${search.ef}`);
    }
  }
  return server;
}

async function prepareHybrid(server) {
  if (!server.constructor.hasHybrid) return server;
  await fill(server, 'words', data, { words: true });
  server.hybrid = [new PreparedSearch(server, server.constructor.wires[0], 'words', data, { hybrid: true })];
  server.hybrid[0].name = 'hybrid';
  await server.hybrid[0].take(server.prepared[0].ef);
  await server.hybrid[0].warm();
  return server;
}

/** Every search goes round the servers, and the first of a round changes; a figure is the median of the rounds. */
async function searchInRounds(servers, searches, preparedOf) {
  const runs = new Map();
  for (let round = 0; round < rounds; round++) {
    const turn = servers.map((_, at) => servers[(at + round) % servers.length]);
    for (const { name, clients: counts } of searches) {
      for (const clients of counts) {
        for (const search of turn.flatMap((server) => (preparedOf(server) ?? []).filter((one) => one.name === name))) {
          await search.restoreEf();
          const key = JSON.stringify([search.server.name, search.wire, name, clients]);
          runs.set(key, [...(runs.get(key) ?? []), { search, run: await search.run(clients, seconds) }]);
        }
      }
    }
  }
  for (const [key, all] of runs) {
    const [server, wire, name, clients] = JSON.parse(key);
    const [{ search }] = all;
    const median = (field) => middle(all.map(({ run }) => run[field]));
    const sum = (field) => all.reduce((total, { run }) => total + run[field], 0);
    const told = Object.fromEntries(
      ['cpuUs', 'clientCpuUs', 'perSecond', 'p50Ms', 'p99Ms'].map((one) => [one, median(one)]),
    );
    const { ef, recall } = search;
    const counted = { refused: sum('refused'), failed: sum('failed') };
    result.searches.push({ server, wire, name, clients, ef, recall, ...told, ...counted });
  }
}

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
