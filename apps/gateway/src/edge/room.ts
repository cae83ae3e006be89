import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import { Throughput } from './throughput.js';

/** What requests wait for and use up: each kind has room of its own, so that one cannot starve the others. */
export type WorkKind = 'read' | 'write' | 'watch' | 'manage';

/**
 * How much longer than on a quiet server requests may take before fewer of them are let in: a factor, and milliseconds.
 * Writes wait for disks together, so that many at once are no sign of too many.
 */
const PATIENCE: Record<WorkKind, { factor: number; slackMs: number } | undefined> = {
  read: { factor: 3, slackMs: 5 },
  write: { factor: 6, slackMs: 50 },
  watch: undefined,
  manage: undefined,
};
/** A server with at most so many requests is quiet. */
const QUIET = 4;
const LEAST_ROOM = 16;
const WINDOW_MS = 100;
const FEWER = 0.8;
const MORE = 2;
const QUIET_WEIGHT = 0.05;
/** Share of the room, and of the line, that one tenant may take; what is left is there for the next that comes. */
const TENANT_SHARE = 0.75;
/** A tenant counts as active for so long after its last request. */
const ACTIVE_MS = 1_000;
const RETRY_MS = 250;
/** The line is looked through so often for who has waited for too long. */
const LOOK_MS = 25;
/** Most requests that wait, and bytes of theirs that are kept meanwhile. */
const MOST_WAITING = 8_192;
const MOST_WAITING_BYTES = 64 << 20;

/** A request that may have to wait for its room. */
export interface Arrival {
  /** Size of the request, which is kept while it waits. */
  readonly bytes?: number;
  /** When its caller gives up, milliseconds since 1970. */
  readonly deadlineMs?: number;
  /** Whether its caller has gone. */
  readonly isGone?: () => boolean;
}

interface Waiter extends Arrival {
  readonly untilMs: number;
  readonly begin: (release: () => void) => void;
  readonly refuse: (error: VectronError) => void;
}

interface Tenant {
  readonly line: Waiter[];
  lineBytes: number;
  running: number;
  lastMs: number;
}

/**
 * Room for one kind of work, and the line of those who wait for it. How many fit is found out by additive increase and
 * multiplicative decrease on the time that they take (as Chiu and Jain have it, 1989), between a few and the configured
 * most: more than a server can work on at once only wait for each other.
 *
 * Fair: while several tenants are active, each may have an equal part of the room, also of one that has become smaller while
 * others were using it, and those who wait are taken in turns. What cannot begin within `waitMs`, or before its deadline, is
 * refused, as soon as that can be told from how fast the line moves.
 */
export class Room {
  #fits: number;
  #quietMs: number | undefined;
  #window = { fromMs: 0, sumMs: 0, count: 0, full: false };
  readonly #patience;
  readonly #tenants = new Map<string, Tenant>();
  /** Those of whom some wait, the next one to be served first. */
  #turns: Tenant[] = [];
  readonly #throughput = new Throughput();
  readonly #refusal: VectronError;
  readonly #gauge;
  readonly #room;
  readonly #waitingGauge;
  readonly #refused;
  #running = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #sweptMs = 0;
  #looking: NodeJS.Timeout | undefined;

