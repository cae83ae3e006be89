import type { worker } from '@vectron/proto';

/** What one replica says of the recall in its spaces. */
export interface ReplicaRecalls {
  readonly tenantId: string;
  readonly collection: string;
  readonly shardId: number;
  readonly worker: number;
  readonly recalls: readonly worker.SpaceRecall[];
}

/** Searches of one space of a shard that asked for a recall, and those of them that it could not be promised to. */
export interface RecallCount {
  readonly tenantId: string;
  readonly collection: string;
  readonly shardId: number;
  /** The named vector; empty: the first one. */
  readonly using: string;
  readonly asked: number;
  readonly unmet: number;
}

/**
 * What replicas count since they were opened, as what came since the look before: a replica that was opened again begins at
 * nothing, and one that is seen for the first time has counted before anybody looked.
 */
export class RecallCounts {
  #known = new Map<string, worker.SpaceRecall>();

  look(replicas: readonly ReplicaRecalls[]): RecallCount[] {
    const before = this.#known;
    this.#known = new Map();
    return replicas.flatMap(({ recalls, worker: number, ...of }) =>
      recalls.map((now) => {
        const name = `${of.shardId}/${number}/${now.using}`;
        this.#known.set(name, now);
        const last = before.get(name) ?? now;
        const from = now.asked < last.asked ? { asked: 0, unmet: 0 } : last;
        return { ...of, using: now.using, asked: now.asked - from.asked, unmet: Math.max(0, now.unmet - from.unmet) };
      }),
    );
  }
}
