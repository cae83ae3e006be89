import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EmbeddingProviders, parseProviders } from '@vectron/embeddings';
import { aloneHere, Engine, type ShardStatus, shardSettings } from '@vectron/engine';
import { toVectronError, VectronError } from '@vectron/errors';
import { EmbeddedMetaStore } from '@vectron/metastore';
import {
  type AskShard,
  type AskWorker,
  allOf,
  analyzed,
  changedSettings,
  changeKind,
  changePoints,
  checkAliasChanges,
  checkCollectionName,
  checkMeasuring,
  checkOptions,
  checkPointId,
  checkSearch,
  checkWhole,
  closeSnapshot,
  collectionSettings,
  countPoints,
  declarationOf,
  type Embed,
  embedPoints,
  embedQuery,
  encodePoints,
  facetPoints,
  initialDeclarations,
  listChanges,
  measureRecall,
  measuringTimeoutMs,
  openSnapshot,
  outcomeOf,
  type PointsChange,
  pagePoints,
  pageSnapshot,
  parseSnapshot,
  payloadChange,
  pointInput,
  type Route,
  readPlan,
  requestOf,
  runQuery,
  schemaOf,
  suspectUpserts,
  writeParts,
  writeToken,
} from '@vectron/model';
import { encoder, placement, workerData } from '@vectron/proto';
import { allPoints } from './all-points.js';
import { indexesOf, recallMeasurement, settingsOf } from './answers.js';
import { ChangeStream, type ChangeStreamOptions, type ChangesOptions, changesOptions } from './change-stream.js';
import type * as api from './client.js';
import { collectionOf } from './collection.js';
import { embeddedAdmin, refusedListing } from './embedded-admin.js';
import { queryResult, storedPoint } from './embedded-answers.js';
import { EmbeddedCatalog, type EmbeddedCollection, EPOCH, routeOf } from './embedded-catalog.js';
import { claimDirectory } from './embedded-directory.js';
import { namingInCamelCase } from './embedded-names.js';
import { embeddedSearch, embeddedSearchBatch } from './embedded-search.js';
import { limitedClient } from './limited-client.js';
import type { OpenOptions } from './open-options.js';
import * as requests from './requests.js';
import { Snapshot, type SnapshotCalls } from './snapshot.js';
import { upsertEach } from './upsert-stream.js';

const encodeShardOp = encoder(workerData.ShardOp.encode);
const CACHE_BYTES = 64 << 20;
const WRITE_BUFFER_BYTES = 64 << 20;
const MAX_WAITING = 10_000;
const MAX_THREADS = 1_024;

