import { BlockList, isIP } from 'node:net';

/** How many connections a listener serves at once, and from whom. */
export interface ConnectionLimits {
  /** Of all addresses together; 0: no limit. */
  readonly maxConnections: number;
  /** Of one address; 0: no limit. */
  readonly maxPerAddress: number;
  /** Proxies: many clients come from one of their addresses, so that nothing is counted by it. */
  readonly isProxy?: (address: string) => boolean;
  /**
   * Told of an address whose connection was ended for what it did, where another listener lets connections in and hands them
   * on to this one: the next ones of that address wait there, not here.
   */
  readonly flooded?: (address: string) => void;
}

/** The part of a socket that is looked at here. */
export interface Connected {
  readonly remoteAddress?: string | undefined;
  readonly bytesWritten: number;
  readonly writableLength: number;
  readonly destroyed: boolean;
  destroy(): unknown;
  on(event: 'error', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** A connection was ended for what it did, or was not let in: why, in one word for metrics. */
export type CutReason = 'too_many' | 'silent' | 'unread' | 'flood' | 'refused_calls' | 'pipelined';

/** How long an address is watched after one of its connections was cut for flooding. */
const WATCHED_MS = 10_000;
/** Connections of a watched address are let in one after the other, so far apart: twice as far after each that was cut. */
const APART_MS = 25;
const MOST_APART_MS = 200;
const MAX_WAITING = 128;
/** A client has to read something of what waits for it within this time. */
export const UNREAD_MS = 30_000;

interface Address {
  open: number;
  watchedUntilMs: number;
  /** How far apart its connections are let in while it is watched, and when the next one is. */
  apartMs: number;
  nextMs: number;
  readonly waiting: { readonly socket: Connected; readonly serve: () => void }[];
}

/** How far a client has read. */
interface Reader {
  sinceMs: number;
  written: number;
  queued: number;
}

/**
 * The sockets of one listener, from their first byte on: each has an owner for its errors, each is counted, and those whose
 * clients do not read are ended. It knows nothing of what is said on a connection. The owner calls `check` about once a
 * second.
 */
export class Connections {
  readonly #open = new Map<Connected, Reader>();
  readonly #addresses = new Map<string, Address>();
  #draining: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly onCut: (reason: CutReason, address: string) => void = () => {},
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /**
   * Counts a new connection and calls `serve`, at once or, for an address that flooded this listener a moment ago, in its
   * turn. A connection beyond the limits is ended without a word: an answer would cost more than its absence tells.
   */
  accept(socket: Connected, serve: () => void): void {
    socket.on('error', ignore);
    const name = plainAddress(socket.remoteAddress);
    const counted = name !== '' && !this.limits.isProxy?.(name);
    const address = counted ? this.#address(name) : undefined;
    const { maxConnections, maxPerAddress } = this.limits;
    const full = maxConnections > 0 && this.#open.size >= maxConnections;
    if (full || (address !== undefined && maxPerAddress > 0 && address.open >= maxPerAddress)) {
      this.#cut(socket, 'too_many', name);
      return;
    }
    this.#open.set(socket, { sinceMs: Date.now(), written: 0, queued: 0 });
    if (address !== undefined) address.open += 1;
    socket.once('close', () => {
      this.#open.delete(socket);
      if (address !== undefined) this.#left(name, address);
    });
    if (address === undefined || address.watchedUntilMs <= Date.now()) serve();
    else if (address.waiting.length >= MAX_WAITING) this.#cut(socket, 'too_many', name);
    else {
      address.waiting.push({ socket, serve });
      this.#draining ??= setInterval(() => this.#drain(), APART_MS).unref();
    }
  }

  /** Ends a connection for what it did; the next ones of its address have to wait for their turn for a while. */
  punish(socket: Connected, reason: CutReason): void {
    const name = plainAddress(socket.remoteAddress);
    this.flooded(name);
    this.#cut(socket, reason, name);
  }

  /** A connection of the address was ended for what it did: the next ones have to wait for their turn for a while. */
  flooded(address: string): void {
    if (address === '' || this.limits.isProxy?.(address)) return;
    if (this.limits.flooded === undefined) this.#watch(this.#address(address), Date.now());
    else this.limits.flooded(address);
  }

  #watch(address: Address, nowMs: number): void {
    const again = address.watchedUntilMs > nowMs;
    address.apartMs = again ? Math.min(2 * address.apartMs, MOST_APART_MS) : APART_MS;
    address.watchedUntilMs = nowMs + WATCHED_MS;
  }

  /** Ends the connections whose clients do not read what was written for them. */
  check(nowMs: number): void {
    for (const [socket, reader] of this.#open) {
      const { bytesWritten: written } = socket;
      const queued = queuedBytes(socket);
      if (queued === 0 || written !== reader.written || queued !== reader.queued) {
        this.#open.set(socket, { sinceMs: nowMs, written, queued });
      } else if (nowMs - reader.sinceMs > UNREAD_MS) {
        this.#cut(socket, 'unread', plainAddress(socket.remoteAddress));
      }
    }
    for (const [name, address] of this.#addresses) {
      if (address.open === 0 && address.watchedUntilMs <= nowMs) this.#addresses.delete(name);
    }
  }

  /** Ends all connections. */
  close(): void {
    if (this.#draining !== undefined) clearInterval(this.#draining);
    this.#draining = undefined;
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #cut(socket: Connected, reason: CutReason, address: string): void {
    this.onCut(reason, address);
    socket.destroy();
  }

  #address(name: string): Address {
    let address = this.#addresses.get(name);
    if (address === undefined) {
      address = { open: 0, watchedUntilMs: 0, apartMs: APART_MS, nextMs: 0, waiting: [] };
      this.#addresses.set(name, address);
    }
    return address;
  }

  #left(name: string, address: Address): void {
    address.open -= 1;
    if (address.open === 0 && address.watchedUntilMs <= Date.now()) this.#addresses.delete(name);
  }

  #drain(): void {
    const nowMs = Date.now();
    let waiting = 0;
    for (const address of this.#addresses.values()) {
      if (address.nextMs <= nowMs && letIn(address.waiting)) address.nextMs = nowMs + address.apartMs;
      waiting += address.waiting.length;
    }
    if (waiting > 0) return;
    clearInterval(this.#draining);
    this.#draining = undefined;
  }
}

/** Serves the first that is still there; false when none is. */
function letIn(waiting: Address['waiting']): boolean {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (next.socket.destroyed) continue;
    next.serve();
    return true;
  }
  return false;
}

const ignore = () => {};

/**
 * Bytes that the kernel has not taken yet. A chunk counts as written in one piece, however slowly it goes: libuv's own figure,
 * which the timeouts of Node's sockets look at too, shrinks with every byte.
 */
function queuedBytes(socket: Connected): number {
  const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle;
  return handle?.writeQueueSize ?? socket.writableLength;
}

/** An IPv4 address that came through an IPv6 socket is the IPv4 address. */
export const plainAddress = (address: string | undefined): string => address?.replace(/^::ffff:/i, '') ?? '';

/** Names that the settings of trusted proxies may have beside addresses and networks. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** Whether an address is one of these addresses and networks (CIDR). */
export function addressMatcher(list: readonly string[]): (address: string) => boolean {
  // It is asked for every call, and mostly there are none.
  if (list.length === 0) return () => false;
  const known = new BlockList();
  for (const one of list.flatMap((name) => NAMED[name] ?? [name])) {
    const [address, bits] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && known.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
