import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

const CONNECTIONS = 180;

describe('clients that are slow take nothing from others', () => {
  let system: ProcessSystem;
  let others: Others;
  const portOf = (wire: 'http' | 'grpc') => Number(/:(\d+)$/.exec(system[wire])?.[1]);

  beforeAll(async () => {
    system = await startSingle();
    others = await Others.on(system);
  });
  afterAll(async () => {
    await others?.close();
    await system?.stop();
  });

  it.each([
    ['http', 'http'],
    ['http2', 'grpc'],
  ] as const)('%s: bodies that come a byte a second hold no room, and are refused', async (protocol, wire) => {
    const before = others.memory();
    const flags = { port: portOf(wire), protocol, connections: CONNECTIONS, seconds: 15, token: system.adminKey };
    const path = protocol === 'http' ? '/v1/collections/others/points' : '/vectron.v1.VectronService/Upsert';
    const { rounds, cut } = await others.during(new Attack('slow-bodies.mjs', { ...flags, path }));
    expect(rounds).toBeGreaterThan(0);
    // The connection of a gRPC call goes on: it is the call that is refused.
    if (protocol === 'http') expect(cut).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });

  it('a gRPC call whose message does not come is refused, in words', async () => {
    const session = connect(`http://${system.grpc}`);
    const headers = { authorization: `Bearer ${system.adminKey}`, 'content-type': 'application/grpc', te: 'trailers' };
    const call = session.request({
      ':method': 'POST',
      ':path': '/vectron.v1.VectronService/Upsert',
      ...headers,
    });
    call.write(Buffer.from([0, 0, 0, 0x10, 0, 1]));
    const [answer] = (await once(call, 'response')) as [Record<string, string>];
    expect(answer['grpc-status']).toBe('4');
    expect(decodeURIComponent(answer['grpc-message'])).toContain('bytes per second');
    session.destroy();
  });

  it('a stranger sends no message: the call is refused by its headers', async () => {
    const session = connect(`http://${system.grpc}`);
    const call = session.request({
      ':method': 'POST',
      ':path': '/vectron.v1.VectronService/Upsert',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const [answer] = (await once(call, 'response')) as [Record<string, string>];
    expect(answer['grpc-status']).toBe('16');
    session.destroy();
  });

  it('heads that come a byte a second', async () => {
    const flags = { port: portOf('http'), protocol: 'head', connections: CONNECTIONS, seconds: 15 };
    const { rounds, cut } = await others.during(new Attack('slow-bodies.mjs', flags));
    expect(rounds).toBeGreaterThan(0);
    expect(cut).toBeGreaterThan(0);
  });

  it.each(['http', 'grpc'] as const)('connections on %s that send nothing are ended', async (wire) => {
    const flags = { port: portOf(wire), protocol: 'nothing', connections: CONNECTIONS, seconds: 15 };
    const { cut } = await others.during(new Attack('slow-bodies.mjs', flags));
    expect(cut).toBeGreaterThan(0);
  });

  it.each([
    ['http', '/openapi.json'],
    ['upgrade', '/v1/collections/others/points/search/stream'],
  ])('%s: answers that nobody reads', async (protocol, path) => {
    const before = others.memory();
    const body = protocol === 'upgrade' ? '{"vector":[1,0,0,1]}' : '';
    const flags = { port: portOf('http'), protocol, path, body, token: system.adminKey, connections: 20, seconds: 8 };
    const { rounds } = await others.during(new Attack('slow-readers.mjs', { ...flags, requests: 2_000 }));
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });
});
