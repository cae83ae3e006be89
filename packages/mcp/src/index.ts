/**
 * A Model Context Protocol server for one Vectron: tools and resources with which a language model looks into collections, over stdio
 * or streamable HTTP. It is a client of the SDK and holds no data: what a key may not do, its tools may not do either.
 *
 * It is not a way to administer a server: it makes and deletes no collections, keys or accounts. Without `write` it changes nothing.
 *
 * ```ts
 * const client = connect('http://127.0.0.1:8080', { apiKey });
 * const serving = await serveStdio(client, { write: false, maxAnswerBytes: 65_536, timeoutMs: 30_000, version: '0.1.0', log: console.error });
 * await serving.ended;
 * ```
 */
export { type Admission, type Callers, OwnToken, PassedKeys } from './http/callers.js';
export { type HttpListener, type HttpOptions, serveHttp } from './http/listener.js';
export type { McpSettings } from './settings.js';
export { type ServingStdio, serveStdio } from './stdio.js';
