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
  const printed = new Table({
    head: table.head,
    style: { head: pc.isColorSupported ? ['bold'] : [], border: [] },
    ...fitted([table.head, ...rows], process.stdout.isTTY ? process.stdout.columns : undefined),
  });
  printed.push(...rows);
  console.log(rows.length === 0 ? 'nothing' : printed.toString());
}

/** A column is not made narrower than this many characters. */
const LEAST_WIDTH = 10;

/** Widths of the columns of a table for a terminal of so many characters: the widest columns give way first, and their cells are wrapped. */
export function fitted(
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): { colWidths?: number[]; wordWrap?: boolean; wrapOnWordBoundary?: boolean } {
  if (columns === undefined) return {};
  // Two spaces and a line stand beside each cell.
  const widths = (rows[0] ?? []).map((_, at) => 2 + Math.max(...rows.map((row) => widest(row[at] ?? ''))));
  let over = widths.reduce((sum, width) => sum + width + 1, 1) - columns;
  if (over <= 0) return {};
  for (; over > 0; over -= 1) {
    const at = widths.indexOf(Math.max(...widths));
    if (widths[at] <= LEAST_WIDTH) break;
    widths[at] -= 1;
  }
  return { colWidths: widths, wordWrap: true, wrapOnWordBoundary: false };
}

/** Characters that take two columns of a terminal. */
const WIDE = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}]/gu;
const widest = (cell: string): number =>
  Math.max(...cell.split('\n').map((line) => [...line].length + (line.match(WIDE)?.length ?? 0)));

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
