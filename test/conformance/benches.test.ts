import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { filters, gateway } from '@vectron/proto';
import { tempDir } from '../harness/system.js';

/** Modules of the benches are plain JavaScript, without types. */
const bench = (module: string) => import(resolve('bench', module));

/** An executable file that prints a text. */
function executable(file: string, prints = '') {
  writeFileSync(file, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('figures of a bench', () => {
  it('name each promise that is missed, and make the exit code 1', async () => {
    const { Figures, conclude } = await bench('harness/figures.mjs');
    const figures = new Figures();
    figures.add('part', 'kept', 2, 'ms', { most: 2 });
    figures.add('part', 'told', 7, 'ms');
    expect([conclude(figures), figures.missed]).toEqual([0, []]);
    figures.add('part', 'too slow', 2.01, 'ms', { most: 2 });
    figures.add('part', 'too few', 0.4, 'of capacity', { least: 0.5 });
    figures.add('part', 'not measured', Number.NaN, 'ms', { most: 2 });
    const said = jest.spyOn(console, 'log').mockImplementation(() => undefined);
    const code = conclude(figures);
    const lines = said.mock.calls.map(([line]) => String(line));
    said.mockRestore();
    expect(code).toBe(1);
    expect(lines).toEqual([
      'MISSED part: too slow: 2.01 ms, promised <= 2',
      'MISSED part: too few: 0.4 of capacity, promised >= 0.5',
      'MISSED part: not measured: NaN ms, promised <= 2',
    ]);
    expect(figures.toString()).toMatch(/too slow.*MISSED/);
  });
});

describe('what a bench reads of the machine', () => {
  it('is the fields of a process whose name has blanks and brackets', async () => {
    const { parseStat } = await bench('harness/processes.mjs');
    const { name, fields } = parseStat('7 (a (b) c) S 1 7 7 0 -1 4 0 0 0 0 31 12 5 6 20 0');
    expect([name, fields[0], fields[1], fields.slice(11, 15)]).toEqual(['a (b) c', 'S', '1', ['31', '12', '5', '6']]);
  });

  it('is the CPU of this process with its children that have ended', async () => {
    const { cpuSeconds, processTree } = await bench('harness/processes.mjs');
    const before = cpuSeconds([process.pid]);
    execFileSync(process.execPath, ['-e', 'for (let i = 0; i < 4e7; i++);']);
    expect(cpuSeconds([process.pid])).toBeGreaterThan(before);
    expect(processTree([process.pid])).toContain(process.pid);
  });

  it('is where a server and its load generator go', async () => {
    const { parseCores, pinned, placed } = await bench('harness/machine.mjs');
    expect(parseCores('0-2,5')).toEqual([0, 1, 2, 5]);
    expect(placed(2, [0, 1, 2, 5])).toEqual({ server: [0, 1], client: [2, 5], apart: true });
    expect(placed(2, [0, 1])).toEqual({ server: [0, 1], client: [0, 1], apart: false });
    expect(placed(3, [0, 1])).toBeUndefined();
    expect(pinned([2, 5], ['a', 'b'])).toEqual(['taskset', '-c', '2,5', 'a', 'b']);
    expect(pinned(undefined, ['a', 'b'])).toEqual(['a', 'b']);
  });
});

describe.each([
  ['edges', '--only', 'Error: --only hare: known are throughput, crowd, overload, tenants, cache, cores'],
  [
    'servers',
    '--servers',
    'Error: --servers: there is no server hare; known are vectron, qdrant, pgvector, chroma, weaviate',
  ],
  ['clients', '--only', 'Error: --only: no client has hare in its name; known are\nvectron, TypeScript, rest\n'],
  ['clients', '--points', 'Error: --points: a multiple of 100 from 100 to 20000, not hare'],
])('bench:%s', (name, flag, message) => {
  it('starts, and says what it knows when it is asked for something else', () => {
    const { status, stderr } = spawnSync(process.execPath, [`bench/${name}/run.mjs`, flag, 'hare'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  });
});

describe('bench:edges', () => {
  const report = (clients: number, ok: number, refused: number, typed: number) => ({
    seconds: 4,
    codes: { OK: ok, ...(refused > 0 ? { ResourceExhausted: refused } : {}) },
    ok: { count: ok, p50Ms: 10, p99Ms: clients },
    refusedWithRetryInfo: typed,
  });

  it('wants no refusal where the deadline can be met, and RetryInfo where it cannot', async () => {
    const { crowdRow } = await bench('edges/capacity.mjs');
    const { judgeCrowd } = await bench('edges/promises.mjs');
    const { Figures } = await bench('harness/figures.mjs');
    const missed = (...rows: unknown[]) => {
      const figures = new Figures();
      const eight = { cpuMs: 0.4, engineMs: 0.15 };
      judgeCrowd({ eight: { grpc: eight, http: eight }, rows }, figures);
      return figures.missed.map(({ what }: { what: string }) => what);
    };
    // 1,000 searches a second: 64 clients wait 64 ms, 4,000 clients 4 s.
    expect(missed(crowdRow(64, report(64, 4000, 0, 0), 1000), crowdRow(4000, report(9, 4000, 10, 10), 1000))).toEqual(
      [],
    );
    expect(missed(crowdRow(64, report(64, 4000, 1, 1), 1000))).toEqual([
      '64 clients at once: refused or failed, 2 s suffice',
    ]);
    expect(missed(crowdRow(4000, report(9, 4000, 10, 0), 1000))).toEqual([
      '4000 clients at once: refusals with RetryInfo, 2 s do not suffice',
    ]);
    expect(missed(crowdRow(64, report(97, 4000, 0, 0), 1000))).toEqual([
      '64 clients at once: p99, of clients / throughput',
    ]);
  });

  it('says what binds a server with several gateways: all cores, the main thread, or the gateways', async () => {
    const { byPart, onPaper } = await bench('edges/capacity.mjs');
    const thread = (name: string, seconds: number) => ({ name, seconds });
    const threads = (...seconds: number[]) =>
      new Map(seconds.map((took, at) => [at + 1, thread(at === 3 ? 'vectron-query-0' : 'node', took)]));
    const parts = byPart(
      1,
      2,
      threads(1, 1, 1, 1, 1),
      new Map([...threads(2, 4, 3, 6, 1.5), [9, thread('node', 0.25)]]),
    );
    expect(parts).toEqual({ main: 1, gateways: [3, 2], engine: 5, rest: 0.75 });
    expect(byPart(1, 1, threads(0), threads(2, 1)).gateways).toEqual([]);
    expect(onPaper(0.4, 16)).toBe(40_000);
    const bound = (mainMs: number, gatewayMs: number) => onPaper(0.4, 16, { gateways: 8, mainMs, gatewayMs });
    expect([bound(0.01, 0.1), bound(0.05, 0.1), bound(0.01, 0.25)]).toEqual([40_000, 20_000, 32_000]);
  });

  it('judges the gain of gateways only where the server can have several', async () => {
    const { ofCores, onPaper } = await bench('edges/capacity.mjs');
    const { judgeCores } = await bench('edges/promises.mjs');
    const { Figures } = await bench('harness/figures.mjs');
    expect(ofCores(3000, { cores: 2, gateways: 2, apart: false, clientCores: 0.5 })).toBe(4000);
    expect(ofCores(3000, { cores: 2, gateways: 1, apart: false, clientCores: 0.5 })).toBe(3000);
    expect(ofCores(3000, { cores: 2, gateways: 2, apart: true, clientCores: 0.5 })).toBe(3000);
    const row = (gateways: number, perSecond: number) => ({
      ...{ cores: 2, gateways, protocol: 'grpc', apart: true, cpuMs: 0.4 },
      ...{ perSecond, perSecondOfCores: perSecond },
    });
    const missed = (hasGateways: boolean, two: number) => {
      const figures = new Figures();
      judgeCores([row(1, 2000), row(2, two)], { hasGateways, onPaper }, figures);
      return figures.missed.map(({ what }: { what: string }) => what);
    };
    expect(missed(true, 3000)).toEqual([]);
    expect(missed(true, 2900)).toEqual(['gRPC, 2 cores, 2 gateways: of one gateway']);
    expect(missed(false, 2900)).toEqual([]);
    const figures = new Figures();
    const sixteen = { ...row(8, 19_000), cores: 16 };
    judgeCores([sixteen, { ...sixteen, protocol: 'http' }], { hasGateways: true, onPaper }, figures);
    expect(figures.missed.map(({ what }: { what: string }) => what)).toEqual([
      'gRPC, 16 cores, the best number of gateways: answered',
    ]);
  });
});

describe('bench:servers', () => {
  let dir: string;
  beforeAll(() => {
    dir = tempDir('bench-servers');
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('takes the servers that are installed and skips the others by name, with the reason', async () => {
    const { choose, oneExecutable } = await bench('servers/find.mjs');
    const at = executable(join(dir, 'here'));
    const search = { path: dir };
    const adapters = {
      here: { find: (given?: string) => oneExecutable('here', given, search) },
      gone: { find: (given?: string) => oneExecutable('gone', given, search) },
    };
    const { chosen, skipped } = choose(adapters, ['here', 'gone']);
    expect(chosen).toEqual([{ Adapter: adapters.here, settings: { executable: at } }]);
    expect(skipped).toEqual([{ name: 'gone', reason: 'no executable gone on the PATH' }]);
    const elsewhere = choose(adapters, ['here'], { here: join(dir, 'nowhere') });
    expect(elsewhere.skipped).toEqual([{ name: 'here', reason: `${join(dir, 'nowhere')} is no executable file` }]);
    expect(() => choose(adapters, ['hare'])).toThrow('--servers: there is no server hare; known are here, gone');
  });

  it('says which part of PostgreSQL is missing', async () => {
    const { findPostgres } = await bench('servers/find.mjs');
    const root = join(dir, 'postgresql');
    expect(findPostgres(undefined, { root, path: dir })).toEqual({
      missing: `no initdb, postgres and pg_config in ${dir}`,
    });
    const bin = join(root, '16', 'bin');
    const extensions = join(root, 'share', 'extension');
    mkdirSync(bin, { recursive: true });
    mkdirSync(extensions, { recursive: true });
    for (const name of ['initdb', 'postgres']) executable(join(bin, name));
    executable(join(bin, 'pg_config'), join(root, 'share'));
    expect(findPostgres(undefined, { root, path: '' })).toEqual({ missing: 'no executable psql on the PATH' });
    const psql = executable(join(bin, 'psql'));
    expect(findPostgres(undefined, { root, path: '' })).toEqual({ missing: `no pgvector in ${extensions}` });
    writeFileSync(join(extensions, 'vector.control'), '');
    expect(findPostgres(undefined, { root, path: '' })).toEqual({ settings: { bin, psql } });
  });

  it('has the exact neighbours of a filter, and counts each right answer once', async () => {
    const { comparisonData, nearest, recallOf } = await bench('servers/data.mjs');
    const matrix = (...rows: number[][]) => ({
      rows: rows.length,
      columns: rows[0].length,
      values: Float32Array.from(rows.flat()),
    });
    const vectors = matrix([5, 0], [1, 0.1], [0, 1], [1, 0]);
    const queries = matrix([1, 0]);
    expect(nearest(vectors, queries, [1, 2, 3], 2)).toEqual([[3, 1]]);
    const payloads = Array.from({ length: 4 }, (_, at) => ({ name: `n${at}` }));
    const labels = [0.5, 0.05, 0.05, 0.5][Symbol.iterator]();
    const random = () => labels.next().value;
    const data = comparisonData({ vectors, payloads, queries, neighbours: matrix([0, 3]) }, ['a word'], random);
    expect(data.truth(100)).toEqual([[1, 2]]);
    expect(data.truth()).toEqual([[0, 3]]);
    expect(data.point(1)).toMatchObject({ id: 1, label: 50, texts: { name: 'n1', section: '' } });
    expect(recallOf([[1, 1, 9]], [[1, 2]], 2)).toBe(0.5);
    expect(recallOf([[], [4]], [[1], [4]], 1)).toBe(0.5);
  });

  it('compares with the best of the others, and says what cannot be compared', async () => {
    const { judge, OURS } = await bench('servers/floors.mjs');
    const { Figures } = await bench('harness/figures.mjs');
    const search = (server: string, wire: string, name: string, cpuUs: number) => ({
      ...{ server, wire, name, clients: 8, cpuUs, refused: 0, failed: 0, recall: name === 'hybrid' ? undefined : 0.99 },
    });
    const one = (cpuUs: number, bytes: number, cpuSeconds: number) => ({
      ...{ ingest: { cpuUs }, memoryBytes: bytes, diskBytes: bytes, restart: { cpuSeconds } },
    });
    const judged = (ours: number, names = ['pgvector', 'chroma']) => {
      const servers: Record<string, unknown> = { [OURS]: one(25 * ours, 110 * ours, 1.5 * ours) };
      const searches = ['plain', 'filter10', 'filter1', 'hybrid'].map((name, at) =>
        search(OURS, 'grpc', name, [400, 400, 800, 300][at] * ours),
      );
      for (const name of names) {
        servers[name] = one(name === 'chroma' ? 900 : 100, 100, 1);
        for (const what of ['plain', 'filter10', 'filter1', 'hybrid']) searches.push(search(name, 'rest', what, 1000));
        searches.push(search(name, 'other', 'plain', 1500));
      }
      const figures = new Figures();
      const unjudged = judge({ servers, searches }, figures);
      return { unjudged, missed: figures.missed.map(({ what }: { what: string }) => what) };
    };
    expect(judged(1)).toEqual({ unjudged: [], missed: [] });
    expect(judged(1.01).missed).toEqual([
      "plain, 8 at once: CPU a search, of pgvector (rest)'s",
      "filter10, 8 at once: CPU a search, of pgvector (rest)'s",
      "filter1, 8 at once: CPU a search, of pgvector (rest)'s",
      "hybrid, 8 at once: CPU a search, of pgvector (rest)'s",
      "CPU a point, of pgvector's",
      "memory after searches, of chroma's",
      "disk, of pgvector's",
      "restart: CPU, of chroma's",
    ]);
    expect(judged(1, ['pgvector']).unjudged).toEqual([
      'memory after searches: Chroma was not measured',
      'restart: CPU: Chroma was not measured',
    ]);
    expect(judged(1, []).unjudged).toHaveLength(8);
  });

  it('misses a promise when Vectron itself was not measured, was refused or found too little', async () => {
    const { judge } = await bench('servers/floors.mjs');
    const { Figures } = await bench('harness/figures.mjs');
    const chroma = { ingest: { cpuUs: 1 }, memoryBytes: 1, diskBytes: 1, restart: { cpuSeconds: 1 } };
    const mine = { server: 'vectron', wire: 'grpc', name: 'plain', clients: 64, cpuUs: 1, refused: 1, failed: 0 };
    const figures = new Figures();
    judge({ servers: { vectron: { error: 'it ended' }, chroma }, searches: [{ ...mine, recall: 0.9 }] }, figures);
    expect(figures.missed.map(({ what }: { what: string }) => what)).toEqual([
      "CPU a point, of chroma's",
      "memory after searches, of chroma's",
      "disk, of chroma's",
      "restart: CPU, of chroma's",
      'searches refused or failed',
      'least recall',
    ]);
  });

  it('asks Vectron what it asks the others, and reads the ids of every answer', async () => {
    const { Vectron } = await bench('servers/adapters/vectron.mjs');
    const { Chroma } = await bench('servers/adapters/chroma.mjs');
    const { Pgvector } = await bench('servers/adapters/pgvector.mjs');
    const { Qdrant } = await bench('servers/adapters/qdrant.mjs');
    const { Weaviate } = await bench('servers/adapters/weaviate.mjs');
    const query = { vector: Float32Array.from([1, 0.5]), words: "mail server's" };
    const shape = { k: 3, ef: 40, below: 10 };
    const of = (Adapter: new (home: string, settings: object) => { searches: (...args: unknown[]) => never }) =>
      new Adapter(join(dir, Adapter.name), {});
    const asked = (server: ReturnType<typeof of>, wire: string, more = {}) =>
      server.searches(wire, 'bench', { ...shape, ...more }) as {
        wire: { path: string };
        body: (asked: object) => Buffer;
        ids: (answer: Buffer) => number[];
      };

    const grpc = asked(of(Vectron), 'grpc');
    const sent = gateway.SearchRequest.decode(grpc.body(query));
    expect(sent).toMatchObject({ collection: 'bench', topK: 3, ef: 40, includeMetadata: false });
    expect([...new Float32Array(Uint8Array.from(sent.vectorF32).buffer)]).toEqual([1, 0.5]);
    expect(filters.Filter.toJSON(sent.filter as filters.Filter)).toMatchObject({
      field: { path: 'label', number: { lt: 10 } },
    });
    const results = [{ id: '7' }, { id: '0' }];
    const answer = gateway.SearchResponse.encode(gateway.SearchResponse.fromPartial({ results })).finish();
    expect(grpc.ids(Buffer.from(answer))).toEqual([7, 0]);
    const hybrid = gateway.QueryRequest.decode(asked(of(Vectron), 'grpc', { hybrid: true }).body(query));
    expect(hybrid.branches.map(({ ef, text }) => [ef, text?.query])).toEqual([
      [40, undefined],
      [0, "mail server's"],
    ]);

    const chroma = asked(of(Chroma), 'rest');
    expect(JSON.parse(String(chroma.body(query)))).toEqual({
      query_embeddings: [[1, 0.5]],
      n_results: 3,
      include: ['distances'],
      where: { label: { $lt: 10 } },
    });
    expect(chroma.ids(Buffer.from('{"ids": [["7", "0"]]}'))).toEqual([7, 0]);

    const postgres = asked(of(Pgvector), 'postgres');
    expect(postgres.wire.path).toBe('SELECT id FROM bench WHERE label < 10 ORDER BY embedding <=> $1 LIMIT 3');
    expect(String(postgres.body(query))).toBe('[1,0.5]');
    expect(String(asked(of(Pgvector), 'postgres', { hybrid: true }).body(query))).toBe('[1,0.5]\0mail|server|s');
    expect(postgres.ids(Buffer.from('7\n0\n'))).toEqual([7, 0]);

    // Requests as qdrant-client 1.20.0 and weaviate-client 4.24.1 read them, and answers as they write them.
    const qdrant = asked(of(Qdrant), 'grpc');
    expect(qdrant.body(query).toString('hex')).toBe(
      '0a0562656e63681a0e0a0c120a0a080000803f0000003f320208282a1612140a120a056c6162656c1a090900000000000024404003',
    );
    const points = '0a090a0208071d0000003f0a090a0208001d0000803e119a9999999999b93f';
    expect(qdrant.ids(Buffer.from(points, 'hex'))).toEqual([7, 0]);
    const weaviate = asked(of(Weaviate), 'grpc');
    expect(weaviate.body(query).toString('hex')).toBe(
      '0a0542656e6368a20100aa01020801f00103c2020e0805280aa201070a056c6162656cda020a22080000803f0000003fb00601',
    );
    const hits =
      '0dcdcccc3d122812260a2430303030303030302d303030302d303030302d303030302d30303030303030303030303712151213a2011000000000000000000000000000000010';
    expect(weaviate.ids(Buffer.from(hits, 'hex'))).toEqual([7, 16]);
  });

  it('writes requests and reads answers as the load generator does', async () => {
    const { readAnswers, writeRequests } = await bench('harness/loadgen.mjs');
    const file = writeRequests(join(dir, 'requests'), [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')]);
    expect(readAnswers(file).map((one: Buffer | undefined) => one?.toString())).toEqual(['ab', undefined, 'c']);
  });
});

describe('bench:clients', () => {
  let dir: string;
  beforeAll(() => {
    dir = tempDir('bench-clients');
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('compares each Python client of ours with that of Qdrant which has the same wire, style and vectors', async () => {
    const { CLIENTS, comparedWith } = await bench('clients/clients.mjs');
    const names: string[] = CLIENTS.map(({ name }: { name: string }) => name);
    expect(new Set(names).size).toBe(names.length);
    const ours = CLIENTS.filter(({ ours }: { ours: boolean }) => ours);
    const pairs = ours.map((one: { name: string }) => [one.name, comparedWith(one, CLIENTS)?.name]);
    expect(Object.fromEntries(pairs)).toMatchObject({
      'vectron, Python, grpc, numpy': 'qdrant-client, Python, grpc, numpy',
      'vectron, Python, rest, async': 'qdrant-client, Python, rest, async',
      'vectron, Go, grpc': undefined,
    });
  });

  it('lets every client do the same in turns, another one first in each round, and tells medians', async () => {
    const { measureInRounds } = await bench('clients/measure.mjs');
    const asked: string[] = [];
    const driver = (name: string, cpu: number[]) => {
      const times = cpu[Symbol.iterator]();
      return {
        client: { name, server: 'none', language: 'none', client: name, wire: 'none', form: 'list' },
        ask: async (operation: string, { clients, count }: { clients: number; count: number }) => {
          asked.push(`${name} ${operation} ${clients} ${count}`);
          const isFirst = operation === 'search' && clients === 1;
          return { cpuSeconds: isFirst ? (times.next().value as number) : 1, seconds: 2 };
        },
      };
    };
    const drivers = [driver('a', [0.3, 0.1, 0.8]), driver('b', [2, 2, 2])];
    const told = await measureInRounds(drivers, { rounds: 3, warmUp: 7, searches: 10, points: 100 });
    expect(asked.slice(0, 4)).toEqual(['a search 8 7', 'a upsert 8 7', 'b search 8 7', 'b upsert 8 7']);
    const firsts = asked.slice(4).filter((one) => one.includes('search 1'));
    expect(firsts.map((one) => one[0]).join('')).toBe('abbaab');
    expect(told[0].measured[0]).toEqual({
      ...{ operation: 'search', clients: 1, perSecond: 5 },
      ...{ cpuUs: 30_000, least: 10_000, greatest: 80_000 },
    });
    expect(told[0].measured.map((one: { operation: string; clients: number }) => [one.operation, one.clients])).toEqual(
      [
        ['search', 1],
        ['upsert', 1],
        ['search', 8],
        ['upsert', 8],
      ],
    );
  });

  it('answers over both wires of Qdrant, in turn, with hits of its own, and has nothing else', async () => {
    const { QdrantFixture } = await bench('clients/fixture.mjs');
    const { valuesOf } = await bench('servers/wire.mjs');
    const points = [
      { vector: Float32Array.from([1, 0]), payload: { name: 'a', label: 3 } },
      { vector: Float32Array.from([0, 1]), payload: { name: 'b', label: 4 } },
    ];
    const fixture = new QdrantFixture(join(dir, 'fixture'), {
      truth: [[0], [1, 0]],
      queries: [{ vector: Float32Array.from([1, 0]) }, { vector: Float32Array.from([0, 2]) }],
      point: (at: number) => points[at],
      payload: (at: number) => points[at].payload,
    });
    await fixture.start();
    try {
      const asked = async (method: string, path: string) => {
        const answer = await fetch(`http://${fixture.http}${path}`, {
          method,
          ...(method === 'GET' ? {} : { body: '{}' }),
        });
        return [answer.status, await answer.json()];
      };
      const first = { id: 0, version: 1, score: 1, payload: { name: 'a', label: 3 } };
      expect(await asked('POST', '/collections/x/points/query')).toEqual([
        200,
        { result: { points: [first] }, status: 'ok', time: 0.001 },
      ]);
      expect(await asked('PUT', '/collections/x/points?wait=true')).toMatchObject([200, { status: 'ok' }]);
      expect(await asked('GET', '/')).toMatchObject([200, { title: 'qdrant' }]);
      expect(await asked('GET', '/collections')).toMatchObject([404, {}]);

      const client = new Client(fixture.grpc, credentials.createInsecure());
      const call = (path: string) =>
        new Promise<Buffer>((resolve, reject) => {
          const asIs = (bytes: Buffer) => bytes;
          client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), (error, answer) =>
            error ? reject(error) : resolve(answer as Buffer),
          );
        });
      const hits: Buffer[] = valuesOf(await call('/qdrant.Points/Query'), 1);
      expect(hits.map((hit) => valuesOf(valuesOf(hit, 1)[0], 1)[0])).toEqual([1, 0]);
      await call('/qdrant.Points/Upsert');
      await expect(call('/qdrant.Points/Delete')).rejects.toMatchObject({ code: 12 });
      client.close();
    } finally {
      await fixture.stop();
    }
  });
});
