// Where the blocks of a page are run: a folder, its commands, its environment and the addresses that stand for those of the page.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../content-hash.mjs';
import { preparationOf } from './preparations.mjs';

/** A block that hangs is ended. */
const LIMIT_MS = 180_000;

/**
 * A folder with `vectron` and `npx vectron` of this checkout; `npx` has nothing else to offer. A server that a page starts listens at the
 * ports of the page.
 */
export function makeCommands() {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-docs-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const own = `'${process.execPath}' '${join(root, 'apps/cli/bin/vectron.js')}'`;
  const script = (name, lines) => writeFileSync(join(bin, name), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
  script('vectron', [
    'case "$*" in',
    '  *--http*) ;;',
    '  serve*) set -- "$@" --http "127.0.0.1:$DOCS_HTTP" --grpc "127.0.0.1:$DOCS_GRPC" ;;',
    'esac',
    `exec ${own} "$@"`,
  ]);
  script('npx', ['[ "$1" = vectron ] || { echo "npx $1 is not run here" >&2; exit 1; }', 'shift', 'exec vectron "$@"']);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Those of the environment that compilers and interpreters need. */
const passedOn = () => {
  const home = process.env.HOME ?? '/';
  const { GOCACHE = join(home, '.cache/go-build'), GOPATH = join(home, 'go'), GOPROXY } = process.env;
  return { GOCACHE, GOPATH, ...(GOPROXY === undefined ? {} : { GOPROXY }) };
};

/** Whether a page starts a server of its own. */
export const startsServer = (blocks) =>
  blocks.some(({ background, code }) => background && code.includes('vectron serve'));

/** The place of a page. `server`: the one of all pages; a page that starts a server of its own works with that one. */
export async function placeOf(folder, blocks, server) {
  const [{ file }] = blocks;
  const cwd = join(folder, file.replaceAll(/\W+/g, '-'));
  mkdirSync(cwd);
  const own = startsServer(blocks);
  const [other, ...two] = await freePorts(3);
  const [http, grpc] = own ? two : [new URL(server.url).port, server.grpc.split(':')[1]];
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: cwd,
    LANG: 'C.UTF-8',
    ...passedOn(),
    PYTHONPATH: join(root, 'packages/sdk-python/src'),
    PYTHONDONTWRITEBYTECODE: '1',
    DOCS_HTTP: String(http),
    DOCS_GRPC: String(grpc),
    VECTRON_URL: `http://127.0.0.1:${http}`,
    ...(own ? { VECTRON_DATA: 'data' } : { VECTRON_API_KEY: server.apiKey }),
  };
  const addresses = { ':8080': `:${http}`, ':8081': `:${grpc}`, ':8090': `:${other}`, '/home/ada': `${cwd}/home/ada` };
  const bound = (text) =>
    text
      .replaceAll(/:80(?:80|81|90)\b|\/home\/ada/g, (known) => addresses[known])
      .replaceAll(/(?<=^|\s)(?:bench|node_modules|scripts)\//gm, (known) => `${root}/${known}`);
  return { cwd, env, bound, started: [], state: join(cwd, '.state'), before: preparationOf(file) };
}

/** The exit status and what was printed. `input`: for its standard input. */
export function perform({ cwd, env }, command, args, input = '') {
  const child = spawn(command, args, { cwd, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ status: 1, printed: message }));
    child.once('close', (status, signal) => resolve({ status: status ?? signal, printed }));
  });
}

/** Before a command: the variables that the blocks of the shell before it have exported, and the folder that they left. */
const found = ({ state }) => `[ ! -e '${state}' ] || . '${state}'`;

/** A block of the shell, which leaves its variables and its folder to the ones behind it. */
export const keeping = (place, code) =>
  `set -eo pipefail\n${found(place)}\n${code}\n{ export -p; echo "cd '$PWD'"; } > '${place.state}'\n`;

/** A program, in `cwd`. */
export const performProgram = (place, words, cwd = place.cwd) =>
  perform({ ...place, cwd }, 'bash', ['-c', `${found(place)}\ncd '${cwd}' && exec "$@"`, 'bash', ...words]);

/** Ends what the page has started in the background. */
export async function ended({ started }) {
  for (const one of started) {
    if (one.exitCode !== null || one.signalCode !== null) continue;
    process.kill(-one.pid, 'SIGTERM');
    await new Promise((resolve) => one.once('exit', resolve));
  }
}
