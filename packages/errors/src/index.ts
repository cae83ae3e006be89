/**
 * The one vocabulary of errors: every service, both wires, the SDK, the CLI and the console use these codes.
 */
export { ERROR_CODES, GRPC_STATUS, type ErrorCode, type CodeSpec } from './codes.js';
export { VectronError, toVectronError, type ErrorDetails } from './vectron-error.js';
