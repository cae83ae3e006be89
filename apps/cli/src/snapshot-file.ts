import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { VectronError } from '@vectron/errors';
import { parseJson, stringifyJson } from '@vectron/model';
import type { CollectionOptions, Point, StoredPoint, VectronClient } from '@vectron/sdk';
import { withFloats } from './json-floats.js';

const VERSION = 1;

/** First line of a snapshot of a collection; points follow, and last how many they are. */
interface Header {
  readonly vectronSnapshot: typeof VERSION;
  readonly collection: string;
  readonly settings: CollectionOptions;
  /** When it was begun. */
  readonly at: string;
}

type JsonPoint = Point & { readonly vector: number[] };

/** A point as JSON carries it, all of it. Its time to live counts on from now. */
export function mapped({ id, vector, payload, sparse, vectors, expiresAt }: StoredPoint): JsonPoint {
  const named = vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, Array.from(one)]));
  const left = expiresAt && Math.max(1, Math.ceil((expiresAt.getTime() - Date.now()) / 1000));
  return { id, vector: Array.from(vector ?? []), payload, sparse, vectors: named, ttlSeconds: left };
}

/** What makes an empty collection like it. */
export async function likeness(db: VectronClient, name: string): Promise<CollectionOptions> {
  const [{ settings }, { indexes, sparseVectors, namedVectors }] = await Promise.all([
    db.collectionStatus(name),
    db.listIndexes(name),
  ]);
  const declared = indexes.map(({ path, type, language }) => ({ path, type, language }));
  return { ...settings, indexes: declared, sparseVectors, namedVectors };
}

/** The file is there only when all of them are in it. */
export async function writeJsonl(file: string, lines: AsyncIterable<unknown>): Promise<void> {
  const partial = `${file}.partial`;
  const out = createWriteStream(partial);
  try {
    await once(out, 'open');
    for await (const line of lines) {
      if (!out.write(`${stringifyJson(line)}\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'finish');
    await rename(partial, file);
  } catch (error) {
    out.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}

/** Not of one moment: points that change meanwhile are as they were when the walk by id came past them. */
export async function* snapshotLines(
  collection: string,
  settings: CollectionOptions,
  points: AsyncIterable<StoredPoint>,
): AsyncGenerator<unknown> {
  yield { vectronSnapshot: VERSION, collection, settings, at: new Date().toISOString() } satisfies Header;
  let written = 0;
  for await (const point of points) {
    yield mapped(point);
    written += 1;
  }
  yield { points: written };
}

/** The points fail with INVALID_ARGUMENT after the last one when the file was cut off. */
export async function readSnapshot(file: string): Promise<{ header: Header; points: AsyncIterable<Point> }> {
  const wrong = (why: string, cause?: unknown) =>
    new VectronError('INVALID_ARGUMENT', `${file}: ${why}`, { details: { field: 'file' }, cause });
  const input = createReadStream(file);
  await once(input, 'open').catch((cause: unknown) => {
    throw wrong('cannot be read', cause);
  });
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) return undefined;
    try {
      return parseJson(value, 'line');
    } catch (cause) {
      throw wrong('a line is not JSON: no snapshot, or a damaged one', cause);
    }
  };
  const header = (await next()) as Header | undefined;
  if (header?.vectronSnapshot !== VERSION) throw wrong(`no snapshot of version ${VERSION}`);
  const points = (async function* () {
    for (let read = 0; ; read++) {
      const line = (await next()) as Point | { points: number } | undefined;
      if (line === undefined) throw wrong(`ends after ${read} points without saying that these are all`);
      if ('id' in line) yield withFloats(line, `${file}: point ${line.id}`);
      else if (line.points === read) return;
      else throw wrong(`holds ${read} points, and ${line.points} were written`);
    }
  })();
  return { header, points };
}
