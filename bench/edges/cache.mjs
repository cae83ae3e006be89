// What an answer of the cache costs beside one of the shards, and how many searches a crowd of equal ones makes.
import { join } from 'node:path';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { load, tokenFile, writeRequests } from '../harness/loadgen.mjs';
import { startSingle } from './system.mjs';
import { distinctQueries, fill, searchForms, searchPath } from './work.mjs';

const COLLECTION = 'edges';
const CROWD = 32;
const LARGE = { copies: 3, settings: { hnswM: 4, hnswEfConstruction: 8 } };

export async function measureCache(dataset, { seconds }) {
  const system = await startSingle(['--cache-ttl-ms', '200']);
  const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  const raw = createClient(gateway.VectronServiceService, system.grpc);
  try {
    await fill(client, COLLECTION, dataset, LARGE);
    const rows = [];
    for (const [name, more] of Object.entries({ 'default search': {}, 'exact search': { exact: true } })) {
      const common = {
        target: system.grpc,
        path: searchPath.grpc(),
        'token-file': tokenFile(system.dir, 'admin', system.key),
        clients: 1,
        seconds,
      };
      const bodies = [...distinctQueries(dataset, 20_000, seeded(17))].map((vector) =>
        searchForms.grpc(COLLECTION, vector, more),
      );
      const misses = writeRequests(join(system.dir, 'misses.requests'), bodies);
      const hits = writeRequests(join(system.dir, 'hits.requests'), bodies.slice(0, 1));
      await load({ ...common, requests: misses });
      const miss = await load({ ...common, requests: misses });
      const hit = await load({ ...common, requests: hits });
      rows.push({ what: name, missP50Ms: miss.ok.p50Ms, hitP50Ms: hit.ok.p50Ms, ratio: hit.ok.p50Ms / miss.ok.p50Ms });
    }
    const [vector] = distinctQueries(dataset, 1, seeded(99));
    const request = gateway.SearchRequest.fromPartial({
      collection: COLLECTION,
      vector: Array.from(vector),
      exact: true,
    });
    const context = () => callContext({ authorization: `Bearer ${system.key}`, timeoutMs: 5_000 });
    const crowd = await Promise.all(Array.from({ length: CROWD }, () => raw.api.search(request, context())));
    const servedFrom = {};
    for (const { servedFrom: from } of crowd) servedFrom[from] = (servedFrom[from] ?? 0) + 1;
    return { rows, crowd: CROWD, servedFrom };
  } finally {
    raw.close();
    await client.close();
    await system.stop();
  }
}
