import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model';
import { openSource } from '../open-source.js';
import { isRefused } from '../rows.js';

const dir = 'apps/cli/src/fixtures/parquet';

interface Row {
  readonly id: string;
  readonly vector: number[];
  readonly payload: Record<string, unknown>;
}
/** What pyarrow and polars wrote into each file, by fixtures/parquet/make.py; `{"$int": digits}` is a large integer. */
const truth = parseJson(readFileSync(join(dir, 'truth.json'), 'utf8')) as Record<string, Row[]>;

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const { $int } = value as { $int?: string };
  if ($int !== undefined) return BigInt($int);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

async function imported(file: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  const source = await openSource(join(dir, file));
  for await (const row of source.rows()) {
    if (isRefused(row) || row.leftOut !== undefined) throw new Error(JSON.stringify(row));
    const { id, vector = [], payload } = row.point;
    rows.push({ id, vector: Array.from(Float32Array.from(vector)), payload: payload ?? {} });
  }
  expect([source.total, source.dimension]).toEqual([rows.length, 4]);
  return rows;
}

describe('a Parquet file of pyarrow or polars', () => {
  it.each(Object.keys(truth))('%s is read as it was written', async (file) => {
    expect(await imported(file)).toEqual(truth[file].map(plain));
  });
});
