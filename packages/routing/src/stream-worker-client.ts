import { VectronError } from '@vectron/errors';
import { worker } from '@vectron/proto';
import { type ClientOptions, callContext, createClient, type Duplex, type GrpcClient, openDuplex } from '@vectron/rpc';
import { deadlineExceeded, type SubmitOptions, type WorkerClient, type WorkerTarget } from './worker-client.js';

/** Calls that may be in flight to one worker; more are refused at once. */
const MAX_IN_FLIGHT = 10_000;

interface InFlight {
  readonly timer: NodeJS.Timeout;
  resolve(outcome: Buffer): void;
  reject(error: VectronError): void;
}

/**
 * One long-lived bidirectional stream a worker: what is submitted in one event-loop tick travels in one message,
 * answers come back in any order. A broken stream fails its calls with UNAVAILABLE; the next call opens another.
 */
export class StreamWorkerClient implements WorkerClient {
  readonly #links = new Map<string, WorkerLink>();

  constructor(private readonly options: ClientOptions) {}

  submit(target: WorkerTarget, op: Buffer, options: SubmitOptions): Promise<Buffer> {
    let link = this.#links.get(target.address);
    if (link === undefined) {
      link = new WorkerLink(target.address, this.options);
      this.#links.set(target.address, link);
    }
    return link.submit(op, options);
  }

  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }
}

class WorkerLink {
  readonly #client: GrpcClient<typeof worker.WorkerServiceService>;
  readonly #inFlight = new Map<number, InFlight>();
  #stream: Duplex<worker.CallBatch, worker.AnswerBatch> | undefined;
  #batch: worker.CallBatch = { calls: [], cancelled: [] };
  #nextId = 1;

  constructor(
    private readonly address: string,
    options: ClientOptions,
  ) {
    this.#client = createClient(worker.WorkerServiceService, address, options);
  }

  submit(op: Buffer, { write, timeoutMs }: SubmitOptions): Promise<Buffer> {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      return Promise.reject(new VectronError('OVERLOADED', `${MAX_IN_FLIGHT} calls wait for worker ${this.address}`));
    }
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffff_ffff) + 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id, timeoutMs), timeoutMs);
      this.#inFlight.set(id, { timer, resolve, reject });
      this.#batch.calls.push({ id, timeoutMs, op, write });
      this.#schedule();
    });
  }

  close(): void {
    this.#stream?.cancel();
    this.#fail(new VectronError('UNAVAILABLE', 'the client was closed'));
    this.#client.close();
  }

  #expire(id: number, timeoutMs: number): void {
    const call = this.#inFlight.get(id);
    if (call === undefined) return;
    this.#inFlight.delete(id);
    this.#batch.cancelled.push(id);
    this.#schedule();
    call.reject(deadlineExceeded(timeoutMs));
  }

  /** Flushes once this tick's work is queued. */
  #schedule(): void {
    if (this.#batch.calls.length + this.#batch.cancelled.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = { calls: [], cancelled: [] };
    this.#stream ??= this.#open();
    this.#stream.write(batch);
  }

  #open(): Duplex<worker.CallBatch, worker.AnswerBatch> {
    const method = worker.WorkerServiceService.stream;
    const stream = openDuplex<worker.CallBatch, worker.AnswerBatch>(this.#client, method, callContext());
    const broken = (reason: string) => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#fail(new VectronError('UNAVAILABLE', `worker ${this.address}: ${reason}`));
    };
    stream.on('data', (batch: worker.AnswerBatch) => {
      for (const answer of batch.answers) this.#settle(answer);
    });
    stream.on('error', (error) => broken(error.message));
    stream.on('end', () => broken('the stream ended'));
    return stream;
  }

  #settle({ id, outcome }: worker.Answer): void {
    const call = this.#inFlight.get(id);
    if (call === undefined) return;
    this.#inFlight.delete(id);
    clearTimeout(call.timer);
    call.resolve(outcome);
  }

  #fail(error: VectronError): void {
    for (const call of this.#inFlight.values()) {
      clearTimeout(call.timer);
      call.reject(error);
    }
    this.#inFlight.clear();
  }
}
