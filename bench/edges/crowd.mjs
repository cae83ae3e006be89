// Many clients at once against a single server: whom it refuses, how, and how long the others wait.
import { join } from 'node:path';
import { connect } from '@vectron/sdk';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { load, tokenFile, WARM, writeRequests } from '../harness/loadgen.mjs';
import { perSecond } from '../harness/outcomes.mjs';
import { crowdRow, DEADLINE_SECONDS } from './capacity.mjs';
import { cpuPer, startSingle } from './system.mjs';
import { distinctQueries, fill, searchForms, searchPath } from './work.mjs';

const COLLECTION = 'edges';

/** CPU a search of 8 clients on both wires; then rows of `counts` clients at once on gRPC. */
export async function measureCrowd(dataset, { counts, seconds }) {
  const system = await startSingle(['--cache-ttl-ms', '0']);
  const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  try {
    await fill(client, COLLECTION, dataset);
    const flagsOf = (protocol) => {
      const queries = [...distinctQueries(dataset, 20_000, seeded(23))];
      const bodies = queries.map((vector) => searchForms[protocol](COLLECTION, vector));
      return {
        protocol,
        target: protocol === 'grpc' ? system.grpc : system.http,
        path: searchPath[protocol](COLLECTION),
        'token-file': tokenFile(system.dir, 'admin', system.key),
        requests: writeRequests(join(system.dir, `${protocol}.requests`), bodies),
        deadline: `${DEADLINE_SECONDS}s`,
      };
    };
    const eight = {};
    for (const protocol of ['http', 'grpc']) {
      const flags = { ...flagsOf(protocol), clients: 8, connections: 4 };
      await load({ ...flags, ...WARM });
      const before = system.cpu();
      const report = await load({ ...flags, seconds });
      const cpu = cpuPer(before, system.cpu(), report.ok.count);
      eight[protocol] = { perSecond: perSecond(report), cpuMs: cpu.total, engineMs: cpu.engine };
    }
    const rows = [];
    for (const clients of counts) {
      const report = await load({ ...flagsOf('grpc'), clients, connections: 16, seconds });
      rows.push(crowdRow(clients, report, eight.grpc.perSecond));
    }
    return { eight, rows };
  } finally {
    await client.close();
    await system.stop();
  }
}
