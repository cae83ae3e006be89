import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Compare, MetaStore, Operation } from '@vectron/metastore';
import { type CollectionSettings, Route, splitHashSpace } from '@vectron/model';
import { placement } from '@vectron/proto';
import type { Alias } from './client.js';

/** A collection as the catalogue holds it: its settings, and its shards in the order of their hash ranges. */
export interface EmbeddedCollection extends CollectionSettings {
  /** Of this incarnation. */
  readonly id: string;
  readonly shardIds: number[];
}

interface Known {
  readonly collection: EmbeddedCollection;
  readonly route: Route;
}

const COLLECTIONS = '/embedded/collections/';
const NEXT_SHARD = '/embedded/next-shard';
const ALIASES = '/embedded/aliases/';
/** Nothing moves a shard of an embedded database. */
export const EPOCH = 1;

/**
 * Which collections a database has. Shard ids are never used twice. Collections that were asked for are kept in memory: the
 * directory's lock keeps out other processes, so that nothing changes but by `#commit`, which forgets them.
 */
export class EmbeddedCatalog {
  /** By name and by alias. Holds no name that is not in the store, and so no more than the store does. */
  readonly #known = new Map<string, Known>();
  /** Changes of the store that are under way, and how many have begun or ended. */
  #committing = 0;
  #epoch = 0;

  constructor(private readonly meta: MetaStore) {}

  async collections(): Promise<EmbeddedCollection[]> {
    const { entries } = await this.meta.range(COLLECTIONS);
    return entries.map((entry) => JSON.parse(entry.value) as EmbeddedCollection);
  }

  /** By name or by alias; throws COLLECTION_NOT_FOUND. */
  async collection(name: string): Promise<EmbeddedCollection> {
    return (await this.#find(name)).collection;
  }

  /** Where the points of a collection are, by its name or an alias; throws COLLECTION_NOT_FOUND. */
  async route(name: string): Promise<Route> {
    return (this.#known.get(name) ?? (await this.#find(name))).route;
  }

  async #find(name: string): Promise<Known> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const epoch = this.#epoch;
    const { collection } = await this.#stored(name);
    const found = { collection, route: routeOf(collection) };
    // What was read beside a change may be what was there before it.
    if (this.#epoch === epoch && this.#committing === 0) this.#known.set(name, found);
    return found;
  }

  /** Every change of the store. */
  async #commit(compares: Compare[], operations: Operation[]): Promise<boolean> {
    this.#committing += 1;
    this.#epoch += 1;
    this.#known.clear();
    try {
      return (await this.meta.txn(compares, operations)).succeeded;
    } finally {
      this.#committing -= 1;
      this.#epoch += 1;
    }
  }

  /** `open` makes the shards before the collection is there for others. */
  async create(
    settings: CollectionSettings,
    shards: number,
    open: (collection: EmbeddedCollection) => Promise<void>,
  ): Promise<void> {
    const key = COLLECTIONS + settings.name;
    const taken = (await this.meta.get(key)) ?? (await this.meta.get(ALIASES + settings.name));
    if (taken !== undefined) throw exists(settings.name);
    const firstShard = await this.#takeShardIds(shards);
    const shardIds = Array.from({ length: shards }, (_, at) => firstShard + at);
    const collection = { ...settings, id: randomUUID(), shardIds };
    await open(collection);
    const succeeded = await this.#commit(
      [
        { key, revision: 0 },
        { key: ALIASES + settings.name, revision: 0 },
      ],
      [{ put: key, value: JSON.stringify(collection) }],
    );
    if (!succeeded) throw exists(settings.name);
  }

