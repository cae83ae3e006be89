// Schemathesis (property-based tests from the OpenAPI document) against a server of its own. Installs it once, outside of
// the checkout. --examples N: cases an operation, default 15.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from './running-server.mjs';
import { cache, run } from './setup.mjs';

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

const { url, apiKey, data, stop } = await startServer('schemathesis');
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
// A request that gives a search a millisecond gets a 504, and rightly so.
writeFileSync(
  join(data, 'schemathesis.toml'),
  '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", 504]\n',
);
// Not spawnSync: it would keep the connections of this process from noticing that the server closes them.
const schemathesis = spawn(
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
const [status] = await once(schemathesis, 'exit');
const alive = await stop();
if (!alive) console.error('the server is not up after the run');
process.exitCode = status === 0 && alive ? 0 : 1;
