import Papa from 'papaparse';
import type { Row, RowSource } from './rows.js';

/** The first line names the columns; cells are text, and empty ones are left out. */
export function csvRows(file: File): RowSource {
  return { format: 'CSV', leftOut: [], rows: () => rowsOf(file) };
}

type Piece = { readonly rows: readonly Row[]; readonly resume: () => void } | { readonly error?: Error };

/** The parser is paused while a piece of the file is worked on. */
async function* rowsOf(file: File): AsyncGenerator<Row> {
  let line = 1;
  const pieces: Piece[] = [];
  let wake: () => void = () => undefined;
  const push = (piece: Piece) => {
    pieces.push(piece);
    wake();
  };
  let stop: () => void = () => undefined;
  Papa.parse<Record<string, unknown>>(file, {
    header: true,
    skipEmptyLines: true,
    chunk: ({ data, errors }, parser) => {
      stop = () => parser.abort();
      parser.pause();
      const reasons = new Map(errors.map(({ row, message }) => [row, message]));
      const rows = data.map((cells, at): Row => {
        line += 1;
        const reason = reasons.get(at);
        return reason === undefined ? { line, fields: filled(cells) } : { line, reason };
      });
      push({ rows, resume: () => parser.resume() });
    },
    complete: () => push({}),
    error: (error) => push({ error }),
  });
  try {
    for (;;) {
      const piece = pieces.shift();
      if (piece === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('rows' in piece) {
        yield* piece.rows;
        piece.resume();
      } else {
        if (piece.error) throw piece.error;
        return;
      }
    }
  } finally {
    stop();
  }
}

const filled = (cells: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ''));
