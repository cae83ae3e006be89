// An npm registry on this machine that has this repository's packages, and all others from the registry that npm uses here.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cache } from '../setup.mjs';

/** The newest that runs on Node 20. */
const VERDACCIO = '6.8.0';

/** Installs Verdaccio beside the build cache; gives its program. */
function provide() {
  const folder = join(cache, `verdaccio-${VERDACCIO}`);
  const program = join(folder, 'node_modules/verdaccio/bin/verdaccio');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  // One of its packages asks for a tag of node-fetch, which not every mirror has.
  const manifest = { private: true, overrides: { 'node-fetch': '2.7.0' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', `verdaccio@${VERDACCIO}`], {
    cwd: folder,
    stdio: 'inherit',
  });
  return program;
}

/** A port that nobody listens on at the moment. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts it; gives its address, `publish` for an archive, and `close`. */
export async function startRegistry() {
  const program = provide();
  const folder = mkdtempSync(join(tmpdir(), 'vectron-registry-'));
  const uplink = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = {
    storage: join(folder, 'storage'),
    uplinks: { npm: { url: uplink, cache: true, timeout: '60s' } },
    packages: {
      '@vectron/*': { access: '$all', publish: '$anonymous' },
      vectron: { access: '$all', publish: '$anonymous' },
      '**': { access: '$all', proxy: 'npm' },
    },
    max_body_size: '500mb',
    log: { type: 'stdout', format: 'pretty', level: 'warn' },
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const child = spawn(
    process.execPath,
    [program, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const npmrc = join(folder, 'npmrc');
  // npm publishes only with a token, whatever the registry does with it.
  writeFileSync(npmrc, `registry=${url}\n//127.0.0.1:${port}/:_authToken=none\n`);
  while (
    !(await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null) throw new Error('the registry ended while it was starting');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    npmrc,
    publish(archive) {
      const args = [
        'publish',
        archive,
        '--userconfig',
        npmrc,
        '--registry',
        url,
        '--provenance=false',
        '--tag',
        'latest',
      ];
      execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    },
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