  /** By name or by alias; throws COLLECTION_NOT_FOUND. */
  async update(
    name: string,
    change: (collection: EmbeddedCollection) => EmbeddedCollection,
  ): Promise<EmbeddedCollection> {
    for (;;) {
      const { key, revision, collection } = await this.#stored(name);
      const changed = change(collection);
      if (await this.#commit([{ key, revision }], [{ put: key, value: JSON.stringify(changed) }])) return changed;
    }
  }

  /** With its aliases, in one transaction. */
  async delete(name: string): Promise<void> {
    const key = COLLECTIONS + name;
    for (;;) {
      const aliases = (await this.meta.range(ALIASES)).entries.filter(({ value }) => value === name);
      const entry = await this.meta.get(key);
      if (entry === undefined) throw notFound(name);
      const compares = [entry, ...aliases].map(({ key, revision }) => ({ key, revision }));
      const operations = compares.map((one) => ({ delete: one.key }));
      if (await this.#commit(compares, operations)) return;
    }
  }

  async aliases(): Promise<Alias[]> {
    const { entries } = await this.meta.range(ALIASES);
    return entries.map(({ key, value }) => ({ alias: key.slice(ALIASES.length), collection: value }));
  }

  /** All of it in one transaction. */
  async updateAliases(set: readonly Alias[], gone: readonly string[]): Promise<void> {
    for (;;) {
      const compares = new Map<string, Compare>();
      for (const { alias, collection } of set) {
        const target = await this.meta.get(COLLECTIONS + collection);
        if (target === undefined) throw notFound(collection);
        compares.set(target.key, { key: target.key, revision: target.revision });
        const key = COLLECTIONS + alias;
        if ((await this.meta.get(key)) !== undefined) {
          throw new VectronError(
            'ALREADY_EXISTS',
            `the alias ${alias} has the name of a collection; choose another name`,
            { details: { field: 'set' } },
          );
        }
        compares.set(key, { key, revision: 0 });
      }
      for (const alias of gone) {
        const entry = await this.meta.get(ALIASES + alias);
        if (entry === undefined) throw new VectronError('NOT_FOUND', `there is no alias ${alias}`);
        compares.set(entry.key, { key: entry.key, revision: entry.revision });
      }
      const operations = [
        ...set.map(({ alias, collection }) => ({ put: ALIASES + alias, value: collection })),
        ...gone.map((alias) => ({ delete: ALIASES + alias })),
      ];
      if (await this.#commit([...compares.values()], operations)) return;
    }
  }

  async #stored(name: string) {
    const alias = await this.meta.get(ALIASES + name);
    const key = COLLECTIONS + (alias?.value ?? name);
    const entry = await this.meta.get(key);
    if (entry === undefined) throw notFound(name);
    return { key, revision: entry.revision, collection: JSON.parse(entry.value) as EmbeddedCollection };
  }

  async #takeShardIds(count: number): Promise<number> {
    for (;;) {
      const entry = await this.meta.get(NEXT_SHARD);
      const next = Number(entry?.value ?? 1);
      const compare = { key: NEXT_SHARD, revision: entry?.revision ?? 0 };
      if (await this.#commit([compare], [{ put: NEXT_SHARD, value: String(next + count) }])) return next;
    }
  }
}

const notFound = (name: string) => new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
const exists = (name: string) =>
  new VectronError('COLLECTION_EXISTS', `collection ${name} already exists; use it, or choose another name`, {
    details: { field: 'name' },
  });

/** The shards of a collection, in the form that gateways and embedded databases use. */
export function routeOf(collection: EmbeddedCollection): Route {
  const ranges = splitHashSpace(collection.shardIds.length);
  const shards = collection.shardIds.map((shardId, at) =>
    placement.Shard.fromPartial({
      shardId,
      epoch: EPOCH,
      firstHash: ranges[at]?.first,
      lastHash: ranges[at]?.last,
      ready: true,
    }),
  );
  const { id, name, dimension, distance, hnswM, hnswEfConstruction, vectors, embedding, durability } = collection;
  return new Route({
    ...placement.Collection.fromPartial({
      id,
      name,
      dimension,
      distance,
      hnswM,
      hnswEfConstruction,
      vectors,
      embedding,
      durability,
    }),
    shards,
  });
}
