import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { parseJson, stringifyJson } from '@vectron/model';
import fc from 'fast-check';
import { openSource } from './open-source.js';
import { type ColumnChoice, isRefused } from './rows.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-sources-'));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
const fixture = (name: string) => join('apps/cli/src/fixtures', name);

/** `line: id vector payload`, or `line: id! reason`, of every row. */
async function told(path: string, choice: ColumnChoice = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const row of (await openSource(path, choice)).rows()) {
    const { line } = row.place;
    if (isRefused(row)) lines.push(`${line}: ${row.id ?? '?'}! ${row.reason}`);
    else {
      const { id, vector = [], payload, ...more } = row.point;
      const rest = row.leftOut === undefined ? '' : ` without ${row.leftOut.map(({ what }) => what).join(', ')}`;
      const parts = [stringifyJson(payload ?? null), ...(Object.keys(more).length > 0 ? [stringifyJson(more)] : [])];
      lines.push(`${line}: ${id} [${Array.from(vector)}] ${parts.join(' ')}${rest}`);
    }
  }
  return lines;
}
const jsonl = (lines: string[], choice?: ColumnChoice) => told(file('rows.jsonl', lines.join('\n')), choice);

describe('JSON lines', () => {
  it('are read with a byte order mark, and with U+2028 and others in texts', async () => {
    expect((await told(fixture('bom.jsonl'))).length).toBe(5);
    expect(await told(fixture('u2028.jsonl'))).toEqual([
      '1: r0 [1,0.5,-1.25,2] {"n":0}',
      '2: r1 [2,0.5,-1.25,2] {"n":1,"t":"line\u2028sep"}',
      '3: r2 [3,0.5,-1.25,2] {"n":2,"t":"para\u2029sep"}',
      '4: r3 [4,0.5,-1.25,2] {"n":3,"t":"nel\u0085vt\\u000bff"}',
    ]);
  });

  it('whose vectors hold something else than numbers are refused, each with what it is', async () => {
    expect(await told(fixture('x_null.jsonl'))).toEqual([
      '1: nul! vector[1] must be a number, not null',
      '2: str! vector[0] must be a number, not "1"',
      '3: bool! vector[0] must be a number, not true',
      '4: nest! vector[0] must be a number, not [1]',
      '5: empty! vector[0] must be a number, not ""',
      '6: hex! vector[0] must be a number, not "0x10"',
    ]);
    expect(
      await jsonl([
        '{"id":"a","vector":[1]}',
        '{"id":"b","vector":"AACAPw=="}',
        '{"id":"c","vector":{}}',
        '{"id":"d"}',
        '{"id":"e","vector":[]}',
      ]),
    ).toEqual([
      '1: a [1] null',
      '2: b! vector must be a list of numbers, not "AACAPw=="',
      '3: c! vector must be a list of numbers, not {}',
      '4: d! it has no vector: column "vector" is empty; fill it, or choose another column with --vector',
      '5: e! vector must not be an empty list',
    ]);
  });

  it('that are no JSON, no object, no UTF-8 or cut off are refused, and those after them are read', async () => {
    const good = '{"id":"a","vector":[1]}';
    const path = file(
      'broken.jsonl',
      Buffer.concat([
        Buffer.from(`\r\n${good}\r\n \t\n[1]\nnull\n{"id":"b","vector":[NaN]}\n{"id":"c","vector":[1e400]}\n`),
        Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
        Buffer.from('{"id":"d","vector":[1],"n":1,"n":2}\n{"id":"e","vector":[1],"t":"\0"}\n{"id":"f","vec'),
      ]),
    );
    const lines = await told(path);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['2:', '4:', '5:', '6:', '7:', '8:', '9:', '10:', '11:']);
    expect(lines[0]).toBe('2: a [1] null');
    expect(lines[1]).toBe('4: ?! a row must be a JSON object such as {"id": "a", "vector": [1, 2]}, not [1]');
    expect(lines[2]).toBe('5: ?! a row must be a JSON object such as {"id": "a", "vector": [1, 2]}, not null');
    expect(lines[3]).toMatch(
      /not JSON.*; NaN, which Python writes, is no JSON and no value of a point: write null or omit the field$/,
    );
    expect(lines[4]).toContain('too large for a double');
    expect(lines[5]).toBe('8: ?! it is not valid UTF-8; write the file in UTF-8');
    expect(lines[6]).toContain('the key "n" occurs twice in one object; send it once');
    // A control character within a string is no JSON.
    expect(lines[7]).toContain('is not JSON');
    expect(lines[8]).toMatch(
      /is not JSON.*; it is the last line, which may have been cut off: check that the file is complete$/,
    );
  });

  it('have ids that are text or integers, exactly; other rows are refused, never given an id', async () => {
    const ids = ['"x"', '7', '18446744073709551615', '-9223372036854775808', '340282366920938463463374607431768211455'];
    const wrong = ['1.5', 'null', 'true', '["a"]', '{"a":1}'];
    const lines = [...ids, ...wrong].map((id) => `{"id":${id},"vector":[1]}`);
    const read = await jsonl([...lines, '{"vector":[1]}']);
    expect(read.slice(0, 5).map((line) => line.split(' ')[1])).toEqual(ids.map((id) => id.replaceAll('"', '')));
    expect(read.slice(5)).toEqual([
      '6: ?! column "id": an id must be text or an integer, not 1.5',
      '7: ?! it has no id: column "id" is empty; fill it, or choose another column with --id',
      '8: ?! column "id": an id must be text or an integer, not true',
      '9: ?! column "id": an id must be text or an integer, not ["a"]',
      '10: ?! column "id": an id must be text or an integer, not {"a":1}',
      '11: ?! it has no id: column "id" is empty; fill it, or choose another column with --id',
    ]);
  });

  it('of points as Vectron exports them have all of their parts; what is beside them is left out by name', async () => {
    const line =
      '{"id":"a","vector":[1],"payload":{"n":9007199254740993},"sparse":{"s":{"indices":[1],"values":[0.5]}},"vectors":{"t":[2,3]},"ttlSeconds":60,"more":1}';
    expect(await jsonl([line])).toEqual([
      '1: a [1] {"n":9007199254740993} {"sparse":{"s":{"indices":[1],"values":[0.5]}},"vectors":{"t":[2,3]},"ttlSeconds":60} without more',
    ]);
    expect(await jsonl(['{"id":"a","vector":[1],"payload":{},"expiresAt":"2001-01-01T00:00:00Z"}'])).toEqual([
      '1: a! it expired at 2001-01-01T00:00:00Z; set a later expiresAt, or omit it',
    ]);
  });

  it('may have parts that come later than the rows from which the columns are understood', async () => {
    const plain = Array.from({ length: 1_001 }, (_, at) => `{"id":"p${at}","vector":[1]}`);
    const last = '{"id":"z","vector":[1],"payload":{"n":1},"vectors":{"t":[2]},"sparse":{},"ttlSeconds":60}';
    expect((await jsonl([...plain, last])).at(-1)).toBe(
      '1002: z [1] {"n":1} {"sparse":{},"vectors":{"t":[2]},"ttlSeconds":60}',
    );
  });

  it('of flat rows have every other column as their payload, whatever it is called', async () => {
    expect(await jsonl(['{"id":"a","vector":[1],"title":"x","payload":"y","ttlSeconds":60,"sparse":true}'])).toEqual([
      '1: a [1] {"title":"x","payload":"y","ttlSeconds":60,"sparse":true}',
    ]);
    expect(await jsonl(['{"id":"a","vector":[1],"b":2,"c":3}'], { payload: ['c'] })).toEqual([
      '1: a [1] {"c":3} without b',
    ]);
  });
});

