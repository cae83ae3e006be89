import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { VectronProcess } from '../harness/process.js';
import {
  type ProcessSystem,
  rest,
  type SeparateSystem,
  startSeparate,
  startSingle,
  tempDir,
} from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** What a terminal acts on, but for line feeds. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** Clears the screen, as C0 and as C1; a title; a reversed name; a separator. */
const HOSTILE = 'a\u001b[2Jb\u009b2Jc\u001b]0;owned\u0007d\u202eexe.cod\u2028e\u007ff';

describe('output is data', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());
  const call = (method: string, path: string, body?: unknown) =>
    rest(system.http, method, path, { key: system.adminKey, body });
  const command = async (...args: string[]) =>
    new VectronProcess([...args, '--url', system.http, '--api-key', system.adminKey]).finish();

  it('no answer of the API is kept by a cache, above all none with a secret', async () => {
    const answers = {
      login: await rest(system.http, 'POST', '/v1/users/login', {
        body: { email: 'admin@vectron.local', password: system.password },
      }),
      refused: await rest(system.http, 'POST', '/v1/users/login', { body: { email: 'a@b.c', password: 'wrong one' } }),
      refresh: await rest(system.http, 'POST', '/v1/auth/refresh', { body: { refreshToken: 'vr_none' } }),
      key: await call('POST', '/v1/keys', { name: 'k' }),
      keys: await call('GET', '/v1/keys'),
      profile: await call('GET', '/v1/user/profile'),
      nobody: await rest(system.http, 'GET', '/v1/user/profile'),
      collections: await call('GET', '/v1/collections'),
    };
    for (const [name, { headers }] of Object.entries(answers)) {
      expect([name, headers.get('cache-control')]).toEqual([name, 'no-store']);
    }
  });

  it('no command prints what a terminal acts on: tables, JSON, changes and errors', async () => {
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('hostile', { dimension: 2 });
    await db.upsert('hostile', [{ id: HOSTILE, vector: [1, 0], payload: { [HOSTILE]: HOSTILE } }]);
    await db.close();
    await call('POST', '/v1/keys', { name: HOSTILE });
    const outputs = {
      search: await command('search', 'hostile', '--vector', '[1,0]'),
      json: await command('search', 'hostile', '--vector', '[1,0]', '--json'),
      changes: await command('changes', 'hostile'),
      keys: await command('keys', 'list'),
      audit: await command('audit', 'list'),
      error: await command('points', 'get', 'hostile', `none ${HOSTILE}`),
      unknown: await command('collections', 'status', `none${HOSTILE}`),
    };
    for (const [name, { output }] of Object.entries(outputs)) {
      expect(output.length).toBeGreaterThan(0);
      expect([name, CONTROLS.exec(output)?.index]).toEqual([name, undefined]);
    }
    // It is the same id for a program.
    const { hits } = JSON.parse(outputs.json.output) as { hits: { id: string }[] };
    expect(hits[0].id).toBe(HOSTILE);
  });

  it('no line of a log does', () => {
    let written = '';
    const to = new Writable({
      write(chunk, _encoding, done) {
        written += chunk;
        done();
      },
    });
    createLogger('test', 'info', to).info({ id: HOSTILE }, HOSTILE);
    expect(CONTROLS.exec(written)).toBeNull();
    expect(JSON.parse(written)).toMatchObject({ id: HOSTILE, msg: HOSTILE });
  });

  it('scores are numbers, whatever the vectors: what cannot be scored is refused with the name of the field', async () => {
    const huge = [3e38, 3e38];
    for (const distance of ['dot', 'euclidean', 'cosine']) {
      const name = `huge-${distance}`;
      await call('POST', '/v1/collections', { name, dimension: 2, distance });
      const upsert = await call('POST', `/v1/collections/${name}/points`, { points: [{ id: 'p', vector: huge }] });
      expect([distance, upsert.status, JSON.stringify(upsert.body)]).toEqual([
        distance,
        400,
        expect.stringContaining('points[0].vector'),
      ]);
      // The longest that is taken, against itself and its opposite.
      const longest = [3.2e18, -3.2e18];
      const opposite = longest.map((one) => -one);
      const points = [longest, opposite].map((vector, at) => ({ id: `p${at}`, vector }));
      expect((await call('POST', `/v1/collections/${name}/points`, { points })).status).toBe(200);
      const answer = await call('POST', `/v1/collections/${name}/points/search`, { vector: longest });
      const refused = await call('POST', `/v1/collections/${name}/points/search`, { vector: huge });
      expect([answer.status, refused.status]).toEqual([200, 400]);
      const { results } = answer.body as { results: { score: unknown }[] };
      expect(results.map(({ score }) => typeof score === 'number' && Number.isFinite(score))).toEqual([true, true]);
    }
    const grpc = createClient(gateway.VectronServiceService, system.grpc);
    const context = () => callContext({ authorization: `Bearer ${system.adminKey}` });
    const request = gateway.SearchRequest.fromPartial({ collection: 'huge-dot', vector: huge, topK: 1 });
    await expect(grpc.api.search(request as never, context())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const weights = gateway.QueryRequest.fromPartial({
      collection: 'huge-dot',
      branches: [{ vector: [1, 0], weight: Number.POSITIVE_INFINITY }, { vector: [0, 1] }],
    });
    await expect(grpc.api.query(weights, context())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    grpc.close();
    const socket = new WebSocket(`${system.http.replace('http', 'ws')}/v1/collections/huge-dot/points/search/stream`, {
      headers: { authorization: `Bearer ${system.adminKey}` },
    });
    const answered = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.once('open', () => socket.send(JSON.stringify({ vector: huge })));
    expect(JSON.parse(await answered)).toMatchObject({ error: { message: expect.stringContaining('too long') } });
    socket.close();
  });

  it('a snapshot that was changed or cut off is refused before anything is made of it', async () => {
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('kept', { dimension: 2 });
    await db.upsert(
      'kept',
      Array.from({ length: 5 }, (_, at) => ({ id: `p${at}`, vector: [1, at], payload: { price: 100 + at } })),
    );
    const file = join(tempDir('snapshot'), 'kept.jsonl');
    expect(await command('collections', 'snapshot', 'kept', file)).toMatchObject({ code: 0 });
    const text = readFileSync(file, 'utf8');
    const changes: Record<string, string> = {
      'a value': text.replace('"price":102', '"price":999'),
      'a point for another': text.replace('"p3"', '"p9"'),
      'a setting': text.replace('"dimension":2', '"dimension":3'),
      'a cut-off end': text.split('\n').slice(0, -2).join('\n'),
      'a point left out': text
        .split('\n')
        .filter((_, at) => at !== 2)
        .join('\n'),
      'no checksum': text.replace(/,"sha256":"[0-9a-f]+"/, ''),
    };
    for (const [what, changed] of Object.entries(changes)) {
      expect([what, changed === text]).toEqual([what, false]);
      writeFileSync(file, changed);
      const { code } = await command('collections', 'restore', file, '--name', 'restored');
      expect([what, code]).toEqual([what, 2]);
      expect([what, await db.listCollections()]).toEqual([what, expect.not.arrayContaining(['restored'])]);
    }
    writeFileSync(file, text);
    expect(await command('collections', 'restore', file, '--name', 'restored')).toMatchObject({ code: 0 });
    expect((await db.search('restored', { vector: [1, 0], topK: 10 })).hits).toHaveLength(5);
    await db.close();
  });
});

