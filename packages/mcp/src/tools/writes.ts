import { VectronError } from '@vectron/errors';
import type { Collection, Filter, PayloadUpdate, Point } from '@vectron/sdk';
import { z } from 'zod';
import * as schemas from '../schemas.js';
import { collectionTool } from '../tool.js';

const MAX_POINTS = 1_000;

const newPoint = z.strictObject({
  id: schemas.pointId,
  text: z
    .string()
    .min(1)
    .optional()
    .describe('Text to embed, where the collection has an embedding; in place of vector.'),
  vector: schemas.vector.optional(),
  vectors: schemas.namedVectors.optional().describe('Named vectors.'),
  sparse: schemas.namedSparse.optional().describe('Sparse vectors, by name.'),
  payload: schemas.exactJson.optional().describe('Any JSON object.'),
  ttlSeconds: z.int().min(1).optional().describe('The point is deleted so long after.'),
  ifVersion: z
    .int()
    .min(0)
    .optional()
    .describe('Only if the point has this version, else VERSION_CONFLICT; 0: only if there is no such point.'),
});

export const upsertPoints = collectionTool(
  {
    name: 'upsert_points',
    title: 'Write points',
    description:
      'Writes points: new ones are made, those with an id that exists are replaced as a whole, with vector and payload. All of them are ' +
      'written or, when one is wrong, none. What is answered is on disk. To change fields of a payload, use update_payload.',
    writes: true,
    input: z.strictObject({
      collection: schemas.collection,
      points: z.array(newPoint).min(1).max(MAX_POINTS).describe(`1 to ${MAX_POINTS} points.`),
    }),
    output: z.object({ upserted: z.int() }),
  },
  async (collection, { points }) => {
    const given = points.map(({ ifVersion, ...one }): Point => {
      return ifVersion === undefined ? one : { ...one, ifVersion: BigInt(ifVersion) };
    });
    return { upserted: (await collection.upsert(given)).upserted };
  },
);

const selector = {
  ids: z.array(schemas.pointId).min(1).max(MAX_POINTS).optional().describe(`Ids, at most ${MAX_POINTS}.`),
  filter: schemas.filter.optional(),
  atMost: z
    .int()
    .min(1)
    .default(MAX_POINTS)
    .describe('With a filter: refused, and nothing is changed, when more points than this pass.'),
};
interface Selected {
  readonly ids?: string[];
  readonly filter?: Record<string, unknown>;
  readonly atMost: number;
}

export const updatePayload = collectionTool(
  {
    name: 'update_payload',
    title: 'Change payloads',
    description:
      'Changes payload fields of the points with these ids, or of those that pass a filter: set values by path, remove paths, or replace ' +
      'the whole payload. Vectors stay as they are. Give ids or filter.',
    writes: true,
    input: z.strictObject({
      collection: schemas.collection,
      ...selector,
      set: schemas.exactJson.optional().describe('Values by path, such as {"reviewed": true, "author.name": "Ada"}.'),
      remove: z.array(z.string().min(1)).max(100).optional().describe('Paths.'),
      replace: schemas.exactJson.optional().describe('The whole payload, before set and remove.'),
    }),
    output: z.object({ updated: z.int() }),
  },
  async (collection, { set, remove, replace, ...chosen }) => {
    if (set === undefined && remove === undefined && replace === undefined)
      throw VectronError.invalid('set', 'give at least one of set, remove and replace');
    const points = await selected(collection, chosen);
    return { updated: (await collection.updatePoints({ ...points, set, remove, replace } as PayloadUpdate)).updated };
  },
);

export const deletePoints = collectionTool(
  {
    name: 'delete_points',
    title: 'Delete points',
    description: 'Deletes the points with these ids, or those that pass a filter, for good. Give ids or filter.',
    writes: true,
    input: z.strictObject({ collection: schemas.collection, ...selector }),
    output: z.object({ deleted: z.int() }),
  },
  async (collection, chosen) => {
    const points = await selected(collection, chosen);
    return { deleted: (await collection.deletePoints(points)).deleted };
  },
);

/** Throws FAILED_PRECONDITION when a filter lets through more points than the caller expects. */
async function selected(collection: Collection, { ids, filter, atMost }: Selected) {
  const points = { ids, filter: filter as Filter | undefined };
  if (ids === undefined && filter === undefined) throw VectronError.invalid('ids', 'pass ids or filter');
  // An empty filter is refused by the call itself.
  if (ids !== undefined || filter === undefined || Object.keys(filter).length === 0) return points;
  const { count } = await collection.count({ filter: filter as never });
  if (count <= atMost) return points;
  throw new VectronError(
    'FAILED_PRECONDITION',
    `${count} points match the filter, more than atMost (${atMost}); narrow the filter or increase atMost`,
    { details: { field: 'atMost' } },
  );
}
