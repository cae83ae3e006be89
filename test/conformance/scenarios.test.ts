import { describe, expect, it } from '@jest/globals';
import { methodOf } from '@vectron/proto';
// @ts-expect-error a script of this repository without types
import { compare } from './sdks/compare.mjs';
// @ts-expect-error a script of this repository without types
import { scenarios } from './sdks/scenarios.mjs';

interface Step {
  readonly call?: string;
  readonly during?: readonly Step[];
  readonly steps?: readonly Step[];
  readonly together?: readonly Step[];
}
const callsOf = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ call, during = [], steps: own = [], together = [] }) => [
    ...(call === undefined ? [] : [call]),
    ...callsOf([...during, ...own, ...together]),
  ]);

it.each<[string, Step[]]>((scenarios() as { name: string; steps: Step[] }[]).map(({ name, steps }) => [name, steps]))(
  'the scenario %s calls what the contract has',
  (_, steps) => {
    const calls = callsOf(steps);
    expect(calls.length).toBeGreaterThan(1);
    // `Changes` is the stream that SDKs make of ListChanges.
    for (const call of calls) {
      const service = call.endsWith('APIKey') || call.endsWith('APIKeys') ? 'auth.v1.AuthService' : 'v1.VectronService';
      if (call !== 'Changes') expect(methodOf(`/vectron.${service}/${call}`)).toBeDefined();
    }
  },
);

describe('answers of scenarios', () => {
  const kept = new Map<string, unknown>([['token', 'v1.1-5']]);
  const good: [unknown, unknown][] = [
    [1, '1'],
    [1, 1n],
    [9007199254740993n, '9007199254740993'],
    [0.5, 0.500001],
    [{ a: [1, { b: null }] }, { a: [1, { b: null, c: 2 }], d: 3 }],
    [{ a: { $absent: true } }, {}],
    [{ a: { $any: true } }, { a: 0 }],
    [{ $near: 2, within: 0.1 }, 2.05],
    [{ $length: 2 }, [1, 2]],
    [{ $unordered: [{ $any: true }, 1] }, [1, 2]],
    [{ $from: 'token' }, 'v1.1-5'],
  ];
  const wrong: [unknown, unknown][] = [
    [9007199254740993n, 9007199254740992],
    [9007199254740993n, '9007199254740992'],
    [1, true],
    [0.5, 0.51],
    [[1], [1, 2]],
    [{}, []],
    [{ a: 1 }, {}],
    [{ a: null }, {}],
    [{ a: { $absent: true } }, { a: null }],
    [{ a: { $any: true } }, { a: null }],
    [{ $near: 2, within: 0.1 }, 2.2],
    [{ $length: 2 }, [1]],
    [{ $unordered: [1, 1] }, [1, 2]],
    [{ $from: 'nothing' }, 1],
    [{ $matches: 'x' }, 'x'],
    ['ok', undefined],
  ];
  it.each(good)('%p is met by %p', (wanted, got) => {
    compare(wanted, got, kept);
  });
  it.each(wrong)('%p is not met by %p', (wanted, got) => {
    expect(() => compare(wanted, got, kept)).toThrow();
  });
});
