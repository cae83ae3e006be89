import { expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { vectronProgram } from '../../apps/cli/src/program.js';

/** Every command with its path, such as `users login`. */
const commandsOf = (command: Command, path: string[] = []): { name: string; command: Command }[] => [
  { name: path.join(' '), command },
  ...command.commands.flatMap((one) => commandsOf(one, [...path, one.name()])),
];
const all = commandsOf(await vectronProgram());
const SECRET = /password|passphrase|secret|token|invitation|credential|api-?key/;
/** Names a file, a count or a duration, or takes no value. */
const HARMLESS = /-(file|stdin|minutes|bytes)$|^--max-/;

it('takes no secret as an argument, which every user of a machine sees, unless a file can hold it as well', () => {
  expect(all.length).toBeGreaterThan(60);
  const found = all.flatMap(({ name, command }) => {
    const flags = new Set(command.options.map(({ long }) => long ?? ''));
    const options = command.options
      .filter(
        ({ long, required, optional }) =>
          (required || optional) && SECRET.test(long ?? '') && !HARMLESS.test(long ?? ''),
      )
      .filter(({ long }) => !flags.has(`${long}-file`))
      .map(({ long }) => `${name} ${long}`);
    const words = command.registeredArguments
      .filter((one) => SECRET.test(one.name()))
      .map((one) => `${name} ${one.name()}`);
    return [...options, ...words];
  });
  expect(found).toEqual([]);
});

it('says of the one key that can be an argument that others see it there', () => {
  const keys = all.flatMap(({ command }) => command.options.filter(({ long }) => long === '--api-key'));
  expect(keys.length).toBeGreaterThan(40);
  for (const { description } of keys) expect(description).toContain('every user of this machine can see flags');
});
