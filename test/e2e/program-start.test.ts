import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleIsFresh } from '../../apps/cli/bin/fresh-bundle.js';
import { COMMANDS, vectronProgram } from '../../apps/cli/src/program.js';
import { KeptConnection } from '../harness/kept-connection.js';
import { VectronProcess } from '../harness/process.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'vectron-start-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** The modules that a command loads, of what `tsc -b` made: the packages of dependencies, and files of this repository. */
function loadedBy(...words: string[]): string[] {
  const list = join(dir, 'loaded');
  const main = pathToFileURL(resolve('apps/cli/dist/main.js')).href;
  const code = `const { run } = await import('${main}'); await run(['node', 'vectron', ...process.argv.slice(1)]);`;
  const options = ['--no-warnings', '--import', resolve('test/harness/loaded-modules.mjs'), '--input-type=module'];
  const { PATH } = process.env;
  const env = { PATH, LOADED_MODULES: list };
  const { stderr } = spawnSync(process.execPath, [...options, '-e', code, '--', ...words], { cwd: dir, env });
  const files = readFileSync(list, 'utf8').split('\n');
  expect([stderr.toString(), files.length]).toEqual([expect.not.stringContaining('ERR_'), expect.any(Number)]);
  const own = files.flatMap((file) => /(?:apps|packages)\/[\w-]+\/(?:dist|native)\/.*/.exec(file) ?? []);
  const others = files.flatMap((file) => /node_modules\/((?:@[\w.-]+\/)?[\w.-]+)/.exec(file)?.[1] ?? []);
  return [...new Set([...own, ...others])];
}

describe('a command loads what it uses', () => {
  it('the version takes the parser of arguments, and no service, client or setting', () => {
    const loaded = loadedBy('--version');
    expect(loaded).toContain('apps/cli/dist/main.js');
    expect(
      loaded.filter((one) => !/^apps\/cli\/dist\/(?:main|program|version)\.js$|^packages\/errors\//.test(one)),
    ).toEqual(['commander']);
  });

  it('a search over REST takes no service, no gRPC, no addon, and no reader of files', () => {
    const loaded = loadedBy('search', 'papers', '--vector', '[1]', '--url', 'http://127.0.0.1:1', '--api-key', 'k');
    expect(loaded).toContain('packages/sdk/dist/rest-transport.js');
    const NEEDLESS =
      /^@nestjs|^fastify|^@grpc|^kysely|^libsql|^@opentelemetry|hyparquet|^apache-arrow|^reflect-metadata|engine\/(?!dist\/replication)|packages\/rpc|services\.js|single-server/;
    expect(loaded.filter((one) => NEEDLESS.test(one))).toEqual([]);
  });

  it('each part of the program has the commands that it is loaded for', async () => {
    for (const { names } of COMMANDS) {
      const program = await vectronProgram(names[0]);
      expect(program.commands.map((command) => command.name())).toEqual(names);
    }
    const all = await vectronProgram('--help');
    expect(all.commands.map((command) => command.name())).toEqual(COMMANDS.flatMap(({ names }) => names));
  });
});

describe('the bundle', () => {
  it('is used while what it was made of is as it was', () => {
    const source = join(dir, 'source');
    writeFileSync(source, '');
    expect(bundleIsFresh(dir)).toBe(false);
    mkdirSync(join(dir, 'apps/cli/bundle'), { recursive: true });
    const stamp = (at: number) =>
      writeFileSync(join(dir, 'apps/cli/bundle/made-of.json'), JSON.stringify({ source: at }));
    stamp(statSync(source).mtimeMs);
    expect(bundleIsFresh(dir)).toBe(true);
    stamp(statSync(source).mtimeMs - 1);
    expect(bundleIsFresh(dir)).toBe(false);
    rmSync(source);
    expect(bundleIsFresh(dir)).toBe(false);
  });

  it('has all that several gateways need, each in its thread', async () => {
    if (!bundleIsFresh('.')) expect(spawnSync(process.execPath, ['scripts/bundle.mjs']).status).toBe(0);
    const list = join(dir, 'loaded');
    const preload = pathToFileURL(resolve('test/harness/loaded-modules.mjs')).href;
    const listen = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
    const server = new VectronProcess(
      ['serve', '--data', join(dir, 'data'), '--no-sample', '--gateways', '2', ...listen],
      { NODE_OPTIONS: `--import ${preload}`, LOADED_MODULES: list },
    );
    try {
      await server.until(/ready; stop/);
      const [, http] = await server.until(/REST\s+(http:\/\/[\d.:]+)\/v1/);
      const { apiKey } = JSON.parse(readFileSync(join(dir, 'data', 'bootstrap.json'), 'utf8')) as { apiKey: string };
      const connections = [1, 2, 3, 4].map(() => new KeptConnection(http, apiKey));
      for (const one of connections) expect((await one.call('GET', '/v1/collections')).status).toBe(200);
      const { text } = await connections[0].call('GET', '/metrics');
      for (const one of connections) one.close();
      expect(text.match(/^vectron_gateway_requests_total\{gateway="\d"\} 2$/gm)).toHaveLength(2);
    } finally {
      await server.stop();
    }
    const files = readFileSync(list, 'utf8').split('\n');
    expect(files.filter((file) => /\/bundle\/thread-main-[^/]*\.js$/.test(file))).toHaveLength(2);
    // What it does not have is of its dependencies, and loads machine code.
    expect(files.filter((file) => /\/(?:apps|packages)\/[\w-]+\/dist\//.test(file))).toEqual([]);
  });
});
