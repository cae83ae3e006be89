// The edges: CPU of searches and upserts, overload, a noisy tenant, the cache. A table, one line of JSON, and exit code 1
// when a floor is missed. --quick: shorter runs of the same.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { instructionSet } from '@vectron/engine';
import Table from 'cli-table3';
import { loadDataset } from '../../apps/cli/dist/sample.js';
import { measureCache } from './cache.mjs';
import { measureOverload, measureTenants } from './overload.mjs';
import { measureSeparate, measureSingle } from './throughput.mjs';
import { buildLoadgen } from './work.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: 'throughput,overload,tenants,cache' },
    json: { type: 'boolean', default: false },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
});
const only = new Set(values.only.split(','));
const long = values.quick ? 10 : 60;
const dataset = loadDataset();
buildLoadgen();

const floors = [];
/** `least` or `most`: what was promised. A figure without either is told and not judged. */
function figure(part, what, value, unit, { least, most } = {}) {
  const holds = (least === undefined || value >= least) && (most === undefined || value <= most);
  const promise = least !== undefined ? `>= ${least}` : most !== undefined ? `<= ${most}` : '';
  floors.push({ part, what, value, unit, promise, holds });
}

const result = { at: new Date().toISOString(), quick: values.quick, machine: machine() };

if (only.has('throughput')) {
  const seconds = values.quick ? 8 : 20;
  const rows = await measureSeparate(dataset, { seconds, warmSeconds: values.quick ? 8 : 15 });
  const single = await measureSingle(dataset, { seconds });
  Object.assign(result, { throughput: rows, single });
  for (const row of rows) {
    const label = `${row.what}, ${row.clients} at once`;
    const { rows: parts, javascript, rest, engine } = row.cpu;
    const path = parts.gateway + parts.worker + parts.pd;
    if (row.what.startsWith('upsert')) {
      figure('throughput', `${label}: CPU a point`, path, 'ms', { most: 0.7 });
      figure('throughput', `${label}: acknowledged`, row.perSecond, 'points/s', { least: 4_000 });
      continue;
    }
    const rest_ = row.what.startsWith('REST');
    if (row.clients > 1) {
      figure('throughput', `${label}: CPU`, path, 'ms', { most: rest_ ? 0.9 : 0.5 });
      figure('throughput', `${label}: outside the engine`, javascript + rest, 'ms', rest_ ? {} : { most: 0.3 });
      figure('throughput', `${label}: in the engine`, engine, 'ms');
      figure('throughput', `${label}: answered`, row.perSecond, '/s');
    } else {
      figure('throughput', `${label}: p50`, row.p50Ms, 'ms', rest_ ? {} : { most: 1 });
    }
  }
  figure('throughput', 'single server: memory', single.residentBytes / 1e6, 'MB', { most: 250 });
  figure('throughput', 'single server: disk', single.diskBytes / 1e6, 'MB', { most: 60 });
}

if (only.has('overload')) {
  const rows = await measureOverload(dataset, { seconds: long });
  result.overload = rows;
  for (const row of rows) {
    // A search as cheap as the default one costs about as much as ten refusals and their client: docs/adr/0019.
    const judged = row.workload !== 'search';
    const promise = (limits) => (judged ? limits : {});
    figure('overload', `${row.workload}: goodput at ten times`, row.goodput, 'of capacity', promise({ least: 0.8 }));
    figure(
      'overload',
      `${row.workload}: p99, of that at 0.8`,
      row.p99Ms / row.normalP99Ms,
      'times',
      promise({ most: 3 }),
    );
    figure(
      'overload',
      `${row.workload}: refusals typed, with a time`,
      row.refusedTyped,
      'share',
      promise({ least: 0.95 }),
    );
    figure('overload', `${row.workload}: refused within (p95)`, row.refusedP95Ms, 'ms', promise({ most: 50 }));
    figure('overload', `${row.workload}: memory`, row.memoryGrowth, 'more', promise({ most: 0.25 }));
    figure(
      'overload',
      `${row.workload}: refused or failed 10 s later`,
      row.afterFailed,
      'requests',
      promise({ most: 0 }),
    );
  }
}

if (only.has('tenants')) {
  const row = await measureTenants(dataset, { seconds: values.quick ? 8 : 30 });
  result.tenants = row;
  figure('tenants', 'quiet one beside a noisy one: p99', row.besideP99Ms / row.aloneP99Ms, 'times', { most: 2 });
  figure('tenants', 'quiet one beside a noisy one: refused', row.refused, 'requests', { most: 0 });
}

if (only.has('cache')) {
  const found = await measureCache(dataset, { seconds: values.quick ? 4 : 10 });
  result.cache = found;
  for (const { what, ratio, hitP50Ms, missP50Ms } of found.rows) {
    const judged = what === 'exact search';
    figure('cache', `${what}: p50 of a hit`, hitP50Ms, 'ms');
    figure('cache', `${what}: p50 of a miss`, missP50Ms, 'ms');
    figure('cache', `${what}: hit, of a miss`, ratio, 'times', judged ? { most: 0.1 } : {});
  }
  figure('cache', `${found.crowd} equal searches at once: made by shards`, found.servedFrom.shards ?? 0, 'searches', {
    most: 1,
  });
}

result.figures = floors;
const missed = floors.filter(({ holds }) => !holds);
if (!values.json) {
  const table = new Table({ head: ['part', 'what', 'measured', 'promised', ''], style: { head: [] } });
  for (const { part, what, value, unit, promise, holds } of floors) {
    table.push([
      part,
      what,
      `${Number(value.toPrecision(3))} ${unit}`,
      promise,
      promise === '' ? '' : holds ? 'ok' : 'MISSED',
    ]);
  }
  console.log(table.toString());
}
mkdirSync(values.out, { recursive: true });
writeFileSync(
  join(values.out, `edges-${result.at.replace(/[:.]/g, '-')}.json`),
  `${JSON.stringify(result, null, 2)}\n`,
);
console.log(JSON.stringify({ missed: missed.map(({ what }) => what), ...result, figures: floors }));
process.exitCode = missed.length === 0 ? 0 : 1;

function machine() {
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    instructionSet: instructionSet(),
    node: process.version,
  };
}
