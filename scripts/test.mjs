// npm test: set-up, then every check and test of the repository. Ends with one line `N passed, N failed`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { measurePace } from '../test/harness/pace.mjs';
import { cache, cargoEnvironment, root, run, setup } from './setup.mjs';

await setup({ forTests: true });

// The newest etcd, from its own module: Debian's answers with stale reads (etcd issue 20418).
const etcd = join(cache, 'etcd', 'etcd');
run('go', ['build', '-trimpath', '-o', etcd, '.'], { cwd: join(root, 'apps', 'cli', 'etcd') });

// What REST is compared with, so that no test waits for its build.
run(process.execPath, ['scripts/grpc-gateway.mjs']);

const bin = (name) => join(root, 'node_modules', '.bin', name);
const cargo = { env: cargoEnvironment };
const rust = ['--workspace', '--release', '--locked'];
const checks = [
  ['format and lint', bin('biome'), ['ci', '--reporter=summary', '.']],
  ['lint promises', bin('eslint'), ['.']],
  ['types of the tests', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json']],
  ['types of the console', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'apps/console']],
  ['generated protos', process.execPath, ['scripts/proto.mjs', '--check']],
  ['generated docs', process.execPath, ['scripts/config-reference.mjs', '--check']],
  ['help of all commands in the docs', process.execPath, ['scripts/cli-reference.mjs', '--check']],
  ['API reference in the docs', process.execPath, ['scripts/api-reference.mjs', '--check']],
  ['API reference of the TypeScript packages', bin('typedoc'), []],
  ['documentation site: links, and a look in Chromium', process.execPath, ['scripts/docs-site.mjs', '--browser']],
  ['code blocks of the documentation', process.execPath, ['scripts/docs-blocks.mjs']],
  // Not everywhere is there cargo-deny and a database of advisories: what could not be checked is no failure, and no pass.
  ['advisories', process.execPath, ['scripts/advisories.mjs'], { notChecked: 2 }],
  ['OpenAPI document', process.execPath, ['scripts/openapi.mjs', '--check']],
  ['OpenAPI lint', bin('redocly'), ['lint', '--format', 'summary', 'docs/openapi.json']],
  ['Rust format', 'cargo', ['fmt', '--check']],
  ['Rust lint', 'cargo', ['clippy', ...rust, '--all-targets', '-q', '--', '-D', 'warnings'], cargo],
  ['Rust tests', 'cargo', ['test', ...rust], cargo],
  ['recall reached and said, short form', process.execPath, ['scripts/recall.mjs', '--seed', '1']],
  [
    'TypeScript and end-to-end tests',
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--ci', '--maxWorkers=2'],
  ],
  ['OpenAPI against a running server', process.execPath, ['scripts/schemathesis.mjs']],
  ['npm packages in empty folders', process.execPath, ['scripts/release/dry-run.mjs']],
  ['Go SDK', process.execPath, ['scripts/sdk-go.mjs']],
  ['clients generated from the OpenAPI document', process.execPath, ['scripts/generated-clients.mjs']],
  ['Python SDK', process.execPath, ['scripts/sdk-python.mjs']],
  [
    'metrics, dashboards and alert rules in a real Prometheus',
    process.execPath,
    ['scripts/prometheus.mjs', '--etcd', etcd],
  ],
  ['Python packages for frameworks', process.execPath, ['scripts/python-frameworks.mjs']],
  ['scenarios of every SDK: server, cluster and embedded', process.execPath, ['scripts/sdks.mjs', '--etcd', etcd]],
  [
    'drills, some in short form',
    process.execPath,
    [
      'apps/cli/bin/vectron.js',
      'drill',
      ...['leader-loss', 'pd-loss', 'etcd-one', 'split', '--quick', '--times', 'report', '--etcd', etcd],
    ],
  ],
  [
    'random faults, short form',
    process.execPath,
    ['test/chaos/run.mjs', '--seconds', '45', '--seed', '1', '--etcd', etcd],
  ],
];

/** Lines of a failed check that are told again at the end. */
const LAST_LINES = 40;
/** How long the output of a check that has ended may take to come, milliseconds. */
const DRAIN_MS = 5_000;

/** Runs a check, whose output is shown as it comes. The exit status, and the last lines of what it printed. */
function perform(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['inherit', 'pipe', 'pipe'], ...options });
    let last = '';
    for (const [from, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      from.setEncoding('utf8').on('data', (text) => {
        to.write(text);
        last = (last + text).split('\n').slice(-LAST_LINES).join('\n');
      });
    }
    child.once('error', reject).once('exit', (status) => {
      const end = () => {
        clearTimeout(late);
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ status, last });
      };
      // A process that the check left behind may hold its output open for ever.
      const late = setTimeout(end, DRAIN_MS);
      child.once('close', end);
    });
  });
}

const pace = await measurePace();
console.log(`\nThe machine takes ${pace.toFixed(1)} times as long as two idle cores do`);
const figures = [];
for (const [name, command, args, { notChecked, ...options } = {}] of checks) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const { status, last } = await perform(command, args, options);
  const outcome = status === 0 ? 'passed' : status === notChecked ? 'NOT CHECKED' : 'FAILED';
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`== ${name}: ${outcome} in ${seconds} s`);
  figures.push({ name, outcome, seconds, last });
}
console.log('\n== Seconds of each check, the slowest first');
for (const { name, outcome, seconds } of figures.toSorted((a, b) => b.seconds - a.seconds)) {
  console.log(`${String(seconds).padStart(5)}  ${name}${outcome === 'passed' ? '' : `: ${outcome}`}`);
}
const total = figures.reduce((sum, { seconds }) => sum + seconds, 0);
console.log(
  `${String(total).padStart(5)}  all, beside work that made the machine ${pace.toFixed(1)} times as slow as idle`,
);
// Logs are long, and shortened by who keeps them: what failed stands at the end.
for (const { name, outcome, last } of figures) {
  if (outcome === 'FAILED') console.log(`\n== ${name}: FAILED, its last lines\n${last.trimEnd()}`);
}
const count = (wanted) => figures.filter(({ outcome }) => outcome === wanted).length;
const failed = count('FAILED');
console.log('');
for (const { name, outcome } of figures) if (outcome === 'FAILED') console.log(`FAILED: ${name}`);
console.log(`${count('passed')} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
