#!/usr/bin/env node
// Data may hold keys named __proto__; without this accessor they are plain keys in every object of the process.
Reflect.deleteProperty(Object.prototype, '__proto__');
const { run } = await import('../dist/index.js');
await run(process.argv);
