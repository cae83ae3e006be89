// npm run bench:ann, npm run bench:filters -- [--quick]: installs the peers into a folder of their own, builds the runners,
// runs the bench that is named. Peers whose wheel does not exist for this system, and glass where its source cannot be had,
// are left out, and named.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cache, cargoEnvironment, root, run, setup } from './setup.mjs';

/** MIT licence; built here, because its wheel is compiled for old processors. */
const GLASS = { commit: '8c69018deb7cd1fa1dfc7b1f8d1d49129e17d86c', tools: ['pybind11==2.13.6', 'setuptools==80.9.0'] };
/** A git repository: a URL or a path. */
const glassSource = process.env.VECTRON_GLASS_SOURCE ?? 'https://github.com/zilliztech/pyglass.git';

const [bench, ...rest] = process.argv.slice(2);
await setup();
const venv = join(cache, 'bench-venv');
const python = join(venv, 'bin', 'python');
const listed = (name) => readFileSync(join(root, 'bench', 'ann', name), 'utf8');
const pip = (...args) => ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args];

/** Whether `text` was installed under a name before. */
const stampOf = (name) => join(venv, `${name}.installed`);
const isInstalled = (name, text) => existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === text;

/** Runs commands until one fails; the end of what that one said, or nothing. */
function failureOf(commands) {
  for (const [command, args, options] of commands) {
    const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
    if (error || status !== 0) return error?.message ?? `${stdout}${stderr}`.trim().split('\n').slice(-3).join('\n');
  }
  return undefined;
}

/** Installs a peer that the bench can do without, unless it is there. */
function offer(name, text, commands) {
  if (isInstalled(name, text)) return;
  console.log(`bench: installing ${name} ...`);
  const failure = failureOf(commands);
  if (failure === undefined) writeFileSync(stampOf(name), text);
  else console.log(`bench: ${name} is left out, because it cannot be installed:\n${failure}`);
}

const required = listed('requirements.txt');
if (!isInstalled('requirements', required)) {
  run('python3', ['-m', 'venv', venv]);
  run(python, pip('--requirement', join(root, 'bench', 'ann', 'requirements.txt')));
  writeFileSync(stampOf('requirements'), required);
}
if (bench === 'ann') {
  for (const wheel of listed('leaders.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')))
    offer(wheel.split('==')[0], wheel, [[python, pip('--only-binary', ':all:', wheel)]]);
  offerGlass();
}
const env = cargoEnvironment;
run('cargo', ['build', '--workspace', '--release', '--locked', '--examples'], { env });
if (bench === 'ann') run(python, ['-m', 'unittest', '--quiet', 'test_instrument'], { cwd: join(root, 'bench', 'ann') });
run(python, [`bench/${bench}/run.py`, ...rest], { env });

function offerGlass() {
  const source = join(cache, 'bench-glass');
  const inside = { cwd: source };
  // It is compiled for the processor that is here.
  const text = `${GLASS.commit} ${GLASS.tools.join(' ')} ${cpus()[0].model}`;
  if (!isInstalled('glass', text)) {
    rmSync(source, { recursive: true, force: true });
    mkdirSync(source, { recursive: true });
  }
  offer('glass', text, [
    ['git', ['init', '--quiet'], inside],
    ['git', ['fetch', '--quiet', '--depth', '1', glassSource, GLASS.commit], inside],
    ['git', ['checkout', '--quiet', 'FETCH_HEAD'], inside],
    [python, pip('wheel', ...GLASS.tools)],
    // Its declared dependencies are those of its plots.
    [python, pip('--no-deps', '--no-build-isolation', join(source, 'python'))],
  ]);
}
