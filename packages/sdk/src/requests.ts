import { type Candidate, decodeDocument, decodeVector, filterMessage, type QueryAnswer } from '@vectron/model';
import { gateway, type workerData } from '@vectron/proto';
import type * as api from './client.js';
import { wireConsistency } from './consistency.js';
import { oneQuery, toBytes, toFloats } from './vectors.js';

const EMPTY = Buffer.alloc(0);

/** Between the interface and the messages of vectron.v1. */
export function searchRequest(collection: string, options: api.SearchOptions): gateway.SearchRequest {
  oneQuery(options);
  const { vector, filter, consistency, includePayload, ...rest } = options;
  return {
    ...gateway.SearchRequest.fromPartial(rest),
    collection,
    vectorF32: vector === undefined ? EMPTY : toBytes(vector),
    includeMetadata: includePayload ?? true,
    filter: filter && filterMessage(filter),
    consistency: wireConsistency(consistency),
  };
}

export function queryRequest(collection: string, options: api.QueryOptions): gateway.QueryRequest {
  const { branches, filter, rescoreVector, includePayload, consistency, diversity, groupBy, ...rest } = options;
  return {
    ...gateway.QueryRequest.fromPartial({ ...rest, diversity, groupBy }),
    collection,
    branches: branches.map((branch, at) => branchMessage(branch, `branches[${at}].filter`)),
    filter: filter && filterMessage(filter),
    rescoreVectorF32: rescoreVector === undefined ? EMPTY : toBytes(rescoreVector),
    includeMetadata: includePayload ?? true,
    consistency: wireConsistency(consistency),
  };
}

function branchMessage(branch: api.QueryBranch, at: string): gateway.QueryBranch {
  const { vector, sparse, text, examples, filter, ...rest } = branch;
  return {
    ...gateway.QueryBranch.fromPartial(rest),
    vectorF32: vector === undefined ? EMPTY : toBytes(vector),
    sparse: sparse && { name: sparse.name, indices: Array.from(sparse.indices), values: Array.from(sparse.values) },
    text: text && gateway.TextQuery.fromPartial({ query: text.query, fields: [...(text.fields ?? [])] }),
    examples: examples && {
      positiveIds: [...examples.positiveIds],
      negativeIds: [...(examples.negativeIds ?? [])],
    },
    filter: filter && filterMessage(filter, at),
  };
}

export const indexRequest = (collection: string, target: api.IndexTarget): gateway.CreateIndexRequest =>
  gateway.CreateIndexRequest.fromPartial({
    collection,
    ...('path' in target ? { index: { ...target } } : { ...target }),
  });

export const indexesOf = ({ indexes, sparseVectors, namedVectors }: gateway.ListIndexesResponse): api.Indexes => ({
  namedVectors: namedVectors as api.NamedVector[],
  indexes: indexes.map(({ index, indexed, points, ready }) => ({
    path: index?.path ?? '',
    type: (index?.type ?? '') as api.PayloadIndex['type'],
    language: index?.language ?? '',
    indexed: Number(indexed),
    points: Number(points),
    ready,
  })),
  sparseVectors,
});

export function queryResult({ results, groups, complete, branches }: QueryAnswer): api.QueryResult {
  const hit = ({ id, score, payload, vector }: Candidate): api.QueryHit => ({
    id,
    score,
    payload: decodeDocument(payload),
    vector: toFloats(decodeVector(vector)),
  });
  return {
    hits: results.map(hit),
    groups: groups.map(({ value, results }) => ({ value: value as string, hits: results.map(hit) })),
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

export function rerankMessage(rerank: api.CollectionOptions['rerank']): gateway.RerankSettings | undefined {
  if (rerank === undefined) return undefined;
  const { fieldBoosts, textFields, ...rest } = rerank;
  return {
    ...gateway.RerankSettings.fromPartial({ ...rest, textFields: [...(textFields ?? [])] }),
    fieldBoosts: new Map(Object.entries(fieldBoosts ?? {})),
  };
}
