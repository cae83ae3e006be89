// CPU of searches and upserts through every process of a system, and what is left of the time of one client.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { connect } from '@vectron/sdk';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { load, tokenFile, WARM, writeRequests } from '../harness/loadgen.mjs';
import { failures, perSecond } from '../harness/outcomes.mjs';
import { cpuPer, startSeparate, startSingle } from './system.mjs';
import { distinctQueries, fill, searchForms, searchPath } from './work.mjs';

const COLLECTION = 'edges';

const settled = () => new Promise((resolve) => setTimeout(resolve, 3_000));

/** Search and upsert figures of separate processes: gateway, worker and placement driver are what is counted. */
export async function measureSeparate(dataset, { seconds, nodeFlags = {}, only }) {
  const system = await startSeparate([], nodeFlags);
  const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  try {
    const rows = [];
    const before = system.cpu();
    const filled = await fill(client, COLLECTION, dataset);
    await settled();
    const points = dataset.vectors.rows;
    rows.push({
      what: 'upsert with indexing',
      clients: 8,
      perSecond: points / (filled.acknowledgedMs / 1000),
      cpu: cpuPer(before, system.cpu(), points),
    });
    for (const protocol of ['grpc', 'http']) {
      const bodies = [...distinctQueries(dataset, 20_000, seeded(7))].map((vector) =>
        searchForms[protocol](COLLECTION, vector),
      );
      const common = {
        protocol,
        target: protocol === 'grpc' ? system.grpc : system.http,
        path: searchPath[protocol](COLLECTION),
        'token-file': tokenFile(system.dir, 'admin', system.key),
        requests: writeRequests(join(system.dir, `${protocol}.requests`), bodies),
      };
      await load({ ...common, clients: 8, ...WARM });
      for (const clients of only ?? [1, 8, 32]) {
        const start = system.cpu();
        const report = await load({ ...common, clients, seconds });
        const cpu = cpuPer(start, system.cpu(), report.ok.count);
        rows.push({
          what: `${protocol === 'http' ? 'REST' : 'gRPC'} search`,
          clients,
          perSecond: perSecond(report),
          p50Ms: report.ok.p50Ms,
          p99Ms: report.ok.p99Ms,
          failed: failures(report),
          cpu,
        });
      }
    }
    return rows;
  } finally {
    await client.close();
    await system.stop();
  }
}

/** Memory and disk of the single server with the data set, after searches on both wires. */
export async function measureSingle(dataset, { seconds }) {
  const system = await startSingle();
  const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  try {
    await fill(client, COLLECTION, dataset);
    const bodies = [...distinctQueries(dataset, 5_000, seeded(9))].map((vector) =>
      searchForms.grpc(COLLECTION, vector),
    );
    const report = await load({
      protocol: 'grpc',
      target: system.grpc,
      path: searchPath.grpc(COLLECTION),
      'token-file': tokenFile(system.dir, 'admin', system.key),
      requests: writeRequests(join(system.dir, 'grpc.requests'), bodies),
      clients: 8,
      seconds,
    });
    await settled();
    const disk = Number(execFileSync('du', ['-sb', system.dir, '--exclude=*.requests']).toString().split('\t')[0]);
    return { residentBytes: system.residentBytes(), diskBytes: disk, perSecond: perSecond(report) };
  } finally {
    await client.close();
    await system.stop();
  }
}
