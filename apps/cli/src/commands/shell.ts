import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type REPLServer, start } from 'node:repl';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { toVectronError } from '@vectron/errors';
import { type VectronClient, where } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, clientConfig, withClient } from '../client.js';
import { stateHome } from '../config.js';
import { note, say } from '../output.js';
import type { Define } from '../program.js';

/** Names of a shell, and what they are. */
const HELP = [
  'db      the client: db.search(...), db.upsert(...), db.listCollections(), as in the SDK; await works',
  'where   makes filters: where.field("price").lt(10)',
  '.help   commands of the shell itself; Tab completes; Ctrl-D ends',
];

export function shellCommand(program: Command, client: Define): void {
  client(
    program,
    'shell',
    'run JavaScript with a connected client: interactively on a terminal, otherwise the program on the standard input',
  )
    .option('--eval <code>', 'run this code, print its result, and exit')
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const code = options.eval as string | undefined;
        if (code !== undefined)
          return printed(await evaluated(db, code))
            .split('\n')
            .forEach(say);
        if (!process.stdin.isTTY)
          return void (await runInNewContext(`(async () => {${readFileSync(0, 'utf8')}\n})()`, scope(db)));
        for (const line of [`connected to ${clientConfig(options).url}`, ...HELP]) note(line);
        await session(db);
      }),
    );
}

const names = (db: VectronClient) => ({ db, where });
/** What a script finds besides the language itself. */
const scope = (db: VectronClient) => ({ ...names(db), console, URL, Buffer, setTimeout });

const printed = (value: unknown): string =>
  typeof value === 'string' ? value : inspect(value, { depth: 6, maxArrayLength: 20, colors: process.stdout.isTTY });

/** The value of a piece of code in which `await` may stand. */
const evaluated = (db: VectronClient, code: string): Promise<unknown> =>
  runInNewContext(`(async () => (${code}\n))()`, scope(db));

function session(db: VectronClient): Promise<void> {
  const shell = start({
    prompt: 'vectron> ',
    useGlobal: false,
    ignoreUndefined: true,
    writer: (value) => (value instanceof Error ? errorText(value) : printed(value)),
  });
  Object.assign(shell.context, names(db));
  keepHistory(shell);
  return new Promise((resolve) => shell.once('exit', resolve));
}

/** An error of the server as other commands tell it; anything else with its stack. */
function errorText(error: Error): string {
  if (error.name !== 'VectronError') return error.stack ?? error.message;
  const { code, message } = toVectronError(error);
  return `${code}: ${message}`;
}

/** Lines typed on a terminal are kept for the next time, in a file of this user alone. */
function keepHistory(shell: REPLServer): void {
  const file = join(stateHome(), 'vectron', 'history');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  shell.setupHistory(file, (error) => {
    if (error !== null) note(`what is typed is not kept: ${error.message}`);
  });
}
