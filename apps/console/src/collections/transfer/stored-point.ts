import type { Answer } from '@vectron/rest-client';

export type StoredPoint = Answer<'post', '/v1/collections/{collection}/points/list'>['points'][number];

/** A point as it is written again, all of it: versions are not kept, and its time to live counts on from now. */
export function written({ id, vector, payload, sparse, vectors, expiresAtMs = '0' }: StoredPoint) {
  const leftMs = Number(expiresAtMs) - Date.now();
  return {
    id,
    vector: vector ?? [],
    payload: payload ?? {},
    ...(sparse ? { sparse } : {}),
    ...(vectors ? { vectors } : {}),
    ...(expiresAtMs === '0' ? {} : { ttlSeconds: Math.max(1, Math.ceil(leftMs / 1000)) }),
  };
}
