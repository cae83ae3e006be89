// Hybrid search beside its parts on the sample: nDCG@10 of vectors, of BM25 and of both fused. See README.md beside this
// file for how the queries are judged.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { open, upsertAll } from '@vectron/sdk';
import { parseNpy, row as rowOf } from '../../apps/cli/dist/import/npy.js';

const SAMPLE = new URL('../datasets/debian-packages/', import.meta.url).pathname;
const K = 10;
/** Weights of BM25 beside 1 of the vectors that are tried on the even queries; the odd ones judge the best. */
const WEIGHTS = [0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5];
/** What says how a package is built, not what it is about. */
const ASIDE = /^(role|made-of|interface|implemented-in|devel|suite|special|uitoolkit|scope)::/;
const PREFIX = /^(lib|python3-|python-|golang-|ruby-|node-|r-cran-|r-bioc-|haskell-|php-|fonts-|gir1\.2-)/;

const lines = (file) =>
  gunzipSync(readFileSync(join(SAMPLE, file)))
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const topics = ({ tags }) => new Set(tags.filter((tag) => !ASIDE.test(tag)));
const root = ({ name }) => name.replace(PREFIX, '').split(/[-.\d]/)[0];

/** The two ways to judge: each gives a query's gain of a package, 0 to 1. */
const JUDGES = {
  // Binary packages of one project: one team, one root of the name, which the query does not show.
  siblings(query, payloads) {
    const own = root(query);
    if (own.length < 4) return [];
    return payloads.map((one) => (one.maintainer === query.maintainer && root(one) === own ? 1 : 0));
  },
  // What people said it is about (debtags): shared tags of all tags of both.
  topics(query, _, tags) {
    const wanted = topics(query);
    return tags.map((found) => {
      let shared = 0;
      for (const tag of found) if (wanted.has(tag)) shared += 1;
      return shared === 0 ? 0 : shared / (wanted.size + found.size - shared);
    });
  },
};

const dcg = (gains) => gains.reduce((sum, one, at) => sum + (2 ** one - 1) / Math.log2(at + 2), 0);
const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length;

const fields = ['name', 'summary'].map((path) => ({ path, boost: 1 }));
/** Candidates of each branch, and how fast a rank's worth falls. */
const LIMIT = 200;
const RRF_K = 10;
const dense = (vector, weight) => ({ vector, weight, limit: LIMIT });
const words = (query, weight) => ({ text: { query, fields }, weight, limit: LIMIT });
const WAYS = {
  dense: () => (vector) => ({ branches: [{ vector, exact: true }] }),
  bm25: () => (_, text) => ({ branches: [words(text, 1)] }),
  rrf: (weight) => (vector, text) => ({ branches: [dense(vector, 1), words(text, weight)], rrfK: RRF_K }),
  weighted: (weight) => (vector, text) => ({
    branches: [dense(vector, 1), words(text, weight)],
    fusion: 'weighted',
  }),
};

async function judged(db, queries, way) {
  const scores = [];
  for (const { vector, summary, gains, ideal } of queries) {
    const { hits } = await db.query('packages', { topK: K, includePayload: false, ...way(vector, summary) });
    scores.push(dcg(hits.map(({ id }) => gains[Number(id)])) / ideal);
  }
  return scores;
}

async function compare(db, queries) {
  const [tuning, judging] = [0, 1].map((half) => queries.filter((_, at) => at % 2 === half));
  const report = {};
  const scores = {};
  for (const name of ['dense', 'bm25']) {
    scores[name] = await judged(db, judging, WAYS[name]());
    report[name] = mean(scores[name]);
  }
  for (const name of ['rrf', 'weighted']) {
    const tried = [];
    for (const weight of WEIGHTS) tried.push([mean(await judged(db, tuning, WAYS[name](weight))), weight]);
    const [, weight] = tried.reduce((best, one) => (one[0] > best[0] ? one : best));
    scores[name] = await judged(db, judging, WAYS[name](weight));
    report[`hybrid ${name}, BM25 weight ${weight}`] = mean(scores[name]);
  }
  const better = mean(scores.dense) > mean(scores.bm25) ? 'dense' : 'bm25';
  const differences = scores.weighted.map((score, at) => score - scores[better][at]);
  const variance = mean(differences.map((one) => (one - mean(differences)) ** 2));
  const gain = { mean: mean(differences), standardError: Math.sqrt(variance / differences.length) };
  const missed = ['rrf', 'weighted'].filter((name) => mean(scores[name]) <= mean(scores[better]));
  return { queries: judging.length, ndcg: report, gain, missed };
}

async function main() {
  const [payloads, asked] = [lines('payload.jsonl.gz'), lines('queries.jsonl.gz')];
  const [points, vectors] = ['points', 'queries'].map((name) =>
    parseNpy(readFileSync(join(SAMPLE, `${name}.f16.npy`))),
  );
  const tags = payloads.map(topics);
  const dir = mkdtempSync(join(tmpdir(), 'vectron-hybrid-'));
  const db = await open(dir);
  try {
    const english = { type: 'text', language: 'english' };
    // `--code-names`: names of packages as names of code, `--stop-words`: without the usual words.
    const names = process.argv.includes('--code-names') ? { type: 'text', analyzer: 'code' } : english;
    const stopWords = process.argv.includes('--stop-words') ? ['_language_'] : [];
    const indexes = [
      { path: 'name', ...names },
      { path: 'summary', ...english, stopWords },
    ];
    await db.createCollection('packages', { dimension: points.columns, indexes });
    const all = payloads.map((payload, at) => ({ id: String(at), vector: rowOf(points, at), payload }));
    await upsertAll(db, 'packages', all, { batchSize: 1000 });
    while ((await db.collectionStatus('packages')).indexLag > 0) await new Promise((done) => setTimeout(done, 100));
    const summary = {};
    for (const [name, judge] of Object.entries(JUDGES)) {
      const queries = asked.flatMap((query, at) => {
        const gains = judge(query, payloads, tags);
        const ideal = dcg([...gains].sort((a, b) => b - a).slice(0, K));
        return ideal === 0 ? [] : [{ vector: rowOf(vectors, at), summary: query.summary, gains, ideal }];
      });
      summary[name] = await compare(db, queries);
      const { ndcg, queries: count } = summary[name];
      console.log(`${name}: ${count} queries`);
      console.table(
        Object.fromEntries(Object.entries(ndcg).map(([way, value]) => [way, { 'nDCG@10': value.toFixed(4) }])),
      );
    }
    const missed = Object.entries(summary).flatMap(([name, { missed }]) => missed.map((way) => `${name}: ${way}`));
    console.log(JSON.stringify({ ...summary, missed }));
    if (missed.length > 0) process.exitCode = 1;
  } finally {
    await db.close();
    rmSync(dir, { recursive: true });
  }
}

await main();
