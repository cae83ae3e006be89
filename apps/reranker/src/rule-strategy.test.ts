import { expect, it } from '@jest/globals';
import type { reranker } from '@vectron/proto';
import { rerankByRules } from './rule-strategy.js';

const candidate = (id: string, score: number, payload: unknown): reranker.Candidate => ({
  id,
  score,
  payload: Buffer.from(JSON.stringify(payload)),
});
const request = (query: string, candidates: reranker.Candidate[], settings = {}): reranker.RerankRequest => ({
  query,
  candidates,
  topN: 0,
  scope: '',
  nowMs: Date.UTC(2026, 0, 31),
  settings: { enabled: true, textFields: [], fieldBoosts: new Map(), recencyField: '', oversample: 0, ...settings },
});
const order = (...args: Parameters<typeof request>) => rerankByRules(request(...args)).map((one) => one.id);

it('lifts a text match past a slightly closer vector and explains each term', () => {
  const candidates = [
    candidate('a', 0.9, { summary: 'tool' }),
    candidate('b', 0.88, { summary: 'mail server' }),
    candidate('c', 0.1, { summary: 'game' }),
  ];
  const [best] = rerankByRules(request('mail server', candidates));
  expect(best.id).toBe('b');
  expect(best.explanation).toMatch(/vector .* mail\(summary\) .* server\(summary\) .* phrase in summary/);
  expect(best.originalScore).toBe(0.88);
});

it('finds a word with a typo, with less weight than the word itself', () => {
  const candidates = [
    candidate('far', 0.5, { t: 'nothing' }),
    candidate('typo', 0.5, { t: 'databse' }),
    candidate('word', 0.5, { t: 'database' }),
  ];
  expect(order('database', candidates)).toEqual(['word', 'typo', 'far']);
});

it('keeps the vector order without text, and respects boosts and recency', () => {
  expect(order('x', [candidate('a', 0.2, {}), candidate('b', 0.9, {})])).toEqual(['b', 'a']);
  const two = [
    candidate('body', 0.5, { title: 'cat', body: 'dog' }),
    candidate('title', 0.5, { title: 'dog', body: 'cat' }),
  ];
  expect(order('dog', two, { fieldBoosts: new Map([['title', 5]]) })).toEqual(['title', 'body']);
  const dated = [candidate('old', 0.5, { at: '2020-01-01' }), candidate('new', 0.5, { at: '2026-01-30' })];
  expect(order('x', dated, { recencyField: 'at' })).toEqual(['new', 'old']);
});

it('reads a time the same on every machine: without a zone it is UTC, and what may be meant in two ways is none', () => {
  const scoreOf = (at: string) =>
    rerankByRules(request('x', [candidate('a', 0.5, { at })], { recencyField: 'at' }))[0].rerankScore;
  const forms = [
    '2026-01-30T00:00:00Z',
    '2026-01-30',
    '2026-01-30T00:00',
    '2026-01-30 00:00:00+00',
    '2026-01-30T01:00:00.0+0100',
  ];
  expect(forms.map(scoreOf)).toEqual(forms.map(() => scoreOf('2026-01-30T00:00:00+00:00')));
  expect(scoreOf('01/30/2026')).toBe(scoreOf('yesterday'));
  expect(scoreOf('2026-01-30')).toBeGreaterThan(scoreOf('yesterday'));
});

it('treats hostile payload keys as data', () => {
  const hostile = { id: 'a', score: 1, payload: Buffer.from('{"__proto__":"mail","constructor":"mail"}') };
  expect(rerankByRules(request('mail', [hostile]))[0].id).toBe('a');
  expect(({} as Record<string, unknown>).mail).toBeUndefined();
});
