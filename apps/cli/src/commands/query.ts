import { VectronError } from '@vectron/errors';
import { parseJson } from '@vectron/model';
import {
  type AnalyzeOptions,
  type CollectionOptions,
  type Filter,
  type IndexTarget,
  type PayloadIndex,
  type Snapshot,
  type StoredPoint,
  type VectronClient,
} from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { exportedLine } from '../export-point.js';
import { fillNew } from '../filling.js';
import { numberFlag } from '../number-flag.js';
import { brief, note, progressBar, show } from '../output.js';
import type { Define } from '../program.js';
import { likeness, mapped, readSnapshot, snapshotLines, writeJsonl } from '../snapshot-file.js';

const FILTER = ['--filter <json>', 'a filter, such as {"field": "section", "eq": "mail"}'] as const;

/** The value of a flag that holds JSON. */
export function jsonFlag<T>(text: unknown, flag: string): T | undefined {
  if (text === undefined) return undefined;
  return parseJson(String(text), flag) as T;
}

const filterFlag = (options: ClientOptions) => jsonFlag<Filter>(options.filter, '--filter');

/** Commands that take a filter; `points`: the group. */
export function filterCommands(points: Command, client: Define): void {
  client(points, 'count <collection>', 'count the points that match a filter')
    .option(...FILTER)
    .option('--estimate', 'estimate from a sample where indexes cannot give the exact count')
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
  client(points, 'facets <collection> <path>', 'list the values at a path with the number of points of each')
    .option(...FILTER)
    .option('--limit <n>', 'maximum number of values', numberFlag, 10)
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const asked = { filter: filterFlag(options), limit: options.limit as number };
        const found = await db.facets(collection, path, asked);
        const rows = found.values.map(({ value, count }) => [value, count]);
        show(found, options.json === true, { head: [path, 'points'], rows });
      }),
    );
  client(points, 'update <collection>', 'change payload fields of points given by id or by filter')
    .option('--ids <json>', 'ids of the points, a JSON array')
    .option(...FILTER)
    .option('--set <json>', 'values to set, by path, such as {"reviewed": true}')
    .option('--remove <json>', 'paths to remove, a JSON array')
    .option('--replace <json>', 'the new payload, which replaces the whole old one')
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
  client(points, 'delete-where <collection>', 'delete the points that match a filter')
    .requiredOption(...FILTER)
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const result = await db.deletePoints(collection, { filter: filterFlag(options) });
        show(result, options.json === true, { head: ['deleted'], rows: [[result.deleted]] });
      }),
    );
}

export function indexCommands(program: Command, client: Define): void {
  const group = program
    .command('indexes')
    .description('manage payload indexes, named vectors and sparse vectors of a collection');
  client(group, 'list <collection>', 'list indexes and their progress').action(
    (collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { indexes, sparseVectors, namedVectors } = await db.listIndexes(collection);
        const rows = [
          ...indexes.map(({ path, indexed, points, ready, unread, unreadExample: example, ...index }) => {
            const how = ready ? 'ready' : `${Math.floor((100 * indexed) / Math.max(1, points))} %`;
            const such = example === undefined ? '' : `, such as ${example.value} of ${example.id}`;
            return [path, settingsOf(index), how, unread === 0 ? '' : `${unread}${such}`];
          }),
          ...sparseVectors.map((name) => [name, 'sparse vector', 'ready', '']),
          ...namedVectors.map((one) => [one.name, `vector, ${one.dimension} dimensions, ${one.distance}`, 'ready', '']),
        ];
        show({ indexes, sparseVectors, namedVectors }, options.json === true, {
          head: ['path', 'type', 'state', 'points not read'],
          rows,
        });
      }),
  );
  client(group, 'create <collection> <path>', 'declare an index and wait until it is built')
    .requiredOption('--type <type>', 'keyword, integer, float, bool, datetime, geo, text, sparse or vector')
    .option('--dimension <n>', 'dimension of a named vector', numberFlag)
    .option('--distance <metric>', 'distance of a named vector: cosine, euclidean or dot')
    .option('--language <language>', 'language of a text index, such as english')
    .option('--analyzer <analyzer>', 'analyzer of a text index: words or code')
    .option(
      '--stop-words <words>',
      'stop words of a text index, separated by commas; _language_ for the usual ones of the language',
      list,
    )
    .option('--no-wait', 'declare the index without waiting until it is built')
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const created = await db.createIndex(collection, targetOf(path, options));
        if (options.wait !== false) await built(db, collection, path);
        show({ created }, options.json === true, { head: ['index'], rows: [[created ? 'created' : 'was there']] });
      }),
    );
  client(group, 'analyze <collection> <text>', 'show the words that text analysis produces')
    .option('--path <path>', 'use the text index at this path')
    .option('--language <language>', 'without --path: the language')
    .option('--analyzer <analyzer>', 'without --path: the analyzer, words or code')
    .option('--stop-words <words>', 'without --path: stop words, separated by commas', list)
    .action((collection: string, text: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const tokens = await db.analyze(collection, text, howOf(options));
        const rows = tokens.map((one) => [one.text, one.kind, one.asked ? 'asked' : '', one.position, one.word]);
        show(tokens, options.json === true, { head: ['token', 'kind', 'query', 'position', 'word'], rows });
      }),
    );
  client(group, 'delete <collection> <path>', 'delete an index')
    .requiredOption('--type <type>', 'type of the index, as given when it was created')
    .action((collection: string, path: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const existed = await db.deleteIndex(collection, targetOf(path, options));
        show({ existed }, options.json === true, { head: ['index'], rows: [[existed ? 'deleted' : 'was not there']] });
      }),
    );
}

