/** The embedded database, which runs in this process without a server. */

export * from './common.js';
export { open } from './open.js';
export type { OpenOptions } from './open-options.js';
