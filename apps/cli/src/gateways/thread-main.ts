// Data may hold keys named __proto__: see bin/vectron.js. Each thread has objects of its own.
Reflect.deleteProperty(Object.prototype, '__proto__');
const { threadMain } = await import('./thread.js');
await threadMain();

export {};
