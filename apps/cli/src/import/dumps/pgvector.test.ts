import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type ColumnChoice, type ImportRow, isRefused } from '../rows.js';
import { openPgvector } from './pgvector.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-pgvector-'));
const fixture = (name: string) => join('apps/cli/src/fixtures/dumps', name);
let files = 0;
const file = (text: string | Buffer) => {
  files += 1;
  const path = join(dir, `${files}.sql`);
  writeFileSync(path, text);
  return path;
};
const listed = async (rows: AsyncIterable<ImportRow>) => {
  const all: ImportRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
};
/** Rows in short: points with their vectors as lists, and refusals as `line id: reason`. */
async function read(path: string, choice: ColumnChoice = {}) {
  const source = await openPgvector(path, choice);
  const rows = await listed(source.rows());
  const points = rows.flatMap((row) =>
    isRefused(row)
      ? []
      : [
          {
            ...row.point,
            vector: Array.from(row.point.vector ?? []),
            ...(row.point.vectors === undefined
              ? {}
              : {
                  vectors: Object.fromEntries(
                    Object.entries(row.point.vectors).map(([name, one]) => [
                      name,
                      Array.from(one as ArrayLike<number>),
                    ]),
                  ),
                }),
            ...(row.leftOut === undefined ? {} : { leftOut: row.leftOut.map(({ what }) => what) }),
          },
        ],
  );
  const refused = rows.flatMap((row) => (isRefused(row) ? [`${row.place.line} ${row.id ?? '-'}: ${row.reason}`] : []));
  return { ...source, points, refused };
}
const ids = ({ points }: { points: { id: string }[] }) => points.map(({ id }) => id);

describe('the dumps that went wrong', () => {
  it('take the column of type vector, and the JSON list as payload', async () => {
    const { points, dimension, total, refused } = await read(fixture('pg_jsonarr.sql'));
    expect(points).toEqual(
      [0, 1, 2, 3].map((at) => ({ id: `${at}`, vector: [at + 1, 0.5, -1.25, 2], payload: { bbox: [at, 0, 10, 10] } })),
    );
    expect({ dimension, total, refused }).toEqual({ dimension: 4, total: 4, refused: [] });
  });

  it('take the uuid of langchain as the id', async () => {
    const found = await read(fixture('pg_langchain_legacy.sql'), { table: 'langchain_pg_embedding' });
    expect(ids(found)).toEqual([0, 1, 2, 3].map((at) => `bbbbbbbb-0000-4000-8000-00000000000${at}`));
    expect(found.points[1]).toEqual({
      id: 'bbbbbbbb-0000-4000-8000-000000000001',
      vector: [2, 0.5, -1.25, 2],
      payload: {
        collection_id: 'aaaaaaaa-0000-4000-8000-000000000001',
        document: 'chunk 1',
        cmetadata: { page: 1 },
        custom_id: null,
      },
    });
    // The other table has no vectors.
    expect(ids(await read(fixture('pg_langchain_legacy.sql')))).toHaveLength(4);
  });

  it('report a row without an embedding, and pass it over', async () => {
    const found = await read(fixture('pg_nullvec.sql'));
    expect(ids(found)).toEqual(['0', '2']);
    expect(found.refused).toEqual([
      '18 1: it has no vector: column embedding is NULL; fill it, or choose another column with --vector',
    ]);
  });

  it('find a table of a quoted name, however it is named', async () => {
    for (const table of [undefined, 'my-items', '"my-items"', 'public.my-items', 'public."my-items"']) {
      const found = await read(fixture('pg_quoted.sql'), { table });
      expect(found.points).toEqual([
        { id: '0', vector: [1, 0.5, -1.25, 2], payload: {} },
        { id: '1', vector: [2, 0.5, -1.25, 2], payload: {} },
      ]);
    }
    await expect(read(fixture('pg_quoted.sql'), { table: 'items' })).rejects.toThrow(
      'has no table items; choose with --table one of public."my-items"',
    );
  });
});

const ITEMS = 'CREATE TABLE public.items (id bigint PRIMARY KEY, v public.vector(2), note text);\n';
const copy = (rows: string, columns = 'id, v, note') => `COPY public.items (${columns}) FROM stdin;\n${rows}\\.\n`;

