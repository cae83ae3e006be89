// Makes a checkout runnable: dependencies, native core, TypeScript, console. Each step is skipped when what it
// depends on has not changed. Uses Node alone, because it runs before anything is installed. With --check it says what is
// missing, and does nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonOf, placeAddon, recordOf, sourcesDigest, thisPlatform } from './addon.mjs';
import { hashOf, root } from './content-hash.mjs';
import { missingForCore, missingForNode, missingForTests, provide } from './requirements.mjs';

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

function fail(message, code = 1) {
  console.error(`setup: ${message}`);
  process.exit(code);
}

function has(command, args = ['--version']) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

const stampOf = (name) => join(root, 'node_modules', '.vectron', name.replaceAll(' ', '-'));

/** Whether the step was done for this hash before. */
function isDone(name, hash, outputs) {
  const stamp = stampOf(name);
  return (
    existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && outputs.every((path) => existsSync(join(root, path)))
  );
}

/** Runs `work` unless the step is done. */
function step(name, hash, outputs, work) {
  if (isDone(name, hash, outputs)) return;
  const stamp = stampOf(name);
  const started = Date.now();
  console.log(`setup: ${name} ...`);
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  console.log(`setup: ${name} done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

const libraryName = { linux: 'libvectron_napi.so', darwin: 'libvectron_napi.dylib', win32: 'vectron_napi.dll' }[
  process.platform
];

/** The file name that the generated loader looks for. */
export const addonName = () => basename(addonOf(thisPlatform()));

function buildNative() {
  const cold = !existsSync(join(cache, 'target'));
  if (cold) console.log('setup: the first native build compiles RocksDB, about 10 to 20 minutes on two cores');
  const sources = sourcesDigest();
  run('cargo', ['build', '--workspace', '--release', '--locked'], { env: cargoEnvironment });
  if (sourcesDigest() !== sources) fail('the sources of the native core changed while it was compiled: run it again');
  const toolchain = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1];
  placeAddon(thisPlatform(), readFileSync(join(cache, 'target/release', libraryName)), { sources, toolchain });
}

/** `forTests`: with what `npm test` needs besides. What is missing is said at once, before anything takes minutes. */
export async function setup({ forTests = false } = {}) {
  const toolchain = has('cargo') ? execFileSync('cargo', ['--version'], { encoding: 'utf8' }) : '';
  const core = [
    'native core',
    hashOf(['crates', 'Cargo.toml', 'Cargo.lock'], toolchain),
    [addonOf(thisPlatform()), recordOf(thisPlatform())],
  ];
  const missing = () => [
    ...missingForNode(),
    ...(isDone(...core) ? [] : missingForCore(cache)),
    ...(forTests ? missingForTests() : []),
  ];
  await provide(missing(), missing);
  // No dependency runs a script of its own; .npmrc says so for every other `npm install`.
  step('dependencies', hashOf(['package-lock.json']), ['node_modules/typescript'], () =>
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']),
  );
  step(...core, buildNative);
  const sources = ['tsconfig.base.json', 'tsconfig.json', 'packages', 'apps'];
  step('TypeScript', hashOf(sources), ['apps/cli/dist/index.js'], () =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']),
  );
  step(
    'bundle',
    hashOf([...sources, 'package-lock.json', 'scripts/bundle.mjs']),
    ['apps/cli/bundle/made-of.json'],
    () => run(process.execPath, ['scripts/bundle.mjs']),
  );
  step(
    'console',
    hashOf(['apps/console', 'packages/rest-client', 'packages/errors', 'packages/model']),
    ['apps/console/dist/index.html'],
    () =>
      run(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
        cwd: join(root, 'apps/console'),
      }),
  );
}

/** Says what is missing to build, start and test; the exit code says whether anything is. */
function check() {
  const missing = [...missingForNode(), ...missingForCore(cache)];
  for (const { what, how } of missing) console.log(`setup: missing: ${what} (${how})`);
  for (const { what, how } of missingForTests()) console.log(`setup: missing for npm test alone: ${what} (${how})`);
  if (missing.length === 0) console.log('setup: everything that set-up needs is there');
  process.exitCode = missing.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) check();
  else await setup();
}
