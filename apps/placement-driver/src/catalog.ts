import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import type { Compare, MetaStore, Operation } from '@vectron/metastore';
import {
  type CollectionRecord,
  type EndedOperation,
  heldReplicas,
  stateOf,
  type WorkerRecord,
  withState,
} from './records.js';

/** Everything the placement driver knows. */
export const ALL = '/pd/';
export const COLLECTIONS = '/pd/collections/';
export const WORKERS = '/pd/workers/';
export const ALIASES = '/pd/aliases/';
/** What is counted for each tenant. */
const TENANTS = '/pd/tenants/';
/** Leased by the nodes that are up. */
export const NODES = '/pd/nodes/';
export const LEADER = '/pd/leader';
const HISTORY = '/pd/history/';
const HISTORY_KEPT = 500;
/** Records that are read between two chances for requests. */
const AT_ONCE = 50;
const COUNTERS = '/pd/counters';
const CLUSTER = '/pd/cluster-id';

/** etcd takes 128 compares in a transaction, and each name has three. */
const TRANSFERRED_AT_ONCE = 40;

interface Counters {
  readonly nextShard: number;
  readonly nextWorker: number;
}

/** What a tenant may have in all; 0: no limit. */
export interface TenantLimits {
  readonly collections: number;
  readonly shards: number;
  readonly aliases: number;
}

const UNLIMITED: TenantLimits = { collections: 0, shards: 0, aliases: 0 };

const aliasKey = (tenantId: string, alias: string) => `${ALIASES}${tenantId}/${alias}`;
const collectionKey = (tenantId: string, name: string) => `${COLLECTIONS}${tenantId}/${name}`;

