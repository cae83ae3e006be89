import cliProgress from 'cli-progress';
import Table from 'cli-table3';
import pc from 'picocolors';

/** A table for people; `json` prints the value for machines instead. */
export function show(value: unknown, json: boolean, table: { head: string[]; rows: unknown[][] }): void {
  if (json) {
    console.log(JSON.stringify(value, plain, 2));
    return;
  }
  const printed = new Table({ head: table.head, style: { head: pc.isColorSupported ? ['bold'] : [], border: [] } });
  for (const one of table.rows) printed.push(one.map((cell) => String(cell ?? '')));
  console.log(table.rows.length === 0 ? 'nothing' : printed.toString());
}

/** What JSON has no form for; a replacer for JSON.stringify. */
export function plain(_: string, item: unknown): unknown {
  if (item instanceof Float32Array) return Array.from(item);
  return typeof item === 'bigint' ? item.toString() : item;
}

export interface Bar {
  update(done: number): void;
  stop(): void;
}

/** A progress bar on a terminal; elsewhere a line every tenth. On stderr. `total` undefined: counts only. */
export function progressBar(label: string, total: number | undefined): Bar {
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
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The name of a field as people write it. */
export const words = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
