import { VectronError } from '@vectron/errors';
import { filterMessage } from '@vectron/model';
import { auth, gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import type * as api from './client.js';
import { collectionInfo, collectionStatus, settingsOf } from './collection-views.js';
import { wireConsistency } from './consistency.js';
import { indexesOf, indexRequest, queryRequest, rerankMessage, searchRequest } from './requests.js';
import { searchReport } from './search-report.js';
import { toBytes, toFloats } from './vectors.js';

const EMPTY = Buffer.alloc(0);

export function grpcClient(address: string, apiKey: string | undefined, timeoutMs: number): api.VectronClient {
  const data = createClient(gateway.VectronServiceService, address);
  const users = createClient(auth.AuthServiceService, address);
  const authorization = apiKey === undefined ? undefined : `Bearer ${apiKey}`;
  const context = (waitMs = 0) => callContext({ authorization, timeoutMs: timeoutMs + waitMs });
  const account = (user: auth.UserProfile | undefined): api.Account => {
    if (user === undefined) throw new VectronError('INTERNAL', 'the server sent no user');
    return { id: user.id, email: user.email, role: user.role };
  };
  const change = ({ shardId, logIndex, kind, point }: gateway.PointChange): api.Change => {
    const what = { shardId, logIndex, kind: kind as api.Change['kind'], id: point?.id ?? '' };
    return kind === 'delete'
      ? what
      : { ...what, vector: toFloats(point?.vector ?? []), payload: point?.document ?? {} };
  };
  const keyInfo = (key: auth.APIKey): api.ApiKeyInfo => ({ prefix: key.keyPrefix, name: key.name, role: key.role });

  return {
    async createCollection(name, options) {
      const { rerank, indexes, sparseVectors, namedVectors, ...settings } = options;
      const request = gateway.CreateCollectionRequest.fromPartial({
        name,
        ...settings,
        indexes: indexes?.map((index) => ({ ...index })),
        sparseVectors: [...(sparseVectors ?? [])],
        namedVectors: namedVectors?.map((vector) => ({ ...vector })),
      });
      request.rerank = rerankMessage(rerank);
      await data.api.createCollection(request, context());
    },
    async updateCollection(name, { durability, rerank, embedding }) {
      const request = gateway.UpdateCollectionRequest.fromPartial({ name, durability, embedding });
      request.rerank = rerankMessage(rerank);
      return settingsOf((await data.api.updateCollection(request, context())).settings);
    },
    async deleteCollection(name) {
      await data.api.deleteCollection({ name }, context());
    },
    async listCollections() {
      const { details } = await data.api.listCollections({}, context());
      return details.map(collectionInfo);
    },
    async collectionStatus(name) {
      const status = await data.api.getCollectionStatus({ name }, context());
      return collectionStatus(status, settingsOf(status.settings));
    },
    async upsert(collection, points) {
      const wire = points.map(({ id, vector, text, payload, sparse, vectors, ttlSeconds, ifVersion }) => ({
        id,
        vector: [],
        vectorF32: vector === undefined ? EMPTY : toBytes(vector),
        text: text ?? '',
        payload: new Map<string, string>(),
        document: payload,
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
        payloadJson: '',
        ifVersion,
        version: 0n,
        expiresAtMs: 0n,
      }));
      const { upserted, writeToken } = await data.api.upsert({ collection, points: wire }, context());
      return { upserted, writeToken };
    },
    async search(collection, options) {
      const { results, ...answer } = await data.api.search(searchRequest(collection, options), context());
      const hits = results.map(({ id, score, document, vector, explanation }) => ({
        id,
        score,
        payload: document ?? {},
        vector: toFloats(vector),
        explanation,
      }));
      const { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy } = answer;
      const facts = { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy };
      return { hits, ...facts, ...searchReport(answer) };
    },
    async get(collection, id, options = {}) {
      try {
        const request = { collection, id, consistency: wireConsistency(options.consistency) };
        const { point } = await data.api.get(request, context());
        return point && storedPoint(point);
      } catch (error) {
        if (error instanceof VectronError && error.code === 'POINT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async delete(collection, id) {
      return data.api.delete({ collection, id }, context());
    },
    async listChanges(collection, { cursor = '', waitMs = 0 } = {}) {
      const { changes, nextCursor } = await data.api.listChanges({ collection, cursor, waitMs }, context(waitMs));
      return { changes: changes.map(change), nextCursor };
    },
    async listPoints(
      collection,
      { limit = 0, cursor = '', includeVectors = false, consistency, filter, orderBy } = {},
    ) {
      const request = {
        collection,
        limit,
        cursor,
        includeVectors,
        consistency: wireConsistency(consistency),
        filter: filter && filterMessage(filter),
        orderBy: orderBy && { descending: false, ...orderBy },
      };
      const { points, nextCursor } = await data.api.listPoints(request, context());
      return { points: points.map(storedPoint), nextCursor: nextCursor || undefined };
    },
    async query(collection, options) {
      return queryResult(await data.api.query(queryRequest(collection, options), context()));
    },
    async queryBatch(queries) {
      const wire = queries.map(({ collection, ...options }) => queryRequest(collection, options));
      const { outcomes } = await data.api.queryBatch({ queries: wire }, context());
      return outcomes.map(({ answer, errorCode, errorMessage }) =>
        answer === undefined ? VectronError.fromWire(errorCode, errorMessage) : queryResult(answer),
      );
    },
    async count(collection, { filter, estimate = false } = {}) {
      const request = { collection, filter: filter && filterMessage(filter), estimate };
      const { count, exact, unindexed } = await data.api.countPoints(request, context());
      return { count: Number(count), exact, unindexed };
    },
    async facets(collection, path, { filter, limit = 0 } = {}) {
      const request = { collection, path, filter: filter && filterMessage(filter), limit };
      const { values, more, unindexed } = await data.api.facetPoints(request, context());
      return { values: values.map(({ value, count }) => ({ value, count: Number(count) })), more, unindexed };
    },
    async updatePoints(collection, { ids, filter, ifVersion, replace, remove, set }) {
      const chosen = { collection, ids: [...(ids ?? [])], filter: filter && filterMessage(filter), ifVersion };
      const request = { ...chosen, replace, remove: [...(remove ?? [])], set, replaceJson: '', setJson: '' };
      const { updated, writeToken } = await data.api.updatePoints(request, context());
      return { updated: Number(updated), writeToken };
    },
    async deletePoints(collection, { ids, filter, ifVersion }) {
      const request = { collection, ids: [...(ids ?? [])], filter: filter && filterMessage(filter), ifVersion };
      const { deleted, writeToken } = await data.api.deletePoints(request, context());
      return { deleted: Number(deleted), writeToken };
    },
    async createIndex(collection, target) {
      return (await data.api.createIndex(indexRequest(collection, target), context())).created;
    },
    async deleteIndex(collection, target) {
      return (await data.api.deleteIndex(indexRequest(collection, target), context())).existed;
    },
    async listIndexes(collection) {
      return indexesOf(await data.api.listIndexes({ collection }, context()));
    },
    async listAliases() {
      return (await data.api.listAliases({}, context())).aliases;
    },
    async updateAliases(changes) {
      await data.api.updateAliases({ set: [...(changes.set ?? [])], delete: [...(changes.delete ?? [])] }, context());
    },
    async feedback({ collection, queryId, query, items }) {
      const feedbackItems = items.map((item) => gateway.FeedbackItem.fromPartial(item));
      const context_ = new Map<string, string>();
      const request = {
        collection,
        query: query ?? '',
        queryId: queryId ?? '',
        resultIds: [],
        feedbackItems,
        context: context_,
      };
      return (await data.api.submitFeedback(request, context())).feedbackId;
    },
    async register(email, password) {
      return account((await users.api.registerUser({ email, password }, context())).user);
    },
    async login(email, password) {
      const answer = await users.api.login({ email, password }, context());
      return { token: answer.jwtToken, account: account(answer.user) };
    },
    async profile() {
      return account((await users.api.getUserProfile({}, context())).user);
    },
    async createApiKey(name, options = {}) {
      const request = { name, role: options.role ?? '', collections: options.collections ?? [], expiresAt: 0n };
      const { fullKey, keyInfo: info } = await users.api.createApiKey(request, context());
      if (info === undefined) throw new VectronError('INTERNAL', 'the server sent no key');
      return { key: fullKey, info: keyInfo(info) };
    },
    async listApiKeys() {
      return (await users.api.listApiKeys({}, context())).keys.map(keyInfo);
    },
    async deleteApiKey(prefix) {
      await users.api.deleteApiKey({ keyPrefix: prefix }, context());
    },
    async close() {
      data.close();
      users.close();
    },
  };
}

function storedPoint(point: gateway.Point): api.StoredPoint {
  const { id, vector, document, sparse, vectors, version, expiresAtMs } = point;
  const dense = Array.from(vectors, ([name, one]) => [name, Float32Array.from(one.vector)] as const);
  return {
    id,
    vector: toFloats(vector),
    payload: document ?? {},
    version,
    ...(sparse.size > 0 ? { sparse: Object.fromEntries(sparse) } : {}),
    ...(dense.length > 0 ? { vectors: Object.fromEntries(dense) } : {}),
    ...(expiresAtMs > 0n ? { expiresAt: new Date(Number(expiresAtMs)) } : {}),
  };
}

function queryResult({ results, groups, complete, branches }: gateway.QueryResponse): api.QueryResult {
  const hit = ({ id, score, document, vector }: gateway.SearchResult): api.QueryHit => ({
    id,
    score,
    payload: document ?? {},
    vector: toFloats(vector),
  });
  return {
    hits: results.map(hit),
    groups: groups.map(({ value, results }) => ({ value, hits: results.map(hit) })),
    complete,
    branches,
  };
}
