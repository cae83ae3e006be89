import type { ColumnChoice, RowSource } from '../rows.js';
import { openChroma } from './chroma.js';
import { openLancedb } from './lancedb.js';
import { openMilvus } from './milvus.js';
import { openPgvector } from './pgvector.js';
import { openQdrant } from './qdrant.js';
import { openWeaviate } from './weaviate.js';

/** Opens a dump of another database, read as docs/import-from.md says. Throws INVALID_ARGUMENT. */
export type OpenDump = (file: string, choice: ColumnChoice) => Promise<RowSource>;

/** By the name that `--from` takes. */
export const OPEN_DUMPS = {
  chroma: openChroma,
  lancedb: openLancedb,
  milvus: openMilvus,
  pgvector: openPgvector,
  qdrant: openQdrant,
  weaviate: openWeaviate,
} as const satisfies Record<string, OpenDump>;