describe('columns', () => {
  const numbers = (count: number) => JSON.stringify(Array.from({ length: count }, (_, at) => at + 0.5));
  const columnsOf = async (row: string, choice?: ColumnChoice) =>
    (await openSource(file('columns.jsonl', row), choice)).understood.join('; ');

  it('are found by their names, or by what they hold where that is clear', async () => {
    expect(await columnsOf(`{"id":1,"embedding":${numbers(3)},"bbox":[0,0,10,10]}`)).toBe(
      'id: column "id"; vector: column "embedding", 3 dimensions; payload: column bbox',
    );
    expect(await columnsOf(`{"_id":"x","features":${numbers(16)},"tags":[1,2]}`)).toMatch(
      /"_id"; vector: column "features", 16/,
    );
    expect(await columnsOf(`{"UUID":"x","Embedding":${numbers(3)}}`)).toMatch(/"UUID"; vector: column "Embedding"/);
  });

  it.each([
    [
      `{"key":"a","vector":${numbers(3)}}`,
      /the column of the id is ambiguous; choose it with --id, or number.*columns key, vector/,
    ],
    [
      `{"id":"a","box":${numbers(4)}}`,
      /the column of the vector is ambiguous; choose it with --vector; .*columns id, box/,
    ],
    [`{"id":"a","x":${numbers(16)},"y":${numbers(16)}}`, /the column of the vector is ambiguous/],
    [`{"id":"a","embedding":${numbers(3)},"embeddings":${numbers(3)}}`, /the column of the vector is ambiguous/],
    [`{"id":"a","words":[1,2,3,4,5,6,7,8,9]}`, /the column of the vector is ambiguous/],
    [`{"id":"a","meta":{"vector":[1,2]}}`, /the column of the vector is ambiguous/],
    [`{"meta":{"id":"a"},"vector":[1,2]}`, /the column of the id is ambiguous/],
  ])('of %s are not guessed', async (row, message) => {
    await expect(columnsOf(row)).rejects.toThrow(message);
  });

  it('are those that were named, also within others', async () => {
    const row = '{"key":"k","id":"a","a":[1,2],"vector":[3],"meta":{"id":7}}';
    expect(await jsonl([row], { id: 'key', vector: 'a', payload: ['id'] })).toEqual([
      '1: k [1,2] {"id":"a"} without vector, meta',
    ]);
    expect(await jsonl([row], { id: 'meta.id', payload: ['key'] })).toEqual([
      '1: 7 [3] {"key":"k"} without id, a, meta',
    ]);
    expect(await jsonl([row, row], { id: 'row', payload: ['key'] })).toEqual([
      '1: 0 [3] {"key":"k"} without id, a, meta',
      '2: 1 [3] {"key":"k"} without id, a, meta',
    ]);
    for (const choice of [{ id: 'no' }, { vector: 'no' }, { payload: ['no'] }])
      await expect(jsonl([row], choice)).rejects.toThrow('no: ');
  });

  it('of Parquet may hold the only id within another one, which is named by its path', async () => {
    await expect(told(fixture('nestedid.parquet'))).rejects.toThrow(
      /the column of the id is ambiguous.*columns vector, meta/,
    );
    expect((await told(fixture('nestedid.parquet'), { id: 'meta.id' }))[0]).toMatch(/^1: \S+ \[/);
    expect((await told(fixture('c_ZSTD.parquet'))).length).toBe(6);
  });
});

describe('a JSON array', () => {
  it('is read element by element with its line, whatever is in texts', async () => {
    const rows = ['{"id":"a","vector":[1],"t":"],[{\\"\\\\"}', '{"id":18446744073709551615,"vector":[2]}'];
    const expected = ['2: a [1] {"t":"],[{\\"\\\\"}', '4: 18446744073709551615 [2] {}'];
    expect(await told(file('a.json', `[\n${rows[0]}\n,\n${rows[1]}]\n`))).toEqual(expected);
    expect(
      await told(
        file(
          'b.json',
          `\ufeff{"version": [1], "name": "}", "points": [\n${rows[0]}\n,\n${rows[1]}], "end": {"a": []}}`,
        ),
      ),
    ).toEqual(expected);
    expect(await told(file('c.json.gz', gzipSync(`[\n${rows[0]}\n,\n${rows[1]}]`)))).toEqual(expected);
    expect(await told(file('d.json', rows.join('\n')))).toHaveLength(2);
    expect(await told(file('e.json', '[]'))).toEqual([]);
  });

  it.each([
    ['[{"id":"a","vector":[1]},{"id":"b","vec', 2, 'the file ends within this row: it was cut off'],
    ['[{"id":"a","vector":[1]},', 2, 'the file ends before its list does: it was cut off'],
    ['[{"id":"a","vector":[1]}', 1, 'the file ends within this row: it was cut off'],
    ['{"points":[{"id":"a","vector":[1]}]', 2, 'the file ends before its list does: it was cut off'],
    ['[{"id":"a","vector":[1]}] x', 2, 'something follows on the end of the JSON value'],
    ['[{"id":"a","vector":[1]},,{"id":"b","vector":[1]}]', 2, 'a comma without an element before it'],
    ['[{"id":"a","vector":[1]},]', 2, 'a comma without an element after it'],
  ])('%s says what is wrong with it', async (text, count, reason) => {
    const lines = await told(file('broken.json', text));
    expect(lines).toHaveLength(count);
    expect(lines.at(-1)).toContain(reason);
  });

  it('has the elements that a parser of the whole text finds, at any cut of its bytes', async () => {
    const rows = fc.array(
      fc.record({ id: fc.string({ minLength: 1 }), vector: fc.constant([1]), v: fc.jsonValue({ maxDepth: 3 }) }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(0, 1, 2), async (values, space) => {
        const sound = values.filter(({ v }) => !JSON.stringify(v).includes('__proto__'));
        const path = file('any.json', JSON.stringify(sound, undefined, space));
        const read: unknown[] = [];
        for await (const row of (await openSource(path)).rows()) {
          if (isRefused(row)) throw new Error(row.reason);
          read.push({ id: row.point.id, vector: row.point.vector, ...row.point.payload });
        }
        expect(read).toEqual(parseJson(JSON.stringify(sound)));
      }),
      { numRuns: 200, seed: 20_261_127 },
    );
  });
});

describe('CSV', () => {
  it('is text in its cells, with a vector as a JSON list, lines, quotes and line ends of its own', async () => {
    const text =
      '\ufeffid,vector,zip,note\r\n1,"[1, 2.5]",01234,"a ""b"",\nc"\r\n\r\n2,"[3,4]",,\r\n3,[5],x\r\n4,"[1,null]",,\n,"[1,2]",,\n';
    expect(await told(file('a.csv', text))).toEqual([
      '2: 1 [1,2.5] {"zip":"01234","note":"a \\"b\\",\\nc"}',
      '5: 2 [3,4] {}',
      '6: ?! it must have 4 cells, one for each column, not 3',
      '7: 4! vector[1] must be a number, not null',
      '8: ?! it has no id: column "id" is empty; fill it, or choose another column with --id',
    ]);
    expect(await told(file('a.tsv', 'id\tembedding\tt\na\t[1,2]\tx,y\n'))).toEqual(['2: a [1,2] {"t":"x,y"}']);
    expect(await told(file('b.csv', 'id,vector,payload\na,[1],"{""n"": 9007199254740993}"\n'))).toEqual([
      '2: a [1] {"n":9007199254740993}',
    ]);
  });

  it('whose quotes or names are wrong is refused, with the line', async () => {
    await expect(told(file('q.csv', 'id,vector\na,[1]\nb,"[2]\nc,[3]\n'))).rejects.toThrow(
      /cannot be read to its end: .*line/,
    );
    await expect(told(file('n.csv', 'id,id\n1,2\n'))).rejects.toThrow('two columns are called id');
    await expect(told(file('z.csv', ''))).rejects.toThrow('is empty');
    expect(await told(file('u.csv', Buffer.from('id,vector\n\xff,[1]\n', 'latin1')))).toEqual([
      '2: ?! column "id" must be valid UTF-8',
    ]);
  });
});

describe('a matrix', () => {
  function npy(type: string, shape: string, data: Buffer, fortran = 'False'): Buffer {
    const header = `{'descr': '${type}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`.padEnd(117);
    const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length + 1, 0]);
    return Buffer.concat([start, Buffer.from(`${header}\n`), data]);
  }
  const values = [1, -2, 3, 4, 5, 6];
  const written: Record<string, (view: DataView, at: number, isLittle: boolean, value: number) => void> = {
    f4: (view, at, isLittle, value) => view.setFloat32(at * 4, value, isLittle),
    f8: (view, at, isLittle, value) => view.setFloat64(at * 8, value, isLittle),
    i1: (view, at, _, value) => view.setInt8(at, value),
    i2: (view, at, isLittle, value) => view.setInt16(at * 2, value, isLittle),
    i4: (view, at, isLittle, value) => view.setInt32(at * 4, value, isLittle),
    i8: (view, at, isLittle, value) => view.setBigInt64(at * 8, BigInt(value), isLittle),
  };
  const types = Object.keys(written).flatMap((kind) => [`<${kind}`, `>${kind}`]);

  it.each(types)('of .npy is read as %s in C and Fortran order', async (type) => {
    const bytes = (order: number[]) => {
      const data = Buffer.alloc(6 * Number(type[2]));
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      order.forEach((value, at) => {
        written[type.slice(1)](view, at, type[0] === '<', value);
      });
      return data;
    };
    const expected = ['1: 0 [1,-2,3] null', '2: 1 [4,5,6] null'];
    expect(await told(file('c.npy', npy(type, '2, 3', bytes(values))))).toEqual(expected);
    expect(await told(file('f.npy', npy(type, '2, 3', bytes([1, 4, -2, 5, 3, 6]), 'True')))).toEqual(expected);
  });

  it('of halves is read exactly, and larger ones block by block in either order', async () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x3800, 0x7bff, 0x0001, 0x8000]);
    expect(await told(file('h.npy', npy('<f2', '2, 3', Buffer.from(halves.buffer))))).toEqual([
      '1: 0 [1,-2,0.5] null',
      `2: 1 [65504,${2 ** -24},0] null`,
    ]);
    // More than a million values: several blocks.
    const [rows, columns] = [40_000, 40];
    const order = (at: number, i: number) => (at * 31 + i * 7) % 251;
    const [c, f] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
    for (let at = 0; at < rows; at++) {
      for (let i = 0; i < columns; i++) {
        c[at * columns + i] = order(at, i);
        f[i * rows + at] = order(at, i);
      }
    }
    for (const [name, matrix, fortran] of [
      ['c', c, 'False'],
      ['f', f, 'True'],
    ] as const) {
      const source = await openSource(
        file(`large-${name}.npy`, npy('<f4', `${rows}, ${columns}`, Buffer.from(matrix.buffer), fortran)),
      );
      let at = 0;
      let wrong = 0;
      for await (const row of source.rows()) {
        if (isRefused(row)) throw new Error(row.reason);
        const vector = row.point.vector as Float32Array;
        if (row.point.id !== String(at) || vector.some((value, i) => value !== order(at, i))) wrong += 1;
        at += 1;
      }
      expect([name, at, wrong]).toEqual([name, rows, 0]);
    }
  });

  it.each([
    ['one.npy', npy('<f4', '4,', Buffer.alloc(16)), 'has an array of 1 dimensions; export one with two'],
    ['three.npy', npy('<f4', '1, 2, 2', Buffer.alloc(16)), 'has an array of 3 dimensions'],
    ['short.npy', npy('<f4', '3, 2', Buffer.alloc(16)), 'ends early'],
    ['long.npy', npy('<f4', '1, 2', Buffer.alloc(16)), 'is longer than it says'],
    ['complex.npy', npy('<c8', '1, 2', Buffer.alloc(16)), 'has values of type <c8'],
    ['text.npy', Buffer.from('no array'), 'is not a .npy file'],
  ])('%s is refused', async (name, content, message) => {
    await expect(told(file(name, content))).rejects.toThrow(message);
  });

  it('of .fvecs, .ivecs and .bvecs is read, and a torn one is refused', async () => {
    const fvecs = Buffer.alloc(24);
    fvecs.writeInt32LE(2, 0);
    fvecs.writeFloatLE(1.5, 4);
    fvecs.writeInt32LE(2, 12);
    fvecs.writeFloatLE(-1, 20);
    expect(await told(file('a.fvecs', fvecs))).toEqual(['1: 0 [1.5,0] null', '2: 1 [0,-1] null']);
    await expect(told(file('torn.fvecs', fvecs.subarray(0, 20)))).rejects.toThrow(
      'is not a .fvecs file, or is truncated; export it again',
    );
    expect(await told(file('a.ivecs', Buffer.from(new Int32Array([2, -7, 8]).buffer)))).toEqual(['1: 0 [-7,8] null']);
    expect(await told(file('a.bvecs', Buffer.from([2, 0, 0, 0, 255, 1])))).toEqual(['1: 0 [255,1] null']);
    const other = Buffer.from(new Int32Array([1, 5, 9, 5]).buffer);
    await expect(told(file('other.ivecs', other))).rejects.toThrow('row 2 has 9 dimensions');
  });
});

it('a file of no known format is refused by name', async () => {
  await expect(openSource(file('a.xls', 'x'))).rejects.toThrow('is unknown; the supported formats are');
  await expect(openSource(file('a.npz', 'PK\x03\x04'))).rejects.toThrow('a zip archive, such as .npz: unpack it');
  await expect(openSource(file('a.jsonl', 'ARROW1\0\0'))).rejects.toThrow(
    'an Arrow (Feather) file: write it as Parquet',
  );
  await expect(openSource(join(dir, 'nowhere.jsonl'))).rejects.toThrow('nowhere.jsonl cannot be read');
  await expect(openSource(dir)).rejects.toThrow('is not a file; pass the path of a file');
});
