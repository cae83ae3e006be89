import { VectronError } from '@vectron/errors';

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
}

/**
 * The gateway's way to workers: encoded ShardOp in, encoded ShardOutcome out. Rejects with UNAVAILABLE when the
 * worker cannot be reached (a write may or may not have happened then), DEADLINE_EXCEEDED when it is late.
 * Implementations: within the process, and the coalescing stream; worker-client.contract.ts holds both.
 */
export interface WorkerClient {
  submit(target: WorkerTarget, op: Buffer, options: SubmitOptions): Promise<Buffer>;
  close(): Promise<void>;
}

/** For a worker in this process. */
export function localWorkerClient(worker: { submit(op: Buffer, write: boolean): Promise<Buffer> }): WorkerClient {
  return {
    submit: (_target, op, { write, timeoutMs }) => withDeadline(worker.submit(op, write), timeoutMs),
    close: async () => {},
  };
}

async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(deadlineExceeded(timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function deadlineExceeded(timeoutMs: number): VectronError {
  return new VectronError('DEADLINE_EXCEEDED', `the shard did not answer within ${timeoutMs} ms`);
}
