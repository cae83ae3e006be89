// The calls of scenarios as the TypeScript SDK makes them: from the fields of REST to the SDK's arguments, and back to the form of REST.

/** `perform` of `play`, by the client `db`. */
export function performer(db) {
  const snapshots = new Map();
  return async (call, fields) => {
    const perform = CALLS[call];
    if (perform === undefined) throw new Error(`this runner knows no call ${call}`);
    return perform(db, fields, snapshots);
  };
}

const pointNotFound = () =>
  Object.assign(new Error('there is no such point'), { code: 'POINT_NOT_FOUND', retryable: false });

const CALLS = {
  async CreateCollection(db, { name, ...options }) {
    await db.createCollection(name, options);
    return {};
  },
  async UpdateCollection(db, { name, ...change }) {
    return { settings: await db.updateCollection(name, change) };
  },
  async DeleteCollection(db, { name }) {
    await db.deleteCollection(name);
    return {};
  },
  async ListCollections(db) {
    const details = await db.listCollections();
    return { collections: details.map(({ name }) => name), details };
  },
  GetCollectionStatus: (db, { name }) => db.collectionStatus(name),
  Upsert: (db, { collection, points }) => db.upsert(collection, points?.map(pointToWrite)),
  async UpsertStream(db, { collection, batches }) {
    const acks = [];
    for await (const ack of db.upsertStream(
      collection,
      batches.map((points) => points.map(pointToWrite)),
    )) {
      const { error, ...rest } = ack;
      acks.push(error === undefined ? rest : { batch: ack.batch, error: error.code });
    }
    return { acks };
  },
  async Search(db, { collection, ...fields }) {
    return found(await db.search(collection, reading(fields)));
  },
  async SearchBatch(db, { collection, ...fields }) {
    const batch = await db.searchBatch(collection, reading(fields));
    let from = 0;
    const answers = batch.searches.map((search, at) => {
      const places = Array.from({ length: batch.counts[at] }, (_, n) => from + n);
      from += batch.counts[at];
      const results = places.map((place) => ({
        id: batch.ids[place],
        score: batch.scores[place],
        payload: batch.payloads[place],
        vector: numbers(batch.vectors[place]),
      }));
      return { ...search, results };
    });
    return { answers };
  },
  async Get(db, { collection, id, ...fields }) {
    const point = await db.get(collection, id, reading(fields));
    if (point === undefined) throw pointNotFound();
    return { point: storedPoint(point) };
  },
  Delete: (db, { collection, id }) => db.delete(collection, id),
  async ListPoints(db, { collection, all = false, ...fields }) {
    const points = [];
    for (let cursor = fields.cursor; ; ) {
      const page = await db.listPoints(collection, { ...reading(fields), cursor });
      points.push(...page.points.map(storedPoint));
      cursor = page.nextCursor;
      if (!all || cursor === undefined) return { points, nextCursor: cursor ?? '' };
    }
  },
  async Query(db, { collection, ...fields }) {
    return queried(await db.query(collection, query(fields)));
  },
  async QueryBatch(db, { queries }) {
    const outcomes = await db.queryBatch(queries.map(query));
    return {
      outcomes: outcomes.map((one) => (one instanceof Error ? { errorCode: one.code } : { answer: queried(one) })),
    };
  },
  CountPoints: (db, { collection, ...fields }) => db.count(collection, reading(fields)),
  FacetPoints: (db, { collection, path, ...fields }) => db.facets(collection, path, reading(fields)),
  UpdatePoints: (db, { collection, ...update }) => db.updatePoints(collection, update),
  DeletePoints: (db, { collection, ...selector }) => db.deletePoints(collection, selector),
  async CreateIndex(db, { collection, ...target }) {
    return { created: await db.createIndex(collection, target.index ?? target) };
  },
  async DeleteIndex(db, { collection, ...target }) {
    return { existed: await db.deleteIndex(collection, target.index ?? target) };
  },
  async ListIndexes(db, { collection }) {
    const { indexes, ...others } = await db.listIndexes(collection);
    const parts = ({ path, type, language, analyzer, stopWords, ...state }) => ({
      index: { path, type, language, analyzer, stopWords },
      ...state,
    });
    return { indexes: indexes.map(parts), ...others };
  },
  async Analyze(db, { collection, text, ...how }) {
    return {
      tokens: await db.analyze(collection, text, how.path === undefined && how.index === undefined ? undefined : how),
    };
  },
  async ListAliases(db) {
    return { aliases: await db.listAliases() };
  },
  async UpdateAliases(db, changes) {
    await db.updateAliases(changes);
    return {};
  },
  async OpenSnapshot(db, { collection }, snapshots) {
    const snapshot = await db.snapshot(collection);
    snapshots.set(snapshot.token, snapshot);
    const { token, cursor, count, expiresAfterMs, shards } = snapshot;
    return { snapshot: token, cursor, points: count, expiresAfterMs, shards };
  },
  async CloseSnapshot(_db, { snapshot }, snapshots) {
    return { existed: await snapshots.get(snapshot).close() };
  },
  async ListChanges(db, { collection, ...options }) {
    const { changes, nextCursor } = await db.listChanges(collection, options);
    return { changes: changes.map(change), nextCursor };
  },
  async Changes(db, { collection, count, ...options }) {
    const changes = [];
    if (count === 0) return { changes };
    for await (const one of db.changes(collection, options)) {
      changes.push(change(one));
      if (changes.length === count) break;
    }
    return { changes };
  },
  async SubmitFeedback(db, { feedbackItems, ...fields }) {
    return { feedbackId: await db.feedback({ ...fields, items: feedbackItems }) };
  },
  async CreateAPIKey(db, { name, ...options }) {
    const { key, info } = await db.createApiKey(name, options);
    return { fullKey: key, keyInfo: keyInfo(info) };
  },
  async ListAPIKeys(db) {
    return { keys: (await db.listApiKeys()).map(keyInfo) };
  },
  async DeleteAPIKey(db, { keyPrefix }) {
    await db.deleteApiKey(keyPrefix);
    return { success: true };
  },
  MeasureRecall: (db, { collection, ...options }) => db.measureRecall(collection, options),
};

