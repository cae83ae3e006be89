import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { inCamelCase } from './field-names.js';

const SEARCH = 'vectron.v1.SearchRequest';
const renamed = (field: string, message: string, sent: unknown, name = SEARCH) => {
  const { code, details, message: text } = inCamelCase(VectronError.invalid(field, message), name, () => sent);
  return [code, details.field, text];
};

it('names the fields of a request, and of the messages in it, as JSON does', () => {
  expect(renamed('top_k', 'top_k must be at most 10000, not 20000', { topK: 20_000 })).toEqual([
    ...['INVALID_ARGUMENT', 'topK', 'topK must be at most 10000, not 20000'],
  ]);
  const at = 'points[3].if_version';
  expect(renamed(at, `${at} and expires_at_ms exclude each other`, {}, 'vectron.v1.UpsertRequest')).toEqual([
    ...['INVALID_ARGUMENT', 'points[3].ifVersion', 'points[3].ifVersion and expiresAtMs exclude each other'],
  ]);
  expect(renamed('consistency.max_staleness_ms', 'set max_staleness_ms', {})[1]).toBe('consistency.maxStalenessMs');
});

it('changes nothing that is not a field of the request', () => {
  const words = 'page_size, post_filter, vectron_requests_total, --slow_query-top_k, x-top_k and atop_k.';
  const error = VectronError.invalid('release_year', words);
  expect(inCamelCase(error, SEARCH, () => ({}))).toBe(error);
});

it.each([
  [
    'a key of a payload',
    'vectron.v1.UpsertRequest',
    'points[0].payload.if_version',
    { points: [{ payload: { if_version: 1 } }] },
  ],
  [
    'a key deep in a payload',
    'vectron.v1.UpsertRequest',
    'points[0].payload.a.if_version',
    { document: { a: [{ if_version: 1 }] } },
  ],
  ['a name of a vector', SEARCH, 'top_k', { using: 'top_k' }],
  ['a key of a Map', SEARCH, 'top_k', { vectors: new Map([['top_k', 1]]) }],
  ['a name of a collection', SEARCH, 'top_k', ['/v1/collections/top_k/points/search', undefined]],
  ['a field of a filter', SEARCH, 'filter.must[0].field.top_k', { filter: { must: [{ field: 'a.top_k', eq: 1 }] } }],
  ['a field that was written so', SEARCH, 'top_k', { top_k: -1 }],
])('keeps %s', (_what, name, field, sent) => {
  const error = VectronError.invalid(field, `${field} is wrong`);
  expect(inCamelCase(error, name, () => sent)).toBe(error);
});

it('keeps the code, the cause and what else a caller can act on, and asks for the request only when it has to', () => {
  const cause = new Error('why');
  const lost = { cursor: 'c', shards: [] };
  const details = { retryAfterMs: 5, requestId: 'id', lost };
  const named = inCamelCase(new VectronError('OVERLOADED', 'lower top_k', { cause, details }), SEARCH, () => undefined);
  expect([named.code, named.message, named.cause, named.details]).toEqual(['OVERLOADED', 'lower topK', cause, details]);
  const fails = () => {
    throw new Error('asked for');
  };
  expect(inCamelCase(VectronError.invalid('vector', 'vector is empty'), SEARCH, fails).message).toBe('vector is empty');
});

it('passes over vectors, and looks through everything else once for each name', () => {
  const vector = new Float32Array(1_000_000);
  const sent = { vector, vectors: [Array.from({ length: 1_000_000 }, () => 0.5)], deep: { top: ['k', { top_k: 1 }] } };
  expect(renamed('score_threshold', 'score_threshold, top_k', sent)[2]).toBe('scoreThreshold, top_k');
});
