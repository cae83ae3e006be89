import { describe, expect, it } from '@jest/globals';
import { type Compare, MemoryMetaStore, type Operation } from '@vectron/metastore';
import { until } from '../../../test/harness/waiting.js';
import { Catalog, COLLECTIONS } from './catalog.js';
import { CatalogView } from './catalog-view.js';
import type { CollectionRecord } from './records.js';

/** As etcd does with its default settings. */
class Bounded extends MemoryMetaStore {
  override txn(compares: Compare[], operations: Operation[]) {
    if (compares.length > 128 || operations.length > 128)
      throw new Error('etcdserver: too many operations in txn request');
    return super.txn(compares, operations);
  }
}

async function withCollections(tenantId: string, names: readonly string[]) {
  const meta = new Bounded();
  const catalog = new Catalog(meta);
  const make = (tenant: string, name: string) =>
    catalog.createCollection(
      tenant,
      name,
      (shardId) => ({ name, tenantId: tenant, shards: [shardOf(shardId)] }) as never,
    );
  for (const name of names) await make(tenantId, name);
  return { meta, catalog, make };
}

const shardOf = (shardId: number) => ({
  shardId,
  replicas: [{ workerId: 'w', number: 1, incarnation: 1 }],
  learners: [],
  first: [],
});

describe('collections that are given to another tenant', () => {
  it('are all there with their aliases, under their new tenant, however many they are', async () => {
    const names = Array.from({ length: 100 }, (_, at) => `c${String(at).padStart(3, '0')}`);
    const { meta, catalog } = await withCollections('a', names);
    await catalog.updateAliases('a', [{ alias: 'live', collection: 'c007' }], []);
    expect(await catalog.transferCollections('a', 'b')).toEqual(names);
    expect(await catalog.collections('a')).toEqual([]);
    expect(await catalog.aliases('a')).toEqual([]);
    const given = await catalog.collections('b');
    expect(given.map(({ name }) => name)).toEqual(names);
    expect(new Set(given.map(({ tenantId }) => tenantId))).toEqual(new Set(['b']));
    expect((await catalog.resolve('b', 'live')).name).toBe('c007');
    expect(JSON.stringify((await meta.range('/pd/')).entries)).not.toContain('"tenantId":"a"');
    // Once more: nothing is left to give.
    expect(await catalog.transferCollections('a', 'b')).toEqual([]);
  });

  it('all stay where they are when the other tenant has a name of theirs, as a collection or as an alias', async () => {
    const { meta, catalog, make } = await withCollections('a', ['one', 'two', 'three']);
    await catalog.updateAliases('a', [{ alias: 'live', collection: 'one' }], []);
    await make('b', 'two');
    await make('b', 'live');
    await make('b', 'other');
    await catalog.updateAliases('b', [{ alias: 'three', collection: 'other' }], []);
    const before = (await meta.range('/')).entries;
    await expect(catalog.transferCollections('a', 'b')).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringMatching(/three, two, live/),
    });
    expect((await meta.range('/')).entries).toEqual(before);
  });

  it('are found by their shards afterwards, which belong to a collection at every moment in between', async () => {
    const { meta, catalog } = await withCollections('a', ['one', 'two']);
    const view = new CatalogView(meta);
    const stop = new AbortController();
    const following = view.follow(stop.signal);
    await view.synced();
    const shards = (await catalog.collections('a')).flatMap((record: CollectionRecord) => record.shards);
    const seen: number[][] = [];
    const followed = (async () => {
      for (let version = view.version; !stop.signal.aborted; version = view.version) {
        await view.touchedSince(version, stop.signal);
        const held = [...view.heldBy('w')].flatMap((key) => view.collections.get(key)?.record.shards ?? []);
        seen.push([...new Set(held.map(({ shardId }) => shardId))].sort());
      }
    })();
    await catalog.transferCollections('a', 'b');
    await until(
      'the view has the new tenant',
      async () => view.collections.size === 2 && [...view.collections.keys()].every((key) => key.includes('/b/')),
    );
    expect(shards.map(({ shardId }) => view.keyOfShard(shardId))).toEqual([
      `${COLLECTIONS}b/one`,
      `${COLLECTIONS}b/two`,
    ]);
    expect([...view.heldBy('w')].sort()).toEqual([`${COLLECTIONS}b/one`, `${COLLECTIONS}b/two`]);
    stop.abort();
    await Promise.all([following, followed]);
    // A worker deletes what it is not told to hold: at no moment may a shard be nobody's.
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.filter((held) => held.length !== 2)).toEqual([]);
  });
});
