import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { aloneHere, Engine, type ShardStatus, shardSettings } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { EmbeddedMetaStore } from '@vectron/metastore';
import {
  changeCursor,
  changeKind,
  changesOf,
  checkCollectionName,
  checkLimit,
  checkPointId,
  checkSearch,
  collectionSettings,
  DEFAULT_TOP_K,
  decodeDocument,
  decodeVector,
  encodePoints,
  encodeVector,
  MAX_CHANGES_WAIT_MS,
  MAX_TOP_K,
  mergeHits,
  parseChangeCursor,
  type Route,
  readPlan,
  writeToken,
} from '@vectron/model';
import { gateway, type placement, workerData } from '@vectron/proto';
import type * as api from './client.js';
import { wireConsistency } from './consistency.js';
import { EmbeddedCatalog, type EmbeddedCollection, EPOCH, routeOf } from './embedded-catalog.js';
import { oneQuery, toFloats } from './vectors.js';

export interface OpenOptions {
  /** Threads that answer queries and apply writes; default: one per core. */
  readonly threads?: number;
  /** Threads that build the index; default: half of the cores. */
  readonly indexThreads?: number;
  /** Points in one upsert; default 10,000. */
  readonly maxBatch?: number;
}

const MAX_SHARDS = 64;
const CACHE_BYTES = 64 << 20;
const WRITE_BUFFER_BYTES = 64 << 20;
const MAX_WAITING = 10_000;

