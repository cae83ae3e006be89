/** What a code means on each wire, and whether the same request may succeed later. */
export interface CodeSpec {
  readonly grpc: keyof typeof GRPC_STATUS;
  readonly http: number;
  readonly retryable: boolean;
}

/** gRPC status numbers (github.com/grpc/grpc/blob/master/doc/statuscodes.md). */
export const GRPC_STATUS = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export const ERROR_CODES = {
  INVALID_ARGUMENT: { grpc: 'INVALID_ARGUMENT', http: 400, retryable: false },
  DIMENSION_MISMATCH: { grpc: 'INVALID_ARGUMENT', http: 400, retryable: false },
  UNAUTHENTICATED: { grpc: 'UNAUTHENTICATED', http: 401, retryable: false },
  PERMISSION_DENIED: { grpc: 'PERMISSION_DENIED', http: 403, retryable: false },
  NOT_FOUND: { grpc: 'NOT_FOUND', http: 404, retryable: false },
  COLLECTION_NOT_FOUND: { grpc: 'NOT_FOUND', http: 404, retryable: false },
  POINT_NOT_FOUND: { grpc: 'NOT_FOUND', http: 404, retryable: false },
  COLLECTION_EXISTS: { grpc: 'ALREADY_EXISTS', http: 409, retryable: false },
  ALREADY_EXISTS: { grpc: 'ALREADY_EXISTS', http: 409, retryable: false },
  CONFLICT: { grpc: 'FAILED_PRECONDITION', http: 409, retryable: true },
  VERSION_CONFLICT: { grpc: 'FAILED_PRECONDITION', http: 412, retryable: false },
  INDEX_BUILDING: { grpc: 'FAILED_PRECONDITION', http: 409, retryable: true },
  STALE_EPOCH: { grpc: 'FAILED_PRECONDITION', http: 412, retryable: true },
  NOT_LEADER: { grpc: 'FAILED_PRECONDITION', http: 412, retryable: true },
  SEARCH_ONLY: { grpc: 'FAILED_PRECONDITION', http: 412, retryable: false },
  RETRY_EXPIRED: { grpc: 'FAILED_PRECONDITION', http: 409, retryable: false },
  CHANGES_GONE: { grpc: 'FAILED_PRECONDITION', http: 410, retryable: false },
  METHOD_NOT_ALLOWED: { grpc: 'UNIMPLEMENTED', http: 405, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { grpc: 'INVALID_ARGUMENT', http: 415, retryable: false },
  PAYLOAD_TOO_LARGE: { grpc: 'RESOURCE_EXHAUSTED', http: 413, retryable: false },
  RATE_LIMITED: { grpc: 'RESOURCE_EXHAUSTED', http: 429, retryable: true },
  QUOTA_EXCEEDED: { grpc: 'RESOURCE_EXHAUSTED', http: 429, retryable: false },
  OVERLOADED: { grpc: 'RESOURCE_EXHAUSTED', http: 429, retryable: true },
  INDEX_BEHIND: { grpc: 'RESOURCE_EXHAUSTED', http: 429, retryable: true },
  DISK_LOW: { grpc: 'RESOURCE_EXHAUSTED', http: 429, retryable: true },
  CANCELLED: { grpc: 'CANCELLED', http: 499, retryable: false },
  INTERNAL: { grpc: 'INTERNAL', http: 500, retryable: false },
  STORAGE_FAILED: { grpc: 'INTERNAL', http: 500, retryable: false },
  SPEC_MISMATCH: { grpc: 'INTERNAL', http: 500, retryable: false },
  DATA_DAMAGED: { grpc: 'DATA_LOSS', http: 500, retryable: false },
  UNIMPLEMENTED: { grpc: 'UNIMPLEMENTED', http: 501, retryable: false },
  UNAVAILABLE: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  COMMIT_UNKNOWN: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  NOT_CAUGHT_UP: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  TOO_STALE: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  SHARD_NOT_FOUND: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  SHARD_POISONED: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  SHUTTING_DOWN: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  NO_WORKERS: { grpc: 'UNAVAILABLE', http: 503, retryable: true },
  DEADLINE_EXCEEDED: { grpc: 'DEADLINE_EXCEEDED', http: 504, retryable: true },
} as const satisfies Record<string, CodeSpec>;

export type ErrorCode = keyof typeof ERROR_CODES;