/** Opens the embedded database in the directory `path`, which is created if it does not exist. See `open`. */
export async function embeddedClient(path: string, options: OpenOptions = {}): Promise<api.VectronClient> {
  checkOptions(options, ['embeddings', 'threads', 'indexThreads', 'maxBatch']);
  const cores = availableParallelism();
  const { threads = cores, indexThreads = Math.max(1, cores >> 1), maxBatch = 10_000 } = options;
  checkWhole('threads', threads, 1, MAX_THREADS);
  checkWhole('indexThreads', indexThreads, 1, MAX_THREADS);
  checkWhole('maxBatch', maxBatch, 1, Number.MAX_SAFE_INTEGER);
  const providers = new EmbeddingProviders(parseProviders(JSON.stringify(options.embeddings ?? {})));
  await claimDirectory(path);
  // The engine's lock keeps a second process out before it touches the catalogue.
  const engine = await Engine.open(join(path, 'engine'), {
    threads,
    indexThreads,
    maxWaiting: MAX_WAITING,
    cacheBytes: CACHE_BYTES,
    writeBufferBytes: WRITE_BUFFER_BYTES,
  });
  let meta: EmbeddedMetaStore | undefined;
  try {
    const opened = new EmbeddedMetaStore(join(path, 'catalog.db'));
    meta = opened;
    const catalog = new EmbeddedCatalog(opened);
    const collections = await catalog.collections();
    for (const collection of collections) await openShards(engine, collection);
    const known = new Set(collections.flatMap((collection) => collection.shardIds));
    // Left behind by a create or delete that was cut off: no collection has ever shown them, or will again.
    for (const shard of await engine.storedShards()) if (!known.has(shard)) await engine.dropShard(shard);
    return namingInCamelCase(new EmbeddedClient(engine, catalog, () => opened.close(), maxBatch, providers, threads));
  } catch (error) {
    await meta?.close();
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
    private readonly threads: number,
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

  collection<P extends object = api.Payload>(name: string): api.Collection<P> {
    return collectionOf(this, name);
  }

  with(limits: api.CallLimits): api.VectronClient {
    return limitedClient(this, limits);
  }

  readonly #embed: Embed = (provider, texts, dimension, role) =>
    this.providers.get(provider).embed(texts, dimension, role);

  async createCollection(name: string, options: api.CollectionOptions): Promise<void> {
    const request = requests.createCollectionRequest(name, options);
    if (request.replicas > 1)
      throw VectronError.invalid('replicas', 'an embedded database has one replica; omit replicas');
    if (request.rerank?.enabled) throw unbuilt('reranking in an embedded database: connect to a server for it');
    const settings = { ...collectionSettings(request), rerank: undefined };
    const declarations = initialDeclarations(request);
    if (settings.embedding !== undefined) this.providers.get(settings.embedding.provider);
    const made: number[] = [];
    try {
      await this.catalog.create(settings, request.shards || 1, async (collection) => {
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
    const { rerank, embedding, ...rest } = requests.updateCollectionRequest(name, change);
    if (rerank?.enabled) throw unbuilt('reranking in an embedded database: connect to a server for it');
    if (embedding !== undefined) this.providers.get(embedding.provider);
    const request = { ...rest, rerank: undefined, embedding };
    const changed = await this.catalog.update(name, (collection) => changedSettings(collection, request));
    await openShards(this.engine, changed);
    return settingsOf(requestOf(routeOf(changed).collection));
  }

  async deleteCollection(name: string): Promise<void> {
    const { shardIds, name: real } = await this.#collection(requests.collectionRequest(name).name);
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
    const collection = await this.#collection(requests.collectionRequest(name).name);
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
    const request = requests.upsertRequest(name, points);
    const route = await this.#route(request.collection);
    const inputs = request.points.map(pointInput);
    const embedded = await embedPoints(inputs, route.collection, this.#embed);
    const encoded = encodePoints(embedded, route.collection, this.maxBatch);
    const parts = [...route.byShard(encoded)];
    const written = await writeParts(parts, await suspectUpserts(parts, this.#ask), async ([shard, batch]) => {
      const { index } = await this.#run(shard, { $case: 'upsert', value: { points: [...batch] } }, 'written');
      return { shardId: shard.shardId, logIndex: index };
    });
    return { upserted: encoded.length, writeToken: writeToken(written) };
  }

  upsertStream(
    name: string,
    batches: api.Batches,
    options?: api.UpsertStreamOptions,
  ): AsyncIterable<api.BatchAck> & AsyncDisposable {
    return upsertEach((points) => this.upsert(name, points), batches, options);
  }

  async search(name: string, options: api.SearchOptions): Promise<api.SearchResult> {
    const request = requests.searchRequest(name, options);
    return embeddedSearch(() => this.#route(request.collection), request, this.#ask, this.#embed);
  }

  async searchBatch(name: string, options: api.SearchBatchOptions): Promise<api.SearchBatchResult> {
    const request = requests.searchBatchRequest(name, options);
    readPlan(request.consistency);
    checkSearch(request);
    return embeddedSearchBatch(await this.#route(request.collection), request, this.#ask, this.threads);
  }

  /** Every level is the strongest here: there is one replica, and it has applied what it acknowledged. */
  async get(
    name: string,
    id: string,
    options: { consistency?: api.Consistency } = {},
  ): Promise<api.StoredPoint | undefined> {
    const request = requests.getRequest(name, id, options);
    readPlan(request.consistency);
    const point = await this.#get(await this.#route(request.collection), request.id);
    return point && storedPoint(point, true);
  }

  async delete(name: string, id: string): Promise<api.DeleteResult> {
    const request = requests.deleteRequest(name, id);
    checkPointId(request.id, 'id');
    const shard = (await this.#route(request.collection)).shardOf(request.id);
    const { index, affected } = await this.#run(shard, { $case: 'delete', value: { ids: [request.id] } }, 'written');
    return { existed: affected > 0, writeToken: writeToken([{ shardId: shard.shardId, logIndex: index }]) };
  }

  async snapshot(name: string): Promise<Snapshot> {
    const { collection } = requests.openSnapshotRequest(name);
    const of = { owner: '', key: '' };
    const route = await this.#route(collection);
    return new Snapshot(this.#snapshots, collection, await openSnapshot(route, of, this.#ask, this.#askHere));
  }

  async listChanges(name: string, options: ChangesOptions = {}): Promise<api.Changes> {
    const { signal, ...own } = changesOptions(options);
    const { collection, cursor, from, waitMs } = requests.listChangesRequest(name, own);
    const asked = listChanges(
      await this.#route(collection),
      { cursor, from, waitMs },
      { ask: this.#ask, read: (shard, op) => this.#run(shard, { $case: 'changes', value: op }, 'changes') },
    );
    // The core waits on; what it answers then is of no use to anybody.
    const found = await (signal === undefined ? asked : Promise.race([asked, cancelled(signal)]));
    const changes = found.changes.map(({ shardId, change }): api.Change => {
      const { id, index: logIndex, point } = change;
      const made = point === undefined ? { id } : storedPoint(point, true);
      return { shardId, logIndex, kind: changeKind(change), ...made };
    });
    return { changes, nextCursor: found.nextCursor };
  }

  changes(name: string, options?: ChangeStreamOptions): ChangeStream {
    return new ChangeStream((collection, asked) => this.listChanges(collection, asked), name, options);
  }

  async listPoints(name: string, options: api.ListOptions = {}): Promise<api.Page> {
    const request = requests.listPointsRequest(name, options);
    readPlan(request.consistency);
    const route = await this.#route(request.collection);
    const { points, nextCursor } = await (request.snapshot === ''
      ? pagePoints(route, request, this.#ask)
      : pageSnapshot(parseSnapshot(request.snapshot, route.collection), request, this.#askHere));
    const shown = points.map((point) => storedPoint(point, request.includeVectors));
    return { points: shown, nextCursor: nextCursor || undefined };
  }

  points(name: string, options?: api.ListOptions): AsyncIterable<api.StoredPoint> & AsyncDisposable {
    return allPoints((asked) => this.listPoints(name, asked), options);
  }

  async query(name: string, options: api.QueryOptions): Promise<api.QueryResult> {
    return this.#query(requests.queryRequest(name, options));
  }

  async #query(asked: ReturnType<typeof requests.queryRequest>): Promise<api.QueryResult> {
    readPlan(asked.consistency);
    const route = await this.#route(asked.collection);
    const request = await embedQuery(asked, route.collection, this.#embed);
    return queryResult(await runQuery(route, request, this.#ask, () => request.timeoutMs));
  }

  async queryBatch(
    queries: readonly (api.QueryOptions & { collection: string })[],
  ): Promise<(api.QueryResult | VectronError)[]> {
    const asked = requests.queryBatchRequest(queries);
    return Promise.all(asked.queries.map((query) => this.#query(query).catch(toVectronError)));
  }

  async measureRecall(name: string, options: api.RecallOptions = {}): Promise<api.RecallMeasurement> {
    const request = requests.measureRecallRequest(name, options);
    checkMeasuring(request);
    const deadlineMs = Date.now() + measuringTimeoutMs(request);
    const timeoutMs = () => Math.max(1, deadlineMs - Date.now());
    const run = { deadlineMs, timeoutMs, turn: <T>(search: () => Promise<T>) => search() };
    return recallMeasurement(await measureRecall(await this.#route(request.collection), request, this.#ask, run));
  }

  async count(name: string, options: api.CountOptions = {}): Promise<api.CountResult> {
    const request = requests.countRequest(name, options);
    readPlan(request.consistency);
    const counted = await countPoints(await this.#route(request.collection), request, this.#ask);
    return { ...counted, count: Number(counted.count) };
  }

  async facets(name: string, path: string, options: api.FacetOptions = {}): Promise<api.FacetResult> {
    const request = requests.facetRequest(name, path, options);
    readPlan(request.consistency);
    const found = await facetPoints(await this.#route(request.collection), request, this.#ask);
    return { ...found, values: found.values.map(({ value, count }) => ({ value, count: Number(count) })) };
  }

  async updatePoints(name: string, update: api.PayloadUpdate): Promise<{ updated: number; writeToken: string }> {
    const request = requests.updatePointsRequest(name, update);
    const { affected, token } = await this.#change(request.collection, { ...request, action: payloadChange(request) });
    return { updated: affected, writeToken: token };
  }

  async deletePoints(name: string, selector: api.PointsSelector): Promise<{ deleted: number; writeToken: string }> {
    const action = { $case: 'delete', value: true } as const;
    const request = requests.deletePointsRequest(name, selector);
    const { affected, token } = await this.#change(request.collection, { ...request, action });
    return { deleted: affected, writeToken: token };
  }

  async createIndex(name: string, target: api.IndexTarget): Promise<boolean> {
    const request = requests.indexRequest(name, target);
    return this.#declare(await this.#route(request.collection), declarationOf(request, false));
  }

  async deleteIndex(name: string, target: api.IndexTarget): Promise<boolean> {
    const request = requests.indexRequest(name, target);
    return this.#declare(await this.#route(request.collection), declarationOf(request, true));
  }

  async listIndexes(name: string): Promise<api.Indexes> {
    return indexesOf(await schemaOf(await this.#route(requests.indexesRequest(name).collection), this.#ask));
  }

  async analyze(name: string, text: string, how?: api.AnalyzeOptions): Promise<api.Token[]> {
    const request = requests.analyzeRequest(name, text, how);
    return (await analyzed(await this.#route(name), request, this.#ask)).tokens as api.Token[];
  }

  listAliases(): Promise<api.Alias[]> {
    return this.catalog.aliases();
  }

  async updateAliases(changes: { set?: readonly api.Alias[]; delete?: readonly string[] }): Promise<void> {
    const { set, delete: gone } = requests.aliasesRequest(changes);
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #ask: AskShard = async ({ shardId, epoch: shardEpoch }, op) => {
    const bytes = encodeShardOp({ shardId, shardEpoch, op, timeoutMs: 0 });
    const answer = workerData.ShardOutcome.decode(await this.engine.submit(bytes, WRITES.has(op.$case)));
    return { outcome: outcomeOf(answer), appliedIndex: answer.appliedIndex, worker: THIS_PROCESS };
  };

  readonly #askHere: AskWorker = (shardId, _, op) =>
    this.#ask(placement.Shard.fromPartial({ shardId, epoch: EPOCH }), op);

  readonly #snapshots: SnapshotCalls = {
    listPoints: (name, options) => this.listPoints(name, options),
    closeSnapshot: async (name, snapshot) => {
      const { collection } = await this.#route(name);
      return closeSnapshot(async () => parseSnapshot(snapshot, collection), this.#askHere);
    },
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

  #route(name: string): Promise<Route> {
    checkCollectionName(name, 'collection');
    return this.catalog.route(name);
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
    if (outcome.$case !== wanted) throw new VectronError('INTERNAL', 'the core sent an answer of an unexpected type');
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
