import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { MetricsSnapshot } from '@vectron/observability';
import { type HandedConnection, PortPeer } from '@vectron/rpc';
import type { Impression } from '../data/impression-log.js';
import type { PublicListener } from '../start-gateway.js';
import type { WireRequest, WireResponse } from './run-gateway.js';

/** How connections get from one thread to another: see packages/engine. */
export interface Descriptors {
  /** A second descriptor of what `fd` is open on. */
  duplicate(fd: number): number;
  /** Closes one that nobody has taken. */
  close(fd: number): void;
}

interface Handed {
  readonly connection: HandedConnection;
  /** Until the thread says that it has taken it. */
  fd: number | undefined;
}

/** A gateway in a thread of its own, as the thread sees it that accepts connections for it. */
export class GatewayThread {
  readonly #worker: Worker;
  readonly #peer: PortPeer;
  readonly #handed = new Map<number, Handed>();
  #last = 0;
  #serves = false;
  #closing = false;
  #beat: Promise<void> | undefined;
  #fault = '';
  /** Beats in a row that it has not answered. */
  missed = 0;
  /** Resolves when it serves; rejects when it ends before that. */
  readonly ready: Promise<void>;
  /** Resolves to why, when it has ended. */
  readonly ended: Promise<string>;

  constructor(
    readonly number: number,
    entry: URL,
    workerData: unknown,
    private readonly descriptors: Descriptors,
    { serve, flooded }: { serve(peer: PortPeer): () => void; flooded(listener: PublicListener, address: string): void },
  ) {
    this.#worker = new Worker(entry, { workerData, name: `gateway ${number}` });
    this.#peer = new PortPeer(this.#worker);
    const giveBack = serve(this.#peer);
    this.ready = new Promise((resolve, reject) => {
      this.#peer.serve('threads', {
        ready: () => {
          this.#serves = true;
          resolve();
        },
        failed: ([why]) => {
          this.#fault = String(why);
        },
        taken: ([id]) => {
          const handed = this.#handed.get(id as number);
          if (handed !== undefined) handed.fd = undefined;
        },
        ended: ([id]) => this.#end(id as number),
        flooded: ([listener, address]) => flooded(listener as PublicListener, address as string),
      });
      this.#worker.once('exit', () => reject(new Error(`gateway ${number} did not start: ${this.#fault}`)));
    });
    this.ready.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#worker.once('error', (error: unknown) => {
        this.#fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
      });
      this.#worker.once('exit', (code) => {
        this.#peer.close(`gateway ${number} has ended`);
        giveBack();
        for (const [id, { fd }] of this.#handed) {
          if (fd !== undefined) this.descriptors.close(fd);
          this.#end(id);
        }
        resolve(this.#fault || `it ended with code ${code}`);
      });
    });
  }

  /** Open connections that it was handed: the next one goes to the thread with the fewest. */
  get size(): number {
    return this.#handed.size;
  }

  /** Hands a connection to it. */
  accept(listener: PublicListener, connection: HandedConnection): void {
    const fd = connection.give((own) => this.descriptors.duplicate(own));
    if (fd === undefined) return;
    this.#last += 1;
    this.#handed.set(this.#last, { connection, fd });
    this.#peer.tell('gateway.accept', listener, this.#last, fd);
  }

  metrics(): Promise<MetricsSnapshot> {
    return this.#peer.call('gateway.metrics', []) as Promise<MetricsSnapshot>;
  }

  impression(tenantId: string, queryId: string): Promise<Impression | undefined> {
    return this.#peer.call('gateway.impression', [tenantId, queryId]) as Promise<Impression | undefined>;
  }

  fetch(request: WireRequest): Promise<WireResponse> {
    return this.#peer.call('gateway.fetch', [request]) as Promise<WireResponse>;
  }

  /** Resolves when it acts on all that it was told before. */
  async settle(): Promise<void> {
    await this.#peer.call('gateway.settle', []);
  }

  /** Asks whether it does anything at all; `missed` says for how many times it has not answered. To be called at equal intervals. */
  beat(): void {
    if (this.#beat !== undefined) {
      this.missed += 1;
      return;
    }
    this.#beat = this.#peer.call('gateway.beat', []).then(
      () => {
        this.#beat = undefined;
        this.missed = 0;
      },
      () => undefined,
    );
  }

  /** Ends it at once, whatever it does. */
  async kill(why: string): Promise<void> {
    this.#fault ||= why;
    await this.#worker.terminate();
    await this.ended;
  }

  /** Lets requests end, but for no longer than `graceMs`, then ends the thread. One that does not serve yet ends at once. */
  async close(graceMs: number): Promise<void> {
    if (this.#serves && !this.#closing) {
      this.#closing = true;
      const late = new AbortController();
      const closed = this.#peer.call('gateway.close', []).catch(() => undefined);
      await Promise.race([closed, pause(graceMs, undefined, { signal: late.signal }).catch(() => undefined)]);
      late.abort();
    }
    await this.kill('it was closed');
  }

  #end(id: number): void {
    const handed = this.#handed.get(id);
    this.#handed.delete(id);
    handed?.connection.end();
  }
}
