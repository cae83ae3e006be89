// Where the executables of other servers are, on this machine.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `given`, or else the first executable called `name` in the folders of `path` and after them in `places`. */
export function findExecutable(name, given, { path = process.env.PATH ?? '', places = [] } = {}) {
  if (given !== undefined) return isExecutable(given) ? given : undefined;
  return [...path.split(delimiter).filter(Boolean), ...places].map((dir) => join(dir, name)).find(isExecutable);
}

/** A server that is one executable: `{ settings: { executable } }`, or `{ missing }` with the reason. */
export function oneExecutable(name, given, options) {
  const executable = findExecutable(name, given, options);
  if (executable !== undefined) return { settings: { executable } };
  return { missing: given === undefined ? `no executable ${name} on the PATH` : `${given} is no executable file` };
}

/**
 * PostgreSQL with pgvector: `{ settings: { bin, psql } }`, or `{ missing }` with the reason. `given`: the folder of initdb,
 * postgres and pg_config; without it, that of the greatest version below `root`, Debian's place, or that of the PATH.
 */
export function findPostgres(given, { root = '/usr/lib/postgresql', path } = {}) {
  const folders = given === undefined ? [...versionsBelow(root), ...pathFolders(path)] : [given];
  const bin = folders.find((dir) => ['initdb', 'postgres', 'pg_config'].every((name) => isExecutable(join(dir, name))));
  if (bin === undefined) return { missing: `no initdb, postgres and pg_config in ${folders.at(0) ?? root}` };
  const psql = findExecutable('psql', undefined, { path: [bin, ...pathFolders(path)].join(delimiter) });
  if (psql === undefined) return { missing: 'no executable psql on the PATH' };
  const shared = execFileSync(join(bin, 'pg_config'), ['--sharedir'], { encoding: 'utf8' }).trim();
  const extensions = join(shared, 'extension');
  if (!readdirSync(extensions).includes('vector.control')) return { missing: `no pgvector in ${extensions}` };
  return { settings: { bin, psql } };
}

const pathFolders = (path = process.env.PATH ?? '') => path.split(delimiter).filter(Boolean);

function versionsBelow(root) {
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, 'bin'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The adapters of the servers wanted that are installed, and those that are not, with the reason. `adapters`: by name;
 * `wanted`: names; `given`: paths by name. Throws for a name without an adapter.
 */
export function choose(adapters, wanted, given = {}) {
  const chosen = [];
  const skipped = [];
  for (const name of wanted) {
    const Adapter = adapters[name];
    if (Adapter === undefined) {
      throw new Error(`--servers: there is no server ${name}; known are ${Object.keys(adapters).join(', ')}`);
    }
    const { settings, missing } = Adapter.find(given[name]);
    if (missing === undefined) chosen.push({ Adapter, settings });
    else skipped.push({ name, reason: missing });
  }
  return { chosen, skipped };
}
