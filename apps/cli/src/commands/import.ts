import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { VectronError } from '@vectron/errors';
import type { VectronClient } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { DUMP_NAMES, openDump } from '../import/open-dump.js';
import { openSource, pebbleSource } from '../import/open-source.js';
import { type ColumnChoice, isRefused, type RowSource } from '../import/rows.js';
import { type FileImported, importFile, progressFileOf } from '../import/run/import-file.js';
import { identityOf } from '../import/run/progress-file.js';
import type { Counted, Tally } from '../import/run/tally.js';
import { wholeFlag } from '../number-flag.js';
import { brief, note, say, show } from '../output.js';
import type { Define } from '../program.js';
import { rowProgress } from '../row-progress.js';

/** Exit code of an import that came to its end, but for rows that were refused. */
const SOME_REFUSED = 6;
/** As shells have it of a program that SIGINT ended. */
const INTERRUPTED = 130;

export function importCommand(program: Command, client: Define): void {
  client(program, 'import [collection-or-file] [file]', 'import the rows of a file, a store or a dump as points')
    .option(
      '--collection <name>',
      'name of the collection, if it is not the first argument; created if it does not exist',
    )
    .option('--pebble <dir>', 'read this Pebble store, such as one written by `export --pebble`, instead of a file')
    .option('--from <database>', `the file is a dump of ${DUMP_NAMES.join(', ')}`)
    .option('--table <name>', 'table to import from a dump with several tables')
    .option('--id <column>', 'column of the ids; `row` numbers the rows from 0')
    .option('--vector <column>', 'column of the vectors; with several vectors, the one that becomes the first vector')
    .option('--payload <columns>', 'columns that become the payload, separated by commas; default: all other columns')
    .option('--dimension <n>', 'dimension of a new collection; default: that of the file', wholeFlag(1, 65_536))
    .option(
      '--distance <metric>',
      'distance of a new collection: cosine, euclidean or dot; default: the one stated in the file, otherwise cosine',
    )
    .option('--dry-run', 'read and check the whole file and print the result, without writing anything')
    .option('--report <file>', 'file for refused rows, as JSON lines; default: FILE.rejected.jsonl')
    .option('--resume', 'continue an interrupted import')
    .option('--on-error <what>', 'continue, or stop at the first refused row', 'continue')
    .option('--batch <n>', 'points per request', wholeFlag(1, 10_000), 250)
    .action((first: string | undefined, second: string | undefined, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { collection, file } = namesOf(first, second, options);
        await run(db, collection, file, options);
      }),
    );
}

function reportOf(file: string, options: ClientOptions): string {
  const report = (options.report as string | undefined) ?? `${file.replace(/[/\\]+$/, '')}.rejected.jsonl`;
  if (resolve(report) === resolve(file))
    throw VectronError.invalid('report', `--report ${report} is the imported file; choose another file`);
  if (options.resume !== true && options.dryRun !== true && progressFileOf(report).load() !== undefined) {
    note('an earlier import of this file was interrupted; this one begins anew, --resume would go on');
  }
  return report;
}

/** `import COLLECTION FILE`, `import FILE --collection NAME`, `import COLLECTION --pebble DIR`. */
function namesOf(first: string | undefined, second: string | undefined, options: ClientOptions) {
  const { pebble, collection } = options as Record<string, string | undefined>;
  const given = [collection, first, second].filter((one) => one !== undefined);
  const [name, file] = pebble === undefined ? given : [...given, pebble];
  if (name === undefined || file === undefined || given.length !== (pebble === undefined ? 2 : 1)) {
    throw VectronError.invalid('file', 'pass a collection and a file, or a store with --pebble');
  }
  if (!existsSync(file)) throw VectronError.invalid('file', `there is no file ${file}; check the path`);
  return { collection: name, file };
}

function choiceOf(options: ClientOptions): ColumnChoice {
  const { id, vector, payload, table } = options as Record<string, string | undefined>;
  const fields = payload?.split(',').flatMap((name) => name.trim() || []);
  return { id, vector, payload: fields, table };
}

