import { escapeControls, escapeJsonControls, stringifyJson } from '@vectron/model';
import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';

/** A table for people; `json` prints the value for machines instead. */
export function show(value: unknown, json: boolean, table: { head: string[]; rows: unknown[][] }): void {
  if (json) {
    console.log(jsonText(value, 2));
    return;
  }
  const rows = table.rows.map((one) => one.map(cellText));
  console.log(
    rows.length === 0
      ? 'nothing'
      : laidOut(table.head, rows, process.stdout.isTTY ? process.stdout.columns : undefined),
  );
}

/** A table for a terminal of so many characters; what fits in none is shown record by record. `columns` undefined: no limit. */
export function laidOut(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): string {
  const colWidths = widthsWithin(head, rows, columns);
  if (colWidths === undefined) return records(head, rows);
  const style = { head: pc.isColorSupported ? ['bold'] : [], border: [] };
  const table = new Table({ head: [...head], style, ...(columns === undefined ? {} : { colWidths, wordWrap: true }) });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

/** Widths of the columns, the widest of which give way as far as their longest words do; undefined: that is not enough. */
function widthsWithin(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): number[] | undefined {
  const all = [head, ...rows];
  // A space stands on both sides of each cell, and a line between two.
  const width = (at: number, separator: string) =>
    2 + Math.max(...all.map((row) => Math.max(...(row[at] ?? '').split(separator).map(widthOf))));
  const widths = head.map((_, at) => width(at, '\n'));
  if (columns === undefined) return widths;
  const least = head.map((_, at) => width(at, ' '));
  for (let over = widths.reduce((sum, one) => sum + one + 1, 1) - columns; over > 0; over -= 1) {
    const yielding = widths.map((one, at) => (one > least[at] ? one : 0));
    const widest = Math.max(...yielding);
    if (widest === 0) return undefined;
    widths[yielding.indexOf(widest)] -= 1;
  }
  return widths;
}

/** A line for each value, and an empty one between two records. */
function records(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = Math.max(...head.map(widthOf));
  const padded = (name: string) => pc.bold(name + ' '.repeat(width - widthOf(name)));
  return rows.map((row) => row.map((cell, at) => `${padded(head[at] ?? '')}  ${cell}`).join('\n')).join('\n\n');
}

/** Characters that take two columns of a terminal. */
const WIDE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/gu;
const widthOf = (text: string): number => [...text].length + (text.match(WIDE)?.length ?? 0);

/** A value of a table: ids, names and payloads are other people's, and what a terminal would act on is escaped. */
export const cellText = (cell: unknown): string => escapeControls(String(cell ?? ''));

/** An answer of the SDK as JSON: versions and log indexes are strings, and larger integers, those of payloads, are numbers. */
export const jsonText = (value: unknown, space?: number): string =>
  escapeJsonControls(stringifyJson(plain(value), 'output', space));

/** A line on stdout, without what a terminal would act on. */
export const say = (line: string): void => console.log(escapeControls(line));

/** A line on stderr, beside what a command prints. */
export const note = (line: string): void => console.error(escapeControls(line));

function plain(item: unknown): unknown {
  if (item instanceof Float32Array) return Array.from(item);
  if (typeof item === 'bigint') return Number.isSafeInteger(Number(item)) ? item.toString() : item;
  if (typeof item !== 'object' || item === null || item instanceof Date) return item;
  if (Array.isArray(item)) return item.map(plain);
  return Object.fromEntries(Object.entries(item).map(([key, one]) => [key, plain(one)]));
}

export interface Bar {
  update(done: number): void;
  stop(): void;
}

/** A progress bar on a terminal; elsewhere a line every tenth. On stderr. `total` undefined: counts only. */
export function progressBar(name: string, total: number | undefined): Bar {
  const label = escapeControls(name);
  if (process.stderr.isTTY && total !== undefined) {
    const format = `${label} [{bar}] {percentage}% {value}/{total} {eta_formatted}`;
    const bar = new cliProgress.SingleBar({ format, stream: process.stderr }, cliProgress.Presets.shades_classic);
    bar.start(total, 0);
    return { update: (done) => bar.update(done), stop: () => bar.stop() };
  }
  const step = total === undefined ? 10_000 : Math.max(1, Math.ceil(total / 10));
  let shown = 0;
  return {
    update(done) {
      if (Math.floor(done / step) <= shown) return;
      shown = Math.floor(done / step);
      console.error(`${label}: ${done}${total === undefined ? '' : ` of ${total}`}`);
    },
    stop() {},
  };
}

/** Shortens a value for a table cell. */
export function brief(value: unknown, length = 60): string {
  const text = typeof value === 'string' ? value : stringifyJson(value);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The name of a field as people write it. */
export const words = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
