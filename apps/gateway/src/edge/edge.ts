import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import { bearerToken, type Metadata } from '@vectron/rpc';
import { Redis } from 'ioredis';
import {
  BurstyRateLimiter,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { GatewayConfig } from '../config.js';
import type { Authenticator, Principal } from './access.js';
import type { Admission, WorkKind } from './admission.js';
import type { AuditLog } from './audit.js';

/** What each operation asks of the system, by its name without its wire's own endings; the others manage something. */
const KINDS: Record<string, WorkKind> = {
  search: 'read',
  searchAlias: 'read',
  searchStream: 'read',
  get: 'read',
  getPoint: 'read',
  listPoints: 'read',
  listPointsWhere: 'read',
  query: 'read',
  queryBatch: 'read',
  countPoints: 'read',
  facetPoints: 'read',
  listChanges: 'watch',
  upsert: 'write',
  upsertAlias: 'write',
  delete: 'write',
  deletePoint: 'write',
  updatePoints: 'write',
  deletePoints: 'write',
};

/** Operations that the audit log has an entry for whenever they are called; others only when they are refused. */
const AUDITED = new Set([
  'login',
  'logout',
  'registerUser',
  'deleteUser',
  'changePassword',
  'setUserRole',
  'refreshToken',
  'updateUserProfile',
  'createApiKey',
  'deleteApiKey',
  'createSdkJwt',
  'createCollection',
  'deleteCollection',
  'updateCollection',
  'createIndex',
  'deleteIndex',
  'updateAliases',
  'deletePoints',
  'resolveAlert',
  'putAlertRule',
  'rotateSigningKey',
  'drainWorker',
  'removeWorker',
  'rebalance',
  'moveReplica',
  'splitShard',
  'cancelOperation',
]);
const DENIED = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'RATE_LIMITED']);
const BURST_SECONDS = 10;
const REDIS_MS = 100;

/** `CreateSDKJWT`, `createSdkjwt` and `createSdkJwt` are one operation. */
const spelled = new Map([...AUDITED].map((name) => [name.toLowerCase(), name]));

export function kindOf(operation: string): WorkKind {
  return KINDS[operation] ?? 'manage';
}

/** What happens to every request of either wire before and after its own work. */
export class Edge {
  readonly #limiter: Pick<RateLimiterAbstract, 'consume'> | undefined;

  constructor(
    config: Pick<GatewayConfig, 'rateLimit' | 'rateBurst'>,
    private readonly authenticator: Authenticator,
    private readonly admission: Admission,
    private readonly audit: AuditLog,
    private readonly metrics: Metrics,
    redis?: Redis,
  ) {
    if (config.rateLimit === 0) return;
    const limiter = (keyPrefix: string, points: number, duration: number) => {
      const own = new RateLimiterMemory({ keyPrefix, points, duration });
      if (redis === undefined) return own;
      return new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration, insuranceLimiter: own });
    };
    const burst = config.rateBurst || config.rateLimit;
    this.#limiter = new BurstyRateLimiter(
      limiter('vectron:rate', config.rateLimit, 1),
      limiter('vectron:burst', burst, BURST_SECONDS),
    );
  }

  /** Who calls, if that is allowed now. The fast way asks nobody and waits for nothing. */
  enter(token: string | undefined): Principal | Promise<Principal> {
    const known = this.authenticator.known(token);
    if (known !== undefined && this.#limiter === undefined) return known;
    return this.#enter(token, known);
  }

  async #enter(token: string | undefined, known: Principal | undefined): Promise<Principal> {
    const principal = known ?? (await this.authenticator.authenticate(token));
    try {
      await this.#limiter?.consume(principal.apiKeyId || principal.userId);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      this.metrics.limited.inc();
      throw new VectronError('RATE_LIMITED', 'more requests a second than this key may make', {
        details: { retryAfterMs: Math.max(1, refused.msBeforeNext) },
      });
    }
    return principal;
  }

  /** The refusal of a call that there is no room for, as far as that can be known without asking anybody. */
  shed(operation: string, token: string | undefined): VectronError | undefined {
    const known = this.authenticator.known(token);
    return known && this.admission.refusal(kindOf(operation), known.tenantId);
  }

  /** Room for the work; what is returned gives it back. */
  admit(operation: string, principal: Principal): () => void {
    return this.admission.begin(kindOf(operation), principal.tenantId);
  }

  /** After the work. */
  leave(
    operation: string,
    code: string,
    by: { principal?: Principal; address: string; target: string; requestId: string },
  ): void {
    const { principal, address, target, requestId } = by;
    if (code === 'CANCELLED') this.metrics.cancelled.inc();
    const who = principal === undefined ? '' : principal.apiKeyId || principal.email;
    const event = { userId: principal?.userId ?? '', who, address, target, result: code, requestId };
    const audited = spelled.get(operation.toLowerCase());
    if (audited !== undefined) void this.audit.record({ ...event, action: audited });
    else if (DENIED.has(code)) void this.audit.denied({ ...event, target: `${operation} ${target}`.trim() });
  }

  /** Of a gRPC call. */
  static tokenOf(metadata: Metadata): string | undefined {
    return bearerToken(metadata.get('authorization')[0]?.toString()) ?? metadata.get('x-api-key')[0]?.toString();
  }
}

/** A client of the Redis that gateways share; undefined without one. Never waited for longer than a moment. */
export function openRedis(url: string | undefined, password: string | undefined): Redis | undefined {
  if (url === undefined) return undefined;
  const redis = new Redis(url, {
    password,
    lazyConnect: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: REDIS_MS,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(2_000, times * 100),
  });
  // Told by the counters of who uses it.
  redis.on('error', () => {});
  return redis;
}
