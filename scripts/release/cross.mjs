// npm run release:cross -- [PLATFORM...] [--profile dist] [--without-smoke]: makes the native core for platforms that this machine is none of
// (all of compilers.mjs unless some are named), runs the Rust tests of what differs between processors there, and uses the packages as
// somebody of that platform would (smoke.mjs): in an emulator, or beside a C library of its own. What it needs it installs from Debian,
// PyPI and rustup. Ends with a table, and with 1 when something failed. A platform whose programs cannot be run here is only compiled, and
// the table says so.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root, run } from '../setup.mjs';
import { compileAddon } from './compile.mjs';
import { CROSSED, compilersFor } from './compilers.mjs';
import { canRun, nodeOf, runnerOf } from './foreign-node.mjs';
import { runSuites } from './suites.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    profile: { type: 'string', default: 'release' },
    'without-smoke': { type: 'boolean', default: false },
  },
});
const platforms = positionals.length > 0 ? positionals : CROSSED;
const unknown = platforms.filter((platform) => !CROSSED.includes(platform));
if (unknown.length > 0) {
  console.error(`cannot be compiled here for ${unknown.join(', ')}: only for ${CROSSED.join(', ')}`);
  process.exit(2);
}

const mib = (bytes) => `${(bytes / (1 << 20)).toFixed(1)} MiB`;

/** The instruction set whose kernels must have been compared with the scalar ones, by the architecture. */
const KERNELS = { arm64: 'neon', x64: 'avx2+fma' };

/** What is wrong with the outcome of a platform's tests. */
function faultsOf(platform, { run: ran, failed, digests }) {
  const isa = KERNELS[platform.split('-')[1]];
  const different = new Set(Object.values(digests)).size !== 1;
  return [
    ...(ran === 0 || failed > 0 ? [`${failed} of ${ran} tests failed`] : []),
    ...(digests[isa] === undefined ? [`the kernels of ${isa} were not run`] : []),
    ...(different ? ['graphs differ between instruction sets'] : []),
  ];
}

async function make(platform) {
  console.log(`\n== ${platform}`);
  const compilers = await compilersFor(platform);
  const { size, whole, needs } = compileAddon(platform, compilers, values.profile);
  const row = { platform, stripped: mib(size), 'with symbols': mib(whole), needs };
  if (!canRun(platform)) return { row: { ...row, tests: 'not run: nothing here runs its programs' }, faults: [] };
  const outcome = runSuites(compilers, values.profile, await runnerOf(platform));
  const { run: ran, passed, ignored, digests } = outcome;
  const tests = `${passed} of ${ran} passed, ${ignored} ignored`;
  const digest = Object.entries(digests).map(([isa, value]) => `${value} (${isa})`);
  return { row: { ...row, tests, 'graph digest': digest.join(', ') }, faults: faultsOf(platform, outcome) };
}

/** Uses the packages with a Node of that platform; gives what is wrong. */
async function smoke(platform) {
  const args = ['scripts/release/smoke.mjs', platform, '--node', await nodeOf(platform)];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return status === 0 ? [] : ['the packages do not work'];
}

const made = [];
for (const platform of platforms) made.push(await make(platform));
if (!values['without-smoke']) {
  run(process.execPath, ['scripts/setup.mjs', '--without-core']);
  run(process.execPath, ['scripts/release/packages.mjs', '--pack']);
  for (const { row, faults } of made) {
    if (!canRun(row.platform)) continue;
    const found = await smoke(row.platform);
    row.smoke = found.length === 0 ? 'passed' : 'FAILED';
    faults.push(...found);
  }
}
console.table(Object.fromEntries(made.map(({ row: { platform, ...row } }) => [platform, row])));
const faults = made.flatMap(({ row, faults: of }) => of.map((fault) => `${row.platform}: ${fault}`));
for (const fault of faults) console.error(`FAILED  ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
