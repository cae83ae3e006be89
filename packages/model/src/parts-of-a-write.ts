import { toVectronError, VectronError } from '@vectron/errors';
import type { placement, workerData } from '@vectron/proto';
import { type AskShard, askFor, RouteChanged } from './ask-shard.js';
import { barePoints } from './points-by-id.js';
import { decodeVector, encodeVector } from './vector.js';

/** What one shard gets of a write. */
export type Part<T> = readonly [placement.Shard, readonly T[]];

/**
 * Writes the parts of one request, all at once, but for those that `suspects` names: they come first, one after the other, so
 * that a shard that refuses its part does so before another has written its own. A shard decides for itself alone: what it
 * refuses because of a change that came between is refused when others may have written, and the error says so.
 */
export async function writeParts<T, W>(
  parts: readonly Part<T>[],
  suspects: ReadonlySet<placement.Shard>,
  write: (part: Part<T>) => Promise<W>,
): Promise<W[]> {
  const written: W[] = [];
  for (const part of parts) {
    if (!suspects.has(part[0])) continue;
    try {
      written.push(await write(part));
    } catch (error) {
      throw partly(error, part[0], written.length, parts.length);
    }
  }
  const others = parts.filter(([shard]) => !suspects.has(shard));
  return [...written, ...(await allOf(others, written.length, write, ([shard]) => shard))];
}

/**
 * Does the work for each, and ends when all have ended. Throws the first failure; when others have succeeded, of which `before`
 * did before these, its message says how many.
 */
export async function allOf<T, W>(
  items: readonly T[],
  before: number,
  work: (item: T) => Promise<W>,
  shardOf: (item: T) => placement.Shard = (item) => item as unknown as placement.Shard,
): Promise<W[]> {
  const outcomes = await Promise.allSettled(items.map(work));
  const failed = outcomes.findIndex(({ status }) => status === 'rejected');
  if (failed < 0) return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<W>).value);
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const done = before + outcomes.length - errors.length;
  // All of it again, with the next route: what was written already is not written twice.
  const moved = errors.find((error) => error instanceof RouteChanged);
  throw moved ?? partly(errors[0], shardOf(items[failed]), done, before + items.length);
}

function partly(cause: unknown, { shardId }: placement.Shard, done: number, all: number): unknown {
  if (cause instanceof RouteChanged || done === 0) return cause;
  const { code, message, details } = toVectronError(cause);
  const how = `${done} of ${all} shards have made their part; the same request may be sent again`;
  return new VectronError(code, `shard ${shardId}: ${message}; ${how}`, { details, cause });
}

/**
 * The shards that may refuse their part of an upsert for what only they know: which named and sparse vectors are declared, and
 * the versions of points. Asks them only when there are several, and points have such.
 */
export async function suspectUpserts(
  parts: readonly Part<workerData.PointData>[],
  ask: AskShard,
): Promise<Set<placement.Shard>> {
  if (parts.length < 2) return new Set();
  const points = parts.flatMap(([, part]) => part);
  const declared = points.some(({ sparse, vectors }) => sparse.length + vectors.length > 0)
    ? await askFor(ask, parts[0][0], { $case: 'schema', value: {} }, 'schema')
    : undefined;
  const sparse = new Set(declared?.sparse.map(({ name }) => name));
  const vectors = new Map(declared?.vectors.map((one) => [one.name, one]));
  const fits = (point: workerData.PointData) =>
    point.sparse.every(({ name }) => sparse.has(name)) &&
    point.vectors.every(({ name, vector }) => isOf(vectors.get(name), vector));
  const suspects = parts.filter(([, part]) => !part.every(fits)).map(([shard]) => shard);
  const versioned = parts.map(([shard, part]): [placement.Shard, Versioned[]] => [
    shard,
    part.flatMap(({ id, ifVersion }) => (ifVersion === undefined ? [] : [{ id, ifVersion }])),
  ]);
  return new Set([...suspects, ...(await suspectVersions(versioned, ask))]);
}

interface Versioned {
  readonly id: string;
  readonly ifVersion: bigint;
}

/** The shards whose points have other versions than expected. */
export async function suspectVersions(parts: readonly Part<Versioned>[], ask: AskShard): Promise<placement.Shard[]> {
  const asked = parts.filter(([, part]) => part.length > 0);
  if (parts.length < 2 || asked.length === 0) return [];
  const suspects = await Promise.all(
    asked.map(async ([shard, part]) => {
      const ids = part.map(({ id }) => id);
      const found = new Map((await barePoints(shard, ids, ask)).map(({ id, version }) => [id, version]));
      return part.every(({ id, ifVersion }) => (found.get(id) ?? 0n) === ifVersion) ? [] : [shard];
    }),
  );
  return suspects.flat();
}

function isOf(declared: workerData.NamedVector | undefined, vector: Buffer): boolean {
  if (declared === undefined) return false;
  try {
    encodeVector(decodeVector(vector), declared.dimension, declared.metric || 'cosine', 'vector');
    return true;
  } catch {
    // The shard says what is wrong with it.
    return false;
  }
}
