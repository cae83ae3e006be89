/** The client over gRPC alone. */

export * from './common.js';
export { connect } from './connect-grpc.js';
