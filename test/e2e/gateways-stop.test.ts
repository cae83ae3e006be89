import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { KeptConnection } from '../harness/kept-connection.js';
import { VectronProcess } from '../harness/process.js';
import { tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const C = 'stopping';
const POINTS = `/v1/collections/${C}/points`;
const SEARCH = `${POINTS}/search`;
const LISTEN = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];

const started: VectronProcess[] = [];
const closing: (() => void)[] = [];
afterAll(async () => {
  for (const close of closing) close();
  for (const one of started) await one.stop('SIGKILL');
});

function begin(gateways: number, data: string, flags: readonly string[] = []): VectronProcess {
  const preload = pathToFileURL(join(process.cwd(), 'test/harness/failing-thread.mjs')).href;
  const own = ['--data', data, '--no-sample', '--gateways', String(gateways), ...LISTEN, ...flags];
  const server = new VectronProcess(['serve', ...own], { NODE_OPTIONS: `--import ${preload}` });
  started.push(server);
  return server;
}

async function clientsOf(server: VectronProcess, data: string) {
  await server.until(/ready; stop/);
  const http = (await server.until(/REST\s+(http:\/\/[\d.:]+)\/v1/))[1];
  const grpc = (await server.until(/gRPC\s+([\d.:]+)/))[1];
  const { apiKey } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8')) as { apiKey: string };
  const connection = () => {
    const one = new KeptConnection(http, apiKey);
    closing.push(() => one.close());
    return one;
  };
  const { api, close } = createClient(gateway.VectronServiceService, grpc);
  closing.push(close);
  const context = () => callContext({ authorization: `Bearer ${apiKey}` });
  const looking = connection();
  const running = async (kind: string) => {
    const { text } = await looking.call('GET', '/metrics');
    return Number(new RegExp(`^vectron_requests_running\\{kind="${kind}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  };
  return { connection, api, context, running };
}

/** Returns the token of its last write. */
async function madeCollection(connection: KeptConnection): Promise<string> {
  const made = await connection.call('POST', '/v1/collections', { name: C, dimension: 2, distance: 'euclidean' });
  expect(made.status).toBe(200);
  const points = Array.from({ length: 20 }, (_, at) => ({ id: `p${at}`, vector: [at, 0] }));
  const { status, body } = await connection.call('POST', POINTS, { points });
  expect(status).toBe(200);
  return (body as unknown as { writeToken: string }).writeToken;
}

describe.each([1, 2])('a server with %i gateways that is told to stop', (gateways) => {
  it('finishes what has begun, ends what waits for nobody knows what, and ends itself with code 0', async () => {
    const data = tempDir('stopping');
    const server = begin(gateways, data);
    const { connection, running } = await clientsOf(server, data);
    await madeCollection(connection());
    // A write whose body is about to come.
    const write = connection().open('POST', POINTS, 'later');
    await new Promise((begun) => write.request.once('continue', begun));
    // What waits for changes: for that write, and for one that nobody makes any more.
    const quiet = { name: 'quiet', dimension: 2, distance: 'euclidean' };
    expect((await connection().call('POST', '/v1/collections', quiet)).status).toBe(200);
    const [heard, unheard] = await Promise.all(
      [C, 'quiet'].map(async (name) => {
        const path = `/v1/collections/${name}/changes`;
        const { body } = await connection().call('GET', `${path}?from=now`);
        const { nextCursor } = body as unknown as { nextCursor: string };
        const query = `waitMs=60000&cursor=${encodeURIComponent(nextCursor)}`;
        return [1, 2].map(() => connection().call('GET', `${path}?${query}`));
      }),
    );
    const ends = Promise.allSettled(unheard);
    await until('all wait', async () => (await running('watch')) === 4);
    const stopped = server.stop('SIGTERM');
    await server.until(/SIGTERM: stopping/);
    write.request.end(JSON.stringify({ points: [{ id: 'last', vector: [70, 0] }] }));
    expect((await write.answer).status).toBe(200);
    for (const { text } of await Promise.all(heard)) expect(text).toContain('"last"');
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ECONNRESET' } });
    await stopped;
    expect((await server.finish()).code).toBe(0);
  });
});

describe('a server with two gateways that is told to stop', () => {
  it('ends with code 0 under load, while one of them is started again', async () => {
    const data = tempDir('stopping');
    const server = begin(2, data);
    const { connection, api, context } = await clientsOf(server, data);
    await madeCollection(connection());
    let [answered, ended] = [0, false];
    const loop = async (call: () => Promise<unknown>) => {
      while (!ended) {
        await call().then(
          () => {
            answered += 1;
          },
          () => undefined,
        );
        if (!server.running) ended = true;
      }
    };
    const loops = [1, 2, 3, 4].flatMap((at) => {
      const rest = connection();
      const point = { id: `w${at}`, vector: [at, at] };
      return [
        loop(() => rest.call('POST', SEARCH, { vector: [at, 0] })),
        loop(() => rest.call('POST', POINTS, { points: [point] })),
        loop(() => api.search(gateway.SearchRequest.fromPartial({ collection: C, vector: [at, 0] }), context())),
        loop(() => api.upsert(gateway.UpsertRequest.fromPartial({ collection: C, points: [point] }), context())),
      ];
    });
    await until('answers', () => answered > 200);
    process.kill(server.pid, 'SIGWINCH');
    await server.until(/told to fail/);
    await server.stop('SIGTERM');
    expect((await server.finish()).code).toBe(0);
    await Promise.all(loops);
  });

  it('ends at once while it starts, and starts again on the same data', async () => {
    const data = tempDir('stopping');
    const first = begin(2, data);
    await until('threads are about to start', () => existsSync(join(data, 'gateway', 'gateway.db')));
    await first.stop('SIGTERM');
    const server = begin(2, data, ['--gateway-hang-seconds', '5']);
    const { connection } = await clientsOf(server, data);
    await madeCollection(connection());
    // One that hangs answers nothing; the other goes on, and gets what connects meanwhile.
    process.kill(server.pid, 'SIGURG');
    await server.until(/does not answer/);
    for (const _ of [1, 2, 3, 4])
      expect((await connection().call('POST', SEARCH, { vector: [1, 0] })).status).toBe(200);
    await server.until(/has not answered for 5 s/);
    await until('it was started again', async () => {
      const { text } = await connection().call('GET', '/metrics');
      return /^vectron_gateway_restarts_total\{gateway="1"\} 1$/m.test(text);
    });
    // Told twice, it waits for nothing.
    const head = connection().open('POST', POINTS, 'later');
    await new Promise((begun) => head.request.once('continue', begun));
    const cut = head.answer.catch((error: NodeJS.ErrnoException) => error.code);
    process.kill(server.pid, 'SIGTERM');
    await server.until(/SIGTERM: stopping/);
    await server.stop('SIGTERM');
    expect(await cut).toBe('ECONNRESET');
    expect((await server.finish()).code).toBe(1);
  });
});
