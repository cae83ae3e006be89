import { VectronError } from '@vectron/errors';
import { parseTrustedJson } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { toJson } from './rest-json.js';
import { searchReport, shardReport } from './search-report.js';
import { toFloats } from './vectors.js';

/** What the interface gives of the answers of vectron.v1. */

/** The settings of a message, as `createCollection` takes them; empty lists are not in it. */
export function settingsOf(request: gateway.CreateCollectionRequest | undefined): api.CollectionOptions {
  const { name: _, ...settings } = toJson('vectron.v1.CreateCollectionRequest', request ?? {});
  return settings as unknown as api.CollectionOptions;
}

export const collectionInfo = ({ name, dimension, distance, shards, points }: gateway.CollectionInfo) => ({
  name,
  dimension,
  distance,
  shards,
  points: Number(points),
});

export function collectionStatus(status: gateway.GetCollectionStatusResponse): api.CollectionStatus {
  const { name, dimension, distance, points, indexLag, shards, settings } = status;
  return {
    name,
    dimension,
    distance,
    points: Number(points),
    indexLag: Number(indexLag),
    shards: shards.map((shard) => ({
      shardId: shard.shardId,
      ready: shard.ready,
      points: Number(shard.points),
      replicas: shard.replicas.map(Number),
      ...(shard.errorCode === '' ? {} : { errorCode: shard.errorCode }),
    })),
    settings: settingsOf(settings),
  };
}

/** The text is there where google.protobuf.Struct cannot hold the payload. */
const payloadOf = ({ document, payloadJson }: Pick<gateway.Point, 'document' | 'payloadJson'>): api.Payload =>
  payloadJson === '' ? (document ?? {}) : (parseTrustedJson(payloadJson, 'payload_json') as api.Payload);

const exactValue = ({ value, valueJson }: Pick<gateway.Facet, 'value' | 'valueJson'>): api.Value =>
  valueJson === '' ? value : (parseTrustedJson(valueJson, 'value_json') as api.Value);

export function storedPoint(point: gateway.Point | undefined): api.StoredPoint {
  const { id, vector, sparse, vectors, version, expiresAtMs, ...payload } = point ?? missing('point');
  const dense = Array.from(vectors, ([name, one]) => [name, Float32Array.from(one.vector)] as const);
  return {
    id,
    vector: toFloats(vector),
    payload: payloadOf(payload),
    version,
    ...(sparse.size > 0 ? { sparse: Object.fromEntries(sparse) } : {}),
    ...(dense.length > 0 ? { vectors: Object.fromEntries(dense) } : {}),
    ...(expiresAtMs > 0n ? { expiresAt: new Date(Number(expiresAtMs)) } : {}),
  };
}

export function searchResult({ results, ...answer }: gateway.SearchResponse): api.SearchResult {
  const { complete, shardsAsked, shardsAnswered, queryId, rerankedBy } = answer;
  const { recallEstimate, recallInterval, recallUnmet } = answer;
  return {
    hits: results.map((one) => ({ ...hit(one), explanation: one.explanation })),
    ...{ complete, shardsAsked, shardsAnswered, queryId, rerankedBy },
    ...{ recallEstimate, recallInterval, recallUnmet },
    ...searchReport(answer),
  };
}

export function batchResult({ answers }: gateway.SearchBatchResponse): api.SearchBatchResult {
  const hits = answers.flatMap(({ results }) => results);
  return {
    counts: Uint32Array.from(answers, ({ results }) => results.length),
    ids: hits.map(({ id }) => id),
    scores: Float32Array.from(hits, ({ score }) => score),
    payloads: hits.map(payloadOf),
    vectors: hits.map(({ vector }) => Float32Array.from(vector)),
    searches: answers.map((answer) => ({
      complete: answer.complete,
      shardsAsked: answer.shardsAsked,
      shardsAnswered: answer.shardsAnswered,
      recallEstimate: answer.recallEstimate,
      recallInterval: answer.recallInterval,
      recallUnmet: answer.recallUnmet,
      queryId: answer.queryId,
      shards: answer.shards.map(shardReport),
    })),
  };
}

export function queryResult({ results, groups, complete, branches }: gateway.QueryResponse): api.QueryResult {
  return {
    hits: results.map(hit),
    groups: groups.map((group) => ({ value: exactValue(group), hits: group.results.map(hit) })),
    complete,
    branches,
  };
}

export const recallMeasurement = ({
  interval,
  plans,
  ...rest
}: gateway.MeasureRecallResponse): api.RecallMeasurement => ({
  ...rest,
  interval: interval ?? missing('interval'),
  plans: Object.fromEntries(plans),
});

export const queryOutcome = ({ answer, errorCode, errorMessage }: gateway.QueryOutcome) =>
  answer === undefined ? VectronError.fromWire(errorCode, errorMessage) : queryResult(answer);

const hit = ({ id, score, vector, ...payload }: gateway.SearchResult): api.QueryHit => ({
  id,
  score,
  payload: payloadOf(payload),
  vector: toFloats(vector),
});

export function change({ shardId, logIndex, kind, point }: gateway.PointChange): api.Change {
  const what = { shardId, logIndex, kind: kind as api.Change['kind'] };
  return kind === 'delete' ? { ...what, id: point?.id ?? missing('point') } : { ...what, ...storedPoint(point) };
}

export const facet = (one: gateway.Facet) => ({ value: exactValue(one), count: Number(one.count) });

export const indexesOf = ({ indexes, sparseVectors, namedVectors }: gateway.ListIndexesResponse): api.Indexes => ({
  namedVectors: namedVectors as api.NamedVector[],
  indexes: indexes.map(({ index, indexed, points, ready, unread, unreadExample }) => ({
    path: index?.path ?? '',
    type: (index?.type ?? '') as api.PayloadIndex['type'],
    language: index?.language ?? '',
    ...(index?.type === 'text' && {
      analyzer: (index.analyzer || 'words') as api.PayloadIndex['analyzer'],
      stopWords: index.stopWords,
    }),
    indexed: Number(indexed),
    points: Number(points),
    ready,
    unread: Number(unread),
    ...(unreadExample && { unreadExample: { id: unreadExample.id, value: unreadExample.value } }),
  })),
  sparseVectors,
});

export function missing(what: string): never {
  throw new VectronError('INTERNAL', `the server sent no ${what}`);
}
