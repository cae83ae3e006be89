import { api } from '../../api';
import type { StoredPoint } from './stored-point';

const PAGE = 500;

export interface Moment {
  readonly points: number;
  readonly shards: readonly { readonly shardId: number; readonly logIndex: string }[];
  /** For a change feed that goes on from it. */
  readonly cursor: string;
}

/** The points of a collection as of one moment, whatever is written meanwhile; the view of it is closed at the end. */
export async function atOneMoment<T>(
  collection: string,
  signal: AbortSignal,
  use: (moment: Moment, points: AsyncGenerator<readonly StoredPoint[]>) => Promise<T>,
): Promise<T> {
  const path = { collection };
  const opened = await api.POST('/v1/collections/{collection}/snapshots', { params: { path }, body: {}, signal });
  try {
    return await use(
      { points: Number(opened.points), shards: opened.shards, cursor: opened.cursor },
      pagesOf(collection, opened.snapshot, signal),
    );
  } finally {
    const call = { params: { path: { ...path, snapshot: opened.snapshot } } };
    // One that is not closed ends by itself after some minutes.
    await api.DELETE('/v1/collections/{collection}/snapshots/{snapshot}', call).catch(() => undefined);
  }
}

async function* pagesOf(
  collection: string,
  snapshot: string,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredPoint[]> {
  let cursor = '';
  do {
    const page = await api.POST('/v1/collections/{collection}/points/list', {
      params: { path: { collection } },
      body: { limit: PAGE, includeVectors: true, snapshot, ...(cursor === '' ? {} : { cursor }) },
      signal,
    });
    yield page.points;
    cursor = page.nextCursor;
  } while (cursor !== '');
}

/** What makes an empty collection like this one. */
export async function likeness(collection: string) {
  const [{ settings }, { indexes, sparseVectors, namedVectors }] = await Promise.all([
    api.GET('/v1/collections/{name}/status', { params: { path: { name: collection } } }),
    api.GET('/v1/collections/{collection}/indexes', { params: { path: { collection } } }),
  ]);
  const { name: _, ...others } = settings ?? { name: '', dimension: 0 };
  return { ...others, indexes: indexes.flatMap(({ index }) => index ?? []), sparseVectors, namedVectors };
}
