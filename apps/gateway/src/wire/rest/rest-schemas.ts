import { z } from 'zod';
import { bytesBase64, int32, int64, jsonObject, message, uint32, vectorBase64, vectorNumbers } from './json-schema.js';

const count = uint32.default(0);
const text = z.string().default('');
const flag = z.boolean().default(false);

const rerank = message({
  enabled: flag,
  textFields: z.array(z.string()).default([]),
  fieldBoosts: jsonObject.default({}).transform((boosts) => new Map(Object.entries(boosts as Record<string, number>))),
  recencyField: text,
  oversample: count,
});

const payloadIndex = message({
  path: z.string().describe('keys separated by dots'),
  type: z.string().describe('keyword, integer, float, bool, datetime, geo or text'),
  language: text.describe('of a text index: language whose word endings are cut, such as english'),
});

const namedVector = message({
  name: z.string(),
  dimension: count,
  distance: text.describe('cosine (default), euclidean or dot'),
  hnswM: count.describe('0: 16'),
  hnswEfConstruction: count.describe('0: 200'),
  quantization: text.describe('int8 (default), none, float16, binary or product'),
  storage: text.describe('memory (default) or mmap'),
  oversampling: count.describe('0: by quantization'),
});

const embedding = message({
  provider: z.string().describe('one that the operator has set up, or local'),
  textField: text.describe('payload field that keeps the text of a point; empty: text'),
});

export const updateCollection = message({
  durability: z.string().optional().describe('fsync or relaxed: of the writes from now on'),
  rerank: rerank.optional(),
  embedding: embedding.optional().describe('texts from now on; vectors that are there stay'),
});

export const createCollection = message({
  name: z.string(),
  dimension: int32,
  distance: text.describe('cosine (default), euclidean or dot'),
  shards: count.describe('1 to 64; 0: one per worker, at most 16'),
  rerank: rerank.optional(),
  hnswM: count.describe('2 to 128; 0: 16'),
  hnswEfConstruction: count.describe('hnswM to 4096; 0: 200'),
  vectors: message({
    quantization: text.describe('int8 (default), none, float16, binary or product'),
    storage: text.describe('where the full vectors live: memory (default), mmap or disk'),
    oversampling: count.describe('candidates rescored per result, at most 100; 0: by quantization'),
    parallelBuild: flag.describe('build the index on all threads: faster, not deterministic'),
  }).optional(),
  replicas: count.describe('of each shard, 1 to 7; 0: 3 where there are as many workers, else 1'),
  durability: text.describe('fsync (default), or relaxed: acknowledged before it is on disk, UNSAFE at a power loss'),
  indexes: z.array(payloadIndex).default([]).describe('payload indexes from the start'),
  sparseVectors: z.array(z.string()).default([]).describe('names of sparse vectors that points may have'),
  namedVectors: z.array(namedVector).default([]).describe('dense vectors besides the first one'),
  embedding: embedding.optional().describe('lets points and queries be given as text'),
});

/** Numbers, or little-endian float32 as base64. */
const namedVectorValue = z.union([vectorNumbers, vectorBase64]);
const sparseVector = message({ indices: z.array(uint32), values: z.array(z.number()) });

export const point = message({
  id: z.string().describe('1 to 512 bytes'),
  vector: vectorNumbers.optional(),
  vectorF32: vectorBase64.optional(),
  text: text.describe('instead of a vector, where the collection has an embedding provider'),
  payload: jsonObject.optional(),
  sparse: z.record(z.string(), sparseVector).optional().describe('by name, as declared'),
  vectors: z.record(z.string(), namedVectorValue).optional().describe('dense vectors besides `vector`, by name'),
  ttlSeconds: count.describe('the point is deleted so long after; 0: never'),
  ifVersion: int64.optional().describe('only if the point has this version; 0: only if there is no such point'),
});

const consistency = message({
  level: text.describe('any (default), bounded, at_least or linearizable'),
  maxStalenessMs: count.describe('with bounded; 0: 2000'),
  writeToken: text.describe('with at_least: writeToken of a write'),
})
  .optional()
  .describe('which writes the read must see');

const upsertShape = {
  points: z.array(point).describe('of equal ids, the last wins'),
  origin: message({
    client: bytesBase64.describe('16 random bytes of the client process, base64'),
    sequence: int64.describe('counted by the client'),
    pendingFrom: int64.describe('no write below this one is in flight'),
  })
    .optional()
    .describe('names the write, so that sending it again has the effect of once'),
};
export const upsert = message(upsertShape);
export const upsertAlias = message({ collection: z.string(), ...upsertShape });

/** Its shape is checked by the model, which names the place of what is wrong. */
const filter = jsonObject
  .optional()
  .describe('only points that pass: {"field": "section", "eq": "mail"}, {"all": [...]}, any, none, ids, nested');

const searchShape = {
  text: text.describe('instead of a vector, where the collection has an embedding provider'),
  filter,
  using: text.describe('the named vector that is searched; empty: the first one'),
  vector: vectorNumbers.optional(),
  vectorF32: vectorBase64.optional(),
  likeId: text.describe('search by the vector of this point'),
  topK: count.describe('1 to 10000; 0: 10'),
  query: text.describe('text for the reranker'),
  timeoutMs: count.describe('budget; 0: the default'),
  includeVectors: flag,
  includeMetadata: z.boolean().default(true),
  ef: count.describe('candidates kept while searching; 0: the default'),
  recall: z.number().default(0).describe('0.5 to 0.999 instead of ef: the shards pick ef; 0: no wish'),
  exact: flag.describe('scan instead of walking the graph'),
  scoreThreshold: z.number().optional(),
  consistency,
  explain: flag.describe('say how the answer came about'),
  whyNot: text.describe('say why the point of this id is not among the results'),
};
export const search = message({ collection: z.string().optional(), ...searchShape });
export const searchAlias = message({ collection: z.string(), ...searchShape });

