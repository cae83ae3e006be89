// Schemathesis (property-based tests from the OpenAPI document) against a server of its own. Installs it once, outside of
// the checkout. --examples N: cases an operation, default 15.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cache, root, run } from './setup.mjs';

const VERSION = '4.32.5';
const { values } = parseArgs({
  options: { examples: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' } },
});
const venv = join(cache, `schemathesis-${VERSION}`);
const program = join(venv, 'bin', 'schemathesis');
if (!existsSync(program)) {
  run('python3', ['-m', 'venv', venv]);
  run(join(venv, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', `schemathesis==${VERSION}`]);
}

const data = mkdtempSync(join(tmpdir(), 'vectron-schemathesis-'));
const args = ['serve', '--data', data, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--no-sample'];
const server = spawn(process.execPath, [join(root, 'apps/cli/bin/vectron.js'), ...args], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
let printed = '';
const url = await new Promise((resolve, reject) => {
  server.stdout.on('data', (chunk) => {
    printed += chunk;
    const found = /REST\s+(http:\/\/[\d.:]+)\/v1[\s\S]*ready/.exec(printed);
    if (found) resolve(found[1]);
  });
  server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
});
const { apiKey } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8'));
const post = (path, body) =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
// What the examples of the document speak of.
await post('/v1/collections', { name: 'papers', dimension: 2 });
await post('/v1/collections/papers/points', { points: [{ id: 'mail-1', vector: [0.1, 0.2] }] });
const checks = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
const { status } = spawnSync(
  program,
  [
    'run',
    `${url}/openapi.json`,
    '--url',
    url,
    '--checks',
    checks,
    '--max-examples',
    values.examples,
    '--seed',
    values.seed,
    '--header',
    `Authorization: Bearer ${apiKey}`,
    '--phases',
    'examples,coverage,fuzzing',
    '--mode',
    'all',
    '--suppress-health-check',
    'all',
    '--request-timeout',
    '120',
    '--generation-database',
    'none',
    '--workers',
    '1',
    // These would end the account that the run is made with, or take its only worker away.
    '--exclude-operation-id',
    'drainWorker',
    '--exclude-operation-id',
    'removeWorker',
    '--exclude-operation-id',
    'deleteUser',
    '--exclude-operation-id',
    'rotateSigningKey',
  ],
  { cwd: data, stdio: 'inherit', env: { ...process.env, NO_COLOR: '1' } },
);
const alive = server.exitCode === null && (await fetch(`${url}/readyz`)).status === 200;
if (!alive) console.error('the server is not up after the run');
server.kill('SIGTERM');
await new Promise((resolve) => server.once('exit', resolve));
rmSync(data, { recursive: true, force: true });
process.exitCode = status === 0 && alive ? 0 : 1;
