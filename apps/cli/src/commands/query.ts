import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { VectronError } from '@vectron/errors';
import { type Filter, type IndexTarget, type StoredPoint, upsertAll, type VectronClient } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { brief, progressBar, show } from '../output.js';
import { writeParquet } from '../parquet.js';

type Define = (parent: Command, name: string, help: string) => Command;

const FILTER = ['--filter <json>', 'such as {"field": "section", "eq": "mail"}'] as const;

/** The value of a flag that holds JSON. */
export function jsonFlag<T>(text: unknown, flag: string): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(String(text)) as T;
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', `${flag}: not JSON`, { cause });
  }
}

const filterFlag = (options: ClientOptions) => jsonFlag<Filter>(options.filter, '--filter');

/** Commands that take a filter; `points`: the group. */
export function filterCommands(points: Command, client: Define): void {
  client(points, 'count <collection>', 'how many points pass a filter')
    .option(...FILTER)
    .option('--estimate', 'where the indexes do not know, look at a sample only')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const counted = await db.count(collection, {
          filter: filterFlag(options),
          estimate: options.estimate === true,
        });
        const rows = [[counted.count, counted.exact, counted.unindexed ? 'payloads were read' : 'by indexes']];
        show(counted, options.json === true, { head: ['count', 'exact', 'how'], rows });
      }),
    );
  client(points, 'facets <collection> <path>', 'the values at a path, with how many points have each')
    .option(...FILTER)
    .option('--limit <n>', 'values', Number, 10)
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const asked = { filter: filterFlag(options), limit: options.limit as number };
        const found = await db.facets(collection, path, asked);
        const rows = found.values.map(({ value, count }) => [value, count]);
        show(found, options.json === true, { head: [path, 'points'], rows });
      }),
    );
  client(points, 'update <collection>', 'change payload fields of points given by id or by filter')
    .option('--ids <json>', 'a JSON array')
    .option(...FILTER)
    .option('--set <json>', 'values by path, such as {"reviewed": true}')
    .option('--remove <json>', 'paths, a JSON array')
    .option('--replace <json>', 'the whole payload')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const result = await db.updatePoints(collection, {
          ids: jsonFlag<string[]>(options.ids, '--ids'),
          filter: filterFlag(options),
          set: jsonFlag(options.set, '--set'),
          remove: jsonFlag<string[]>(options.remove, '--remove'),
          replace: jsonFlag(options.replace, '--replace'),
        });
        show(result, options.json === true, { head: ['updated'], rows: [[result.updated]] });
      }),
    );
  client(points, 'delete-where <collection>', 'delete the points that pass a filter')
    .requiredOption(...FILTER)
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const result = await db.deletePoints(collection, { filter: filterFlag(options) });
        show(result, options.json === true, { head: ['deleted'], rows: [[result.deleted]] });
      }),
    );
}

export function indexCommands(program: Command, client: Define): void {
  const group = program.command('indexes').description('payload indexes and sparse vectors of a collection');
  client(group, 'list <collection>', 'what is indexed, and how far').action(
    (collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { indexes, sparseVectors, namedVectors } = await db.listIndexes(collection);
        const rows = [
          ...indexes.map(({ path, type, language, indexed, points, ready }) => {
            const how = ready ? 'ready' : `${Math.floor((100 * indexed) / Math.max(1, points))} %`;
            return [path, [type, language].filter(Boolean).join(' '), how];
          }),
          ...sparseVectors.map((name) => [name, 'sparse vector', 'ready']),
          ...namedVectors.map((one) => [one.name, `vector, ${one.dimension} dimensions, ${one.distance}`, 'ready']),
        ];
        show({ indexes, sparseVectors, namedVectors }, options.json === true, {
          head: ['path', 'type', 'state'],
          rows,
        });
      }),
  );
  client(group, 'create <collection> <path>', 'declare an index, and wait until it is built')
    .requiredOption('--type <type>', 'keyword, integer, float, bool, datetime, geo, text, sparse or vector')
    .option('--dimension <n>', 'of a named vector', Number)
    .option('--distance <metric>', 'of a named vector: cosine, euclidean or dot')
    .option('--language <language>', 'of a text index, such as english')
    .option('--no-wait', 'only declare it')
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const created = await db.createIndex(collection, targetOf(path, options));
        if (options.wait !== false) await built(db, collection, path);
        show({ created }, options.json === true, { head: ['index'], rows: [[created ? 'created' : 'was there']] });
      }),
    );
  client(group, 'delete <collection> <path>', 'drop an index')
    .requiredOption('--type <type>', 'as it was created')
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const existed = await db.deleteIndex(collection, targetOf(path, options));
        show({ existed }, options.json === true, { head: ['index'], rows: [[existed ? 'deleted' : 'was not there']] });
      }),
    );
}

