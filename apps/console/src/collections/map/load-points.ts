import { VectronError } from '@vectron/errors';
import { api } from '../../api';

const PAGE = 1_000;

export interface LoadedPoints {
  readonly ids: readonly string[];
  readonly payloads: readonly (Readonly<Record<string, unknown>> | undefined)[];
  /** Vectors one after the other, `dimension` numbers each, in the order of the ids. */
  readonly values: Float32Array;
  readonly dimension: number;
}

interface Wanted {
  readonly collection: string;
  readonly filter: Record<string, unknown> | undefined;
  readonly most: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** The first points by id, with their first vectors, page by page. */
export async function loadPoints({ collection, filter, most, signal, onProgress }: Wanted): Promise<LoadedPoints> {
  const ids: string[] = [];
  const payloads: LoadedPoints['payloads'][number][] = [];
  let dimension = 0;
  let values = new Float32Array(0);
  let cursor = '';
  do {
    const body = {
      limit: Math.min(PAGE, most - ids.length),
      includeVectors: true,
      ...(cursor === '' ? {} : { cursor }),
      ...(filter && { filter }),
    };
    const page = await api.POST('/v1/collections/{collection}/points/list', {
      params: { path: { collection } },
      body,
      signal,
    });
    for (const { id, vector = [], payload } of page.points) {
      if (dimension === 0) {
        dimension = vector.length;
        values = new Float32Array(most * dimension);
      }
      if (vector.length !== dimension)
        throw new VectronError('INTERNAL', `${id} has a vector of ${vector.length} dimensions`);
      values.set(vector, ids.length * dimension);
      ids.push(id);
      payloads.push(payload);
    }
    cursor = page.nextCursor;
    onProgress(ids.length);
  } while (cursor !== '' && ids.length < most);
  return { ids, payloads, values: values.slice(0, ids.length * dimension), dimension };
}
