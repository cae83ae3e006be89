// The packages that `npm run packages` made, installed with their dependencies: what the Debian package and the image contain.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { archives, version } from '../release/folders.mjs';

/** Only for the C library of this system, and nothing that reports installations. */
const NEEDLESS = ['@scarf', '@libsql/linux-x64-musl', '@libsql/linux-arm64-musl'];

/** The archives of the server, its loader and the machine code for `platform`. Throws when `npm run packages` has not made them. */
export function serverArchives(platform) {
  return [`vectron-engine-${platform}`, 'vectron-engine', 'vectron'].map((name) => {
    const file = join(archives, `${name}-${version}.tgz`);
    if (!existsSync(file)) throw new Error(`${file} is missing: run npm run packages`);
    return file;
  });
}

/** Writes `folder`/node_modules. */
export function installTree(folder, platform) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--no-package-lock'];
  execFileSync('npm', ['install', '--prefix', folder, ...options, ...serverArchives(platform)], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const modules = join(folder, 'node_modules');
  for (const name of [...NEEDLESS, '.bin', '.package-lock.json'])
    rmSync(join(modules, name), { recursive: true, force: true });
  return modules;
}

/** All files below `folder` with that ending. */
export const filesOf = (folder, ending) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
