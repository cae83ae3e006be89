// The one address of several gateways, as a balancer of TCP connections has it in front of a cluster.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Listens on a free port of this machine, and gives each connection to the next of `backends()` (`host:port`) that takes it. A connection
 * ends when its gateway ends it, as without a balancer.
 */
export async function balance(backends) {
  const open = new Set();
  let turn = 0;
  const server = createServer((client) => {
    keep(client);
    const all = backends();
    turn += 1;
    pass(client, [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)]);
  });
  const keep = (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  const pass = (client, [backend, ...others]) => {
    if (backend === undefined) return client.destroy();
    const [host, port] = backend.split(':');
    const gateway = connect({ host, port: Number(port) });
    keep(gateway);
    let isUp = false;
    gateway.once('connect', () => {
      isUp = true;
      client.pipe(gateway).pipe(client);
    });
    client.on('close', () => gateway.destroy());
    gateway.once('close', () => {
      if (!isUp) return pass(client, others);
      // A client that is still sending its request must get to what the gateway has answered: what it sends is read and dropped.
      client.end();
      client.resume();
    });
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
