#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// Data may hold keys named __proto__; without this accessor they are plain keys in every object of the process.
Reflect.deleteProperty(Object.prototype, '__proto__');
// Most of what a request allocates are buffers outside of V8's heap. V8 counts them against a limit that it sets close
// above a heap that hardly grows, and collected everything four times a second (bench/edges/README.md).
setFlagsFromString('--heap-growing-percent=100');
const { run } = await import('../dist/index.js');
await run(process.argv);
