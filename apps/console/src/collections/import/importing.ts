import { VectronError } from '@vectron/errors';
import { stringifyJson } from '@vectron/model/exact-json';
import type { Run } from '../transfer/use-transfer';
import { inRequests, upsert } from '../transfer/write-points';
import { type Columns, type ImportPoint, pointOf } from './columns';
import type { RowSource } from './rows';

export interface Refused {
  readonly line: number;
  readonly id?: string;
  readonly reason: string;
}
export interface Imported {
  readonly written: number;
  readonly refused: readonly Refused[];
  /** Rows of the file that were read, refused ones included. */
  readonly rows: number;
}

type Numbered = ImportPoint & { readonly line: number };

/** Codes of a batch in which single points are wrong: it is sent again in halves. */
const OF_POINTS = ['INVALID_ARGUMENT', 'DIMENSION_MISMATCH', 'PAYLOAD_TOO_LARGE'];

/** Writes every row as a point, or says why it is none. */
export async function importRows(
  {
    source,
    columns,
    collection,
    dimension,
  }: { source: RowSource; columns: Columns; collection: string; dimension: number },
  { signal, onProgress }: Run,
): Promise<Imported> {
  const refused: Refused[] = [];
  const seen = new Set<string>();
  let rows = 0;
  async function* points(): AsyncGenerator<Numbered> {
    for await (const row of source.rows()) {
      signal.throwIfAborted();
      rows += 1;
      const point = pointOf(row, columns, dimension);
      if ('reason' in point) refused.push({ line: row.line, reason: point.reason });
      else if (seen.has(point.id)) refused.push({ line: row.line, id: point.id, reason: 'an earlier row has this id' });
      else {
        seen.add(point.id);
        yield { ...point, line: row.line };
      }
    }
  }
  const write = async (batch: readonly Numbered[]): Promise<number> => {
    try {
      await upsert(
        collection,
        batch.map(({ line: _, ...point }) => point),
        signal,
      );
      return batch.length;
    } catch (error) {
      if (!(error instanceof VectronError) || !OF_POINTS.includes(error.code)) throw error;
      if (batch.length === 1) {
        refused.push({ line: batch[0].line, id: batch[0].id, reason: error.message });
        return 0;
      }
      const middle = batch.length >> 1;
      return (await write(batch.slice(0, middle))) + (await write(batch.slice(middle)));
    }
  };
  let done = 0;
  for await (const batch of inRequests(points())) {
    done += await write(batch);
    onProgress({ done, total: source.total });
  }
  return { written: done, refused: refused.sort((a, b) => a.line - b.line), rows };
}

/** The rows that are no points, as `vectron import` reports them. */
export const reportOf = (file: string, refused: readonly Refused[]): Blob =>
  new Blob(
    refused.map((one) => `${stringifyJson({ file, ...one })}\n`),
    { type: 'application/x-ndjson' },
  );
