import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model';
import { type ColumnChoice, isRefused } from '../rows.js';
import { OPEN_DUMPS } from './index.js';

// Made by fixtures/dumps/make-*.py from the databases or their own clients; VECTRON_DUMPS names a folder with more of them, which has
// one folder for each database as this one has.
const roots = ['apps/cli/src/fixtures/dumps', ...(process.env.VECTRON_DUMPS?.split(':') ?? [])];
const dumps = roots.flatMap((root) =>
  Object.keys(OPEN_DUMPS).flatMap((kind) => {
    const folder = join(root, kind);
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => name.endsWith('.truth.json'));
    const stems = names.map((name) => name.slice(0, -'.truth.json'.length));
    return stems.map((stem) => {
      const dump = readdirSync(folder).find((name) => name.startsWith(`${stem}.`) && !names.includes(name));
      return {
        kind: kind as keyof typeof OPEN_DUMPS,
        dump: join(folder, String(dump)),
        truth: join(folder, `${stem}.truth.json`),
      };
    });
  }),
);

interface Truth {
  readonly choice: ColumnChoice;
  readonly points: readonly Record<string, unknown>[];
  readonly refused: readonly string[];
  readonly distance: string | null;
}

const numbers = (vector: unknown) => Array.from(Float32Array.from(vector as number[]));

it.each(dumps)('$dump holds what the database held', async ({ kind, dump, truth: path }) => {
  const truth = parseJson(readFileSync(path, 'utf8')) as Truth;
  const source = await OPEN_DUMPS[kind](dump, truth.choice);
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
  if (source.total !== undefined) expect(source.total).toBe(truth.points.length + truth.refused.length);
  if (truth.points.length > 0) expect(source.distance ?? null).toBe(truth.distance);
});
