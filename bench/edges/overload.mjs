// Ten times what the server can do, for a while: what it still does, whom it refuses and how, and how it is afterwards.
import { join } from 'node:path';
import { gateway } from '@vectron/proto';
import { connect } from '@vectron/sdk';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { row } from '../../apps/cli/dist/import/npy.js';
import { load, tokenFile, writeRequests } from '../harness/loadgen.mjs';
import { failures, perSecond } from '../harness/outcomes.mjs';
import { cpuSeconds } from '../harness/processes.mjs';
import { startSingle } from './system.mjs';
import { distinctQueries, fill, searchForms, searchPath } from './work.mjs';

const COLLECTION = 'edges';
const CLIENTS = 32;
const TIMES = 10;
/** Of a graph that nobody walks. */
const LARGE = { copies: 3, settings: { hnswM: 4, hnswEfConstruction: 8 } };

const WORKLOADS = {
  // The default of a search on the sample: cheap, so that refusing the other nine costs as much as answering one.
  search: (dataset) => ({
    path: searchPath.grpc(),
    bodies: [...distinctQueries(dataset, 5_000, seeded(11))].map((vector) => searchForms.grpc(COLLECTION, vector)),
  }),
  // One that costs milliseconds, as a search of a large collection does: three times the sample, all of it looked at.
  'exact search': (dataset) => ({
    path: searchPath.grpc(),
    bodies: [...distinctQueries(dataset, 5_000, seeded(13))].map((vector) =>
      searchForms.grpc(COLLECTION, vector, { exact: true, topK: 100, includeMetadata: false }),
    ),
  }),
  'upsert of 100 points': (dataset) => ({
    path: '/vectron.v1.VectronService/Upsert',
    bodies: Array.from({ length: 50 }, (_, batch) => {
      const points = Array.from({ length: 100 }, (_, at) => ({
        id: `w${batch}-${at}`,
        vector: Array.from(row(dataset.vectors, batch * 100 + at)),
      }));
      const request = gateway.UpsertRequest.fromPartial({ collection: `${COLLECTION}-writes`, points });
      return Buffer.from(gateway.UpsertRequest.encode(request).finish());
    }),
  }),
};

/** `seconds` of overload for each workload named. */
export async function measureOverload(dataset, { seconds, workloads = Object.keys(WORKLOADS) }) {
  const rows = [];
  for (const name of workloads) {
    const system = await startSingle();
    const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
    try {
      await fill(client, COLLECTION, dataset, name === 'exact search' ? LARGE : {});
      await client.createCollection(`${COLLECTION}-writes`, { dimension: dataset.vectors.columns });
      const { path, bodies } = WORKLOADS[name](dataset);
      const common = {
        target: system.grpc,
        path,
        'token-file': tokenFile(system.dir, 'admin', system.key),
        requests: writeRequests(join(system.dir, 'overload.requests'), bodies),
        connections: 4,
        deadline: '2s',
      };
      await load({ ...common, clients: CLIENTS, seconds: 8 });
      const capacity = perSecond(await load({ ...common, clients: CLIENTS, seconds: 5 }));
      const normal = await load({ ...common, rate: 0.8 * capacity, seconds: 6 });
      const before = system.residentBytes();
      let most = before;
      const watch = setInterval(() => {
        most = Math.max(most, system.residentBytes());
      }, 200);
      const used = cpuSeconds([system.pid]);
      const over = await load({ ...common, rate: TIMES * capacity, seconds });
      clearInterval(watch);
      const serverCores = (cpuSeconds([system.pid]) - used) / seconds;
      await new Promise((resolve) => setTimeout(resolve, 10_000));
      const after = await load({ ...common, rate: 0.8 * capacity, seconds: 5 });
      const all = Object.values(over.codes).reduce((sum, count) => sum + count, 0) + over.unsent;
      const notAnswered = all - over.ok.count;
      rows.push({
        workload: name,
        capacity,
        goodput: perSecond(over) / capacity,
        normalP99Ms: normal.ok.p99Ms,
        p99Ms: over.ok.p99Ms,
        refused: over.refused.count,
        refusedTyped: notAnswered === 0 ? 1 : over.refusedWithTime / notAnswered,
        refusedP50Ms: over.refused.p50Ms,
        refusedP95Ms: over.refused.p95Ms,
        memoryGrowth: most / before - 1,
        serverCores,
        afterP99Ms: after.ok.p99Ms,
        afterFailed: failures(after),
        codes: over.codes,
        says: over.says,
        unsent: over.unsent,
        up: system.running,
      });
    } finally {
      await client.close();
      await system.stop();
    }
  }
  return rows;
}

/** A tenant that sends ten times what fits, beside one that sends a little. */
export async function measureTenants(dataset, { seconds }) {
  const system = await startSingle();
  const noisy = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  const http = connect(`http://${system.http}`, { apiKey: system.key });
  try {
    const credentials = { email: 'quiet@example.org', password: 'quiet tenant of the bench' };
    await post(system.http, '/v1/users/register', credentials);
    const { jwtToken } = await post(system.http, '/v1/users/login', credentials);
    const { fullKey } = await post(system.http, '/v1/keys', { name: 'quiet' }, jwtToken);
    const quiet = connect(`grpc://${system.grpc}`, { apiKey: fullKey });
    await fill(noisy, COLLECTION, dataset, LARGE);
    await fill(quiet, COLLECTION, { ...dataset, vectors: { ...dataset.vectors, rows: 2_000 } });
    await quiet.close();
    const { path, bodies } = WORKLOADS['exact search'](dataset);
    const requests = writeRequests(join(system.dir, 'tenants.requests'), bodies);
    const common = { target: system.grpc, path, requests, connections: 2, deadline: '2s' };
    const loud = { ...common, 'token-file': tokenFile(system.dir, 'noisy', system.key) };
    const still = { ...common, 'token-file': tokenFile(system.dir, 'quiet', fullKey), rate: 50 };
    await load({ ...loud, clients: CLIENTS, seconds: 5 });
    const capacity = perSecond(await load({ ...loud, clients: CLIENTS, seconds: 4 }));
    await load({ ...still, seconds: 3 });
    // What the quiet one has when the server is busy with as much as it can do.
    const [alone] = await Promise.all([
      load({ ...still, seconds }),
      load({ ...loud, rate: 0.8 * capacity, seconds: seconds + 1 }),
    ]);
    const [beside] = await Promise.all([
      load({ ...still, seconds }),
      load({ ...loud, rate: TIMES * capacity, seconds: seconds + 1 }),
    ]);
    return {
      capacity,
      aloneP99Ms: alone.ok.p99Ms,
      besideP99Ms: beside.ok.p99Ms,
      besideP50Ms: beside.ok.p50Ms,
      aloneP50Ms: alone.ok.p50Ms,
      refused: beside.refused.count,
      failed: failures(beside),
    };
  } finally {
    await noisy.close();
    await http.close();
    await system.stop();
  }
}

async function post(host, path, body, token) {
  const answer = await fetch(`http://${host}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
