import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { openDump } from '../open-dump.js';
import { type ColumnChoice, isRefused } from '../rows.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-dumps-'));
const fixture = (name: string) => join('apps/cli/src/fixtures/dumps', name);
let files = 0;
const file = (content: string | Buffer, name = 'dump.json') => {
  files += 1;
  const folder = join(dir, String(files));
  mkdirSync(folder);
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
/** Points, and refusals as `line id: reason`. */
async function read(kind: string, path: string, choice: ColumnChoice = {}) {
  const source = await openDump(kind, path, choice);
  const points: Record<string, unknown>[] = [];
  const refused: string[] = [];
  for await (const row of source.rows()) {
    if (isRefused(row)) refused.push(`${row.place.line} ${row.id ?? '-'}: ${row.reason}`);
    else points.push({ ...row.point, ...(row.leftOut === undefined ? {} : { leftOut: row.leftOut }) });
  }
  return { ...source, points, refused };
}
const f32 = (...numbers: number[]) => Float32Array.of(...numbers);

describe('dumps of Qdrant', () => {
  it('that went wrong bring named and sparse vectors, and exact ids', async () => {
    const named = await read('qdrant', fixture('q_named1.json'));
    expect(named.points).toEqual(
      [0, 1, 2].map((at) => ({
        ...{ id: String(at), vector: f32(at + 1, 0.5, -1.25, 2), payload: {} },
        sparse: { sp: { indices: [1, 7], values: [0.5, 2] } },
      })),
    );
    expect([named.sparseVectors, named.dimension]).toEqual([['sp'], 4]);
    const exact = await read('qdrant', fixture('q_u64.json'));
    expect(exact.points.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5].map((at) => `730000000000000010${at}`));
    expect(exact.points.map(({ payload }) => payload)).toEqual(
      [0n, 1n, 2n, 3n, 4n].map((more) => ({ snow: 1700000000123456700n + more })),
    );
  });

  it('of several vectors take the one that most points have first, or the one chosen', async () => {
    const lines = ['{"id":1,"vector":{"a":[1,2],"b":[3]}}', '{"id":2,"vector":{"b":[4]}}'].join('\n');
    const most = await read('qdrant', file(lines));
    expect(most.points).toEqual([
      { id: '1', vector: f32(3), vectors: { a: f32(1, 2) }, payload: {} },
      { id: '2', vector: f32(4), payload: {} },
    ]);
    expect(most.namedVectors).toEqual([{ name: 'a', dimension: 2 }]);
    const chosen = await read('qdrant', file(lines), { vector: 'a' });
    expect(chosen.points.map(({ vector }) => vector)).toEqual([f32(1, 2)]);
    expect(chosen.refused).toEqual([
      '2 2: it has no vector a, which is the first one of the points, but b; choose another with --vector',
    ]);
    await expect(read('qdrant', file(lines), { vector: 'c' })).rejects.toThrow(
      'no vector c for --vector; choose one of a, b',
    );
  });

  it('refuse a row that is wrong with its line and id, and read the others', async () => {
    const lines = [
      '{"id":1,"payload":{"n":1},"vector":null}',
      '{"id":2,"vector":[1,null]}',
      '{"id":3,"vector":[1,NaN]}',
      '{"id":4,"vector":[1,2],"payload":{"a":1,"a":2}}',
      '{"id":-5,"vector":[1,2]}',
      '{"id":6.5,"vector":[1,2]}',
      '{"id":7,"vector":[1,2',
      '{"id":8,"vector":[1,2,3]}',
      '{"id":"9","vector":[1,2],"payload":[]}',
      '{"wrong":1}',
      '17',
      '',
      '{"id":10,"vector":[1,2],"shard_key":"eu","payload":{"text":"\u2028"}}',
      '{"id":11,"vector":[3,4]}\r',
      '{"id":12,"vector":[5',
    ];
    const { points, refused, total } = await read('qdrant', file(lines.join('\n')));
    expect(points).toEqual([
      {
        ...{ id: '10', vector: f32(1, 2), payload: { text: '\u2028' } },
        leftOut: [{ what: 'shard_key', reason: 'the shard of a point is decided by its id here' }],
      },
      { id: '11', vector: f32(3, 4), payload: {} },
    ]);
    expect(refused).toEqual([
      '1 1: it has no vector: scroll with "with_vector": true',
      '2 2: vector[1] must be a number, not null',
      expect.stringMatching(/^3 -: .*NaN, which Python writes, is no JSON/),
      expect.stringMatching(/^4 -: .*the key "a" occurs twice in one object; send it once/),
      '5 -5: an id must be a UUID or an unsigned 64-bit integer, not -5',
      '6 -: an id must be a UUID or an unsigned 64-bit integer, not 6.5',
      '7 -: the line ends within the value; write each value on one line',
      '8 8: the vector has 3 dimensions, and must have 2 as those of most rows',
      '9 9: a payload must be an object, not []',
      '10 -: a Qdrant point must be an object with id, vector and payload, not {"wrong":1}',
      '11 -: a row must be a JSON object such as {"id": "a", "vector": [1, 2]}, not 17',
      '15 -: the file ends within the value: what follows was cut off; export it again',
    ]);
    expect(total).toBe(14);
  });

  it('of one document that is broken or cut off keep the rows before', async () => {
    const head = '{"status":"ok","result":{"points":[\n{"id":1,"vector":[1,2]},\n';
    const torn = await read('qdrant', file(`${head}{"id":2,"vec`));
    expect([torn.points.length, torn.refused]).toEqual([
      1,
      ['3 -: the file ends within the value: what follows was cut off; export it again'],
    ]);
    const broken = await read('qdrant', file(`${head}{"id":2,"vector":[3,4]} {"id":3}]}}`));
    expect([broken.points.length, broken.refused]).toEqual([
      2,
      ['3 -: the JSON is broken: a comma is expected here; correct it, or export the file again'],
    ]);
    const page = `${JSON.stringify({ result: { points: [{ id: 1, vector: [1] }] } })}\n{"result":{"points":[{"id":2,"vector":[2]}\n{"result":{"points":[{"id":3,"vector":[3]}]}}\n`;
    const lines = await read('qdrant', file(page));
    expect(lines.points.map(({ id }) => id)).toEqual(['1', '2', '3']);
    expect(lines.refused).toEqual([
      '2 -: the JSON is broken: the line ends within a list or an object; correct it, or export the file again',
    ]);
  });

  it('are read compressed and with a byte order mark; snapshots are refused with what to do', async () => {
    const text = '\ufeff{"result":{"points":[{"id":1,"vector":[1,2]}]}}';
    expect((await read('qdrant', file(gzipSync(text)))).points).toHaveLength(1);
    await expect(read('qdrant', file('', 'c.snapshot'))).rejects.toThrow("a snapshot, of Qdrant's own storage");
    await expect(read('qdrant', dir)).rejects.toThrow('points/scroll with "with_vector": true');
  });

  it('of a row larger than what is read at once come whole', async () => {
    const long = 'x'.repeat(3 << 20);
    const rows = [1, 2].map((id) => JSON.stringify({ payload: { long }, id, vector: [id] }));
    for (const text of [rows.join('\n'), `{"result":{"points":[${rows.join(' ,\n')}]}}`]) {
      const { points, refused } = await read('qdrant', file(text));
      expect(refused).toEqual([]);
      expect(points.map(({ id, payload }) => [id, (payload as { long: string }).long.length])).toEqual([
        ['1', long.length],
        ['2', long.length],
      ]);
    }
  });
});

