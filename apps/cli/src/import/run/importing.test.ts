import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { open, type Point, type VectronClient } from '@vectron/sdk';
import { openSource } from '../open-source.js';
import type { ImportRow, RowSource } from '../rows.js';
import { type FileImport, importFile, progressFileOf } from './import-file.js';
import { identityOf } from './progress-file.js';
import { SeenIds } from './seen-ids.js';

let db: VectronClient;
beforeAll(async () => {
  db = await open(mkdtempSync(join(tmpdir(), 'vectron-importing-')));
});
afterAll(() => db.close());

let dir: string;
let name: string;
let made = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vectron-importing-files-'));
  made += 1;
  name = `c${made}`;
});

const point = (id: string, more = '') => `{"id":"${id}","vector":[1,2]${more}}`;
const fileOf = (lines: readonly string[]) => {
  const file = join(dir, 'rows.jsonl');
  const text = lines.map((line) => `${line}\n`).join('');
  // An import that goes on needs a file that was not written since.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  return file;
};
const report = () => join(dir, 'report.jsonl');
const reported = () =>
  existsSync(report())
    ? readFileSync(report(), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { file: string; line: number; id?: string; reason: string })
    : [];
/** Imports the lines into the collection of the test. */
async function imported(lines: readonly string[], more: Partial<FileImport> = {}, through = db) {
  const file = fileOf(lines);
  const source = await openSource(file);
  return importFile(through, {
    ...{ source, file, collection: name, report: report(), distance: 'dot' },
    identity: await identityOf(file, name, {}),
    ...more,
  });
}
const ids = async () => {
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await db.listPoints(name, { limit: 1_000, cursor });
    found.push(...page.points.map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor === undefined) return found.sort();
  }
};
const there = async () => (await db.listCollections()).some((one) => one.name === name);
/** A client that does something before each write. */
const before = (act: (points: readonly Point[]) => void | Promise<void>): VectronClient =>
  new Proxy(db, {
    get(target, key) {
      if (key === 'upsert') {
        return async (collection: string, points: readonly Point[]) => {
          await act(points);
          return target.upsert(collection, points);
        };
      }
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

describe('every row', () => {
  it('becomes a point or stands in the report, in the order of the file', async () => {
    const lines = Array.from({ length: 2_000 }, (_, at) =>
      at % 7 === 3 ? `{"id":"p${at}","vector":[1,null]}` : point(`p${at}`),
    );
    const { tally, ended } = await imported(lines, { batchSize: 50 });
    const bad = lines.flatMap((_, at) => (at % 7 === 3 ? [at] : []));
    expect({ ...tally, reasons: undefined }).toMatchObject({
      rows: 2_000,
      points: 2_000 - bad.length,
      refused: bad.length,
    });
    expect(ended).toBe('whole');
    expect(reported()).toEqual(
      bad.map((at) => ({
        file: fileOf(lines),
        line: at + 1,
        id: `p${at}`,
        reason: 'vector[1] must be a number, not null',
      })),
    );
    expect(await ids()).toEqual(lines.flatMap((_, at) => (at % 7 === 3 ? [] : [`p${at}`])).sort());
  });

  it('that a collection cannot hold is refused before it is sent', async () => {
    const { tally } = await imported([
      point('good'),
      '{"id":"long","vector":[1,2,3]}',
      '{"id":"huge","vector":[1,1e39]}',
      `{"id":"${'x'.repeat(513)}","vector":[1,2]}`,
      point('deep', `,"a":${'['.repeat(70)}${']'.repeat(70)}`),
      point('proto', ',"__proto__":{"a":1}'),
      point('surrogate', ',"t":"\\ud800"'),
      point('inexact', ',"n":123456789012345678901'),
    ]);
    expect([tally.points, tally.refused]).toEqual([1, 7]);
    expect(reported().map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      expect.stringMatching(/^2 vector has 3 dimensions/),
      expect.stringMatching(/^3 vector\[1\] must be a finite float32/),
      expect.stringMatching(/^4 id must be 1 to 512 bytes/),
      expect.stringMatching(/^5 a payload can be nested at most 64/),
      expect.stringMatching(/^6 a payload key must not be __proto__/),
      expect.stringMatching(/^7 payload.t must be valid Unicode/),
      expect.stringMatching(/^8 payload.n .*has no exact form/),
    ]);
  });

  it('that the server refuses is found within its batch, and the others are written', async () => {
    const lines = Array.from({ length: 500 }, (_, at) => point(`p${at}`));
    let requests = 0;
    const choosy = before((points) => {
      requests += 1;
      const at = points.findIndex(({ id }) => id === 'p77' || id === 'p78' || id === 'p400');
      if (at >= 0) throw VectronError.invalid(`points[${at}]`, `points[${at}].id is not wanted`);
    });
    const { tally } = await imported(lines, { batchSize: 250 }, choosy);
    expect([tally.points, tally.refused]).toEqual([497, 3]);
    expect(reported().map(({ line, id, reason }) => [line, id, reason])).toEqual(
      [78, 79, 401].map((line) => [line, `p${line - 1}`, 'id is not wanted']),
    );
    expect(await ids()).toHaveLength(497);
    expect(requests).toBeLessThan(60);
  });

  it('with the id of an earlier one is refused, with the line of that', async () => {
    const { tally } = await imported(
      [point('a', ',"n":1'), '{"id":"b","vector":[null]}', point('a', ',"n":2'), point('b'), point('b')],
      { batchSize: 1 },
    );
    expect(tally.points).toBe(2);
    expect(reported().map(({ line, reason }) => `${line} ${reason}`)).toEqual([
      '2 vector[0] must be a number, not null',
      '3 its id is that of line 1, which was imported; change one of the two ids',
      '5 its id is that of line 4, which was imported; change one of the two ids',
    ]);
    expect((await db.get(name, 'a'))?.payload).toEqual({ n: 1 });
  });

  it('counts what is left out of it by name', async () => {
    const { tally } = await imported([point('a', ',"payload":{},"x":1'), point('b', ',"payload":{},"x":2,"y":3')]);
    expect(Object.entries(tally.leftOut).map(([what, { count, first }]) => [what, count, first.line])).toEqual([
      ['x', 2, 1],
      ['y', 1, 2],
    ]);
    expect(existsSync(report())).toBe(false);
  });
});

describe('ids that were seen', () => {
  it('are told from each other, also when there are many, and up to the bound', () => {
    const seen = new SeenIds(100_000);
    const lines = Array.from({ length: 100_000 }, (_, at) => at);
    expect(lines.filter((at) => seen.take(`id ${at}`, at) !== undefined)).toEqual([]);
    expect(lines.filter((at) => seen.take(`id ${at}`, 0) !== at)).toEqual([]);
    expect(seen.isFull).toBe(true);
    expect([seen.take('new', 1), seen.take('new', 2)]).toEqual([undefined, undefined]);
  });
});

describe('a collection', () => {
  it('is made with the dimension of the file, its named and its sparse vectors, wherever they come', async () => {
    const lines = Array.from({ length: 30 }, (_, at) => point(`p${at}`));
    const last = point('last', ',"payload":{},"vectors":{"t":[1,2,3]},"sparse":{"s":{"indices":[5],"values":[0.5]}}');
    const { made: isMade, dimension } = await imported(
      [point('first', ',"payload":{},"vectors":{},"sparse":{}'), ...lines, last],
      { batchSize: 4 },
    );
    expect([isMade, dimension]).toEqual([true, 2]);
    expect(await db.get(name, 'last')).toMatchObject({
      vectors: { t: Float32Array.of(1, 2, 3) },
      sparse: { s: { indices: [5], values: [0.5] } },
    });
    expect(await db.listIndexes(name)).toMatchObject({
      sparseVectors: ['s'],
      namedVectors: [{ name: 't', dimension: 3, distance: 'dot' }],
    });
  });

  it('is not left behind when no row becomes a point, by a run without a vector or by refusals', async () => {
    const { tally, made: isMade } = await imported(['{"id":"a","vector":[null]}', '{"id":"b"}']);
    expect([tally.refused, isMade, await there()]).toEqual([2, false, false]);
    const choosy = before(() => {
      throw VectronError.invalid('points[0]', 'nothing is wanted');
    });
    const other = await imported([point('a'), point('b')], {}, choosy);
    expect([other.tally.refused, await there(), existsSync(progressFileOf(report()).file)]).toEqual([2, false, false]);
    expect(reported()).toHaveLength(2);
  });

  it('that is there must fit the file, which is said before anything is written', async () => {
    await db.createCollection(name, { dimension: 3, distance: 'dot' });
    await expect(imported([point('a')])).rejects.toThrow(`have 2 dimensions, but collection ${name} has 3`);
    await expect(imported(['{"id":"a","vector":[1,2,3]}'], { distance: 'cosine' })).rejects.toThrow(
      'has the distance dot',
    );
    const named = await imported(['{"id":"a","vector":[1,2,3],"vectors":{"t":[1]}}', '{"id":"b","vector":[1,2,3]}'], {
      distance: undefined,
    });
    expect([named.tally.points, reported()[0].reason]).toEqual([
      1,
      `the collection has no vector t; create it with \`vectron indexes create COLLECTION t --type vector --dimension 1\``,
    ]);
  });

  it('is neither made nor written to by a dry run, which checks all rows', async () => {
    const { tally, dimension } = await imported([point('a'), '{"id":"b","vector":[]}', point('a')], { dryRun: true });
    expect([tally.rows, tally.points, tally.refused, dimension]).toEqual([3, 1, 2, 2]);
    expect([await there(), existsSync(report()), existsSync(progressFileOf(report()).file)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('an import that did not come to its end', () => {
  const lines = Array.from({ length: 1_000 }, (_, at) => (at % 100 === 50 ? `{"id":"p${at}"}` : point(`p${at}`)));
  const goods = lines.flatMap((_, at) => (at % 100 === 50 ? [] : [`p${at}`])).sort();
  const wrong = lines.flatMap((_, at) => (at % 100 === 50 ? [at + 1] : []));

  it('goes on after the rows that are done when it was interrupted, with one whole report', async () => {
    const interrupt = new AbortController();
    const first = await imported(lines, {
      batchSize: 20,
      signal: interrupt.signal,
      onProgress: ({ rows }) => rows >= 300 && interrupt.abort(),
    });
    expect(first.ended).toBe('interrupted');
    expect(first.tally.rows).toBeGreaterThanOrEqual(300);
    expect(first.tally.rows).toBeLessThan(1_000);
    const writes: string[] = [];
    const watched = before((points) => {
      writes.push(...points.map(({ id }) => id));
    });
    const second = await imported(lines, { batchSize: 20, resume: true }, watched);
    expect(second.tally).toMatchObject({ rows: 1_000, points: goods.length, refused: wrong.length });
    expect(writes).toHaveLength(goods.length - first.tally.points);
    expect(reported().map(({ line }) => line)).toEqual(wrong);
    expect(await ids()).toEqual(goods);
    expect(existsSync(progressFileOf(report()).file)).toBe(false);
    await expect(imported(lines, { resume: true })).rejects.toThrow('there is no import to continue');
  });

  it('goes on after the server went away, whose error says what was acknowledged', async () => {
    let writes = 0;
    const failing = before(() => {
      writes += 1;
      if (writes > 5) throw new VectronError('UNAVAILABLE', 'the server went away');
    });
    await expect(imported(lines, { batchSize: 20 }, failing)).rejects.toThrow(
      /the server went away; \d+ points were acknowledged before and stay/,
    );
    expect(progressFileOf(report()).load()?.tally.rows).toBeGreaterThan(0);
    await imported(lines, { batchSize: 20, resume: true });
    expect(reported().map(({ line }) => line)).toEqual(wrong);
    expect(await ids()).toEqual(goods);
  });

  it('is told by the row that has done before it ends, not by rows of later batches', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const seen: number[] = [];
    let later = 0;
    const slow = before(async (points) => {
      if (points[0].id === 'p0') await held;
      else if (++later === 3) release();
    });
    await imported(lines.slice(0, 400), { batchSize: 50, onProgress: ({ rows }) => seen.push(rows) }, slow);
    // Nothing is done before the first batch is, although three later ones were acknowledged.
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(400);
    expect(later).toBeGreaterThanOrEqual(3);
  });

  it('does not go on with another file, collection or other columns', async () => {
    const interrupt = new AbortController();
    await imported(lines, { batchSize: 20, signal: interrupt.signal, onProgress: () => interrupt.abort() });
    await expect(imported([...lines, point('new')], { resume: true })).rejects.toThrow('the file has changed since');
    const file = fileOf(lines);
    const identity = await identityOf(file, name, { id: 'other' });
    await expect(imported(lines, { resume: true, identity })).rejects.toThrow('it had other flags');
  });

  it('ends with the first row that is refused, where that is asked for', async () => {
    const { tally, ended } = await imported(lines, { stopsAtRefusal: true });
    expect([tally.rows, tally.points, tally.refused, ended]).toEqual([51, 50, 1, 'refused']);
  });

  it('keeps what was read of a file that cannot be read further', async () => {
    const source: RowSource = {
      dimension: 2,
      understood: [],
      async *rows(): AsyncGenerator<ImportRow> {
        for (let at = 0; at < 30; at++)
          yield { place: { file: 'f', line: at }, point: { id: `p${at}`, vector: [1, at] } };
        throw VectronError.invalid('file', 'it was cut off');
      },
    };
    await expect(imported(lines, { source, batchSize: 20 })).rejects.toThrow(
      `it was cut off; 30 points were acknowledged before and stay in ${name}`,
    );
    expect(await ids()).toHaveLength(30);
  });
});
