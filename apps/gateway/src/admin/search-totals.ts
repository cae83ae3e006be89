import type { placement } from '@vectron/proto';

/** Names a shard in metrics. */
export interface ShardLabels {
  readonly shard: string;
  readonly collection: string;
  readonly tenant: string;
}

/**
 * Searches of each shard over all of its replicas since the first look, as counts that only grow: a replica that was opened again
 * begins at nothing, and what one had counted before anybody looked is not told. What is kept grows with the replicas that there are.
 */
export class SearchTotals {
  /** By shard and worker, what was last said. */
  #known = new Map<string, number>();
  #totals = new Map<number, number>();
  #others = 0;

  /** `shown`: collections that are told of one by one; the searches of `others` are one count. */
  look(
    shown: readonly placement.Collection[],
    others: readonly placement.Collection[],
  ): { shown: { readonly labels: ShardLabels; readonly searches: number }[]; others: number } {
    const before = this.#known;
    this.#known = new Map();
    const totals = new Map<number, number>();
    const found = shown.flatMap(({ name: collection, tenantId: tenant, shards }) =>
      shards.map((shard) => {
        const searches = (this.#totals.get(shard.shardId) ?? 0) + this.#since(shard, before);
        totals.set(shard.shardId, searches);
        return { labels: { shard: String(shard.shardId), collection, tenant }, searches };
      }),
    );
    for (const shard of others.flatMap(({ shards }) => shards)) {
      this.#others += this.#since(shard, before);
      const total = this.#totals.get(shard.shardId);
      if (total !== undefined) totals.set(shard.shardId, total);
    }
    this.#totals = totals;
    return { shown: found, others: this.#others };
  }

  #since({ shardId, replicas }: placement.Shard, before: ReadonlyMap<string, number>): number {
    let sum = 0;
    for (const { number, metrics } of replicas) {
      const name = `${shardId}/${number}`;
      const last = before.get(name) ?? metrics?.searches;
      if (last === undefined) continue;
      if (metrics === undefined) {
        this.#known.set(name, last);
        continue;
      }
      this.#known.set(name, metrics.searches);
      sum += metrics.searches >= last ? metrics.searches - last : metrics.searches;
    }
    return sum;
  }
}
