/**
 * The one vocabulary of errors: every service, both wires, the SDK, the CLI and the console use these codes.
 */
export { type CodeSpec, ERROR_CODES, type ErrorCode, GRPC_STATUS } from './codes.js';
export { type ErrorDetails, type LostChanges, toVectronError, VectronError } from './vectron-error.js';
export { detailsOf, metadataOf, retryAfterOf } from './wire-details.js';
