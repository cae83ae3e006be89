import { VectronError } from '@vectron/errors';
import { auth, gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import type * as api from './client.js';
import { collectionInfo, collectionStatus } from './collection-views.js';
import { wireConsistency } from './consistency.js';
import { oneQuery, toBytes, toFloats } from './vectors.js';

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
      const { rerank, ...settings } = options;
      const request = gateway.CreateCollectionRequest.fromPartial({
        name,
        ...settings,
      });
      if (rerank !== undefined) {
        const { fieldBoosts, textFields, ...rest } = rerank;
        const fields = { ...rest, textFields: [...(textFields ?? [])] };
        request.rerank = {
          ...gateway.RerankSettings.fromPartial(fields),
          fieldBoosts: new Map(Object.entries(fieldBoosts ?? {})),
        };
      }
      await data.api.createCollection(request, context());
    },
    async deleteCollection(name) {
      await data.api.deleteCollection({ name }, context());
    },
    async listCollections() {
      const { details } = await data.api.listCollections({}, context());
      return details.map(collectionInfo);
    },
    async collectionStatus(name) {
      return collectionStatus(await data.api.getCollectionStatus({ name }, context()));
    },
    async upsert(collection, points) {
      const wire = points.map(({ id, vector, payload }) => ({
        id,
        vector: [],
        vectorF32: toBytes(vector),
        payload: new Map<string, string>(),
        document: payload,
      }));
      const { upserted, writeToken } = await data.api.upsert({ collection, points: wire }, context());
      return { upserted, writeToken };
    },
    async search(collection, options) {
      oneQuery(options);
      const request: gateway.SearchRequest = {
        collection,
        vector: [],
        vectorF32: options.vector ? toBytes(options.vector) : EMPTY,
        likeId: options.likeId ?? '',
        topK: options.topK ?? 0,
        query: options.query ?? '',
        timeoutMs: options.timeoutMs ?? 0,
        includeVectors: options.includeVectors ?? false,
        includeMetadata: options.includePayload ?? true,
        ef: options.ef ?? 0,
        recall: options.recall ?? 0,
        exact: options.exact ?? false,
        scoreThreshold: options.scoreThreshold,
        explain: false,
        whyNot: '',
        consistency: wireConsistency(options.consistency),
      };
      const { results, ...answer } = await data.api.search(request, context());
      const hits = results.map(({ id, score, document, vector, explanation }) => ({
        id,
        score,
        payload: document ?? {},
        vector: toFloats(vector),
        explanation,
      }));
      const { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy } = answer;
      return { hits, complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy };
    },
    async get(collection, id, options = {}) {
      try {
        const request = { collection, id, consistency: wireConsistency(options.consistency) };
        const { point } = await data.api.get(request, context());
        return point && { id: point.id, vector: toFloats(point.vector), payload: point.document ?? {} };
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
    async listPoints(collection, { limit = 0, cursor = '', includeVectors = false, consistency } = {}) {
      const request = { collection, limit, cursor, includeVectors, consistency: wireConsistency(consistency) };
      const { points, nextCursor } = await data.api.listPoints(request, context());
      const shown = points.map((point) => ({
        id: point.id,
        payload: point.document ?? {},
        vector: toFloats(point.vector),
      }));
      return { points: shown, nextCursor: nextCursor || undefined };
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
