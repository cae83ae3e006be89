import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import { BACKENDS, type Backends, CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import type { Principal } from './access.js';

/** How old what is known of a tenant's use may be: it comes from heartbeats anyway. */
const KNOWN_MS = 2_000;

/** What the collections of one tenant may take together. A limit of 0 is none. */
export interface TenantLimits {
  readonly collections: number;
  readonly shards: number;
  readonly aliases: number;
  readonly points: number;
  readonly bytes: number;
}

interface Use {
  readonly points: number;
  readonly bytes: number;
}

/** The limits of a tenant: those of every tenant, and for plan FREE also those of that plan, whichever is less. */
export function limitsOf(config: GatewayConfig, { plan }: Pick<Principal, 'plan'>): TenantLimits {
  const limit = (all: number, free: number) => {
    if (plan !== 'FREE' || free === 0) return all;
    return all === 0 ? free : Math.min(all, free);
  };
  return {
    collections: limit(config.maxCollections, config.freeMaxCollections),
    shards: limit(config.maxShards, config.freeMaxShards),
    aliases: limit(config.maxAliases, config.freeMaxAliases),
    points: limit(config.maxPoints, config.freeMaxPoints),
    bytes: limit(config.maxStored, config.freeMaxStored),
  };
}

/**
 * Whether there is room for what a tenant wants to store. Collections, shards and aliases are counted by the placement
 * driver, in the transaction that makes them; points and bytes are here, as of the last heartbeats of the workers, so that
 * what is written within a moment may go beyond the limit by that much.
 */
@Injectable()
export class TenantQuota {
  readonly #use: LRUCache<string, Use>;

  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(BACKENDS) backends: Backends,
  ) {
    this.#use = new LRUCache<string, Use>({
      max: 10_000,
      ttl: KNOWN_MS,
      // A write does not wait for a count that is nearly as good as the last one.
      allowStale: true,
      fetchMethod: async (tenantId) => {
        const use = await backends.placement.getTenantUsage({ tenantId }, callContext({ timeoutMs: 5_000 }));
        return { points: Number(use.points), bytes: Number(use.diskBytes) };
      },
    });
  }

  limits(principal: Pick<Principal, 'plan'>): TenantLimits {
    return limitsOf(this.config, principal);
  }

  /** Throws QUOTA_EXCEEDED when there is no room for more points. */
  async checkRoom(principal: Pick<Principal, 'plan' | 'tenantId'>, points: number): Promise<void> {
    const limits = this.limits(principal);
    if (limits.points === 0 && limits.bytes === 0) return;
    const use = await this.#use.fetch(principal.tenantId);
    if (limits.points !== 0 && (use?.points ?? 0) + points > limits.points) {
      throw new VectronError(
        'QUOTA_EXCEEDED',
        `this account can hold at most ${limits.points} points in total; delete some first`,
      );
    }
    if (limits.bytes !== 0 && (use?.bytes ?? 0) >= limits.bytes) {
      throw new VectronError(
        'QUOTA_EXCEEDED',
        `this account can use at most ${limits.bytes} bytes on disk; delete points or collections first`,
      );
    }
  }
}
