import { VectronError } from '@vectron/errors';
import { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { collectionInfo, collectionStatus, settingsOfJson } from './collection-views.js';
import { wireConsistency } from './consistency.js';
import { searchReport } from './search-report.js';
import { oneQuery, toBytes, toFloats } from './vectors.js';

interface ErrorBody {
  readonly message?: string;
  readonly details?: {
    readonly reason?: string;
    readonly metadata?: Record<string, string>;
    readonly fieldViolations?: { field: string }[];
  }[];
}
interface WireHit extends Omit<api.SearchHit, 'vector'> {
  readonly vector: number[];
}
interface WirePoint {
  readonly id: string;
  readonly payload?: api.Payload;
  readonly vector?: number[];
  readonly sparse?: api.StoredPoint['sparse'];
  readonly vectors?: Record<string, number[]>;
  readonly version: string;
  readonly expiresAtMs?: string;
}
interface WireAnswer extends Omit<api.QueryResult, 'hits' | 'groups'> {
  readonly results: WireHit[];
  readonly groups: { readonly value: string; readonly results: WireHit[] }[];
}

function storedPoint({ id, payload, vector, sparse, vectors, version, expiresAtMs }: WirePoint): api.StoredPoint {
  const dense = Object.entries(vectors ?? {}).map(([name, one]) => [name, Float32Array.from(one)] as const);
  return {
    id,
    vector: toFloats(vector ?? []),
    payload: payload ?? {},
    version: BigInt(version),
    ...(sparse === undefined ? {} : { sparse }),
    ...(dense.length > 0 ? { vectors: Object.fromEntries(dense) } : {}),
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(Number(expiresAtMs)) }),
  };
}

const base64 = (vector: api.Vector | undefined) => vector && toBytes(vector).toString('base64');

function queryBody({ branches, rescoreVector, includePayload, consistency, ...rest }: api.QueryOptions) {
  return {
    ...rest,
    branches: branches.map(({ vector, ...branch }) => ({ ...branch, vectorF32: base64(vector) })),
    rescoreVectorF32: base64(rescoreVector),
    includeMetadata: includePayload ?? true,
    consistency: wireConsistency(consistency),
  };
}

function queryResult({ results, groups, complete, branches }: WireAnswer): api.QueryResult {
  const hit = ({ vector, ...rest }: WireHit): api.QueryHit => ({ ...rest, vector: toFloats(vector) });
  return {
    hits: results.map(hit),
    groups: groups.map(({ value, results }) => ({ value, hits: results.map(hit) })),
    complete,
    branches,
  };
}

const indexBody = (target: api.IndexTarget) => ('path' in target ? { index: target } : target);

interface WireChange {
  readonly shardId: number;
  readonly logIndex: string;
  readonly kind: api.Change['kind'];
  readonly point: Partial<WireHit> & { readonly id: string };
}

function change({ shardId, logIndex, kind, point }: WireChange): api.Change {
  const what = { shardId, logIndex: BigInt(logIndex), kind, id: point.id };
  return kind === 'delete' ? what : { ...what, vector: toFloats(point.vector ?? []), payload: point.payload ?? {} };
}

/** As parameters of a GET. */
function consistencyQuery(asked: api.Consistency | undefined): URLSearchParams {
  const wire = wireConsistency(asked);
  if (wire === undefined) return new URLSearchParams();
  const { level, maxStalenessMs, writeToken } = wire;
  return new URLSearchParams({
    consistency: level,
    max_staleness_ms: String(maxStalenessMs),
    write_token: writeToken,
  });
}