/** What an index was made with, for a person. */
function settingsOf({ type, language, analyzer, stopWords = [] }: Omit<PayloadIndex, 'path'>): string {
  if (type !== 'text') return type;
  const left = stopWords.length === 0 ? '' : `without ${stopWords.join(', ')}`;
  return [type, analyzer === 'code' && 'of code', language, left].filter(Boolean).join(' ');
}

const list = (text: string) => text.split(',').map((word) => word.trim());

function howOf(options: ClientOptions): AnalyzeOptions {
  const path = options.path as string | undefined;
  const settings = textSettings(options);
  const given = Object.values(settings).some((value) => value !== undefined);
  if (path === undefined) return { index: settings };
  if (given) throw VectronError.invalid('path', 'use --path, or the settings --language, --analyzer and --stop-words');
  return { path };
}

const textSettings = ({ language, analyzer, stopWords }: ClientOptions) => ({
  language: language as string | undefined,
  analyzer: analyzer as 'words' | undefined,
  stopWords: stopWords as string[] | undefined,
});

function targetOf(path: string, options: ClientOptions): IndexTarget {
  const { type, dimension, distance } = options;
  if (type === 'sparse') return { sparseVector: path };
  if (type === 'vector') {
    return { namedVector: { name: path, dimension: dimension as number, distance: distance as 'cosine' } };
  }
  return { path, type: type as 'text', ...textSettings(options) };
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
  const group = program.command('aliases').description('manage aliases, which are additional names of collections');
  client(group, 'list', 'list the aliases of the tenant').action((options: ClientOptions) =>
    withClient(options, async (db) => {
      const aliases = await db.listAliases();
      const rows = aliases.map(({ alias, collection }) => [alias, collection]);
      show(aliases, options.json === true, { head: ['alias', 'collection'], rows });
    }),
  );
  client(group, 'set <alias> <collection>', 'create an alias, or point it to another collection').action(
    (alias: string, collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        await db.updateAliases({ set: [{ alias, collection }] });
        show({ alias, collection }, options.json === true, {
          head: ['alias', 'collection'],
          rows: [[alias, collection]],
        });
      }),
  );
  client(group, 'delete <alias>', 'delete an alias but not its collection').action(
    (alias: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        await db.updateAliases({ delete: [alias] });
        show({ deleted: alias }, options.json === true, { head: ['deleted'], rows: [[alias]] });
      }),
  );
}

/** Points in the order of their ids; what is written meanwhile may be among them or not. */
async function* pagesOf(db: VectronClient, name: string, filter: Filter | undefined): AsyncGenerator<StoredPoint> {
  for (let cursor: string | undefined; ; ) {
    const page = await db.listPoints(name, { limit: 1000, cursor, includeVectors: true, filter });
    yield* page.points;
    cursor = page.nextCursor;
    if (cursor === undefined) return;
  }
}

async function* mappedAll(points: AsyncIterable<StoredPoint>) {
  for await (const point of points) yield mapped(point);
}

async function* exportedAll(points: AsyncIterable<StoredPoint>) {
  for await (const point of points) yield exportedLine(point);
}

