import { type CodeSpec, ERROR_CODES, type ErrorCode, GRPC_STATUS } from './codes.js';

/** Changes that are no longer kept, and the position after them from which a change feed can continue. */
export interface LostChanges {
  readonly cursor: string;
  /** For each shard with missing changes, the first and the last log index that is missing. */
  readonly shards: readonly {
    readonly shardId: number;
    readonly firstLogIndex: bigint;
    readonly lastLogIndex: bigint;
  }[];
}

/** Details on which a caller can act, in addition to code and message. */
export interface ErrorDetails {
  /** The invalid field of the request, such as `points[3].vector`. */
  readonly field?: string;
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfterMs?: number;
  /** With CHANGES_GONE: the missing changes, unless the collection was deleted and created again. */
  readonly lost?: LostChanges;
  /** The id of the failed call in the log of the server. Set by clients. */
  readonly requestId?: string;
}

/** The only error that Vectron's TypeScript throws on purpose. The message says what, where and what to do. */
export class VectronError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, { cause: options.cause });
    this.name = 'VectronError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get spec(): CodeSpec {
    return ERROR_CODES[this.code];
  }

  /** Whether the same call can succeed later. Clients have already repeated it within their limits. */
  get retryable(): boolean {
    return this.spec.retryable;
  }

  /** The id of the failed call in the log of the server; undefined: no server answered. */
  get requestId(): string | undefined {
    return this.details.requestId;
  }

  get grpcStatus(): number {
    return GRPC_STATUS[this.spec.grpc];
  }

  /** Creates an INVALID_ARGUMENT error for an invalid request field. */
  static invalid(field: string, message: string): VectronError {
    return new VectronError('INVALID_ARGUMENT', message, { details: { field } });
  }

  /** An error by the name another process gave it; an unknown name becomes INTERNAL. */
  static fromWire(code: string, message: string, details: ErrorDetails = {}): VectronError {
    const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL';
    return new VectronError(known, message, { details });
  }
}

/** `error` itself when it is a VectronError; otherwise INTERNAL, with the original as cause only. */
export function toVectronError(error: unknown): VectronError {
  if (error instanceof VectronError) return error;
  return new VectronError('INTERNAL', 'internal error', { cause: error });
}
