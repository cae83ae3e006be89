/**
 * LangChain's `VectorStore` on Vectron: documents are the points of one collection, of a server or of a database in this
 * process. It makes no embeddings itself, and no connection: both are given to it.
 */

export type { DocumentFilter, Metadata, StoredDocument } from './documents.js';
export {
  type AddOptions,
  type DeleteOptions,
  type SearchMode,
  type StoreOptions,
  VectronVectorStore,
} from './vector-store.js';
