import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import type { MethodContract } from '@vectron/proto';
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
import type { Admission } from './admission.js';
import type { AuditLog } from './audit.js';
import { Strangers } from './strangers.js';

const DENIED = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'RATE_LIMITED']);
const BURST_SECONDS = 10;
const REDIS_MS = 100;

export type RateLimiter = Pick<RateLimiterAbstract, 'consume'>;

/** The rate that each key may have, shared by gateways that share a Redis; undefined when it is not limited. */
export function rateLimiter(
  { rateLimit, rateBurst }: Pick<GatewayConfig, 'rateLimit' | 'rateBurst'>,
  redis?: Redis,
): RateLimiter | undefined {
  if (rateLimit === 0) return undefined;
  const limiter = (keyPrefix: string, points: number, duration: number) => {
    const own = new RateLimiterMemory({ keyPrefix, points, duration });
    if (redis === undefined) return own;
    return new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration, insuranceLimiter: own });
  };
  return new BurstyRateLimiter(
    limiter('vectron:rate', rateLimit, 1),
    limiter('vectron:burst', rateBurst || rateLimit, BURST_SECONDS),
  );
}

/** What happens to every request of either wire before and after its own work. */
export class Edge {
  readonly #strangers = new Strangers();

  constructor(
    private readonly limiter: RateLimiter | undefined,
    private readonly authenticator: Authenticator,
    private readonly admission: Admission,
    private readonly audit: AuditLog,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Who calls, if that is allowed now. The fast way asks nobody and waits for nothing. `address`: of the caller; empty where
   * many share one.
   */
  enter(token: string | undefined, address: string): Principal | Promise<Principal> {
    const known = this.authenticator.known(token);
    if (known !== undefined && this.limiter === undefined) return known;
    return this.#enter(token, known, address);
  }

  async #enter(token: string | undefined, known: Principal | undefined, address: string): Promise<Principal> {
    const principal = known ?? (await this.#authenticate(token, address));
    try {
      await this.limiter?.consume(principal.apiKeyId || principal.userId);
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      this.metrics.limited.inc();
      throw new VectronError('RATE_LIMITED', 'more requests a second than this key may make', {
        details: { retryAfterMs: Math.max(1, refused.msBeforeNext) },
      });
    }
    return principal;
  }

  async #authenticate(token: string | undefined, address: string): Promise<Principal> {
    if (token !== undefined) this.#strangers.check(address);
    try {
      return await this.authenticator.authenticate(token);
    } catch (error) {
      const wrong = error instanceof VectronError && error.code === 'UNAUTHENTICATED';
      if (wrong && token !== undefined) this.#strangers.failed(address);
      throw error;
    }
  }

  /** The refusal of a call that there is no room for, as far as that can be known without asking anybody. */
  shed({ admission }: MethodContract, token: string | undefined): VectronError | undefined {
    const known = this.authenticator.known(token);
    return known && admission && this.admission.refusal(admission, known.tenantId);
  }

  /** Room for the work; what is returned gives it back. */
  admit({ admission, path }: MethodContract, principal: Principal): () => void {
    if (admission === undefined) throw new Error(`${path} has no class of admission`);
    return this.admission.begin(admission, principal.tenantId);
  }

  /** After the work: its entry in the audit log, if the method or its end asks for one. */
  leave(
    { operation, audit }: Pick<MethodContract, 'operation' | 'audit'>,
    code: string,
    by: { principal?: Principal; address: string; target: string; requestId: string },
  ): void {
    const { principal, address, target, requestId } = by;
    if (code === 'CANCELLED') this.metrics.cancelled.inc();
    const who = principal === undefined ? '' : principal.apiKeyId || principal.email;
    const event = { userId: principal?.userId ?? '', who, address, target, result: code, requestId };
    if (audit === 'always') void this.audit.record({ ...event, action: operation });
    else if (DENIED.has(code)) void this.audit.denied({ ...event, target: `${operation} ${target}`.trim() });
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