describe('columns', () => {
  it('are decided by constraints that come after the rows', async () => {
    const table = 'CREATE TABLE public.items (id text, "Key" integer NOT NULL, v public.vector(2));\n';
    const rows = copy('a\t7\t[1,2]\na\t8\t[3,4]\n', 'id, "Key", v');
    const key = 'ALTER TABLE ONLY public.items\n    ADD CONSTRAINT items_pkey PRIMARY KEY ("Key");\n';
    const index = "CREATE INDEX i ON public.items USING hnsw (v public.vector_ip_ops) WITH (m='16');\n";
    const found = await read(file(table + rows + key + index));
    expect(found.points).toEqual([
      { id: '7', vector: [1, 2], payload: { id: 'a' } },
      { id: '8', vector: [3, 4], payload: { id: 'a' } },
    ]);
    expect(found.distance).toBe('dot');
    expect(found.understood).toEqual([
      'table: public.items',
      'id: column "Key" (integer, primary key)',
      'vector: column "v" (vector(2))',
      'payload: "id" (text)',
      'distance: dot (index of vector_ip_ops)',
    ]);
  });

  it('are refused as an id when they are several, or none is a key, until one is chosen', async () => {
    const rows = copy('1\t2\t[1,2]\n', 'a, b, v');
    const composite = `CREATE TABLE public.items (a int, b int, v public.vector(2), PRIMARY KEY (a, b));\n${rows}`;
    await expect(read(file(composite))).rejects.toThrow('has a primary key of 2 columns, a, b: choose');
    expect(ids(await read(file(composite), { id: 'b' }))).toEqual(['2']);
    const none = `CREATE TABLE public.items (a int, b int, v public.vector(2));\n${rows}`;
    await expect(read(file(none))).rejects.toThrow('with --id, of a, b, v');
    await expect(read(file(none), { id: 'c' })).rejects.toThrow('no column c for --id; choose one of a, b, v');
    const partial = `${none}CREATE UNIQUE INDEX u ON public.items USING btree (a) WHERE (b > 0);\n`;
    await expect(read(file(partial))).rejects.toThrow('--id');
  });

  it('of several vectors become named ones, and --vector and --payload choose', async () => {
    const table =
      'CREATE TABLE public.items (id uuid PRIMARY KEY, a public.vector(2), b public.halfvec(1), c public.sparsevec(9), d bit(3), e text);\n';
    const rows = copy('x\t[1,2]\t[3]\t{1:0.5,9:2}/9\t101\tt\ny\t[1,2]\t\\N\t\\N\t\\N\t\\N\n', 'id, a, b, c, d, e');
    const path = file(table + rows);
    const both = await read(path);
    expect(both.points).toEqual([
      {
        ...{ id: 'x', vector: [1, 2], vectors: { b: [3] }, sparse: { c: { indices: [0, 8], values: [0.5, 2] } } },
        payload: { d: '101', e: 't' },
      },
      { id: 'y', vector: [1, 2], payload: { d: null, e: null } },
    ]);
    expect(both.namedVectors).toEqual([{ name: 'b', dimension: 1 }]);
    expect(both.sparseVectors).toEqual(['c']);
    const bits = await read(path, { vector: 'd', payload: ['e', 'id'] });
    expect(bits.points[0]).toMatchObject({
      vector: [1, 0, 1],
      vectors: { a: [1, 2], b: [3] },
      payload: { e: 't', id: 'x' },
    });
    expect(bits.refused).toEqual([
      '4 y: it has no vector: column d is NULL; fill it, or choose another column with --vector',
    ]);
    const indexed = await read(file(`${table}${rows}CREATE INDEX i ON public.items USING hnsw (d bit_hamming_ops);\n`));
    expect(indexed.namedVectors).toEqual([
      { name: 'b', dimension: 1 },
      { name: 'd', dimension: 3, distance: 'euclidean' },
    ]);
  });

  it('of lists become the vector when they are chosen', async () => {
    const table = 'CREATE TABLE public.items (id int PRIMARY KEY, a double precision[], j jsonb);\n';
    const path = file(table + copy('1\t{1,2.5}\t[3, 4, 5]\n2\t{1,NULL}\t{"a": 1}\n', 'id, a, j'));
    await expect(read(path)).rejects.toThrow('no table with a column of type vector');
    const list = await read(path, { table: 'items', vector: 'a' });
    expect([list.points[0].vector, list.dimension]).toEqual([[1, 2.5], 2]);
    expect(list.refused).toEqual(['4 2: column a: a vector must be a list such as [1,2,3], not "{1,NULL}"']);
    const json = await read(path, { vector: 'j' });
    expect([json.points[0].vector, json.dimension]).toEqual([[3, 4, 5], 3]);
  });

  it('without types are guessed from all their values', async () => {
    const path = file(copy('1\t[1,2]\t[1,2]\n2\t[3,4]\tx\n'));
    expect((await read(path)).points[1]).toEqual({ id: '2', vector: [3, 4], payload: { note: 'x' } });
    await expect(read(file(copy('1\t[1,2]\t[1,2]\n')))).rejects.toThrow('choose one with --vector, of v, note');
    await expect(read(file(copy('1\t[1,2]\tx\n', 'a, v, note')))).rejects.toThrow('--id');
  });
});

