import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Point, StoredPoint } from '@vectron/sdk';
import fc from 'fast-check';
import { parquetWriteFile } from 'hyparquet-writer';
import { openDump } from './import/open-dump.js';
import { openSource } from './import/open-source.js';
import { isRefused, type RowSource } from './import/rows.js';
import { brief, jsonText } from './output.js';
import { writeParquet } from './parquet-file.js';
import { mapped, readSnapshot, snapshotLines, writeJsonl } from './snapshot-file.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-exact-'));
const fixture = (name: string) => join('apps/cli/src/fixtures', name);
const file = (name: string, text: string) => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
const listed = async <T>(points: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const point of points) all.push(point);
  return all;
};
/** The points of a file; throws what is said of the first row that is refused. */
const pointsOf = async (source: RowSource): Promise<Point[]> =>
  (await listed(source.rows())).map((row) => {
    if (isRefused(row)) throw new Error(`${row.place.file}:${row.place.line}: point ${row.id}: ${row.reason}`);
    return row.point;
  });
const imported = async (path: string) => pointsOf(await openSource(path));
const dumped = async (kind: string, name: string, text: string) => pointsOf(await openDump(kind, file(name, text), {}));

const RANGES = [
  [2n ** 53n, 2n ** 63n - 1n],
  [2n ** 63n, 2n ** 64n - 1n],
  [-(2n ** 63n), -(2n ** 53n)],
] as const;
const integers = RANGES.flatMap(([min, max]) => [
  min,
  max,
  ...fc.sample(fc.bigInt({ min, max }), { numRuns: 200, seed: 20_261_126 }),
]);

describe('integers of 64 bits', () => {
  const points: StoredPoint[] = integers.map((n, at) => ({
    id: `p${at}`,
    vector: Float32Array.of(at, 1),
    payload: { n, list: [n, 1, 'x'], deep: { n } },
    version: 1n,
  }));
  const payloads = points.map(({ payload }) => payload);
  async function* stored() {
    yield* points;
  }
  async function* lines() {
    for (const point of points) yield mapped(point);
  }

  it('come back from an export to JSONL, to Parquet and to a snapshot', async () => {
    const [jsonl, parquet, snapshot] = ['out.jsonl', 'out.parquet', 'out.snapshot'].map((name) => join(dir, name));
    await writeJsonl(jsonl, lines());
    expect((await imported(jsonl)).map(({ payload }) => payload)).toEqual(payloads);
    await writeParquet(parquet, stored());
    expect((await imported(parquet)).map(({ payload }) => payload)).toEqual(payloads);
    const moment = { shards: [], cursor: 'c1.x', aliases: [] };
    await writeJsonl(snapshot, snapshotLines({ collection: 'c', settings: { dimension: 2 }, moment }, stored()));
    expect((await listed((await readSnapshot(snapshot)).points)).map(({ payload }) => payload)).toEqual(payloads);
  });

  it('are read from columns of Parquet, nested ones too', async () => {
    const path = join(dir, 'columns.parquet');
    const inRange = (min: bigint, max: bigint) => integers.filter((n) => n >= min && n <= max);
    const signed = inRange(-(2n ** 63n), 2n ** 63n - 1n);
    const unsigned = inRange(0n, 2n ** 64n - 1n).slice(0, signed.length);
    const some = signed.slice(0, unsigned.length);
    parquetWriteFile({
      filename: path,
      columnData: [
        { name: 'id', data: unsigned },
        { name: 'vector', data: unsigned.map(() => [1, 2]) },
        { name: 'signed', data: some },
        { name: 'group', data: some.map((n, at) => ({ own: n, list: [BigInt.asUintN(64, n), unsigned[at]] })) },
      ],
      schema: [
        { name: 'root', num_children: 4 },
        { name: 'id', type: 'INT64', converted_type: 'UINT_64', repetition_type: 'REQUIRED' },
        { name: 'vector', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'REQUIRED' },
        { name: 'signed', type: 'INT64', repetition_type: 'OPTIONAL' },
        { name: 'group', repetition_type: 'REQUIRED', num_children: 2 },
        { name: 'own', type: 'INT64', repetition_type: 'REQUIRED' },
        { name: 'list', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'INT64', converted_type: 'UINT_64', repetition_type: 'REQUIRED' },
      ],
    });
    const read = await imported(path);
    expect(read.map(({ id }) => id)).toEqual(unsigned.map(String));
    expect(read.map(({ payload }) => payload)).toEqual(
      some.map((n, at) => ({ signed: n, group: { own: n, list: [BigInt.asUintN(64, n), unsigned[at]] } })),
    );
  });

  it('are read from dumps of Qdrant, Chroma and pgvector, as ids too', async () => {
    const answer = (n: bigint) => `{"id":${n < 0n ? -n : n},"payload":{"n":${n},"deep":[{"n":${n}}]},"vector":[1,2]}`;
    const qdrant = await dumped('qdrant', 'q.jsonl', integers.map(answer).join('\n'));
    expect(qdrant.map(({ id }) => id)).toEqual(integers.map((n) => String(n < 0n ? -n : n)));
    expect(qdrant.map(({ payload }) => payload)).toEqual(integers.map((n) => ({ n, deep: [{ n }] })));
    const ids = JSON.stringify(integers.map(String));
    const rows = `"embeddings":[${integers.map(() => '[1,2]')}],"metadatas":[${integers.map((n) => `{"n":${n}}`)}]`;
    const chroma = await dumped('chroma', 'c.json', `{"ids":${ids},${rows}}`);
    expect(chroma.map(({ payload }) => payload)).toEqual(integers.map((n) => ({ n })));
    const lines = integers.map((n, at) => `${n}\t[1,${at}]\t${n}\t{"n": ${n}}`).join('\n');
    const sql = `COPY public.items (id, embedding, n, meta) FROM stdin;\n${lines}\n\\.\n`;
    expect((await dumped('pgvector', 'p.sql', sql)).map(({ id, payload }) => ({ id, payload }))).toEqual(
      integers.map((n) => ({ id: String(n), payload: { n, meta: { n } } })),
    );
  });

  it('are printed as they are, versions as strings as before', () => {
    expect(jsonText({ version: 7n, payload: { n: 18446744073709551615n } })).toBe(
      '{"version":"7","payload":{"n":18446744073709551615}}',
    );
    expect(brief({ n: -9223372036854775808n })).toBe('{"n":-9223372036854775808}');
  });
});

