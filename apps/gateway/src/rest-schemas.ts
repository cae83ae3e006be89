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
});

export const point = message({
  id: z.string().describe('1 to 512 bytes'),
  vector: vectorNumbers.optional(),
  vectorF32: vectorBase64.optional(),
  payload: jsonObject.optional(),
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

const searchShape = {
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