describe('errors of a cluster', () => {
  let system: SeparateSystem;
  beforeAll(async () => {
    system = await startSeparate(1);
  });
  afterAll(() => system?.stop());

  it('name no address, port or file of the cluster; the log has them, under the id of the request', async () => {
    const { adminKey, http, processes } = system;
    const [pd, worker, auth] = processes;
    await rest(http, 'POST', '/v1/collections', { key: adminKey, body: { name: 'here', dimension: 2 } });
    const grpc = createClient(gateway.VectronServiceService, system.grpc);
    const context = (key: string) => callContext({ authorization: `Bearer ${key}` });
    const said: string[] = [];
    const ask = async (method: string, path: string, key: string, body?: unknown) => {
      const answer = await rest(http, method, path, { key, body });
      if (answer.status >= 500) said.push(answer.body.message as string);
      return answer;
    };
    const place = /\d+\.\d+\.\d+\.\d+|localhost|:\d{2,5}\b|unix:|ECONN|node_modules|\/(?:tmp|work|home)\//;
    await worker.stop('SIGKILL');
    await until('a write fails', async () => {
      const points = [{ id: 'p', vector: [1, 0] }];
      return (await ask('POST', '/v1/collections/here/points', adminKey, { points })).status >= 500;
    });
    await grpc.api
      .query(
        gateway.QueryRequest.fromPartial({ collection: 'here', branches: [{ vector: [1, 0] }] }),
        context(adminKey),
      )
      .catch((error: Error) => said.push(error.message));
    await pd.stop('SIGKILL');
    await ask('POST', '/v1/collections', adminKey, { name: 'there', dimension: 2 });
    await grpc.api
      .createCollection(gateway.CreateCollectionRequest.fromPartial({ name: 'x', dimension: 2 }), context(adminKey))
      .catch((error: Error) => said.push(error.message));
    await auth.stop('SIGKILL');
    for (let at = 0; at < 8; at++) await ask('GET', '/v1/collections', `vk_AAAAAAAAAAA${at}_none`);
    await grpc.api
      .listCollections({}, context('vk_BBBBBBBBBBBB_none'))
      .catch((error: Error) => said.push(error.message));
    const { headers } = await ask('POST', '/v1/users/login', '', { email: 'a@b.c', password: 'some password' });
    grpc.close();
    expect(said.length).toBeGreaterThan(8);
    for (const text of said) expect([text, place.exec(text)?.[0]]).toEqual([text, undefined]);
    const gatewayProcess = processes[processes.length - 1];
    await gatewayProcess.until(new RegExp(headers.get('x-request-id') as string));
  });
});
