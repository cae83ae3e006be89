// The types that users see: what must compile does, and what must not is marked. `tsc -p tsconfig.test.json` judges it.
import { expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import type { Collection, Payload } from '@vectron/sdk';
import {
  type CollectionDefinition,
  type CollectionOf,
  defineCollection,
  getCollectionToken,
  InjectCollection,
  InjectVectron,
  VectronModule,
} from './index.js';

interface Paper {
  title: string;
  year: number;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

const Papers = defineCollection<Paper>('papers', {
  create: { dimension: 3, indexes: [{ path: 'year', type: 'integer' }] },
});
const Anything = defineCollection('anything');

@Injectable()
class Library {
  constructor(
    @InjectCollection(Papers) readonly papers: CollectionOf<typeof Papers>,
    @InjectCollection('anything', 'other') readonly anything: Collection,
  ) {}
  @InjectVectron('other') readonly other: unknown;

  /** Never called: its types are all that matters. */
  async types() {
    same<CollectionOf<typeof Papers>, Collection<Paper>>(true);
    same<CollectionOf<typeof Anything>, Collection<Payload>>(true);
    same<CollectionOf<CollectionDefinition<Paper>>, Collection<Paper>>(true);
    same<CollectionOf<string>, never>(true);
    const { hits } = await this.papers.search({ vector: [1], filter: { field: 'year', gte: 2020 } });
    same<(typeof hits)[number]['payload'], Paper>(true);
    // @ts-expect-error a payload has no such field
    await this.papers.search({ vector: [1], filter: { field: 'yaer', gte: 2020 } });
    // @ts-expect-error a payload without its title
    await this.papers.upsert([{ id: 'a', vector: [1], payload: { year: 1 } }]);
  }
}

/** Never called. */
export function typesOf(): void {
  // @ts-expect-error an index of a path that there is not
  defineCollection<Paper>('papers', { create: { dimension: 3, indexes: [{ path: 'yaer', type: 'integer' }] } });
  // @ts-expect-error a new collection has a dimension
  defineCollection('papers', { create: {} });
  // @ts-expect-error an option that there is not
  defineCollection('papers', { created: true });
  VectronModule.forRoot({ url: 'http://127.0.0.1:8080', apiKey: 'k', timeoutMs: 5 });
  VectronModule.forRoot({ path: './here', threads: 2, name: 'other', isGlobal: false });
  // @ts-expect-error neither a server nor a directory
  VectronModule.forRoot({ apiKey: 'k' });
  // @ts-expect-error both
  VectronModule.forRoot({ url: 'http://127.0.0.1:8080', path: './here' });
  // @ts-expect-error an option of a server for a directory
  VectronModule.forRoot({ path: './here', apiKey: 'k' });
  VectronModule.forRootAsync({ useFactory: async () => ({ path: './here' }) });
  // @ts-expect-error a factory of something else
  VectronModule.forRootAsync({ useFactory: () => ({ directory: './here' }) });
  VectronModule.forFeature([Papers, Anything, { name: 'plain', create: { dimension: 2 } }], { imports: [] });
  // @ts-expect-error a name is no definition
  VectronModule.forFeature(['papers']);
}

it('has tokens for what is injected, by name and by definition', () => {
  expect([getCollectionToken(Papers), getCollectionToken('papers')]).toEqual(
    Array(2).fill('VectronCollection:default:papers'),
  );
  expect(Reflect.getMetadata('self:paramtypes', Library)).toEqual(
    expect.arrayContaining([
      { index: 0, param: getCollectionToken(Papers) },
      { index: 1, param: getCollectionToken('anything', 'other') },
    ]),
  );
});
