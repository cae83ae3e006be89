/** Messages and service definitions of every contract in proto/, one namespace a package. */
export {
  type Contract,
  type FieldContract,
  type FieldRules,
  type FieldType,
  greatestOf,
  type HttpBinding,
  type MessageContract,
  type MethodContract,
  messageOf,
  methodOf,
  rulesOf,
} from './contract.js';
export { encoder } from './encoder.js';
export * as admin from './generated/admin/admin.js';
export * as gateway from './generated/apigateway/apigateway.js';
export * as filters from './generated/apigateway/filter.js';
export * as auth from './generated/auth/auth.js';
export * as authInternal from './generated/auth/internal/internal.js';
export { CONTRACT } from './generated/contract.js';
export * as gatewayCache from './generated/gateway/cache.js';
export { HttpBody } from './generated/google/api/httpbody.js';
export { Any } from './generated/google/protobuf/any.js';
export { BadRequest, ErrorInfo, RetryInfo, Status } from './generated/google/rpc/status.js';
export * as placement from './generated/placementdriver/placementdriver.js';
export * as reranker from './generated/reranker/reranker.js';
export * as workerData from './generated/worker/data/data.js';
export * as worker from './generated/worker/worker.js';
export { methodsOf, type NamedMethod, type NamedMethods } from './method-names.js';
export { Struct } from './struct.js';
