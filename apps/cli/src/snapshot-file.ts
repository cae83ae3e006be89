import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { VectronError } from '@vectron/errors';
import { parseJson, stringifyJson } from '@vectron/model';
import type { CollectionOptions, Point, StoredPoint, VectronClient } from '@vectron/sdk';
import { withFloats } from './import/json-floats.js';

/** 1: the last line has no checksum. 1 and 2: the points are not of one moment, and no aliases are told. */
const VERSIONS = [1, 2, 3] as const;
type Version = (typeof VERSIONS)[number];

/** First line of a snapshot of a collection; points follow, and last how many they are and the checksum of all lines before. */
interface Header {
  readonly vectronSnapshot: Version;
  readonly collection: string;
  readonly settings: CollectionOptions;
  /** When it was begun. */
  readonly at: string;
  /** From version 3 on. */
  readonly moment?: Moment;
}

/** What a snapshot is as of. */
export interface Moment {
  /** Of each shard, the last write that is in it. */
  readonly shards: readonly { readonly shardId: number; readonly logIndex: number | bigint }[];
  /** For a change feed that goes on from it. */
  readonly cursor: string;
  /** Other names of the collection. */
  readonly aliases: readonly string[];
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
  const declared = indexes.map(({ path, type, language, analyzer, stopWords }) => ({
    path,
    type,
    language,
    analyzer,
    stopWords,
  }));
  return { ...settings, indexes: declared, sparseVectors, namedVectors };
}

interface Trailer {
  readonly points: number;
  /** SHA-256 of the lines before, line feeds included, hexadecimal. */
  readonly sha256?: string;
}

/** The file is there only when all of them are in it. A line that is a string is JSON text already. */
export async function writeJsonl(file: string, lines: AsyncIterable<unknown>): Promise<void> {
  const partial = `${file}.partial`;
  const out = createWriteStream(partial);
  try {
    await once(out, 'open');
    for await (const line of lines) {
      const text = typeof line === 'string' ? line : stringifyJson(line);
      if (!out.write(`${text}\n`)) await once(out, 'drain');
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

/** `points`: as of the moment. */
export async function* snapshotLines(
  { collection, settings, moment }: Pick<Header, 'collection' | 'settings'> & { readonly moment: Moment },
  points: AsyncIterable<StoredPoint>,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const line = (value: unknown) => {
    const text = stringifyJson(value);
    hash.update(`${text}\n`);
    return text;
  };
  yield line({ vectronSnapshot: 3, collection, settings, at: new Date().toISOString(), moment } satisfies Header);
  let written = 0;
  for await (const point of points) {
    yield line(mapped(point));
    written += 1;
  }
  yield stringifyJson({ points: written, sha256: hash.digest('hex') } satisfies Trailer);
}

const wrongIn =
  (file: string) =>
  (why: string, cause?: unknown): VectronError =>
    new VectronError('INVALID_ARGUMENT', `${file}: ${why}`, { details: { field: 'file' }, cause });

/**
 * Reads the whole file and fails with INVALID_ARGUMENT when it was cut off or changed, before anything is made of it; the
 * points are read when they are asked for. `checked`: the file has a checksum, and it is right.
 */
export async function readSnapshot(
  file: string,
): Promise<{ header: Header; points: AsyncIterable<Point>; checked: boolean }> {
  const wrong = wrongIn(file);
  const [first, { points: count, sha256 }] = await wholeSnapshot(file);
  const points = (async function* () {
    let read = -1;
    for await (const text of linesOf(file)) {
      read += 1;
      if (read > count) return;
      if (read === 0) continue;
      const point = parsed(text, wrong) as Point;
      yield withFloats(point, `${file}: point ${point.id}`);
    }
    throw wrong('was changed while it was read');
  })();
  return { header: first, points, checked: sha256 !== undefined };
}

/** First and last line of a snapshot that is whole. */
async function wholeSnapshot(file: string): Promise<[Header, Trailer]> {
  const wrong = wrongIn(file);
  const hash = createHash('sha256');
  let first: Header | undefined;
  let last: string | undefined;
  let lines = 0;
  for await (const text of linesOf(file)) {
    if (last !== undefined) hash.update(`${last}\n`);
    lines += 1;
    if (lines === 1) {
      first = parsed(text, wrong) as Header | undefined;
      if (!VERSIONS.includes(first?.vectronSnapshot as Version))
        throw wrong(`no snapshot of version ${VERSIONS.join(', ')}`);
    }
    last = text;
  }
  if (first === undefined || last === undefined) throw wrong('is empty: no snapshot');
  const trailer = parsed(last, wrong) as Partial<Trailer>;
  const points = Math.max(0, lines - 2);
  if (lines < 2 || typeof trailer.points !== 'number') {
    throw wrong(`ends after ${Math.max(0, lines - 1)} points without saying that these are all`);
  }
  if (trailer.points !== points) throw wrong(`holds ${points} points, and ${trailer.points} were written`);
  const { sha256 } = trailer;
  if (sha256 === undefined && first.vectronSnapshot > 1) throw wrong('has no checksum: its last line was changed');
  if (sha256 !== undefined && sha256 !== hash.digest('hex'))
    throw wrong('was changed since it was written: its checksum differs');
  return [first, { points, sha256 }];
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  await once(input, 'open').catch((cause: unknown) => {
    throw wrongIn(file)('cannot be read', cause);
  });
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } finally {
    input.destroy();
  }
}

function parsed(text: string, wrong: ReturnType<typeof wrongIn>): unknown {
  try {
    return parseJson(text, 'line');
  } catch (cause) {
    throw wrong('a line is not JSON: no snapshot, or a damaged one', cause);
  }
}
