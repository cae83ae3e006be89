import { readFileSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { fieldAt, parseJson, textOf } from '@vectron/model';
import type { ExactlyOne, Filter, Point, SearchResult, Sought } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { numberFlag } from '../number-flag.js';
import { brief, say, show } from '../output.js';
import type { Define } from '../program.js';
import { recallLines } from '../recall-text.js';
import { watchable, watched } from '../watching.js';
import { filterCommands, hitRows, jsonFlag, transferCommands } from './query.js';

export function collectionCommands(program: Command, client: Define): void {
  const group = program.command('collections').description('create, list, copy, export and delete collections');
  transferCommands(group, client);
  watchable(client(group, 'list', 'list the collections of the tenant')).action((options: ClientOptions) =>
    watched(options, () =>
      withClient(options, async (db) => {
        const collections = await db.listCollections();
        const rows = collections.map((one) => [one.name, one.points, one.dimension, one.distance, one.shards]);
        show(collections, options.json === true, { head: ['name', 'points', 'dimension', 'distance', 'shards'], rows });
      }),
    ),
  );
  client(group, 'create <name>', 'create a collection')
    .requiredOption('--dimension <n>', 'number of components of a vector, 1 to 65536', numberFlag)
    .option('--distance <metric>', 'cosine, euclidean or dot', 'cosine')
    .option('--shards <n>', 'number of shards; default: one per worker', numberFlag)
    .option('--quantization <form>', 'int8, none, float16, binary or product', 'int8')
    .option('--storage <place>', 'where the full vectors are stored: memory, mmap or disk', 'memory')
    .option(
      '--oversampling <n>',
      'maximum number of candidates to rescore per result; default: as many as needed',
      numberFlag,
    )
    .option('--parallel-build', 'build the index with all threads: faster, but not deterministic')
    .option(
      '--replicas <n>',
      'replicas of each shard; default: 3 if there are at least 3 workers, otherwise 1',
      numberFlag,
    )
    .option('--durability <policy>', 'fsync, or relaxed: writes are acknowledged before they are on disk', 'fsync')
    .option('--rerank', 'reorder results by the text of a query')
    .action((name: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { dimension, distance, shards, rerank, quantization, storage, oversampling, parallelBuild, ...kept } =
          options as {
            dimension: number;
            distance: 'cosine';
            shards?: number;
            rerank?: boolean;
            quantization: 'int8';
            storage: 'memory';
            oversampling?: number;
            parallelBuild?: boolean;
            replicas?: number;
            durability: 'fsync';
          };
        await db.createCollection(name, {
          dimension,
          distance,
          shards,
          vectors: { quantization, storage, oversampling, parallelBuild },
          replicas: kept.replicas,
          durability: kept.durability,
          rerank: rerank ? { enabled: true } : undefined,
        });
        show({ created: name }, options.json === true, { head: ['created'], rows: [[name]] });
      }),
    );
  client(group, 'status <name>', 'show the counts and shards of a collection').action(
    (name: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const status = await db.collectionStatus(name);
        const rows = status.shards.map((shard) => [
          shard.shardId,
          shard.ready ? 'ready' : 'not ready',
          shard.points,
          shard.replicas.join(', '),
        ]);
        if (!options.json)
          say(
            `${name}: ${status.points} points, ${status.dimension} dimensions, ${status.distance}, index lag ${status.indexLag}`,
          );
        show(status, options.json === true, { head: ['shard', 'state', 'points', 'workers'], rows });
      }),
  );
  client(group, 'delete <name>', 'delete a collection with its points').action((name: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      await db.deleteCollection(name);
      show({ deleted: name }, options.json === true, { head: ['deleted'], rows: [[name]] });
    }),
  );
}

export function pointCommands(program: Command, client: Define): void {
  const group = program.command('points').description('write, read, count, change and delete points');
  filterCommands(group, client);
  client(group, 'upsert <collection>', 'write points given as a JSON array, from a file or stdin')
    .option('--file <file>', 'file with the points; default: the standard input')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const text = textOf(readFileSync(typeof options.file === 'string' ? options.file : 0), 'points');
        const fieldOf = (path: readonly (string | number)[]) =>
          fieldAt('vectron.v1.UpsertRequest', ['points', ...path]).slice('points'.length);
        const points = parseJson(text, 'points', fieldOf) as Point[] | Point;
        const result = await db.upsert(collection, Array.isArray(points) ? points : [points]);
        show(result, options.json === true, { head: ['upserted'], rows: [[result.upserted]] });
      }),
    );
  client(group, 'get <collection> <id>', 'show one point').action(
    (collection: string, id: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const point = await db.get(collection, id);
        if (point === undefined)
          throw new VectronError('POINT_NOT_FOUND', `there is no point ${id} in collection ${collection}`);
        const rows = [
          [point.id, brief(Array.from(point.vector ?? []).map((x) => Number(x.toFixed(4)))), brief(point.payload, 200)],
        ];
        show(point, options.json === true, { head: ['id', 'vector', 'payload'], rows });
      }),
  );
  client(group, 'delete <collection> <id>', 'delete a point').action(
    (collection: string, id: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { existed, writeToken } = await db.delete(collection, id);
        const deleted = existed ? 1 : 0;
        show({ deleted, id, writeToken }, options.json === true, { head: ['deleted'], rows: [[deleted]] });
      }),
  );
  client(group, 'list <collection>', 'list points, ordered by id or by a value')
    .option('--limit <n>', 'points per page, 1 to 1000', numberFlag, 20)
    .option('--cursor <cursor>', 'nextCursor of the previous page')
    .option('--filter <json>', 'only points that match this filter')
    .option('--order-by <path>', 'order by the value at this path')
    .option('--descending', 'in descending order')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const page = await db.listPoints(collection, {
          limit: options.limit as number,
          cursor: options.cursor as string | undefined,
          filter: jsonFlag<Filter>(options.filter, '--filter'),
          orderBy: orderOf(options),
        });
        show(page, options.json === true, {
          head: ['id', 'payload'],
          rows: page.points.map((point) => [point.id, brief(point.payload, 100)]),
        });
      }),
    );
}

