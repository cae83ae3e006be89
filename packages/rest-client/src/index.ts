/**
 * The REST API as TypeScript calls it: paths, parameters, bodies and answers come from the OpenAPI document, which
 * comes from the protos. It runs in browsers and in Node, keeps no state and does not retry.
 *
 * ```ts
 * const client = createRestClient({ url: 'http://127.0.0.1:8080', token });
 * const { points } = await client.GET('/v1/collections/{name}/status', { params: { path: { name: 'papers' } } });
 * ```
 */
export type { components, paths } from './generated/schema.js';
export {
  type Answer,
  createRestClient,
  type HttpAnswer,
  type HttpRequest,
  type Json,
  type RestCall,
  type RestClient,
  type RestClientOptions,
  type Send,
} from './rest-client.js';
export { restError } from './rest-error.js';
