// How far the C++ of RocksDB is, which is most of a first build and one unit to cargo. Uses Node alone.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from './content-hash.mjs';

const namesIn = (folder) => (existsSync(folder) ? readdirSync(folder) : []);

/** Files of RocksDB and Snappy that the crate compiles; undefined while cargo has not fetched it. */
function total() {
  const version = /name = "librocksdb-sys"\nversion = "(.*)"/.exec(readFileSync(join(root, 'Cargo.lock'), 'utf8'))?.[1];
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'registry/src');
  const lists = namesIn(sources).map((registry) =>
    join(sources, registry, `librocksdb-sys-${version}/rocksdb_lib_sources.txt`),
  );
  const list = lists.find((path) => existsSync(path));
  const SNAPPY = 3;
  return list === undefined ? undefined : readFileSync(list, 'utf8').trim().split('\n').length + SNAPPY;
}

/** Says of `build`, cargo's folder of build scripts, how many files were compiled since `since` (milliseconds); '' while none was. */
export function rocksdbFiles(build, since) {
  const folders = namesIn(build).filter((name) => name.startsWith('librocksdb-sys-'));
  const counts = folders.map((name) => {
    const out = join(build, name, 'out');
    const objects = namesIn(out).filter((file) => file.endsWith('.o'));
    return objects.filter((file) => (statSync(join(out, file), { throwIfNoEntry: false })?.mtimeMs ?? 0) >= since)
      .length;
  });
  const count = Math.max(0, ...counts);
  if (count === 0) return '';
  const all = total();
  return `RocksDB ${count}${all === undefined ? '' : ` of ${all}`} files`;
}
