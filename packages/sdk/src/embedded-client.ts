import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EmbeddingProviders, type ProviderOptions, parseProviders } from '@vectron/embeddings';
import { aloneHere, Engine, type ShardStatus, shardSettings } from '@vectron/engine';
import { toVectronError, VectronError } from '@vectron/errors';
import { EmbeddedMetaStore } from '@vectron/metastore';
import {
  type AskShard,
  allOf,
  analyzed,
  changeCursor,
  changedSettings,
  changeKind,
  changePoints,
  changesOf,
  checkAliasChanges,
  checkCollectionName,
  checkMeasuring,
  checkPointId,
  collectionSettings,
  countPoints,
  declarationOf,
  decodeDocument,
  decodeVector,
  type Embed,
  embedPoints,
  embedQuery,
  encodePoints,
  type Filter,
  facetPoints,
  filterMessage,
  initialDeclarations,
  MAX_CHANGES_WAIT_MS,
  measureRecall,
  measuringTimeoutMs,
  type PointsChange,
  pagePoints,
  parseChangeCursor,
  payloadChange,
  type Route,
  readPlan,
  requestOf,
  runQuery,
  schemaOf,
  suspectUpserts,
  writeParts,
  writeToken,
} from '@vectron/model';
import { greatestOf, type placement, workerData } from '@vectron/proto';
import { indexesOf, recallMeasurement, settingsOf } from './answers.js';
import { ChangeStream, type ChangesOptions } from './change-stream.js';
import type * as api from './client.js';
import { embeddedAdmin, refusedListing } from './embedded-admin.js';
import { queryResult, storedPoint } from './embedded-answers.js';
import { EmbeddedCatalog, type EmbeddedCollection, EPOCH, routeOf } from './embedded-catalog.js';
import { embeddedSearch } from './embedded-search.js';
import * as requests from './requests.js';

export interface OpenOptions {
  /** Embedding providers by name, besides `local`. */
  readonly embeddings?: Readonly<Record<string, ProviderOptions>>;
  /** Threads that answer queries and apply writes; default: one per core. */
  readonly threads?: number;
  /** Threads that build the index; default: half of the cores. */
  readonly indexThreads?: number;
  /** Points in one upsert; default 10,000. */
  readonly maxBatch?: number;
}

const MAX_SHARDS = greatestOf('vectron.v1.CreateCollectionRequest', 'shards');
const CACHE_BYTES = 64 << 20;
const WRITE_BUFFER_BYTES = 64 << 20;
const MAX_WAITING = 10_000;