/** The database in the directory `path`, in this process; made when it is not there. See `open`. */
export async function embeddedClient(path: string, options: OpenOptions = {}): Promise<api.VectronClient> {
  const cores = availableParallelism();
  const { threads = cores, indexThreads = Math.max(1, cores >> 1), maxBatch = 10_000 } = options;
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
    return new EmbeddedClient(engine, catalog, () => meta.close(), maxBatch);
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
  ) {}

  async createCollection(name: string, options: api.CollectionOptions): Promise<void> {
    const { dimension, distance, shards = 1, hnswM, hnswEfConstruction, vectors, durability, rerank } = options;
    if ((options.replicas ?? 1) > 1) throw VectronError.invalid('replicas', 'an embedded database has one replica');
    if (rerank?.enabled) throw unbuilt('reranking in an embedded database: connect to a server for it');
    if (!(Number.isInteger(shards) && shards >= 0 && shards <= MAX_SHARDS)) {
      throw VectronError.invalid('shards', `shards must be 0 to ${MAX_SHARDS}, not ${shards}`);
    }
    const request = { name, dimension, distance, hnswM, hnswEfConstruction, vectors, durability };
    const settings = collectionSettings(gateway.CreateCollectionRequest.fromPartial(request));
    await this.catalog.create(settings, shards || 1, (collection) => openShards(this.engine, collection));
  }

  async deleteCollection(name: string): Promise<void> {
    const { shardIds } = await this.#collection(name);
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
    const { dimension, distance, shardIds } = await this.#collection(name);
    const status = this.#status();
    const shards = shardIds.map((shardId) => {
      const shard = status.get(shardId);
      return { shardId, ready: shard !== undefined, points: shard?.livePoints ?? 0, replicas: [1] };
    });
    const indexLag = shardIds.reduce((sum, shard) => sum + (status.get(shard)?.tailPoints ?? 0), 0);
    const points = shards.reduce((sum, shard) => sum + shard.points, 0);
    return { name, dimension, distance, points, indexLag, shards };
  }

  async upsert(name: string, points: readonly api.Point[]): Promise<api.UpsertResult> {
    const route = await this.#route(name);
    const inputs = points.map(({ id, vector, payload }) => ({ id, vector, payload }));
    const encoded = encodePoints(inputs, route.collection, this.maxBatch);
    const writes = [...route.byShard(encoded)].map(async ([shard, batch]) => {
      const { index } = await this.#run(shard, { $case: 'upsert', value: { points: batch } }, 'written');
      return { shardId: shard.shardId, logIndex: index };
    });
    const written = await Promise.all(writes);
    return { upserted: encoded.length, writeToken: writeToken(written) };
  }

  async search(name: string, options: api.SearchOptions): Promise<api.SearchResult> {
    oneQuery(options);
    const { ef = 0, recall = 0, exact = false, scoreThreshold, likeId, timeoutMs = 0 } = options;
    readPlan(wireConsistency(options.consistency));
    checkSearch({ topK: options.topK ?? 0, ef, recall, scoreThreshold });
    const route = await this.#route(name);
    const topK = options.topK || DEFAULT_TOP_K;
    const op: workerData.SearchOp = {
      vector: await this.#queryVector(route, options),
      k: Math.min(topK + (likeId === undefined ? 0 : 1), MAX_TOP_K),
      ef,
      recall,
      exact,
      scoreThreshold,
      timeoutMs,
      payloadFields: false,
      includePayload: options.includePayload ?? true,
      includeVector: options.includeVectors ?? false,
    };
    const found = await Promise.all(
      route.shards.map((shard) => this.#run(shard, { $case: 'search', value: op }, 'search')),
    );
    const lists = found.map((one) => one.hits.filter((hit) => hit.id !== likeId));
    return {
      hits: mergeHits(lists, topK).map((hit) => ({
        id: hit.id,
        score: hit.score,
        payload: decodeDocument(hit.payload),
        vector: hit.vector.length > 0 ? Float32Array.from(decodeVector(hit.vector)) : undefined,
        explanation: '',
      })),
      complete: !found.some((one) => one.stopped),
      shardsAsked: route.shards.length,
      shardsAnswered: found.length,
      recallEstimate: Math.min(...found.map((one) => one.recallEstimate)),
      queryId: randomUUID(),
      rerankedBy: '',
    };
  }

  /** Every level is the strongest here: there is one replica, and it has applied what it acknowledged. */
  async get(
    name: string,
    id: string,
    options: { consistency?: api.Consistency } = {},
  ): Promise<api.StoredPoint | undefined> {
    readPlan(wireConsistency(options.consistency));
    const point = await this.#get(await this.#route(name), id);
    return point && storedPoint(point, true);
  }

  async delete(name: string, id: string): Promise<api.DeleteResult> {
    checkPointId(id, 'id');
    const shard = (await this.#route(name)).shardOf(id);
    const { index, affected } = await this.#run(shard, { $case: 'delete', value: { ids: [id] } }, 'written');
    return { existed: affected > 0, writeToken: writeToken([{ shardId: shard.shardId, logIndex: index }]) };
  }

  async listChanges(
    name: string,
    { cursor = '', waitMs = 0 }: { cursor?: string; waitMs?: number } = {},
  ): Promise<api.Changes> {
    const { collection, shards } = await this.#route(name);
    if (!(waitMs >= 0 && waitMs <= MAX_CHANGES_WAIT_MS)) {
      throw VectronError.invalid('wait_ms', `wait_ms must be at most ${MAX_CHANGES_WAIT_MS}`);
    }
    const from = parseChangeCursor(cursor, collection);
    const batches = await changesOf(shards, waitMs, (shard, wait, next) =>
      this.#run(
        shard,
        { $case: 'changes', value: { fromIndex: next ?? from.get(shard.shardId) ?? 0n, waitMs: wait } },
        'changes',
      ),
    );
    const changes = batches.flatMap(({ shardId, batch }) =>
      batch.changes.map((change): api.Change => {
        const what = { shardId, logIndex: change.index, kind: changeKind(change), id: change.id };
        return what.kind === 'delete' ? what : { ...what, ...storedPoint(change, true) };
      }),
    );
    return { changes, nextCursor: changeCursor(collection, batches) };
  }

  async listPoints(
    name: string,
    {
      limit = 0,
      cursor = '',
      includeVectors = false,
      consistency,
    }: { limit?: number; cursor?: string; includeVectors?: boolean; consistency?: api.Consistency } = {},
  ): Promise<api.Page> {
    readPlan(wireConsistency(consistency));
    const page = { after: cursor, limit: checkLimit(limit) };
    const route = await this.#route(name);
    const pages = await Promise.all(
      route.shards.map((shard) => this.#run(shard, { $case: 'scroll', value: page }, 'points')),
    );
    // Ordered like hits that all score the same.
    const lists = pages.map(({ points }) => points.map((point) => ({ ...point, score: 0 })));
    const points = mergeHits(lists, page.limit).map((point) => storedPoint(point, includeVectors));
    return { points, nextCursor: points.length === page.limit ? points.at(-1)?.id : undefined };
  }

  async feedback(): Promise<string> {
    throw unbuilt('feedback in an embedded database: connect to a server for it');
  }

  register(): Promise<api.Account> {
    return noUsers();
  }
  login(): Promise<{ token: string; account: api.Account }> {
    return noUsers();
  }
  profile(): Promise<api.Account> {
    return noUsers();
  }
  createApiKey(): Promise<{ key: string; info: api.ApiKeyInfo }> {
    return noUsers();
  }
  listApiKeys(): Promise<api.ApiKeyInfo[]> {
    return noUsers();
  }
  deleteApiKey(): Promise<void> {
    return noUsers();
  }

  /** Everything acknowledged is on disk before and after; this makes the next `open` fast. */
  async close(): Promise<void> {
    await this.engine.close();
    await this.closeCatalog();
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

  async #queryVector(route: Route, { vector, likeId }: api.SearchOptions): Promise<Buffer> {
    const { name, dimension, distance } = route.collection;
    if (likeId === undefined) return encodeVector(vector ?? [], dimension, distance, 'vector');
    const point = await this.#get(route, likeId);
    if (point === undefined) throw new VectronError('POINT_NOT_FOUND', `no point ${likeId} in ${name}`);
    return point.vector;
  }

  async #get(route: Route, id: string): Promise<workerData.PointData | undefined> {
    checkPointId(id, 'id');
    const { points } = await this.#run(route.shardOf(id), { $case: 'get', value: { ids: [id] } }, 'points');
    return points[0];
  }

  /** The outcome of one operation, which is of the kind `wanted`. Throws its failure. */
  async #run<K extends Outcome['$case']>(
    { shardId, epoch: shardEpoch }: placement.Shard,
    op: NonNullable<workerData.ShardOp['op']>,
    wanted: K,
  ): Promise<Extract<Outcome, { $case: K }>['value']> {
    const write = op.$case === 'upsert' || op.$case === 'delete';
    const bytes = workerData.ShardOp.encode({ shardId, shardEpoch, op, timeoutMs: 0 }).finish();
    const answer = workerData.ShardOutcome.decode(await this.engine.submit(Buffer.from(bytes), write));
    if (answer.errorCode !== '') throw VectronError.fromWire(answer.errorCode, answer.errorMessage);
    const { outcome } = answer;
    if (outcome?.$case !== wanted) throw new VectronError('INTERNAL', 'the core answered something else');
    return outcome.value as never;
  }
}

type Outcome = NonNullable<workerData.ShardOutcome['outcome']>;

function storedPoint(point: workerData.PointData, includeVector: boolean): api.StoredPoint {
  const vector = includeVector ? toFloats(decodeVector(point.vector)) : undefined;
  return { id: point.id, vector, payload: decodeDocument(point.payload) };
}

const unbuilt = (what: string) => new VectronError('UNIMPLEMENTED', `not built yet: ${what}`);
const noUsers = () => Promise.reject(unbuilt('users and keys; an embedded database belongs to its process'));
