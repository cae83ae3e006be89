import { VectronError } from '@vectron/errors';
import { OPEN_DUMPS } from './dumps/index.js';
import type { ColumnChoice, RowSource } from './rows.js';

export const DUMP_NAMES: readonly string[] = Object.keys(OPEN_DUMPS);

/** A dump of another database. Throws INVALID_ARGUMENT for a database that is not known. */
export async function openDump(from: string, file: string, choice: ColumnChoice): Promise<RowSource> {
  if (!Object.hasOwn(OPEN_DUMPS, from)) {
    throw VectronError.invalid('from', `--from must be one of ${DUMP_NAMES.join(', ')}`);
  }
  return OPEN_DUMPS[from as keyof typeof OPEN_DUMPS](file, choice);
}
