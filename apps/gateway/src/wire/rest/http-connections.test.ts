import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { until } from '../../../../../test/harness/waiting.js';
import { drainRequests, guardConnections } from './http-connections.js';

it('a server is drained when what is under way has ended, and what was cut off is not waited for', async () => {
  const server = createServer((_request, response) => setImmediate(() => response.end()));
  const cut: string[] = [];
  const unguard = guardConnections(server, { maxConnections: 0, maxPerAddress: 0 }, (reason) => cut.push(reason));
  const drain = drainRequests(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2_000));
  await new Promise((ended) => socket.once('close', ended));
  expect(cut).toEqual(['pipelined']);
  let drained = false;
  void drain().then(() => {
    drained = true;
  });
  await until('it is drained', () => drained);
  unguard();
  server.close();
});
