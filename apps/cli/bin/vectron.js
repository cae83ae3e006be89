#!/usr/bin/env node
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { endAtSignals } from './first-process.js';
import { bundleIsFresh } from './fresh-bundle.js';

if (process.pid === 1) endAtSignals();

// Data may hold keys named __proto__; without this accessor they are plain keys in every object of the process.
Reflect.deleteProperty(Object.prototype, '__proto__');
// Most of what a request allocates are buffers outside of V8's heap. V8 counts them against a limit that it sets close
// above a heap that hardly grows, and collected everything four times a second (bench/edges/README.md).
setFlagsFromString('--heap-growing-percent=100');

/** Keeps what V8 compiled, from Node 22.8 on: in a directory of this user alone, because code is run from it. */
function keepCompiled() {
  if (nodeModule.enableCompileCache === undefined) return;
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const { status, message } = nodeModule.enableCompileCache(join(cache, 'vectron', 'compiled'));
  // The start is slower without, and nothing else.
  const failed = status === nodeModule.constants.compileCacheStatus.FAILED;
  if (failed && /^(?:debug|trace)$/.test(process.env.VECTRON_LOG_LEVEL ?? '')) {
    console.error(`compiled code is not kept: ${message}`);
  }
}

keepCompiled();
const root = fileURLToPath(new URL('../../../', import.meta.url));
const { run } = await import(bundleIsFresh(root) ? '../bundle/main.js' : '../dist/main.js');
await run(process.argv);
nodeModule.flushCompileCache?.();
