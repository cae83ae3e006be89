import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether the bundle of the checkout at `root` is there and of the files that `tsc -b` and npm wrote last: each has the time
 * of change that it had when the bundle was made (scripts/bundle.mjs).
 */
export function bundleIsFresh(root) {
  let stamp;
  try {
    stamp = readFileSync(join(root, 'apps/cli/bundle/made-of.json'), 'utf8');
  } catch {
    return false;
  }
  const madeOf = Object.entries(JSON.parse(stamp));
  return madeOf.every(([path, at]) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs === at);
}
