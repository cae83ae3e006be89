import { toVectronError } from '@vectron/errors';
import { checkCollectionName, Route } from '@vectron/model';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import type { Backends } from './backends.js';

/** How long a route is used without asking again; a stale one is refused by its epoch and refreshed. */
const ROUTE_MS = 300_000;

interface Wanted {
  readonly tenantId: string;
  readonly name: string;
}

/** Where collections live, as the placement driver said last. */
export class RouteTable {
  readonly #routes: LRUCache<string, Route, Wanted>;

  constructor(private readonly backends: Backends) {
    this.#routes = new LRUCache({
      max: 10_000,
      ttl: ROUTE_MS,
      fetchMethod: async (_key, _stale, { context }) => {
        const { collection } = await this.backends.placement.getCollectionStatus(
          context,
          callContext({ timeoutMs: 5_000 }),
        );
        return collection && new Route(collection);
      },
    });
  }

  /** Throws COLLECTION_NOT_FOUND. */
  async get(tenantId: string, name: string): Promise<Route> {
    checkCollectionName(name, 'collection');
    return (await this.#routes.fetch(`${tenantId}/${name}`, { context: { tenantId, name } })) as Route;
  }

  /** Asks anew; when the placement driver cannot be reached, what it said last. */
  async refresh(tenantId: string, name: string): Promise<Route> {
    const key = `${tenantId}/${name}`;
    const last = this.#routes.peek(key, { allowStale: true });
    try {
      return (await this.#routes.fetch(key, { context: { tenantId, name }, forceRefresh: true })) as Route;
    } catch (cause) {
      if (last === undefined || !toVectronError(cause).spec.retryable) throw cause;
      this.#routes.set(key, last);
      return last;
    }
  }

  forget(tenantId: string, name: string): void {
    this.#routes.delete(`${tenantId}/${name}`);
  }
}
