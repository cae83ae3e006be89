import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';

/** Where the code of this project lies, whichever of its packages a frame of a stack is in. */
const OWN_CODE = /(?:apps|packages)\/[\w-]+\/(?:src|dist)\//;
/** A frame within the bundle, which has code of this project and of its dependencies (scripts/bundle.mjs). */
const BUNDLED = /(?<file>[^\s(]*\/apps\/cli\/bundle\/[\w.-]+\.js):(?<line>\d+):(?<column>\d+)/;

/** The place in its source of a frame within the bundle; undefined where the bundle has no map. */
function bundledSource(frame: string): string | undefined {
  const { file, line, column } = BUNDLED.exec(frame)?.groups ?? {};
  if (file === undefined) return undefined;
  let map: string;
  try {
    map = readFileSync(file.startsWith('file:') ? new URL(`${file}.map`) : `${file}.map`, 'utf8');
  } catch {
    return undefined;
  }
  const entry = new SourceMap(JSON.parse(map)).findEntry(Number(line) - 1, Number(column) - 1);
  return 'originalSource' in entry ? entry.originalSource : undefined;
}

/**
 * Whether a line of a stack is a frame of this project's own code. Of the bundle it reads the source map: this is for the
 * rare errors that nobody took care of. A frame of the bundle that cannot be told is taken for ours.
 */
export function isOwnFrame(line: string): boolean {
  if (!BUNDLED.test(line)) return !line.includes('node_modules') && OWN_CODE.test(line);
  const source = bundledSource(line);
  return source === undefined || !source.includes('node_modules');
}
