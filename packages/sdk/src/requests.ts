import { checkDocument, filterMessage, holdsBigInt, stringifyJson } from '@vectron/model';
import { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { oneQuery, toBytes } from './vectors.js';

const EMPTY = Buffer.alloc(0);

/** The messages of vectron.v1 that calls of the interface stand for: gRPC sends them as they are, REST as JSON. */

export function createCollectionRequest(name: string, options: api.CollectionOptions): gateway.CreateCollectionRequest {
  const { rerank, indexes, sparseVectors, namedVectors, ...settings } = options;
  return {
    ...gateway.CreateCollectionRequest.fromPartial({ name, ...settings }),
    rerank: rerankMessage(rerank),
    indexes: (indexes ?? []).map(payloadIndex),
    sparseVectors: [...(sparseVectors ?? [])],
    namedVectors: (namedVectors ?? []).map((vector) => gateway.NamedVector.fromPartial({ ...vector })),
  };
}

export function updateCollectionRequest(name: string, change: api.CollectionChange): gateway.UpdateCollectionRequest {
  const { durability, rerank, embedding } = change;
  const request = gateway.UpdateCollectionRequest.fromPartial({ name, durability, embedding });
  return { ...request, rerank: rerankMessage(rerank) };
}

function rerankMessage(rerank: api.CollectionOptions['rerank']): gateway.RerankSettings | undefined {
  if (rerank === undefined) return undefined;
  const { fieldBoosts, textFields, ...rest } = rerank;
  return {
    ...gateway.RerankSettings.fromPartial({ ...rest, textFields: [...(textFields ?? [])] }),
    fieldBoosts: new Map(Object.entries(fieldBoosts ?? {})),
  };
}

/** An object for a message: as text where google.protobuf.Struct cannot hold it. Throws INVALID_ARGUMENT. */
function objectForms(object: api.Payload | undefined, field: string): { object?: api.Payload; json: string } {
  if (object === undefined) return { json: '' };
  checkDocument(object, field);
  return holdsBigInt(object) ? { json: stringifyJson(object, field) } : { object, json: '' };
}

export function pointMessage(point: api.Point, at = 0): gateway.Point {
  const { id, vector, text, sparse, vectors, ttlSeconds, ifVersion } = point;
  const payload = objectForms(point.payload, `points[${at}].payload`);
  return {
    id,
    vector: [],
    vectorF32: vector === undefined ? EMPTY : toBytes(vector),
    text: text ?? '',
    payload: new Map(),
    document: payload.object,
    payloadJson: payload.json,
    sparse: new Map(
      Object.entries(sparse ?? {}).map(([name, { indices, values }]) => [
        name,
        { indices: Array.from(indices), values: Array.from(values) },
      ]),
    ),
    vectors: new Map(
      Object.entries(vectors ?? {}).map(([name, one]) => [name, { vector: [], vectorF32: toBytes(one) }]),
    ),
    ttlSeconds: ttlSeconds ?? 0,
    ifVersion,
    version: 0n,
    expiresAtMs: 0n,
  };
}

export function searchRequest(collection: string, options: api.SearchOptions): gateway.SearchRequest {
  oneQuery(options);
  const { vector, filter, consistency, includePayload, ...rest } = options;
  return {
    ...gateway.SearchRequest.fromPartial(rest),
    collection,
    vectorF32: vector === undefined ? EMPTY : toBytes(vector),
    includeMetadata: includePayload ?? true,
    filter: filter && filterMessage(filter),
    consistency: consistencyMessage(consistency),
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
    consistency: consistencyMessage(consistency),
  };
}

function branchMessage(branch: api.QueryBranch, at: string): gateway.QueryBranch {
  const { vector, sparse, text, examples, filter, ...rest } = branch;
  return {
    ...gateway.QueryBranch.fromPartial(rest),
    vectorF32: vector === undefined ? EMPTY : toBytes(vector),
    sparse: sparse && { name: sparse.name, indices: Array.from(sparse.indices), values: Array.from(sparse.values) },
    text:
      text &&
      gateway.TextQuery.fromPartial({
        query: text.query,
        fields: [...(text.fields ?? [])],
        phrases: [...(text.phrases ?? [])],
      }),
    examples: examples && {
      positiveIds: [...examples.positiveIds],
      negativeIds: [...(examples.negativeIds ?? [])],
    },
    filter: filter && filterMessage(filter, at),
  };
}

export function listPointsRequest(collection: string, options: api.ListOptions): gateway.ListPointsRequest {
  const { limit = 0, cursor = '', includeVectors = false, consistency, filter, orderBy } = options;
  return {
    collection,
    limit,
    cursor,
    includeVectors,
    consistency: consistencyMessage(consistency),
    filter: filter && filterMessage(filter),
    orderBy: orderBy && { descending: false, ...orderBy },
  };
}

export function measureRecallRequest(collection: string, options: api.RecallOptions): gateway.MeasureRecallRequest {
  const { filter, ...rest } = options;
  return {
    ...gateway.MeasureRecallRequest.fromPartial(rest),
    collection,
    filter: filter && filterMessage(filter),
  };
}

export function updatePointsRequest(collection: string, update: api.PayloadUpdate): gateway.UpdatePointsRequest {
  const replace = objectForms(update.replace, 'replace');
  const set = objectForms(update.set, 'set');
  return {
    ...deletePointsRequest(collection, update),
    ...{ replace: replace.object, replaceJson: replace.json, set: set.object, setJson: set.json },
    remove: [...(update.remove ?? [])],
  };
}

export function deletePointsRequest(collection: string, selector: api.PointsSelector): gateway.DeletePointsRequest {
  const { ids, filter, ifVersion } = selector;
  return { collection, ids: [...(ids ?? [])], filter: filter && filterMessage(filter), ifVersion };
}

export const indexRequest = (collection: string, target: api.IndexTarget): gateway.CreateIndexRequest =>
  gateway.CreateIndexRequest.fromPartial({
    collection,
    ...('path' in target ? { index: payloadIndex(target) } : { ...target }),
  });

/** Its fields alone, without what an answer says of it. */
function payloadIndex(index: Partial<api.PayloadIndex>): gateway.PayloadIndex {
  return gateway.PayloadIndex.fromPartial({ ...index, stopWords: [...(index.stopWords ?? [])] });
}

export function analyzeRequest(collection: string, text: string, how: api.AnalyzeOptions | undefined) {
  const path = how !== undefined && 'path' in how ? how.path : '';
  const index = how !== undefined && 'index' in how ? payloadIndex(how.index) : undefined;
  return gateway.AnalyzeRequest.fromPartial({ collection, text, path, index });
}

/** undefined: nothing was asked. */
export function consistencyMessage(asked: api.Consistency | undefined): gateway.ReadConsistency | undefined {
  if (asked === undefined) return undefined;
  if (typeof asked === 'string') return { level: asked, maxStalenessMs: 0, writeToken: '' };
  if ('writeToken' in asked) return { level: 'at_least', maxStalenessMs: 0, writeToken: asked.writeToken };
  return { level: 'bounded', maxStalenessMs: asked.maxStalenessMs, writeToken: '' };
}
