import type { StopSignal, Work } from '@vectron/rpc';

/** What the caller of one request puts up with. */
export interface CallLimits {
  /** When it stops waiting, milliseconds since 1970. */
  readonly deadlineMs?: number;
  /** Aborted when it is gone: work that only it waits for is stopped. */
  readonly signal?: StopSignal;
  /** When its request came, milliseconds since 1970; missing: now. */
  readonly arrivedMs?: number;
  /** Told what the request costs. */
  readonly work?: Work;
}

/** Share of a caller's own deadline that may be used: the answer must still reach it. */
const SHARE = 0.95;

/** When a request that may take `budgetMs` must be answered: what it has waited for its room counts. */
export function deadlineOf(budgetMs: number, { deadlineMs, arrivedMs }: CallLimits): number {
  const now = Date.now();
  const ownMs = (arrivedMs ?? now) + budgetMs;
  return deadlineMs === undefined ? ownMs : Math.min(ownMs, now + (deadlineMs - now) * SHARE);
}
