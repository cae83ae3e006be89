import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import type { MethodContract } from '@vectron/proto';
import type { Work } from '@vectron/rpc';
import type { Redis } from 'ioredis';
import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { GatewayConfig } from '../config.js';
import type { Authenticator, Principal } from './access.js';
import type { Admission } from './admission.js';
import { type Asked, askedBy } from './asked.js';
import type { AuditTrail } from './audit.js';
import { printable } from './audit-target.js';
import type { Hold } from './hold.js';
import { ReadCosts } from './read-costs.js';
import type { Arrival } from './room.js';
import { type StrangerGuard, Strangers } from './strangers.js';

const DENIED = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'RATE_LIMITED']);
const BURST_SECONDS = 10;
const REDIS_MS = 100;

/** Writes of more bytes have a lane of their own. */
const BULK_BYTES = 256 << 10;
/** A read that is too large to be looked at is a batch of many. */
const UNREAD: Asked = { likelyLong: true, timeoutMs: 0 };
/** Share of its budget that a read may wait, so that there is time left for its work. */
export const READ_WAIT_SHARE = 0.75;

const keyOf = ({ apiKeyId, userId }: Principal) => apiKeyId || userId;

/** Throws RATE_LIMITED when the caller, or its tenant with all of its keys and logins, makes more requests than it may. */
export interface RateLimiter {
  /** `requests`: how many this one stands for. */
  consume(who: Pick<Principal, 'apiKeyId' | 'userId' | 'tenantId'>, requests?: number): Promise<void>;
}

type RateLimits = Pick<GatewayConfig, 'rateLimit' | 'rateBurst' | 'tenantRateLimit'>;

/** The rates that keys and tenants may have, shared by gateways that share a Redis; undefined when neither is limited. */
export function rateLimiter(
  { rateLimit, rateBurst, tenantRateLimit }: RateLimits,
  redis?: Redis,
): RateLimiter | undefined {
  const limiter = (keyPrefix: string, points: number, duration: number) => {
    const own = new RateLimiterMemory({ keyPrefix, points, duration });
    if (redis === undefined) return own;
    return new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration, insuranceLimiter: own });
  };
  const bursty = (kind: string, rate: number, burst: number) =>
    rate === 0
      ? undefined
      : new BurstyRateLimiter(
          limiter(`vectron:${kind}rate`, rate, 1),
          limiter(`vectron:${kind}burst`, burst, BURST_SECONDS),
        );
  const key = bursty('', rateLimit, rateBurst || rateLimit);
  const tenantRate = tenantRateLimit || rateLimit;
  const tenant = bursty('tenant-', tenantRate, Math.max(rateBurst, tenantRate));
  if (tenant === undefined) return undefined;
  return {
    // The key first: one that makes too many requests takes nothing from the others of its tenant.
    async consume({ apiKeyId, userId, tenantId }, requests = 1) {
      await key?.consume(apiKeyId || userId, requests).catch(limited('this key'));
      await tenant.consume(tenantId, requests).catch(limited('this account, with all of its keys,'));
    },
  };
}

const limited = (who: string) => (refused: unknown) => {
  if (!(refused instanceof RateLimiterRes)) throw refused;
  throw new VectronError('RATE_LIMITED', `${who} exceeded its limit of requests per second; try again later`, {
    details: { retryAfterMs: Math.max(1, refused.msBeforeNext) },
  });
};

/** What happens to every request of either wire before and after its own work. */
export class Edge {
  readonly #costs = new ReadCosts();