it('reads the ids and payloads of q_u64.jsonl exactly', async () => {
  const points = await pointsOf(await openDump('qdrant', fixture('q_u64.jsonl'), {}));
  expect(points.map(({ id }) => id)).toEqual([101, 102, 103, 104, 105].map((end) => `7300000000000000${String(end)}`));
  expect(points.map(({ payload }) => payload?.snow)).toEqual(
    [0n, 1n, 2n, 3n, 4n].map((more) => 1700000000123456700n + more),
  );
});

it('reads a struct column of Parquet as an object', async () => {
  expect((await imported(fixture('struct.parquet'))).map(({ id, payload }) => [id, payload])).toEqual(
    [0, 1, 2, 3, 4, 5].map((at) => [`r${at}`, { meta: { year: 2020 + at, who: { age: at } } }]),
  );
});

it('refuses Parquet whose only id is within another column', async () => {
  await expect(imported(fixture('nestedid.parquet'))).rejects.toThrow('the column of the id is ambiguous');
});

it('takes large numbers in vectors as floats, and names what is no number', async () => {
  const large = '{"id":"a","vector":[9007199254740993,123456789012345678901,1],"vectors":{"t":[-9007199254740993]}}';
  const [point] = (await imported(file('large.jsonl', large))) as Point[];
  expect(point.vector).toEqual([2 ** 53, Number('123456789012345678901'), 1]);
  expect(point.vectors).toEqual({ t: [-(2 ** 53)] });
  const wrong = imported(file('null.jsonl', '{"id":"a","vector":[1]}\n{"id":"b","vector":[1,null]}'));
  await expect(wrong).rejects.toThrow('null.jsonl:2: point b: vector[1] must be a number, not null');
});

it('refuses what is not exact, and names where it stands', async () => {
  const twice = imported(file('twice.jsonl', '{"id":"a","vector":[1],"payload":{"n":1,"n":2}}'));
  await expect(twice).rejects.toThrow(/twice.jsonl:1: .*the key "n" occurs twice in one object; send it once/);
  const decimal = join(dir, 'decimal.parquet');
  parquetWriteFile({
    filename: decimal,
    columnData: [
      { name: 'id', data: ['a'] },
      { name: 'vector', data: [[1]] },
      { name: 'amount', data: [12345678901234567n] },
    ],
    schema: [
      { name: 'root', num_children: 3 },
      { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'vector', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'REQUIRED' },
      {
        name: 'amount',
        type: 'INT64',
        converted_type: 'DECIMAL',
        precision: 18,
        scale: 2,
        repetition_type: 'REQUIRED',
      },
    ],
  });
  // All digits, as text: no double has them.
  expect((await imported(decimal))[0].payload).toEqual({ amount: '123456789012345.67' });
});