describe('rows', () => {
  it('keep every value, and name what has none', async () => {
    const table =
      'CREATE TABLE public.items (id int PRIMARY KEY, v public.vector(1), f double precision, n numeric, a integer[], b bytea, t timestamptz);\n';
    const rows = [
      '1\t[1]\tNaN\t12345678901234567890.12\t[0:1]={1,NULL}\t\\\\x00ff\t2024-01-01 00:00:00+00',
      '2\t[1]\t-0\t2.50\t{{1},{2}}\t\\N\tinfinity',
      '3\t[1]\t1e-07\tNaN\t{}\t\\N\t\\N',
    ];
    const { points } = await read(file(table + copy(`${rows.join('\n')}\n`, 'id, v, f, n, a, b, t')));
    expect(
      points.map(({ payload, ...rest }) => ({ payload, ...('leftOut' in rest ? { leftOut: rest.leftOut } : {}) })),
    ).toEqual([
      {
        payload: { n: '12345678901234567890.12', a: [1, null], b: '\\x00ff', t: '2024-01-01 00:00:00+00' },
        leftOut: ['n as a number', 'f'],
      },
      { payload: { f: 0, n: 2.5, a: [[1], [2]], b: null, t: 'infinity' } },
      { payload: { f: 1e-7, a: [], b: null, t: null }, leftOut: ['n'] },
    ]);
  });

  it('that are wrong are refused with place and id, and the others come', async () => {
    const rows = '1\t[1,2]\ta\n2\t[1,2,3]\tb\n3\t[1,x]\tc\n4\t[1,2]\n\\N\t[1,2]\te\n6\t[1e39,2]\tf\n7\t[1,2]\tg\n';
    const found = await read(file(ITEMS + copy(rows)));
    expect(ids(found)).toEqual(['1', '7']);
    expect(found.refused).toEqual([
      '4 2: the vector has 3 dimensions, and must have 2 as those of most rows',
      '5 3: column v: a vector must be a list such as [1,2,3], not "[1,x]"',
      '6 -: it must have 3 values, one for each column of public.items, not 2',
      '7 -: it has no id: an id must be text or an integer, not null',
      '8 6: the vector: position 0 must be a finite number of 32 bits',
    ]);
  });

  it('that are no UTF-8, or hold what no payload may, are refused', async () => {
    const json = ITEMS.replace('note text', 'note json');
    const rows = Buffer.concat([
      Buffer.from(`${json}COPY public.items (id, v, note) FROM stdin;\n1\t[1,2]\t"`),
      Buffer.of(0xff),
      Buffer.from(
        '"\n2\t[1,2]\t{"a":1,"a":2}\n3\t[1,2]\t{"n":123456789012345678901}\n4\t[1,2]\t{"__proto__":1}\n\\.\n',
      ),
    ]);
    const { refused, points } = await read(file(rows));
    expect(points).toEqual([]);
    expect(refused).toEqual([
      '3 -: it is not UTF-8; make the dump again with pg_dump --encoding=UTF8',
      expect.stringContaining('4 2: column note: the JSON: the key "a" occurs twice'),
      expect.stringContaining('5 3: payload.note.n has no exact form'),
      '6 4: a payload key must not be __proto__',
    ]);
  });

  it('after the file was cut off are reported', async () => {
    const torn = (text: string) => read(file(ITEMS + text));
    const head = 'COPY public.items (id, v, note) FROM stdin;\n1\t[1,2]\ta\n';
    const inRow = await torn(`${head}2\t[1,2`);
    expect([ids(inRow), inRow.refused]).toEqual([
      ['1'],
      ['4 -: the file ends within this row: what follows was cut off; make the dump again'],
    ]);
    const behind = await torn(head);
    expect([ids(behind), behind.refused]).toEqual([
      ['1'],
      ['4 -: the file ends here, before the end of the table: what follows was cut off; make the dump again'],
    ]);
    const insert = await torn("INSERT INTO public.items VALUES (1, '[1,2]', 'a'),\n(2, '[1,");
    expect([ids(insert), insert.refused]).toEqual([
      ['1'],
      ['3 -: the file ends within this row: what follows was cut off; make the dump again'],
    ]);
  });

  it('of other writers of INSERT are read: casts, arrays, signs, E strings, expressions refused', async () => {
    const table = 'create table if not exists Items (ID int primary key, v vector(2), note text, a int[]);\n';
    const rows = [
      "insert into items values (1, '[1,2]'::vector, E'a\\n\\'\\u00e9', ARRAY[1, -2]) on conflict do nothing;",
      "INSERT INTO public.items (id, v) VALUES (-2, '[3,4]'), (3, null), -- a comment; with (",
      "  (4, ('[5,6]')), (5, '[5,6]');",
    ];
    const found = await read(file(table + rows.join('\n')));
    expect(found.points).toEqual([
      { id: '1', vector: [1, 2], payload: { note: "a\n'é", a: [1, -2] } },
      { id: '-2', vector: [3, 4], payload: {} },
      { id: '5', vector: [5, 6], payload: {} },
    ]);
    expect(found.refused).toEqual([
      '3 3: it has no vector: column v is NULL; fill it, or choose another column with --vector',
      '4 -: a value must be a literal, not the expression ( [5,6] )',
    ]);
  });
});

