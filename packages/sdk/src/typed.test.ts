// The types that users see: what must compile does, and what must not is marked. `tsc -p tsconfig.test.json` judges it.
import { expect, it } from '@jest/globals';
import type { Collection, FilterOf, PathOf, SearchOptions, StoredPoint, ValueAt, VectronClient } from './index.js';
import { whereOf } from './index.js';

interface Paper {
  title: string;
  year: number;
  open?: boolean;
  kind: 'article' | 'book';
  authors: { name: string; born: number | null }[];
  at?: { lat: number; lon: number };
  'doi.org': string;
}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

/** Never called: its types are all that matters. */
export async function typesOf(db: VectronClient): Promise<void> {
  const papers = db.collection<Paper>('papers');
  same<typeof papers, Collection<Paper>>(true);

  const { hits } = await papers.search({ vector: [1, 2], filter: { field: 'year', gte: 2020 } });
  same<(typeof hits)[number]['payload'], Paper>(true);
  // @ts-expect-error a payload has no such field
  hits[0].payload.titel;
  same<Awaited<ReturnType<typeof papers.get>>, StoredPoint<Paper> | undefined>(true);

  // What a search is for: exactly one.
  await papers.search({ text: 'ships' });
  await papers.search({ likeId: 'a', topK: 3 }, { timeoutMs: 500, signal: new AbortController().signal });
  // @ts-expect-error two things at once
  await papers.search({ vector: [1], text: 'ships' });
  // @ts-expect-error nothing to look for
  await papers.search({ topK: 3 });
  // @ts-expect-error an option that there is not
  await papers.search({ vector: [1], topk: 3 });
  // @ts-expect-error nor without a type of payloads
  await db.search('papers', { vector: [1], likeId: 'a' });
  await papers.query({ branches: [{ vector: [1] }, { text: { query: 'ships', fields: [{ path: 'title' }] } }] });
  // @ts-expect-error two ways in one branch
  await papers.query({ branches: [{ vector: [1], embed: 'ships' }] });
  // @ts-expect-error no way in a branch
  await papers.query({ branches: [{ limit: 5 }] });

  // Points.
  await papers.upsert([
    { id: 'a', vector: [1], payload: { title: 't', year: 1, kind: 'book', authors: [], 'doi.org': 'x' } },
  ]);
  // @ts-expect-error a payload without its title
  await papers.upsert([{ id: 'a', vector: [1], payload: { year: 1, kind: 'book', authors: [], 'doi.org': 'x' } }]);
  await papers.updatePoints({ ids: ['a'], set: { year: 2, 'authors.name': 'x' }, remove: ['open'] });
  // @ts-expect-error a year is a number
  await papers.updatePoints({ ids: ['a'], set: { year: '2' } });
  // @ts-expect-error a path that there is not
  await papers.updatePoints({ ids: ['a'], remove: ['opne'] });

  // Orders, facets and groups by paths.
  await papers.facets('authors.name');
  // @ts-expect-error a path that there is not
  await papers.facets('author.name');
  await papers.listPoints({ orderBy: { path: 'year', descending: true } });
  // @ts-expect-error a path that there is not
  await papers.listPoints({ orderBy: { path: 'yaer' } });
  await papers.query({ branches: [{ vector: [1] }], groupBy: { path: 'kind', groups: 2 } });
  // @ts-expect-error a path that there is not
  await papers.query({ branches: [{ vector: [1] }], groupBy: { path: 'kinds' } });

  for await (const point of papers.points({ filter: { field: 'open', eq: true } }))
    same<typeof point.payload, Paper>(true);
  for await (const change of papers.changes()) same<typeof change.payload, Paper | undefined>(true);
  await using snapshot = await papers.snapshot();
  for await (const point of snapshot.points()) same<typeof point.payload, Paper>(true);
  await using stream = papers.upsertStream([[{ id: 'a', vector: [1] }]]);
  for await (const { error } of stream) same<typeof error, import('./index.js').VectronError | undefined>(true);
  await using other = db.with({ timeoutMs: 5 });
  await other.listCollections();
  // @ts-expect-error a limit that there is not
  db.with({ limit: 5 });

  // Without a type of payloads, everything is as loose as JSON is.
  const anything = await db.search('papers', { vector: [1], filter: { field: 'whatever.there.is', eq: 1n } });
  same<(typeof anything.hits)[number]['payload'], Record<string, unknown>>(true);
  const options: SearchOptions = { vector: new Float32Array(3), filter: { any: [] } };
  await db.search('papers', options);
}

export function filtersOf(): FilterOf<Paper>[] {
  same<PathOf<{ a: { b: { c: number }[] } }>, 'a' | 'a.b' | 'a.b.c'>(true);
  same<ValueAt<Paper, 'authors.born'>, number | null>(true);
  same<ValueAt<Paper, 'doi\\.org'>, string>(true);
  const where = whereOf<Paper>();
  return [
    { field: 'kind', in: ['book'] },
    { field: 'year', gt: 2000, lte: 2n ** 60n },
    { field: 'title', text: 'ships' },
    { field: 'authors.born', isNull: true },
    { field: 'at', geoRadius: { center: { lat: 1, lon: 2 }, meters: 3 } },
    { field: 'doi\\.org', prefix: '10.' },
    {
      nested: {
        path: 'authors',
        filter: {
          all: [
            { field: 'name', eq: 'x' },
            { field: 'born', lt: 1900 },
          ],
        },
      },
    },
    { none: [{ ids: ['a'] }, { any: [{ field: 'open', exists: false }] }] },
    where.and(where.field('year').gte(2020), where.not(where.field('kind').eq('book'))),
    where.nested('authors', whereOf<Paper['authors'][number]>().field('name').eq('x')),
    where.field('title').startsWith('A'),
    // @ts-expect-error a field that there is not
    { field: 'yaer', eq: 1 },
    // @ts-expect-error a number is no text
    { field: 'year', eq: '2020' },
    // @ts-expect-error a number has no prefix
    { field: 'year', prefix: '20' },
    // @ts-expect-error not one of the kinds
    { field: 'kind', eq: 'paper' },
    // @ts-expect-error a flag has no bounds
    { field: 'open', gt: 1 },
    // @ts-expect-error a path below another one
    { nested: { path: 'authors', filter: { field: 'title', eq: 'x' } } },
    // @ts-expect-error a dot of a key stands behind a backslash
    { field: 'doi.org', eq: 'x' },
    // @ts-expect-error a number is no text, for the builder either
    where.field('year').eq('2020'),
    // @ts-expect-error a number has no words
    where.field('year').hasWords('x'),
    // @ts-expect-error a field that there is not
    where.field('yaer').exists(),
  ];
}

it('has filters typed by payloads, which are the filters that there are', () => {
  const where = whereOf<Paper>();
  expect(where.field('year').gte(2020)).toEqual({ field: 'year', gte: 2020 });
  expect(filtersOf()[8]).toEqual({
    all: [{ field: 'year', gte: 2020 }, { none: [{ field: 'kind', eq: 'book' }] }],
  });
});
