import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model';
import { type ColumnChoice, isRefused } from '../rows.js';
import { openPgvector } from './pgvector.js';

// Made by fixtures/dumps/make-pgvector.py from a real PostgreSQL; VECTRON_DUMPS names a folder with more of them.
const folders = ['apps/cli/src/fixtures/dumps/pgvector', ...(process.env.VECTRON_DUMPS?.split(':') ?? [])];
const dumps = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => join(folder, name)),
);

interface Truth {
  readonly choice: ColumnChoice;
  readonly points: readonly Record<string, unknown>[];
  readonly refused: readonly string[];
  readonly distance: string | null;
}

const numbers = (vector: unknown) => Array.from(Float32Array.from(vector as number[]));

it.each(dumps)('%s holds what the database held', async (dump) => {
  const truth = parseJson(readFileSync(dump.replace(/sql$/, 'truth.json'), 'utf8')) as Truth;
  const source = await openPgvector(dump, truth.choice);
  const points: Record<string, unknown>[] = [];
  const refused: unknown[] = [];
  for await (const row of source.rows()) {
    if (isRefused(row)) refused.push(row.id ?? row);
    else {
      const leftOut = row.leftOut?.map(({ what }) => what).sort();
      points.push({ ...row.point, ...(leftOut === undefined ? {} : { leftOut }) });
    }
  }
  const plain = (point: Record<string, unknown>) => ({
    ...point,
    vector: numbers(point.vector),
    ...(point.vectors === undefined
      ? {}
      : {
          vectors: Object.fromEntries(
            Object.entries(point.vectors as object).map(([name, one]) => [name, numbers(one)]),
          ),
        }),
  });
  const byId = (all: readonly Record<string, unknown>[]) =>
    Object.fromEntries(all.map((point) => [String(point.id), plain(point)]));
  expect(refused.sort()).toEqual([...truth.refused].sort());
  expect(byId(points)).toEqual(byId(truth.points));
  expect(points).toHaveLength(truth.points.length);
  expect(source.total).toBe(truth.points.length + truth.refused.length);
  if (truth.points.length > 0) expect(source.distance ?? null).toBe(truth.distance);
});
