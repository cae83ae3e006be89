// What decides whether something is made again. Uses Node alone.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Outputs, and what is in another language below packages/: nothing that is hashed is made of it. */
const NOT_HASHED = new Set([
  'node_modules',
  'dist',
  'bundle',
  'native',
  'sdk-python',
  'langchain-python',
  'llama-index-python',
  'haystack-python',
  '__pycache__',
]);

/** Hash of files and folders of this repository, by path and content. */
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
      .filter((entry) => !NOT_HASHED.has(entry.name))
      .flatMap((entry) => filesIn(join(path, entry.name)));
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path];
    throw error;
  }
}
