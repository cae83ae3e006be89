import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type OpenOptions, open, type VectronClient } from '@vectron/sdk';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';

const DOCUMENT = readFileSync('docs/embeddings.md', 'utf8');
const [, JSON_BLOCK] = /```json\n([\s\S]*?)```/.exec(DOCUMENT) ?? [];
const [, PROGRAM] = /```ts[^\n]*\n([\s\S]*?)```/.exec(DOCUMENT) ?? [];
type Providers = NonNullable<OpenOptions['embeddings']>;
const documented = JSON.parse(JSON_BLOCK) as Providers;

interface Asked {
  readonly url?: string;
  readonly key?: string;
  readonly body: { readonly model: string; readonly input: string[]; readonly dimensions?: number };
}

/** An endpoint of each service, which gives vectors of 768 dimensions, or as many as it is asked for. */
describe('the providers of docs/embeddings.md', () => {
  const asked: Asked[] = [];
  let endpoint: Server;
  let providers: Providers;
  let system: ProcessSystem;

  beforeAll(async () => {
    endpoint = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = JSON.parse(Buffer.concat(parts).toString()) as Asked['body'];
      asked.push({ url: request.url, key: request.headers.authorization, body });
      const { dimensions = 768 } = body;
      const vector = (text: string) =>
        Array.from({ length: dimensions }, (_, at) => ((text.length * (at + 1)) % 7) + 1);
      response.end(JSON.stringify({ data: body.input.map((text, index) => ({ index, embedding: vector(text) })) }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => endpoint.once('listening', resolve));
    const origin = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
    providers = Object.fromEntries(
      Object.entries(documented).map(([name, one]) => [
        name,
        { ...one, url: one.url.replace(/^https?:\/\/[^/]+/, origin) },
      ]),
    );
    const file = join(tempDir('embeddings'), 'providers.json');
    writeFileSync(file, JSON.stringify(providers), { mode: 0o600 });
    system = await startSingle(undefined, ['--no-sample', '--embeddings', file]);
  });
  afterAll(async () => {
    await system?.stop();
    endpoint?.close();
  });

  const homes: [string, () => Promise<VectronClient> | VectronClient][] = [
    ['a server', () => connect(system.http, { apiKey: system.adminKey })],
    ['an embedded database', () => open(tempDir('embeddings'), { embeddings: providers })],
  ];
  it.each(homes)('make vectors of points and of queries, each with its prefix, in %s', async (_, home) => {
    const db = await home();
    expect(Object.keys(documented)).toEqual(['openai', 'ollama', 'vllm', 'lm-studio']);
    for (const [name, { model, apiKey, documentPrefix = '', queryPrefix = '', sendDimension }] of Object.entries(
      documented,
    )) {
      asked.length = 0;
      const dimension = sendDimension ? 512 : 768;
      await db.createCollection(name, { dimension, embedding: { provider: name } });
      await db.upsert(name, [{ id: 'a', text: 'a text' }]);
      await db.search(name, { text: 'asked' });
      await db.query(name, { branches: [{ embed: 'asked' }] });
      expect(asked.map(({ body }) => body.input)).toEqual([
        [`${documentPrefix}a text`],
        [`${queryPrefix}asked`],
        [`${queryPrefix}asked`],
      ]);
      for (const { url, key, body } of asked) {
        expect([url, key, body.model]).toEqual(['/v1/embeddings', apiKey && `Bearer ${apiKey}`, model]);
        expect(body.dimensions).toBe(sendDimension ? dimension : undefined);
      }
      // The prefix is none of the text.
      expect(await db.get(name, 'a', { consistency: 'linearizable' })).toMatchObject({ payload: { text: 'a text' } });
    }
    await db.close();
  });

  it('are used as its program says', async () => {
    const db = await open(tempDir('embeddings'), { embeddings: providers });
    const run = new Function('db', `return (async () => { ${PROGRAM}\nreturn hits; })()`) as (
      home: VectronClient,
    ) => Promise<{ id: string }[]>;
    expect((await run(db)).map(({ id }) => id)).toEqual(['a']);
    await db.close();
  });
});
