import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

const SECONDS = 8;
const REQUEST = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
/** Of one connection, whose answers have not been sent. */
const MOST = 64;

describe('many requests in one packet', () => {
  let system: ProcessSystem;
  let others: Others;
  const portOf = (address: string) => Number(/:(\d+)$/.exec(address)?.[1]);

  beforeAll(async () => {
    system = await startSingle();
    others = await Others.on(system);
  });
  afterAll(async () => {
    await others?.close();
    await system?.stop();
  });

  /** Sends so many requests at once; returns what came back, all of it, when the connection has ended. */
  async function answers(count: number): Promise<{ answered: number; ended: boolean }> {
    const socket = connect(portOf(system.http), '127.0.0.1');
    let text = '';
    let ended = false;
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      ended = true;
    });
    socket.write(REQUEST.repeat(count));
    const seen = () => ({ answered: text.split('HTTP/1.1 200').length - 1, ended });
    const end = await until('answers', seen, (now) => now.ended || now.answered >= count);
    socket.destroy();
    return end;
  }

  it('a few are answered, one after the other', async () => {
    expect(await answers(MOST)).toEqual({ answered: MOST, ended: false });
  });

  it('too many end the connection', async () => {
    const { answered, ended } = await answers(2_000);
    expect(ended).toBe(true);
    expect(answered).toBeLessThanOrEqual(MOST);
  });

  it.each(['/healthz', '/readyz', '/v1/collections', '/openapi.json'])(
    '2,000 of %s take nothing from others',
    async (path) => {
      const before = others.memory();
      const attack = new Attack('pipelined.mjs', { port: portOf(system.http), seconds: SECONDS, path });
      const { cut, rounds } = await others.during(attack);
      expect(cut).toBeGreaterThan(0);
      expect(rounds).toBeGreaterThan(0);
      await others.memoryIsBack(before);
    },
  );
});
