import { expect, it } from '@jest/globals';
import { reranker } from '@vectron/proto';
import { AnswerCache, RerankerController } from './reranker.controller.js';

const request = (query: string, scope: string, score = 0.5): reranker.RerankRequest => ({
  ...reranker.RerankRequest.fromPartial({ query, scope, nowMs: Date.now() }),
  candidates: [{ id: 'a', score, payload: Buffer.from('{"text":"mail"}') }],
});

it('answers an equal question from the cache, and keeps scopes, queries and scores apart', async () => {
  const controller = new RerankerController(new AnswerCache({ max: 100, ttl: 60_000 }));
  const ask = async (...args: Parameters<typeof request>) => (await controller.rerank(request(...args))).fromCache;
  expect(await ask('mail', 'tenant-1')).toBe(false);
  expect(await ask('mail', 'tenant-1')).toBe(true);
  expect(await ask('mail', 'tenant-2')).toBe(false);
  expect(await ask('mails', 'tenant-1')).toBe(false);
  expect(await ask('mail', 'tenant-1', 0.6)).toBe(false);
  expect(await controller.invalidateCache({ query: 'mail', scope: 'tenant-1' })).toEqual({ entriesCleared: 2 });
  expect(await ask('mail', 'tenant-1')).toBe(false);
  expect(await ask('mail', 'tenant-2')).toBe(true);
  expect(await controller.getStrategy()).toMatchObject({ strategyName: 'rule', version: '1' });
});

it('refuses more candidates than it can order', async () => {
  const controller = new RerankerController(new AnswerCache({ max: 1 }));
  const many = { ...request('x', ''), candidates: new Array(10_001).fill(request('x', '').candidates[0]) };
  await expect(controller.rerank(many)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