/** The database in the directory `path`, in this process; made when it is not there. See `open`. */
export async function embeddedClient(path: string, options: OpenOptions = {}): Promise<api.VectronClient> {
  const cores = availableParallelism();
  const { threads = cores, indexThreads = Math.max(1, cores >> 1), maxBatch = 10_000 } = options;
  const providers = new EmbeddingProviders(parseProviders(JSON.stringify(options.embeddings ?? {})));
  await mkdir(path, { recursive: true });
  // The engine's lock keeps a second process out before it touches the catalogue.
  const engine = await Engine.open(join(path, 'engine'), {
    threads,
    indexThreads,
    maxWaiting: MAX_WAITING,
    cacheBytes: CACHE_BYTES,
    writeBufferBytes: WRITE_BUFFER_BYTES,
  });
  try {
    const meta = new EmbeddedMetaStore(join(path, 'catalog.db'));
    const catalog = new EmbeddedCatalog(meta);
    const collections = await catalog.collections();
    for (const collection of collections) await openShards(engine, collection);
    const known = new Set(collections.flatMap((collection) => collection.shardIds));
    // Left behind by a create or delete that was cut off: no collection has ever shown them, or will again.
    for (const shard of await engine.storedShards()) if (!known.has(shard)) await engine.dropShard(shard);
    return new EmbeddedClient(engine, catalog, () => meta.close(), maxBatch, providers);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function openShards(engine: Engine, collection: EmbeddedCollection): Promise<void> {
  const settings = shardSettings({ ...collection, vectors: collection.vectors });
  for (const shard of collection.shardIds)
    await engine.openShard({ ...aloneHere(shard, EPOCH), relaxed: collection.durability === 'relaxed' }, settings);
}

class EmbeddedClient implements api.VectronClient {
  constructor(
    private readonly engine: Engine,
    private readonly catalog: EmbeddedCatalog,
    private readonly closeCatalog: () => Promise<void>,
    private readonly maxBatch: number,
    private readonly providers: EmbeddingProviders,
  ) {}

  readonly admin = embeddedAdmin(async () => {
    const status = this.engine.status();
    const total = (of: (shard: ShardStatus) => number) => status.reduce((sum, shard) => sum + of(shard), 0);
    return {
      collections: (await this.catalog.collections()).length,
      shards: status.length,
      points: total(({ livePoints }) => livePoints),
      indexLag: total(({ tailPoints }) => tailPoints),
      shardMemoryBytes: total(({ memoryBytes }) => memoryBytes),
      shardDiskBytes: total(({ diskBytes }) => diskBytes),
    };
  });

  readonly #embed: Embed = (provider, texts, dimension) => this.providers.get(provider).embed(texts, dimension);

  async createCollection(name: string, options: api.CollectionOptions): Promise<void> {
    const { shards = 1, rerank } = options;
    if ((options.replicas ?? 1) > 1) throw VectronError.invalid('replicas', 'an embedded database has one replica');
    if (rerank?.enabled) throw unbuilt('reranking in an embedded database: connect to a server for it');
    if (!(Number.isInteger(shards) && shards >= 0 && shards <= MAX_SHARDS)) {
      throw VectronError.invalid('shards', `shards must be 0 to ${MAX_SHARDS}, not ${shards}`);
    }
    const request = requests.createCollectionRequest(name, { ...options, rerank: undefined, replicas: undefined });
    const settings = collectionSettings(request);
    const declarations = initialDeclarations(request);
    if (settings.embedding !== undefined) this.providers.get(settings.embedding.provider);
    const made: number[] = [];
    try {
      await this.catalog.create(settings, shards || 1, async (collection) => {
        made.push(...collection.shardIds);
        await openShards(this.engine, collection);
        for (const declaration of declarations) await this.#declare(routeOf(collection), declaration);
      });
    } catch (error) {
      // No collection has shown them. What cannot be dropped now is dropped by the next `open`.
      await Promise.allSettled(made.map((shard) => this.engine.dropShard(shard)));
      throw error;
    }
  }

  async updateCollection(name: string, change: api.CollectionChange): Promise<api.CollectionOptions> {
    const { rerank, embedding } = change;
    if (rerank?.enabled) throw unbuilt('reranking in an embedded database: connect to a server for it');
    if (embedding !== undefined) this.providers.get(embedding.provider);
    const request = requests.updateCollectionRequest(name, { ...change, rerank: undefined });
    const changed = await this.catalog.update(name, (collection) => changedSettings(collection, request));
    await openShards(this.engine, changed);
    return settingsOf(requestOf(routeOf(changed).collection));
  }

  async deleteCollection(name: string): Promise<void> {
    const { shardIds, name: real } = await this.#collection(name);
    // An alias is no collection.
    if (real !== name) throw new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
    await this.catalog.delete(name);
    for (const shard of shardIds) await this.engine.dropShard(shard);
  }

  async listCollections(): Promise<api.CollectionInfo[]> {
    const status = this.#status();
    const collections = await this.catalog.collections();
    return collections.map(({ name, dimension, distance, shardIds }) => {
      const points = shardIds.reduce((sum, shard) => sum + (status.get(shard)?.livePoints ?? 0), 0);
      return { name, dimension, distance, shards: shardIds.length, points };
    });
  }

  async collectionStatus(name: string): Promise<api.CollectionStatus> {
    const collection = await this.#collection(name);
    const { dimension, distance, shardIds } = collection;
    const status = this.#status();
    const shards = shardIds.map((shardId) => {
      const shard = status.get(shardId);
      return { shardId, ready: shard !== undefined, points: shard?.livePoints ?? 0, replicas: [1] };
    });
    const indexLag = shardIds.reduce((sum, shard) => sum + (status.get(shard)?.tailPoints ?? 0), 0);
    const points = shards.reduce((sum, shard) => sum + shard.points, 0);
    const settings = settingsOf(requestOf(routeOf(collection).collection));
    return { name, dimension, distance, points, indexLag, shards, settings };
  }

  async upsert(name: string, points: readonly api.Point[]): Promise<api.UpsertResult> {
    const route = await this.#route(name);
    const inputs = points.map(({ sparse, vectors, ...point }) => ({
      ...point,
      vector: point.vector ?? [],
      payload: point.payload,
      sparse: Object.entries(sparse ?? {}),
      vectors: Object.entries(vectors ?? {}),
    }));
    const embedded = await embedPoints(inputs, route.collection, this.#embed);
    const encoded = encodePoints(embedded, route.collection, this.maxBatch);
    const parts = [...route.byShard(encoded)];
    const written = await writeParts(parts, await suspectUpserts(parts, this.#ask), async ([shard, batch]) => {
      const { index } = await this.#run(shard, { $case: 'upsert', value: { points: [...batch] } }, 'written');
      return { shardId: shard.shardId, logIndex: index };
    });
    return { upserted: encoded.length, writeToken: writeToken(written) };
  }

  async search(name: string, options: api.SearchOptions): Promise<api.SearchResult> {
    const request = requests.searchRequest(name, options);
    return embeddedSearch(() => this.#route(name), request, this.#ask, this.#embed);
  }

  /** Every level is the strongest here: there is one replica, and it has applied what it acknowledged. */
  async get(
    name: string,
    id: string,
    options: { consistency?: api.Consistency } = {},
  ): Promise<api.StoredPoint | undefined> {
    readPlan(requests.consistencyMessage(options.consistency));
    const point = await this.#get(await this.#route(name), id);
    return point && storedPoint(point, true);
  }

  async delete(name: string, id: string): Promise<api.DeleteResult> {
    checkPointId(id, 'id');
    const shard = (await this.#route(name)).shardOf(id);
    const { index, affected } = await this.#run(shard, { $case: 'delete', value: { ids: [id] } }, 'written');
    return { existed: affected > 0, writeToken: writeToken([{ shardId: shard.shardId, logIndex: index }]) };
  }

  async listChanges(name: string, { cursor = '', waitMs = 0, signal }: ChangesOptions = {}): Promise<api.Changes> {
    const { collection, shards } = await this.#route(name);
    if (!(waitMs >= 0 && waitMs <= MAX_CHANGES_WAIT_MS)) {
      throw VectronError.invalid('wait_ms', `wait_ms must be at most ${MAX_CHANGES_WAIT_MS}`);
    }
    const from = parseChangeCursor(cursor, collection);
    const asked = changesOf(shards, waitMs, (shard, wait, next) =>
      this.#run(
        shard,
        { $case: 'changes', value: { fromIndex: next ?? from.get(shard.shardId) ?? 0n, waitMs: wait } },
        'changes',
      ),
    );
    // The core waits on; what it answers then is of no use to anybody.
    const batches = await (signal === undefined ? asked : Promise.race([asked, cancelled(signal)]));
    const changes = batches.flatMap(({ shardId, batch }) =>
      batch.changes.map((change): api.Change => {
        const what = { shardId, logIndex: change.index, kind: changeKind(change), id: change.id };
        if (what.kind === 'delete') return what;
        const vector = Float32Array.from(decodeVector(change.vector));
        return { ...what, vector, payload: decodeDocument(change.payload) };
      }),
    );
    return { changes, nextCursor: changeCursor(collection, batches) };
  }

  changes(name: string, options?: ChangesOptions): ChangeStream {
    return new ChangeStream((collection, asked) => this.listChanges(collection, asked), name, options);
  }

  async listPoints(name: string, options: api.ListOptions = {}): Promise<api.Page> {
    const request = requests.listPointsRequest(name, options);
    readPlan(request.consistency);
    const { points, nextCursor } = await pagePoints(await this.#route(name), request, this.#ask);
    const shown = points.map((point) => storedPoint(point, request.includeVectors));
    return { points: shown, nextCursor: nextCursor || undefined };
  }

  async query(name: string, options: api.QueryOptions): Promise<api.QueryResult> {
    const route = await this.#route(name);
    const request = await embedQuery(requests.queryRequest(name, options), route.collection, this.#embed);
    readPlan(request.consistency);
    return queryResult(await runQuery(route, request, this.#ask, () => request.timeoutMs));
  }

  queryBatch(
    queries: readonly (api.QueryOptions & { collection: string })[],
  ): Promise<(api.QueryResult | VectronError)[]> {
    return Promise.all(
      queries.map(({ collection, ...options }) => this.query(collection, options).catch(toVectronError)),
    );
  }

  async measureRecall(name: string, options: api.RecallOptions = {}): Promise<api.RecallMeasurement> {
    const request = requests.measureRecallRequest(name, options);
    checkMeasuring(request);
    const deadlineMs = Date.now() + measuringTimeoutMs(request);
    const timeoutMs = () => Math.max(1, deadlineMs - Date.now());
    const run = { deadlineMs, timeoutMs, turn: <T>(search: () => Promise<T>) => search() };
    return recallMeasurement(await measureRecall(await this.#route(name), request, this.#ask, run));
  }

  async count(
    name: string,
    { filter, estimate = false }: { filter?: Filter; estimate?: boolean } = {},
  ): Promise<api.CountResult> {
    const request = { filter: filter && filterMessage(filter), estimate };
    const counted = await countPoints(await this.#route(name), request, this.#ask);
    return { ...counted, count: Number(counted.count) };
  }

  async facets(
    name: string,
    path: string,
    { filter, limit = 0 }: { filter?: Filter; limit?: number } = {},
  ): Promise<api.FacetResult> {
    const request = { path, filter: filter && filterMessage(filter), limit };
    const found = await facetPoints(await this.#route(name), request, this.#ask);
    return { ...found, values: found.values.map(({ value, count }) => ({ value, count: Number(count) })) };
  }

  async updatePoints(name: string, update: api.PayloadUpdate): Promise<{ updated: number; writeToken: string }> {
    const request = requests.updatePointsRequest(name, update);
    const { affected, token } = await this.#change(name, { ...request, action: payloadChange(request) });
    return { updated: affected, writeToken: token };
  }

  async deletePoints(name: string, selector: api.PointsSelector): Promise<{ deleted: number; writeToken: string }> {
    const action = { $case: 'delete', value: true } as const;
    const { affected, token } = await this.#change(name, { ...requests.deletePointsRequest(name, selector), action });
    return { deleted: affected, writeToken: token };
  }

  async createIndex(name: string, target: api.IndexTarget): Promise<boolean> {
    return this.#declare(await this.#route(name), declarationOf(requests.indexRequest(name, target), false));
  }

  async deleteIndex(name: string, target: api.IndexTarget): Promise<boolean> {
    return this.#declare(await this.#route(name), declarationOf(requests.indexRequest(name, target), true));
  }

  async listIndexes(name: string): Promise<api.Indexes> {
    return indexesOf(await schemaOf(await this.#route(name), this.#ask));
  }

  async analyze(name: string, text: string, how?: api.AnalyzeOptions): Promise<api.Token[]> {
    const request = requests.analyzeRequest(name, text, how);
    return (await analyzed(await this.#route(name), request, this.#ask)).tokens as api.Token[];
  }

  listAliases(): Promise<api.Alias[]> {
    return this.catalog.aliases();
  }

  async updateAliases(changes: { set?: readonly api.Alias[]; delete?: readonly string[] }): Promise<void> {
    const { set = [], delete: gone = [] } = changes;
    checkAliasChanges(set, gone);
    await this.catalog.updateAliases(set, gone);
  }

  async feedback(): Promise<string> {
    throw unbuilt('feedback in an embedded database: connect to a server for it');
  }

  readonly register = noUsers;
  readonly login = noUsers;
  readonly refresh = noUsers;
  readonly logout = noUsers;
  readonly changePassword = noUsers;
  readonly profile = noUsers;
  readonly deleteAccount = noUsers;
  readonly inviteUser = noUsers;
  readonly listInvitations = () => refusedListing(noUsers);
  readonly deleteInvitation = noUsers;
  readonly createApiKey = noUsers;
  readonly listApiKeys = noUsers;
  readonly deleteApiKey = noUsers;

  /** Everything acknowledged is on disk before and after; this makes the next `open` fast. */
  async close(): Promise<void> {
    await this.engine.close();
    await this.closeCatalog();
  }

  readonly #ask: AskShard = async ({ shardId, epoch: shardEpoch }, op) => {
    const bytes = workerData.ShardOp.encode({ shardId, shardEpoch, op, timeoutMs: 0 }).finish();
    const answer = workerData.ShardOutcome.decode(await this.engine.submit(Buffer.from(bytes), WRITES.has(op.$case)));
    const { outcome, appliedIndex, errorCode, errorMessage } = answer;
    if (errorCode !== '') throw VectronError.fromWire(errorCode, errorMessage);
    if (outcome === undefined) throw new VectronError('INTERNAL', 'the core answered nothing');
    return { outcome, appliedIndex, worker: THIS_PROCESS };
  };

  async #change(name: string, change: PointsChange): Promise<{ affected: number; token: string }> {
    const write = (shard: placement.Shard, mutation: workerData.Mutation) =>
      this.#run(shard, { $case: 'mutate', value: mutation }, 'written');
    const { affected, writes } = await changePoints(await this.#route(name), change, this.#ask, write);
    return { affected: Number(affected), token: writes.length > 0 ? writeToken(writes) : '' };
  }

  /** Whether a shard did not have it so before. */
  async #declare({ shards }: Route, declaration: workerData.Declaration): Promise<boolean> {
    const op = { $case: 'declare', value: declaration } as const;
    const declare = async (shard: placement.Shard) => (await this.#run(shard, op, 'written')).affected > 0;
    // All of them declare the same, so that what the first refuses is declared on none.
    const [first, ...others] = shards;
    const changed = await declare(first);
    return (await allOf(others, 1, declare)).some((one) => one) || changed;
  }

  #collection(name: string): Promise<EmbeddedCollection> {
    checkCollectionName(name, 'collection');
    return this.catalog.collection(name);
  }

  async #route(name: string): Promise<Route> {
    return routeOf(await this.#collection(name));
  }

  #status(): Map<number, ShardStatus> {
    return new Map(this.engine.status().map((shard) => [shard.shardId, shard]));
  }

  async #get(route: Route, id: string): Promise<workerData.PointData | undefined> {
    checkPointId(id, 'id');
    const { points } = await this.#run(route.shardOf(id), { $case: 'get', value: { ids: [id] } }, 'points');
    return points[0];
  }

  /** The outcome of one operation, which is of the kind `wanted`. Throws its failure. */
  async #run<K extends Outcome['$case']>(
    shard: placement.Shard,
    op: Operation,
    wanted: K,
  ): Promise<Extract<Outcome, { $case: K }>['value']> {
    const { outcome } = await this.#ask(shard, op);
    if (outcome.$case !== wanted) throw new VectronError('INTERNAL', 'the core answered something else');
    return outcome.value as never;
  }
}

type Operation = NonNullable<workerData.ShardOp['op']>;
/** The number of the only worker. */
const THIS_PROCESS = 1;
const WRITES: ReadonlySet<Operation['$case']> = new Set(['upsert', 'delete', 'mutate', 'declare'] as const);

type Outcome = NonNullable<workerData.ShardOutcome['outcome']>;

/** Rejects with CANCELLED when the signal is aborted. */
const cancelled = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const cancel = () => reject(new VectronError('CANCELLED', 'the call was cancelled'));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });

const unbuilt = (what: string) => new VectronError('UNIMPLEMENTED', `not built yet: ${what}`);
const noUsers = () => Promise.reject(unbuilt('users and keys; an embedded database belongs to its process'));
