// The Python SDK as its users get it: generated files are up to date, the wheel is built and installed in an environment without
// anything else, then in one with the tools of tests, where mypy, pyright, pytest (README snippets among it) run.
// Environments are kept outside the checkout. --python PROGRAM: another Python than python3. What is behind -- goes to pytest.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pythonPackages } from './python-packages.mjs';
import { startServer } from './running-server.mjs';
import { root } from './setup.mjs';

const { values, positionals } = parseArgs({
  options: { python: { type: 'string', default: 'python3' } },
  allowPositionals: true,
});
const sdk = join(root, 'packages/sdk-python');
const requirements = 'packages/sdk-python/tests/requirements.txt';
const packages = pythonPackages('sdk-python', { python: values.python, requirements });
const { stage } = packages;
const must = (command, options) => packages.must(command, { cwd: sdk, ...options });

stage('generated files', () => {
  for (const script of ['sdk-python-protos.mjs', 'sdk-python-sync.mjs'])
    must([process.execPath, join(root, 'scripts', script), '--check'], { stdio: 'inherit' });
});
const tools = stage('environment', () => packages.environment('tools', ['-r', join(root, requirements)]));
const wheel = stage('wheel', () => packages.wheelOf(tools, sdk));

const server = await startServer('sdk-python');
process.on('exit', () => server.kill());
stage('empty environment', () => {
  const empty = packages.environment('empty', [wheel]);
  packages.install(empty, [wheel]);
  const env = { ...process.env, VECTRON_REST: server.url, VECTRON_API_KEY: server.apiKey };
  must([empty, 'tests/without_extras.py'], { env, stdio: 'inherit' });
});
await server.stop();

packages.install(tools, [wheel]);
stage('ruff', () => {
  must([tools, '-m', 'ruff', 'check', '--no-cache', '.'], { stdio: 'inherit' });
  must([tools, '-m', 'ruff', 'format', '--no-cache', '--check', '.'], { stdio: 'inherit' });
});
stage('mypy', () =>
  must([tools, '-m', 'mypy', '--cache-dir', packages.typesCache, 'src', 'tests'], {
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
packages.report();
