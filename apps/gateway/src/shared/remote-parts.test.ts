import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { PortPeer } from '@vectron/rpc';
import { OwnWriteMarks } from '../data/write-marks.js';
import { HeldRequests } from '../edge/admission.js';
import { rateLimiter } from '../edge/edge.js';
import { Strangers } from '../edge/strangers.js';
import type { SharedParts } from './parts.js';
import { remoteParts, serveParts } from './remote-parts.js';

const RATE = 10;
const ports: { close(): void }[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** The parts of one process, and what two gateways have of them, each at the other end of a port. */
function partsOfTwo() {
  const nowMs = 1_000_000;
  const parts = {
    limiter: rateLimiter({ rateLimit: RATE, rateBurst: RATE, tenantRateLimit: 1_000 }),
    strangers: new Strangers(() => nowMs),
    open: new HeldRequests(8, undefined, { tenant: 6, key: 3 }),
    ...{ audit: {}, system: {}, alerts: {}, feedback: {} },
  } as unknown as SharedParts;
  return [1, 2].map(() => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const end = serveParts(new PortPeer(port1), parts);
    const remote = remoteParts(new PortPeer(port2), new OwnWriteMarks(), { auditId: 'a', limited: true });
    return { ...remote, end };
  });
}
const codes = async (calls: Promise<unknown>[]) => {
  const ended = await Promise.allSettled(calls);
  const all = ended.map((one) => (one.status === 'fulfilled' ? 'OK' : String(one.reason.code)));
  return Object.fromEntries([...new Set(all)].map((code) => [code, all.filter((one) => one === code).length]));
};

describe('two gateways of one process', () => {
  it('give a key its rate once, whichever of them it asks', async () => {
    const two = partsOfTwo();
    const who = { apiKeyId: 'k', userId: 'u', tenantId: 't' };
    // No second ends meanwhile.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    const all = Array.from({ length: 8 * RATE }, (_, at) => two[at % 2].limiter?.consume(who) as Promise<void>);
    const counted = await codes(all).finally(() => jest.useRealTimers());
    // Those of the burst, and of this second.
    expect(counted).toEqual({ OK: 2 * RATE, RATE_LIMITED: 6 * RATE });
  });

  it('count the wrong tokens of an address together', async () => {
    const two = partsOfTwo();
    for (let at = 0; at < 999; at += 1) two[at % 2].strangers.failed('10.0.0.1');
    await two[0].strangers.check('10.0.0.1');
    await two[1].strangers.check('10.0.0.1');
    two[1].strangers.failed('10.0.0.1');
    const refused = { code: 'RATE_LIMITED', details: { retryAfterMs: expect.any(Number) } };
    // What comes through one port comes in its order.
    for (const { strangers } of two.toReversed())
      await expect(strangers.check('10.0.0.1')).rejects.toMatchObject(refused);
    for (const { strangers } of two) await strangers.check('10.0.0.2');
  });

  it('count what a key holds open together, and what one held is given back when it ends', async () => {
    const two = partsOfTwo();
    const keep = (at: number) => two[at].open.keepOpen('t', 'k') as Promise<() => void>;
    const [first] = await Promise.all([keep(0), keep(1), keep(1)]);
    for (const at of [0, 1]) await expect(keep(at)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    first();
    first();
    await keep(0);
    await expect(keep(1)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    two[1].end();
    expect(await codes([keep(0), keep(0), keep(0)])).toEqual({ OK: 2, QUOTA_EXCEEDED: 1 });
  });
});