/** Of the key of a collection or alias. */
const nameOf = (key: string) => key.slice(key.lastIndexOf('/') + 1);

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

  /** By name or by alias. */
  async resolve(tenantId: string, name: string): Promise<CollectionRecord> {
    const alias = await this.meta.get(aliasKey(tenantId, name));
    return this.collection(tenantId, alias?.value ?? name);
  }

  /** By alias. */
  async aliases(tenantId: string): Promise<{ alias: string; collection: string }[]> {
    const prefix = aliasKey(tenantId, '');
    const { entries } = await this.meta.range(prefix);
    return entries.map(({ key, value }) => ({ alias: key.slice(prefix.length), collection: value }));
  }

  /**
   * All of it in one transaction. Deleting an alias that is not there is NOT_FOUND, and more aliases than the tenant may
   * have are QUOTA_EXCEEDED; then nothing is changed.
   */
  async updateAliases(
    tenantId: string,
    set: readonly { alias: string; collection: string }[],
    gone: readonly string[],
    limits: TenantLimits = UNLIMITED,
  ): Promise<void> {
    for (;;) {
      const compares: Compare[] = [];
      const counted = set.length === 0 ? undefined : await this.#countAliases(tenantId, set, gone, limits);
      if (counted !== undefined) compares.push(counted.compare);
      const targets = new Set(set.map(({ collection }) => collection));
      for (const name of targets) {
        const key = collectionKey(tenantId, name);
        const entry = await this.meta.get(key);
        if (entry === undefined) throw notFound(name);
        compares.push({ key, revision: entry.revision });
      }
      for (const { alias } of set) {
        const key = collectionKey(tenantId, alias);
        if ((await this.meta.get(key)) !== undefined) {
          throw new VectronError(
            'ALREADY_EXISTS',
            `the alias ${alias} has the name of a collection; choose another name`,
            { details: { field: 'set' } },
          );
        }
        compares.push({ key, revision: 0 });
      }
      for (const alias of gone) {
        const entry = await this.meta.get(aliasKey(tenantId, alias));
        if (entry === undefined) throw new VectronError('NOT_FOUND', `there is no alias ${alias}`);
        compares.push({ key: entry.key, revision: entry.revision });
      }
      const operations = [
        ...set.map(({ alias, collection }) => ({ put: aliasKey(tenantId, alias), value: collection })),
        ...gone.map((alias) => ({ delete: aliasKey(tenantId, alias) })),
        ...(counted === undefined ? [] : [counted.operation]),
      ];
      if (operations.length === 0 || (await this.meta.txn(compares, operations)).succeeded) return;
    }
  }

  /** How many aliases there will be, as a record that two changes at once cannot both write. */
  async #countAliases(
    tenantId: string,
    set: readonly { alias: string }[],
    gone: readonly string[],
    limits: TenantLimits,
  ): Promise<{ compare: Compare; operation: Operation }> {
    const key = `${TENANTS}${tenantId}/aliases`;
    // Before the aliases are read: one that another change adds after that changes this, too.
    const revision = (await this.meta.get(key))?.revision ?? 0;
    const before = new Set((await this.aliases(tenantId)).map(({ alias }) => alias));
    const after = new Set([...before, ...set.map(({ alias }) => alias)]);
    for (const alias of gone) after.delete(alias);
    if (after.size > before.size) atMost('aliases', limits.aliases, after.size);
    return { compare: { key, revision }, operation: { put: key, value: String(after.size) } };
  }

  /** `tenantId` empty: of all tenants. */
  async collections(tenantId: string): Promise<CollectionRecord[]> {
    const { entries } = await this.meta.range(tenantId === '' ? COLLECTIONS : `${COLLECTIONS}${tenantId}/`);
    const records: CollectionRecord[] = [];
    for (const [at, entry] of entries.entries()) {
      // Who asks for many waits longer, and nobody else does.
      if (at % AT_ONCE === AT_ONCE - 1) await setImmediate();
      records.push(JSON.parse(entry.value) as CollectionRecord);
    }
    return records;
  }

  /**
   * Writes what `plan` makes of the next free shard id. COLLECTION_EXISTS when the name is taken, QUOTA_EXCEEDED when the
   * tenant would have more than it may: two at once cannot both take what one may still have, because each counts the
   * shard ids up.
   */
  async createCollection(
    tenantId: string,
    name: string,
    plan: (firstShardId: number) => CollectionRecord,
    limits: TenantLimits = UNLIMITED,
  ): Promise<CollectionRecord> {
    const key = collectionKey(tenantId, name);
    for (;;) {
      if ((await this.meta.get(key)) !== undefined) {
        throw new VectronError(
          'COLLECTION_EXISTS',
          `collection ${name} already exists; use it, or choose another name`,
          {
            details: { field: 'name' },
          },
        );
      }
      if ((await this.meta.get(aliasKey(tenantId, name))) !== undefined) {
        throw new VectronError('COLLECTION_EXISTS', `the alias ${name} already exists; choose another name`, {
          details: { field: 'name' },
        });
      }
      const { counters, revision } = await this.#counters();
      const record = plan(counters.nextShard);
      if (limits.collections > 0 || limits.shards > 0) {
        // After the counters: a collection that is made after this was read changes them.
        const own = await this.collections(tenantId);
        atMost('collections', limits.collections, own.length + 1);
        const held = own.reduce((sum, { shards }) => sum + shards.length, 0);
        atMost('shards', limits.shards, held + record.shards.length);
      }
      const next = { ...counters, nextShard: counters.nextShard + record.shards.length };
      const { succeeded } = await this.meta.txn(
        [
          { key, revision: 0 },
          { key: aliasKey(tenantId, name), revision: 0 },
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

  async updateCollection(
    tenantId: string,
    name: string,
    change: (record: CollectionRecord) => CollectionRecord,
  ): Promise<CollectionRecord> {
    const key = collectionKey(tenantId, name);
    for (;;) {
      const entry = await this.meta.get(key);
      if (entry === undefined) throw notFound(name);
      const next = change(JSON.parse(entry.value) as CollectionRecord);
      if (await this.replace(key, entry.revision, next)) return next;
    }
  }

  /**
   * With its aliases, in one transaction. `id`: only the collection of that id; empty: whichever has the name. An alias that
   * is set meanwhile compares the collection's revision, so that none of one that is gone is left.
   */
  async deleteCollection(tenantId: string, name: string, id = ''): Promise<CollectionRecord> {
    const key = collectionKey(tenantId, name);
    for (;;) {
      const prefix = aliasKey(tenantId, '');
      const aliases = (await this.meta.range(prefix)).entries.filter(({ value }) => value === name);
      const entry = await this.meta.get(key);
      const record = entry && (JSON.parse(entry.value) as CollectionRecord);
      if (entry === undefined || record === undefined || (id !== '' && record.id !== id)) throw notFound(name);
      const compares = [entry, ...aliases].map(({ key, revision }) => ({ key, revision }));
      const operations = compares.map((one) => ({ delete: one.key }));
      if ((await this.meta.txn(compares, operations)).succeeded) return record;
    }
  }

  /**
   * Gives all collections and aliases of a tenant to another one: at most `TRANSFERRED_AT_ONCE` in one transaction, which a
   * repetition goes on after. ALREADY_EXISTS, and nothing is changed, when the other tenant has some of the names. Returns
   * the names of the collections.
   */
  async transferCollections(from: string, to: string): Promise<string[]> {
    const transferred: string[] = [];
    for (;;) {
      // Aliases go last: those that are left behind for a moment name nothing.
      const [collections, aliases] = await Promise.all(
        [COLLECTIONS, ALIASES].map((kind) => this.meta.range(`${kind}${from}/`)),
      );
      const own = [...collections.entries, ...aliases.entries];
      await this.#requireFree(
        to,
        own.map(({ key }) => nameOf(key)),
      );
      if (own.length === 0) return transferred.sort();
      const some = own.slice(0, TRANSFERRED_AT_ONCE);
      const compares = some.flatMap(({ key, revision }): Compare[] => [
        { key, revision },
        { key: collectionKey(to, nameOf(key)), revision: 0 },
        { key: aliasKey(to, nameOf(key)), revision: 0 },
      ]);
      const operations = [
        // The new keys first: changes are followed one by one, and between the two a shard that no collection has would be
        // deleted by its workers.
        ...some.map(({ key, value }): Operation => {
          if (key.startsWith(ALIASES)) return { put: aliasKey(to, nameOf(key)), value };
          const record: CollectionRecord = { ...(JSON.parse(value) as CollectionRecord), tenantId: to };
          return { put: collectionKey(to, nameOf(key)), value: JSON.stringify(record) };
        }),
        ...some.map(({ key }): Operation => ({ delete: key })),
      ];
      if (!(await this.meta.txn(compares, operations)).succeeded) continue;
      transferred.push(...some.filter(({ key }) => key.startsWith(COLLECTIONS)).map(({ key }) => nameOf(key)));
    }
  }

  async #requireFree(tenantId: string, names: readonly string[]): Promise<void> {
    const taken = await Promise.all(
      names.map(async (name) => {
        const [collection, alias] = await Promise.all([
          this.meta.get(collectionKey(tenantId, name)),
          this.meta.get(aliasKey(tenantId, name)),
        ]);
        return collection !== undefined || alias !== undefined;
      }),
    );
    const both = names.filter((_, at) => taken[at]);
    if (both.length > 0) {
      throw new VectronError(
        'ALREADY_EXISTS',
        `the other tenant already has collections or aliases with these names: ${both.join(', ')}; rename or delete them first`,
        { details: { field: 'heir' } },
      );
    }
  }

  async workers(): Promise<WorkerRecord[]> {
    return (await this.meta.range(WORKERS)).entries.map((entry) => JSON.parse(entry.value) as WorkerRecord);
  }

  /** `id` empty: a new worker. A worker that comes back keeps its number, its state and whether it is drained. */
  async registerWorker(
    id: string,
    worker: Omit<WorkerRecord, 'id' | 'number' | 'draining' | 'states'>,
    nowMs: number,
  ): Promise<WorkerRecord> {
    for (;;) {
      const key = WORKERS + (id || randomUUID());
      const known = await this.meta.get(key);
      const before = known && (JSON.parse(known.value) as WorkerRecord);
      if (id !== '' && before === undefined)
        throw new VectronError('NOT_FOUND', `there is no worker ${id} in this cluster`);
      if (before !== undefined && stateOf(before).state === 'REMOVED') {
        throw new VectronError(
          'PERMISSION_DENIED',
          `worker ${before.number} was removed from this cluster; start it with an empty data directory as a new worker`,
        );
      }
      const { counters, revision } = await this.#counters();
      const number = before?.number ?? counters.nextWorker;
      const joined: WorkerRecord = { ...before, ...worker, id: key.slice(WORKERS.length), number };
      const record =
        before === undefined ? withState(joined, { state: 'JOINING', atMs: nowMs, reason: 'registered' }) : joined;
      const operations: Operation[] = [{ put: key, value: JSON.stringify(record) }];
      if (!known) operations.push({ put: COUNTERS, value: JSON.stringify({ ...counters, nextWorker: number + 1 }) });
      const compares = [
        { key, revision: known?.revision ?? 0 },
        { key: COUNTERS, revision },
      ];
      if ((await this.meta.txn(compares, operations)).succeeded) return record;
    }
  }

  async worker(id: string): Promise<{ record: WorkerRecord; revision: number }> {
    const entry = await this.meta.get(WORKERS + id);
    if (entry === undefined) throw new VectronError('NOT_FOUND', `there is no worker ${id} in this cluster`);
    return { record: JSON.parse(entry.value) as WorkerRecord, revision: entry.revision };
  }

  async updateWorker(id: string, change: (record: WorkerRecord) => WorkerRecord): Promise<WorkerRecord> {
    for (;;) {
      const { record, revision } = await this.worker(id);
      const next = change(record);
      if (await this.replace(WORKERS + id, revision, next)) return next;
    }
  }

  /** Its record stays, so that it does not come back by itself. */
  async removeWorker(id: string, nowMs: number): Promise<void> {
    const holds = (await this.collections('')).filter((record) =>
      record.shards.some((shard) => [...shard.replicas, ...(shard.leaving ?? [])].some((one) => one.workerId === id)),
    );
    if (holds.length > 0) {
      throw new VectronError(
        'CONFLICT',
        `worker ${id} holds shards of ${holds.map((record) => record.name).join(', ')}; drain it first`,
      );
    }
    await this.updateWorker(id, (record) =>
      // Cut off before the learners were gone, it is repeated.
      stateOf(record).state === 'REMOVED'
        ? record
        : withState(record, { state: 'REMOVED', atMs: nowMs, reason: 'removed by an operator' }),
    );
    await this.#update((record) => {
      if (!record.shards.some((shard) => heldReplicas(shard).some(({ workerId }) => workerId === id))) return undefined;
      const without = record.shards.map((shard) => ({
        ...shard,
        learners: shard.learners.filter(({ workerId }) => workerId !== id),
      }));
      return { ...record, shards: without };
    });
  }

  /**
   * One record as of `revision` by another, together with `also`; false: it has changed meanwhile, or the fence does not
   * hold any more.
   */
  async replace(
    key: string,
    revision: number,
    record: CollectionRecord | WorkerRecord,
    also: { compares?: Compare[]; operations?: Operation[] } = {},
  ): Promise<boolean> {
    const { compares = [], operations = [] } = also;
    const put = { put: key, value: JSON.stringify(record) };
    return (await this.meta.txn([{ key, revision }, ...compares], [put, ...operations])).succeeded;
  }

  /** The next shard id, and what makes it taken. */
  async nextShard(): Promise<{ shardId: number; compare: Compare; operation: Operation }> {
    const { counters, revision } = await this.#counters();
    return {
      shardId: counters.nextShard,
      compare: { key: COUNTERS, revision },
      operation: { put: COUNTERS, value: JSON.stringify({ ...counters, nextShard: counters.nextShard + 1 }) },
    };
  }

  /** What puts an ended operation on record. */
  ended(operation: EndedOperation): Operation {
    const key = `${HISTORY}${String(operation.endedMs).padStart(16, '0')}-${operation.operation.id}`;
    return { put: key, value: JSON.stringify(operation) };
  }

  /** The newest first. */
  async history(limit: number): Promise<EndedOperation[]> {
    const { entries } = await this.meta.range(HISTORY);
    return entries
      .slice(-limit)
      .reverse()
      .map((entry) => JSON.parse(entry.value) as EndedOperation);
  }

  /** Forgets the oldest of what is on record. */
  async trimHistory(): Promise<void> {
    const { entries } = await this.meta.range(HISTORY);
    const old = entries.slice(0, Math.max(0, entries.length - HISTORY_KEPT)).slice(0, 100);
    if (old.length > 0)
      await this.meta.txn(
        [],
        old.map(({ key }) => ({ delete: key })),
      );
  }

  /** Addresses of the nodes that are up. */
  async nodes(): Promise<string[]> {
    return (await this.meta.range(NODES)).entries.map((entry) => entry.value);
  }

  /**
   * Rewrites every collection that `change` gives another record for, each in one transaction; one that was changed
   * meanwhile is looked at again.
   */
  async #update(change: (record: CollectionRecord) => CollectionRecord | undefined): Promise<void> {
    const { entries } = await this.meta.range(COLLECTIONS);
    for (const { key } of entries) {
      for (;;) {
        const entry = await this.meta.get(key);
        const next = entry && change(JSON.parse(entry.value) as CollectionRecord);
        if (entry === undefined || next === undefined) break;
        if (await this.replace(key, entry.revision, next)) break;
      }
    }
  }

  async #counters(): Promise<{ counters: Counters; revision: number }> {
    const entry = await this.meta.get(COUNTERS);
    if (entry === undefined) return { counters: { nextShard: 1, nextWorker: 1 }, revision: 0 };
    return { counters: JSON.parse(entry.value) as Counters, revision: entry.revision };
  }
}

/** Throws QUOTA_EXCEEDED when the tenant would have more than `limit`; a limit of 0 is none. */
function atMost(what: string, limit: number, wanted: number): void {
  if (limit === 0 || wanted <= limit) return;
  const message = `this account may have ${limit} ${what} in all, and would have ${wanted}; delete some first`;
  throw new VectronError('QUOTA_EXCEEDED', message);
}

export const notFound = (name: string) => new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
