// What the machine must have before anything is built: found out at once, all of it together, and never installed without
// being asked. Uses Node alone.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const isRoot = process.getuid?.() === 0;
/** Lets set-up install Debian packages without asking: `yes` or `no`. */
const CONSENT = 'VECTRON_SETUP_SYSTEM_PACKAGES';
const GIB = 1 << 30;
/** What dependencies and a cold release build take together (1.9 GiB measured), and some room. */
const COLD_BUILD_GIB = 4;

/**
 * @typedef {object} Missing
 * @property {string} what What is missing, and what for.
 * @property {string} how Where it comes from.
 * @property {string[]} [packages] Debian packages that have it.
 */

const output = (command, args = ['--version']) => {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
};
const has = (command, args) => output(command, args) !== undefined;
const numbers = (version) => version.split('.').map(Number);

/** Whether `version` is `least` or newer. */
function isAtLeast(version, least) {
  const [a, b] = [numbers(version), numbers(least)];
  const at = b.findIndex((number, place) => (a[place] ?? 0) !== number);
  return at < 0 || (a[at] ?? 0) > b[at];
}

/** What every step needs. @returns {Missing[]} */
export function missingForNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const least = engines.node.replace('>=', '');
  const old = !isAtLeast(process.versions.node, least);
  return [
    ...(old ? [{ what: `Node ${least} or newer: this is ${process.versions.node}`, how: 'https://nodejs.org' }] : []),
    ...(has('npm') ? [] : [{ what: 'npm, for the dependencies', how: 'it comes with Node: https://nodejs.org' }]),
  ];
}

/** What the native core needs to be compiled. `cache`: where it is built. @returns {Missing[]} */
export function missingForCore(cache) {
  const missing = [];
  const least = /^rust-version = "([\d.]+)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];
  const rust = /^rustc (\d+\.\d+\.\d+)/.exec(output('rustc') ?? '')?.[1];
  const how = 'https://rustup.rs, or where it is installed: rustup update stable';
  if (rust === undefined) missing.push({ what: `Rust ${least} or newer (rustc), for the native core`, how });
  else if (!isAtLeast(rust, least)) missing.push({ what: `Rust ${least} or newer: this is ${rust}`, how });
  if (!has('cargo')) missing.push({ what: 'cargo, for the native core', how });
  // The compilers that .cargo/config.toml names.
  for (const [command, language] of [
    ['cc', 'C'],
    ['c++', 'C++'],
  ]) {
    if (has(command)) continue;
    const what = `a ${language} compiler (${command}), for RocksDB`;
    missing.push({ what, how: 'Fedora: gcc-c++; Alpine: g++; macOS: xcode-select --install', packages: ['g++'] });
  }
  if (!libclangExists()) {
    const what = 'libclang with its headers, for the bindings of RocksDB';
    const how = 'Fedora: clang-devel; Alpine: clang-dev; macOS: xcode-select --install; or LIBCLANG_PATH';
    missing.push({ what, how, packages: ['libclang-dev'] });
  }
  const free = freeBytes(cache);
  if (!existsSync(join(cache, 'target')) && free < COLD_BUILD_GIB * GIB) {
    const what = `${COLD_BUILD_GIB} GiB of free disk for the first build: ${cache} has ${(free / GIB).toFixed(1)} GiB`;
    missing.push({ what, how: 'VECTRON_BUILD_CACHE names another place' });
  }
  return missing;
}

/** What `npm test` needs besides. @returns {Missing[]} */
export function missingForTests() {
  const chromium = ['/usr/bin/chromium', process.env.VECTRON_CHROMIUM ?? ''].some(existsSync);
  const tool = (command, why, packages, args) =>
    has(command, args) ? [] : [{ what: `${command}, ${why}`, how: 'your system', packages }];
  return [
    ...(chromium
      ? []
      : [{ what: 'Chromium, for the console tests', how: 'or VECTRON_CHROMIUM', packages: ['chromium'] }]),
    ...tool('redis-server', 'for the tests of gateways that share one', ['redis-server']),
    ...tool('go', 'for etcd and grpc-gateway, which the tests build', ['golang-go'], ['version']),
    ...tool('python3', 'for the tests of the OpenAPI document', ['python3', 'python3-venv']),
    ...tool('openssl', 'for the test of the TLS commands of the README', ['openssl'], ['version']),
  ];
}

/**
 * Ends the process when something is missing, with all of it and how to get it; or installs it, when Debian packages have it
 * all, and whoever sits at the terminal says yes or VECTRON_SETUP_SYSTEM_PACKAGES does.
 */
export async function provide(missing, again = () => []) {
  const consent = process.env[CONSENT] ?? '';
  if (!['', 'yes', 'no'].includes(consent)) stop([`${CONSENT} is yes or no, not ${consent}`]);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((one) => one.packages ?? []))];
  const lines = missing.map(({ what, how, packages: debian }) => {
    const from = debian === undefined ? how : `${how}; Debian: ${debian.join(' ')}`;
    return `missing: ${what} (${from})`;
  });
  const command = `${isRoot ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`;
  const installable = missing.every((one) => one.packages !== undefined) && has('apt-get');
  if (!installable) stop([...lines, ...(packages.length > 0 && has('apt-get') ? [`to install: ${command}`] : [])]);
  if (consent !== 'yes' && !(consent === '' && (await isAgreed(lines, command)))) {
    stop([...lines, `to install: ${command}`, `or set ${CONSENT}=yes, and set-up runs that command`]);
  }
  install(packages);
  const still = again();
  if (still.length > 0) stop(still.map(({ what }) => `still missing: ${what}`));
}

async function isAgreed(lines, command) {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  for (const line of lines) console.log(`setup: ${line}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`setup: run "${command}" now? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function install(packages) {
  console.log(`setup: installing ${packages.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const before = isRoot ? [] : ['sudo', '-n'];
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', ...packages],
  ]) {
    const [command, ...rest] = [...before, 'apt-get', ...args];
    const { status } = spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'], env });
    if (status !== 0) stop([`${command} ${rest.join(' ')} failed`]);
  }
}

function stop(lines) {
  for (const line of lines) console.error(`setup: ${line}`);
  process.exit(1);
}

/** Of the file system that `path` will be in. */
function freeBytes(path) {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  return bavail * bsize;
}

/** The library and, on Linux, clang's own headers, which come in another package. */
function libclangExists() {
  if (process.env.LIBCLANG_PATH) return existsSync(process.env.LIBCLANG_PATH);
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
