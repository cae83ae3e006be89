import { EventEmitter, once } from 'node:events';
import type { Change, MetaEntry, MetaStore } from '@vectron/metastore';
import { ALIASES, ALL, COLLECTIONS, WORKERS } from './catalog.js';
import { type CollectionRecord, heldReplicas, replicaId, type ShardRecord, type WorkerRecord } from './records.js';

export interface Versioned<T> {
  readonly key: string;
  readonly record: T;
  /** Of the MetaStore, for compare-and-swap. */
  readonly revision: number;
}

const PAUSE_MS = 500;
/** Touched keys that are remembered for followers. */
const KEPT = 10_000;

/**
 * The catalog in memory, kept by a watch: what workers and gateways are pushed, and what the background work looks at.
 * May be behind the MetaStore by a moment, or, while that is away, by more: whoever acts on it compares revisions.
 */
export class CatalogView {
  readonly collections = new Map<string, Versioned<CollectionRecord>>();
  readonly workers = new Map<string, Versioned<WorkerRecord>>();
  readonly #byWorker = new Map<string, Set<string>>();
  readonly #keyOfShard = new Map<number, string>();
  readonly #byTenant = new Map<string, Set<string>>();
  /** How many replicas each worker holds, learners and those that leave included; counted as records change. */
  readonly #replicas = new Map<string, number>();
  readonly #changed = new EventEmitter().setMaxListeners(0);
  #touched: { version: number; key: string }[] = [];
  #version = 0;
  #oldest = 0;
  #revision = 0;
  #synced = false;

  constructor(private readonly meta: MetaStore) {}

  /** Of the last change seen. */
  get revision(): number {
    return this.#revision;
  }

  /** Counted up at every change, touches included. */
  get version(): number {
    return this.#version;
  }

  /** Keeps the view until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { entries, revision } = await this.meta.range(ALL);
        this.#reset(entries, revision);
        for await (const change of this.meta.watch(ALL, revision, signal)) this.#take(change);
      } catch {
        // The MetaStore is away, or has forgotten what was missed: all of it again.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    }
  }

  /** Resolves when the view has been filled once. */
  async synced(signal?: AbortSignal): Promise<void> {
    while (!this.#synced) await once(this.#changed, 'change', { signal });
  }

  #reset(entries: MetaEntry[], revision: number): void {
    const present = new Set(entries.map((entry) => entry.key));
    for (const map of [this.collections, this.workers]) {
      for (const key of [...map.keys()]) if (!present.has(key)) this.#put(key, undefined, revision);
    }
    for (const { key, value, revision: at } of entries) this.#put(key, value, at);
    this.#revision = revision;
    this.#synced = true;
    this.#changed.emit('change');
  }

  #take({ key, value, revision }: Change): void {
    this.#put(key, value, revision);
    this.#revision = revision;
    this.#changed.emit('change');
  }

  #put(key: string, value: string | undefined, revision: number): void {
    if (key.startsWith(COLLECTIONS)) {
      const before = this.collections.get(key);
      if (before?.revision === revision) return;
      for (const shard of before?.record.shards ?? []) this.#unindex(key, shard);
      const tenant = key.slice(COLLECTIONS.length, key.indexOf('/', COLLECTIONS.length));
      if (value === undefined) {
        this.collections.delete(key);
        const own = this.#byTenant.get(tenant);
        own?.delete(key);
        if (own?.size === 0) this.#byTenant.delete(tenant);
      } else {
        const record = JSON.parse(value) as CollectionRecord;
        this.collections.set(key, { key, record, revision });
        this.#byTenant.set(tenant, (this.#byTenant.get(tenant) ?? new Set()).add(key));
        for (const shard of record.shards) this.#index(key, shard);
      }
    } else if (key.startsWith(WORKERS)) {
      if (value === undefined) this.workers.delete(key);
      else this.workers.set(key, { key, record: JSON.parse(value) as WorkerRecord, revision });
    } else if (!key.startsWith(ALIASES)) return;
    this.#touch(key);
  }

  #index(key: string, shard: ShardRecord): void {
    this.#keyOfShard.set(shard.shardId, key);
    for (const { workerId } of heldReplicas(shard)) {
      const held = this.#byWorker.get(workerId) ?? new Set();
      this.#byWorker.set(workerId, held.add(key));
      this.#replicas.set(workerId, this.replicasOf(workerId) + 1);
    }
  }

  #unindex(key: string, shard: ShardRecord): void {
    // A collection that was given to another tenant is known by its new key already.
    if (this.#keyOfShard.get(shard.shardId) === key) this.#keyOfShard.delete(shard.shardId);
    for (const { workerId } of heldReplicas(shard)) {
      this.#byWorker.get(workerId)?.delete(key);
      this.#replicas.set(workerId, this.replicasOf(workerId) - 1);
    }
  }

  /**
   * Keys of the collections of which the worker holds a part. For a moment a collection that is given to another tenant is
   * there under both of its keys.
   */
  heldBy(workerId: string): ReadonlySet<string> {
    return this.#byWorker.get(workerId) ?? new Set();
  }

  /** Replicas that the worker shall hold. */
  replicasOf(workerId: string): number {
    return this.#replicas.get(workerId) ?? 0;
  }

  /** Each once, by the ids of their shards. */
  replicasHeldBy(workerId: string): { shardId: number; replicaId: bigint }[] {
    const held = new Map<number, bigint>();
    for (const key of this.heldBy(workerId)) {
      for (const shard of this.collections.get(key)?.record.shards ?? []) {
        const own = heldReplicas(shard).find((one) => one.workerId === workerId);
        if (own !== undefined) held.set(shard.shardId, replicaId(own));
      }
    }
    return [...held].sort(([a], [b]) => a - b).map(([shardId, replicaId]) => ({ shardId, replicaId }));
  }

  /** Of one tenant; costs no more than what that has. */
  collectionsOf(tenantId: string): CollectionRecord[] {
    const keys = [...(this.#byTenant.get(tenantId) ?? [])];
    return keys.flatMap((key) => this.collections.get(key)?.record ?? []);
  }

  keyOfShard(shardId: number): string | undefined {
    return this.#keyOfShard.get(shardId);
  }

  /** Tells followers of the shard's collection to look again: something beside the records has changed. */
  touchShard(shardId: number): void {
    const key = this.#keyOfShard.get(shardId);
    if (key === undefined) return;
    this.#touch(key);
    this.#changed.emit('change');
  }

  #touch(key: string): void {
    this.#version += 1;
    this.#touched.push({ version: this.#version, key });
    if (this.#touched.length > 2 * KEPT) {
      this.#touched = this.#touched.slice(-KEPT);
      this.#oldest = this.#touched[0].version;
    }
  }

  /** Keys touched after `version`; `undefined`: too many to say. Waits until there is one, or `signal` aborts. */
  async touchedSince(version: number, signal: AbortSignal): Promise<Set<string> | undefined> {
    while (this.#version <= version && !signal.aborted) {
      try {
        await once(this.#changed, 'change', { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
    if (version + 1 < this.#oldest) return undefined;
    const keys = new Set<string>();
    for (let at = this.#touched.length - 1; at >= 0 && this.#touched[at].version > version; at--) {
      keys.add(this.#touched[at].key);
    }
    return keys;
  }
}
