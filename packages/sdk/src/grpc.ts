/** The client over gRPC only, without REST and the embedded database. */

export * from './common.js';
export { connect } from './connect-grpc.js';