/** `collections`: the group. */
export function transferCommands(collections: Command, client: Define): void {
  client(collections, 'export <name> <file>', 'write the points to a .jsonl or .parquet file')
    .option(...FILTER)
    .action((name: string, file: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const filter = filterFlag(options);
        const { count } = await db.count(name, { filter });
        const work = { what: `exporting ${name}`, total: count };
        const exported = await counted(pagesOf(db, name, filter), work, async (points) => {
          if (file.endsWith('.parquet')) return (await import('../parquet-file.js')).writeParquet(file, points);
          if (file.endsWith('.jsonl')) return writeJsonl(file, exportedAll(points));
          throw VectronError.invalid('file', `${file}: an export must be a .jsonl or .parquet file`);
        });
        show({ exported }, options.json === true, { head: ['exported'], rows: [[exported]] });
      }),
    );
  client(
    collections,
    'copy <from> <to>',
    'create a collection with the settings, indexes and points of another',
  ).action((from: string, to: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      const copied = await ofOneMoment(db, from, async (snapshot) => {
        const settings = await likeness(db, from);
        const points = mappedAll(snapshot.points());
        return fillNew(db, to, settings, { points, total: snapshot.count, what: `copying ${from}` });
      });
      show({ copied }, options.json === true, { head: ['copied'], rows: [[copied]] });
    }),
  );
  client(
    collections,
    'snapshot <name> <file>',
    'write settings, indexes, aliases and the points of one moment to a file',
  ).action((name: string, file: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      const [points, cursor] = await ofOneMoment(db, name, async (snapshot) => {
        const [settings, [collection, aliases]] = await Promise.all([likeness(db, name), namesOf(db, name)]);
        const moment = { shards: snapshot.shards, cursor: snapshot.cursor, aliases };
        const work = { what: `writing ${file}`, total: snapshot.count };
        const kept = await counted(snapshot.points(), work, (stored) =>
          writeJsonl(file, snapshotLines({ collection, settings, moment }, stored)),
        );
        return [kept, snapshot.cursor] as const;
      });
      show({ points, file, cursor }, options.json === true, { head: ['points', 'file'], rows: [[points, file]] });
      if (options.json !== true) note(`cursor ${cursor}`);
    }),
  );
  client(collections, 'restore <file>', 'create a collection from a snapshot file')
    .option('--name <name>', 'name of the new collection; default: its name in the snapshot')
    .option(
      '--aliases',
      'reassign aliases that now point to other collections; default: only set aliases that are free',
    )
    .action((file: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { header, points, checked } = await readSnapshot(file);
        if (!checked) note('this snapshot was written without a checksum: only the number of its points was checked');
        const name = (options.name as string | undefined) ?? header.collection;
        const restored = await fillNew(db, name, header.settings, { points, what: `restoring ${name}` });
        const aliases = await restoreAliases(db, name, header.moment?.aliases ?? [], options.aliases === true);
        show({ restored, name, aliases }, options.json === true, {
          head: ['restored', 'name', 'aliases'],
          rows: [[restored, name, aliases.join(', ')]],
        });
      }),
    );
  client(collections, 'settings <name>', 'show the settings of a collection, or change the given ones online')
    .option('--durability <how>', 'durability of future writes: fsync or relaxed')
    .option('--rerank <json>', 'reranking settings, such as {"enabled": true}')
    .option('--embedding <json>', 'embedding settings, such as {"provider": "local"}')
    .action((name: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const change = {
          durability: options.durability as CollectionOptions['durability'],
          rerank: jsonFlag<CollectionOptions['rerank']>(options.rerank, '--rerank'),
          embedding: jsonFlag<CollectionOptions['embedding']>(options.embedding, '--embedding'),
        };
        const asked = Object.values(change).some((one) => one !== undefined);
        const settings = asked ? await db.updateCollection(name, change) : (await db.collectionStatus(name)).settings;
        const rows = Object.entries(settings).map(([setting, value]) => [setting, brief(value, 80)]);
        show(settings, options.json === true, { head: ['setting', 'value'], rows });
      }),
    );
}

async function ofOneMoment<T>(db: VectronClient, name: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const snapshot = await db.snapshot(name);
  try {
    return await work(snapshot);
  } finally {
    // One that cannot be closed now is when it was not used for its time.
    await snapshot.close().catch(() => false);
  }
}

/** The name of a collection, which may be given by an alias, and its aliases. */
async function namesOf(db: VectronClient, name: string): Promise<[string, string[]]> {
  const aliases = await db.listAliases();
  const real = aliases.find(({ alias }) => alias === name)?.collection ?? name;
  return [real, aliases.flatMap(({ alias, collection }) => (collection === real ? [alias] : []))];
}

/** Gives the collection the aliases that nobody has or, if it `takes` them, all; says which stay elsewhere. */
async function restoreAliases(
  db: VectronClient,
  collection: string,
  aliases: readonly string[],
  takes: boolean,
): Promise<string[]> {
  if (aliases.length === 0) return [];
  const [known, collections] = await Promise.all([db.listAliases(), db.listCollections()]);
  const owners = new Map(known.map((one) => [one.alias, one.collection]));
  const taken = new Set(collections.map(({ name }) => name));
  const set = aliases.filter((alias) => !taken.has(alias) && (takes || !owners.has(alias)));
  for (const alias of aliases.filter((one) => !set.includes(one))) {
    const where = owners.get(alias);
    note(`alias ${alias} stays ${where === undefined ? 'the name of a collection' : `with ${where}`}`);
  }
  if (set.length > 0) await db.updateAliases({ set: set.map((alias) => ({ alias, collection })) });
  return set;
}

/** Gives the points to `write`, with progress; returns how many they were. */
async function counted(
  stored: AsyncIterable<StoredPoint>,
  { what, total }: { what: string; total: number },
  write: (points: AsyncIterable<StoredPoint>) => Promise<void>,
): Promise<number> {
  const bar = progressBar(what, total);
  let done = 0;
  const points = (async function* () {
    for await (const point of stored) {
      yield point;
      done += 1;
      if (done % 1000 === 0) bar.update(done);
    }
  })();
  try {
    await write(points);
  } finally {
    bar.stop();
  }
  return done;
}

/** Hits as rows of a table. */
export const hitRows = (hits: readonly { id: string; score: number; payload: Record<string, unknown> }[]) =>
  hits.map((hit) => [hit.score.toFixed(4), hit.id, brief(hit.payload.summary ?? hit.payload, 70)]);
