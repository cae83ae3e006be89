// npm run debian:check: makes the Debian package, looks at it and at the unit with the tools of Debian and systemd, unpacks it and runs
// the program in it with the flags of the unit. Needs dpkg, lintian and systemd (systemd-analyze).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifest } from '../release/folders.mjs';
import { freePort } from '../release/registry.mjs';
import { writeDebian } from './debian.mjs';
import { clientOf, eventually, findPoints, writePoints } from './kept-points.mjs';

/** What systemd-analyze may say of the unit, 0 to 10; higher is more exposed. */
const MOST_EXPOSED = 2;

for (const [tool, from] of [
  ['dpkg-deb', 'dpkg'],
  ['lintian', 'lintian'],
  ['systemd-analyze', 'systemd'],
]) {
  if (spawnSync(tool, ['--version']).status !== 0) throw new Error(`${tool} is missing: apt-get install ${from}`);
}

const archive = writeDebian();
const text = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' });
console.log(`ok      ${archive}: ${text('dpkg-deb', '-f', archive, 'Depends').trim()}`);

const found = spawnSync('lintian', ['--fail-on', 'error,warning', '--allow-root', archive], { encoding: 'utf8' });
if (found.status !== 0) throw new Error(`lintian:\n${found.stdout}${found.stderr}`);
console.log('ok      lintian');

const scratch = mkdtempSync(join(tmpdir(), 'vectron-debian-'));
try {
  const installed = join(scratch, 'root');
  execFileSync('dpkg-deb', ['-x', archive, installed]);
  const unit = join(installed, 'usr/lib/systemd/system/vectron.service');
  // Beside the unit itself, only its program and its manual are looked for where they are not: in this system.
  const { stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  const wrong = stderr.split('\n').filter((line) => line !== '' && !/Command (?:\/usr\/bin\/vectron|'man )/.test(line));
  if (wrong.length > 0) throw new Error(`systemd-analyze verify:\n${wrong.join('\n')}`);
  const security = text('systemd-analyze', 'security', '--offline=true', unit);
  const exposure = Number(/exposure level for vectron\.service: ([\d.]+)/.exec(security)?.[1]);
  if (!(exposure <= MOST_EXPOSED)) throw new Error(`systemd-analyze security says ${exposure}:\n${security}`);
  console.log(`ok      the unit: exposure ${exposure} of 10`);

  const [, ...flags] = /^ExecStart=(.*)$/m.exec(readFileSync(unit, 'utf8'))[1].split(' ');
  const settings = readFileSync(join(installed, 'etc/vectron/vectron.env'), 'utf8').matchAll(/^(VECTRON_\w+)=(.*)$/gm);
  const data = join(scratch, 'data');
  const http = `127.0.0.1:${await freePort()}`;
  const start = () =>
    spawn(
      process.execPath,
      [
        join(installed, 'usr/lib/vectron/node_modules', manifest.name, 'apps/cli/bin/vectron.js'),
        ...flags.map((flag) => (flag === '/var/lib/vectron' ? data : flag)),
        ...['--http', http, '--grpc', '127.0.0.1:0'],
      ],
      {
        cwd: '/',
        env: { PATH: process.env.PATH, HOME: scratch, ...Object.fromEntries([...settings].map(([, ...one]) => one)) },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
  const end = async (server, signal) => {
    const ended = once(server, 'exit');
    server.kill(signal);
    const [code] = await ended;
    return code;
  };
  const key = () => JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8')).apiKey;
  const client = () => clientOf(`http://${http}`, key());
  let server = start();
  try {
    await eventually('the first start', () => client().call('GET', '/readyz'));
    await writePoints(client());
    await findPoints(client());
    await end(server, 'SIGKILL');
    server = start();
    await eventually('the points after a kill', () => findPoints(client()));
    const code = await end(server, 'SIGTERM');
    if (code !== 0) throw new Error(`after SIGTERM the server ended with ${code}`);
  } finally {
    server.kill('SIGKILL');
  }
  console.log(
    'ok      the installed server answers a search, keeps its points when it is killed, and stops when it is told to',
  );
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
