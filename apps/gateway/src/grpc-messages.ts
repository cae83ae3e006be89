import { VectronError } from '@vectron/errors';
import type { PointInput } from '@vectron/model';
import { changeKind, decodeDocument, decodeVector, type VectorInput } from '@vectron/model';
import { gateway, type workerData } from '@vectron/proto';
import type { PointChange } from './change.service.js';
import { fromStringMap, stringMap } from './document.js';
import type { SearchInput } from './search.service.js';
import type { Packed } from './search-codec.js';

/** Between the messages of vectron.v1 and what the services take and give. */
export function pointInput(point: Packed<gateway.Point>, at: number): PointInput {
  if (point.document !== undefined && point.payload.size > 0) {
    throw VectronError.invalid(`points[${at}].document`, 'send either payload or document');
  }
  const vector = vectorInput(point, `points[${at}].vector`);
  return { id: point.id, vector, payload: point.document ?? fromStringMap(point.payload) };
}

export function searchInput(request: Packed<gateway.SearchRequest>): SearchInput {
  return {
    ...request,
    vector: vectorInput(request, 'vector'),
    includeMetadata: request.includeMetadata ?? true,
    payloadFields: true,
  };
}

type Vectors = Packed<Pick<gateway.Point, 'vector' | 'vectorF32'>>;

/** `vector` holds what a client sent unpacked, number by number. */
function vectorInput({ vector, packedVector, vectorF32 }: Vectors, field: string): VectorInput {
  const forms = [vector, packedVector, vectorF32].filter(({ length }) => length > 0);
  if (forms.length > 1) throw VectronError.invalid(field, 'send either vector or vector_f32');
  return forms[0] ?? [];
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

export function changeMessage({ shardId, change }: PointChange): gateway.PointChange {
  const kind = changeKind(change);
  const point = kind === 'delete' ? gateway.Point.fromPartial({ id: change.id }) : pointMessage(change);
  return { shardId, logIndex: change.index, kind, point };
}
