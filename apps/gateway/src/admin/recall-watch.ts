import { type RecallCount, RecallCounts, type ReplicaRecalls } from './recall-counts.js';

/** Searches of a collection that asked for a recall lately, and those of them that a shard could not promise it to. */
export type RecallShare = Omit<RecallCount, 'shardId'>;

/** How far back `look` looks. */
const WINDOW_MS = 300_000;

/** What came of the recalls that were asked for in the last five minutes, as of the looks within them. */
export class RecallWatch {
  readonly #counts = new RecallCounts();
  #window: { readonly atMs: number; readonly counts: readonly RecallCount[] }[] = [];

  /** By collection and vector. A search asks every shard: of its shards, the one with the most counts. */
  look(replicas: readonly ReplicaRecalls[], nowMs = Date.now()): RecallShare[] {
    this.#window = this.#window.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    this.#window.push({ atMs: nowMs, counts: this.#counts.look(replicas).filter(({ asked }) => asked > 0) });
    const shards = new Map<string, RecallCount>();
    for (const one of this.#window.flatMap(({ counts }) => counts)) {
      const name = JSON.stringify([one.tenantId, one.collection, one.using, one.shardId]);
      const sum = shards.get(name);
      shards.set(name, { ...one, asked: one.asked + (sum?.asked ?? 0), unmet: one.unmet + (sum?.unmet ?? 0) });
    }
    const shares = new Map<string, RecallShare>();
    for (const { shardId: _, ...one } of shards.values()) {
      const name = JSON.stringify([one.tenantId, one.collection, one.using]);
      const { asked = 0, unmet = 0 } = shares.get(name) ?? {};
      shares.set(name, { ...one, asked: Math.max(asked, one.asked), unmet: Math.max(unmet, one.unmet) });
    }
    return [...shares.values()];
  }
}
