import { VectronError } from '@vectron/errors';
import type { Collection, SearchOptions, SearchResult, SearchSettings } from '@vectron/sdk';
import { z } from 'zod';
import { fit } from '../answer.js';
import { type Shown, toHit, toRecall } from '../points.js';
import * as schemas from '../schemas.js';
import { collectionTool } from '../tool.js';
import { textWays } from './text-ways.js';

/** What a search is for, and how it is made; exactly one of `text`, `vector` and `likeId`. */
const searchInput = z.strictObject({
  collection: schemas.collection,
  text: z.string().min(1).optional().describe('Text to search for, by meaning or by words: see searchBy.'),
  vector: schemas.vector.optional(),
  likeId: schemas.pointId.optional().describe('Id of a point: finds points similar to it, without itself.'),
  searchBy: z
    .enum(['auto', 'meaning', 'words'])
    .default('auto')
    .describe(
      'How text is searched. auto: by meaning where the collection has an embedding, else by words of its text indexes.',
    ),
  topK: schemas.topK,
  filter: schemas.filterOfSearch.optional(),
  using: schemas.using,
  recall: schemas.recall,
  exact: schemas.exact,
  scoreThreshold: schemas.scoreThreshold,
  fields: schemas.fields,
  includeVectors: schemas.includeVectors,
});
type SearchArguments = z.output<typeof searchInput>;

const found = z.object({
  searchedBy: z.enum(['meaning', 'words', 'vector', 'likeId']),
  hits: z.array(schemas.hit).describe('Best first.'),
  complete: z.boolean().describe('Whether every shard answered; if not, results may be missing.'),
  recall: schemas.recallReport.optional(),
  cut: schemas.cut,
});

export const CUT_HINT = 'ask with a smaller topK, or with fields for the keys of payloads that you need';

export const search = collectionTool(
  {
    name: 'search',
    title: 'Search a collection',
    description:
      'Finds the points of a collection that are nearest to a text, a vector, or a point (likeId: similar points). Give exactly one of ' +
      'text, vector and likeId. A filter keeps to points whose payload passes. To combine meaning and words, use hybrid_search.',
    input: searchInput,
    output: found,
  },
  async (collection, args, { maxBytes }) => {
    const { way, result } = await searched(collection, args);
    const { hits, complete } = result;
    const frame = { searchedBy: way, complete, recall: 'recallUnmet' in result ? toRecall(result) : undefined };
    const shown = hits.map((hit) => toHit(hit, args));
    const { entries, cut } = fit(frame, shown, maxBytes, CUT_HINT);
    return { ...frame, hits: entries, cut };
  },
);

/** `fields: []` asks for no payloads, and none are fetched. */
export const fetching = ({ fields, includeVectors }: Shown) => ({
  includePayload: fields === undefined || fields.length > 0,
  includeVectors,
});

async function searched(collection: Collection, args: SearchArguments) {
  const sought = soughtIn(args);
  if (args.text !== undefined && (await wordsAlone(collection, args))) {
    const { topK, filter, scoreThreshold } = args;
    const branches = [{ text: { query: args.text } }];
    const result = await collection.query({
      branches,
      topK,
      filter: filter as never,
      scoreThreshold,
      ...fetching(args),
    });
    return { way: 'words' as const, result };
  }
  const result = await collection.search({ ...settingsOf(args), ...sought } as SearchOptions);
  const way = args.text !== undefined ? ('meaning' as const) : args.vector !== undefined ? 'vector' : 'likeId';
  return { way, result };
}

async function wordsAlone(collection: Collection, { searchBy, text: _text }: SearchArguments): Promise<boolean> {
  if (searchBy !== 'auto') return searchBy === 'words';
  const { meaning, words } = await textWays(collection);
  if (meaning || words.length > 0) return !meaning;
  throw new VectronError(
    'FAILED_PRECONDITION',
    'this collection has neither an embedding nor a text index: search it by vector or likeId, or use filters',
    { details: { field: 'text' } },
  );
}

function soughtIn({ text, vector, likeId }: SearchArguments) {
  const given = Object.entries({ text, vector, likeId }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) throw VectronError.invalid('text', 'send exactly one of text, vector and likeId');
  return Object.fromEntries(given);
}

const settingsOf = (args: SearchArguments): SearchSettings => {
  const { topK, filter, using, recall, exact, scoreThreshold } = args;
  return { topK, filter: filter as never, using, recall, exact, scoreThreshold, ...fetching(args) };
};

const { searchBy: _searchBy, fields: _fields, includeVectors: _vectors, ...explainable } = searchInput.shape;

export const explainSearch = collectionTool(
  {
    name: 'explain_search',
    title: 'Explain a search',
    description:
      'Makes a search by meaning, vector or likeId as the tool search does, and says how the answer came about: the steps with their ' +
      'times, what each shard did, and, for whyNot, why that point is not among the results (not stored, filtered out, beyond topK, ' +
      'below the threshold, missed by the index) and its exact score and rank.',
    input: z.strictObject({
      ...explainable,
      filter: schemas.filter.optional(),
      whyNot: schemas.pointId.optional().describe('Id of a point that was expected among the results.'),
    }),
    output: z.object({
      hits: z.array(z.object({ id: z.string(), score: z.number() })),
      complete: z.boolean(),
      recall: schemas.recallReport,
      rerankedBy: z.string().optional(),
      steps: z.array(
        z.object({ name: z.string(), milliseconds: z.number(), details: z.record(z.string(), z.string()) }),
      ),
      shards: z.array(z.record(z.string(), z.unknown())),
      whyNot: z
        .object({ id: z.string(), step: z.string(), reason: z.string(), score: z.number(), exactRank: z.int() })
        .optional(),
      cut: schemas.cut,
    }),
  },
  async (collection, { whyNot, ...args }, { maxBytes }) => {
    const search = { ...args, searchBy: 'meaning' as const, includeVectors: false };
    const asked = { ...settingsOf(search), ...soughtIn(search), explain: true, whyNot, includePayload: false };
    const result = await collection.search(asked as SearchOptions);
    const { entries, cut } = fit(explained(result), result.hits.map(idAndScore), maxBytes, 'ask with a smaller topK');
    return { ...explained(result), hits: entries, cut };
  },
);

const idAndScore = (hit: SearchResult['hits'][number]) => {
  const { id, score } = toHit(hit, { fields: [], includeVectors: false });
  return { id, score };
};

function explained(result: SearchResult) {
  const { complete, rerankedBy, explanation, shards, whyNot } = result;
  const steps = (explanation?.steps ?? []).map(({ name, milliseconds, details }) => ({ name, milliseconds, details }));
  const why = whyNot && {
    ...{ id: whyNot.id, step: whyNot.step, reason: whyNot.reason },
    ...{ score: whyNot.score, exactRank: whyNot.exactRank },
  };
  return { complete, recall: toRecall(result), rerankedBy: rerankedBy || undefined, steps, shards, whyNot: why };
}
