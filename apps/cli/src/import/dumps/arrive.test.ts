import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { parseJson } from '@vectron/model';
import { open, type VectronClient } from '@vectron/sdk';
import { importFile } from '../import-file.js';
import { openDump } from '../open-dump.js';
import { identityOf } from '../progress-file.js';
import type { ColumnChoice } from '../rows.js';

const dir = mkdtempSync(join(tmpdir(), 'vectron-arrive-'));
let db: VectronClient;
beforeAll(async () => {
  db = await open(join(dir, 'data'));
});
afterAll(() => db.close());

interface Truth {
  readonly choice: ColumnChoice;
  readonly points: readonly Record<string, unknown>[];
  readonly refused: readonly string[];
}

const numbers = (vector: unknown) => Array.from(new Float32Array(vector as number[]));

// Each has named vectors, sparse ones or both, and refuses or leaves out something.
it.each([
  ['qdrant', 'named.jsonl'],
  ['pgvector', 'pg10-copy.sql'],
  ['pgvector', 'pg5-column-inserts.sql'],
  ['milvus', 'parquet.parquet'],
  ['weaviate', 'named.jsonl'],
  ['lancedb', 'file.arrow'],
  ['chroma', 'pages.jsonl'],
])('a dump of %s, %s, is in a new collection as it was in the database', async (kind, name) => {
  const path = join('apps/cli/src/fixtures/dumps', kind, name);
  const truth = parseJson(readFileSync(path.replace(/\.\w+$/, '.truth.json'), 'utf8')) as Truth;
  const collection = `${kind}-${name.replace(/\W/g, '-')}`;
  const imported = await importFile(db, {
    ...{ source: await openDump(kind, path, truth.choice), file: path, collection },
    ...{ identity: await identityOf(path, collection, {}), report: join(dir, `${collection}.jsonl`) },
  });
  expect([imported.tally.points, imported.tally.refused]).toEqual([truth.points.length, truth.refused.length]);
  for (const { leftOut, ...expected } of truth.points) {
    const { vector, vectors, payload, sparse } = (await db.get(collection, expected.id as string)) ?? {
      payload: undefined,
    };
    expect({
      payload,
      vector: numbers(vector),
      vectors: Object.fromEntries(Object.entries(vectors ?? {}).map(([key, one]) => [key, numbers(one)])),
      sparse: sparse ?? {},
    }).toEqual({
      payload: expected.payload,
      vector: numbers(expected.vector),
      vectors: Object.fromEntries(Object.entries(expected.vectors ?? {}).map(([key, one]) => [key, numbers(one)])),
      sparse: expected.sparse ?? {},
    });
  }
});
