import { Metadata } from '@grpc/grpc-js';
import type { VectronError } from '@vectron/errors';
import type { StopSignal } from './stop.js';

/** The work of one request, as those who let it in and those who do it tell each other. */
export interface Work {
  /** It takes long, and stands back for what does not. */
  isLong: boolean;
  /** Processor time that it has cost so far, microseconds. */
  cpuUs: number;
  /** How long it waited for its room, milliseconds; undefined: it did not wait. */
  queuedMs?: number;
  /** What was found, with how: for the log of slow requests. It is not kept for longer than the request. */
  found?: object;
}

/** What travels beside a request, over the wire or within the process. */
export interface CallContext {
  readonly metadata: Metadata;
  /** When the caller stops waiting, milliseconds since 1970; undefined: never. */
  readonly deadlineMs?: number;
  /** When the request came, milliseconds since 1970: it may have waited for its room since. On a server. */
  readonly arrivedMs?: number;
  /** On a server: which lane the request is in, and what it has cost. */
  readonly work?: Work;
  /** Aborted when the caller is gone, or may not go on. */
  readonly signal?: StopSignal;
  /** On a server: why the caller may not go on; undefined while it may. */
  readonly refusal?: VectronError;
  /** On a server that gives calls an id: that one. */
  readonly requestId?: string;
  /** IP address of the caller, on a server. */
  readonly peer?: string;
  /** Set by the server's `authorize`. */
  principal?: unknown;
}

/** 24 days: timers cannot wait longer. A call may have more time than that, and nobody waits for its end. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** A context for an outgoing call. `authorization`: passed on as it came, scheme included. */
export function callContext(
  options: { authorization?: string; timeoutMs?: number; headers?: Record<string, string> } = {},
): CallContext {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value);
  if (options.authorization !== undefined) metadata.set('authorization', options.authorization);
  if (options.timeoutMs === undefined || options.timeoutMs > LONGEST_TIMEOUT_MS) return { metadata };
  return { metadata, deadlineMs: Date.now() + options.timeoutMs };
}

/** The token of `authorization: Bearer <token>`, or undefined. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
}
