import {
  type Candidate,
  changeKind,
  decodeVector,
  type QueryAnswer,
  type ShardChange,
  vectorInput,
} from '@vectron/model';
import { gateway, workerData } from '@vectron/proto';
import { payloadFields, structView } from '../../data/document.js';
import type { QueryOutcome } from '../../data/query.service.js';
import type { BatchInput } from '../../data/search-batch.service.js';
import type { SearchInput } from '../../data/search-input.js';
import { forClients } from '../../edge/public-error.js';
import type { Packed } from './search-codec.js';

export { pointInput } from '@vectron/model';

/** Between the messages of vectron.v1 and what the services take and give. */
export function searchInput(request: gateway.SearchRequest | Packed<gateway.SearchRequest>): SearchInput {
  return {
    ...request,
    vector: vectorInput(request, 'vector'),
    includeMetadata: request.includeMetadata ?? true,
    payloadFields: true,
  };
}

export function batchInput(request: gateway.SearchBatchRequest): BatchInput {
  return {
    ...request,
    vectors: request.vectors.map((forms, at) => vectorInput(forms, `vectors[${at}]`)),
    includeMetadata: request.includeMetadata ?? true,
    payloadFields: true,
  };
}

export function pointMessage(point: workerData.PointData, includeVector = true): gateway.Point {
  return {
    id: point.id,
    vector: includeVector ? decodeVector(point.vector) : [],
    ...payloadFields(point.payload),
    vectorF32: Buffer.alloc(0),
    sparse: new Map(point.sparse.map(({ name, indices, values }) => [name, { indices, values }])),
    vectors: new Map(
      includeVector
        ? point.vectors.map(({ name, vector }) => [name, { vector: decodeVector(vector), vectorF32: Buffer.alloc(0) }])
        : [],
    ),
    ttlSeconds: 0,
    text: '',
    version: point.version,
    expiresAtMs: point.expiresAtMs,
  };
}

export function queryMessage({ groups, results, ...answer }: QueryAnswer): gateway.QueryResponse {
  return {
    ...answer,
    results: results.map(resultMessage),
    groups: groups.map(({ value, results }) => ({ ...structView(value), results: results.map(resultMessage) })),
  };
}

function resultMessage({ id, score, payload, vector }: Candidate): gateway.SearchResult {
  return { id, score, ...payloadFields(payload), vector: decodeVector(vector), explanation: '' };
}

export const facetsMessage = ({ values, ...rest }: gateway.FacetPointsResponse): gateway.FacetPointsResponse => ({
  ...rest,
  values: values.map(({ value, count }) => ({ ...structView(value), count })),
});

export const outcomeMessage = ({ answer, error }: QueryOutcome): gateway.QueryOutcome => ({
  answer: answer && queryMessage(answer),
  errorCode: error?.code ?? '',
  errorMessage: error === undefined ? '' : forClients(error).message,
});

export function changeMessage({ shardId, change }: ShardChange): gateway.PointChange {
  const { id, index: logIndex, point } = change;
  const made = point === undefined ? gateway.Point.fromPartial({ id }) : pointMessage(point);
  return { shardId, logIndex, kind: changeKind(change), point: made };
}
