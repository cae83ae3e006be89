import { VectronError } from '@vectron/errors';
import { readSnapshot } from '../snapshot-file.js';
import type { ColumnChoice, RowSource } from './rows.js';

/** The points of a snapshot; a collection that is made has its settings. Reads it whole first, to know that it is unchanged. */
export async function snapshotSource(file: string, choice: ColumnChoice): Promise<RowSource> {
  const named = (['id', 'vector', 'payload', 'table'] as const).find((flag) => choice[flag] !== undefined);
  if (named !== undefined)
    throw VectronError.invalid(named, `a snapshot has no columns to choose from; omit --${named}`);
  const { header, points } = await readSnapshot(file);
  const { settings } = header;
  return {
    dimension: settings.dimension,
    settings,
    understood: [`a snapshot of the collection ${header.collection}, of ${header.at}`],
    async *rows() {
      // The first line is the header.
      let line = 1;
      for await (const point of points) {
        line += 1;
        yield { place: { file, line }, point };
      }
    },
  };
}
