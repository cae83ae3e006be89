// Makes a checkout runnable: dependencies, native core, TypeScript, console. Each step is skipped when what it
// depends on has not changed. Uses Node alone, because it runs before anything is installed. With --check it says what is
// missing, and does nothing; with --without-core it leaves the native core out.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonOf, thisPlatform } from './addon.mjs';
import { hashOf, root } from './content-hash.mjs';
import { planCore } from './native-core.mjs';
import { missingForCore, missingForNode, missingForTests, provide } from './requirements.mjs';
import { fail, isDone, progress, quietly, workOff } from './steps.mjs';

export { hashOf, root };

/** Outside the checkout, so that a second clone does not compile RocksDB again. */
export const cache =
  process.env.VECTRON_BUILD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vectron');
export const cargoEnvironment = { ...process.env, CARGO_TARGET_DIR: join(cache, 'target') };

/** Runs a command with its output shown; ends the process with its exit code when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed`, status ?? 1);
}

/** The file name that the generated loader looks for. */
export const addonName = () => basename(addonOf(thisPlatform()));

const node = (...args) => quietly(process.execPath, args);

/** All but the native core, in two parts: what is before it and what is after. */
function otherSteps() {
  const sources = ['tsconfig.base.json', 'tsconfig.json', 'packages', 'apps', 'examples'];
  const dependencies = {
    name: 'dependencies',
    hash: hashOf(['package-lock.json']),
    outputs: ['node_modules/typescript'],
    // No dependency runs a script of its own; .npmrc says so for every other `npm install`.
    work: () => quietly('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
  };
  const typeScript = {
    name: 'TypeScript',
    hash: hashOf(sources),
    outputs: ['apps/cli/dist/index.js'],
    work: () => node('node_modules/typescript/bin/tsc', '-b'),
  };
  const bundle = {
    name: 'bundle',
    hash: hashOf([...sources, 'package-lock.json', 'scripts/bundle.mjs']),
    outputs: ['apps/cli/bundle/made-of.json'],
    work: () => node('scripts/bundle.mjs'),
  };
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const console_ = {
    name: 'console',
    hash: hashOf(['apps/console', 'packages/rest-client', 'packages/errors', 'packages/model']),
    outputs: ['apps/console/dist/index.html'],
    work: () => quietly(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: join(root, 'apps/console') }),
  };
  return [dependencies, [typeScript, bundle, console_]];
}

/** All but the native core, for packages of addons that were made elsewhere. */
async function setUpWithoutCore() {
  await provide(missingForNode());
  const [dependencies, others] = otherSteps();
  const all = [dependencies, ...others];
  await workOff(isDone(dependencies) ? all.filter((step) => !isDone(step)) : all);
}

/** `forTests`: with what `npm test` needs besides. What is missing is said at once, before anything takes minutes. */
export async function setup({ forTests = false } = {}) {
  const missingFirst = missingForNode();
  const core = planCore(cache, cargoEnvironment, { forTests, mayFetch: missingFirst.length === 0 });
  const [dependencies, others] = otherSteps();
  const all = [dependencies, core.step, ...others];
  // The folder that dependencies are installed into has what says that the others are done.
  const open = isDone(dependencies) ? all.filter((step) => !isDone(step)) : all;
  const needsCore = open.includes(core.step);
  if (needsCore) progress.say(core.line);
  const missing = (ofNode = missingForNode()) => [
    ...ofNode,
    ...(needsCore && core.compiles ? missingForCore(cache) : []),
    ...(forTests ? missingForTests() : []),
  ];
  await provide(missing(missingFirst), missing);
  await workOff(open);
}

/** Says what is missing to build, start and test; the exit code says whether anything is. */
function check() {
  const { compiles, step, line } = planCore(cache, cargoEnvironment, { mayFetch: false });
  console.log(`setup: ${line}`);
  const missing = [...missingForNode(), ...(compiles && !isDone(step) ? missingForCore(cache) : [])];
  for (const { what, how } of missing) console.log(`setup: missing: ${what} (${how})`);
  for (const { what, how } of missingForTests()) console.log(`setup: missing for npm test alone: ${what} (${how})`);
  if (missing.length === 0) console.log('setup: everything that set-up needs is there');
  process.exitCode = missing.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) check();
  else if (process.argv.includes('--without-core')) await setUpWithoutCore();
  else await setup();
}
