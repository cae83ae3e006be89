import { VectronError } from '@vectron/errors';
import type { Collection, CollectionStatus, Indexes } from '@vectron/sdk';
import { z } from 'zod';
import { fit } from '../answer.js';
import { score } from '../points.js';
import * as schemas from '../schemas.js';
import type { SeenCollection } from '../scope.js';
import { type CallContext, collectionTool, defineTool } from '../tool.js';

const listed = z.object({
  name: z.string(),
  aliases: z.array(z.string()),
  points: z.int(),
  dimension: z.int(),
  distance: z.string(),
  shards: z.int(),
});

export const listCollections = defineTool(
  {
    name: 'list_collections',
    title: 'List collections',
    description:
      'Lists the collections of this Vectron vector database that can be used here: name, aliases, number of points, dimension of the ' +
      'vectors, distance. Start here when the name of a collection is not known.',
    input: z.strictObject({}),
    output: z.object({ collections: z.array(listed), cut: schemas.cut }),
  },
  async (_args, { scope, client, maxBytes }) => {
    const { entries, cut } = fit({}, await scope.list(client), maxBytes, 'name the collection that you look for');
    return { collections: entries satisfies SeenCollection[], cut };
  },
);

const index = z.object({
  path: z.string(),
  type: z.string(),
  language: z.string().optional(),
  analyzer: z.string().optional(),
  ready: z.boolean(),
  indexed: z.int(),
  points: z.int(),
  unread: z.int().describe('Points with a value there that the type of the index says nothing about.'),
});

export const description = z.object({
  name: z.string(),
  points: z.int(),
  dimension: z.int(),
  distance: z.string(),
  indexLag: z.int().describe('Points that searches scan because the vector index does not hold them yet.'),
  shards: z.int(),
  shardsNotReady: z.int(),
  embedding: z
    .object({ provider: z.string(), textField: z.string() })
    .optional()
    .describe('There when texts can be searched by meaning, and points be written as text.'),
  textIndexes: z.array(z.string()).describe('Paths whose words can be searched.'),
  payloadIndexes: z.array(index).describe('Paths on which filters and facets are fast; others work too.'),
  sparseVectors: z.array(z.string()),
  namedVectors: z.array(z.object({ name: z.string(), dimension: z.int(), distance: z.string().optional() })),
  settings: z.record(z.string(), z.unknown()),
  recall: z
    .object({
      recall: z.number().describe('Share of the true nearest points that searches found.'),
      low: z.number(),
      high: z.number(),
      queries: z.int(),
    })
    .optional()
    .describe('With measureRecall: mean of sampled queries, with its 95 % interval.'),
  recallNotMeasured: z.string().optional().describe('With measureRecall: why there is none.'),
  cut: schemas.cut,
});

/** Queries of one measurement: enough to see what is wrong, and few enough for a call that a model makes. */
const RECALL_QUERIES = 20;

export const describeCollection = collectionTool(
  {
    name: 'describe_collection',
    title: 'Describe a collection',
    description:
      'Says what a collection holds and how it can be searched: number of points, dimension, distance, whether text can be searched by ' +
      'meaning (embedding) or by words (textIndexes), the paths of payloads that are indexed, sparse and named vectors, settings. To see ' +
      'what payloads look like, use list_points with limit 3. measureRecall compares sampled searches with exact ones, which takes a while.',
    input: z.strictObject({
      collection: schemas.collection,
      measureRecall: z.boolean().default(false).describe('Measure the recall of searches now.'),
    }),
    output: description,
  },
  async (collection, { measureRecall }, { maxBytes }) => ({
    ...(await describe(collection, maxBytes)),
    ...(measureRecall && (await measured(collection))),
  }),
);

/** What a collection is, as the tool and the resource say it. */
export async function describe({ client, name }: Collection, maxBytes: CallContext['maxBytes']): Promise<object> {
  const [status, indexes] = await Promise.all([client.collectionStatus(name), client.listIndexes(name)]);
  const frame = frameOf(name, status, indexes);
  const rows = indexes.indexes.map(({ path, type, language, analyzer, ready, indexed, points, unread }) => {
    const words = { language: language || undefined, analyzer };
    return { path, type, ...words, ready, indexed, points, unread };
  });
  const { entries, cut } = fit(frame, rows, maxBytes, 'vectron indexes list shows all indexes');
  return { ...frame, payloadIndexes: entries, cut };
}

function frameOf(name: string, status: CollectionStatus, { indexes, sparseVectors, namedVectors }: Indexes) {
  const { points, dimension, distance, indexLag, shards, settings } = status;
  const { embedding, indexes: _indexes, sparseVectors: _sparse, namedVectors: _named, ...others } = settings;
  return {
    ...{ name, points, dimension, distance, indexLag },
    shards: shards.length,
    shardsNotReady: shards.filter(({ ready, errorCode }) => !ready || errorCode !== undefined).length,
    embedding: embedding && { provider: embedding.provider, textField: embedding.textField || 'text' },
    textIndexes: indexes.filter(({ type }) => type === 'text').map(({ path }) => path),
    sparseVectors,
    namedVectors: namedVectors.map((one) => ({ name: one.name, dimension: one.dimension, distance: one.distance })),
    settings: others,
  };
}

async function measured(collection: Collection): Promise<object> {
  try {
    const { recall, interval, queries } = await collection.measureRecall({ queries: RECALL_QUERIES });
    return { recall: { recall: score(recall), low: score(interval.low), high: score(interval.high), queries } };
  } catch (error) {
    // There is nothing to compare; all else that was asked for is known.
    if (error instanceof VectronError && error.code === 'FAILED_PRECONDITION') {
      return { recallNotMeasured: error.message };
    }
    throw error;
  }
}
