// The Python SDK as its users get it: generated files are up to date, the wheel is built and installed in an environment without
// anything else, then in one with the tools of tests, where mypy, pyright, pytest (README snippets among it) run.
// Environments are kept outside the checkout. --python PROGRAM: another Python than python3. What is behind -- goes to pytest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from './running-server.mjs';
import { cache, hashOf, root } from './setup.mjs';

const { values, positionals } = parseArgs({
  options: { python: { type: 'string', default: 'python3' } },
  allowPositionals: true,
});
// The checkout stays as it is.
process.env.PYTHONDONTWRITEBYTECODE = '1';
const sdk = join(root, 'packages/sdk-python');
const requirements = 'packages/sdk-python/tests/requirements.txt';

/** Ends the process with what the command printed when it fails. */
function must([command, ...args], options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: sdk, encoding: 'utf8', ...options });
  if (status === 0) return stdout;
  console.error(
    `sdk-python: ${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`,
  );
  process.exit(1);
}

const version = must([values.python, '-c', 'import platform; print(platform.python_version())']).trim();

/** A Python of its own, made once; `install`: arguments of pip. */
function environment(name, install) {
  const path = join(cache, 'sdk-python', `${name}-${version}-${hashOf([requirements]).slice(0, 16)}`);
  const python = join(path, 'bin/python');
  if (existsSync(python)) return python;
  mkdirSync(join(cache, 'sdk-python'), { recursive: true });
  // Renamed once it is complete: programs of an environment name its old folder, and modules are run by its Python instead.
  const marked = `${path}.unfinished`;
  rmSync(path, { recursive: true, force: true });
  rmSync(marked, { recursive: true, force: true });
  must([values.python, '-m', 'venv', marked]);
  must([join(marked, 'bin/python'), ...pip, ...install]);
  renameSync(marked, path);
  return python;
}

const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
const stages = [];
function stage(name, work) {
  const started = Date.now();
  const made = work();
  stages.push(`${name} ${((Date.now() - started) / 1000).toFixed(0)} s`);
  return made;
}

stage('generated files', () => {
  for (const script of ['sdk-python-protos.mjs', 'sdk-python-sync.mjs'])
    must([process.execPath, join(root, 'scripts', script), '--check'], { stdio: 'inherit' });
});
const tools = stage('environment', () => environment('tools', ['-r', join(root, requirements)]));
const wheels = mkdtempSync(join(tmpdir(), 'vectron-wheel-'));
process.on('exit', () => rmSync(wheels, { recursive: true, force: true }));
const wheel = stage('wheel', () => {
  must([
    tools,
    '-m',
    'pip',
    'wheel',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '--no-build-isolation',
    '--wheel-dir',
    wheels,
    '.',
  ]);
  const [name, ...others] = readdirSync(wheels);
  if (others.length > 0 || !name.endsWith('-py3-none-any.whl'))
    throw new Error(`not one pure wheel: ${name} ${others}`);
  return join(wheels, name);
});
const again = [...pip, '--force-reinstall', '--no-deps', wheel];

const server = await startServer('sdk-python');
process.on('exit', () => server.kill());
stage('empty environment', () => {
  const empty = environment('empty', [wheel]);
  must([empty, ...again]);
  const env = { ...process.env, VECTRON_REST: server.url, VECTRON_API_KEY: server.apiKey };
  must([empty, 'tests/without_extras.py'], { env, stdio: 'inherit' });
});
await server.stop();

must([tools, ...again]);
stage('ruff', () => {
  must([tools, '-m', 'ruff', 'check', '--no-cache', '.'], { stdio: 'inherit' });
  must([tools, '-m', 'ruff', 'format', '--no-cache', '--check', '.'], { stdio: 'inherit' });
});
const types = join(cache, 'sdk-python', 'mypy');
stage('mypy', () =>
  must([tools, '-m', 'mypy', '--cache-dir', types, 'src', 'tests'], {
    env: { ...process.env, MYPYPATH: 'src:tests' },
    stdio: 'inherit',
  }),
);
stage('pyright', () =>
  must([tools, '-m', 'pyright', '--pythonpath', tools, 'src', 'tests/typing/user.py'], { stdio: 'inherit' }),
);
stage('pytest', () =>
  must([tools, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', ...positionals], {
    env: { ...process.env, VECTRON_NODE: process.execPath },
    stdio: 'inherit',
  }),
);
console.log(`sdk-python on Python ${version}: ${stages.join(', ')}`);