const queryBranch = message({
  vector: vectorNumbers.optional(),
  vectorF32: vectorBase64.optional(),
  likeId: text.describe('the vector of this point, which is left out'),
  sparse: message({ name: z.string(), indices: z.array(uint32), values: z.array(z.number()) }).optional(),
  text: message({
    query: z.string(),
    fields: z
      .array(message({ path: z.string(), boost: z.number().default(0).describe('0: 1') }))
      .default([])
      .describe('empty: every field with a text index'),
  }).optional(),
  examples: message({
    positiveIds: z.array(z.string()),
    negativeIds: z.array(z.string()).default([]),
  })
    .optional()
    .describe('near these points and far from those'),
  filter,
  limit: count.describe('candidates it gives to the fusion; 0: max(50, 4 topK)'),
  weight: z.number().default(0).describe('in the fusion; 0: 1'),
  ef: count,
  recall: z.number().default(0),
  exact: flag,
  scoreThreshold: z.number().optional(),
  using: text.describe('the named vector that is searched; empty: the first one'),
  embed: text.describe('instead of a vector, where the collection has an embedding provider'),
});
const queryShape = {
  branches: z.array(queryBranch).describe('1 to 16; several are fused'),
  filter,
  topK: count.describe('1 to 10000; 0: 10'),
  fusion: text.describe('rrf (default) or weighted'),
  rrfK: count.describe('0: 60'),
  rescoreVectorF32: vectorBase64.optional().describe('the fused candidates are ordered by their similarity to it'),
  diversity: message({
    share: z.number().describe('0 (none) to 1'),
    candidates: count.describe('at most 1000; 0: 4 topK'),
  }).optional(),
  groupBy: message({
    path: z.string(),
    groups: count.describe('0: 10'),
    groupSize: count.describe('0: 3'),
  }).optional(),
  includeVectors: flag,
  includeMetadata: z.boolean().default(true),
  timeoutMs: count.describe('budget; 0: the default'),
  consistency,
  scoreThreshold: z.number().optional().describe('of the final score'),
};
export const query = message({ collection: z.string().optional(), ...queryShape });
export const queryBatch = message({
  queries: z.array(message({ collection: z.string(), ...queryShape })).describe('1 to 64'),
});
export const countPoints = message({
  filter,
  estimate: flag.describe('where the indexes do not know, look at a sample only'),
  consistency,
});
export const facetPoints = message({
  path: z.string(),
  filter,
  limit: count.describe('1 to 10000; 0: 10'),
  consistency,
});
export const listPoints = message({
  filter,
  orderBy: message({ path: z.string(), descending: flag }).optional().describe('instead of by id'),
  limit: count.describe('1 to 1000; 0: 20'),
  cursor: text.describe('nextCursor of the page before'),
  includeVectors: flag,
  consistency,
});
const chosen = {
  ids: z.array(z.string()).default([]).describe('those that are there; with a filter: those that pass'),
  filter,
  ifVersion: int64.optional().describe('only if every point has this version; with ids alone'),
};
export const updatePoints = message({
  ...chosen,
  replace: jsonObject.optional().describe('the whole payload, before the other changes'),
  remove: z.array(z.string()).default([]).describe('paths'),
  set: jsonObject.optional().describe('values by path'),
});
export const deletePoints = message(chosen);
export const index = message({
  index: payloadIndex.optional(),
  sparseVector: text.describe('its name, instead of an index'),
  namedVector: namedVector.optional().describe('a dense vector, instead of an index; to delete one, its name'),
});
export const aliases = message({
  set: z.array(message({ alias: z.string(), collection: z.string() })).default([]),
  delete: z.array(z.string()).default([]),
});

export const feedback = message({
  collection: z.string(),
  query: text,
  resultIds: z.array(z.string()).default([]),
  feedbackItems: z.array(
    message({
      resultId: z.string(),
      relevanceScore: int32.default(0),
      clicked: flag,
      position: int32.default(0),
      comment: text,
    }),
  ),
  context: jsonObject.default({}),
  queryId: text,
});

export const credentials = message({ email: z.string(), password: z.string() });
export const profile = message({ plan: z.union([z.enum(['PLAN_UNSPECIFIED', 'FREE', 'PAID']), z.int()]) });
export const password = message({ password: z.string() });
export const refresh = message({
  refreshToken: text.describe('of the login or of the refresh before; empty: the bearer token is refreshed'),
});
export const newPassword = message({ currentPassword: z.string(), newPassword: z.string() });
export const userRole = message({ role: z.string().describe('read, write or admin') });
export const empty = message({}).optional();
export const createKey = message({
  name: text,
  role: text.describe('read, write (default) or admin'),
  collections: z.array(z.string()).default([]),
  expiresAt: int64.default(0n).describe('seconds since 1970; 0: never'),
});
export const sdkJwt = message({ apiKeyId: z.string() });

export const rebalance = message({ dryRun: flag.describe('only say what would be done') });

export const moveReplica = message({
  from: z.string().describe('worker that holds the replica, by number or id'),
  to: z.string().describe('worker that shall hold it, by number or id'),
});

export const drain = message({ cancel: flag.describe('take it back') });

export const alertRule = message({
  enabled: z.boolean().optional(),
  level: z.enum(['warning', 'critical']).optional(),
  threshold: z.number().optional(),
});
