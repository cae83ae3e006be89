import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import type { PartOfLimit } from '@vectron/rpc';
import { Refusals } from './refusals.js';
import { Throughput } from './throughput.js';
import type { WorkKind } from './work-kind.js';

/** Share of the room, and of the line, that one tenant may take; what is left is there for the next that comes. */
const TENANT_SHARE = 0.75;
/** A tenant counts as active for so long after its last request. */
const ACTIVE_MS = 1_000;
/** Share of the time until its deadline that a request may wait: its work takes time, too. */
export const WAIT_SHARE = 0.75;
const GONE = 'the caller has gone before its request began';
/** The line is looked through so often for who has waited for too long, or has gone. */
const LOOK_MS = 25;
/** Most requests that wait, and bytes of theirs that are kept meanwhile. */
const MOST_WAITING = 8_192;
const MOST_WAITING_BYTES = 128 << 20;

/** A request that may have to wait for its room. */
export interface Arrival {
  /** Size of the request, which is kept while it waits. */
  readonly bytes?: number;
  /** When its caller gives up, milliseconds since 1970. */
  readonly deadlineMs?: number;
  /** How long it may wait; missing: as long as any request of its kind. */
  readonly waitMs?: number;
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
  /** The longest that a request of it could wait, while it is active. */
  longestMs: number;
}

/**
 * Room for one kind of work, and the line of those who wait for it. How many fit is said once: the time that requests take is no
 * sign of too many, because other work on the machine makes them slower, too (ADR 46).
 *
 * Fair: while several tenants are active, each may have an equal part of the room, and those who wait are taken in turns. What
 * cannot begin in time is refused, as soon as that can be told from how fast the line moves.
 */
export class Room {
  readonly #tenants = new Map<string, Tenant>();
  /** Those of whom some wait, the next one to be served first. */
  #turns: Tenant[] = [];
  readonly #throughput = new Throughput();
  readonly #refusals: Refusals;
  readonly #gauge;
  readonly #waitingGauge;
  #running = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #sweptMs = 0;
  #looking: NodeJS.Timeout | undefined;

  /** `limit`: how many fit; with `part`, into the rooms of this process together. `waitMs` 0: nobody waits. */
  constructor(
    kind: WorkKind,
    private readonly limit: number,
    private readonly waitMs: number,
    metrics?: Metrics,
    private readonly part?: PartOfLimit,
  ) {
    this.#gauge = metrics?.running.labels({ kind });
    if (part === undefined) metrics?.room.labels({ kind }).set(limit);
    this.#waitingGauge = metrics?.waiting.labels({ kind });
    this.#gauge?.set(0);
    this.#waitingGauge?.set(0);
    this.#refusals = new Refusals(kind, metrics);
  }

  /**
   * What a request of the tenant would be refused with now, whose budget is as long as any of its last ones; undefined: it may
   * begin, or wait.
   */
  refusal(tenantId: string, { bytes }: Pick<Arrival, 'bytes'> = {}): VectronError | undefined {
    const tenant = this.#seen(tenantId);
    const arrival = { bytes, waitMs: tenant.longestMs };
    return this.#mayBegin(tenant) || this.#mayWait(tenant, arrival) ? undefined : this.#full(tenant);
  }

  /** Whether the tenant has, or had a moment ago, requests of this kind. */
  isUsedBy(tenantId: string): boolean {
    return this.#tenants.has(tenantId);
  }

