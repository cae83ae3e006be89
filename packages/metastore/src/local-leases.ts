import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Lease, MetaStore, Operation } from './metastore.js';

interface Held {
  readonly keys: Set<string>;
  readonly ended: AbortController;
}

/** Leases of a store that lives in this process: they end by revoking, or with it. */
export class LocalLeases {
  readonly #held = new Map<string, Held>();

  constructor(private readonly meta: Pick<MetaStore, 'txn'>) {}

  grant(): Lease {
    const id = randomUUID();
    const held: Held = { keys: new Set(), ended: new AbortController() };
    this.#held.set(id, held);
    const revoke = async () => {
      if (!this.#held.delete(id)) return;
      held.ended.abort();
      const deletes = [...held.keys].map((key) => ({ delete: key }));
      if (deletes.length > 0) await this.meta.txn([], deletes);
    };
    return { id, lost: held.ended.signal, revoke };
  }

  /** Notes which keys the operations bind and unbind; throws before any is applied when a lease has ended. */
  bind(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if ('put' in operation && operation.lease !== undefined && !this.#held.has(operation.lease)) {
        throw new VectronError('NOT_FOUND', `lease ${operation.lease} has ended`);
      }
    }
    for (const operation of operations) {
      const key = 'put' in operation ? operation.put : operation.delete;
      for (const { keys } of this.#held.values()) keys.delete(key);
      if ('put' in operation && operation.lease !== undefined) this.#held.get(operation.lease)?.keys.add(key);
    }
  }

  /** The store closes. */
  end(): void {
    for (const { ended } of this.#held.values()) ended.abort();
    this.#held.clear();
  }
}