  constructor(
    private readonly limiter: RateLimiter | undefined,
    private readonly authenticator: Authenticator,
    private readonly admission: Admission,
    private readonly audit: AuditTrail,
    private readonly metrics: Metrics,
    private readonly strangers: StrangerGuard = new Strangers(),
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
      await this.limiter?.consume(principal);
    } catch (refused) {
      if (refused instanceof VectronError && refused.code === 'RATE_LIMITED') this.metrics.limited.inc();
      throw refused;
    }
    return principal;
  }

  async #authenticate(token: string | undefined, address: string): Promise<Principal> {
    if (token !== undefined) await this.strangers.check(address);
    try {
      return await this.authenticator.authenticate(token);
    } catch (error) {
      const wrong = error instanceof VectronError && error.code === 'UNAUTHENTICATED';
      if (wrong && token !== undefined) this.strangers.failed(address);
      throw error;
    }
  }

  /**
   * The refusal of a call that there is no room for, as far as that can be known without asking anybody. `timeoutMs`: how long its caller
   * waits, where it says so.
   */
  shed({ admission }: MethodContract, token: string | undefined, timeoutMs?: number): VectronError | undefined {
    const known = this.authenticator.known(token);
    return known && admission && this.admission.refusal(admission, known.tenantId, timeoutMs);
  }

  /**
   * The body of a write begins to come; what is given is to be called when no more of it comes, with whether all of it has. undefined: of
   * other methods.
   */
  receive({ admission }: MethodContract, { tenantId }: Principal): ((whole: boolean) => void) | undefined {
    return admission === 'write' ? this.admission.receive(tenantId) : undefined;
  }

  /**
   * Room for the work, in the lane for it, when there is some; what is given gives it back. As in Admission. `request`: of a read,
   * decoded; missing where it is too large to be looked at. `work` is told which lane it is, and how long it waited.
   */
  admit(
    method: MethodContract,
    principal: Principal,
    waiting: Arrival & { readonly request?: object; readonly work?: Work },
  ): (() => void) | Promise<() => void> {
    const { work } = waiting;
    const admitted = this.#admit(method, principal, waiting);
    if (work === undefined || !(admitted instanceof Promise)) return admitted;
    const sinceMs = performance.now();
    return admitted.finally(() => {
      work.queuedMs = performance.now() - sinceMs;
    });
  }

  #admit(
    { admission, path }: MethodContract,
    principal: Principal,
    { request, work, ...arrival }: Arrival & { readonly request?: object; readonly work?: Work },
  ): (() => void) | Promise<() => void> {
    if (admission === undefined) throw new Error(`${path} has no class of admission`);
    const { tenantId } = principal;
    const own = { ...arrival, keyId: keyOf(principal) };
    if (admission === 'write' && (arrival.bytes ?? 0) > BULK_BYTES) return this.admission.enter('bulk', tenantId, own);
    if (admission !== 'read' || work === undefined) return this.admission.enter(admission, tenantId, own);
    const asked = request === undefined ? UNREAD : askedBy(path, request);
    work.isLong = this.#costs.isLong(tenantId, asked);
    const waitMs = asked.timeoutMs === 0 ? undefined : asked.timeoutMs * READ_WAIT_SHARE;
    const entered = this.admission.enter(work.isLong ? 'scan' : 'read', tenantId, { ...own, waitMs });
    if (asked.kind === undefined) return entered;
    const learning = (leave: () => void) => () => {
      leave();
      this.#costs.learn(tenantId, asked, work.cpuUs);
    };
    return entered instanceof Promise ? entered.then(learning) : learning(entered);
  }

  /**
   * Room for one of many reads that a single call makes one after the other: each counts as a request of the caller. Throws
   * RATE_LIMITED or OVERLOADED; what is given gives the room back.
   */
  async enterAgain(principal: Principal): Promise<() => void> {
    await this.limiter?.consume(principal);
    return this.admission.enter('scan', principal.tenantId);
  }

  /** Spare room for one more part of a read that has been let in, in its own lane; what is given gives it back. */
  spare({ tenantId }: Principal, work: Work | undefined): (() => void) | undefined {
    return this.admission.spare(work?.isLong ? 'scan' : 'read', tenantId);
  }

  /** Counts a request that stands for several as so many more. Throws RATE_LIMITED. */
  async countMore(principal: Principal, requests: number): Promise<void> {
    if (requests === 0 || this.limiter === undefined) return;
    try {
      await this.limiter.consume(principal, requests);
    } catch (refused) {
      if (refused instanceof VectronError && refused.code === 'RATE_LIMITED') this.metrics.limited.inc();
      throw refused;
    }
  }

  /**
   * Room for a connection that is held open for its caller, as for a request that waits for changes. Throws QUOTA_EXCEEDED
   * or OVERLOADED; what is returned gives the room back.
   */
  keepOpen(principal: Principal): (() => void) | Promise<() => void> {
    return this.admission.keepOpen(principal.tenantId, keyOf(principal));
  }

  /** Holds the call open for as long as its caller may make it; `release` must be called when it has ended. */
  hold(principal: Principal): Hold {
    return this.authenticator.hold(principal);
  }

  /**
   * After the work: its entry in the audit log, if the method or its end asks for one. Refusals are listed while they are few
   * and counted when they are many: see AuditFlood.
   */
  leave(
    { operation, audit }: Pick<MethodContract, 'operation' | 'audit'>,
    code: string,
    by: { principal?: Principal; address: () => string; target: () => string; requestId: string },
  ): void {
    const { principal, target, requestId } = by;
    if (code === 'CANCELLED') this.metrics.cancelled.inc();
    if (audit !== 'always' && !DENIED.has(code)) return;
    const who = principal === undefined ? '' : principal.apiKeyId || printable(principal.email);
    const event = { userId: principal?.userId ?? '', who, address: by.address(), result: code };
    if (audit !== 'always') {
      const refused = () => `${operation} ${target()}`.trim();
      void this.audit.refused({ ...event, action: 'denied' }, requestId, refused);
    } else if (code === 'OK') {
      void this.audit.record({ ...event, action: operation, target: target(), requestId });
    } else {
      void this.audit.refused({ ...event, action: operation }, requestId, target);
    }
  }
}

/** A client of the Redis that gateways share; undefined without one. Never waited for longer than a moment. */
export async function openRedis(url: string | undefined, password: string | undefined): Promise<Redis | undefined> {
  if (url === undefined) return undefined;
  const { Redis } = await import('ioredis');
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
