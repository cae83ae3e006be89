import { VectronError } from '@vectron/errors';
import { DUMPS, type Dump, dumpSource } from '../dump-sources.js';
import { OPEN_DUMPS } from './dumps/index.js';
import type { ColumnChoice, RowSource } from './rows.js';

export const DUMP_NAMES: readonly string[] = DUMPS;

/** A dump of another database. Throws INVALID_ARGUMENT for a database that is not known. */
export async function openDump(from: string, file: string, choice: ColumnChoice): Promise<RowSource> {
  if (!DUMP_NAMES.includes(from)) throw VectronError.invalid('from', `--from is one of ${DUMP_NAMES.join(', ')}`);
  if (from === 'pgvector') return OPEN_DUMPS.pgvector(file, choice);
  const open = () => dumpSource(from as Dump, file, { table: choice.table, vector: choice.vector });
  let dimension = (await open()).dimension;
  for await (const { vector } of (await open()).points) {
    dimension ??= vector?.length;
    break;
  }
  return {
    dimension,
    understood: [`a dump of ${from}`],
    async *rows() {
      let line = 0;
      for await (const point of (await open()).points) {
        line += 1;
        yield { place: { file, line }, point };
      }
    },
  };
}
