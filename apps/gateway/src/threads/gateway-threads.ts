import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import type { Logger, Metrics, MetricsSnapshot } from '@vectron/observability';
import { cannotListen, type HandedConnection, type PortPeer, SharedListener } from '@vectron/rpc';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import type { Backends } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import { SharedWriteMarks } from '../data/write-marks.js';
import { roomsOf } from '../gateway.module.js';
import { MetricsSum } from '../shared/metrics-sum.js';
import { type OpenParts, openParts } from '../shared/parts.js';
import { serveParts } from '../shared/remote-parts.js';
import { SharedUse } from '../shared/shared-use.js';
import { connectionLimitsOf, type PublicListener, type RunningGateway, tlsOf } from '../start-gateway.js';
import { type Descriptors, GatewayThread } from './gateway-thread.js';
import type { ThreadFacts } from './run-gateway.js';

/** How a process runs several gateways. */
export interface ThreadsOptions {
  /** Threads to start, 2 to 64; one gateway runs in the main thread instead. */
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
/** Gateways are asked so often whether they do anything at all. */
const BEAT_MS = 1_000;
/** One that has missed so many is passed over where others can be asked, and told of in the log. */
const SILENT_BEATS = 3;
/** What is under way is cut by a gateway itself before that: see CLOSE_MS of serveGateway. One that is ended after it does nothing. */
const CLOSE_MS = 10_000;

/**
 * Several gateways, each in a thread of its own, at one address for REST and one for gRPC. This thread accepts connections and
 * hands each to the gateway that has the fewest; what is said on them it never sees. It keeps what there is one of (SharedParts). A
 * gateway that ends by an error, or answers nothing for long, is started again while the others go on; its connections end with it.
 */
export class GatewayThreads implements RunningGateway {
  /** Those that take connections, by their number from 1 on. */
  readonly #threads = new Map<number, GatewayThread>();
  /** Those that have not ended: they may be about to serve. */
  readonly #begun = new Set<GatewayThread>();
  readonly #listeners: Record<PublicListener, SharedListener>;
  /** Connections that came while no gateway was there. */
  #waiting: [PublicListener, HandedConnection][] = [];
  readonly #stop = new AbortController();
  readonly #writes = SharedWriteMarks.allocate();
  readonly #use: SharedArrayBuffer;
  #parts: OpenParts | undefined;
  #sum: MetricsSum | undefined;
  #next = 0;
  #beats: NodeJS.Timeout | undefined;
  httpUrl = '';
  grpcAddress = '';

  private constructor(
    private readonly config: GatewayConfig,
    private readonly options: ThreadsOptions,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.#use = SharedUse.allocate(options.count);
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
    const [thread] = this.#answering();
    if (thread === undefined)
      throw new VectronError('UNAVAILABLE', 'no gateway of this process is running at the moment; try again');
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

  async scrape(): Promise<string> {
    if (this.#parts === undefined)
      throw new VectronError('UNAVAILABLE', 'the gateways of this process are still starting; try again');
    return this.#parts.system.scrape();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const listener of Object.values(this.#listeners)) listener.stop();
    this.#parts?.stop();
    await Promise.all([...this.#begun].map((thread) => thread.close(CLOSE_MS)));
    clearInterval(this.#beats);
    for (const listener of Object.values(this.#listeners)) listener.close();
    await this.#parts?.close();
  }

  async #start(backends: Backends): Promise<void> {
    const { config, metrics, logger } = this;
    const { http, grpc } = config;
    const tls = tlsOf(config);
    const sum = new MetricsSum(metrics, () => this.#snapshots());
    this.#sum = sum;
    for (const [kind, limit] of Object.entries(roomsOf(config))) metrics.room.labels({ kind }).set(limit);
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
    this.#beats = setInterval(() => this.#beat(), BEAT_MS).unref();
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
      ...{ number, among: options.count, config, writes: this.#writes, use: this.#use },
      auditId: parts.audit.id,
      limited: parts.limiter !== undefined,
    };
    const thread = new GatewayThread(number, options.entry, { ...options.extra, ...facts }, options.descriptors, {
      serve: (peer) => {
        options.serve(peer, () => this.#settle());
        const giveBack = serveParts(peer, parts);
        return () => {
          giveBack();
          new SharedUse(this.#use, options.count).ended(number);
        };
      },
      flooded: (listener, address) => this.#listeners[listener].flooded(address),
    });
    this.#begun.add(thread);
    void thread.ended.then(() => this.#begun.delete(thread));
    return thread;
  }

  #serves(thread: GatewayThread): void {
    if (this.#stop.signal.aborted) return;
    this.#threads.set(thread.number, thread);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [name, connection] of waiting) this.#hand(name, connection);
  }

  /** Those that answered a moment ago; all, where none did. */
  #answering(): GatewayThread[] {
    const all = [...this.#threads.values()];
    const answering = all.filter(({ missed }) => missed < SILENT_BEATS);
    return answering.length === 0 ? all : answering;
  }

  /**
   * A thread that is busy with one thing, such as an endless loop, answers nobody; nor does it end by itself. Beats are counted, not the
   * time: where the whole process stood still, none was missed.
   */
  #beat(): void {
    const most = this.config.gatewayHangSeconds * (1_000 / BEAT_MS);
    for (const thread of this.#threads.values()) {
      thread.beat();
      const { number: gateway, missed } = thread;
      if (missed === SILENT_BEATS) this.logger.warn({ gateway }, 'a gateway does not answer');
      if (most > 0 && missed === most) {
        void thread.kill(`it has not answered for ${this.config.gatewayHangSeconds} s`);
      }
    }
  }

  /** To the gateway with the fewest connections; of several, to each in its turn. */
  #hand(name: PublicListener, connection: HandedConnection): void {
    const threads = this.#answering();
    if (threads.length === 0 || this.#stop.signal.aborted) {
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
        if (thread.missed >= SILENT_BEATS) return;
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
    const all = this.#answering();
    const found = await Promise.all(all.map((thread) => within(ASK_MS, thread.impression(tenantId, queryId))));
    return found.find((one) => one !== undefined);
  }

  /** Resolves when every gateway acts on what was pushed to it before, such as a revoked key or a new route. */
  async #settle(): Promise<void> {
    // What a change makes others push is on its way to them by then.
    await setImmediate();
    await within(SETTLE_MS, Promise.all(this.#answering().map((thread) => thread.settle())));
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
