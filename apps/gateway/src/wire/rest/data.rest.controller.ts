import { Body, Controller, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import type { PointInput } from '@vectron/model';
import { changeKind, decodeDocument, decodeVector, filterMessage, type VectorInput } from '@vectron/model';
import { type filters, gateway, type workerData } from '@vectron/proto';
import { Stop } from '@vectron/rpc';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { ChangeService, type PointChange } from '../../data/change.service.js';
import { CollectionService } from '../../data/collection.service.js';
import { FeedbackService } from '../../data/feedback.service.js';
import { PointService } from '../../data/point.service.js';
import { SearchService } from '../../data/search.service.js';
import type { SearchInput } from '../../data/search-input.js';
import type { CallLimits } from '../../edge/call-limits.js';
import { changedPoint } from '../grpc/grpc-messages.js';
import { searchAnswerJson } from '../grpc/search-codec.js';
import type { AuthenticatedRequest } from './auth.guard.js';
import { parse } from './json-schema.js';
import { Rest } from './rest-route.js';
import * as schema from './rest-schemas.js';

const POINT = { id: 'mail-1', vector: [0.1, 0.2], payload: { name: 'postfix' } };
const FOUND = {
  results: [{ id: 'mail-1', score: 0.83, payload: { name: 'postfix' }, vector: [], explanation: '' }],
  complete: true,
  shardsAsked: 1,
  shardsAnswered: 1,
  shards: [{ shardId: 1, appliedIndex: '200', indexLag: 0, ef: 100, errorCode: '' }],
  queryId: 'e7b1…',
  rerankedBy: '',
  rerankSkipped: '',
};
const UPSERTED = {
  upserted: 1,
  shards: [{ shardId: 1, upserted: 1, logIndex: '201', errorCode: '' }],
  writeToken: 'v1.1-201',
};

/** In a GET, the fields of ReadConsistency are parameters. */
const CONSISTENCY_QUERY = {
  consistency: 'any (default), bounded, at_least or linearizable',
  max_staleness_ms: 'with bounded; default 2000',
  write_token: 'with at_least: writeToken of a write',
};

/** The REST form of vectron.v1. */
@Controller()
export class DataRestController {
  constructor(
    @Inject(CollectionService) private readonly collections: CollectionService,
    @Inject(PointService) private readonly points: PointService,
    @Inject(SearchService) private readonly searches: SearchService,
    @Inject(FeedbackService) private readonly feedbacks: FeedbackService,
    @Inject(ChangeService) private readonly changes: ChangeService,
  ) {}

  @Rest({
    method: 'POST',
    path: 'v1/collections',
    operationId: 'createCollection',
    tag: 'Collections',
    summary: 'Make a collection',
    body: schema.createCollection,
    example: { name: 'papers', dimension: 2 },
    answer: { success: true },
  })
  async create(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return this.collections.create(request.principal, parse(schema.createCollection, body));
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections',
    operationId: 'listCollections',
    tag: 'Collections',
    summary: 'Collections of the tenant',
    answer: {
      collections: ['papers'],
      details: [
        { name: 'papers', dimension: 384, distance: 'cosine', shards: 1, points: '20000', createdAt: '1700000000' },
      ],
    },
  })
  async list(@Req() request: AuthenticatedRequest) {
    const { collections, details } = await this.collections.list(request.principal);
    return { collections, details: details.map(gateway.CollectionInfo.toJSON) };
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections/:name/status',
    operationId: 'getCollectionStatus',
    tag: 'Collections',
    summary: 'Shards, counts and settings of a collection',
    answer: {
      name: 'papers',
      dimension: 384,
      distance: 'cosine',
      shards: [
        {
          shardId: 1,
          replicas: ['1'],
          leaderId: '1',
          ready: true,
          points: '20000',
          indexLag: '0',
          appliedIndex: '200',
        },
      ],
      points: '20000',
      indexLag: '0',
      durability: 'fsync',
      memoryBytes: '41000000',
      diskBytes: '31000000',
    },
  })
  async status(@Req() request: AuthenticatedRequest, @Param('name') name: string) {
    return gateway.GetCollectionStatusResponse.toJSON(await this.collections.status(request.principal, name));
  }

  @Rest({
    method: 'PUT',
    path: 'v1/collections/:name/settings',
    operationId: 'updateCollection',
    tag: 'Collections',
    summary: 'Change settings while the collection serves; what is not given stays',
    body: schema.updateCollection,
    example: { rerank: { enabled: true } },
    answer: { settings: { name: 'papers', dimension: 384, distance: 'cosine', rerank: { enabled: true } } },
  })
  async update(@Req() request: AuthenticatedRequest, @Param('name') name: string, @Body() body: unknown) {
    const change = { name, ...parse(schema.updateCollection, body) };
    return gateway.UpdateCollectionResponse.toJSON(await this.collections.update(request.principal, change));
  }

  @Rest({
    method: 'DELETE',
    path: 'v1/collections/:name',
    operationId: 'deleteCollection',
    tag: 'Collections',
    summary: 'Delete a collection with its points',
    answer: { success: true },
  })
  async drop(@Req() request: AuthenticatedRequest, @Param('name') name: string) {
    return this.collections.delete(request.principal, name);
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points',
    operationId: 'upsert',
    tag: 'Points',
    summary: 'Write points',
    body: schema.upsert,
    example: { points: [POINT] },
    answer: UPSERTED,
  })
  async upsert(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Body() body: unknown) {
    return this.#upsert(request, collection, parse(schema.upsert, body));
  }

  @Rest({
    method: 'POST',
    path: 'v1/upsert',
    operationId: 'upsertAlias',
    tag: 'Points',
    summary: 'Write points, collection in the body',
    body: schema.upsertAlias,
    example: { collection: 'papers', points: [POINT] },
    answer: UPSERTED,
  })
  async upsertAlias(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    const input = parse(schema.upsertAlias, body);
    return this.#upsert(request, input.collection, input);
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections/:collection/points',
    operationId: 'listPoints',
    tag: 'Points',
    summary: 'Points by id, page by page',
    query: {
      limit: '1 to 1000, default 20',
      cursor: 'nextCursor of the page before',
      include_vectors: 'true or false',
      ...CONSISTENCY_QUERY,
    },
    answer: { points: [POINT], nextCursor: 'mail-1' },
  })
  async page(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Query() query: Record<string, string | undefined>,
  ) {
    const limit = query.limit === undefined ? 0 : Number(query.limit);
    if (!Number.isInteger(limit) || limit < 0) throw VectronError.invalid('limit', 'limit must be 1 to 1000');
    const includeVectors = (query.include_vectors ?? query.includeVectors) === 'true';
    const { points, nextCursor } = await this.points.list(request.principal, {
      collection,
      limit,
      cursor: query.cursor ?? '',
      includeVectors,
      consistency: consistencyOf(query),
    });
    return { points: points.map((point) => pointJson(point, includeVectors)), nextCursor };
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections/:collection/points/:id',
    operationId: 'getPoint',
    tag: 'Points',
    summary: 'One point',
    query: CONSISTENCY_QUERY,
    answer: { point: POINT, appliedIndex: '201' },
  })
  async get(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Param('id') id: string,
    @Query() query: Record<string, string | undefined>,
  ) {
    const { point, appliedIndex } = await this.points.get(request.principal, collection, id, consistencyOf(query));
    return { point: pointJson(point, true), appliedIndex: appliedIndex.toString() };
  }

  @Rest({
    method: 'DELETE',
    path: 'v1/collections/:collection/points/:id',
    operationId: 'deletePoint',
    tag: 'Points',
    summary: 'Delete a point',
    answer: { existed: true, writeToken: 'v1.1-202' },
  })
  async delete(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Param('id') id: string) {
    return this.points.delete(request.principal, collection, id).then(gateway.DeleteResponse.toJSON);
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections/:collection/changes',
    operationId: 'listChanges',
    tag: 'Points',
    summary: 'Changes of points since a cursor, in log order a shard',
    query: {
      cursor: 'nextCursor of the answer before; missing: from the oldest change that is kept',
      wait_ms: 'how long to wait for the first change, at most 60000',
    },
    answer: {
      changes: [{ shardId: 1, logIndex: '201', kind: 'insert', point: POINT }],
      nextCursor: 'c1.7f0c….1-202',
    },
  })
  async listChanges(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Query() query: Record<string, string | undefined>,
  ) {
    const waitMs = Number(query.wait_ms ?? query.waitMs ?? 0);
    if (!Number.isInteger(waitMs) || waitMs < 0) throw VectronError.invalid('wait_ms', 'wait_ms is milliseconds');
    const asked = { collection, cursor: query.cursor ?? '', waitMs };
    const { changes, nextCursor } = await this.changes.list(request.principal, asked);
    return { changes: changes.map(changeJson), nextCursor };
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/search',
    operationId: 'search',
    tag: 'Search',
    summary: 'Nearest neighbours of a vector or of a point',
    body: schema.search,
    example: { vector: [0.1, 0.2], topK: 5 },
    answer: FOUND,
  })
  async search(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.#search(request, searchInputOf(parse(schema.search, body), collection), reply);
  }

  @Rest({
    method: 'POST',
    path: 'v1/search',
    operationId: 'searchAlias',
    tag: 'Search',
    summary: 'Search, collection in the body',
    body: schema.searchAlias,
    example: { collection: 'papers', likeId: 'mail-1' },
    answer: FOUND,
  })
  async searchAlias(
    @Req() request: AuthenticatedRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const input = parse(schema.searchAlias, body);
    return this.#search(request, searchInputOf(input, input.collection), reply);
  }

  @Rest({
    method: 'POST',
    path: 'v1/feedback',
    operationId: 'submitFeedback',
    tag: 'Search',
    summary: 'Say how good an answer was',
    body: schema.feedback,
    example: { collection: 'papers', feedbackItems: [{ resultId: 'mail-1', clicked: true }] },
    answer: { success: true, feedbackId: 'b9c0…' },
  })
  async feedback(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    const input = parse(schema.feedback, body);
    const context = new Map(Object.entries(input.context).map(([key, value]) => [key, String(value)]));
    return this.feedbacks.submit(request.principal, { ...input, context });
  }

  async #search(request: AuthenticatedRequest, input: SearchInput, reply: FastifyReply): Promise<string> {
    const answer = await this.searches.search(request.principal, input, limitsOf(reply));
    reply.header('content-type', 'application/json; charset=utf-8');
    return searchAnswerJson(answer);
  }

  #upsert(
    request: AuthenticatedRequest,
    collection: string,
    { points, origin }: Pick<z.output<typeof schema.upsert>, 'points' | 'origin'>,
  ) {
    const inputs = points.map((point, at): PointInput => {
      const vector = vectorInputOf(point, `points[${at}].vector`);
      const { id, payload, ttlSeconds, ifVersion } = point;
      const [sparse, vectors] = [Object.entries(point.sparse ?? {}), Object.entries(point.vectors ?? {})];
      return { id, vector, text: point.text, payload, sparse, vectors, ttlSeconds, ifVersion };
    });
    return this.points.upsert(request.principal, collection, inputs, origin).then(gateway.UpsertResponse.toJSON);
  }
}

