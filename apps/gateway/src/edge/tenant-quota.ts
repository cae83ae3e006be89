import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import { BACKENDS, type Backends, CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';

/** How old what is known of a tenant's use may be: it comes from heartbeats anyway. */
const KNOWN_MS = 2_000;

interface Use {
  readonly collections: number;
  readonly points: number;
  readonly bytes: number;
}

/** What the collections of one tenant may take together. A limit of 0 is none. */
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
      fetchMethod: async (tenantId) => {
        const { collections } = await backends.placement.listCollections(
          { tenantId },
          callContext({ timeoutMs: 5_000 }),
        );
        const shards = collections.flatMap((one) => one.shards);
        const sum = (of: 'livePoints' | 'diskBytes') =>
          shards.reduce((all, { metrics }) => all + (metrics?.[of] ?? 0), 0);
        return { collections: collections.length, points: sum('livePoints'), bytes: sum('diskBytes') };
      },
    });
  }

  /** Throws QUOTA_EXCEEDED when one collection more would be too many. */
  async checkCollections(tenantId: string): Promise<void> {
    const { maxCollections } = this.config;
    if (maxCollections === 0) return;
    const use = await this.#use.fetch(tenantId, { forceRefresh: true });
    if ((use?.collections ?? 0) >= maxCollections) {
      throw new VectronError(
        'QUOTA_EXCEEDED',
        `this account has ${maxCollections} collections, which is all it may have`,
      );
    }
  }

  /** Throws QUOTA_EXCEEDED when there is no room for more points: counts are as of the workers' last heartbeats. */
  async checkRoom(tenantId: string, points: number): Promise<void> {
    const { maxPoints, maxStored } = this.config;
    if (maxPoints === 0 && maxStored === 0) return;
    const use = await this.#use.fetch(tenantId);
    if (maxPoints !== 0 && (use?.points ?? 0) + points > maxPoints) {
      throw new VectronError('QUOTA_EXCEEDED', `this account may hold ${maxPoints} points in all; delete some first`);
    }
    if (maxStored !== 0 && (use?.bytes ?? 0) >= maxStored) {
      throw new VectronError(
        'QUOTA_EXCEEDED',
        `this account may take ${maxStored} bytes on disk; delete something first`,
      );
    }
  }
}
