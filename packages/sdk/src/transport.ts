import type { NamedMethod as Method } from '@vectron/proto';

export type { Method };

/** Limits of one call. */
export interface CallOptions {
  /** Milliseconds that the server may wait on purpose, besides what a call may take. */
  readonly waitMs?: number;
  /** Milliseconds that the call may take, with that wait; default: what calls of the client may. */
  readonly timeoutMs?: number;
  /** Ends the call with CANCELLED. */
  readonly signal?: AbortSignal;
}

export type Call = <Request extends object, Answer>(
  method: Method<Request, Answer>,
  request: Request,
  options?: CallOptions,
) => Promise<Answer>;

/** Carries messages to a server and its answers back. Failures throw VectronError. */
export interface Transport {
  readonly call: Call;
  close(): void;
}
