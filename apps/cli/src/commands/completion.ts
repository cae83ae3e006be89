import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion.js';

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(async (shell: Shell) => {
      // The program that runs this command knows this command alone.
      const { vectronProgram } = await import('../program.js');
      process.stdout.write(completionScript(await vectronProgram(), shell));
    });
}
