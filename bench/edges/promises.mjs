// What the edges promise of what was measured.
import { counted } from '../harness/figures.mjs';

const SEARCH = { gRPC: { cpu: 0.4, outside: 0.25 }, REST: { cpu: 0.45, outside: 0.3 } };
const ENGINE_MS = 0.15;
const MEMORY_MB = 250;

export function judgeThroughput(rows, single, figures) {
  for (const row of rows) {
    const label = `${row.what}, ${row.clients} at once`;
    const { rows: parts, javascript, rest, engine } = row.cpu;
    const path = parts.gateway + parts.worker + parts.pd;
    if (row.what.startsWith('upsert')) {
      figures.add('throughput', `${label}: CPU a point`, path, 'ms', { most: 0.7 });
      figures.add('throughput', `${label}: acknowledged`, row.perSecond, 'points/s', { least: 4_000 });
      continue;
    }
    const wire = row.what.split(' ')[0];
    if (row.clients > 1) {
      figures.add('throughput', `${label}: CPU`, path, 'ms', { most: SEARCH[wire].cpu });
      figures.add('throughput', `${label}: outside the engine`, javascript + rest, 'ms', {
        most: SEARCH[wire].outside,
      });
      figures.add('throughput', `${label}: in the engine`, engine, 'ms', { most: ENGINE_MS });
      figures.add('throughput', `${label}: answered`, row.perSecond, '/s');
    } else {
      figures.add('throughput', `${label}: p50`, row.p50Ms, 'ms', wire === 'gRPC' ? { most: 1 } : {});
    }
  }
  figures.add('throughput', 'single server: memory', single.residentBytes / 1e6, 'MB', { most: MEMORY_MB });
  figures.add('throughput', 'single server: disk', single.diskBytes / 1e6, 'MB', { most: 60 });
}

export function judgeCrowd({ eight, rows }, figures) {
  for (const [wire, { cpuMs, engineMs }] of [
    ['gRPC', eight.grpc],
    ['REST', eight.http],
  ]) {
    const label = `single server, ${wire} search, 8 at once`;
    figures.add('crowd', `${label}: CPU`, cpuMs, 'ms', { most: SEARCH[wire].cpu });
    figures.add('crowd', `${label}: in the engine`, engineMs, 'ms', { most: ENGINE_MS });
  }
  for (const { clients, canMeetDeadline, notAnswered, typed, p99OfLine, perSecond } of rows) {
    const label = `${clients} clients at once`;
    figures.add('crowd', `${label}: answered`, perSecond, '/s');
    if (canMeetDeadline) {
      figures.add('crowd', `${label}: refused or failed, 2 s suffice`, notAnswered, 'requests', { most: 0 });
    } else {
      figures.add('crowd', `${label}: refusals with RetryInfo, 2 s do not suffice`, typed, 'share', { least: 0.95 });
    }
    const promise = clients === 64 ? { most: 1.5 } : {};
    figures.add('crowd', `${label}: p99, of clients / throughput`, p99OfLine, 'times', promise);
  }
}

/** A search as cheap as the default one is refused at about its own cost, by the cores that also make it. */
const CHEAP = 'search';

export function judgeOverload(rows, figures) {
  for (const row of rows) {
    const cheap = row.workload === CHEAP;
    const promise = (limits) => (cheap ? {} : limits);
    const add = (what, value, unit, limits) => figures.add('overload', `${row.workload}: ${what}`, value, unit, limits);
    add('goodput at ten times', row.goodput, 'of capacity', { least: cheap ? 0.5 : 0.8 });
    add('p99, of that at 0.8', row.p99Ms / row.normalP99Ms, 'times', promise({ most: 3 }));
    add('refusals typed, with a time', row.refusedTyped, 'share', promise({ least: 0.95 }));
    add('refused within (p95)', row.refusedP95Ms, 'ms', promise({ most: 50 }));
    add('memory', row.memoryGrowth, 'more', promise({ most: 0.25 }));
    // The load generator has the others: where it takes one, the server cannot do more than the other one allows.
    add('cores that the server had meanwhile', row.serverCores, 'cores');
    add('refused or failed 10 s later', row.afterFailed, 'requests', promise({ most: 0 }));
  }
}

