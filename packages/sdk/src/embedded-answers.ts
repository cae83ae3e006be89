import { type Candidate, decodeDocument, decodeVector, type QueryAnswer } from '@vectron/model';
import type { workerData } from '@vectron/proto';
import type * as api from './client.js';
import { toFloats } from './vectors.js';

/** What the interface gives of the answers of the core. */

const hit = ({ id, score, payload, vector }: Candidate): api.QueryHit => ({
  id,
  score,
  payload: decodeDocument(payload),
  vector: toFloats(decodeVector(vector)),
});

export const searchHit = (found: Candidate): api.SearchHit => ({ ...hit(found), explanation: '' });

export function queryResult({ results, groups, complete, branches }: QueryAnswer): api.QueryResult {
  return {
    hits: results.map(hit),
    groups: groups.map(({ value, results }) => ({ value: value as api.Value, hits: results.map(hit) })),
    complete,
    branches,
  };
}

const floatsOf = ({ name, vector }: workerData.VectorData) => [name, Float32Array.from(decodeVector(vector))] as const;

export function storedPoint(point: workerData.PointData, includeVector: boolean): api.StoredPoint {
  const { id, payload, sparse, vectors, version, expiresAtMs } = point;
  const vector = includeVector ? toFloats(decodeVector(point.vector)) : undefined;
  const named = sparse.map(({ name, indices, values }) => [name, { indices, values }] as const);
  return {
    id,
    vector,
    payload: decodeDocument(payload),
    version,
    ...(named.length > 0 ? { sparse: Object.fromEntries(named) } : {}),
    ...(includeVector && vectors.length > 0 ? { vectors: Object.fromEntries(vectors.map(floatsOf)) } : {}),
    ...(expiresAtMs > 0n ? { expiresAt: new Date(Number(expiresAtMs)) } : {}),
  };
}
