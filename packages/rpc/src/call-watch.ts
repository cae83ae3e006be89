import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { CallBudget, ResetBudget } from './call-budget.js';
import { type Connections, type CutReason, plainAddress, UNREAD_MS } from './connections.js';

export interface CallLimits {
  /** Calls that a connection may have open at once. */
  readonly maxCalls: number;
  /** A connection without a call for so long is ended, milliseconds. */
  readonly idleMs: number;
}

/** A client that has connected has to begin to speak HTTP/2 within this time. */
const SILENT_MS = 10_000;
const PREFACE_BYTES = 24;
/** Calls of methods for everybody that a connection may have open at once while nobody on it is known. */
const MAX_STRANGER_CALLS = 32;
/** Answers of one connection that wait to be read, bytes together. */
const MAX_UNREAD_BYTES = 256 << 20;
const LATE_MS = 200;
const LOOK_MS = 250;
/** Of GOAWAY: whatever its client has begun is served. */
const ANY_STREAM = 2 ** 31 - 1;

/** A call as the connection that it is on knows it. */
export class OpenCall {
  readonly startedMs = Date.now();
  received = 0;
  /** What grpc-js has made of it, once it has. */
  running: object | undefined;
  /** Called once when the message has not come soon after the headers, as it does of most calls. */
  late: (() => void) | undefined;
  unread = { bytes: 0, sinceMs: 0 };

  constructor(readonly stream: ServerHttp2Stream) {}
}

/** One HTTP/2 connection: what it has open, and what it spent since the last look. */
export class WatchedConnection {
  readonly calls = new Map<ServerHttp2Stream, OpenCall>();
  readonly budget = new CallBudget();
  readonly address: string;
  /** A call on it was let in by its token. */
  isKnown = false;
  lastCallMs = Date.now();
  readonly #openedMs = Date.now();
  readonly #resets = new ResetBudget(Date.now());
  #retired = false;
  #seen = { atMs: Date.now(), read: 0, written: 0 };
  #data = 0;
  #begun = 0;
  #idle = 0;

  constructor(
    readonly socket: Socket,
    private readonly limits: CallLimits,
  ) {
    this.address = plainAddress(socket.remoteAddress);
  }

  /** Counts a call; undefined when the connection has too many open. */
  begin(stream: ServerHttp2Stream): OpenCall | undefined {
    this.#begun += 1;
    const most = this.isKnown ? this.limits.maxCalls : Math.min(MAX_STRANGER_CALLS, this.limits.maxCalls);
    if (this.calls.size >= most) return undefined;
    const call = new OpenCall(stream);
    this.calls.set(stream, call);
    const { session } = stream;
    stream.once('close', () => {
      // The client of a call that was refused before its end may reset it, and nobody is told.
      const mayBeReset = stream.rstCode !== constants.NGHTTP2_NO_ERROR || !stream.readableEnded;
      if (mayBeReset && this.#resets.reset(Date.now())) this.#retire(session);
      this.calls.delete(stream);
      call.late = undefined;
      this.lastCallMs = Date.now();
      if (!stream.headersSent && stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#idle += 1;
    });
    return call;
  }

  /** Has the client take another connection; what is under way on this one goes on. */
  #retire(session: ServerHttp2Stream['session']): void {
    if (this.#retired || session === undefined || session.destroyed) return;
    this.#retired = true;
    (session as ServerHttp2Session).goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM);
    session.close();
  }

  /** A call on it was let in by its token. */
  known(): void {
    this.isKnown = true;
    this.budget.known();
  }

  /** A call was refused to somebody unknown. */
  refused(): void {
    this.#idle += 1;
  }

  received(call: OpenCall, bytes: number): void {
    call.received += bytes;
    this.#data += bytes;
  }

  /** Whether what was refused since the last look is too much already. */
  get exhausted(): boolean {
    return this.budget.exceeded(this.#idle);
  }

  /** Looks at what was done since the last time; why the connection must end, if it must. */
  look(nowMs: number): CutReason | undefined {
    const { bytesRead, bytesWritten } = this.socket;
    if (bytesRead < PREFACE_BYTES && nowMs - this.#openedMs > SILENT_MS) return 'silent';
    if (this.calls.size === 0 && nowMs - this.lastCallMs > this.limits.idleMs) return 'silent';
    const reason = this.budget.spend({
      elapsedMs: nowMs - this.#seen.atMs,
      read: bytesRead - this.#seen.read,
      written: bytesWritten - this.#seen.written,
      data: this.#data,
      calls: this.#begun,
      idleCalls: this.#idle,
    });
    this.#seen = { atMs: nowMs, read: bytesRead, written: bytesWritten };
    this.#data = 0;
    this.#begun = 0;
    this.#idle = 0;
    return reason ?? this.#lookAtCalls(nowMs);
  }

  /** Tells of messages that are late, and ends calls whose answers nobody reads; too much of them ends the connection. */
  #lookAtCalls(nowMs: number): CutReason | undefined {
    let sum = 0;
    for (const [stream, call] of this.calls) {
      if (call.late !== undefined && nowMs - call.startedMs > LATE_MS) {
        const { late } = call;
        call.late = undefined;
        if (!stream.readableEnded) late();
      }
      // Its client has the answer, and may have dropped the rest of its request without a word.
      if (stream.writableFinished && stream.state.localClose === 1) stream.close(constants.NGHTTP2_NO_ERROR);
      const bytes = stream.writableLength;
      sum += bytes;
      if (bytes === 0 || bytes !== call.unread.bytes) call.unread = { bytes, sinceMs: nowMs };
      else if (nowMs - call.unread.sinceMs > UNREAD_MS) stream.close(constants.NGHTTP2_CANCEL);
    }
    return sum > MAX_UNREAD_BYTES ? 'unread' : undefined;
  }
}

/** The HTTP/2 connections of a listener, looked at four times a second. */
export class CallWatch {
  readonly #watched = new Set<WatchedConnection>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly connections: Connections,
    private readonly limits: CallLimits,
  ) {
    this.#timer = setInterval(() => this.look(Date.now()), LOOK_MS).unref();
  }

  /** `socket` is the one that HTTP/2 is spoken on, after TLS. */
  watch(socket: Socket): void {
    const watched = new WatchedConnection(socket, this.limits);
    (socket as Tagged)[WATCHED] = watched;
    this.#watched.add(watched);
    socket.once('close', () => this.#watched.delete(watched));
  }

  /** The connection that a call came on. */
  of(stream: ServerHttp2Stream): WatchedConnection | undefined {
    // The session hands out its socket behind a proxy, which lets properties through.
    return stream.session?.destroyed === false ? (stream.session.socket as Tagged)[WATCHED] : undefined;
  }

  cut(watched: WatchedConnection, reason: CutReason): void {
    this.#watched.delete(watched);
    this.connections.punish(watched.socket, reason);
  }

  look(nowMs: number): void {
    for (const watched of this.#watched) {
      const reason = watched.look(nowMs);
      if (reason === 'silent') watched.socket.destroy();
      else if (reason !== undefined) this.cut(watched, reason);
    }
    this.connections.check(nowMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const WATCHED = Symbol('what is known of the connection');
type Tagged = Socket & { [WATCHED]?: WatchedConnection };
