import { VectronError } from '@vectron/errors';
import type { PointInput } from '@vectron/model';
import { changeKind, decodeDocument, decodeVector, type VectorInput } from '@vectron/model';
import { gateway, type workerData } from '@vectron/proto';
import type { PointChange } from './change.service.js';
import { fromStringMap, stringMap } from './document.js';
import type { SearchAnswer, SearchInput } from './search.service.js';

/** Between the messages of vectron.v1 and what the services take and give. */
export function pointInput(point: gateway.Point, at: number): PointInput {
  if (point.document !== undefined && point.payload.size > 0) {
    throw VectronError.invalid(`points[${at}].document`, 'send either payload or document');
  }
  const vector = vectorInput(point.vector, point.vectorF32, `points[${at}].vector`);
  return { id: point.id, vector, payload: point.document ?? fromStringMap(point.payload) };
}

export function searchInput(request: gateway.SearchRequest): SearchInput {
  return {
    ...request,
    vector: vectorInput(request.vector, request.vectorF32, 'vector'),
    includeMetadata: request.includeMetadata ?? true,
  };
}

function vectorInput(numbers: number[], bytes: Buffer, field: string): VectorInput {
  if (bytes.length > 0 && numbers.length > 0) throw VectronError.invalid(field, 'send either vector or vector_f32');
  return bytes.length > 0 ? bytes : numbers;
}

export function pointMessage(point: workerData.PointData, includeVector = true): gateway.Point {
  const document = decodeDocument(point.payload);
  return {
    id: point.id,
    vector: includeVector ? decodeVector(point.vector) : [],
    payload: stringMap(document),
    document,
    vectorF32: Buffer.alloc(0),
  };
}

export function searchMessage({ hits, ...answer }: SearchAnswer): gateway.SearchResponse {
  const results = hits.map((hit) => {
    const document = hit.payload.length > 0 ? decodeDocument(hit.payload) : undefined;
    return {
      id: hit.id,
      score: hit.score,
      payload: document ? stringMap(document) : new Map<string, string>(),
      vector: hit.vector.length > 0 ? decodeVector(hit.vector) : [],
      document,
      explanation: hit.explanation,
    };
  });
  return { ...answer, results };
}

export function changeMessage({ shardId, change }: PointChange): gateway.PointChange {
  const kind = changeKind(change);
  const point = kind === 'delete' ? gateway.Point.fromPartial({ id: change.id }) : pointMessage(change);
  return { shardId, logIndex: change.index, kind, point };
}
