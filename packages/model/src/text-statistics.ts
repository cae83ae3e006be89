import type { placement, workerData } from '@vectron/proto';
import { type AskShard, askFor } from './ask-shard.js';
import type { Branch } from './branch.js';
import { failed, type ShardReport } from './gathering.js';
import type { Route } from './route.js';

/** Branches as they are asked, and of whom. */
export interface Weighed {
  readonly branches: readonly Branch[];
  /** The shards that are asked: those that have answered so far. */
  readonly shards: readonly placement.Shard[];
  /** The others. */
  readonly failed: readonly ShardReport[];
}

/**
 * Gives each branch that looks for words the statistics of the whole collection (how many texts there are, how long they are, how
 * many have each word), so that BM25 scores a text alike in whichever shard it is. Costs one more call of every shard, unless no
 * branch looks for words or there is one shard alone, whose own statistics are the collection's.
 *
 * A shard whose trouble may pass is not asked for its hits: the scores are those of a collection without it, and the answer is
 * partial. `timeoutMs`: what one shard may take from now on; 0: no limit. Throws RouteChanged, and what is wrong on every shard.
 */
export async function weighTexts(
  route: Route,
  branches: readonly Branch[],
  ask: AskShard,
  timeoutMs: () => number,
): Promise<Weighed> {
  const queries = branches.flatMap(({ op }) => op.text ?? []);
  if (queries.length === 0 || route.shards.length === 1) return { branches, shards: route.shards, failed: [] };
  const op = { $case: 'textStats', value: { queries } } as const;
  const answers = await Promise.all(
    route.shards.map(async (shard) => {
      const started = performance.now();
      try {
        return { shard, stats: await askFor(ask, shard, op, 'textStats') };
      } catch (cause) {
        return { shard, report: failed(shard, cause, performance.now() - started) };
      }
    }),
  );
  const stats = answers.flatMap((answer) => answer.stats ?? []);
  const sums = queries.map((_, at) => sumOf(stats.map((one) => one.queries[at])))[Symbol.iterator]();
  const left = timeoutMs();
  return {
    branches: branches.map((branch) => {
      const statistics = branch.op.text === undefined ? undefined : sums.next().value;
      return { ...branch, op: { ...branch.op, statistics, timeoutMs: left } };
    }),
    shards: answers.filter(({ report }) => report === undefined).map(({ shard }) => shard),
    failed: answers.flatMap(({ report }) => report ?? []),
  };
}

/** The statistics of one query over several shards. */
export function sumOf(shards: readonly workerData.TextStatistics[]): workerData.TextStatistics {
  const fields = new Map<string, { documents: bigint; words: bigint; terms: Map<string, bigint> }>();
  for (const { path, documents, words, terms } of shards.flatMap((one) => one.fields)) {
    const sum = fields.get(path) ?? { documents: 0n, words: 0n, terms: new Map<string, bigint>() };
    sum.documents += documents;
    sum.words += words;
    for (const { term, documents: having } of terms) sum.terms.set(term, (sum.terms.get(term) ?? 0n) + having);
    fields.set(path, sum);
  }
  return {
    fields: [...fields].map(([path, { documents, words, terms }]) => ({
      path,
      documents,
      words,
      terms: [...terms].map(([term, having]) => ({ term, documents: having })),
    })),
  };
}
