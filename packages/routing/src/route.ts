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
      throw new VectronError('UNAVAILABLE', `no shard of ${this.collection.name} owns the id`);
    }
    return shard;
  }
}