const vectorFlag = (text: string | undefined) => jsonFlag<number[]>(text, '--vector');
/** What is searched for. Where both are given, or none, the client refuses the request. */
const soughtFlags = (likeId: string | undefined, vector: string | undefined) =>
  ({ likeId, vector: vectorFlag(vector) }) as ExactlyOne<Pick<Sought, 'likeId' | 'vector'>>;

function orderOf({ orderBy, descending }: ClientOptions) {
  return orderBy === undefined ? undefined : { path: String(orderBy), descending: descending === true };
}

export function searchCommand(program: Command, client: Define): void {
  client(program, 'search <collection>', 'find the nearest points to a vector, a stored point or a text')
    .option('--like <id>', 'search with the vector of this point')
    .option('--vector <json>', 'search with this vector, a JSON array')
    .option('--query <text>', 'text for the reranker, if the collection enables reranking')
    .option('--top-k <n>', 'number of results, 1 to 10000', numberFlag, 10)
    .option('--ef <n>', 'ef: maximum number of candidates kept during the search', numberFlag)
    .option(
      '--recall <share>',
      'required recall, 0.5 to 0.999, instead of --ef; uses the least work that reaches it',
      numberFlag,
    )
    .option('--exact', 'exact search: scan all points instead of walking the graph')
    .option('--filter <json>', 'only points that match this filter, such as {"field": "section", "eq": "mail"}')
    .option('--text <words>', 'search by these words, alone or fused with the vector search')
    .option('--explain', 'explain how the answer was computed')
    .option('--why-not <id>', 'explain why the point with this id is not among the results')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { like, vector, query, topK, ef, recall, exact, text } = options as Record<string, never>;
        const filter = jsonFlag<Filter>(options.filter, '--filter');
        if (text !== undefined) {
          if (options.explain === true || options.whyNot !== undefined)
            throw VectronError.invalid('text', '--explain and --why-not cannot be combined with --text');
          const near = { ...soughtFlags(like, vector), ef, recall, exact };
          const byVector = like === undefined && vector === undefined ? [] : [near];
          const branches = [...byVector, { text: { query: text } }];
          const fused = await db.query(collection, { branches, topK, filter });
          show(fused, options.json === true, { head: ['score', 'id', 'payload'], rows: hitRows(fused.hits) });
          return;
        }
        const found = await db.search(collection, {
          ...soughtFlags(like, vector),
          query,
          topK,
          ef,
          recall,
          exact,
          filter,
          explain: options.explain === true,
          whyNot: options.whyNot as string | undefined,
        });
        show(found, options.json === true, { head: ['score', 'id', 'payload'], rows: hitRows(found.hits) });
        if (!options.json) {
          recallLines(found).forEach(say);
          showReasons(found);
        }
        if (!found.complete)
          console.error(`incomplete: ${found.shardsAnswered} of ${found.shardsAsked} shards answered`);
      }),
    );
}

/** The way of a search through the services, its parts in the shards, and where a point was left behind. */
function showReasons({ explanation, whyNot, shards }: SearchResult): void {
  if (explanation !== undefined) {
    const { steps, budgetMs, consistency, routeEpoch } = explanation;
    const how = (details: object) =>
      Object.entries(details)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ');
    // The shards have a table of their own.
    const own = steps.filter(({ name }) => name !== 'shard');
    const rows = own.map(({ name, milliseconds, details }) => [name, milliseconds.toFixed(2), how(details)]);
    show(steps, false, { head: ['step', 'ms', 'what was decided and seen'], rows });
    show(shards, false, {
      head: ['shard', 'worker', 'plan', 'ef', 'slack', 'visited', 'distances', 'rescored', 'index lag', 'ms'],
      rows: shards.map((one) => [
        ...[one.shardId, one.replica, one.errorCode || one.plan, one.ef, one.slack?.toFixed(3) ?? ''],
        ...[one.visited, one.distances, one.rescored, one.indexLag, one.milliseconds.toFixed(2)],
      ]),
    });
    say(`budget ${budgetMs} ms, consistency ${consistency || 'any'}, route epoch ${routeEpoch}`);
  }
  if (whyNot !== undefined) say(`${whyNot.id}: ${whyNot.step}: ${whyNot.reason}`);
}
