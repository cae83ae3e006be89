import { describe, expect, it } from '@jest/globals';
import { allCommands, EXAMPLES, wordsOf } from './help.js';
import { vectronProgram } from './program.js';

/** The words of a line for a shell, as far as examples use its quotes. */
const split = (line: string): string[] =>
  (line.match(/"[^"]*"|'[^']*'|[^\s'"]+/g) ?? []).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));

describe('the help of the command line', () => {
  it('has examples of commands and options that there are, with the arguments that they need', async () => {
    const program = await vectronProgram();
    const commands = new Map(allCommands(program).map((command) => [wordsOf(command), command]));
    for (const [words, lines] of Object.entries(EXAMPLES)) {
      const command = commands.get(words);
      expect([words, command === undefined]).toEqual([words, false]);
      if (command === undefined) continue;
      for (const line of lines) {
        const own = line.slice(line.lastIndexOf(`vectron ${words}`));
        expect(own.startsWith(`vectron ${words}`)).toBe(true);
        const { operands, unknown } = command.parseOptions(
          split(own.split(' > ')[0]).slice(1 + words.split(' ').length),
        );
        expect([line, unknown]).toEqual([line, []]);
        const needed = command.registeredArguments.filter(({ required }) => required).length;
        expect([line, operands.length >= needed && operands.length <= command.registeredArguments.length]).toEqual([
          line,
          true,
        ]);
      }
    }
  });

  it('shows every command in a group', async () => {
    const program = await vectronProgram();
    for (const command of program.commands)
      expect([command.name(), command.helpGroup()]).toEqual([command.name(), expect.stringMatching(/^[A-Z]\w+:$/)]);
  });
});
