import { VectronError } from '@vectron/errors';
import { ConsecutiveBreaker, circuitBreaker, handleWhen, noop } from 'cockatiel';
import {
  Etcd3,
  EtcdLeaseInvalidError,
  GRPCDeadlineExceededError,
  GRPCInvalidArgumentError,
  GRPCResourceExhastedError,
  GRPCUnavailableError,
  type IOptions,
  Range,
} from 'etcd3';
import { watchRange } from './etcd-watch.js';
import type { Change, Compare, Lease, MetaEntry, MetaStore, Operation, Page, TxnResult } from './metastore.js';

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port` of the members. */
  readonly endpoints: readonly string[];
  /** Before every key, so that several installations can share an etcd: `/vectron`. */
  readonly prefix: string;
  /** PEM, for https. */
  readonly tls?: { readonly authority: Buffer; readonly certificate?: Buffer; readonly key?: Buffer };
  readonly auth?: { readonly username: string; readonly password: string };
}

/** How long one member may take. */
const CALL_MS = 2_000;
/** A member that failed is left alone for so long. */
const REST_MS = 1_000;
const ATTEMPTS = 4;
/** Oldest versions without the stale reads of etcd issue 20418, by minor release. */
const SOUND = new Map([
  ['3.4', 42],
  ['3.5', 28],
  ['3.6', 9],
]);

/** State in etcd (v3 API, etcd.io/docs): linearizable reads, revisions and leases are etcd's own. */
export class EtcdMetaStore implements MetaStore {
  readonly #settings: IOptions;
  readonly #client: Etcd3;
  readonly #prefix: string;

  constructor(private readonly options: EtcdOptions) {
    this.#prefix = options.prefix;
    const { tls, auth } = options;
    this.#settings = {
      hosts: [...options.endpoints],
      dialTimeout: CALL_MS,
      defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + CALL_MS }),
      grpcOptions: {
        'grpc.max_receive_message_length': 64 << 20,
        'grpc.keepalive_time_ms': 5_000,
        'grpc.keepalive_timeout_ms': 3_000,
      },
      // What may be sent again is known here, not there.
      faultHandling: {
        global: noop,
        host: () => circuitBreaker(handleWhen(isAway), { halfOpenAfter: REST_MS, breaker: new ConsecutiveBreaker(1) }),
      },
      credentials: tls && { rootCertificate: tls.authority, certChain: tls.certificate, privateKey: tls.key },
      auth: auth && { username: auth.username, password: auth.password },
    };
    this.#client = new Etcd3(this.#settings);
  }

  /** Versions of members that may answer with stale reads; those that do not answer are left out. */
  async unsoundVersions(): Promise<string[]> {
    const versions = await Promise.all(
      this.options.endpoints.map(async (hosts) => {
        const one = new Etcd3({ ...this.#settings, hosts });
        try {
          return (await one.maintenance.status({ deadline: Date.now() + CALL_MS })).version;
        } catch {
          return undefined;
        } finally {
          one.close();
        }
      }),
    );
    return versions.flatMap((version) => (version !== undefined && !isSoundEtcd(version) ? [version] : []));
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    const { kvs } = await this.#reading(() => this.#client.get(this.#prefix + key).exec());
    return kvs[0] && this.#entry(kvs[0]);
  }

  async range(prefix: string, { after, limit = 0 }: Page = {}): Promise<{ entries: MetaEntry[]; revision: number }> {
    const whole = Range.prefix(this.#prefix + prefix);
    // The least key behind `after` is the same with a zero byte.
    const start = after === undefined ? whole.start : latest(whole.start, Buffer.from(`${this.#prefix}${after}\0`));
    if (start.compare(whole.end) >= 0) return { entries: [], revision: await this.#revision() };
    const { kvs, header } = await this.#reading(() =>
      this.#client.getAll().inRange(new Range(start, whole.end)).sort('Key', 'Ascend').limit(limit).exec(),
    );
    return { entries: kvs.map((kv) => this.#entry(kv)), revision: Number(header.revision) };
  }

  async #revision(): Promise<number> {
    return (await this.txn([], [])).revision;
  }

  async txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    const full = (key: string) => Buffer.from(this.#prefix + key);
    const compare = compares.map(({ key, revision }) => ({
      result: 'Equal' as const,
      target: 'Mod' as const,
      key: full(key),
      mod_revision: String(revision),
    }));
    const success = operations.map((operation) =>
      'put' in operation
        ? {
            request_put: {
              key: full(operation.put),
              value: Buffer.from(operation.value),
              lease: operation.lease ?? '0',
            },
          }
        : { request_delete_range: { key: full(operation.delete) } },
    );
    // Sent again only when it was certainly not received: its compares would fail against its own effect.
    const { succeeded, header } = await this.#calling(
      () => this.#client.kv.txn({ compare, success, failure: [] }),
      operations.length === 0 ? isAway : wasNotSent,
    );
    return { succeeded, revision: Number(header.revision) };
  }

  watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change> {
    const { start, end } = Range.prefix(this.#prefix + prefix);
    const range = { key: start, range_end: end };
    return watchRange(this.#client.watchClient, range, this.#prefix.length, revision, signal, CALL_MS);
  }

  async grant(ttlMs: number): Promise<Lease> {
    const ttl = Math.max(1, Math.ceil(ttlMs / 1000));
    // Granting twice leaves one that runs out.
    const { ID: id } = await this.#calling(() => this.#client.leaseClient.leaseGrant({ TTL: ttl }), isAway);
    const lost = new AbortController();
    let alive = performance.now();
    let busy = false;
    const renew = async () => {
      if (performance.now() - alive >= ttl * 1000) return end();
      if (busy) return;
      busy = true;
      const sent = performance.now();
      try {
        if (await this.#renew(id)) alive = sent;
        else end();
      } catch {
        // It is tried again until the lease has run out.
      } finally {
        busy = false;
      }
    };
    const timer = setInterval(() => void renew(), (ttl * 1000) / 5);
    timer.unref();
    const end = () => {
      clearInterval(timer);
      lost.abort();
    };
    return {
      id,
      lost: lost.signal,
      revoke: async () => {
        end();
        try {
          await this.#calling(() => this.#client.leaseClient.leaseRevoke({ ID: id }), isAway);
        } catch (error) {
          if (!(error instanceof VectronError && error.code === 'NOT_FOUND')) throw error;
        }
      },
    };
  }

  /** false: the lease has ended. */
  async #renew(id: string): Promise<boolean> {
    const stream = await this.#client.leaseClient.leaseKeepAlive({ deadline: Date.now() + CALL_MS });
    try {
      return await new Promise<boolean>((resolve, reject) => {
        stream.on('data', ({ TTL }) => resolve(Number(TTL) > 0));
        stream.on('error', reject);
        stream.on('end', () => reject(new Error('the stream ended')));
        stream.write({ ID: id });
      });
    } finally {
      stream.on('error', () => undefined);
      stream.end();
    }
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #entry(kv: { key: Buffer; value: Buffer; mod_revision: string }): MetaEntry {
    return {
      key: kv.key.toString().slice(this.#prefix.length),
      value: kv.value.toString(),
      revision: Number(kv.mod_revision),
    };
  }

  #reading<T>(call: () => Promise<T>): Promise<T> {
    return this.#calling(call, isAway);
  }

  /** Each attempt goes to a member that has not failed lately. */
  async #calling<T>(call: () => Promise<T>, again: (error: Error) => boolean): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (cause) {
        const error = cause as Error;
        if (attempt < Math.min(ATTEMPTS, this.options.endpoints.length + 1) && again(error)) continue;
        throw translated(error);
      }
    }
  }
}

