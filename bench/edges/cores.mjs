// Searches a second by the cores that a single server may use, with one gateway, one for two cores and one a core.
import { join } from 'node:path';
import { connect } from '@vectron/sdk';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { load, tokenFile, WARM, writeRequests } from '../harness/loadgen.mjs';
import { availableCores, placed } from '../harness/machine.mjs';
import { failures, perSecond } from '../harness/outcomes.mjs';
import { byPart, ofCores } from './capacity.mjs';
import { cpuPer, startSingle } from './system.mjs';
import { distinctQueries, fill, searchForms, searchPath } from './work.mjs';

const COLLECTION = 'edges';
const CLIENTS_A_CORE = 32;

/**
 * A row for each number of cores, of gateways (`gateways`, where the server has the flag) and protocol; `skipped` names the
 * numbers of cores that this machine does not have.
 */
export async function measureCores(dataset, { wanted, gateways: several, hasGateways, seconds }) {
  const available = availableCores();
  const rows = [];
  const skipped = [];
  for (const cores of wanted) {
    const place = placed(cores, available);
    if (place === undefined) {
      skipped.push(`${cores} cores: this process may use ${available.length}`);
      continue;
    }
    for (const gateways of hasGateways ? new Set(several ?? [1, Math.ceil(cores / 2), cores]) : [undefined]) {
      rows.push(...(await measurePlace(dataset, { cores, gateways, place, seconds })));
    }
  }
  return { rows, skipped };
}

async function measurePlace(dataset, { cores, gateways, place, seconds }) {
  const flags = gateways === undefined ? [] : ['--gateways', String(gateways)];
  const system = await startSingle(flags, { cores: place.server });
  const client = connect(`grpc://${system.grpc}`, { apiKey: system.key });
  try {
    await fill(client, COLLECTION, dataset);
    const rows = [];
    for (const protocol of ['grpc', 'http']) {
      const queries = [...distinctQueries(dataset, 20_000, seeded(19))];
      const bodies = queries.map((vector) => searchForms[protocol](COLLECTION, vector));
      const clients = CLIENTS_A_CORE * cores;
      const flags = {
        cores: place.client,
        protocol,
        target: protocol === 'grpc' ? system.grpc : system.http,
        path: searchPath[protocol](COLLECTION),
        'token-file': tokenFile(system.dir, 'admin', system.key),
        requests: writeRequests(join(system.dir, `${protocol}.requests`), bodies),
        // Many of them, so that the kernel spreads them over the gateways.
        connections: protocol === 'grpc' ? 16 * cores : 1,
        clients,
      };
      await load({ ...flags, ...WARM });
      const before = system.cpu();
      const threadsBefore = system.threads();
      const report = await load({ ...flags, seconds });
      const cpu = cpuPer(before, system.cpu(), report.ok.count);
      const parts = byPart(system.pid, gateways ?? 1, threadsBefore, system.threads());
      const msOf = (took) => (took * 1000) / report.ok.count;
      const clientCores = report.clientCpuSeconds / report.seconds;
      rows.push({
        cores,
        gateways: gateways ?? 1,
        protocol,
        clients,
        apart: place.apart,
        perSecond: perSecond(report),
        clientCores,
        perSecondOfCores: ofCores(perSecond(report), {
          cores,
          gateways: gateways ?? 1,
          apart: place.apart,
          clientCores,
        }),
        p50Ms: report.ok.p50Ms,
        p99Ms: report.ok.p99Ms,
        notAnswered: failures(report),
        codes: report.codes,
        cpuMs: cpu.total,
        mainMs: msOf(parts.main),
        // Of a search that is its own.
        gatewayMs: msOf(parts.gateways.reduce((sum, took) => sum + took, 0)),
        engineMs: msOf(parts.engine),
        restMs: msOf(parts.rest),
        gatewaySeconds: parts.gateways,
        memoryBytes: system.residentBytes(),
      });
    }
    return rows;
  } finally {
    await client.close();
    await system.stop();
  }
}
