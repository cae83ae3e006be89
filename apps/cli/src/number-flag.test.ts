import { describe, expect, it } from '@jest/globals';
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { numberFlag, wholeFlag } from './number-flag.js';
import { vectronProgram } from './program.js';

const optionsOf = (command: Command): [string, Option][] => [
  ...command.options.map((option): [string, Option] => [`${command.name()} ${option.flags}`, option]),
  ...command.commands.flatMap(optionsOf),
];
const NO_NUMBERS = [
  'abc',
  '',
  ' ',
  '5s',
  ' 5',
  '5 ',
  '+5',
  '0x10',
  '1_000',
  '1,5',
  '05',
  '.5',
  '5.',
  'NaN',
  'Infinity',
  '1e999',
  '٥',
];

const program = await vectronProgram();

describe('flags that are numbers', () => {
  const isList = (parseArg: (text: string, before: undefined) => unknown) => Array.isArray(parseArg('1', undefined));
  const parsed = optionsOf(program).filter(
    ([, { parseArg, argChoices }]) => parseArg !== undefined && argChoices === undefined && !isList(parseArg),
  );

  it('are many', () => {
    expect(parsed.length).toBeGreaterThan(25);
  });

  it.each(parsed)('%s takes no text that is no number', (_name, { parseArg }) => {
    for (const text of NO_NUMBERS) {
      expect(() => (parseArg as unknown as (text: string) => number)(text)).toThrow(InvalidArgumentError);
    }
    expect((parseArg as unknown as (text: string) => number)('1')).toBe(1);
  });

  it('are the numbers that they say', () => {
    expect(['0', '-1', '1.5', '1e3', '9007199254740993'].map(numberFlag)).toEqual([0, -1, 1.5, 1000, 9007199254740992]);
    expect(wholeFlag(1, 7)('7')).toBe(7);
    for (const text of ['0', '8', '1.5', '-1']) expect(() => wholeFlag(1, 7)(text)).toThrow('from 1 to 7');
    expect(() => wholeFlag(1)('0')).toThrow('of at least 1');
  });
});
