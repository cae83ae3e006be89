import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';
import { shardHash } from './shard-hash.js';

/** Where the points of one collection live, as of some epoch. Immutable. */
export class Route {
  readonly shards: readonly placement.Shard[];

  constructor(readonly collection: placement.Collection) {
    this.shards = [...collection.shards].sort((a, b) => (a.firstHash < b.firstHash ? -1 : 1));
  }

  /** The shard that owns `id`. O(log shards). */
  shardOf(id: string): placement.Shard {
    if (this.shards.length === 1) return this.shards[0];
    const hash = shardHash(id);
    let low = 0;
    let high = this.shards.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.shards[middle].lastHash < hash) low = middle + 1;
      else high = middle;
    }
    const shard = this.shards[low];
    if (shard === undefined || hash < shard.firstHash || hash > shard.lastHash) {
      throw new VectronError('UNAVAILABLE', `no shard of collection ${this.collection.name} owns the id; try again`);
    }
    return shard;
  }

  /** The points by the shard that owns each, in their order. */
  byShard<P extends { readonly id: string }>(points: readonly P[]): Map<placement.Shard, P[]> {
    const groups = new Map<placement.Shard, P[]>();
    for (const point of points) {
      const shard = this.shardOf(point.id);
      const group = groups.get(shard);
      if (group === undefined) groups.set(shard, [point]);
      else group.push(point);
    }
    return groups;
  }
}
