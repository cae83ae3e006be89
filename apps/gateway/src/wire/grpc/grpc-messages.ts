import { VectronError } from '@vectron/errors';
import type { Candidate, PointInput, QueryAnswer, ShardChange } from '@vectron/model';
import { changeKind, decodeVector, parseJson, type VectorInput } from '@vectron/model';
import { gateway, workerData } from '@vectron/proto';
import { fromStringMap, payloadFields, structView } from '../../data/document.js';
import type { QueryOutcome } from '../../data/query.service.js';
import type { SearchInput } from '../../data/search-input.js';
import { forClients } from '../../edge/public-error.js';
import type { Packed } from './search-codec.js';

const NO_BYTES = Buffer.alloc(0);

/** Between the messages of vectron.v1 and what the services take and give. */
export function pointInput(point: gateway.Point | Packed<gateway.Point>, at: number): PointInput {
  const vector = vectorInput(point, `points[${at}].vector`);
  const { id, sparse, ttlSeconds, ifVersion } = point;
  const payload = payloadOf(point, `points[${at}]`);
  const vectors = Array.from(point.vectors, ([name, { vector, vectorF32 }]) => {
    if (vector.length > 0 && vectorF32.length > 0) {
      throw VectronError.invalid(`points[${at}].vectors.${name}`, 'send either vector or vector_f32');
    }
    return [name, vectorF32.length > 0 ? vectorF32 : vector] as const;
  });
  return { id, vector, text: point.text, payload, sparse, vectors, ttlSeconds, ifVersion };
}

/** `payload_json` counts alone, so that a point that was read can be written as it is. */
function payloadOf({ payloadJson, document, payload }: gateway.Point, at: string): unknown {
  if (payloadJson !== '') return parseJson(payloadJson, `${at}.payload_json`);
  if (document !== undefined && payload.size > 0) {
    throw VectronError.invalid(`${at}.document`, 'send either payload or document');
  }
  return document ?? fromStringMap(payload);
}

export function searchInput(request: gateway.SearchRequest | Packed<gateway.SearchRequest>): SearchInput {
  return {
    ...request,
    vector: vectorInput(request, 'vector'),
    includeMetadata: request.includeMetadata ?? true,
    payloadFields: true,
  };
}

type Vectors = Pick<gateway.Point, 'vector' | 'vectorF32'> & { readonly packedVector?: Buffer };

/** `vector` holds what a client sent unpacked, number by number. */
function vectorInput({ vector, packedVector = NO_BYTES, vectorF32 }: Vectors, field: string): VectorInput {
  const forms = [vector, packedVector, vectorF32].filter(({ length }) => length > 0);
  if (forms.length > 1) throw VectronError.invalid(field, 'send either vector or vector_f32');
  return forms[0] ?? [];
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
