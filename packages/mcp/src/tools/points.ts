import type { Page } from '@vectron/sdk';
import { z } from 'zod';
import { fit } from '../answer.js';
import { toPoint } from '../points.js';
import * as schemas from '../schemas.js';
import { collectionTool } from '../tool.js';

const point = z.object({
  id: z.string(),
  payload: schemas.payload.optional(),
  version: schemas.version,
  expiresAt: z.string().optional(),
  vector: z.array(z.number()).optional(),
  vectors: z.record(z.string(), z.array(z.number())).optional(),
  sparse: z.record(z.string(), z.object({ indices: z.array(z.int()), values: z.array(z.number()) })).optional(),
  shortened: z.boolean().optional(),
});

const FEWER = 'ask for fewer points, or with fields for the keys of payloads that you need';

export const getPoints = collectionTool(
  {
    name: 'get_points',
    title: 'Get points',
    description:
      'Gives points of a collection by their ids, with payloads. Ids that no point has are listed in missing.',
    input: z.strictObject({
      collection: schemas.collection,
      ids: z.array(schemas.pointId).min(1).max(100).describe('1 to 100 ids.'),
      fields: schemas.fields,
      includeVectors: schemas.includeVectors,
    }),
    output: z.object({ points: z.array(point), missing: z.array(z.string()), cut: schemas.cut }),
  },
  async (collection, args, { maxBytes }) => {
    const ids = [...new Set(args.ids)];
    const found = await Promise.all(ids.map((id) => collection.get(id)));
    const missing = ids.filter((_, at) => found[at] === undefined);
    const points = found.flatMap((one) => (one === undefined ? [] : [toPoint(one, args)]));
    const { entries, cut } = fit({ missing }, points, maxBytes, FEWER);
    return { points: entries, missing, cut };
  },
);

export const listPoints = collectionTool(
  {
    name: 'list_points',
    title: 'List points',
    description:
      'Lists points of a collection page by page, in the order of their ids or of a payload value, with or without a filter. For a look at ' +
      'what payloads are like, ask with limit 3. nextCursor is there when there are more points: give it as cursor, with the same filter.',
    input: z.strictObject({
      collection: schemas.collection,
      filter: schemas.filter.optional(),
      limit: z.int().min(1).max(100).default(10).describe('Most points of the page, 1 to 100.'),
      cursor: z.string().min(1).optional().describe('nextCursor of the page before.'),
      orderBy: z.string().min(1).optional().describe('Path of the payload to order by; without it, by id.'),
      descending: z.boolean().default(false),
      fields: schemas.fields,
      includeVectors: schemas.includeVectors,
    }),
    output: z.object({ points: z.array(point), nextCursor: z.string().optional(), cut: schemas.cut }),
  },
  async (collection, args, { maxBytes }) => {
    const { filter, cursor, orderBy, descending, includeVectors } = args;
    const order = orderBy === undefined ? undefined : { path: orderBy, descending };
    const pageOf = (limit: number): Promise<Page> =>
      collection.listPoints({ filter: filter as never, limit, cursor, orderBy: order as never, includeVectors });
    const fitting = ({ points, nextCursor }: Page) => {
      const fitted = fit(
        { nextCursor },
        points.map((one) => toPoint(one, args)),
        maxBytes,
        FEWER,
      );
      return { points: fitted.entries, nextCursor, cut: fitted.cut };
    };
    const page = fitting(await pageOf(args.limit));
    if (page.cut === undefined || page.cut.omitted === 0) return page;
    // Its cursor is behind the points that were left out: a page of those that fit has the right one.
    const smaller = fitting(await pageOf(page.points.length));
    return { ...smaller, cut: { ...page.cut, hint: 'ask with nextCursor for the next ones' } };
  },
);

export const countPoints = collectionTool(
  {
    name: 'count_points',
    title: 'Count points',
    description: 'Counts the points of a collection, or those that pass a filter. Exact unless estimate is asked for.',
    input: z.strictObject({
      collection: schemas.collection,
      filter: schemas.filter.optional(),
      estimate: z.boolean().default(false).describe('Where indexes do not know, look at a sample only.'),
    }),
    output: z.object({
      count: z.int(),
      exact: z.boolean(),
      unindexed: z.boolean().describe('Whether payloads had to be read: a payload index would make it faster.'),
    }),
  },
  async (collection, { filter, estimate }) => {
    const { count, exact, unindexed } = await collection.count({ filter: filter as never, estimate });
    return { count, exact, unindexed };
  },
);

export const facets = collectionTool(
  {
    name: 'facets',
    title: 'Facets',
    description:
      'The values at a path of the payload, the most frequent first, with how many points have each. Good to learn which values a filter ' +
      'can name.',
    input: z.strictObject({
      collection: schemas.collection,
      path: z.string().min(1).describe('Keys with dots between them, such as author.name.'),
      filter: schemas.filter.optional(),
      limit: z.int().min(1).max(1_000).default(10).describe('Most values, 1 to 1000.'),
    }),
    output: z.object({
      values: z.array(z.object({ value: z.unknown(), count: z.int(), shortened: z.boolean().optional() })),
      more: z.boolean().describe('Whether there are other values.'),
      unindexed: z.boolean(),
      cut: schemas.cut,
    }),
  },
  async (collection, { path, filter, limit }, { maxBytes }) => {
    const { values, more, unindexed } = await collection.facets(path as never, { filter: filter as never, limit });
    const { entries, cut } = fit({ more, unindexed }, values, maxBytes, 'ask with a smaller limit');
    return { values: entries, more, unindexed, cut };
  },
);
