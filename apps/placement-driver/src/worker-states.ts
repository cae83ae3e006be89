import type { StateChange, WorkerRecord } from './records.js';
import { stateOf } from './records.js';

/** What is known of a worker now. */
export interface WorkerSigns {
  /** undefined: it has never been heard of. */
  readonly silentMs: number | undefined;
  /** Whether a silence is known to be one: this process has listened for as long as is allowed. */
  readonly listenedLongEnough: boolean;
  readonly unhealthyMs: number;
  /** Replicas it is assigned. */
  readonly assigned: number;
  /** Shards in which it reports damage. */
  readonly damaged: readonly number[];
  /** Assigned shards that it has not opened, or in which it is behind. */
  readonly behind: number;
}

/** The state a worker is in now, if it is another one than it was. Pure. */
export function nextState(worker: WorkerRecord, signs: WorkerSigns, nowMs: number): StateChange | undefined {
  const { state } = stateOf(worker);
  const [next, reason] = decide(worker, state, signs);
  return next === state ? undefined : { state: next, atMs: nowMs, reason };
}

function decide(
  worker: WorkerRecord,
  state: StateChange['state'],
  { silentMs, listenedLongEnough, unhealthyMs, assigned, damaged, behind }: WorkerSigns,
): [StateChange['state'], string] {
  if (state === 'REMOVED') return ['REMOVED', ''];
  if (silentMs === undefined || silentMs > unhealthyMs) {
    if (!listenedLongEnough) return [state, ''];
    const since = silentMs === undefined ? 'ever' : `for ${(silentMs / 1000).toFixed(1)} s`;
    return ['UNHEALTHY', `no heartbeat ${since}`];
  }
  if (damaged.length > 0) return ['ERROR', `damage in shard ${damaged.join(', ')}`];
  if ((state === 'UNHEALTHY' || state === 'RETRY') && behind > 0) return ['RETRY', `back, ${behind} replicas behind`];
  if (worker.draining) return ['DRAINING', 'told to give its replicas away'];
  if (worker.searchOnly) return ['STANDBY', 'search-only'];
  return assigned > 0 ? ['ACTIVE', `holds ${assigned} replicas`] : ['READY', 'healthy, holds no replica'];
}
