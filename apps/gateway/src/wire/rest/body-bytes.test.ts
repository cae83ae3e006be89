import { once } from 'node:events';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { Arrivals } from '@vectron/rpc';
import Fastify, { type FastifyInstance } from 'fastify';
import { acceptBodies } from './bodies.js';
import { guardRequests } from './http-edge.js';

const body = JSON.stringify({ points: [{ id: 'a'.repeat(300 << 10) }] });
let seen: number[];
let fastify: FastifyInstance;

/** A server with one route of writes, whose edge says how many bytes it was told of and refuses. */
beforeEach(async () => {
  seen = [];
  const edge = {
    enter: () => ({ tenantId: 't', role: 'admin', scope: [] }),
    shed: () => undefined,
    receive: () => undefined,
    hold: () => ({ release: () => {}, signal: new AbortController().signal }),
    admit(_contract: unknown, _principal: unknown, { bytes }: { bytes: number }) {
      seen.push(bytes);
      throw new VectronError('OVERLOADED', 'on purpose');
    },
    leave: () => {},
  };
  fastify = Fastify({ bodyLimit: 1 << 20 });
  await acceptBodies(fastify);
  guardRequests(fastify, edge as never, new Arrivals({ maxBytes: 0, minBytesPerSecond: 0 }), {
    measure: () => {},
    requests: { wants: () => false } as never,
    logger: {} as never,
  });
  const contract = { access: 'write', admission: 'write', request: 'vectron.v1.UpsertRequest', scope: [], http: [] };
  fastify.post('/points', { config: { contract } as never }, async () => 'never');
  await fastify.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => fastify.close());

async function post(headers: Record<string, string | number>, ...chunks: (string | Buffer)[]): Promise<void> {
  const { port } = fastify.server.address() as AddressInfo;
  const request = send({ port, host: '127.0.0.1', method: 'POST', path: '/points', headers });
  for (const chunk of chunks) request.write(chunk);
  request.end();
  const [response] = await once(request, 'response');
  await once(response.resume(), 'end');
}

it('a body has the bytes that it has when it is read, however it was sent', async () => {
  const headers = { 'content-type': 'application/json' };
  await post({ ...headers, 'content-length': body.length }, body);
  await post(headers, body.slice(0, 1_000), body.slice(1_000));
  await post({ ...headers, 'content-encoding': 'gzip' }, gzipSync(body));
  expect(seen).toEqual([body.length, body.length, body.length]);
});
