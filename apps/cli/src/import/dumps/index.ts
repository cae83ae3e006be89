import type { ColumnChoice, RowSource } from '../rows.js';
import { openPgvector } from './pgvector.js';

/** Opens a dump of another database, read as docs/import-from.md says. Throws INVALID_ARGUMENT. */
export type OpenDump = (file: string, choice: ColumnChoice) => Promise<RowSource>;

/** By the name that `--from` takes. */
export const OPEN_DUMPS = { pgvector: openPgvector } as const satisfies Record<string, OpenDump>;
