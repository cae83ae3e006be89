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

/** What a counter of metrics shows; the collections that are not shown one by one are counted together. */
export type RecallTotal = Pick<RecallCount, 'tenantId' | 'collection' | 'using' | 'asked' | 'unmet'>;

/** Counts since the first look, which only grow. What is kept grows with the collections that there are. */
export class RecallTotals {
  readonly #counts = new RecallCounts();
  #totals = new Map<string, RecallTotal>();
  #others = { asked: 0, unmet: 0 };

  /** `shows`: whether a collection is shown for itself. Gives their totals, and that of all others. */
  look(
    replicas: readonly ReplicaRecalls[],
    shows: (replica: Pick<ReplicaRecalls, 'tenantId' | 'collection'>) => boolean,
  ): { shown: RecallTotal[]; others: Pick<RecallTotal, 'asked' | 'unmet'> } {
    const totals = new Map<string, RecallTotal>();
    for (const { shardId: _, ...one } of this.#counts.look(replicas)) {
      const name = JSON.stringify([one.tenantId, one.collection, one.using]);
      const known = totals.get(name) ?? this.#totals.get(name);
      const [asked, unmet] = shows(one) ? [one.asked, one.unmet] : [0, 0];
      if (!shows(one)) this.#others = added(this.#others, one);
      totals.set(name, { ...one, ...added({ asked, unmet }, known) });
    }
    this.#totals = totals;
    return { shown: [...totals.values()].filter(shows), others: this.#others };
  }
}

type Count = Pick<RecallCount, 'asked' | 'unmet'>;
const added = (a: Count, b: Count = { asked: 0, unmet: 0 }): Count => ({
  asked: a.asked + b.asked,
  unmet: a.unmet + b.unmet,
});
