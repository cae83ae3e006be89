import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model/exact-json';
import { pointOf, understand } from './columns.js';
import { parquetRows } from './parquet.js';
import type { Row } from './rows.js';

const dir = 'apps/cli/src/fixtures/parquet';

interface Truth {
  readonly id: string;
  readonly vector: number[];
  readonly payload: Record<string, unknown>;
}
/** What pyarrow and polars wrote into each file; `{"$int": digits}` is a large integer. */
const truth = parseJson(readFileSync(join(dir, 'truth.json'), 'utf8')) as Record<string, Truth[]>;

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { $int } = value as { $int?: string };
  if ($int !== undefined) return BigInt($int);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

async function read(name: string): Promise<{ points: Truth[]; leftOut: string[] }> {
  const source = await parquetRows(new Blob([readFileSync(join(dir, name))]));
  const rows: Row[] = [];
  for await (const row of source.rows()) rows.push(row);
  expect(source.total).toBe(rows.length);
  const { id, vector, payload, dimension = 0 } = understand(rows);
  const points = rows.map((row) => {
    const point = pointOf(row, { id, vector, payload }, dimension);
    if ('reason' in point) throw new Error(`line ${row.line}: ${point.reason}`);
    return { ...point, vector: Array.from(Float32Array.from(point.vector)) };
  });
  return { points, leftOut: source.leftOut.map((one) => one.split(' ')[0]) };
}

describe('a Parquet file of pyarrow or polars in the console', () => {
  it.each(Object.keys(truth))(
    '%s is read as it was written, but for the columns that it says are left out',
    async (name) => {
      const { points, leftOut } = await read(name);
      const expected = truth[name].map(({ payload, ...point }) => {
        const kept = Object.entries(payload).filter(([key]) => !leftOut.includes(key));
        return plain({ ...point, payload: Object.fromEntries(kept) });
      });
      expect(points).toEqual(expected);
    },
  );

  it('leaves decimals, times of day and maps out by name', async () => {
    expect((await read('times.parquet')).leftOut).toEqual(['time_ms', 'time_us', 'time_ns']);
    expect((await read('decimals.parquet')).leftOut).toEqual(['d9_2', 'd15_3', 'd18_4', 'd18_0', 'd38_10']);
  });
});
