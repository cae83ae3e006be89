import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, rest, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const PER_ADDRESS = 12;
const ROOM_BYTES = 1 << 20;
const portOf = (address: string) => Number(/:(\d+)$/.exec(address)?.[1]);

describe('connections and what is on its way over them', () => {
  let system: ProcessSystem;
  let open: Socket[] = [];
  beforeAll(async () => {
    const limits = { 'max-connections-per-address': PER_ADDRESS, 'max-receiving': ROOM_BYTES };
    const flags = Object.entries(limits).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    system = await startSingle(undefined, ['--no-sample', ...flags]);
  });
  afterEach(() => {
    for (const socket of open) socket.destroy();
    open = [];
  });
  afterAll(() => system?.stop());

  /** From an address of this machine that nothing else of the test comes from. */
  async function connected(port: number, localAddress: string): Promise<Socket> {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    open.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  it.each(['http', 'grpc'] as const)(
    'the %s listener serves so many of one address, and others beside',
    async (wire) => {
      const port = portOf(system[wire]);
      const address = wire === 'http' ? '127.0.0.7' : '127.0.0.8';
      for (let at = 0; at < 2 * PER_ADDRESS; at++) await connected(port, address);
      const kept = () => open.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length;
      for (const socket of open) socket.resume();
      await until('those beyond the limit are ended', () => kept() === PER_ADDRESS);
      const other = await connected(port, '127.0.0.9');
      other.resume();
      expect((await rest(system.http, 'GET', '/healthz')).status).toBe(200);
      expect([kept(), other.destroyed]).toEqual([PER_ADDRESS + 1, false]);
      // One that leaves makes room for the next.
      open[0].destroy();
      await until('the next one is served', async () => {
        const next = await connected(port, address);
        next.resume();
        await rest(system.http, 'GET', '/healthz');
        return !next.destroyed;
      });
    },
  );

  it('bodies that are on their way have a room, and who takes most of it is refused', async () => {
    const started = async (bytes: number) => {
      const socket = await connected(portOf(system.http), '127.0.0.10');
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => {
        answer += text;
      });
      const head = [
        'POST /v1/collections/none/points HTTP/1.1',
        'host: x',
        `authorization: Bearer ${system.adminKey}`,
        'content-type: application/json',
        `content-length: ${4 * ROOM_BYTES}`,
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      socket.write(`{"points":"${'x'.repeat(bytes)}`);
      return () => answer;
    };
    const small = await started(ROOM_BYTES / 8);
    const large = await started(2 * ROOM_BYTES);
    await until('the larger one is refused', () => large().includes('OVERLOADED'));
    expect(large()).toMatch(/^HTTP\/1\.1 (429|503) /);
    expect(small()).toBe('');
    expect((await rest(system.http, 'GET', '/v1/collections', { key: system.adminKey })).status).toBe(200);
  });
});
