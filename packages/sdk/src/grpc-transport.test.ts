import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from '@jest/globals';
import { connect } from './index.js';

/** A port of this machine on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

it('connects to a gateway that is back with the next call, and not when its own pause is over', async () => {
  const port = await freePort();
  const db = connect(`grpc://127.0.0.1:${port}`, { retries: 0 });
  // Each failure doubles the pause before the channel connects again by itself, up to two seconds.
  for (let time = 0; time < 6; time++) {
    await expect(db.listCollections()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
  }
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    await expect(db.listCollections()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(connections).toBeGreaterThan(0);
  } finally {
    await db.close();
    server.close();
  }
});
