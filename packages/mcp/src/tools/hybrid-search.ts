import { VectronError } from '@vectron/errors';
import type { Collection, QueryBranch, QueryOptions } from '@vectron/sdk';
import { z } from 'zod';
import { fit } from '../answer.js';
import { toHit, toRecall } from '../points.js';
import * as schemas from '../schemas.js';
import { collectionTool } from '../tool.js';
import { CUT_HINT, fetching } from './search.js';
import { textWays } from './text-ways.js';

const branch = z
  .strictObject({
    text: z.string().min(1).optional().describe('Searched by meaning; the collection needs an embedding.'),
    words: z
      .strictObject({
        query: z.string().optional(),
        fields: z.array(z.strictObject({ path: z.string(), boost: z.number().optional() })).optional(),
        phrases: z.array(z.string()).optional().describe('Each of them stands in one of the fields.'),
      })
      .optional()
      .describe('Words, scored by BM25, in fields with a text index; without fields, in all of these.'),
    vector: schemas.vector.optional(),
    likeId: schemas.pointId.optional(),
    sparse: z.strictObject({ name: z.string(), ...schemas.sparse.shape }).optional(),
    examples: z
      .strictObject({ positiveIds: z.array(schemas.pointId).min(1), negativeIds: z.array(schemas.pointId).optional() })
      .optional()
      .describe('Near these points and far from those.'),
    weight: z.number().optional().describe('Of this branch in the fusion; 1 unless given.'),
    limit: z.int().min(1).max(1_000).optional().describe('Candidates that it gives.'),
    filter: schemas.filter.optional(),
    using: schemas.using,
    recall: schemas.recall,
    exact: schemas.exact,
  })
  .describe('One way to the points: exactly one of text, words, vector, likeId, sparse and examples.');

const hybridInput = z.strictObject({
  collection: schemas.collection,
  text: z
    .string()
    .min(1)
    .optional()
    .describe('Searched in every way that the collection has: by meaning and by words. In place of branches.'),
  branches: z.array(branch).min(1).max(16).optional(),
  topK: schemas.topK,
  filter: schemas.filter.optional(),
  fusion: z
    .enum(['rrf', 'weighted'])
    .optional()
    .describe('rrf (default): by the ranks in the branches; weighted: by their scaled scores.'),
  scoreThreshold: schemas.scoreThreshold,
  diversity: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Share of diversity in the order of results: 0 none; more leaves out near duplicates.'),
  groupBy: z
    .strictObject({
      path: z.string().min(1),
      groups: z.int().min(1).max(100).optional(),
      groupSize: z.int().min(1).max(100).optional(),
    })
    .optional()
    .describe('Gives the best groups of points that share a value at this path, in place of hits.'),
  fields: schemas.fields,
  includeVectors: schemas.includeVectors,
});
type HybridArguments = z.output<typeof hybridInput>;

export const hybridSearch = collectionTool(
  {
    name: 'hybrid_search',
    title: 'Hybrid search',
    description:
      'Searches a collection in several ways at once and fuses what they find: by meaning, by words (BM25), by vectors, by sparse ' +
      'vectors, by examples. With text alone it uses every way that the collection has, which is best for questions with names and ' +
      'numbers in them. branches say each way by itself. Results can be grouped by a field.',
    input: hybridInput,
    output: z.object({
      hits: z.array(schemas.hit).describe('Best first; empty with groupBy.'),
      groups: z
        .array(z.object({ value: z.unknown(), hits: z.array(schemas.hit), shortened: z.boolean().optional() }))
        .describe('With groupBy.'),
      complete: z.boolean().describe('Whether every shard answered every branch; if not, results may be missing.'),
      branches: z.array(
        z.object({ searchedBy: z.string(), candidates: z.int(), unindexed: z.boolean(), recall: schemas.recallReport }),
      ),
      cut: schemas.cut,
    }),
  },
  async (collection, args, { maxBytes }) => {
    const ways = await waysOf(collection, args);
    const { topK, filter, fusion, scoreThreshold, diversity, groupBy } = args;
    const asked = { branches: ways.map(branchOf), topK, filter, fusion, scoreThreshold, groupBy, ...fetching(args) };
    const share = diversity === undefined ? undefined : { share: diversity };
    const result = await collection.query({ ...asked, diversity: share } as QueryOptions);
    const reports = result.branches.map((one, at) => ({
      searchedBy: wayOf(ways[at]),
      candidates: one.candidates,
      unindexed: one.unindexed,
      recall: toRecall(one),
    }));
    const frame = { complete: result.complete, branches: reports };
    const hits = fit(
      frame,
      result.hits.map((hit) => toHit(hit, args)),
      maxBytes,
      CUT_HINT,
    );
    const groups = fit(
      { ...frame, hits: hits.entries },
      result.groups.map(({ value, hits: own }) => ({ value, hits: own.map((hit) => toHit(hit, args)) })),
      maxBytes,
      'ask for fewer groups, or with fields for the keys of payloads that you need',
    );
    return { ...frame, hits: hits.entries, groups: groups.entries, cut: hits.cut ?? groups.cut };
  },
);

type Way = z.output<typeof branch>;
const SOUGHT = ['text', 'words', 'vector', 'likeId', 'sparse', 'examples'] as const;
const wayOf = (way: Way): string => SOUGHT.find((name) => way[name] !== undefined) ?? '';

async function waysOf(collection: Collection, { text, branches }: HybridArguments): Promise<Way[]> {
  if ((text === undefined) === (branches === undefined))
    throw VectronError.invalid('text', 'send exactly one of text and branches');
  if (branches !== undefined) {
    for (const [at, way] of branches.entries()) {
      if (SOUGHT.filter((name) => way[name] !== undefined).length !== 1)
        throw VectronError.invalid(`branches[${at}]`, `branches[${at}]: give exactly one of ${SOUGHT.join(', ')}`);
    }
    return branches;
  }
  const { meaning, words } = await textWays(collection);
  const ways: Way[] = [];
  if (meaning) ways.push({ text, exact: false });
  if (words.length > 0) ways.push({ words: { query: text }, exact: false });
  if (ways.length > 0) return ways;
  throw new VectronError(
    'FAILED_PRECONDITION',
    'this collection has neither an embedding nor a text index: give branches with vectors, or use filters',
    { details: { field: 'text' } },
  );
}

/** A branch under the names that the SDK has: `text` is what is looked for by words there. */
function branchOf({ text, words, exact, ...others }: Way): QueryBranch {
  const tuning = exact ? { exact } : {};
  const sought = text !== undefined ? { embed: text } : words !== undefined ? { text: words } : {};
  return { ...others, ...tuning, ...sought } as QueryBranch;
}
