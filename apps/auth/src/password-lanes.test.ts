import { describe, expect, it } from '@jest/globals';
import { inLane, inTurn, type Lane } from './password-lanes.js';

/** Work that goes on until `end` is called. */
function endless() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => ended.then(() => 'OK'), end };
}
const codeOf = (error: { code: string }) => error.code;
const count = (all: string[], code: string) => all.filter((one) => one === code).length;

describe('a lane of passwords', () => {
  it('takes few of one address, and is full for others only when many addresses fill it', async () => {
    const { work, end } = endless();
    const enter = (from: string) => inLane('registration', from, work).catch(codeOf);
    const flood = Array.from({ length: 110 }, () => enter('192.0.2.1'));
    const others = Array.from({ length: 110 }, (_, at) => enter(`198.51.100.${at}`));
    end();
    const [ofOne, ofOthers] = [await Promise.all(flood), await Promise.all(others)];
    expect([count(ofOne, 'OK'), count(ofOne, 'OVERLOADED')]).toEqual([5, 105]);
    expect([count(ofOthers, 'OK'), count(ofOthers, 'OVERLOADED')]).toEqual([45, 65]);
    // Places are given back.
    expect(await Promise.all(Array.from({ length: 5 }, () => enter('192.0.2.1')))).toEqual(Array(5).fill('OK'));
  });

  it.each<Lane>(['known', 'stranger', 'registration', 'own'])(
    'that is full keeps nobody in %s waiting',
    async (lane) => {
      const floods = (['known', 'stranger', 'registration', 'own'] as const).filter((other) => other !== lane);
      const { work, end } = endless();
      const waiting = floods.flatMap((flood) =>
        Array.from({ length: 200 }, (_, at) => inLane(flood, `from ${at}`, work).catch(codeOf)),
      );
      expect(await inLane(lane, 'somebody', () => inTurn(async () => 'OK'))).toBe('OK');
      end();
      await Promise.all(waiting);
    },
  );

  it('gives its turn to the others after two hashes', async () => {
    const order: string[] = [];
    const hash = (lane: Lane, at: number) =>
      inLane(lane, `from ${at}`, () => inTurn(async () => void order.push(lane)));
    const flood = Array.from({ length: 40 }, (_, at) => hash('registration', at));
    const login = hash('known', 0);
    await Promise.all([...flood, login]);
    expect(order.indexOf('known')).toBeLessThan(6);
  });
});
