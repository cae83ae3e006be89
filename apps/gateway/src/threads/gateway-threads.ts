import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import type { Logger, Metrics, MetricsSnapshot } from '@vectron/observability';
import { cannotListen, type HandedConnection, type PortPeer, SharedListener } from '@vectron/rpc';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Backends } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import { SharedWriteMarks } from '../data/write-marks.js';
import { MetricsSum } from '../shared/metrics-sum.js';
import { type OpenParts, openParts } from '../shared/parts.js';
import { serveParts } from '../shared/remote-parts.js';
import { connectionLimitsOf, type PublicListener, type RunningGateway, tlsOf } from '../start-gateway.js';
import { type Descriptors, GatewayThread } from './gateway-thread.js';
import type { ThreadFacts } from './run-gateway.js';

/** How a process runs several gateways. */
export interface ThreadsOptions {
  /** At least two. */
  readonly count: number;
  /** Module of a thread: it calls runGateway with its `workerData`, and `tellReady`. */
  readonly entry: URL;
  /** What a thread is given beside its ThreadFacts. */
  readonly extra: object;
  readonly descriptors: Descriptors;
  /** Lets a thread call what of the backends is in this one; `settle` is to be waited for after what changes something. */
  serve(peer: PortPeer, settle: () => Promise<void>): void;
}

/** A gateway that has run for so long is started again at once when it ends. */
const STEADY_MS = 60_000;
const BACKOFF = new ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 });
/** A thread that is so busy is not waited for any longer. */
const SETTLE_MS = 250;
const ASK_MS = 2_000;

/**
 * Several gateways, each in a thread of its own, at one address for REST and one for gRPC. This thread accepts connections and
 * hands each to the gateway that has the fewest; what is said on them it never sees. It keeps what there is one of (SharedParts). A
 * gateway that ends by an error is started again while the others go on; its connections end with it.
 */
export class GatewayThreads implements RunningGateway {
  readonly #threads = new Map<number, GatewayThread>();
  readonly #listeners: Record<PublicListener, SharedListener>;
  /** Connections that came while no gateway was there. */
  #waiting: [PublicListener, HandedConnection][] = [];
  readonly #stop = new AbortController();
  readonly #writes = SharedWriteMarks.allocate();
  #parts: OpenParts | undefined;
  #sum: MetricsSum | undefined;
  #next = 0;
  httpUrl = '';
  grpcAddress = '';

  private constructor(
    private readonly config: GatewayConfig,
    private readonly options: ThreadsOptions,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    const listener = (name: PublicListener) =>
      new SharedListener(
        connectionLimitsOf(config),
        (connection) => this.#hand(name, connection),
        (reason) => metrics.connectionsCut.inc({ listener: name, reason }),
      );
    this.#listeners = { http: listener('http'), grpc: listener('grpc') };
  }

  static async start(
    config: GatewayConfig,
    options: ThreadsOptions,
    backends: Backends,
    metrics: Metrics,
    logger: Logger,
  ): Promise<GatewayThreads> {
    const threads = new GatewayThreads(config, options, metrics, logger);
    try {
      await threads.#start(backends);
    } catch (error) {
      await threads.close();
      throw error;
    }
    return threads;
  }

