import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Compare, MemoryMetaStore, type MetaEntry, type Operation, type TxnResult } from '@vectron/metastore';
import { type CollectionSettings, collectionSettings } from '@vectron/model';
import { gateway } from '@vectron/proto';
import { until } from '../../../test/harness/waiting.js';
import { EmbeddedCatalog } from './embedded-catalog.js';

/** Counts its reads, and holds back what a test holds back. */
class WatchedStore extends MemoryMetaStore {
  reads = 0;
  /** What the next read of a key, once made, waits for before it answers. */
  readonly held = new Map<string, Promise<void>>();
  changes = 0;
  /** What a change waits for before it is made. */
  changesStart: Promise<void> = Promise.resolve();

  override async get(key: string): Promise<MetaEntry | undefined> {
    this.reads += 1;
    const wait = this.held.get(key);
    this.held.delete(key);
    const entry = await super.get(key);
    await wait;
    return entry;
  }

  override async txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    this.changes += 1;
    await this.changesStart;
    return super.txn(compares, operations);
  }
}

const settings = (name: string): CollectionSettings =>
  collectionSettings(gateway.CreateCollectionRequest.fromPartial({ name, dimension: 2 }));
const relaxed = <C extends CollectionSettings>(collection: C): C => ({ ...collection, durability: 'relaxed' });

function gate(): { promise: Promise<void>; open: () => void } {
  let open = () => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('EmbeddedCatalog', () => {
  let store: WatchedStore;
  let catalog: EmbeddedCatalog;
  beforeEach(async () => {
    store = new WatchedStore();
    catalog = new EmbeddedCatalog(store);
    await catalog.create(settings('a'), 2, async () => {});
    await catalog.create(settings('b'), 1, async () => {});
    await catalog.updateAliases([{ alias: 'x', collection: 'a' }], []);
    store.changes = 0;
  });

  const idOf = async (name: string) => (await catalog.route(name)).collection.id;

  it('reads the store once for a collection that is asked for again and again', async () => {
    const [first, byAlias] = [await catalog.route('a'), await catalog.route('x')];
    const before = store.reads;
    expect(await catalog.route('a')).toBe(first);
    expect(await catalog.route('x')).toBe(byAlias);
    expect((await catalog.collection('x')).shardIds).toEqual(first.shards.map(({ shardId }) => shardId));
    expect(store.reads).toBe(before);
  });

  it('shows every change from the moment at which it has returned', async () => {
    const [a, b] = [await idOf('x'), await idOf('b')];
    await catalog.updateAliases([{ alias: 'x', collection: 'b' }], []);
    expect([await idOf('x'), await idOf('a')]).toEqual([b, a]);
    await catalog.update('a', relaxed);
    expect((await catalog.route('a')).collection.durability).toBe('relaxed');
    await catalog.delete('a');
    await expect(catalog.route('a')).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    await catalog.create(settings('a'), 1, async () => {});
    expect(await idOf('a')).not.toBe(a);
    await catalog.updateAliases([], ['x']);
    await expect(catalog.route('x')).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
  });

  it('does not keep what was read before a change that ended meanwhile', async () => {
    const reading = gate();
    store.held.set('/embedded/collections/a', reading.promise);
    const late = catalog.route('a');
    await until(
      'the read is made',
      async () => store.held.size,
      (held) => held === 0,
    );
    await catalog.update('a', relaxed);
    reading.open();
    await late;
    expect((await catalog.route('a')).collection.durability).toBe('relaxed');
  });

  it('does not keep what was read while a change was under way', async () => {
    const changing = gate();
    store.changesStart = changing.promise;
    const change = catalog.updateAliases([{ alias: 'x', collection: 'b' }], []);
    await until(
      'the change has begun',
      async () => store.changes,
      (changes) => changes === 1,
    );
    expect((await catalog.route('x')).collection.name).toBe('a');
    changing.open();
    await change;
    expect((await catalog.route('x')).collection.name).toBe('b');
  });
});
