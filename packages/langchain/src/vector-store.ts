import type { Document, DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { type MaxMarginalRelevanceSearchOptions, VectorStore } from '@langchain/core/vectorstores';
import {
  bulkWriter,
  type Collection,
  type CollectionOptions,
  type Consistency,
  type Filter,
  type PayloadIndex,
  type QueryBranch,
  type VectronClient,
  VectronError,
} from '@vectron/sdk';
import { type DocumentFilter, documentOf, type Metadata, pointOf, type StoredDocument, TEXT } from './documents.js';

/**
 * What a search with a text looks at. `vector`: the embedding of the text; `text`: its words, scored by BM25; `hybrid`: both,
 * fused by their ranks. `text` and `hybrid` need a text index of `page_content`.
 */
export type SearchMode = 'vector' | 'text' | 'hybrid';

const MODES: readonly string[] = ['vector', 'text', 'hybrid'] satisfies SearchMode[];

/** Options of a `VectronVectorStore`: where documents are stored, and how they are written and searched. */
export interface StoreOptions {
  /** The client from `connect` or `open` of `@vectron/sdk`. The store does not close it. */
  readonly client: VectronClient;
  /** The name of the collection; default: `langchain`. */
  readonly collection?: string;
  /**
   * How the collection is made with the first document, where there is none: as `createCollection` takes it, with as many dimensions as
   * the embedding has. With another `mode` than `vector` it gets a text index of `page_content`, unless `indexes` has one.
   */
  readonly make?: Omit<CollectionOptions, 'dimension'>;
  /** What searches with a text use: vectors, words or both; default: `vector`. */
  readonly mode?: SearchMode;
  /**
   * The consistency of searches; default: that of the client. A single server always shows every document that was
   * added.
   */
  readonly consistency?: Consistency;
  /** Maximum number of documents per batch; default 100. */
  readonly batchSize?: number;
}

/** Options of `addDocuments` and `addVectors`. */
export interface AddOptions {
  /**
   * Ids of the documents; default: the `id` of each document, or a random one. An existing document with the same id is
   * replaced.
   */
  readonly ids?: readonly (string | undefined)[];
}

/**
 * Selects the documents to delete: by ids, by a filter, or the given ids that match the filter. At least one is
 * required.
 */
export interface DeleteOptions<M extends Metadata = Metadata> {
  /** Ids of the documents; unknown ids are ignored. */
  readonly ids?: readonly string[];
  /** A filter on the payload, with paths such as `metadata.year`. */
  readonly filter?: DocumentFilter<M>;
}

const DEFAULT_COLLECTION = 'langchain';

/**
 * A vector store that keeps documents in one Vectron collection. `M` is the type of their metadata and types the filters; it is not
 * checked at run time. A higher score is better. A missing collection counts as empty. The store can be shared between callers,
 * like the client.
 *
 * Failures throw VectronError; failed writes throw BulkWriteError.
 */
export class VectronVectorStore<M extends Metadata = Metadata> extends VectorStore {
  /** A Vectron filter on the payload, with paths such as `metadata.year`. */
  declare FilterType: DocumentFilter<M>;
  /** The client with which the store was created. */
  readonly client: VectronClient;
  /** The collection that stores the documents; it may not exist yet. */
  readonly collection: Collection<StoredDocument<M>>;
  /** What searches with a text use: vectors, words or both. */
  readonly mode: SearchMode;
  readonly #options: StoreOptions;
  /** The collection, whose points others may have written, too. */
  readonly #points: Collection;

  /** Creates a store without sending a request. Throws INVALID_ARGUMENT if an option is invalid. */
  constructor(embeddings: EmbeddingsInterface, options: StoreOptions) {
    const { client, collection = DEFAULT_COLLECTION, mode = 'vector' } = options ?? {};
    // What LangChain keeps of its arguments is written to traces: the client is not among it.
    super(embeddings, { collection });
    if (typeof client?.collection !== 'function')
      throw VectronError.invalid('client', 'client must be a client returned by connect or open of @vectron/sdk');
    if (!MODES.includes(mode)) throw VectronError.invalid('mode', `mode must be one of ${MODES.join(', ')}`);
    this.#options = options;
    this.client = client;
    this.collection = client.collection(collection);
    this.#points = client.collection(collection);
    this.mode = mode;
  }

  /** The type name of this store in LangChain. */
  override _vectorstoreType(): string {
    return 'vectron';
  }

  /** Creates a store and adds these texts. `metadatas` has one entry per text, or one for all texts. */
  static override async fromTexts<M extends Metadata = Metadata>(
    texts: string[],
    metadatas: NoInfer<M>[] | NoInfer<M>,
    embeddings: EmbeddingsInterface,
    options: StoreOptions & AddOptions,
  ): Promise<VectronVectorStore<M>> {
    const isEach = Array.isArray(metadatas);
    if (isEach && metadatas.length !== texts.length) throw differing('metadatas', metadatas.length, texts.length);
    const documents = texts.map((pageContent, at) => ({ pageContent, metadata: isEach ? metadatas[at] : metadatas }));
    return VectronVectorStore.fromDocuments<M>(documents, embeddings, options);
  }

  /** Creates a store and adds these documents. */
  static override async fromDocuments<M extends Metadata = Metadata>(
    documents: DocumentInterface<NoInfer<M>>[],
    embeddings: EmbeddingsInterface,
    { ids, ...options }: StoreOptions & AddOptions,
  ): Promise<VectronVectorStore<M>> {
    const store = new VectronVectorStore<M>(embeddings, options);
    await store.addDocuments(documents, { ids });
    return store;
  }

  /** Creates a store for an existing collection. Throws COLLECTION_NOT_FOUND if it does not exist. */
  static async fromExistingCollection<M extends Metadata = Metadata>(
    embeddings: EmbeddingsInterface,
    options: StoreOptions,
  ): Promise<VectronVectorStore<M>> {
    const store = new VectronVectorStore<M>(embeddings, options);
    await store.client.collectionStatus(store.collection.name);
    return store;
  }

  /** Writes documents with the embeddings of their texts, and returns their ids in the same order. */
  override async addDocuments(documents: DocumentInterface<M>[], options: AddOptions = {}): Promise<string[]> {
    if (documents.length === 0) return [];
    const vectors = await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent));
    return this.addVectors(vectors, documents, options);
  }

  /**
   * Writes documents with these embeddings; of equal ids the last one counts. Gives their ids, in their order. Throws BulkWriteError,
   * which names the documents that were not written; other documents may be.
   */
  override async addVectors(
    vectors: number[][],
    documents: DocumentInterface<M>[],
    { ids }: AddOptions = {},
  ): Promise<string[]> {
    if (vectors.length !== documents.length) throw differing('vectors', vectors.length, documents.length);
    if (ids !== undefined && ids.length !== documents.length) throw differing('ids', ids.length, documents.length);
    if (documents.length === 0) return [];
    const named = documents.map(({ id }, at) => ids?.[at] ?? id ?? crypto.randomUUID());
    const write = async () => {
      await using writer = bulkWriter(this.collection, { batchSize: this.#options.batchSize });
      for (const [at, document] of documents.entries()) await writer.add(pointOf(named[at], vectors[at], document));
      await writer.close();
    };
    try {
      await write();
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.#make(vectors[0].length);
      await write();
    }
    return named;
  }

  /** Deletes documents by id, by filter, or by both. Throws INVALID_ARGUMENT without either. */
  override async delete({ ids, filter }: DeleteOptions<M> = {}): Promise<void> {
    if (ids === undefined && filter === undefined)
      throw VectronError.invalid('ids', 'delete requires ids, a filter, or both');
    if (ids?.length === 0) return;
    try {
      await this.#points.deletePoints({ ids, filter: untyped(filter) });
    } catch (error) {
      // Without a collection there is no document either.
      if (!isMissing(error)) throw error;
    }
  }

  /** Returns the `k` documents whose embeddings are nearest to `query`, best first, with their scores. */
  override async similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: this['FilterType'],
  ): Promise<[Document<M>, number][]> {
    return this.#found([{ vector: query }], k, filter);
  }

  /** Returns the `k` best documents for a text, according to the `mode` of the store. */
  override async similaritySearch(query: string, k = 4, filter?: this['FilterType']): Promise<Document<M>[]> {
    return (await this.similaritySearchWithScore(query, k, filter)).map(([document]) => document);
  }

  /** Like `similaritySearch`, with scores: BM25 in mode `text`, fused ranks in mode `hybrid`. */
  override async similaritySearchWithScore(
    query: string,
    k = 4,
    filter?: this['FilterType'],
  ): Promise<[Document<M>, number][]> {
    const branches: QueryBranch[] = [];
    if (this.mode !== 'text') branches.push({ vector: await this.embeddings.embedQuery(query) });
    if (this.mode !== 'vector') branches.push({ text: { query, fields: [{ path: TEXT }] } });
    return this.#found(branches, k, filter);
  }

  /**
   * Documents that are near a text and far from each other, chosen by the server from the `fetchK` (20) nearest ones. `lambda` (0.5):
   * 1 is nearness alone, 0 difference alone. It looks at embeddings, whatever the store's `mode` is.
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = 20, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<this['FilterType']>,
  ): Promise<Document<M>[]> {
    const candidates = Math.max(fetchK, k);
    const vector = await this.embeddings.embedQuery(query);
    const found = await this.#found([{ vector, limit: candidates }], k, filter, { share: 1 - lambda, candidates });
    return found.map(([document]) => document);
  }

  async #found(
    branches: readonly QueryBranch[],
    topK: number,
    filter: this['FilterType'] | undefined,
    diversity?: { share: number; candidates: number },
  ): Promise<[Document<M>, number][]> {
    const { consistency } = this.#options;
    try {
      const { hits } = await this.#points.query({ branches, topK, filter: untyped(filter), consistency, diversity });
      return hits.map(({ id, payload, score }) => [documentOf<M>(id, payload), score]);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async #make(dimension: number): Promise<void> {
    const { make = {} } = this.#options;
    const words: PayloadIndex = { path: TEXT, type: 'text' };
    const { indexes = [] } = make;
    const isIndexed = this.mode === 'vector' || indexes.some(({ path, type }) => path === TEXT && type === 'text');
    try {
      const own = isIndexed ? indexes : [...indexes, words];
      await this.client.createCollection(this.collection.name, { ...make, indexes: own, dimension });
    } catch (error) {
      // Another writer was first.
      if (!(error instanceof VectronError && error.code === 'COLLECTION_EXISTS')) throw error;
    }
  }
}

/** A filter of any type is one; the compiler does not see through types that have parameters. */
const untyped = (filter: unknown) => filter as Filter | undefined;

const isMissing = (error: unknown): boolean => error instanceof VectronError && error.code === 'COLLECTION_NOT_FOUND';

const differing = (field: string, count: number, documents: number): VectronError =>
  VectronError.invalid(field, `got ${count} ${field} for ${documents} documents; pass the same number of each`);
