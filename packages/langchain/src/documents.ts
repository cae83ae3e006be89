import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { Filter, FilterOf, Payload, Point } from '@vectron/sdk';

/** The metadata of LangChain's documents, whatever it holds. */
// biome-ignore lint/suspicious/noExplicitAny: LangChain's own type
export type Metadata = Record<string, any>;

/** The payload of a document's point; langchain-vectron for Python has the same. `M`: the type of the metadata. */
export interface StoredDocument<M extends Metadata = Metadata> {
  /** The text of the document. */
  page_content: string;
  /** The metadata of the document, unchanged. */
  metadata: M;
}

/**
 * A filter of documents; its paths are those of the payload: `metadata.year`. Of metadata whose type is known it has their paths and the
 * tests that their values can pass, as `whereOf<StoredDocument<M>>()` makes it; of others it is any filter, as of `where`.
 */
export type DocumentFilter<M extends Metadata = Metadata> = string extends keyof M
  ? Filter
  : FilterOf<StoredDocument<M>>;

/** Where the text of a document is in the payload of its point. */
export const TEXT = 'page_content';

/** Converts a document to the point that stores it. */
export const pointOf = <M extends Metadata>(
  id: string,
  vector: readonly number[],
  { pageContent, metadata }: DocumentInterface<M>,
): Point<StoredDocument<M>> => ({ id, vector, payload: { page_content: pageContent, metadata } });

/**
 * The document of a point. Of points that others wrote, the whole payload is metadata, but for a text where a document
 * has it.
 */
export function documentOf<M extends Metadata>(id: string, payload: Payload): Document<M> {
  const { [TEXT]: text, ...others } = payload;
  const pageContent = typeof text === 'string' ? text : '';
  const { metadata } = others;
  const isOurs =
    typeof text === 'string' && typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  return new Document({ id, pageContent, metadata: (isOurs ? metadata : others) as M });
}