export function restClient(base: string, apiKey: string | undefined, timeoutMs: number): api.VectronClient {
  const call = async <T>(method: string, path: string, body?: unknown, waitMs = 0): Promise<T> => {
    let response: Response;
    try {
      response = await fetch(base + path, {
        method,
        headers: {
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs + waitMs),
      });
    } catch (cause) {
      if ((cause as Error).name === 'TimeoutError') {
        throw new VectronError('DEADLINE_EXCEEDED', `${base} did not answer within ${timeoutMs} ms`, { cause });
      }
      throw new VectronError('UNAVAILABLE', `cannot reach ${base}`, { cause });
    }
    const text = await response.text();
    if (!response.ok) throw errorOf(response.status, text);
    return JSON.parse(text) as T;
  };
  const inCollection = (name: string) => `/v1/collections/${encodeURIComponent(name)}`;
  const account = (user: api.Account): api.Account => ({ id: user.id, email: user.email, role: user.role });
  const keyInfo = (key: { keyPrefix: string; name: string; role: string }): api.ApiKeyInfo => ({
    prefix: key.keyPrefix,
    name: key.name,
    role: key.role,
  });

  return {
    async createCollection(name, options) {
      await call('POST', '/v1/collections', { name, ...options });
    },
    async updateCollection(name, change) {
      const { settings } = await call<{ settings: unknown }>('PUT', `${inCollection(name)}/settings`, change);
      return settingsOfJson(settings);
    },
    async deleteCollection(name) {
      await call('DELETE', inCollection(name));
    },
    async listCollections() {
      const { details } = await call<{ details: Parameters<typeof collectionInfo>[0][] }>('GET', '/v1/collections');
      return details.map(collectionInfo);
    },
    async collectionStatus(name) {
      const status = await call<Parameters<typeof collectionStatus>[0] & { settings: unknown }>(
        'GET',
        `${inCollection(name)}/status`,
      );
      return collectionStatus(status, settingsOfJson(status.settings));
    },
    async upsert(collection, points) {
      const wire = points.map(({ vector, sparse, vectors, ifVersion, ...point }) => ({
        ...point,
        vectorF32: base64(vector),
        sparse: sparse && sparseJson(sparse),
        vectors: vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, base64(one)])),
        ifVersion: ifVersion?.toString(),
      }));
      const { upserted, writeToken } = await call<api.UpsertResult>('POST', `${inCollection(collection)}/points`, {
        points: wire,
      });
      return { upserted, writeToken };
    },
    async search(collection, { vector, includePayload, consistency, ...options }) {
      oneQuery({ vector, text: options.text, likeId: options.likeId });
      const body = {
        ...options,
        vectorF32: vector && toBytes(vector).toString('base64'),
        includeMetadata: includePayload ?? true,
        consistency: wireConsistency(consistency),
      };
      const found = await call<Omit<api.SearchResult, 'hits'> & { results: WireHit[] }>(
        'POST',
        `${inCollection(collection)}/points/search`,
        body,
      );
      const { results, ...report } = found;
      const hits = results.map((hit) => ({ ...hit, vector: toFloats(hit.vector) }));
      const { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy } = found;
      const facts = { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy };
      return { hits, ...facts, ...searchReport(gateway.SearchResponse.fromJSON(report)) };
    },
    async get(collection, id, options = {}) {
      try {
        const { point } = await call<{ point: WirePoint }>(
          'GET',
          `${inCollection(collection)}/points/${encodeURIComponent(id)}?${consistencyQuery(options.consistency)}`,
        );
        return storedPoint(point);
      } catch (error) {
        if (error instanceof VectronError && error.code === 'POINT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async delete(collection, id) {
      const path = `${inCollection(collection)}/points/${encodeURIComponent(id)}`;
      const { existed, writeToken } = await call<api.DeleteResult>('DELETE', path);
      return { existed, writeToken };
    },
    async listChanges(collection, { cursor = '', waitMs = 0 } = {}) {
      const query = new URLSearchParams({ cursor, wait_ms: String(waitMs) });
      const path = `${inCollection(collection)}/changes?${query}`;
      const { changes, nextCursor } = await call<{ changes: WireChange[]; nextCursor: string }>(
        'GET',
        path,
        undefined,
        waitMs,
      );
      return { changes: changes.map(change), nextCursor };
    },
    async listPoints(collection, { limit, cursor, includeVectors, consistency, filter, orderBy } = {}) {
      if (filter !== undefined || orderBy !== undefined) {
        const body = { limit, cursor, includeVectors, filter, orderBy, consistency: wireConsistency(consistency) };
        const path = `${inCollection(collection)}/points/list`;
        const page = await call<{ points: WirePoint[]; nextCursor: string }>('POST', path, body);
        return { points: page.points.map(storedPoint), nextCursor: page.nextCursor || undefined };
      }
      const query = new URLSearchParams({
        ...Object.fromEntries(consistencyQuery(consistency)),
        limit: String(limit ?? 20),
        cursor: cursor ?? '',
        include_vectors: String(includeVectors ?? false),
      });
      const page = await call<{ points: WirePoint[]; nextCursor: string }>(
        'GET',
        `${inCollection(collection)}/points?${query}`,
      );
      return { points: page.points.map(storedPoint), nextCursor: page.nextCursor || undefined };
    },
    async query(collection, options) {
      const path = `${inCollection(collection)}/points/query`;
      return queryResult(await call<WireAnswer>('POST', path, queryBody(options)));
    },
    async queryBatch(queries) {
      const wire = queries.map(({ collection, ...options }) => ({ collection, ...queryBody(options) }));
      const { outcomes } = await call<{
        outcomes: { answer?: WireAnswer; errorCode: string; errorMessage: string }[];
      }>('POST', '/v1/query/batch', { queries: wire });
      return outcomes.map(({ answer, errorCode, errorMessage }) =>
        answer === undefined ? VectronError.fromWire(errorCode, errorMessage) : queryResult(answer),
      );
    },
    async count(collection, options = {}) {
      const path = `${inCollection(collection)}/points/count`;
      const counted = await call<{ count: string; exact: boolean; unindexed: boolean }>('POST', path, options);
      return { ...counted, count: Number(counted.count) };
    },
    async facets(collection, path, options = {}) {
      const found = await call<Omit<api.FacetResult, 'values'> & { values: { value: string; count: string }[] }>(
        'POST',
        `${inCollection(collection)}/points/facets`,
        { path, ...options },
      );
      return { ...found, values: found.values.map(({ value, count }) => ({ value, count: Number(count) })) };
    },
    async updatePoints(collection, { ifVersion, ...update }) {
      const path = `${inCollection(collection)}/points/update`;
      const body = { ...update, ifVersion: ifVersion?.toString() };
      const { updated, writeToken } = await call<{ updated: string; writeToken: string }>('POST', path, body);
      return { updated: Number(updated), writeToken };
    },
    async deletePoints(collection, { ifVersion, ...selector }) {
      const path = `${inCollection(collection)}/points/delete`;
      const body = { ...selector, ifVersion: ifVersion?.toString() };
      const { deleted, writeToken } = await call<{ deleted: string; writeToken: string }>('POST', path, body);
      return { deleted: Number(deleted), writeToken };
    },
    async createIndex(collection, target) {
      const path = `${inCollection(collection)}/indexes`;
      return (await call<{ created: boolean }>('POST', path, indexBody(target))).created;
    },
    async deleteIndex(collection, target) {
      const path = `${inCollection(collection)}/indexes/delete`;
      return (await call<{ existed: boolean }>('POST', path, indexBody(target))).existed;
    },
    async listIndexes(collection) {
      const found = await call<{
        indexes: { index: api.PayloadIndex; indexed: string; points: string; ready: boolean }[];
        sparseVectors: string[];
        namedVectors: api.NamedVector[];
      }>('GET', `${inCollection(collection)}/indexes`);
      const indexes = found.indexes.map(({ index, indexed, points, ready }) => ({
        ...index,
        indexed: Number(indexed),
        points: Number(points),
        ready,
      }));
      return { indexes, sparseVectors: found.sparseVectors, namedVectors: found.namedVectors };
    },
    async listAliases() {
      return (await call<{ aliases: api.Alias[] }>('GET', '/v1/aliases')).aliases;
    },
    async updateAliases(changes) {
      await call('POST', '/v1/aliases', changes);
    },
    async feedback({ items, ...rest }) {
      return (await call<{ feedbackId: string }>('POST', '/v1/feedback', { ...rest, feedbackItems: items })).feedbackId;
    },
    async register(email, password) {
      return account((await call<{ user: api.Account }>('POST', '/v1/users/register', { email, password })).user);
    },
    async login(email, password) {
      const answer = await call<{ jwtToken: string; user: api.Account }>('POST', '/v1/users/login', {
        email,
        password,
      });
      return { token: answer.jwtToken, account: account(answer.user) };
    },
    async profile() {
      return account((await call<{ user: api.Account }>('GET', '/v1/user/profile')).user);
    },
    async createApiKey(name, options = {}) {
      const made = await call<{ fullKey: string; keyInfo: Parameters<typeof keyInfo>[0] }>('POST', '/v1/keys', {
        name,
        ...options,
      });
      return { key: made.fullKey, info: keyInfo(made.keyInfo) };
    },
    async listApiKeys() {
      return (await call<{ keys: Parameters<typeof keyInfo>[0][] }>('GET', '/v1/keys')).keys.map(keyInfo);
    },
    async deleteApiKey(prefix) {
      await call('DELETE', `/v1/keys/${encodeURIComponent(prefix)}`);
    },
    async close() {},
  };
}

function errorOf(status: number, text: string): VectronError {
  let body: ErrorBody = {};
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // Not from Vectron: a proxy in between. The status is all there is.
  }
  const info = body.details?.find((detail) => detail.reason !== undefined);
  const field = body.details?.find((detail) => detail.fieldViolations !== undefined)?.fieldViolations?.[0]?.field;
  const after = info?.metadata?.retryAfterMs;
  const code = info?.reason ?? (status === 503 || status === 502 ? 'UNAVAILABLE' : 'INTERNAL');
  return VectronError.fromWire(code, body.message ?? `HTTP status ${status}`, {
    field,
    retryAfterMs: after === undefined ? undefined : Number(after),
  });
}

/** Typed arrays would become objects. */
const sparseJson = (sparse: NonNullable<api.Point['sparse']>) =>
  Object.fromEntries(
    Object.entries(sparse).map(([name, { indices, values }]) => [
      name,
      { indices: Array.from(indices), values: Array.from(values) },
    ]),
  );
