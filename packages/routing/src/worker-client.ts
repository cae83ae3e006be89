import { VectronError } from '@vectron/errors';
import type { StopSignal } from '@vectron/rpc';

/** The worker that leads a shard. */
export interface WorkerTarget {
  readonly workerId: string;
  /** `host:port` of its gRPC listener. */
  readonly address: string;
}

export interface SubmitOptions {
  /** The operation is an upsert or a delete. */
  readonly write: boolean;
  /** Milliseconds after which the answer is DEADLINE_EXCEEDED. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for the answer any more: it is CANCELLED then, and a read stops. */
  readonly signal?: StopSignal;
}

/**
 * The gateway's way to workers: encoded ShardOp in, encoded ShardOutcome out. Rejects with UNAVAILABLE when the
 * worker cannot be reached (a write may or may not have happened then), DEADLINE_EXCEEDED when it is late, OVERLOADED
 * when too much is on its way already.
 * Implementations: within the process, and the coalescing stream; worker-client.contract.ts holds both.
 */
export interface WorkerClient {
  submit(target: WorkerTarget, op: Buffer, options: SubmitOptions): Promise<Buffer>;
  close(): Promise<void>;
}

/** What the client in the same process needs of a worker. */
export interface LocalWorker {
  submit(op: Buffer, write: boolean, ticket: number): Promise<Buffer>;
  newTicket(): number;
  cancel(tickets: number[]): void;
}

/** For a worker in this process. */
export function localWorkerClient(worker: LocalWorker): WorkerClient {
  return {
    submit: (_target, op, { write, timeoutMs, signal }) => {
      const ticket = write ? 0 : worker.newTicket();
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          finish();
        };
        const stop = (error: VectronError) => {
          if (ticket !== 0) worker.cancel([ticket]);
          settle(() => reject(error));
        };
        const timer = startDeadline(timeoutMs, stop);
        const abort = () => stop(cancelled());
        listenForAbort(signal, abort);
        worker.submit(op, write, ticket).then(
          (outcome) => settle(() => resolve(outcome)),
          (error) => settle(() => reject(error)),
        );
      });
    },
    close: async () => {},
  };
}

export function listenForAbort(signal: StopSignal | undefined, abort: () => void): void {
  if (signal === undefined) return;
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
}

/** The longest that setTimeout can wait, 24 days; it fires at once when asked for more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `stop` with DEADLINE_EXCEEDED when the time is up. */
export function startDeadline(timeoutMs: number, stop: (error: VectronError) => void): NodeJS.Timeout {
  const late = () => stop(new VectronError('DEADLINE_EXCEEDED', `the shard did not answer within ${timeoutMs} ms`));
  return setTimeout(late, Math.min(timeoutMs, LONGEST_TIMER_MS));
}

export const cancelled = () => new VectronError('CANCELLED', 'the caller cancelled the request');
