// The Python packages of a release, and their archives in build/python.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkSums } from './archives.mjs';
import { root, version } from './folders.mjs';

export const pythonArchives = join(root, 'build/python');
/** Beside the archives, under another name than that of the npm archives: a release on GitHub has both. */
export const PYTHON_SUMS = 'SHA256SUMS-python';

/** By name at PyPI: the folder in packages/, what is imported, and the minor version of the oldest Python 3 that it is for. */
export const PYTHON_PACKAGES = {
  vectron: { folder: 'sdk-python', module: 'vectron', oldest: 10 },
  'langchain-vectron': { folder: 'langchain-python', module: 'langchain_vectron', oldest: 10 },
  'llama-index-vector-stores-vectron': {
    folder: 'llama-index-python',
    module: 'llama_index.vector_stores.vectron',
    oldest: 10,
  },
  'vectron-haystack': {
    folder: 'haystack-python',
    module: 'haystack_integrations.document_stores.vectron',
    oldest: 11,
  },
};

/** Names of the archives of a package: its source, its wheel, and its bill of materials. */
export function archivesOf(name) {
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  return { source: `${stem}.tar.gz`, wheel: `${stem}-py3-none-any.whl`, bill: `${stem}.cdx.json` };
}

/** All that PyPI gets. */
export const PYTHON_RELEASED = Object.keys(PYTHON_PACKAGES).flatMap((name) => {
  const { source, wheel } = archivesOf(name);
  return [source, wheel];
});

/** Throws when the folder is not a whole release with its checksums. */
export function checkPythonArchives(folder = pythonArchives) {
  checkSums(folder, PYTHON_SUMS);
  const bills = Object.keys(PYTHON_PACKAGES).map((name) => archivesOf(name).bill);
  const wanted = [...PYTHON_RELEASED, ...bills, PYTHON_SUMS].sort();
  const there = readdirSync(folder).sort();
  if (there.join() !== wanted.join()) throw new Error(`${folder} has ${there}, and a release is ${wanted}`);
}
