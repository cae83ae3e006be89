import { Body, Controller, Inject, Param, Req, Res } from '@nestjs/common';
import { type Candidate, decodeVector, type QueryAnswer } from '@vectron/model';
import { gateway } from '@vectron/proto';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { PointService } from '../../data/point.service.js';
import { QueryService } from '../../data/query.service.js';
import { SchemaService } from '../../data/schema.service.js';
import type { AuthenticatedRequest } from './auth.guard.js';
import { filterOf, limitsOf, pointJson } from './data.rest.controller.js';
import { parse } from './json-schema.js';
import { Rest } from './rest-route.js';
import * as schema from './rest-schemas.js';

const FILTER = { field: 'section', eq: 'mail' };
const ANSWER = {
  results: [{ id: 'mail-1', score: 0.032, payload: { name: 'postfix' }, vector: [] }],
  groups: [],
  complete: true,
  shardsAsked: 1,
  shardsAnswered: 1,
  branches: [{ candidates: 50, recallEstimate: 0.99, plans: ['graph'], unindexed: false }],
};

/** The REST form of the questions and changes that take a filter, of indexes and of aliases. */
@Controller()
export class QueryRestController {
  constructor(
    @Inject(QueryService) private readonly queries: QueryService,
    @Inject(PointService) private readonly points: PointService,
    @Inject(SchemaService) private readonly schema: SchemaService,
  ) {}

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/query',
    operationId: 'query',
    tag: 'Search',
    summary: 'Several ways to the points, fused, grouped, diversified or rescored',
    body: schema.query,
    example: { branches: [{ vector: [0.1, 0.2] }, { text: { query: 'mail server' } }], topK: 5, filter: FILTER },
    answer: ANSWER,
  })
  async query(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const asked = queryOf(parse(schema.query, body), collection, '');
    return answerOf(reply, answerJson(await this.queries.query(request.principal, asked, limitsOf(reply))));
  }

  @Rest({
    method: 'POST',
    path: 'v1/query/batch',
    operationId: 'queryBatch',
    tag: 'Search',
    summary: 'Queries of one or more collections; each has an answer or an error of its own',
    body: schema.queryBatch,
    example: { queries: [{ collection: 'papers', branches: [{ likeId: 'mail-1' }] }] },
    answer: { outcomes: [{ answer: ANSWER, errorCode: '', errorMessage: '' }] },
  })
  async queryBatch(
    @Req() request: AuthenticatedRequest,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { queries } = parse(schema.queryBatch, body);
    const asked = queries.map((query, at) => queryOf(query, query.collection, `queries[${at}].`));
    const outcomes = await this.queries.batch(request.principal, { queries: asked }, limitsOf(reply));
    const texts = outcomes.map(({ answer, error }) => {
      const failure = `"errorCode":${JSON.stringify(error?.code ?? '')},"errorMessage":${JSON.stringify(error?.message ?? '')}`;
      return answer === undefined ? `{${failure}}` : `{"answer":${answerJson(answer)},${failure}}`;
    });
    return answerOf(reply, `{"outcomes":[${texts.join(',')}]}`);
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/count',
    operationId: 'countPoints',
    tag: 'Points',
    summary: 'How many points pass a filter',
    body: schema.countPoints,
    example: { filter: FILTER },
    answer: { count: '163', exact: true, unindexed: false },
  })
  async count(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Body() body: unknown) {
    const input = parse(schema.countPoints, body);
    const asked = { ...input, collection, filter: filterOf(input.filter) };
    return gateway.CountPointsResponse.toJSON(await this.queries.count(request.principal, asked));
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/facets',
    operationId: 'facetPoints',
    tag: 'Points',
    summary: 'The values at a path, with how many points have each',
    body: schema.facetPoints,
    example: { path: 'section', limit: 3 },
    answer: { values: [{ value: 'libs', count: '2104' }], more: true, unindexed: false },
  })
  async facets(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Body() body: unknown) {
    const input = parse(schema.facetPoints, body);
    const asked = { ...input, collection, filter: filterOf(input.filter) };
    const { values, more, unindexed } = await this.queries.facets(request.principal, asked);
    return { values: values.map(gateway.Facet.toJSON), more, unindexed };
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/list',
    operationId: 'listPointsWhere',
    tag: 'Points',
    summary: 'Points that pass a filter, by id or by a value, page by page',
    body: schema.listPoints,
    example: { filter: FILTER, orderBy: { path: 'installed_size', descending: true }, limit: 5 },
    answer: { points: [{ id: 'mail-1', payload: { name: 'postfix' }, version: '7' }], nextCursor: 'WyJt…' },
  })
  async list(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Body() body: unknown) {
    const input = parse(schema.listPoints, body);
    const asked = { ...input, collection, filter: filterOf(input.filter) };
    const { points, nextCursor } = await this.points.list(request.principal, asked);
    return { points: points.map((point) => pointJson(point, input.includeVectors)), nextCursor };
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/update',
    operationId: 'updatePoints',
    tag: 'Points',
    summary: 'Change payload fields of points given by id, by filter, or by both',
    body: schema.updatePoints,
    example: { ids: ['mail-1'], set: { reviewed: true, 'meta.by': 'ann' }, remove: ['draft'] },
    answer: { updated: '1', writeToken: 'v1.1-203' },
  })
  async update(@Req() request: AuthenticatedRequest, @Param('collection') collection: string, @Body() body: unknown) {
    const input = parse(schema.updatePoints, body);
    const asked = { ...input, collection, filter: filterOf(input.filter), replaceJson: '', setJson: '' };
    return gateway.UpdatePointsResponse.toJSON(await this.points.update(request.principal, asked));
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/points/delete',
    operationId: 'deletePoints',
    tag: 'Points',
    summary: 'Delete points given by id, by filter, or by both',
    body: schema.deletePoints,
    example: { filter: FILTER },
    answer: { deleted: '163', writeToken: 'v1.1-204' },
  })
  async deleteMany(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Body() body: unknown,
  ) {
    const input = parse(schema.deletePoints, body);
    const asked = { ...input, collection, filter: filterOf(input.filter) };
    return gateway.DeletePointsResponse.toJSON(await this.points.deleteMany(request.principal, asked));
  }

  @Rest({
    method: 'GET',
    path: 'v1/collections/:collection/indexes',
    operationId: 'listIndexes',
    tag: 'Collections',
    summary: 'Payload indexes and sparse vectors, and how far they are built',
    answer: {
      indexes: [
        { index: { path: 'section', type: 'keyword', language: '' }, indexed: '20000', points: '20000', ready: true },
      ],
      sparseVectors: ['words'],
      namedVectors: [{ name: 'title', dimension: 384, distance: 'cosine' }],
    },
  })
  async indexes(@Req() request: AuthenticatedRequest, @Param('collection') collection: string) {
    const { indexes, sparseVectors, namedVectors } = await this.schema.indexes(request.principal, collection);
    return { indexes: indexes.map(gateway.IndexInfo.toJSON), sparseVectors, namedVectors };
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/indexes',
    operationId: 'createIndex',
    tag: 'Collections',
    summary: 'Declare a payload index or a sparse vector; it is built while the collection goes on serving',
    body: schema.index,
    example: { index: { path: 'section', type: 'keyword' } },
    answer: { created: true },
  })
  async createIndex(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Body() body: unknown,
  ) {
    return this.schema.createIndex(request.principal, { collection, ...indexOf(parse(schema.index, body)) });
  }

  @Rest({
    method: 'POST',
    path: 'v1/collections/:collection/indexes/delete',
    operationId: 'deleteIndex',
    tag: 'Collections',
    summary: 'Drop a payload index or a sparse vector',
    body: schema.index,
    example: { index: { path: 'section', type: 'keyword' } },
    answer: { existed: true },
  })
  async deleteIndex(
    @Req() request: AuthenticatedRequest,
    @Param('collection') collection: string,
    @Body() body: unknown,
  ) {
    return this.schema.deleteIndex(request.principal, { collection, ...indexOf(parse(schema.index, body)) });
  }

  @Rest({
    method: 'GET',
    path: 'v1/aliases',
    operationId: 'listAliases',
    tag: 'Collections',
    summary: 'Other names of collections',
    answer: { aliases: [{ alias: 'docs', collection: 'papers' }] },
  })
  async aliases(@Req() request: AuthenticatedRequest) {
    return this.schema.aliases(request.principal);
  }

  @Rest({
    method: 'POST',
    path: 'v1/aliases',
    operationId: 'updateAliases',
    tag: 'Collections',
    summary: 'Set and delete aliases, all at one moment or none',
    body: schema.aliases,
    example: { set: [{ alias: 'docs', collection: 'papers' }] },
    answer: {},
  })
  async updateAliases(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return this.schema.updateAliases(request.principal, parse(schema.aliases, body));
  }
}

