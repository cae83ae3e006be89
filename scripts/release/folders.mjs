// Where packages are written, and what all of them have in common.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const packages = join(root, 'build/packages');
export const archives = join(root, 'build/archives');

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
export const { version } = manifest;

/** The exact versions that this repository is tested with, as `dependencies` of a package. */
export const tested = (...names) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version,
    ]),
  );

/** `https://host/owner/name` of what package.json has as `repository`. */
export const repositoryAddress = (repository) =>
  (typeof repository === 'string' ? repository : repository.url).replace(/^git\+/, '').replace(/\.git$/, '');

/** What every package has in its package.json. The address of the project is taken from `repository` of this one, and left out without. */
export function commonFields({ version, license, engines, repository } = manifest) {
  const address = repository === undefined ? undefined : repositoryAddress(repository);
  return {
    version,
    license,
    keywords: ['vector', 'database', 'search', 'embeddings', 'hnsw', 'vectron'],
    engines,
    publishConfig: { access: 'public' },
    ...(address !== undefined && {
      repository: { type: 'git', url: `git+${address}.git` },
      homepage: `${address}#readme`,
      bugs: { url: `${address}/issues` },
    }),
  };
}

/** A fresh folder with what every package has. `fields`: the rest of its package.json. */
export function newPackage(name, description, fields) {
  const folder = join(packages, name.replace('@vectron/', ''));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const common = { name, description, ...commonFields() };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...common, ...fields }, undefined, 2)}\n`);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return folder;
}

export function write(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
