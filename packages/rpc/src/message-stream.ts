import { VectronError } from '@vectron/errors';
import type { StopSignal } from './stop.js';

/** The part of a call of grpc-js, which is a stream of Node, that is used here. */
interface ReadableCall {
  on(event: string, listener: () => void): unknown;
  once(event: string, listener: () => void): unknown;
  read(): unknown;
  /** What Node calls when the stream has room for another message. */
  _read(size: number): void;
}

interface Wanted<T> {
  readonly resolve: (next: IteratorResult<T, undefined>) => void;
  readonly reject: (cause: unknown) => void;
}

/** Where a fault of a call that was seen below grpc-js, such as a message that is too long, is told to who reads its messages. */
const FAULTS = new WeakMap<object, (fault: VectronError, after: number) => void>();

/** Ends the messages of the call with the fault, after so many of them; false: nobody reads them one by one. */
export function interrupt(call: object, fault: VectronError, after: number): boolean {
  const told = FAULTS.get(call);
  told?.(fault, after);
  return told !== undefined;
}

/**
 * The messages of a bidirectional call, for one reader. A message is taken from the connection when the reader asks for it, and none
 * before: what a client sends beyond that waits in the windows of HTTP/2, and in its own memory. Ends when the client has sent
 * its last message; throws CANCELLED when it is gone, or `stop` is aborted, and what is wrong with a message that cannot be
 * taken. It does not end the other direction of the call.
 */
export class MessageStream<T> implements AsyncIterableIterator<T, undefined> {
  #wanted: Wanted<T> | undefined;
  #ended = false;
  #fault: { readonly cause: VectronError; readonly after: number } | undefined;
  #given = 0;
  #isOpen = false;
  /** A message was asked for on the wire for who waits now. */
  #asked = false;
  /** Asks for a message on the wire; undefined: the stream has no room for one. */
  #ask: (() => void) | undefined;

  constructor(
    private readonly call: ReadableCall,
    private readonly stop?: StopSignal,
  ) {
    FAULTS.set(call, (fault, after) => this.#fail(fault, after));
    call.on('cancelled', () => this.#fail(new VectronError('CANCELLED', 'the client has ended the call')));
    stop?.addEventListener('abort', this.#stopped);
    if (stop?.aborted) this.#stopped();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      this.#wanted = { resolve, reject };
      this.#asked = false;
      this.#open();
      this.#give();
      if (this.#wanted !== undefined) this.#askNow();
    });
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends what is given, as if the client had sent no more. */
  #end(): void {
    this.#ended = true;
    this.stop?.removeEventListener('abort', this.#stopped);
    this.#give();
  }

  readonly #stopped = () => this.#fail(new VectronError('CANCELLED', 'the call was ended'));

  /** `after`: so many messages were given; 0: at once. */
  #fail(cause: VectronError, after = 0): void {
    if (this.#fault === undefined || after < this.#fault.after) this.#fault = { cause, after };
    this.#give();
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    // A stream of Node has room for sixteen messages, however long they are, and asks for them before anybody reads it.
    const ask = this.call._read.bind(this.call);
    this.call._read = (size) => {
      this.#ask = () => ask(size);
      if (this.#wanted !== undefined) this.#askNow();
    };
    this.call.on('readable', () => this.#give());
    this.call.once('end', () => this.#end());
  }

  #askNow(): void {
    const ask = this.#ask;
    if (ask === undefined || this.#asked) return;
    this.#asked = true;
    this.#ask = undefined;
    ask();
  }

  #give(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    if (this.#ended) {
      this.#wanted = undefined;
      wanted.resolve({ done: true, value: undefined });
    } else if (this.#fault !== undefined && this.#given >= this.#fault.after) {
      this.#wanted = undefined;
      wanted.reject(this.#fault.cause);
    } else {
      const message = this.call.read() as T | null;
      // What `read` has told in between has answered already.
      if (message === null || this.#wanted !== wanted) return;
      this.#wanted = undefined;
      this.#given += 1;
      wanted.resolve({ done: false, value: message });
    }
  }
}