const indexOf = ({ index, sparseVector, namedVector }: z.output<typeof schema.index>) => ({
  index,
  sparseVector,
  namedVector,
});

function answerOf(reply: FastifyReply, text: string): string {
  reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}

function queryOf(body: z.output<typeof schema.query>, collection: string, at: string): gateway.QueryRequest {
  const nothing = Buffer.alloc(0);
  const branches = body.branches.map((branch, i) => ({
    ...branch,
    vector: branch.vector ?? [],
    vectorF32: branch.vectorF32 ?? nothing,
    filter: filterOf(branch.filter, `${at}branches[${i}].filter`),
  }));
  const rescoreVectorF32 = body.rescoreVectorF32 ?? nothing;
  return { ...body, collection, branches, filter: filterOf(body.filter, `${at}filter`), rescoreVectorF32 };
}

function answerJson({ results, groups, ...answer }: QueryAnswer): string {
  const list = (hits: readonly Candidate[]) => `[${hits.map(hitJson).join(',')}]`;
  const grouped = groups.map(({ value, results }) => `{"value":${JSON.stringify(value)},"results":${list(results)}}`);
  return `{"results":${list(results)},"groups":[${grouped.join(',')}],${JSON.stringify(answer).slice(1)}`;
}

/** Payloads were JSON text all the time. */
function hitJson({ id, score, payload, vector }: Candidate): string {
  const document = payload.length === 0 ? '{}' : payload.toString();
  return `{"id":${JSON.stringify(id)},"score":${score},"payload":${document},"vector":${JSON.stringify(decodeVector(vector))}}`;
}
