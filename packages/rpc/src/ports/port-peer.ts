import { inspect } from 'node:util';
import type { MessagePort, Worker } from 'node:worker_threads';
import { type ErrorDetails, toVectronError, VectronError } from '@vectron/errors';
import { Stop, type StopSignal } from '../stop.js';

/** A MessagePort, a Worker, or the port of a worker to its parent. */
export type Port = Pick<MessagePort | Worker, 'postMessage'> & {
  // biome-ignore lint/suspicious/noExplicitAny: as Node's own types have it
  on(event: 'message', listener: (message: any) => void): unknown;
};

/** A method that the other end may call; `signal`: aborted when it does not wait any more. May give an iterable. */
export type PortMethod = (args: readonly unknown[], signal: StopSignal) => unknown;

interface WireError {
  readonly code: string;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly cause: string;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly to: string; readonly args: readonly unknown[] }
  | { readonly kind: 'tell'; readonly to: string; readonly args: readonly unknown[] }
  | { readonly kind: 'item'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: WireError }
  | { readonly kind: 'cancel'; readonly id: number };

interface Pending {
  item(value: unknown): void;
  answer(value: unknown): void;
  fail(error: VectronError): void;
}

/**
 * One end of a port between two threads of this process: each end calls methods of the other. Arguments and answers are what
 * structured cloning takes; errors arrive as VectronErrors. What is sent arrives in the order in which it was sent. It is not
 * for untrusted ends, and a stream of items is not slowed down by who reads it.
 */
export class PortPeer {
  readonly #methods = new Map<string, PortMethod>();
  readonly #pending = new Map<number, Pending>();
  readonly #serving = new Map<number, Stop>();
  #ids = 0;
  #closed: VectronError | undefined;

  constructor(private readonly port: Port) {
    port.on('message', (message: Message) => this.#take(message));
  }

  /** Lets the other end call `name.method` for each of the methods. */
  serve(name: string, methods: Readonly<Record<string, PortMethod>>): void {
    for (const [method, work] of Object.entries(methods)) this.#methods.set(`${name}.${method}`, work);
  }

  /** Lets the other end call these methods of `object`, with plain arguments. */
  serveObject<T extends object>(name: string, object: T, methods: readonly (keyof T & string)[]): void {
    for (const method of methods) {
      const work = object[method] as (...args: readonly unknown[]) => unknown;
      this.#methods.set(`${name}.${method}`, (args) => work.apply(object, [...args]));
    }
  }

  /** Calls `to` (`name.method`) of the other end. Throws UNAVAILABLE when that end is gone. */
  call(to: string, args: readonly unknown[], signal?: StopSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#begin(to, args, signal, { item: () => {}, answer: resolve, fail: reject });
    });
  }

  /** As `call`, of a method that gives an iterable. */
  async *stream(to: string, args: readonly unknown[], signal?: StopSignal): AsyncGenerator<unknown, void, undefined> {
    const items: unknown[] = [];
    let end: { readonly error?: VectronError } | undefined;
    let wake = () => {};
    const ended = (error?: VectronError) => {
      end = { error };
      wake();
    };
    const cancel = this.#begin(to, args, signal, {
      item: (value) => {
        items.push(value);
        wake();
      },
      answer: () => ended(),
      fail: ended,
    });
    try {
      for (;;) {
        while (items.length > 0) yield items.shift();
        if (end?.error !== undefined) throw end.error;
        if (end !== undefined) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      cancel();
    }
  }

  /** As `call`, of a method whose answer nobody waits for. */
  tell(to: string, ...args: readonly unknown[]): void {
    if (this.#closed === undefined) this.#post({ kind: 'tell', to, args });
  }

  /** The other end is gone: what it was asked fails with UNAVAILABLE, and what it had asked is aborted. */
  close(reason: string): void {
    this.#closed ??= new VectronError('UNAVAILABLE', reason);
    for (const pending of [...this.#pending.values()]) pending.fail(this.#closed);
    this.#pending.clear();
    for (const stop of this.#serving.values()) stop.abort();
    this.#serving.clear();
  }

  #begin(to: string, args: readonly unknown[], signal: StopSignal | undefined, pending: Pending): () => void {
    if (this.#closed !== undefined) {
      pending.fail(this.#closed);
      return () => {};
    }
    this.#ids += 1;
    const id = this.#ids;
    const cancel = () => {
      signal?.removeEventListener('abort', abort);
      if (this.#pending.delete(id)) this.#post({ kind: 'cancel', id });
    };
    const abort = () => {
      cancel();
      pending.fail(new VectronError('CANCELLED', 'the caller cancelled the request'));
    };
    const settled = (finish: () => void) => {
      signal?.removeEventListener('abort', abort);
      finish();
    };
    this.#pending.set(id, {
      item: pending.item,
      answer: (value) => settled(() => pending.answer(value)),
      fail: (error) => settled(() => pending.fail(error)),
    });
    this.#post({ kind: 'call', id, to, args });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    return cancel;
  }

  #post(message: Message): void {
    this.port.postMessage(message);
  }

  #take(message: Message): void {
    if (this.#closed !== undefined) return;
    if (message.kind === 'call') void this.#serve(message);
    else if (message.kind === 'tell') {
      // Nobody waits: an error of it would be nobody's.
      void Promise.resolve()
        .then(() => this.#method(message.to)(message.args, new Stop()))
        .catch(() => undefined);
    } else if (message.kind === 'cancel') this.#serving.get(message.id)?.abort();
    else if (message.kind === 'item') this.#pending.get(message.id)?.item(message.value);
    else {
      const pending = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.kind === 'answer') pending?.answer(message.value);
      else pending?.fail(revived(message.error));
    }
  }

  async #serve({ id, to, args }: Message & { kind: 'call' }): Promise<void> {
    const stop = new Stop();
    this.#serving.set(id, stop);
    const send = (message: Message) => {
      if (this.#closed === undefined && !stop.aborted) this.#post(message);
    };
    try {
      const given = await this.#method(to)(args, stop);
      if (isIterable(given)) {
        for await (const value of given) {
          if (stop.aborted) break;
          send({ kind: 'item', id, value });
        }
        send({ kind: 'answer', id, value: undefined });
      } else send({ kind: 'answer', id, value: given });
    } catch (error) {
      send({ kind: 'failure', id, error: wireError(error) });
    } finally {
      this.#serving.delete(id);
    }
  }

  #method(to: string): PortMethod {
    const method = this.#methods.get(to);
    if (method === undefined) throw new Error(`the other thread serves no ${to}`);
    return method;
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

function wireError(error: unknown): WireError {
  const { code, message, details, cause } = toVectronError(error);
  return { code, message, details, cause: cause === undefined ? '' : inspect(cause) };
}

const revived = ({ code, message, details, cause }: WireError): VectronError =>
  new VectronError(VectronError.fromWire(code, message).code, message, {
    details,
    cause: cause === '' ? undefined : cause,
  });

/** The methods of an object at the other end, by their names. */
export type Remote<T, K extends keyof T> = {
  readonly [M in K]: T[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

/** What {@link PortPeer.serveObject} serves at the other end. */
export function remoteObject<T extends object, K extends keyof T & string>(
  peer: PortPeer,
  name: string,
  methods: readonly K[],
): Remote<T, K> {
  const remote = methods.map((method) => [method, (...args: unknown[]) => peer.call(`${name}.${method}`, args)]);
  return Object.fromEntries(remote) as Remote<T, K>;
}