  /** Throws OVERLOADED instead of waiting; what is returned gives the room back. */
  begin(tenantId: string): () => void {
    const tenant = this.#seen(tenantId);
    if (this.#mayBegin(tenant)) return this.#begin(tenant);
    throw this.#full(tenant);
  }

  /** As `begin`, where there is room and none of the tenant's waits for it; else undefined, which is no refusal. */
  spare(tenantId: string): (() => void) | undefined {
    const tenant = this.#seen(tenantId);
    return this.#mayBegin(tenant) ? this.#begin(tenant) : undefined;
  }

  /**
   * Room for a request, at once where there is some. Throws, or rejects with, OVERLOADED when it cannot begin in time, and
   * CANCELLED when its caller has gone meanwhile; what is returned gives the room back.
   */
  enter(tenantId: string, arrival: Arrival = {}): (() => void) | Promise<() => void> {
    const tenant = this.#seen(tenantId);
    tenant.longestMs = Math.max(tenant.longestMs, arrival.waitMs ?? 0);
    if (this.#mayBegin(tenant)) return this.#begin(tenant);
    if (this.#mayWait(tenant, arrival)) return this.#wait(tenant, arrival);
    throw this.#full(tenant);
  }

  /** The refusal, which is counted. */
  #full(tenant: Tenant): VectronError {
    return this.#refusals.next(this.#expectedMs(tenant, Date.now()));
  }

  /** How long the next one of the tenant waits; undefined: it cannot be told. How fast a line moves is known while there is one. */
  #expectedMs(tenant: Tenant, nowMs: number): number | undefined {
    return this.#waiting === 0 ? undefined : this.#throughput.expectedMs(this.#before(tenant), nowMs);
  }

  /** How many begin before the next one of the tenant does, and it with them. */
  #before(tenant: Tenant): number {
    return (tenant.line.length + 1) * (this.#turns.length + (tenant.line.length === 0 ? 1 : 0));
  }

  #mayBegin(tenant: Tenant): boolean {
    return tenant.line.length === 0 && this.#fitsNow(tenant);
  }

  #fitsNow(tenant: Tenant): boolean {
    const active = this.#tenants.size;
    const room = this.part === undefined ? this.limit : this.part.mayUse(this.limit);
    const share = active === 1 ? room * TENANT_SHARE : room / active;
    return this.#running < room && tenant.running < Math.max(1, Math.floor(share));
  }

  #mayWait(tenant: Tenant, arrival: Arrival): boolean {
    const { bytes = 0 } = arrival;
    if (this.#waiting >= MOST_WAITING || tenant.line.length >= MOST_WAITING * TENANT_SHARE) return false;
    if (this.#waitingBytes + bytes > MOST_WAITING_BYTES) return false;
    if (tenant.lineBytes + bytes > MOST_WAITING_BYTES * TENANT_SHARE) return false;
    const nowMs = Date.now();
    const mostMs = this.#mostMs(arrival, nowMs);
    if (mostMs <= 0) return false;
    const expectedMs = this.#expectedMs(tenant, nowMs);
    return expectedMs === undefined || expectedMs <= mostMs;
  }

  #mostMs({ deadlineMs = Number.POSITIVE_INFINITY, waitMs = this.waitMs }: Arrival, nowMs: number): number {
    return Math.min(this.waitMs === 0 ? 0 : waitMs, (deadlineMs - nowMs) * WAIT_SHARE);
  }

  #wait(tenant: Tenant, arrival: Arrival): Promise<() => void> {
    const nowMs = Date.now();
    if (this.#waiting === 0) this.#throughput.restart(nowMs);
    if (tenant.line.length === 0) this.#turns.push(tenant);
    const untilMs = nowMs + this.#mostMs(arrival, nowMs);
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

  /** Refuses those who have waited for as long as they may, and lets go of those who have gone. */
  #look(): void {
    const nowMs = Date.now();
    for (const tenant of this.#turns) {
      tenant.lastMs = nowMs;
      const stays = ({ untilMs, isGone }: Waiter) => untilMs > nowMs && isGone?.() !== true;
      const rest = tenant.line.filter(stays);
      if (rest.length === tenant.line.length) continue;
      const others = tenant.line.filter((waiter) => !stays(waiter));
      tenant.line.splice(0, tenant.line.length, ...rest);
      for (const waiter of others) {
        this.#count(-1, tenant, waiter);
        waiter.refuse(waiter.isGone?.() ? new VectronError('CANCELLED', GONE) : this.#full(tenant));
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
        waiter.refuse(new VectronError('CANCELLED', GONE));
      } else {
        waiter.begin(this.#begin(tenant));
      }
    }
  }

  #begin(own: Tenant): () => void {
    own.running += 1;
    this.#running += 1;
    this.part?.tell(this.#running);
    this.#gauge?.set(this.#running);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      own.running -= 1;
      own.lastMs = Date.now();
      this.#running -= 1;
      this.part?.tell(this.#running);
      this.#gauge?.set(this.#running);
      if (this.#waiting === 0) return;
      this.#throughput.ended();
      this.#serve();
    };
  }

  #seen(tenantId: string): Tenant {
    const nowMs = Date.now();
    if (nowMs - this.#sweptMs > ACTIVE_MS) this.#sweep(nowMs);
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = { line: [], lineBytes: 0, running: 0, lastMs: nowMs, longestMs: this.waitMs };
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
