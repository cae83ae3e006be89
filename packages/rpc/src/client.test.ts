import { Server, ServerCredentials, type ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, expect, it } from '@jest/globals';
import { authInternal } from '@vectron/proto';
import { callContext } from './call-context.js';
import { createClient } from './client.js';

const SERVICE = authInternal.AuthInternalServiceService;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** A server of the auth service's internal API that reports the deadlines of calls; returns its address. */
async function listening(deadlines: (Date | number)[]): Promise<string> {
  const server = new Server();
  servers.push(server);
  server.addService(SERVICE, {
    watchRevocations: (call: ServerWritableStream<unknown, authInternal.Revocations>) => {
      deadlines.push(call.getDeadline());
      call.write({ userIds: [], apiKeyIds: [], sessionIds: [] });
      call.end();
    },
    ping: (call: { getDeadline(): Date | number }, callback: (error: null, answer: object) => void) => {
      deadlines.push(call.getDeadline());
      callback(null, {});
    },
  });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}

it('a client with a default deadline gives it to calls with one answer, and none to streams of answers', async () => {
  const deadlines: (Date | number)[] = [];
  const client = createClient(SERVICE, await listening(deadlines), { timeoutMs: 15_000 });
  await client.api.ping({}, callContext());
  for await (const _ of client.api.watchRevocations({}, callContext()));
  const named = callContext({ timeoutMs: 60_000 });
  for await (const _ of client.api.watchRevocations({}, named));
  client.close();
  expect(deadlines.map((one) => Number.isFinite(Number(one)))).toEqual([true, false, true]);
});
