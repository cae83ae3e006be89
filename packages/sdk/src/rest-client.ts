import { VectronError } from '@vectron/errors';
import type * as api from './client.js';
import { collectionInfo, collectionStatus } from './collection-views.js';
import { wireConsistency } from './consistency.js';
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
    async deleteCollection(name) {
      await call('DELETE', inCollection(name));
    },
    async listCollections() {
      const { details } = await call<{ details: Parameters<typeof collectionInfo>[0][] }>('GET', '/v1/collections');
      return details.map(collectionInfo);
    },
    async collectionStatus(name) {
      return collectionStatus(
        await call<Parameters<typeof collectionStatus>[0]>('GET', `${inCollection(name)}/status`),
      );
    },
    async upsert(collection, points) {
      const wire = points.map(({ id, vector, payload }) => ({
        id,
        vectorF32: toBytes(vector).toString('base64'),
        payload,
      }));
      const { upserted, writeToken } = await call<api.UpsertResult>('POST', `${inCollection(collection)}/points`, {
        points: wire,
      });
      return { upserted, writeToken };
    },
    async search(collection, { vector, includePayload, consistency, ...options }) {
      oneQuery({ vector, likeId: options.likeId });
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
      const hits = found.results.map((hit) => ({ ...hit, vector: toFloats(hit.vector) }));
      const { complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy } = found;
      return { hits, complete, shardsAsked, shardsAnswered, recallEstimate, queryId, rerankedBy };
    },
    async get(collection, id, options = {}) {
      try {
        const { point } = await call<{ point: WireHit }>(
          'GET',
          `${inCollection(collection)}/points/${encodeURIComponent(id)}?${consistencyQuery(options.consistency)}`,
        );
        return { id: point.id, vector: toFloats(point.vector), payload: point.payload };
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
    async listPoints(collection, { limit, cursor, includeVectors, consistency } = {}) {
      const query = new URLSearchParams({
        ...Object.fromEntries(consistencyQuery(consistency)),
        limit: String(limit ?? 20),
        cursor: cursor ?? '',
        include_vectors: String(includeVectors ?? false),
      });
      const page = await call<{ points: Partial<WireHit>[]; nextCursor: string }>(
        'GET',
        `${inCollection(collection)}/points?${query}`,
      );
      const points = page.points.map((point) => ({
        id: point.id as string,
        payload: point.payload ?? {},
        vector: toFloats(point.vector ?? []),
      }));
      return { points, nextCursor: page.nextCursor || undefined };
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
