import { ERROR_CODES as codes, GRPC_STATUS } from './generated/codes.js';

export { GRPC_STATUS };

/** What a code means on each wire, and whether the same request may succeed later. */
export interface CodeSpec {
  readonly grpc: keyof typeof GRPC_STATUS;
  readonly http: number;
  readonly retryable: boolean;
}

/** The list of proto/errors/errors.proto. */
export const ERROR_CODES = codes satisfies Record<string, CodeSpec>;

export type ErrorCode = keyof typeof ERROR_CODES;
