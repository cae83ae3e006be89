/**
 * What requests wait for and use up: each kind has room of its own, so that one cannot starve the others. `scan`: reads that
 * take long; `bulk`: large writes.
 */
export const WORK_KINDS = ['read', 'scan', 'write', 'bulk', 'watch', 'manage'] as const;
export type WorkKind = (typeof WORK_KINDS)[number];
