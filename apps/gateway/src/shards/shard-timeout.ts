/** Of the budget that is left, so that a shard that runs out of time can still say what it found. */
const SHARE = 0.9;

/** How long one shard may take from now on, for an answer that is due at the deadline. */
export const shardTimeoutMs = (deadlineMs: number): number =>
  Math.max(1, Math.floor((deadlineMs - Date.now()) * SHARE));
