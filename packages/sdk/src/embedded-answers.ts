import { type Candidate, decodeDocument, decodeVector, type QueryAnswer } from '@vectron/model';
import type { workerData } from '@vectron/proto';
import type * as api from './client.js';
import { toFloats } from './vectors.js';

/** What the interface gives of the answers of the core. */

/** undefined where there are no bytes. */
const floatsOf = (vector: Buffer) => (vector.length === 0 ? undefined : toFloats(decodeVector(vector)));

const hit = ({ id, score, payload, vector }: Candidate): api.QueryHit => ({
  id,
  score,
  payload: decodeDocument(payload),
  vector: floatsOf(vector),
});

export const searchHit = ({ id, score, payload, vector }: Candidate): api.SearchHit => ({
  id,
  score,
  payload: decodeDocument(payload),
  vector: floatsOf(vector),
  explanation: '',
});

export function queryResult({ results, groups, complete, branches }: QueryAnswer): api.QueryResult {
  return {
    hits: results.map(hit),
    groups: groups.map(({ value, results }) => ({ value: value as api.Value, hits: results.map(hit) })),
    complete,
    branches,
  };
}

const namedFloats = ({ name, vector }: workerData.VectorData) =>
  [name, Float32Array.from(decodeVector(vector))] as const;

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
    ...(includeVector && vectors.length > 0 ? { vectors: Object.fromEntries(vectors.map(namedFloats)) } : {}),
    ...(expiresAtMs > 0n ? { expiresAt: new Date(Number(expiresAtMs)) } : {}),
  };
}
