// The native core's machine code in packages/engine/native, where the loader looks first, and what it was made of, in a file beside it:
// packages of it say so, and whoever has these sources may use it in place of one that is compiled there. Uses Node alone.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, root } from './content-hash.mjs';

/** Platforms by the names that the loader of NAPI-RS uses: the target of Rust, and what npm needs to choose between them. */
export const PLATFORMS = {
  'linux-x64-gnu': { target: 'x86_64-unknown-linux-gnu', os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { target: 'x86_64-unknown-linux-musl', os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-gnu': { target: 'aarch64-unknown-linux-gnu', os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-arm64-musl': { target: 'aarch64-unknown-linux-musl', os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { target: 'x86_64-apple-darwin', os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { target: 'aarch64-apple-darwin', os: ['darwin'], cpu: ['arm64'] },
};

/** What decides the machine code, apart from the compilers. */
const SOURCES = ['crates', 'Cargo.toml', 'Cargo.lock', '.cargo/config.toml'];

/** The digest of the native core's sources in this checkout. */
export const sourcesDigest = () => hashOf(SOURCES);

/** The name of the platform that this process runs on, as the loader has it, whether packages are made for it or not. */
export function thisPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}${platform === 'win32' ? '-msvc' : ''}`;
  process.report.excludeNetwork = true;
  return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}

const native = 'packages/engine/native';
/** Paths in the repository. */
export const addonOf = (platform) => join(native, `vectron-engine.${platform}.node`);
export const recordOf = (platform) => join(native, `vectron-engine.${platform}.json`);

const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * Writes an addon and its record. `sources`: what `sourcesDigest` gave before it was compiled; `toolchain`: the version of rustc; `from`:
 * the package it is of, unless it was compiled here. A process that has the file open keeps what it had.
 */
export function placeAddon(platform, bytes, { sources, toolchain, from }) {
  const file = join(root, addonOf(platform));
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, bytes, { mode: 0o755 });
  renameSync(fresh, file);
  const record = { sources, toolchain, from, sha256: digestOf(bytes) };
  writeFileSync(join(root, recordOf(platform)), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** What the addon for that platform was made of. Throws when nothing says so, or what says so is about another file. */
export function recordedOf(platform) {
  const [file, record] = [addonOf(platform), recordOf(platform)].map((path) => join(root, path));
  if (!existsSync(record))
    throw new Error(`${record} is not there, which says what the addon was made of: npm run setup`);
  const { sha256, ...recorded } = JSON.parse(readFileSync(record, 'utf8'));
  if (sha256 !== digestOf(readFileSync(file))) throw new Error(`${record} is about another addon: npm run setup`);
  return recorded;
}
