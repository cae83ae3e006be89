import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import type { PartOfLimit } from '@vectron/rpc';
import { Incoming } from './incoming.js';
import { Refusals } from './refusals.js';
import { type Arrival, Room, WAIT_SHARE } from './room.js';
import type { WorkKind } from './work-kind.js';

type Brief = Exclude<WorkKind, 'watch'>;

/** The most that one tenant and one key may hold open of what waits for long. */
export interface HeldLimits {
  readonly tenant: number;
  readonly key: number;
}

/**
 * Decides before any work is done whether a request may begin, wait for others to end, or be refused. Bounded and fair: see
 * Room. What is held open for long is counted, and waits for nothing.
 */
export class Admission {
  readonly #rooms: Record<Brief, Room>;
  readonly #open: OpenRequests;
  readonly #incoming = new Incoming();
  readonly #tooMuch: Refusals;
  readonly #mostMs: number;

  /**
   * `waitMs`: how long a request may wait for its room. `open`: what counts those that are held open; missing: this. `partOf`: where the
   * limits are of several gateways together.
   */
  constructor(
    limits: Record<WorkKind, number>,
    waitMs: Record<Brief, number>,
    metrics?: Metrics,
    held?: HeldLimits,
    open?: OpenRequests,
    partOf?: (kind: Brief) => PartOfLimit,
  ) {
    this.#open = open ?? new HeldRequests(limits.watch, metrics, held);
    this.#tooMuch = new Refusals('write', metrics);
    this.#mostMs = waitMs.write;
    const room = (kind: Brief) => new Room(kind, limits[kind], waitMs[kind], metrics, partOf?.(kind));
    this.#rooms = {
      read: room('read'),
      scan: room('scan'),
      write: room('write'),
      bulk: room('bulk'),
      manage: room('manage'),
    };
  }

  /**
   * The refusal that `enter` would throw now, if any. Of a read it is not known which lane is its own before it is decoded: one of a
   * tenant that has reads which take long is not refused here. A write is refused, too, whose body could not be here in time: `timeoutMs`
   * is what its caller waits.
   */
  refusal(kind: WorkKind, tenantId: string, timeoutMs = Number.POSITIVE_INFINITY): VectronError | undefined {
    if (kind === 'watch') return this.#open.refusal?.(tenantId);
    if (kind === 'read' && this.#rooms.scan.isUsedBy(tenantId)) return undefined;
    const refusal = this.#rooms[kind].refusal(tenantId);
    if (refusal !== undefined || kind !== 'write') return refusal;
    const expectedMs = this.#incoming.expectedMs(tenantId) ?? 0;
    return expectedMs > Math.min(this.#mostMs, timeoutMs * WAIT_SHARE) ? this.#tooMuch.next(expectedMs) : undefined;
  }

  /** The body of a write begins to come; what is given is to be called when no more of it comes, with whether all of it has. */
  receive(tenantId: string): (whole: boolean) => void {
    return this.#incoming.begin(tenantId);
  }

  /**
   * Room for a request, at once where there is some. Throws, or rejects with, OVERLOADED when it could not begin in time,
   * QUOTA_EXCEEDED when the tenant or its key holds too many requests open, CANCELLED when its caller has gone while it
   * waited; otherwise gives what must be called, once, when the request has ended.
   */
  enter(
    kind: WorkKind,
    tenantId: string,
    { keyId = tenantId, ...arrival }: Arrival & { readonly keyId?: string } = {},
  ): (() => void) | Promise<() => void> {
    return kind === 'watch' ? this.keepOpen(tenantId, keyId) : this.#rooms[kind].enter(tenantId, arrival);
  }

  /** Room for one more part of a read that has entered, where some is spare: nobody is refused, and nobody waits. */
  spare(kind: 'read' | 'scan', tenantId: string): (() => void) | undefined {
    return this.#rooms[kind].spare(tenantId);
  }

  /** Room for what is held open for long, as `enter` gives it. */
  keepOpen(tenantId: string, keyId = tenantId): (() => void) | Promise<() => void> {
    return this.#open.keepOpen(tenantId, keyId);
  }
}

/** Counts what is held open for long: of this gateway, or of all of a process. */
export interface OpenRequests {
  /** The refusal that `keepOpen` would throw now for lack of room. */
  refusal?(tenantId: string): VectronError | undefined;
  /** Counts a request that its caller holds open; what is given ends that. Throws OVERLOADED or QUOTA_EXCEEDED. */
  keepOpen(tenantId: string, keyId: string): (() => void) | Promise<() => void>;
}

/** What is held open here. */
export class HeldRequests implements OpenRequests {
  readonly #room: Room;
  readonly #tenants: HeldOpen;
  readonly #keys: HeldOpen;

  constructor(limit: number, metrics?: Metrics, held: HeldLimits = { tenant: limit, key: limit }) {
    this.#room = new Room('watch', limit, 0, metrics);
    this.#tenants = new HeldOpen('account', held.tenant);
    this.#keys = new HeldOpen('key', held.key);
  }

  refusal(tenantId: string): VectronError | undefined {
    return this.#room.refusal(tenantId);
  }

  keepOpen(tenantId: string, keyId: string): () => void {
    const [tenants, keys] = [this.#tenants, this.#keys];
    tenants.check(tenantId);
    keys.check(keyId);
    const leave = this.#room.begin(tenantId);
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
      `this ${this.who} has ${this.most} open requests, which is the limit; end one first`,
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