function targetOf(path: string, { type, language, dimension, distance }: ClientOptions): IndexTarget {
  if (type === 'sparse') return { sparseVector: path };
  if (type === 'vector') {
    return { namedVector: { name: path, dimension: dimension as number, distance: distance as 'cosine' } };
  }
  return { path, type: type as 'text', language: language as string | undefined };
}

async function built(db: VectronClient, collection: string, path: string): Promise<void> {
  let bar: ReturnType<typeof progressBar> | undefined;
  for (;;) {
    const index = (await db.listIndexes(collection)).indexes.find((one) => one.path === path && !one.ready);
    if (index === undefined) break;
    bar ??= progressBar(`indexing ${path}`, index.points);
    bar.update(index.indexed);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  bar?.stop();
}

export function aliasCommands(program: Command, client: Define): void {
  const group = program.command('aliases').description('other names of collections');
  client(group, 'list', 'aliases of the tenant').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const aliases = await db.listAliases();
      const rows = aliases.map(({ alias, collection }) => [alias, collection]);
      show(aliases, options.json === true, { head: ['alias', 'collection'], rows });
    }),
  );
  client(group, 'set <alias> <collection>', 'make an alias, or point it elsewhere').action(
    (alias: string, collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        await db.updateAliases({ set: [{ alias, collection }] });
        show({ alias, collection }, options.json === true, {
          head: ['alias', 'collection'],
          rows: [[alias, collection]],
        });
      }),
  );
  client(group, 'delete <alias>', 'delete an alias, not the collection').action(
    (alias: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        await db.updateAliases({ delete: [alias] });
        show({ deleted: alias }, options.json === true, { head: ['deleted'], rows: [[alias]] });
      }),
  );
}

/** Points in the order of their ids. */
async function* pagesOf(db: VectronClient, name: string, filter: Filter | undefined): AsyncGenerator<StoredPoint> {
  for (let cursor: string | undefined; ; ) {
    const page = await db.listPoints(name, { limit: 1000, cursor, includeVectors: true, filter });
    yield* page.points;
    cursor = page.nextCursor;
    if (cursor === undefined) return;
  }
}

/** `collections`: the group. */
export function transferCommands(collections: Command, client: Define): void {
  client(collections, 'export <name> <file>', 'write the points to a .jsonl or .parquet file')
    .option(...FILTER)
    .action((name: string, file: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const filter = filterFlag(options);
        const { count } = await db.count(name, { filter });
        const bar = progressBar(`exporting ${name}`, count);
        let exported = 0;
        const points = (async function* () {
          for await (const point of pagesOf(db, name, filter)) {
            yield point;
            exported += 1;
            if (exported % 1000 === 0) bar.update(exported);
          }
        })();
        if (file.endsWith('.parquet')) await writeParquet(file, points);
        else if (file.endsWith('.jsonl')) await writeJsonl(file, points);
        else throw VectronError.invalid('file', `${file}: .jsonl and .parquet can be written`);
        bar.stop();
        show({ exported }, options.json === true, { head: ['exported'], rows: [[exported]] });
      }),
    );
  client(collections, 'copy <from> <to>', 'make a collection with the points, indexes and metric of another').action(
    (from: string, to: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const [{ dimension, distance, points, shards }, { indexes, sparseVectors, namedVectors }] = await Promise.all([
          db.collectionStatus(from),
          db.listIndexes(from),
        ]);
        const declared = indexes.map(({ path, type, language }) => ({ path, type, language }));
        const made = { dimension, distance: distance as 'cosine', shards: shards.length };
        await db.createCollection(to, { ...made, indexes: declared, sparseVectors, namedVectors });
        const bar = progressBar(`copying ${from}`, points);
        const copies = (async function* () {
          for await (const { id, vector = [], payload, sparse } of pagesOf(db, from, undefined)) {
            yield { id, vector, payload, sparse };
          }
        })();
        const copied = await upsertAll(db, to, copies, { onProgress: ({ upserted }) => bar.update(upserted) });
        bar.stop();
        show({ copied }, options.json === true, { head: ['copied'], rows: [[copied]] });
      }),
  );
}

/** The file is there only when all of them are in it. */
async function writeJsonl(file: string, points: AsyncIterable<StoredPoint>): Promise<void> {
  const partial = `${file}.partial`;
  const out = createWriteStream(partial);
  try {
    await once(out, 'open');
    for await (const { id, vector, payload, sparse, vectors } of points) {
      const named =
        vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, Array.from(one)]));
      const line = JSON.stringify({ id, vector: Array.from(vector ?? []), payload, sparse, vectors: named });
      if (!out.write(`${line}\n`)) await once(out, 'drain');
    }
    out.end();
    await once(out, 'finish');
    await rename(partial, file);
  } catch (error) {
    out.destroy();
    await rm(partial, { force: true });
    throw error;
  }
}

/** Hits as rows of a table. */
export const hitRows = (hits: readonly { id: string; score: number; payload: Record<string, unknown> }[]) =>
  hits.map((hit) => [hit.score.toFixed(4), hit.id, brief(hit.payload.summary ?? hit.payload, 70)]);
