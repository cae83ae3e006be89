import { VectronError } from '@vectron/errors';
import { outgoingTrace } from '@vectron/observability';
import type { worker } from '@vectron/proto';
import {
  type ClientOptions,
  callContext,
  createClient,
  type Duplex,
  type GrpcClient,
  openDuplex,
  type StopSignal,
} from '@vectron/rpc';
import {
  cancelled,
  listenForAbort,
  type SubmitOptions,
  startDeadline,
  type WorkerClient,
  type WorkerTarget,
} from './worker-client.js';
import { workerService } from './worker-service.js';

/** Calls that may be in flight to one worker; more are refused at once. */
const MAX_IN_FLIGHT = 10_000;
/** Bytes of such calls; more are refused, however few they are. */
const MAX_BYTES_IN_FLIGHT = 256 << 20;

interface InFlight {
  readonly timer: NodeJS.Timeout;
  readonly bytes: number;
  readonly signal?: StopSignal;
  readonly abort: () => void;
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
  readonly #client: GrpcClient<typeof workerService>;
  readonly #inFlight = new Map<number, InFlight>();
  #stream: Duplex<worker.CallBatch, worker.AnswerBatch> | undefined;
  #batch: worker.CallBatch = { calls: [], cancelled: [] };
  #nextId = 1;
  #bytesInFlight = 0;
  /** The connection takes no more for the moment: what is submitted waits for it in one batch. */
  #blocked = false;

  constructor(
    private readonly address: string,
    options: ClientOptions,
  ) {
    this.#client = createClient(workerService, address, options);
  }

  submit(op: Buffer, { write, timeoutMs, signal }: SubmitOptions): Promise<Buffer> {
    const bytes = op.length;
    if (this.#inFlight.size >= MAX_IN_FLIGHT || this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      const waiting = `${this.#inFlight.size} calls with ${this.#bytesInFlight} bytes`;
      return Promise.reject(
        new VectronError('OVERLOADED', `${waiting} requests are waiting for worker ${this.address}; try again later`),
      );
    }
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffff_ffff) + 1;
    return new Promise((resolve, reject) => {
      const timer = startDeadline(timeoutMs, (error) => this.#giveUp(id, error));
      const abort = () => this.#giveUp(id, cancelled());
      this.#inFlight.set(id, { timer, bytes, signal, abort, resolve, reject });
      this.#bytesInFlight += bytes;
      this.#batch.calls.push({ id, timeoutMs, op, write, traceparent: outgoingTrace().traceparent ?? '' });
      this.#schedule();
      listenForAbort(signal, abort);
    });
  }

  close(): void {
    this.#stream?.cancel();
    this.#fail(new VectronError('UNAVAILABLE', 'the client was closed'));
    this.#client.close();
  }

  #giveUp(id: number, error: VectronError): void {
    const call = this.#take(id);
    if (call === undefined) return;
    this.#batch.cancelled.push(id);
    this.#schedule();
    call.reject(error);
  }

  #take(id: number): InFlight | undefined {
    const call = this.#inFlight.get(id);
    if (call === undefined) return undefined;
    this.#inFlight.delete(id);
    this.#bytesInFlight -= call.bytes;
    clearTimeout(call.timer);
    call.signal?.removeEventListener('abort', call.abort);
    return call;
  }

  /** Flushes once this tick's work is queued. */
  #schedule(): void {
    if (this.#batch.calls.length + this.#batch.cancelled.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#blocked) return;
    const batch = this.#batch;
    this.#batch = { calls: [], cancelled: [] };
    this.#stream ??= this.#open();
    this.#blocked = !this.#stream.write(batch);
  }

  #open(): Duplex<worker.CallBatch, worker.AnswerBatch> {
    const method = workerService.stream;
    const stream = openDuplex<worker.CallBatch, worker.AnswerBatch>(this.#client, method, callContext());
    const broken = (reason: string) => {
      if (this.#stream !== stream) return;
      this.#stream = undefined;
      this.#blocked = false;
      this.#fail(new VectronError('UNAVAILABLE', `worker ${this.address}: ${reason}`));
    };
    stream.on('data', (batch: worker.AnswerBatch) => {
      for (const answer of batch.answers) this.#settle(answer);
    });
    stream.on('drain', () => {
      this.#blocked = false;
      if (this.#batch.calls.length + this.#batch.cancelled.length > 0) this.#flush();
    });
    stream.on('error', (error) => broken(error.message));
    stream.on('end', () => broken('the stream ended'));
    return stream;
  }

  #settle({ id, outcome }: worker.Answer): void {
    this.#take(id)?.resolve(outcome);
  }

  #fail(error: VectronError): void {
    // What was not sent is not sent on the next stream either: its callers hear of it here.
    this.#batch = { calls: [], cancelled: [] };
    for (const id of [...this.#inFlight.keys()]) this.#take(id)?.reject(error);
  }
}