export function judgeTenants(row, figures) {
  const what = 'quiet one beside a noisy one';
  figures.add('tenants', `${what}: p99`, row.besideP99Ms / row.aloneP99Ms, 'times', { most: 2 });
  figures.add('tenants', `${what}: refused`, row.refused, 'requests', { most: 0 });
}

export function judgeCache({ rows, crowd, servedFrom }, figures) {
  for (const { what, ratio, hitP50Ms, missP50Ms } of rows) {
    figures.add('cache', `${what}: p50 of a hit`, hitP50Ms, 'ms');
    figures.add('cache', `${what}: p50 of a miss`, missP50Ms, 'ms');
    figures.add('cache', `${what}: hit, of a miss`, ratio, 'times', what === 'exact search' ? { most: 0.1 } : {});
  }
  const label = `${crowd} equal searches at once: made by shards`;
  figures.add('cache', label, servedFrom.shards ?? 0, 'searches', { most: 1 });
}

/** By protocol: what 16 cores answer, the load generator on the same ones. */
const SIXTEEN = { grpc: 20_000, http: 12_000 };

/** `hasGateways`: whether the server can have several; without that, nothing is promised. */
export function judgeCores(rows, { hasGateways, onPaper }, figures) {
  const promise = (limits) => (hasGateways ? limits : {});
  for (const protocol of ['grpc', 'http']) {
    const of = (cores, gateways) =>
      rows.find((one) => one.protocol === protocol && one.cores === cores && one.gateways === gateways);
    const name = protocol === 'grpc' ? 'gRPC' : 'REST';
    for (const row of rows.filter((one) => one.protocol === protocol)) {
      const { cores, gateways, perSecond, perSecondOfCores, cpuMs } = row;
      const label = `${name}, ${counted(cores, 'core')}, ${counted(gateways, 'gateway')}`;
      figures.add('cores', `${label}: answered`, perSecond, '/s');
      figures.add('cores', `${label}: CPU a search`, cpuMs, 'ms');
      if (gateways === 1) continue;
      if (row.gatewayMs !== undefined) {
        figures.add('cores', `${label}: of it the main thread`, row.mainMs, 'ms');
        figures.add('cores', `${label}: of it the gateway's thread`, row.gatewayMs, 'ms');
        const sixteen = onPaper(cpuMs, 16, { ...row, gateways: 8 });
        figures.add('cores', `${name}: 16 cores with 8 gateways on paper, by CPU of each thread`, sixteen, '/s');
      }
      const one = of(cores, 1)?.perSecondOfCores;
      const gain = cores === 2 ? promise({ least: 1.5 }) : {};
      figures.add('cores', `${label}: of one gateway`, perSecondOfCores / one, 'times', gain);
      const first = of(1, 1);
      const kept = cores === 8 && gateways === 8 && row.apart ? promise({ least: 0.85 }) : {};
      const share = perSecondOfCores / cores / first?.perSecond;
      if (first) figures.add('cores', `${label}: of each core of one`, share, 'times', kept);
    }
    const sixteen = rows.filter((one) => one.protocol === protocol && one.cores === 16);
    if (sixteen.length > 0) {
      const best = Math.max(...sixteen.map(({ perSecond }) => perSecond));
      const limits = promise({ least: SIXTEEN[protocol] });
      figures.add('cores', `${name}, 16 cores, the best number of gateways: answered`, best, '/s', limits);
    }
    const last = rows.filter((one) => one.protocol === protocol).at(-1);
    if (last) figures.add('cores', `${name}: 16 cores on paper, by CPU a search`, onPaper(last.cpuMs, 16), '/s');
  }
}
