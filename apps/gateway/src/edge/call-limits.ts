import type { StopSignal } from '@vectron/rpc';

/** What the caller of one request puts up with. */
export interface CallLimits {
  /** When it stops waiting, milliseconds since 1970. */
  readonly deadlineMs?: number;
  /** Aborted when it is gone: work that only it waits for is stopped. */
  readonly signal?: StopSignal;
}

/** Share of a caller's own deadline that may be used: the answer must still reach it. */
const SHARE = 0.95;

/** When a request that may take `budgetMs` must be answered. */
export function deadlineOf(budgetMs: number, { deadlineMs }: CallLimits): number {
  const now = Date.now();
  return deadlineMs === undefined ? now + budgetMs : Math.min(now + budgetMs, now + (deadlineMs - now) * SHARE);
}
