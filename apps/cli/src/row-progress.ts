import { escapeControls } from '@vectron/model';
import cliProgress from 'cli-progress';
import type { RowSource } from './import/rows.js';

/** Where it is written, and when it is. */
export interface ProgressOutput {
  readonly isTerminal: boolean;
  readonly line: (text: string) => void;
  readonly nowMs: () => number;
}

const STDERR: ProgressOutput = {
  isTerminal: process.stderr.isTTY === true,
  line: (text) => console.error(text),
  nowMs: () => performance.now(),
};

/** Parts of a bar. */
const PARTS = 1_000;

/**
 * How far an import is, with its rate and the time left: by rows where their number is known, else by the bytes that were read
 * of the file. A bar on a terminal, elsewhere a line every tenth.
 */
export function rowProgress(what: string, { total, bytes }: Pick<RowSource, 'total' | 'bytes'>, output = STDERR) {
  const label = escapeControls(what);
  const bar = output.isTerminal
    ? new cliProgress.SingleBar(
        { format: `${label} [{bar}] {text}`, stream: process.stderr },
        cliProgress.Presets.shades_classic,
      )
    : undefined;
  bar?.start(PARTS, 0, { text: '' });
  const startedMs = output.nowMs();
  let first: Moment | undefined;
  let shown = 0;
  return {
    /** `rows`: done, from the beginning of the file. */
    update(rows: number): void {
      const now = { rows, share: shareOf(rows, total, bytes?.()), seconds: (output.nowMs() - startedMs) / 1000 };
      // What an earlier import has done is no speed of this one.
      first ??= { ...now, seconds: 0 };
      const text = progressText(now, first, total);
      bar?.update(Math.floor(PARTS * (now.share ?? 0)), { text });
      const step = now.share === undefined ? Math.floor(rows / 10_000) : Math.floor(10 * now.share);
      if (bar === undefined && step > shown) output.line(`${label}: ${text}`);
      shown = step;
    },
    stop: (): void => bar?.stop(),
  };
}

interface Moment {
  readonly rows: number;
  /** Of the file that is done, 0 to 1; undefined when nobody knows. */
  readonly share: number | undefined;
  readonly seconds: number;
}

function shareOf(rows: number, total: number | undefined, bytes?: { read: number; total: number }): number | undefined {
  const [done, all] = total === undefined ? [bytes?.read ?? 0, bytes?.total ?? 0] : [rows, total];
  return all > 0 ? Math.min(1, done / all) : undefined;
}

/** `5000 of 20000 rows (25 %), 1234 rows/s, 12 s left`. */
export function progressText({ rows, share, seconds }: Moment, first: Moment, total?: number): string {
  const since = seconds - first.seconds;
  const rate = since > 0 ? `, ${Math.round((rows - first.rows) / since)} rows/s` : '';
  const gained = share === undefined || first.share === undefined ? 0 : share - first.share;
  const left = share === undefined || gained <= 0 ? '' : `, ${duration((since * (1 - share)) / gained)} left`;
  return `${rows}${total === undefined ? '' : ` of ${total}`} rows${share === undefined ? '' : ` (${Math.floor(100 * share)} %)`}${rate}${left}`;
}

const duration = (seconds: number): string =>
  seconds < 90
    ? `${Math.round(seconds)} s`
    : seconds < 5_400
      ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3_600).toFixed(1)} h`;
