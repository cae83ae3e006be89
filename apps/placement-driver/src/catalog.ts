import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { MetaStore, Operation } from '@vectron/metastore';
import type { CollectionRecord, WorkerRecord } from './collection-record.js';

/** Everything the placement driver knows. */
export const ALL = '/pd/';
const COLLECTIONS = '/pd/collections/';
const WORKERS = '/pd/workers/';
const COUNTERS = '/pd/counters';
const CLUSTER = '/pd/cluster-id';

interface Counters {
  readonly nextShard: number;
  readonly nextWorker: number;
}

const collectionKey = (tenantId: string, name: string) => `${COLLECTIONS}${tenantId}/${name}`;

/** What the placement driver knows for good: every change is one compare-and-swap transaction. */
export class Catalog {
  constructor(private readonly meta: MetaStore) {}

  /** Made once for this metadata. */
  async clusterId(): Promise<string> {
    const entry = await this.meta.get(CLUSTER);
    if (entry !== undefined) return entry.value;
    await this.meta.txn([{ key: CLUSTER, revision: 0 }], [{ put: CLUSTER, value: randomUUID() }]);
    return this.clusterId();
  }

  async collection(tenantId: string, name: string): Promise<CollectionRecord> {
    const entry = await this.meta.get(collectionKey(tenantId, name));
    if (entry === undefined) throw notFound(name);
    return JSON.parse(entry.value) as CollectionRecord;
  }

  /** `tenantId` empty: of all tenants. */
  async collections(tenantId: string): Promise<CollectionRecord[]> {
    const { entries } = await this.meta.range(tenantId === '' ? COLLECTIONS : `${COLLECTIONS}${tenantId}/`);
    return entries.map((entry) => JSON.parse(entry.value) as CollectionRecord);
  }

  /** Writes what `plan` makes of the next free shard id; COLLECTION_EXISTS when the name is taken. */
  async createCollection(
    tenantId: string,
    name: string,
    plan: (firstShardId: number) => CollectionRecord,
  ): Promise<CollectionRecord> {
    const key = collectionKey(tenantId, name);
    for (;;) {
      if ((await this.meta.get(key)) !== undefined) {
        throw new VectronError('COLLECTION_EXISTS', `collection ${name} exists already`, {
          details: { field: 'name' },
        });
      }
      const { counters, revision } = await this.#counters();
      const record = plan(counters.nextShard);
      const next = { ...counters, nextShard: counters.nextShard + record.shards.length };
      const { succeeded } = await this.meta.txn(
        [
          { key, revision: 0 },
          { key: COUNTERS, revision },
        ],
        [
          { put: key, value: JSON.stringify(record) },
          { put: COUNTERS, value: JSON.stringify(next) },
        ],
      );
      if (succeeded) return record;
    }
  }

  async deleteCollection(tenantId: string, name: string): Promise<CollectionRecord> {
    const record = await this.collection(tenantId, name);
    await this.meta.txn([], [{ delete: collectionKey(tenantId, name) }]);
    return record;
  }

  async workers(): Promise<WorkerRecord[]> {
    return (await this.meta.range(WORKERS)).entries.map((entry) => JSON.parse(entry.value) as WorkerRecord);
  }

  /** `id` empty: a new worker. A worker that comes back keeps its number. */
  async registerWorker(id: string, worker: Omit<WorkerRecord, 'id' | 'number'>): Promise<WorkerRecord> {
    for (;;) {
      const key = WORKERS + (id || randomUUID());
      const known = await this.meta.get(key);
      if (id !== '' && known === undefined) throw new VectronError('NOT_FOUND', `no worker ${id} in this cluster`);
      const { counters, revision } = await this.#counters();
      const number = known ? (JSON.parse(known.value) as WorkerRecord).number : counters.nextWorker;
      const record: WorkerRecord = { ...worker, id: key.slice(WORKERS.length), number };
      const operations: Operation[] = [{ put: key, value: JSON.stringify(record) }];
      if (!known) operations.push({ put: COUNTERS, value: JSON.stringify({ ...counters, nextWorker: number + 1 }) });
      const compares = [
        { key, revision: known?.revision ?? 0 },
        { key: COUNTERS, revision },
      ];
      if ((await this.meta.txn(compares, operations)).succeeded) return record;
    }
  }

  async removeWorker(id: string): Promise<void> {
    const holds = (await this.collections('')).filter((record) =>
      record.shards.some((shard) => shard.replicas.some(({ workerId }) => workerId === id)),
    );
    if (holds.length > 0) {
      throw new VectronError(
        'CONFLICT',
        `worker ${id} holds shards of ${holds.map((record) => record.name).join(', ')}`,
      );
    }
    await this.meta.txn([], [{ delete: WORKERS + id }]);
  }

  /**
   * Rewrites every collection that `change` gives another record for, each in one transaction; one that was changed
   * meanwhile is looked at again.
   */
  async update(change: (record: CollectionRecord) => CollectionRecord | undefined): Promise<void> {
    const { entries } = await this.meta.range(COLLECTIONS);
    for (const { key } of entries) {
      for (;;) {
        const entry = await this.meta.get(key);
        const next = entry && change(JSON.parse(entry.value) as CollectionRecord);
        if (entry === undefined || next === undefined) break;
        const compare = { key, revision: entry.revision };
        if ((await this.meta.txn([compare], [{ put: key, value: JSON.stringify(next) }])).succeeded) break;
      }
    }
  }

  async #counters(): Promise<{ counters: Counters; revision: number }> {
    const entry = await this.meta.get(COUNTERS);
    if (entry === undefined) return { counters: { nextShard: 1, nextWorker: 1 }, revision: 0 };
    return { counters: JSON.parse(entry.value) as Counters, revision: entry.revision };
  }
}

export const notFound = (name: string) => new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