async function run(db: VectronClient, collection: string, file: string, options: ClientOptions): Promise<void> {
  const { from, pebble, onError } = options as Record<string, string | undefined>;
  if (onError !== 'continue' && onError !== 'stop')
    throw VectronError.invalid('on-error', '--on-error must be continue or stop');
  const choice = choiceOf(options);
  const dryRun = options.dryRun === true;
  const source =
    pebble !== undefined
      ? await pebbleSource(pebble)
      : await (from === undefined ? openSource(file, choice) : openDump(from, file, choice));
  const report = reportOf(file, options);
  if (!options.json) for (const line of source.understood) note(line);
  const interrupt = new AbortController();
  const stop = () => {
    interrupt.abort();
    // A second one ends the process at once, as ever.
    note('stopping after what is under way');
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const bar = rowProgress(`${dryRun ? 'checking' : 'importing into'} ${dryRun ? file : collection}`, source);
  const started = performance.now();
  try {
    const imported = await importFile(db, {
      ...{ source, file, collection, report, dryRun },
      identity: await identityOf(file, collection, { from, ...choice }),
      distance: options.distance as string | undefined,
      dimension: options.dimension as number | undefined,
      alwaysReports: options.report !== undefined,
      resume: options.resume === true,
      batchSize: options.batch as number,
      stopsAtRefusal: onError === 'stop',
      signal: interrupt.signal,
      onProgress: ({ rows }) => bar.update(rows),
    });
    bar.stop();
    const seconds = (performance.now() - started) / 1000;
    await (dryRun
      ? showDryRun(source, imported, options)
      : showImported(imported, { collection, file, report, seconds }, options));
    if (imported.ended === 'interrupted') process.exitCode = INTERRUPTED;
    else if (imported.tally.refused > 0 || imported.replaced > 0) process.exitCode = SOME_REFUSED;
  } catch (error) {
    bar.stop();
    const progress = progressFileOf(report).load();
    if (progress !== undefined && !dryRun) note(howFar(progress.tally));
    throw error;
  } finally {
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
  }
}

const howFar = ({ rows, points, refused }: Tally): string =>
  `every row before row ${rows + 1} is done: ${points} acknowledged, ${refused} refused; the same command with --resume goes on from there`;

interface Context {
  readonly collection: string;
  readonly file: string;
  readonly report: string;
  readonly seconds: number;
}

function showImported(imported: FileImported, { collection, report, seconds }: Context, options: ClientOptions): void {
  const { tally, ended, replaced } = imported;
  const { rows, points, refused } = tally;
  const reported = refused > 0 || options.report !== undefined ? report : undefined;
  const value = {
    ...{ imported: points, rows, refused, ended, seconds, replaced, report: reported },
    ...{ reasons: tally.reasons, leftOut: tally.leftOut },
  };
  const table = {
    head: ['rows', 'imported', 'refused', 'seconds', 'points/s'],
    rows: [[rows, points, refused, seconds.toFixed(1), Math.round(points / seconds)]],
  };
  show(value, options.json === true, table);
  if (options.json === true) return;
  sayCounts(tally);
  if (reported !== undefined) say(`the report of the refused rows is in ${reported}`);
  if (replaced > 0)
    say(
      `${replaced} rows took the place of rows with the same id before them; ids of more than 3,000,000 rows are not compared beforehand`,
    );
  if (rows > 0 && points === 0) say(`no row became a point: no collection ${collection} was made for it`);
  if (ended === 'interrupted')
    say(points === 0 && imported.made ? 'stopped before the first point was acknowledged' : howFar(tally));
  if (ended === 'refused') say(`stopped at the first row that was refused; ${howFar(tally)}`);
}

function sayCounts({ reasons, leftOut }: Tally): void {
  for (const { count, first, said } of topmost(reasons))
    say(`${count} refused, the first at ${first.file}:${first.line}: ${said}`);
  for (const [what, { count, said }] of Object.entries(leftOut)) say(`left out of ${count} points: ${what}: ${said}`);
}

/** The reasons of most rows first. */
const topmost = (counts: Record<string, Counted>, most = 10): Counted[] =>
  Object.values(counts)
    .sort((a, b) => b.count - a.count)
    .slice(0, most);

/** Rows that a dry run shows. */
const SHOWN_ROWS = 3;

async function showDryRun(
  source: RowSource,
  { tally, dimension, distance }: FileImported,
  options: ClientOptions,
): Promise<void> {
  const first: { id: string; vector: number[]; payload: unknown }[] = [];
  for await (const row of source.rows()) {
    if (first.length === SHOWN_ROWS) break;
    if (isRefused(row)) continue;
    const { id, vector = [], payload, ...more } = row.point;
    first.push({ id, vector: Array.from(vector), payload, ...more });
  }
  const { rows, points, refused, reasons, leftOut } = tally;
  const { understood, namedVectors, sparseVectors } = source;
  const value = {
    rows,
    wouldImport: points,
    refused,
    dimension,
    distance,
    understood,
    namedVectors,
    sparseVectors,
    reasons,
    leftOut,
    first,
  };
  show(value, options.json === true, {
    head: ['id', 'vector', 'payload'],
    rows: first.map(({ id, vector, payload }) => [id, brief(vector, 40), brief(payload ?? {}, 70)]),
  });
  if (options.json === true) return;
  say(
    `${rows} rows: ${points} would become points of ${dimension ?? 'no'} dimensions compared by ${distance}, ${refused} would be refused`,
  );
  for (const one of namedVectors ?? []) say(`named vector ${one.name}: ${one.dimension} dimensions`);
  if (sparseVectors !== undefined && sparseVectors.length > 0) say(`sparse vectors: ${sparseVectors.join(', ')}`);
  sayCounts(tally);
  say('nothing was written');
}
