import { readFileSync } from 'node:fs';
import confirmPrompt from '@inquirer/confirm';
import passwordPrompt from '@inquirer/password';
import { VectronError } from '@vectron/errors';

/** Questions do not mix with what a command answers. */
const ON_STDERR = { output: process.stderr };

/**
 * Passwords and tokens of one command: asked for on the terminal, where what is typed is not shown, or, with
 * `--password-stdin`, read from the standard input, a line each. They are never arguments: every user of a machine sees the
 * arguments of all processes.
 */
export class SecretInput {
  #lines: string[] | undefined;

  constructor(private readonly fromStdin: boolean) {}

  /** `what` is asked for, such as `password of ada@example.org`. Throws INVALID_ARGUMENT where nobody can be asked. */
  async secret(what: string): Promise<string> {
    if (this.fromStdin) return this.#line(what);
    requireTerminal(what, '--password-stdin');
    return answered(passwordPrompt({ message: `${what}:`, toggleMask: false }, ON_STDERR));
  }

  /** Asked for twice, because nobody sees what is typed. */
  async newPassword(what: string): Promise<string> {
    const first = await this.secret(what);
    if (this.fromStdin) return first;
    if ((await this.secret(`${what} once more`)) === first) return first;
    throw VectronError.invalid('password', 'the two passwords differ; nothing was changed, try again');
  }

  #line(what: string): string {
    this.#lines ??= linesOfStdin();
    const line = this.#lines.shift();
    if (line === undefined || line === '')
      throw VectronError.invalid(
        'password-stdin',
        `the standard input has no line with the ${what}; pass one secret per line`,
      );
    return line;
  }
}

function linesOfStdin(): string[] {
  if (process.stdin.isTTY)
    throw VectronError.invalid('password-stdin', 'on a terminal, omit --password-stdin: the password is asked for');
  return readFileSync(0, 'utf8').split(/\r?\n/);
}

/** Asks before something that cannot be undone; `agreed`: the flag --yes. */
export async function confirm(question: string, agreed: boolean): Promise<void> {
  if (agreed) return;
  requireTerminal('consent', '--yes');
  if (!(await answered(confirmPrompt({ message: question, default: false }, ON_STDERR)))) throw notAnswered();
}

function requireTerminal(what: string, flag: string): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw VectronError.invalid(flag.slice(2), `there is no terminal to ask for the ${what}: use ${flag}`);
}

const notAnswered = () => new VectronError('CANCELLED', 'the question was not answered with yes; nothing was changed');

/** The answer; Ctrl-C and Ctrl-D throw CANCELLED. */
async function answered<T>(prompt: Promise<T>): Promise<T> {
  try {
    return await prompt;
  } catch (error) {
    if (error instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(error.name)) throw notAnswered();
    throw error;
  }
}
