import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { until } from '../../../test/harness/waiting.js';
import { EmbeddingProviders, parseProviders } from './index.js';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

interface Asked {
  readonly input: string[];
  readonly model: string;
}

/** An endpoint that answers with what `answer` gives: a status and a body. */
async function endpoint(answer: (asked: Asked, count: number) => [number, unknown], extra = {}) {
  const seen: { asked: Asked; authorization?: string; path?: string }[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const asked = JSON.parse(body) as Asked;
      seen.push({ asked, authorization: request.headers.authorization, path: request.url });
      const [status, value] = answer(asked, seen.length);
      if (status === 0) return;
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {});
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    });
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const settings = { url: `http://127.0.0.1:${port}/v1`, model: 'm', apiKey: 'sk-secret', ...extra };
  const provider = new EmbeddingProviders(parseProviders(JSON.stringify({ remote: settings }))).get('remote');
  return { provider, seen };
}

const embedded = ({ input }: Asked) => ({
  data: input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse(),
});

it('asks in batches and puts the answers in order', async () => {
  const { provider, seen } = await endpoint((asked) => [200, embedded(asked)], { batch: 2, concurrency: 1 });
  const vectors = await provider.embed(['a', 'bb', 'ccc'], 2, 'document');
  expect(vectors.map((one) => Array.from(one))).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
  expect(seen.map(({ asked }) => asked.input)).toEqual([['a', 'bb'], ['ccc']]);
  expect(seen[0]).toMatchObject({ authorization: 'Bearer sk-secret', path: '/v1/embeddings', asked: { model: 'm' } });
});

it('puts before each text what the model was trained with, and asks for the dimension, where it is told to', async () => {
  const prefixes = { documentPrefix: 'search_document: ', queryPrefix: 'search_query: ' };
  const { provider, seen } = await endpoint((asked) => [200, embedded(asked)], { ...prefixes, sendDimension: true });
  await provider.embed(['a', 'b'], 2, 'document');
  await provider.embed(['a'], 2, 'query');
  expect(seen.map(({ asked }) => asked)).toEqual([
    { model: 'm', input: ['search_document: a', 'search_document: b'], encoding_format: 'float', dimensions: 2 },
    { model: 'm', input: ['search_query: a'], encoding_format: 'float', dimensions: 2 },
  ]);
});

it('tries again what passes, and says what does not, without the key', async () => {
  const flaky = await endpoint((asked, count) => (count < 3 ? [503, 'busy'] : [200, embedded(asked)]));
  expect((await flaky.provider.embed(['a'], 2, 'document')).length).toBe(1);
  expect(flaky.seen.length).toBe(3);
  server?.close();
  const wrong = await endpoint(() => [401, 'the key sk-secret is no good']);
  const refused = await wrong.provider.embed(['a'], 2, 'document').catch((error) => error);
  expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(refused.message).toContain('answered 401');
  expect(refused.message).not.toContain('sk-secret');
  expect(wrong.seen.length).toBe(1);
});

it('takes nothing that is not what was asked for', async () => {
  const cases: [unknown, string][] = [
    [{ data: [{ embedding: [1, 2, 3] }] }, 'DIMENSION_MISMATCH'],
    [{ data: [] }, 'UNAVAILABLE'],
    ['<html>', 'UNAVAILABLE'],
  ];
  for (const [body, code] of cases) {
    const { provider } = await endpoint(() => [200, body]);
    await expect(provider.embed(['a'], 2, 'document')).rejects.toMatchObject({ code });
    server?.close();
  }
  const elsewhere = await endpoint(() => [302, '']);
  await expect(elsewhere.provider.embed(['a'], 2, 'document')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

it('ends at its time, and when nobody waits any more', async () => {
  const slow = await endpoint(() => [0, ''], { timeoutMs: 50 });
  await expect(slow.provider.embed(['a'], 2, 'document')).rejects.toThrow('within 50 ms');
  server?.closeAllConnections();
  server?.close();
  const silent = await endpoint(() => [0, '']);
  const stop = new AbortController();
  const waiting = silent.provider.embed(['a'], 2, 'document', stop.signal);
  const cancelled = expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await until('the endpoint was asked', () => silent.seen.length === 1);
  stop.abort();
  await cancelled;
  server?.closeAllConnections();
});

it('has a local one that is the same every time, and near for texts that share words', async () => {
  const local = new EmbeddingProviders().get('local');
  const [mail, same, other, nothing] = await local.embed(
    ['A mail server', 'mail SERVER a', 'a game', ''],
    64,
    'document',
  );
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  expect(dot(mail, same)).toBeCloseTo(1);
  expect(dot(mail, other)).toBeLessThan(0.8);
  expect(dot(nothing, nothing)).toBeCloseTo(1);
});

it('refuses settings that are wrong, naming them', () => {
  expect(() => parseProviders('{')).toThrow('not valid JSON');
  expect(() => parseProviders('{"a": {"url": "ftp://x", "model": "m"}}')).toThrow('a.url');
  expect(() => parseProviders('{"a": {"url": "http://x", "model": "m", "modle": 1}}')).toThrow('modle');
  expect(() => new EmbeddingProviders().get('gone')).toThrow('available: local');
});