describe('dumps of Chroma', () => {
  it('refuse records that are wrong, and read the others', async () => {
    const text =
      '{"ids":["a","b","c",4],\n"embeddings":[[1,2],null,[1,"x"],[3,4]],\n"metadatas":[{"k":1},{"k":2},null,{"v":{"#type":"sparse_vector","indices":[5],"values":[1]}}],"documents":["t",null,null,null]}';
    const { points, refused, total, sparseVectors } = await read('chroma', file(text));
    expect(points).toEqual([
      { id: 'a', vector: f32(1, 2), payload: { k: 1, document: 't' } },
      { id: '4', vector: f32(3, 4), payload: {}, sparse: { v: { indices: [5], values: [1] } } },
    ]);
    expect(refused).toEqual([
      expect.stringMatching(/^1 b: it has no embedding: export with collection.get/),
      '1 c: the embedding[1] must be a number, not "x"',
    ]);
    expect([total, sparseVectors]).toEqual([4, ['v']]);
    const text2 = '{"ids":["a"],"embeddings":["[0.1 ... 0.2]"],"metadatas":["x"]}';
    expect((await read('chroma', file(text2))).refused[0]).toMatch(
      /^1 a: the metadata must be an object|^1 a: the embedding is text/,
    );
  });

  it('are refused whole when it cannot be told what belongs together', async () => {
    await expect(read('chroma', file('{"ids":["a","b"],"embeddings":[[1]]}'))).rejects.toThrow(
      'there are 2 ids but 1 embeddings; export them again with equal lengths',
    );
    await expect(read('chroma', file('{"ids":[["a"]],"embeddings":[[[1]]]}'))).rejects.toThrow(
      'as collection.query gives it',
    );
    await expect(read('chroma', file('{"points":[]}'))).rejects.toThrow('has a list "ids"');
    await expect(read('chroma', file('SQLite format 3\0'))).rejects.toThrow('chromadb.PersistentClient');
    await expect(read('chroma', dir)).rejects.toThrow('chromadb.PersistentClient');
  });

  it('that were cut off keep the records whose parts are all there', async () => {
    const torn = await read('chroma', file('{"ids":["a","b"],"embeddings":[[1,2],[3'));
    expect(torn.points).toEqual([{ id: 'a', vector: f32(1, 2), payload: {} }]);
    expect(torn.refused[0]).toMatch(/^1 b: it has no embedding/);
  });
});

