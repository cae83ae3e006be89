import { setTimeout as pause } from 'node:timers/promises';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkCollectionName, Route } from '@vectron/model';
import type { Logger } from '@vectron/observability';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Backends } from '../backends.js';

/** How long a route is used without asking again, when nothing is heard of a change. */
const ROUTE_MS = 300_000;
const AGAIN_MS = 1_000;
const REFRESHES = 4;

interface Wanted {
  readonly tenantId: string;
  readonly name: string;
}

/**
 * Where collections live, as the placement drivers said last. They push what changes; while none of them can be reached,
 * what is known goes on being used, however old it is: a route that is wrong is refused by the shard's epoch.
 */
export class RouteTable {
  readonly #routes: LRUCache<string, Route, Wanted>;
  readonly #stop = new AbortController();
  /** Refreshes of routes that were said to have changed. */
  readonly #refreshing = new Set<Promise<unknown>>();

  constructor(private readonly backends: Backends) {
    this.#routes = new LRUCache({
      max: 10_000,
      ttl: ROUTE_MS,
      allowStaleOnFetchRejection: true,
      noDeleteOnFetchRejection: true,
      fetchMethod: async (_key, _stale, { context }) => {
        try {
          const { collection } = await this.backends.placement.getCollectionStatus(
            context,
            callContext({ timeoutMs: 5_000 }),
          );
          return collection && new Route(collection);
        } catch (cause) {
          // It is gone: that is an answer, and what was known is no route any more.
          if (toVectronError(cause).code === 'COLLECTION_NOT_FOUND') return undefined;
          throw cause;
        }
      },
    });
  }

  /** Refreshes known routes when they change, until closed. */
  async follow(logger: Logger): Promise<void> {
    const { signal } = this.#stop;
    const limit = pLimit(REFRESHES);
    while (!signal.aborted) {
      try {
        for await (const { changes } of this.backends.placement.watchRoutes({}, { ...callContext(), signal })) {
          if (signal.aborted) return;
          const known = changes.filter(({ tenantId, name }) => this.#routes.has(`${tenantId}/${name}`));
          // A refresh that fails leaves the route as it was; a shard will refuse it.
          for (const { tenantId, name } of known) {
            const refreshing = limit(() => this.refresh(tenantId, name).catch(() => undefined));
            this.#refreshing.add(refreshing);
            void refreshing.finally(() => this.#refreshing.delete(refreshing));
          }
        }
      } catch (error) {
        if (!signal.aborted) logger.warn({ err: error }, 'no placement driver pushes routes; trying again');
      }
      await pause(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Resolves when all routes are known of whose change was heard. */
  async settled(): Promise<void> {
    await Promise.all(this.#refreshing);
  }

  close(): void {
    this.#stop.abort();
  }

  /** Throws COLLECTION_NOT_FOUND. */
  async get(tenantId: string, name: string): Promise<Route> {
    checkCollectionName(name, 'collection');
    return this.#fetch(tenantId, name, false);
  }

  /** Asks anew; when the placement drivers cannot be reached, what they said last. */
  refresh(tenantId: string, name: string): Promise<Route> {
    return this.#fetch(tenantId, name, true);
  }

  async #fetch(tenantId: string, name: string, forceRefresh: boolean): Promise<Route> {
    const key = `${tenantId}/${name}`;
    const route = await this.#routes.fetch(key, { context: { tenantId, name }, forceRefresh });
    // Known by an alias: only the name counts, since changes of the route are told by name.
    const real = route?.collection.name ?? name;
    if (real !== name) return this.#fetch(tenantId, real, false);
    if (route !== undefined) return route;
    this.#routes.delete(key);
    throw new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
  }

  forget(tenantId: string, name: string): void {
    this.#routes.delete(`${tenantId}/${name}`);
  }
}
