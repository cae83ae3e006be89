import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tempDir } from '../harness/system.js';

const search = (server: string, wire: string, cpuUs: number) => ({
  ...{ server, wire, name: 'plain', clients: 8, ef: 80, recall: 0.987 },
  ...{ cpuUs, p50Ms: 3.21, p99Ms: 12.34, refused: 0, failed: 0 },
});
const SERVERS = {
  at: '2026-11-27T04:00:00.000Z',
  note: 'Preliminary <2 cores>',
  machine: { cpu: 'a processor', cores: 2, node: 'v20', loadAverage: [1.5, 1, 1] },
  servers: { vectron: { version: '1', memoryBytes: 2e8 }, chroma: { version: 'a | b', memoryBytes: 1e8 } },
  searches: [search('chroma', 'rest', 1500), search('vectron', 'grpc', 400)],
  skipped: [{ name: 'qdrant', reason: 'no executable qdrant on the PATH' }],
  unjudged: ['disk: no other server was measured'],
  // A figure that was not measured is null in JSON.
  figures: [
    { part: 'servers', what: 'kept', value: 0.27, unit: 'times', promise: '<= 0.4', holds: true },
    { part: 'servers', what: 'lost', value: null, unit: 'times', promise: '<= 0.4', holds: false },
  ],
};
const crowd = { rows: [{ clients: 64, perSecond: 2000, p99Ms: 40, notAnswered: 0, p99OfLine: 1.25 }] };
const core = (cores: number, gateways: number, protocol: string, perSecondOfCores: number) => ({
  ...{ cores, gateways, protocol, perSecondOfCores, cpuMs: 0.4 },
});
const cores = { rows: [core(1, 1, 'grpc', 2000), core(2, 2, 'grpc', 4000), core(1, 1, 'http', 1500)] };
const EDGES = { ...SERVERS, note: undefined, crowd, cores };

describe('bench:report', () => {
  let dir: string;
  const page = () => readFileSync(join(dir, 'performance.md'), 'utf8');
  const report = (...files: string[]) =>
    spawnSync(process.execPath, ['bench/report/run.mjs', '--docs', dir, ...files], { encoding: 'utf8' });
  const written = (name: string, result: object) => {
    const file = join(dir, name);
    writeFileSync(file, JSON.stringify(result));
    return file;
  };
  beforeAll(() => {
    dir = tempDir('bench-report');
    copyFileSync('docs/performance.md', join(dir, 'performance.md'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('puts results into the page, in place of those before, with what was not measured', () => {
    const old = written('servers-old.json', { ...SERVERS, note: 'Replaced' });
    const files = [old, written('servers-new.json', SERVERS), written('edges-new.json', EDGES)];
    expect(report(...files)).toMatchObject({ status: 0, stderr: '' });
    const text = page();
    expect(text).not.toContain('Replaced');
    expect(text).toContain('**Preliminary <2 cores>**');
    expect(text).toContain('| search, 8 clients | vectron (gRPC) | 400 | 3.2 / 12.3 | 0 | 0.987 | 80 |');
    expect(text).toContain('| chroma | a \\| b |  | 100 |');
    expect(text).toContain('| lost | not measured times | <= 0.4 | missed |');
    expect(text).toContain('Not measured: qdrant (no executable qdrant on the PATH).');
    expect(text).toContain('Not judged: disk: no other server was measured.');
    const charts = [...text.matchAll(/!\[[\w-]+\]\((performance\/[\w-]+\.svg)\)/g)].map((match) => match[1]);
    const files_ = readdirSync(join(dir, 'performance')).map((name) => `performance/${name}`);
    expect(charts.sort()).toEqual(files_.sort());
  });

  it('draws bars as long as their values, the longest with the most', () => {
    const svg = readFileSync(join(dir, 'performance', 'servers-cpu.svg'), 'utf8');
    const [chroma, vectron] = [...svg.matchAll(/width="([\d.]+)" height="14"/g)].map((match) => Number(match[1]));
    expect(vectron / chroma).toBeCloseTo(400 / 1500, 2);
    expect(svg).toContain('Preliminary &#60;2 cores&#62;');
  });

  it('says what is wrong with a file or a page', () => {
    expect(report().stderr).toContain('name the results');
    expect(report(written('hare.json', {})).stderr).toContain(
      'a name that begins with servers- or edges- was expected',
    );
    const bare = join(dir, 'bare');
    mkdirSync(bare);
    writeFileSync(join(bare, 'performance.md'), '# Performance\n');
    const failed = report('--docs', bare, written('servers-new.json', SERVERS));
    expect(failed.stderr).toContain('no part between <!-- begin servers --> and <!-- end servers -->');
  });
});