  async fetch(request: Request): Promise<Response> {
    const [thread] = this.#threads.values();
    if (thread === undefined) throw new VectronError('UNAVAILABLE', 'no gateway is there now; try again');
    const { status, headers, body } = await thread.fetch({
      url: request.url,
      method: request.method,
      headers: [...request.headers],
      body: request.body === null ? undefined : new Uint8Array(await request.arrayBuffer()),
    });
    // Those with these codes have no body (Fetch, 2.2.3).
    return new Response([204, 205, 304].includes(status) ? null : Buffer.from(body), {
      status,
      headers: headers.map(([name, value]) => [name, value]),
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const listener of Object.values(this.#listeners)) listener.stop();
    this.#parts?.stop();
    const threads = [...this.#threads.values()];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.close()));
    for (const listener of Object.values(this.#listeners)) listener.close();
    await this.#parts?.close();
  }

  async #start(backends: Backends): Promise<void> {
    const { config, metrics, logger } = this;
    const { http, grpc } = config;
    const tls = tlsOf(config);
    const sum = new MetricsSum(metrics, () => this.#snapshots());
    this.#sum = sum;
    const parts = await openParts(config, backends, metrics, logger, {
      sum,
      find: (...known) => this.#shown(...known),
    });
    this.#parts = parts;
    await Promise.all(Array.from({ length: this.options.count }, (_, at) => this.#run(at + 1)));
    const [httpAddress, grpcAddress] = await Promise.all(
      (['http', 'grpc'] as const).map((name) => {
        const { host, port } = { http, grpc }[name];
        return this.#listeners[name].listen(host, port).catch((error: unknown) => {
          throw cannotListen(`${host}:${port}`, error);
        });
      }),
    );
    this.httpUrl = `${tls === undefined ? 'http' : 'https'}://${httpAddress.replace('[::1]', 'localhost')}`;
    this.grpcAddress = grpcAddress;
    parts.start();
    void parts.routes.follow(logger);
  }

  /** Starts a gateway, and again whenever it ends; resolves when it serves for the first time. */
  async #run(number: number): Promise<void> {
    let thread = this.#begin(number);
    await thread.ready;
    this.#serves(thread);
    void (async () => {
      let backoff: IBackoff<unknown> = BACKOFF.next();
      for (;;) {
        const startedMs = Date.now();
        const why = await thread.ended;
        this.#threads.delete(number);
        await this.#sum?.ended(number);
        if (this.#stop.signal.aborted) return;
        const steady = Date.now() - startedMs > STEADY_MS;
        backoff = steady ? BACKOFF.next() : backoff.next(undefined);
        this.logger.error(
          { gateway: number, why, againMs: backoff.duration },
          'a gateway has ended; it is started again',
        );
        await pause(backoff.duration, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
        if (this.#stop.signal.aborted) return;
        this.metrics.gatewayRestarts.inc({ gateway: String(number) });
        thread = this.#begin(number);
        await thread.ready.then(
          () => this.#serves(thread),
          () => undefined,
        );
      }
    })();
  }

  #begin(number: number): GatewayThread {
    const { options, config } = this;
    const parts = this.#parts as OpenParts;
    const facts: ThreadFacts = {
      ...{ number, among: options.count, config, writes: this.#writes },
      auditId: parts.audit.id,
      limited: parts.limiter !== undefined,
    };
    return new GatewayThread(number, options.entry, { ...options.extra, ...facts }, options.descriptors, {
      serve: (peer) => {
        options.serve(peer, () => this.#settle());
        return serveParts(peer, parts);
      },
      flooded: (listener, address) => this.#listeners[listener].flooded(address),
    });
  }

  #serves(thread: GatewayThread): void {
    if (this.#stop.signal.aborted) {
      void thread.close();
      return;
    }
    this.#threads.set(thread.number, thread);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [name, connection] of waiting) this.#hand(name, connection);
  }

  /** To the gateway with the fewest connections; of several, to each in its turn. */
  #hand(name: PublicListener, connection: HandedConnection): void {
    const threads = [...this.#threads.values()];
    if (threads.length === 0) {
      this.#waiting.push([name, connection]);
      return;
    }
    this.#next += 1;
    const turns = threads.map((_, at) => threads[(at + this.#next) % threads.length]);
    const [first, ...others] = turns;
    others.reduce((least, one) => (one.size < least.size ? one : least), first).accept(name, connection);
  }

  async #snapshots(): Promise<Map<number, MetricsSnapshot>> {
    const found = new Map<number, MetricsSnapshot>();
    await Promise.all(
      [...this.#threads].map(async ([number, thread]) => {
        const counted = await within(ASK_MS, thread.metrics());
        if (counted !== undefined) found.set(number, counted);
      }),
    );
    for (const [number, thread] of this.#threads) {
      this.metrics.gatewayConnections.set({ gateway: String(number) }, thread.size);
    }
    return found;
  }

  async #shown(tenantId: string, queryId: string) {
    const all = [...this.#threads.values()];
    const found = await Promise.all(all.map((thread) => within(ASK_MS, thread.impression(tenantId, queryId))));
    return found.find((one) => one !== undefined);
  }

  /** Resolves when every gateway acts on what was pushed to it before, such as a revoked key or a new route. */
  async #settle(): Promise<void> {
    // What a change makes others push is on its way to them by then.
    await setImmediate();
    await within(SETTLE_MS, Promise.all([...this.#threads.values()].map((thread) => thread.settle())));
  }
}

/** undefined when it fails, or is not there in time. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = new AbortController();
  const timer = pause(ms, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
  try {
    return await Promise.race([work.catch(() => undefined), timer]);
  } finally {
    late.abort();
  }
}
