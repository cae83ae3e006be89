import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

/** Long for the floods that are known to have stalled servers, short for their siblings. */
const LONG_S = 20;
const SHORT_S = 4;
const CONNECTIONS = 4;

describe('floods of HTTP/2 end their connections and nobody else notices', () => {
  let system: ProcessSystem;
  let others: Others;
  let port: number;

  beforeAll(async () => {
    system = await startSingle();
    others = await Others.on(system);
    port = Number(/:(\d+)$/.exec(system.grpc)?.[1]);
  });
  afterAll(async () => {
    await others?.close();
    await system?.stop();
  });

  it.each([
    ['priority', LONG_S],
    ['rapid-reset', LONG_S],
    ['settings', SHORT_S],
    ['ping', SHORT_S],
    ['continuation', SHORT_S],
    ['empty-data', SHORT_S],
    ['window-update', SHORT_S],
    ['headers', SHORT_S],
    ['reset-by-server', SHORT_S],
  ])('%s for %i s', async (kind, seconds) => {
    const before = others.memory();
    const attack = new Attack('http2-flood.mjs', { port, kind, seconds, connections: CONNECTIONS });
    const { cut, rounds } = await others.during(attack);
    expect(cut).toBeGreaterThan(0);
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });

  it('600,000 calls that stay open, on six connections', async () => {
    const before = others.memory();
    const attack = new Attack('open-streams.mjs', { port, connections: 6, streams: 100_000, seconds: LONG_S });
    const { cut, rounds } = await others.during(attack);
    expect(cut).toBeGreaterThan(0);
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });

  it('calls that stay open, of somebody with a key: a connection has so many and no more', async () => {
    const before = others.memory();
    const flags = { port, connections: 6, streams: 20_000, seconds: SHORT_S, bytes: 1_000, token: system.adminKey };
    const { rounds } = await others.during(new Attack('open-streams.mjs', flags));
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });
});