const latest = (a: Buffer, b: Buffer) => (a.compare(b) >= 0 ? a : b);

const isAway = (error: Error) => error instanceof GRPCUnavailableError || error instanceof GRPCDeadlineExceededError;
const wasNotSent = (error: Error) =>
  error instanceof GRPCUnavailableError &&
  /No connection established|ECONNREFUSED|etcdserver: no leader/.test(error.message);

function translated(error: Error): VectronError {
  if (error instanceof VectronError) return error;
  if (error instanceof EtcdLeaseInvalidError || /lease not found/.test(error.message))
    return new VectronError('NOT_FOUND', 'the lease has ended', { cause: error });
  // The quota of its database (etcd.io/docs, maintenance).
  if (error instanceof GRPCResourceExhastedError)
    return new VectronError('QUOTA_EXCEEDED', `etcd refuses writes: ${error.message}`, { cause: error });
  const wrong = error instanceof GRPCInvalidArgumentError || error instanceof TypeError;
  return wrong ? new VectronError('INTERNAL', `etcd: ${error.message}`, { cause: error }) : unavailable(error);
}

const unavailable = (cause: Error) =>
  new VectronError('UNAVAILABLE', `etcd does not answer: ${cause.message}`, { cause });

/** Whether a version of etcd is without the stale reads of etcd issue 20418. */
export function isSoundEtcd(version: string): boolean {
  const [, minor, patch] = /^(\d+\.\d+)\.(\d+)/.exec(version) ?? [];
  const least = SOUND.get(minor ?? '');
  return least === undefined ? Number((minor ?? '0').split('.')[1]) > 6 : Number(patch) >= least;
}
