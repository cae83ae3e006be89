import type { VectronError } from '@vectron/errors';
import type { NamedMethod as Method, Status } from '@vectron/proto';
import type { RetryBudget } from './retry-budget.js';

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

/** A call with messages both ways, as its opener has it. */
export interface Duplex<Request> {
  write(request: Request): void;
  /** No more is written. */
  end(): void;
  cancel(): void;
  /** The error that a message of the call tells. */
  errorOf(status: Status): VectronError;
}

export interface DuplexEvents<Answer> {
  answer(answer: Answer): void;
  /** Once; without an error: the server has ended it. */
  ended(error?: VectronError): void;
}

export type OpenDuplex = <Request extends object, Answer>(
  method: Method<Request, Answer>,
  events: DuplexEvents<Answer>,
) => Promise<Duplex<Request>>;

/** Carries messages to a server and its answers back. Failures throw VectronError. */
export interface Transport {
  readonly call: Call;
  /** Missing where the wire has no such calls. */
  readonly openDuplex?: OpenDuplex;
  /** How often a stream that was lost is opened again in a row; missing: never. */
  readonly retries?: number;
  /** What pays for those, and for batches of a stream that are sent again; missing: nothing is sent again. */
  readonly budget?: RetryBudget;
  /** Ends every stream; calls have it among their options. */
  readonly signal?: AbortSignal;
  close(): void;
}
