import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type BeforeApplicationShutdown, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { type Collection, open, type VectronClient } from '@vectron/sdk';
import {
  type CollectionOf,
  defineCollection,
  getCollectionToken,
  getVectronToken,
  InjectCollection,
  InjectVectron,
  type VectronConnectionOptions,
  VectronModule,
  type VectronModuleOptions,
  type VectronOptionsFactory,
} from './index.js';

interface Product {
  name: string;
  price: number;
}
const Products = defineCollection<Product>('products', {
  create: { dimension: 3, indexes: [{ path: 'price', type: 'float' }] },
});

@Injectable()
class Shop implements BeforeApplicationShutdown {
  constructor(
    @InjectCollection(Products) readonly products: CollectionOf<typeof Products>,
    @InjectVectron() readonly db: VectronClient,
  ) {}
  /** What is written while the application stops is written. */
  async beforeApplicationShutdown() {
    await this.products.upsert([{ id: 'last', vector: [0, 0, 1], payload: { name: 'last', price: 0 } }]);
  }
}
@Module({ imports: [VectronModule.forFeature([Products])], providers: [Shop], exports: [Shop] })
class ShopModule {}

const folders: string[] = [];
const directory = () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-nestjs-'));
  folders.push(folder);
  return join(folder, 'vectors');
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

type Imports = NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>;
const started = async (imports: Imports) => (await Test.createTestingModule({ imports }).compile()).init();
/** What the start of an application fails with; the application is closed when it does not fail. */
const refusal = async (imports: () => Imports): Promise<unknown> => {
  try {
    await (await started(imports())).close();
  } catch (error) {
    return error;
  }
  throw new Error('the application has started');
};

describe('an application with an embedded database', () => {
  it('gets typed collections, which are made, and closes the database behind the last write', async () => {
    const path = directory();
    const app = await started([VectronModule.forRoot({ path }), ShopModule]);
    const shop = app.get(Shop);
    await shop.products.upsert([{ id: 'a', vector: [1, 0, 0], payload: { name: 'anvil', price: 10 } }]);
    const { hits } = await shop.products.search({ vector: [1, 0, 0], filter: { field: 'price', gte: 5 } });
    expect(hits[0].payload).toEqual({ name: 'anvil', price: 10 });
    expect((await shop.db.listIndexes('products')).indexes).toMatchObject([{ path: 'price', type: 'float' }]);
    // One process opens a directory at a time, and this one has it open.
    await expect(open(path)).rejects.toMatchObject({ code: 'CONFLICT' });
    await app.close();
    const again = await open(path);
    expect(await again.get('products', 'last')).toMatchObject({ payload: { name: 'last' } });
    await again.close();
  });

  it('starts again on what is there', async () => {
    const path = directory();
    await (await started([VectronModule.forRoot({ path }), ShopModule])).close();
    const app = await started([VectronModule.forRoot({ path }), ShopModule]);
    expect(await app.get(Shop).products.count()).toMatchObject({ count: 1 });
    await app.close();
  });

  it('refuses to start over a collection of another dimension or distance', async () => {
    const folder = directory();
    const db = await open(folder);
    await db.createCollection('products', { dimension: 3, distance: 'dot' });
    await db.close();
    // An application that did not start keeps its directory until its process ends: each has a copy.
    for (const [create, said] of [
      [{ dimension: 4 }, 'the dimension 3, but the application requires 4'],
      [{ dimension: 3, distance: 'cosine' }, 'the distance dot, but the application requires cosine'],
    ] as const) {
      const copy = directory();
      cpSync(folder, copy, { recursive: true });
      const feature = VectronModule.forFeature([defineCollection('products', { create })]);
      const error = await refusal(() => [VectronModule.forRoot({ path: copy }), feature]);
      expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', message: expect.stringContaining(said) });
    }
  });

  it('makes nothing that was not asked for', async () => {
    const app = await started([
      VectronModule.forRoot({ path: directory() }),
      VectronModule.forFeature([{ name: 'nothing' }]),
    ]);
    const nothing = app.get<Collection>(getCollectionToken('nothing'));
    await expect(nothing.count()).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect(await app.get<VectronClient>(getVectronToken()).listCollections()).toEqual([]);
    await app.close();
  });

  it('has several clients by their names, and a collection of each', async () => {
    const logs = defineCollection('logs', { client: 'analytics', create: { dimension: 2 } });
    const app = await started([
      VectronModule.forRoot({ path: directory() }),
      VectronModule.forRoot({ name: 'analytics', path: directory() }),
      VectronModule.forFeature([logs]),
      ShopModule,
    ]);
    const [db, analytics] = [undefined, 'analytics'].map((name) => app.get<VectronClient>(getVectronToken(name)));
    expect((await db.listCollections()).map(({ name }) => name)).toEqual(['products']);
    expect((await analytics.listCollections()).map(({ name }) => name)).toEqual(['logs']);
    const token = getCollectionToken('logs', 'analytics');
    expect(app.get<Collection>(token).client).toBe(analytics);
    expect(getCollectionToken(logs)).toBe(token);
    await app.close();
  });

  it('takes its options from a factory, a class and a provider that is there', async () => {
    @Injectable()
    class Settings implements VectronOptionsFactory {
      readonly path = directory();
      async createVectronOptions(): Promise<VectronConnectionOptions> {
        return { path: this.path, threads: 1 };
      }
    }
    @Module({ providers: [Settings], exports: [Settings] })
    class SettingsModule {}
    for (const way of [
      {
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: (settings: Settings) => settings.createVectronOptions(),
      },
      { useClass: Settings },
      { imports: [SettingsModule], useExisting: Settings },
    ]) {
      const app = await started([VectronModule.forRootAsync(way), ShopModule]);
      expect(await app.get(Shop).products.count()).toMatchObject({ count: 0 });
      await app.close();
    }
  });

  it('shows a client that is not global to those alone that import its module', async () => {
    const local = VectronModule.forRoot({ path: directory(), isGlobal: false });
    const app = await started([local, VectronModule.forFeature([Products], { imports: [local] })]);
    expect(await app.get<Collection>(getCollectionToken('products')).count()).toMatchObject({ count: 0 });
    await app.close();
    const error = await refusal(() => [
      VectronModule.forRoot({ path: directory(), isGlobal: false }),
      VectronModule.forFeature([Products]),
    ]);
    expect(String(error)).toContain('VectronClient:default');
  });

  it('lets tests put something else in place of a collection', async () => {
    const count = async () => ({ count: 7 });
    const app = await Test.createTestingModule({ imports: [VectronModule.forRoot({ path: directory() }), ShopModule] })
      .overrideProvider(getCollectionToken(Products))
      .useValue({ count, upsert: async () => {} })
      .compile();
    expect(await app.get(Shop).products.count()).toEqual({ count: 7 });
    await app.close();
  });
});

