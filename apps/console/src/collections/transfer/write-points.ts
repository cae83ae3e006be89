import { stringifyJson } from '@vectron/model/exact-json';
import { api } from '../../api';

/** A request is cut at so many points, and at so many letters of them. */
const MOST_POINTS = 500;
const MOST_LETTERS = 4_000_000;
/** Of a number in a vector, at most: to count them exactly would take as long as to write the request. */
const NUMBER_LETTERS = 24;

function lettersOf({ vector = [], ...rest }: { readonly vector?: readonly number[] }): number {
  return stringifyJson(rest).length + vector.length * NUMBER_LETTERS;
}

/** Points in groups that fit into one request. */
export async function* inRequests<T extends { readonly vector?: readonly number[] }>(
  points: AsyncIterable<T>,
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  let letters = 0;
  for await (const point of points) {
    const length = lettersOf(point);
    if (batch.length > 0 && (batch.length >= MOST_POINTS || letters + length > MOST_LETTERS)) {
      yield batch;
      batch = [];
      letters = 0;
    }
    batch.push(point);
    letters += length;
  }
  if (batch.length > 0) yield batch;
}

export const upsert = (collection: string, points: readonly object[], signal: AbortSignal) =>
  api.POST('/v1/collections/{collection}/points', {
    params: { path: { collection } },
    body: { points: points as never },
    signal,
  });

/** Makes a collection and fills it; when that fails, the collection is deleted again. */
export async function makeFilled(name: string, settings: object, fill: () => Promise<void>): Promise<void> {
  await api.POST('/v1/collections', { body: { ...settings, name } as never });
  try {
    await fill();
  } catch (error) {
    await api.DELETE('/v1/collections/{name}', { params: { path: { name } } }).catch(() => undefined);
    throw error;
  }
}