  /** `waitMs` 0: nobody waits. */
  constructor(
    kind: WorkKind,
    private readonly limit: number,
    private readonly waitMs: number,
    metrics?: Metrics,
  ) {
    this.#refusal = new VectronError('OVERLOADED', `too many ${kind} requests at once; try again`, {
      details: { retryAfterMs: RETRY_MS },
    });
    // One for all: the trace says nothing, and making one costs more than refusing.
    this.#refusal.stack = undefined;
    this.#fits = limit;
    this.#patience = PATIENCE[kind];
    this.#gauge = metrics?.running.labels({ kind });
    this.#room = metrics?.room.labels({ kind });
    this.#waitingGauge = metrics?.waiting.labels({ kind });
    this.#refused = metrics?.shed.labels({ kind });
  }

  /** What a request of the tenant would be refused with now; undefined: it may begin, or wait. */
  refusal(tenantId: string, arrival: Arrival = {}): VectronError | undefined {
    const tenant = this.#seen(tenantId);
    return this.#mayBegin(tenant) || this.#mayWait(tenant, arrival) ? undefined : this.#full();
  }

  /** Throws OVERLOADED instead of waiting; what is returned gives the room back. */
  begin(tenantId: string): () => void {
    const tenant = this.#seen(tenantId);
    if (this.#mayBegin(tenant)) return this.#begin(tenant);
    throw this.#full();
  }

  /**
   * Room for a request, at once where there is some. Throws, or rejects with, OVERLOADED when it cannot begin in time, and
   * CANCELLED when its caller has gone meanwhile; what is returned gives the room back.
   */
  enter(tenantId: string, arrival: Arrival = {}): (() => void) | Promise<() => void> {
    const tenant = this.#seen(tenantId);
    if (this.#mayBegin(tenant)) return this.#begin(tenant);
    if (this.#mayWait(tenant, arrival)) return this.#wait(tenant, arrival);
    throw this.#full();
  }

  /** The refusal, which is counted. */
  #full(): VectronError {
    this.#window.full = true;
    this.#refused?.inc();
    return this.#refusal;
  }

  #mayBegin(tenant: Tenant): boolean {
    return tenant.line.length === 0 && this.#fitsNow(tenant);
  }

  #fitsNow(tenant: Tenant): boolean {
    const active = this.#tenants.size;
    const share = active === 1 ? this.#fits * TENANT_SHARE : this.#fits / active;
    return this.#running < this.limit && tenant.running < Math.max(1, Math.floor(share));
  }

  #mayWait(tenant: Tenant, { bytes = 0, deadlineMs }: Arrival): boolean {
    if (this.#waiting >= MOST_WAITING || tenant.line.length >= MOST_WAITING * TENANT_SHARE) return false;
    if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) return false;
    if (tenant.lineBytes + bytes > MOST_WAITING_BYTES * TENANT_SHARE) return false;
    const nowMs = Date.now();
    const mostMs = Math.min(this.waitMs, (deadlineMs ?? Number.POSITIVE_INFINITY) - nowMs);
    if (mostMs <= 0) return false;
    const tenants = this.#turns.length + (tenant.line.length === 0 ? 1 : 0);
    const expectedMs = this.#throughput.expectedMs((tenant.line.length + 1) * tenants, nowMs);
    return expectedMs === undefined || expectedMs <= mostMs;
  }

  #wait(tenant: Tenant, arrival: Arrival): Promise<() => void> {
    this.#window.full = true;
    const nowMs = Date.now();
    if (this.#waiting === 0) this.#throughput.restart(nowMs);
    if (tenant.line.length === 0) this.#turns.push(tenant);
    const untilMs = Math.min(nowMs + this.waitMs, arrival.deadlineMs ?? Number.POSITIVE_INFINITY);
    this.#count(1, tenant, arrival);
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS);
    return new Promise((begin, refuse) => {
      tenant.line.push({ ...arrival, untilMs, begin, refuse });
    });
  }

  #count(by: 1 | -1, tenant: Tenant, { bytes = 0 }: Arrival): void {
    tenant.lineBytes += by * bytes;
    this.#waiting += by;
    this.#waitingBytes += by * bytes;
    this.#waitingGauge?.set(this.#waiting);
    if (this.#waiting > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Refuses those who have waited for as long as they may. */
  #look(): void {
    const nowMs = Date.now();
    for (const tenant of this.#turns) {
      tenant.lastMs = nowMs;
      const late = tenant.line.filter(({ untilMs }) => untilMs <= nowMs);
      if (late.length === 0) continue;
      const rest = tenant.line.filter(({ untilMs }) => untilMs > nowMs);
      tenant.line.splice(0, tenant.line.length, ...rest);
      for (const waiter of late) {
        this.#count(-1, tenant, waiter);
        this.#refused?.inc();
        waiter.refuse(this.#refusal);
      }
    }
    this.#turns = this.#turns.filter(({ line }) => line.length > 0);
    // The shares of those who go on are greater when a tenant has become inactive.
    this.#sweep(nowMs);
    this.#serve();
  }

  /** Lets in those who wait, a tenant after the other. */
  #serve(): void {
    for (let passed = 0; passed < this.#turns.length; ) {
      const tenant = this.#turns.shift() as Tenant;
      if (!this.#fitsNow(tenant)) {
        this.#turns.push(tenant);
        passed += 1;
        continue;
      }
      passed = 0;
      const waiter = tenant.line.shift() as Waiter;
      if (tenant.line.length > 0) this.#turns.push(tenant);
      this.#count(-1, tenant, waiter);
      if (waiter.isGone?.()) {
        waiter.refuse(new VectronError('CANCELLED', 'the caller has gone before its request began'));
      } else {
        waiter.begin(this.#begin(tenant));
      }
    }
  }

  #begin(own: Tenant): () => void {
    own.running += 1;
    this.#running += 1;
    this.#gauge?.set(this.#running);
    const quiet = this.#running <= QUIET;
    const begunMs = performance.now();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      // Quiet all the time, as far as its two ends tell.
      const alone = quiet && this.#running <= QUIET;
      own.running -= 1;
      own.lastMs = Date.now();
      this.#running -= 1;
      this.#gauge?.set(this.#running);
      this.#learn(performance.now() - begunMs, alone);
      if (this.#waiting === 0) return;
      this.#throughput.ended();
      this.#serve();
    };
  }

  #learn(tookMs: number, quiet: boolean): void {
    if (this.#patience === undefined) return;
    if (quiet) {
      const known = this.#quietMs;
      this.#quietMs = known === undefined ? tookMs : known + QUIET_WEIGHT * (tookMs - known);
    }
    const window = this.#window;
    window.sumMs += tookMs;
    window.count += 1;
    const nowMs = Date.now();
    if (nowMs - window.fromMs < WINDOW_MS || this.#quietMs === undefined) return;
    const { factor, slackMs } = this.#patience;
    const tooLong = window.sumMs / window.count > factor * this.#quietMs + slackMs;
    const next = tooLong ? Math.max(LEAST_ROOM, Math.floor(this.#fits * FEWER)) : this.#fits + (window.full ? MORE : 1);
    this.#fits = Math.min(next, this.limit);
    this.#room?.set(this.#fits);
    this.#window = { fromMs: nowMs, sumMs: 0, count: 0, full: false };
  }

  #seen(tenantId: string): Tenant {
    const nowMs = Date.now();
    if (nowMs - this.#sweptMs > ACTIVE_MS) this.#sweep(nowMs);
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = { line: [], lineBytes: 0, running: 0, lastMs: nowMs };
      this.#tenants.set(tenantId, tenant);
    }
    tenant.lastMs = nowMs;
    return tenant;
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [id, tenant] of this.#tenants) {
      const idle = tenant.running === 0 && tenant.line.length === 0;
      if (idle && nowMs - tenant.lastMs > ACTIVE_MS) this.#tenants.delete(id);
    }
  }
}
