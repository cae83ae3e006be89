import { type CodeSpec, ERROR_CODES, type ErrorCode, GRPC_STATUS } from './codes.js';

/** Changes that are not kept any more, and where a change feed can go on behind them. */
export interface LostChanges {
  readonly cursor: string;
  /** Of each shard that has lost some of what was asked for, the first and the last lost log index. */
  readonly shards: readonly {
    readonly shardId: number;
    readonly firstLogIndex: bigint;
    readonly lastLogIndex: bigint;
  }[];
}

/** What a caller can act on beside code and message. */
export interface ErrorDetails {
  /** The request field that is wrong, e.g. `points[3].vector`. */
  readonly field?: string;
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfterMs?: number;
  /** With CHANGES_GONE, unless the collection was made anew. */
  readonly lost?: LostChanges;
  /** Of the call that failed, as the server logs it. Set by clients. */
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

  /** Whether the same call may succeed later. Clients have tried again by then, as far as their limits go. */
  get retryable(): boolean {
    return this.spec.retryable;
  }

  /** Of the call that failed, as the server logs it; undefined: no server has answered it. */
  get requestId(): string | undefined {
    return this.details.requestId;
  }

  get grpcStatus(): number {
    return GRPC_STATUS[this.spec.grpc];
  }

  /** A wrong request field. */
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
