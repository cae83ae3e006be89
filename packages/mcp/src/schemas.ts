import { toVectronError } from '@vectron/errors';
import { isPlainObject } from '@vectron/model';
import { z } from 'zod';
import { exactIn } from './exact-numbers.js';

/** What several tools take and give. */

/**
 * JSON with exact numbers (`exactIn`). It is not a record schema, because that would ignore a key `__proto__` instead of letting it
 * be refused.
 */
export const exactJson = z
  .custom<Record<string, unknown>>(isPlainObject, 'must be an object')
  .meta({ type: 'object', additionalProperties: true })
  .transform((given, context): Record<string, unknown> => {
    try {
      return exactIn(given) as Record<string, unknown>;
    } catch (cause) {
      const { message, details } = toVectronError(cause);
      const path = details.field === undefined || details.field === '' ? [] : [details.field];
      context.addIssue({ code: 'custom', message, path });
      return z.NEVER;
    }
  });

export const collection = z
  .string()
  .min(1)
  .max(128)
  .describe('Name or alias of the collection, as list_collections gives it.');

/** The filter argument of the tool `search`. */
export const filterOfSearch = exactJson.describe(
  'Only points whose payload passes. Exactly one of: {"field":"a.b", TEST}, {"all":[filters]}, {"any":[filters]}, {"none":[filters]}, ' +
    '{"ids":["a"]}, {"nested":{"path":"parts","filter":{...}}}. TEST is one of "eq":value, "in":[values], "notIn":[values], bounds ' +
    '"gt"/"gte"/"lt"/"lte" (numbers, or times such as "2024-01-31"), "prefix":"text", "text":"all these words", ' +
    '"phrase":"words in order", "exists":true, "isNull":true, "geoRadius":{"center":{"lat":1,"lon":2},"meters":500}, ' +
    '"geoBox":{"north":1,"west":2,"south":0,"east":3}. ' +
    'Example: {"all":[{"field":"section","eq":"mail"},{"field":"year","gte":2020}]}',
);

/** Of the others: models see all tools together, and each description takes room in their context. */
export const filter = exactJson.describe(
  'Only points whose payload passes, such as {"field":"year","gte":2020}. All forms: see filter of the tool search.',
);

export const vector = z
  .array(z.number())
  .min(1)
  .max(65_536)
  .describe('As many numbers as describe_collection says in dimension.');

export const pointId = z.string().min(1).max(512);

/** More answers than a model can read are no help; Vectron itself allows 10,000. */
export const topK = z.int().min(1).max(100).default(10).describe('Most results, 1 to 100.');

export const fields = z
  .array(z.string().min(1))
  .max(100)
  .optional()
  .describe(
    'Only these keys of the top level of payloads; [] for no payloads. Without it, whole payloads. Saves room when payloads are large.',
  );

export const includeVectors = z.boolean().default(false).describe('Whether to give the vectors, which are long.');
export const using = z.string().min(1).optional().describe('Named vector to search; without it, the first one.');
export const recall = z
  .number()
  .min(0.5)
  .max(0.999)
  .optional()
  .describe('Share of the true nearest points wanted on average, such as 0.98. Without it, the default of the server.');
export const exact = z
  .boolean()
  .default(false)
  .describe('Compare with every point: slower, and finds all of the nearest.');
export const scoreThreshold = z.number().optional().describe('Leave out results with a lower score.');

/** By name. What they hold is judged with the point, by the same rules as everywhere; see `exactJson` for why it is no record. */
const byName = <T>(one: object) =>
  z.custom<Record<string, T>>(isPlainObject, 'must be an object').meta({ type: 'object', additionalProperties: one });

export const namedVectors = byName<number[]>({ type: 'array', items: { type: 'number' } });
export const namedSparse = byName<z.output<typeof sparse>>({
  type: 'object',
  properties: {
    indices: { type: 'array', items: { type: 'integer' } },
    values: { type: 'array', items: { type: 'number' } },
  },
  required: ['indices', 'values'],
});

export const sparse = z.strictObject({
  indices: z.array(z.int().min(0)).max(65_536),
  values: z.array(z.number()).max(65_536),
});

/** The schema of a payload in an answer. */
export const payload = z.record(z.string(), z.unknown());

export const cut = z
  .object({ omitted: z.int(), shortened: z.int(), hint: z.string() })
  .optional()
  .describe(
    'There when the answer was cut to its limit of bytes: how many entries were left out, and how to get them.',
  );

export const hit = z.object({
  id: z.string(),
  score: z.number().describe('Higher is better.'),
  payload: payload.optional(),
  vector: z.array(z.number()).optional(),
  shortened: z.boolean().optional(),
});

export const recallReport = z
  .object({
    estimate: z.number().optional(),
    low: z.number().optional(),
    high: z.number().optional(),
    unmet: z.boolean(),
  })
  .describe(
    'Share of the true nearest points to expect, measured, with its 95 % interval; no estimate: nothing was measured yet.',
  );

export const version = z
  .union([z.int(), z.object({ $number: z.string() })])
  .describe('Grows with every write of the point.');