describe('dumps of Weaviate', () => {
  it('of several classes ask for one, and refuse objects that are wrong', async () => {
    const lines = [
      '{"class":"A","id":"1","properties":{"where":{"latitude":1,"longitude":2}},"vector":[1,2],"tenant":"t"}',
      '{"class":"B","id":"2","properties":{},"vector":[1]}',
      '{"class":"A","properties":{}}',
      '{"class":"A","id":"4","properties":7,"vector":[1,2]}',
    ].join('\n');
    await expect(read('weaviate', file(lines))).rejects.toThrow('has objects of A, B: choose one class with --table');
    await expect(read('weaviate', file(lines), { table: 'C' })).rejects.toThrow('no class C; choose one of A, B');
    const { points, refused, understood } = await read('weaviate', file(lines), { table: 'A' });
    expect(points).toEqual([
      {
        ...{ id: '1', vector: f32(1, 2), payload: { where: { lat: 1, lon: 2 } } },
        leftOut: [{ what: 'tenant', reason: expect.stringContaining('no tenants') }],
      },
    ]);
    expect(refused).toEqual([
      expect.stringMatching(/^3 -: an object of Weaviate must have an "id" or "uuid", not nothing/),
      '4 4: properties must be an object, not 7',
    ]);
    expect(understood[0]).toBe('class: A');
    await expect(read('weaviate', dir)).rejects.toThrow('restore it in Weaviate');
  });
});

describe('files of Milvus', () => {
  it('ask for the primary key and the vector where neither is clear', async () => {
    await expect(read('milvus', fixture('milvus/json.json'))).rejects.toThrow(
      'does not say which column is the primary key',
    );
    await expect(read('milvus', fixture('milvus/json.json'), { id: 'no' })).rejects.toThrow('no column no for --id');
    const rows = '{"rows":[{"id":1,"a":[1,2]},{"id":2,"a":[3,4]}]}';
    await expect(read('milvus', file(rows))).rejects.toThrow(
      'no column of vectors; choose one with --vector; its columns are id, a',
    );
    expect((await read('milvus', file(rows), { vector: 'a' })).points[1]).toEqual({
      id: '2',
      vector: f32(3, 4),
      payload: {},
    });
    await expect(read('milvus', dir)).rejects.toThrow('query_iterator');
  });

  it('keep a column before one of $meta, and name what they leave out', async () => {
    const rows =
      '{"rows":[{"id":1,"vector":[0.5,2],"x":1,"$meta":{"x":2,"y":3}},{"id":2,"vector":[0.5],"$meta":"{\\"y\\":4}"}]}';
    const { points, refused } = await read('milvus', file(rows), { vector: 'vector' });
    expect(points).toEqual([
      {
        ...{ id: '1', vector: f32(0.5, 2), payload: { x: 1, y: 3 } },
        leftOut: [{ what: '$meta.x', reason: 'a column has this name' }],
      },
    ]);
    expect(refused).toEqual(['1 2: the vector has 1 dimensions, and must have 2 as those of most rows']);
    expect((await read('milvus', fixture('milvus/parquet.parquet'), { id: 'key' })).understood.join('\n')).toMatch(
      /left out: half \(bytes, of a BinaryVector.*\n.*brain/s,
    );
  });

  it('of NumPy are refused when they do not belong together, or end early', async () => {
    const copied = join(dir, 'numpy');
    cpSync(fixture('milvus/numpy.columns'), copied, { recursive: true });
    const ok = readFileSync(join(copied, 'ok.npy'));
    writeFileSync(join(copied, 'ok.npy'), ok.subarray(0, -1));
    await expect(read('milvus', copied, { id: 'key' })).rejects.toThrow('ok.npy ends early');
    writeFileSync(join(copied, 'ok.npy'), Buffer.from(ok.toString('latin1').replace('(4,)', '(3,)'), 'latin1'));
    await expect(read('milvus', copied, { id: 'key' })).rejects.toThrow('export them again with equal lengths');
  });
});

describe('tables of LanceDB', () => {
  it('in other forms are refused with the line of Python that writes them', async () => {
    await expect(read('lancedb', dir)).rejects.toThrow('pyarrow.parquet.write_table(table.to_arrow(), "rows.parquet")');
    await expect(read('lancedb', file('{"id":{"0":1},"vector":{"0":[1,2]}}'))).rejects.toThrow(
      'orient="records", lines=True',
    );
    await expect(read('lancedb', file('{"key":1,"vector":[0.5,2]}'))).rejects.toThrow(
      'with --id, or number the rows with --id row',
    );
    expect((await read('lancedb', file('{"key":7,"vector":[0.5,2]}'), { id: 'row' })).points).toEqual([
      { id: '0', vector: f32(0.5, 2), payload: { key: 7 } },
    ]);
  });

  it.each(['file.arrow', 'stream.arrows', 'lz4.feather'])('%s that was cut off anywhere is refused', async (name) => {
    const bytes = readFileSync(fixture(`lancedb/${name}`));
    for (const length of [9, 100, bytes.length >> 1, bytes.length - 8, bytes.length - 1]) {
      await expect(read('lancedb', file(bytes.subarray(0, length)))).rejects.toThrow('is truncated');
    }
  });
});
