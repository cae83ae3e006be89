/**
 * The client of Vectron: one interface, over REST or gRPC (`connect('http://127.0.0.1:8080', { apiKey })`), or in this
 * process without a server (`open('/var/lib/vectors')`).
 */

export * from './common.js';
export { connect } from './connect.js';
export { open } from './open.js';
export type { OpenOptions } from './open-options.js';
