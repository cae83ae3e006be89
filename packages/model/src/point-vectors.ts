import { VectronError } from '@vectron/errors';
import type { workerData } from '@vectron/proto';
import type { AskShard } from './ask-shard.js';
import { checkPointId } from './point-id.js';
import { barePoints } from './points-by-id.js';
import type { Route } from './route.js';

/** A point's vector of that name; empty: its first one. Throws INVALID_ARGUMENT when the point has none of the name. */
export function vectorOf(point: workerData.PointData, using: string): Buffer {
  if (using === '') return point.vector;
  const named = point.vectors.find(({ name }) => name === using);
  if (named === undefined)
    throw VectronError.invalid(
      'using',
      `point ${point.id} has no vector named ${using}; choose another point or another vector`,
    );
  return named.vector;
}

/** The vector of a stored point. Throws POINT_NOT_FOUND, and INVALID_ARGUMENT naming the field that gave the id. */
export async function vectorLike(
  route: Route,
  id: string,
  using: string,
  field: string,
  ask: AskShard,
): Promise<Buffer> {
  const [point] = await pointsWith(route, [id], field, ask);
  return vectorOf(point, using);
}

/** The stored points without their payloads, in the order of the ids. Throws POINT_NOT_FOUND, and INVALID_ARGUMENT naming the field of the ids. */
export async function pointsWith(
  route: Route,
  ids: readonly string[],
  field: string,
  ask: AskShard,
): Promise<workerData.PointData[]> {
  ids.forEach((id) => {
    checkPointId(id, field);
  });
  const asked = [...route.byShard(ids.map((id) => ({ id })))].map(([shard, own]) =>
    barePoints(
      shard,
      own.map(({ id }) => id),
      ask,
    ),
  );
  const found = new Map((await Promise.all(asked)).flat().map((point) => [point.id, point]));
  return ids.map((id) => {
    const point = found.get(id);
    if (point === undefined)
      throw new VectronError('POINT_NOT_FOUND', `there is no point ${id} in collection ${route.collection.name}`);
    return point;
  });
}