const keyInfo = ({ prefix, ...info }) => ({ keyPrefix: prefix, ...info });

const numbers = (vector) => (vector === undefined ? undefined : Array.from(vector));

const pointToWrite = ({ ifVersion, ...point }) =>
  typeof ifVersion === 'number' || typeof ifVersion === 'string'
    ? { ...point, ifVersion: BigInt(ifVersion) }
    : { ...point, ifVersion };

function storedPoint({ vector, vectors, expiresAt, ...point }) {
  const named = vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, numbers(one)]));
  return { ...point, vector: numbers(vector), vectors: named, expiresAtMs: expiresAt?.getTime() };
}

function change({ shardId, logIndex, kind, ...point }) {
  return { shardId, logIndex, kind, point: storedPoint(point) };
}

const hit = ({ vector, ...one }) => ({ ...one, vector: numbers(vector) });
const found = ({ hits, ...answer }) => ({ ...answer, results: hits.map(hit) });
const queried = ({ hits, groups, ...answer }) => ({
  ...answer,
  results: hits.map(hit),
  groups: groups.map(({ value, hits: own }) => ({ value, results: own.map(hit) })),
});

/** The fields that the SDK has under other names. */
function reading({ includeMetadata, consistency, ...fields }) {
  return {
    ...fields,
    ...(includeMetadata === undefined ? {} : { includePayload: includeMetadata }),
    ...(consistency === undefined ? {} : { consistency: consistencyOf(consistency) }),
  };
}

function consistencyOf({ level, writeToken, maxStalenessMs }) {
  if (level === 'at_least') return { writeToken };
  if (level === 'bounded') return { maxStalenessMs: maxStalenessMs ?? 2_000 };
  return level;
}

const query = ({ rescoreVectorF32, ...fields }) => ({
  ...reading(fields),
  ...(rescoreVectorF32 === undefined ? {} : { rescoreVector: floatsOf(rescoreVectorF32) }),
});

/** Of little-endian float32 in base64, as REST has bytes. */
const floatsOf = (base64) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
