import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';

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
/** Share of the room that one tenant may take; what is left is there for the next that comes. */
const TENANT_SHARE = 0.75;
/** A tenant counts as active for so long after its last request. */
const ACTIVE_MS = 1_000;
const RETRY_MS = 250;

/** The most that one tenant and one key may hold open of what waits for long. */
export interface HeldLimits {
  readonly tenant: number;
  readonly key: number;
}

interface Tenant {
  running: number;
  lastMs: number;
}

/**
 * Decides before any work is done whether a request may begin. Bounded: what cannot begin now is refused at once, with
 * when to come back, because a queue would only make everybody late. Fair: while several tenants are active, each may
 * have an equal part of the room, so that a noisy one is refused before a quiet one is.
 */
export class Admission {
  readonly #rooms: Record<WorkKind, Room>;
  readonly #held: { readonly tenants: HeldOpen; readonly keys: HeldOpen };

  constructor(
    limits: Record<WorkKind, number>,
    metrics?: Metrics,
    held: HeldLimits = { tenant: limits.watch, key: limits.watch },
  ) {
    this.#held = { tenants: new HeldOpen('account', held.tenant), keys: new HeldOpen('key', held.key) };
    const room = (kind: WorkKind) => new Room(kind, limits[kind], metrics);
    this.#rooms = { read: room('read'), write: room('write'), watch: room('watch'), manage: room('manage') };
  }

  /** The refusal that `begin` would throw now, if any. */
  refusal(kind: WorkKind, tenantId: string): VectronError | undefined {
    return this.#rooms[kind].refusal(tenantId);
  }

  /**
   * Throws OVERLOADED, or QUOTA_EXCEEDED when the tenant or its key holds too many requests open; otherwise returns what
   * must be called, once, when the request has ended.
   */
  begin(kind: WorkKind, tenantId: string, keyId = tenantId): () => void {
    if (kind !== 'watch') return this.#rooms[kind].begin(tenantId);
    const { tenants, keys } = this.#held;
    tenants.check(tenantId);
    keys.check(keyId);
    const leave = this.#rooms.watch.begin(tenantId);
    const given = [tenants.take(tenantId), keys.take(keyId)];
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      leave();
      for (const giveBack of given) giveBack();
    };
  }
}

/** What waits for long is counted for whoever holds it open: it costs memory, and not much else, for as long as it waits. */
class HeldOpen {
  readonly #open = new Map<string, number>();

  constructor(
    private readonly who: string,
    private readonly most: number,
  ) {}

  check(id: string): void {
    if ((this.#open.get(id) ?? 0) < this.most) return;
    throw new VectronError(
      'QUOTA_EXCEEDED',
      `this ${this.who} holds ${this.most} requests open, which is all it may; end one first`,
    );
  }

  take(id: string): () => void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    };
  }
}

/**
 * Room for one kind. How many fit is found out by additive increase and multiplicative decrease on the time that they
 * take (as Chiu and Jain have it, 1989), between a few and the configured most: more than a server can work on at once
 * only wait for each other.
 */
class Room {
  #fits: number;
  #quietMs: number | undefined;
  #window = { fromMs: 0, sumMs: 0, count: 0, full: false };
  readonly #patience;
  readonly #tenants = new Map<string, Tenant>();
  readonly #refusal: VectronError;
  readonly #gauge;
  readonly #room;
  readonly #refused;
  #running = 0;
  #sweptMs = 0;

  constructor(
    kind: WorkKind,
    private readonly limit: number,
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
    this.#refused = metrics?.shed.labels({ kind });
  }

  refusal(tenantId: string): VectronError | undefined {
    const tenant = this.#seen(tenantId);
    const active = this.#tenants.size;
    const share = active === 1 ? this.#fits * TENANT_SHARE : this.#fits / active;
    if (this.#running < this.#fits && tenant.running < Math.max(1, Math.floor(share))) return undefined;
    this.#window.full = true;
    this.#refused?.inc();
    return this.#refusal;
  }

  begin(tenantId: string): () => void {
    const refusal = this.refusal(tenantId);
    if (refusal !== undefined) throw refusal;
    const own = this.#seen(tenantId);
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
      this.#running -= 1;
      this.#gauge?.set(this.#running);
      this.#learn(performance.now() - begunMs, alone);
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
      tenant = { running: 0, lastMs: nowMs };
      this.#tenants.set(tenantId, tenant);
    }
    tenant.lastMs = nowMs;
    return tenant;
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [id, tenant] of this.#tenants) {
      if (tenant.running === 0 && nowMs - tenant.lastMs > ACTIVE_MS) this.#tenants.delete(id);
    }
  }
}
