// The edges: CPU of searches and upserts, many clients at once, cores, overload, a noisy tenant, the cache. A table, one
// line of JSON, and exit code 1 when a promise is missed. --quick: shorter runs of the same.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadDataset } from '../../apps/cli/dist/sample.js';
import { conclude, Figures, writeResult } from '../harness/figures.mjs';
import { buildLoadgen } from '../harness/loadgen.mjs';
import { machine } from '../harness/machine.mjs';
import { measureCache } from './cache.mjs';
import { onPaper } from './capacity.mjs';
import { measureCores } from './cores.mjs';
import { measureCrowd } from './crowd.mjs';
import { measureOverload, measureTenants } from './overload.mjs';
import { judgeCache, judgeCores, judgeCrowd, judgeOverload, judgeTenants, judgeThroughput } from './promises.mjs';
import { hasFlag } from './system.mjs';
import { measureSeparate, measureSingle } from './throughput.mjs';

const PARTS = ['throughput', 'crowd', 'overload', 'tenants', 'cache', 'cores'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: PARTS.slice(0, -1).join(',') },
    cores: { type: 'string' },
    gateways: { type: 'string' },
    note: { type: 'string' },
    json: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
});
const only = new Set(values.only.split(','));
if (values.cores !== undefined || values.gateways !== undefined) only.add('cores');
const unknown = [...only].filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`--only ${unknown.join(',')}: known are ${PARTS.join(', ')}`);
const wanted = counts('cores', values.cores ?? '1,2');
const gateways = values.gateways && counts('gateways', values.gateways);

function counts(flag, text) {
  const all = text.split(',').map(Number);
  if (all.every((count) => Number.isInteger(count) && count > 0)) return all;
  throw new Error(`--${flag} ${text}: numbers of ${flag} with commas between them, such as 1,2,4, were expected`);
}

const { quick } = values;
const dataset = loadDataset();
buildLoadgen();
const figures = new Figures();
const result = { at: new Date().toISOString(), quick, note: values.note, machine: machine() };

if (only.has('throughput')) {
  const seconds = quick ? 8 : 20;
  result.throughput = await measureSeparate(dataset, { seconds });
  result.single = await measureSingle(dataset, { seconds });
  judgeThroughput(result.throughput, result.single, figures);
}
if (only.has('crowd')) {
  result.crowd = await measureCrowd(dataset, { counts: [64, 256, 1000], seconds: quick ? 6 : 20 });
  judgeCrowd(result.crowd, figures);
}
if (only.has('overload')) {
  result.overload = await measureOverload(dataset, { seconds: quick ? 10 : 60 });
  judgeOverload(result.overload, figures);
}
if (only.has('tenants')) {
  result.tenants = await measureTenants(dataset, { seconds: quick ? 8 : 30 });
  judgeTenants(result.tenants, figures);
}
if (only.has('cache')) {
  result.cache = await measureCache(dataset, { seconds: quick ? 4 : 10 });
  judgeCache(result.cache, figures);
}
if (only.has('cores')) {
  const hasGateways = hasFlag('--gateways');
  if (!hasGateways) console.log('SKIPPED several gateways: this `vectron serve` has no flag --gateways');
  const seconds = quick ? 5 : 15;
  result.cores = { hasGateways, ...(await measureCores(dataset, { wanted, gateways, hasGateways, seconds })) };
  for (const reason of result.cores.skipped) console.log(`SKIPPED ${reason}`);
  judgeCores(result.cores.rows, { hasGateways, onPaper }, figures);
}

result.figures = figures.rows;
if (!values.json) console.log(figures.toString());
const missed = figures.missed.map(({ what }) => what);
writeResult(values.out, 'edges', result);
process.exitCode = conclude(figures);
console.log(JSON.stringify({ missed, ...result }));