describe('options', () => {
  const SECRET = 'vk_secret.of-this-test';

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'set url'],
    ['an empty object', {}, 'set url'],
    ['a key alone', { apiKey: SECRET }, 'set url'],
    ['two places', { url: 'http://127.0.0.1:1', path: '/tmp/x', apiKey: SECRET }, 'not both'],
    ['an empty path', { path: '' }, 'path must be the name of a directory'],
    ['a path that is none', { path: 5 }, 'path must be the name of a directory'],
    ['a key in place of an address', { url: SECRET }, 'the URL of a server'],
    ['a key in the address', { url: `http://${SECRET}@127.0.0.1:1` }, 'pass the API key as apiKey'],
    ['another protocol', { url: 'ftp://127.0.0.1', apiKey: SECRET }, 'http://, https://, grpc:// or grpcs://'],
    [
      'a key with a line break',
      { url: 'http://127.0.0.1:1', apiKey: `${SECRET}\n` },
      'apiKey must contain only the key',
    ],
    ['an unknown option', { url: 'http://127.0.0.1:1', apiKey: SECRET, tries: 5 }, 'unknown option tries'],
    ['an option of a server', { path: '/nowhere/at/all', apiKey: SECRET }, 'unknown option apiKey'],
    ['no time', { url: 'grpc://127.0.0.1:1', timeoutMs: 0, apiKey: SECRET }, 'timeoutMs must be a whole number'],
    ['no list', { url: [], apiKey: SECRET }, 'pass the URL of at least one server'],
  ])('are refused when the application starts: %s', async (_, options, said) => {
    const error = await refusal(() => [VectronModule.forRoot(options as VectronModuleOptions)]);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(said) });
    expect(String(error)).toContain('Vectron client default: ');
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET);
    // The same from a factory.
    const late = VectronModule.forRootAsync({ useFactory: () => options as VectronConnectionOptions, name: 'late' });
    expect(await refusal(() => [late])).toMatchObject({ message: expect.stringContaining('Vectron client late: ') });
  });

  it.each<[string, () => unknown, string]>([
    ['an empty name', () => VectronModule.forRoot({ path: 'x', name: '' }), 'name'],
    ['isGlobal', () => VectronModule.forRoot({ path: 'x', isGlobal: 'no' as never }), 'isGlobal'],
    ['no way to options', () => VectronModule.forRootAsync({}), 'useFactory'],
    [
      'two ways',
      () => VectronModule.forRootAsync({ useFactory: () => ({ path: 'x' }), useClass: class {} as never }),
      'useFactory',
    ],
    ['another option', () => VectronModule.forRootAsync({ useFactoryy: 5 } as never), 'useFactoryy'],
    ['no list', () => VectronModule.forFeature({ name: 'x' } as never), 'definitions'],
    ['no definition', () => VectronModule.forFeature(['products' as never]), 'name'],
    ['nothing', () => VectronModule.forFeature([undefined as never]), 'name'],
    ['no name', () => defineCollection(''), 'name'],
    ['an option of a definition', () => defineCollection('x', { creat: {} } as never), 'creat'],
    ['a client without a name', () => defineCollection('x', { client: '' }), 'client'],
    ['settings', () => defineCollection('x', { create: true as never }), 'create'],
  ])('are refused where they stand: %s', (_, make, field) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }));
  });

  it('refuse two clients of one name', async () => {
    const error = await refusal(() => [
      VectronModule.forRoot({ url: 'http://127.0.0.1:1' }),
      VectronModule.forRoot({ url: 'http://127.0.0.1:2' }),
    ]);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'name' } });
  });

  it('of a collection that cannot be made stop the start, and name the field', async () => {
    const wrong = defineCollection('products', { create: { dimension: 0 } });
    const error = await refusal(() => [
      VectronModule.forRoot({ path: directory() }),
      VectronModule.forFeature([wrong]),
    ]);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'dimension' } });
  });
});