describe('dumps', () => {
  it('of several tables or databases say which there are', async () => {
    const other = ITEMS.replace('items', 'others') + copy('9\t[1,2]\tx\n').replace('items', 'others');
    const two = ITEMS + copy('1\t[1,2]\tx\n') + other;
    await expect(read(file(two))).rejects.toThrow(
      'vectors in the tables public.items, public.others: choose one with --table',
    );
    expect(ids(await read(file(two), { table: 'others' }))).toEqual(['9']);
    const databases = `\\connect a\n${two}\\connect -reuse-previous=on "dbname='b'"\n${two.replace('9\t', '8\t')}`;
    await expect(read(file(databases), { table: 'others' })).rejects.toThrow(
      'several tables others; choose with --table one of a.public.others, b.public.others',
    );
    expect(ids(await read(file(databases), { table: 'b.public.others' }))).toEqual(['8']);
  });

  it('in other forms are refused with what to do', async () => {
    const refused = (content: string | Buffer) => read(file(content));
    await expect(refused('PGDMP\x01\x0e')).rejects.toThrow(
      /custom format: make a plain one with pg_restore -f dump.sql/,
    );
    await expect(refused(Buffer.from('toc.dat\0\0'))).rejects.toThrow('tar format');
    await expect(read(dir)).rejects.toThrow('pg_restore -f dump.sql');
    await expect(refused(Buffer.from('\ufeff--\n', 'utf16le'))).rejects.toThrow('UTF-16');
    await expect(refused(`SET client_encoding = 'LATIN1';\n${ITEMS}`)).rejects.toThrow('--encoding=UTF8');
    await expect(refused(ITEMS)).rejects.toThrow('no table with rows');
    await expect(
      refused(Buffer.concat([Buffer.from('CREATE TABLE "'), Buffer.of(0xe9), Buffer.from('" (a int);\n')])),
    ).rejects.toThrow('not in UTF-8');
  });

  it('with a byte order mark, of old settings and with functions are read', async () => {
    const text = [
      '\ufeffSET search_path = shop, pg_catalog;',
      'SET standard_conforming_strings = off;',
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC',
      ' INSERT INTO items VALUES (7); SELECT CASE WHEN true THEN 1 END; END;',
      "CREATE FUNCTION g() RETURNS void AS $a$ COPY items FROM stdin; '$a$ LANGUAGE sql;",
      '/* a /* nested */ ; comment */ CREATE TABLE items (id int NOT NULL UNIQUE, v shop.vector(1), note text);',
      "INSERT INTO items VALUES (1, '[1]', 'a\\'b;\\\\');",
    ].join('\n');
    const found = await read(file(text), { table: 'shop.items' });
    expect(found.points).toEqual([{ id: '1', vector: [1], payload: { note: "a'b;\\" } }]);
    expect(found.understood[1]).toBe('id: column "id" (int, unique, not null)');
  });
});
