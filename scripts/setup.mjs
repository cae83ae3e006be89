// Makes a checkout runnable: dependencies, native core, TypeScript, console. Each step is skipped when what it
// depends on has not changed. Uses Node alone, because it runs before anything is installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Outside the checkout, so that a second clone does not compile RocksDB again. */
export const cache =
  process.env.VECTRON_BUILD_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vectron');
export const cargoEnvironment = { ...process.env, CARGO_TARGET_DIR: join(cache, 'target') };
const isRoot = process.getuid?.() === 0;

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

/** Installs Debian packages where that is possible, otherwise says how. */
export function needPackages(what, packages) {
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (!isRoot || !has('apt-get')) fail(`${what} is missing. Install it, for example: sudo ${command}`);
  console.log(`setup: installing ${packages.join(', ')} (${what})`);
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  run('apt-get', ['update', '-qq'], quiet);
  run('apt-get', ['install', '-y', '-qq', ...packages], quiet);
}

/** Hash of files and folders, by content. */
export function hashOf(paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of paths.flatMap(filesIn).sort())
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

function filesIn(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  try {
    return readdirSync(full, { withFileTypes: true })
      .filter((entry) => !['node_modules', 'dist', 'native'].includes(entry.name))
      .flatMap((entry) => filesIn(join(path, entry.name)));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}

/** Runs `work` unless the step was done for this hash before. */
function step(name, hash, outputs, work) {
  const stamp = join(root, 'node_modules', '.vectron', name.replaceAll(' ', '-'));
  const fresh =
    existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && outputs.every((path) => existsSync(join(root, path)));
  if (fresh) return;
  const started = Date.now();
  console.log(`setup: ${name} ...`);
  work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  console.log(`setup: ${name} done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** The library and, on Linux, clang's own headers, which come in another package. */
function libclangExists() {
  if (process.env.LIBCLANG_PATH) return true;
  const inside = (folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []);
  const llvm = ['/usr/lib', '/usr/lib64'].flatMap(inside).filter((path) => /\/llvm[^/]*$/.test(path));
  const places = ['/usr/lib', '/usr/lib64', `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`]
    .concat(llvm.map((path) => join(path, 'lib')))
    .concat('/opt/homebrew/opt/llvm/lib', '/Library/Developer/CommandLineTools/usr/lib');
  const library = places.flatMap(inside).some((path) => /\/libclang(-[\d.]+)?\.(so|dylib)[^/]*$/.test(path));
  const headers = places
    .flatMap((path) => inside(join(path, 'clang')))
    .some((path) => existsSync(join(path, 'include/stddef.h')));
  return library && (headers || process.platform !== 'linux');
}

const libraryName = { linux: 'libvectron_napi.so', darwin: 'libvectron_napi.dylib', win32: 'vectron_napi.dll' }[
  process.platform
];

/** The file name that the generated loader looks for. */
export function addonName() {
  const suffix = { linux: '-gnu', darwin: '', win32: '-msvc' }[process.platform];
  return `vectron-engine.${process.platform}-${process.arch}${suffix}.node`;
}

function buildNative() {
  for (const [command, hint] of [
    ['cargo', 'Rust: https://rustup.rs'],
    ['c++', 'a C++ compiler, for example: apt-get install g++'],
  ]) {
    if (!has(command)) fail(`${command} is missing; install ${hint}`);
  }
  if (!libclangExists()) needPackages('libclang, for the RocksDB bindings', ['libclang-dev']);
  const cold = !existsSync(join(cache, 'target'));
  if (cold) console.log('setup: the first native build compiles RocksDB, about 10 to 20 minutes on two cores');
  run('cargo', ['build', '--workspace', '--release', '--locked'], { env: cargoEnvironment });
  copyFileSync(join(cache, 'target', 'release', libraryName), join(root, 'packages/engine/native', addonName()));
}

export function setup() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old; Vectron needs 20.19 or newer`);
  step('dependencies', hashOf(['package-lock.json']), ['node_modules/typescript'], () =>
    run('npm', ['ci', '--no-audit', '--no-fund']),
  );
  const toolchain = has('cargo') ? execFileSync('cargo', ['--version'], { encoding: 'utf8' }) : '';
  step(
    'native core',
    hashOf(['crates', 'Cargo.toml', 'Cargo.lock'], toolchain),
    [join('packages/engine/native', addonName())],
    buildNative,
  );
  const sources = ['tsconfig.base.json', 'tsconfig.json', 'packages', 'apps'];
  step('TypeScript', hashOf(sources), ['apps/cli/dist/index.js'], () =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-b']),
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

if (process.argv[1] === fileURLToPath(import.meta.url)) setup();