/** What a REST caller puts up with: it is gone when its connection is. */
export function limitsOf(reply: FastifyReply): CallLimits {
  let gone: Stop | undefined;
  return {
    get signal() {
      if (gone === undefined) {
        const made = new Stop();
        gone = made;
        reply.raw.once('close', () => reply.raw.writableFinished || made.abort());
      }
      return gone;
    },
  };
}

type VectorFields = { vector?: number[]; vectorF32?: Buffer };

function vectorInputOf({ vector, vectorF32 }: VectorFields, field: string): VectorInput {
  if (vector !== undefined && vectorF32 !== undefined)
    throw VectronError.invalid(field, 'send either vector or vectorF32');
  return vectorF32 ?? vector ?? [];
}

export function searchInputOf(body: z.output<typeof schema.search>, collection: string): SearchInput {
  const filter = filterOf(body.filter);
  return { ...body, collection, vector: vectorInputOf(body, 'vector'), filter, payloadFields: false };
}

/** The message of a filter in a body. */
export const filterOf = (json: unknown, field = 'filter'): filters.Filter | undefined =>
  json === undefined ? undefined : filterMessage(json, field);

function consistencyOf(query: Record<string, string | undefined>): gateway.ReadConsistency {
  const maxStalenessMs = Number(query.max_staleness_ms ?? query.maxStalenessMs ?? 0);
  if (!Number.isInteger(maxStalenessMs) || maxStalenessMs < 0) {
    throw VectronError.invalid('max_staleness_ms', 'max_staleness_ms is milliseconds');
  }
  return { level: query.consistency ?? '', maxStalenessMs, writeToken: query.write_token ?? query.writeToken ?? '' };
}

function changeJson({ shardId, change }: PointChange) {
  const kind = changeKind(change);
  const point = kind === 'delete' ? { id: change.id } : pointJson(changedPoint(change), true);
  return { shardId, logIndex: change.index.toString(), kind, point };
}

export function pointJson(point: workerData.PointData, includeVector: boolean) {
  const vector = includeVector ? { vector: decodeVector(point.vector) } : {};
  const vectors = point.sparse.map(({ name, indices, values }) => [name, { indices, values }]);
  const sparse = vectors.length > 0 ? { sparse: Object.fromEntries(vectors) } : {};
  const dense = point.vectors.map((one) => [one.name, decodeVector(one.vector)]);
  const named = includeVector && dense.length > 0 ? { vectors: Object.fromEntries(dense) } : {};
  const expiry = point.expiresAtMs > 0n ? { expiresAtMs: point.expiresAtMs.toString() } : {};
  const payload = decodeDocument(point.payload);
  return { id: point.id, ...vector, payload, ...sparse, ...named, version: point.version.toString(), ...expiry };
}
