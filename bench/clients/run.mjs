// CPU of the client process: our SDKs, and the clients of other databases, by search and by upserted point. A table and one
// JSON file; see README.md.
//   npm run bench:clients [-- --quick]
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeResult } from '../harness/figures.mjs';
import { machine } from '../harness/machine.mjs';
import { Chroma } from '../servers/adapters/chroma.mjs';
import { Pgvector } from '../servers/adapters/pgvector.mjs';
import { Vectron } from '../servers/adapters/vectron.mjs';
import { CLIENTS } from './clients.mjs';
import { clientData, K, writeData } from './data.mjs';
import { Driver } from './driver.mjs';
import { chromaServer, goDriver, PYTHON_SDK, predecessorClients, pythonEnvironment } from './environment.mjs';
import { QdrantFixture } from './fixture.mjs';
import { measureInRounds, RIGHT } from './measure.mjs';
import { printTable } from './table.mjs';

const COLLECTION = 'bench';
const BATCH = 100;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    points: { type: 'string', default: '5000' },
    python: { type: 'string' },
    postgres: { type: 'string' },
    predecessor: { type: 'string' },
    note: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
});
const count = Number(values.points);
if (!Number.isInteger(count) || count < BATCH || count > 20_000 || count % BATCH !== 0) {
  throw new Error(`--points: a multiple of ${BATCH} from ${BATCH} to 20000, not ${values.points}`);
}
const size = values.quick
  ? { rounds: 3, searches: 160, points: 400, warmUp: 200 }
  : { rounds: 5, searches: 1_000, points: 2_000, warmUp: 1_500 };
const wanted = CLIENTS.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (wanted.length === 0) {
  throw new Error(
    `--only: no client has ${values.only} in its name; known are\n${CLIENTS.map((one) => one.name).join('\n')}`,
  );
}

const home = mkdtempSync(join(tmpdir(), 'vectron-clients-'));
// PostgreSQL runs as a user of its own.
chmodSync(home, 0o755);
const skipped = [];
const skip = (name, reason) => {
  console.log(`SKIPPED ${name}: ${reason}`);
  skipped.push({ name, reason });
};
const started = [];
const drivers = [];

try {
  const needs = (test) => wanted.some(test);
  const python = needs(({ language }) => language === 'Python') ? pythonEnvironment(values.python) : {};
  const go = needs(({ language }) => language === 'Go') ? goDriver(home) : {};
  const predecessor = await predecessorClients(values.predecessor, home);
  const programs = { ...python, ...go, predecessor, sdk: PYTHON_SDK };
  const data = clientData(count);
  const folder = join(home, 'points');
  mkdirSync(folder);
  writeData(folder, data);

  const whyNot = ({ language, client }) => {
    if (client === 'predecessor' && predecessor.missing) return predecessor.missing;
    if (language === 'Go') return go.missing;
    return language === 'Python' ? python.missing : undefined;
  };
  const possible = wanted.filter((one) => {
    const reason = whyNot(one);
    if (reason !== undefined) skip(one.name, reason);
    return reason === undefined;
  });
  const servers = await startServers(new Set(possible.map(({ server }) => server)), { data, python });
  for (const client of possible.filter(({ server }) => servers.has(server))) {
    drivers.push(new Driver(client, settingsOf(client, servers.get(client.server), folder, data), programs));
  }
  const versions = Object.fromEntries(
    await Promise.all([...servers].map(async ([name, server]) => [name, await server.version()])),
  );
  const ready = [];
  for (const driver of drivers) {
    try {
      const server = servers.get(driver.client.server);
      await fillOnce(driver, server, data);
      await server.beginAgain?.();
      const share = await rightAnswers(driver, data);
      if (share < RIGHT) throw new Error(`it found ${share} of the right points`);
      console.log(`${driver.client.name}: ready`);
      ready.push(driver);
    } catch (error) {
      skip(driver.client.name, error.message);
    }
  }
  const clients = await measureInRounds(ready, size);
  const requirements = readFileSync(new URL('python/requirements.txt', import.meta.url), 'utf8');
  const result = {
    at: new Date().toISOString(),
    quick: values.quick,
    note: values.note,
    machine: machine(),
    points: count,
    dimension: data.dimension,
    topK: K,
    batch: BATCH,
    ...size,
    servers: versions,
    requirements: requirements.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
    skipped,
    clients,
  };
  printTable(clients);
  console.log(writeResult(values.out, 'clients', result));
  if (!clients.some(({ ours }) => !ours)) console.log('No other client was measured, so that nothing was compared.');
} finally {
  for (const driver of drivers) driver.stop();
  for (const server of started) await server.stop();
  rmSync(home, { recursive: true, force: true });
}

/** Servers by name, each with an empty collection; those that are not here are skipped by name. */
async function startServers(names, { data, python }) {
  const makers = {
    vectron: () => made(Vectron),
    qdrant: () => ({ server: new QdrantFixture(join(home, 'qdrant-fixture'), data) }),
    chroma: () => made(Chroma, python.python && chromaServer(python.python)),
    pgvector: () => made(Pgvector, values.postgres),
  };
  const running = new Map();
  for (const name of names) {
    const { server, missing } = makers[name]();
    if (missing !== undefined) {
      skip(`clients of ${name}`, missing);
      continue;
    }
    started.push(server);
    try {
      await server.start();
      await server.create(COLLECTION, { dimension: data.dimension });
      running.set(name, server);
    } catch (error) {
      skip(`clients of ${name}`, error.message);
    }
  }
  return running;
}

function made(Adapter, given) {
  const { settings, missing } = Adapter.find(given);
  return missing === undefined ? { server: new Adapter(join(home, Adapter.kind), settings) } : { missing };
}

function settingsOf({ server: name, wire, client }, server, folder, { dimension }) {
  const { http, grpc, token } = server;
  const own = { http, grpc, token, data: folder, dimension, k: K, batch: BATCH, collection: COLLECTION };
  if (name === 'pgvector') return { ...own, url: server.url };
  if (client === 'predecessor') return { ...own, url: grpc };
  return { ...own, url: wire === 'grpc' ? `grpc://${grpc}` : `http://${http}` };
}

/** The first client of a server fills it; PostgreSQL plans by what it has counted. */
async function fillOnce(driver, server, data) {
  if (server.isFilled) return;
  await driver.ask('upsert', { clients: 1, count: data.count });
  while (!(await server.isSettled(COLLECTION, data.count))) await new Promise((resolve) => setTimeout(resolve, 200));
  server.isFilled = true;
}

/** The share of the exact neighbours of some queries that a client finds, with their own payloads. */
async function rightAnswers(driver, data) {
  const asked = 50;
  const { found } = await driver.ask('check', { count: asked });
  let right = 0;
  for (const [query, hits] of found.entries()) {
    const wanted = new Set(data.truth[query]);
    right += hits.filter(([id, name]) => wanted.has(id) && data.payload(id).name === name).length;
  }
  return right / (asked * K);
}
