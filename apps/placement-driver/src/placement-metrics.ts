import type { PlacementMetrics } from '@vectron/observability';
import { CatalogView } from './catalog-view.js';
import { ControlLoop } from './control-loop.js';
import { Heartbeats } from './heartbeats.js';
import { type ShardRecord, stateOf } from './records.js';

/** What the parts of a placement driver are asked for by. */
interface Parts {
  get<T>(type: abstract new (...args: never[]) => T): T;
}

const WORKER_STATES = ['JOINING', 'READY', 'ACTIVE', 'STANDBY', 'UNHEALTHY', 'DRAINING', 'ERROR', 'RETRY'];
const SHARD_STATES = ['full', 'degraded', 'leaderless'] as const;

/** Whether a shard has a leader, and as many healthy voters as it shall have; as the last heartbeats say. */
export function shardState(
  { shardId, replicas }: Pick<ShardRecord, 'shardId' | 'replicas'>,
  heartbeats: Pick<Heartbeats, 'leader' | 'isHealthy' | 'shard'>,
): (typeof SHARD_STATES)[number] {
  if (!heartbeats.leader(shardId)?.metrics.hasQuorum) return 'leaderless';
  const isServing = (workerId: string) =>
    heartbeats.isHealthy(workerId) && heartbeats.shard(workerId, shardId)?.damage === '';
  return replicas.every(({ workerId }) => isServing(workerId)) ? 'full' : 'degraded';
}

/** Has the catalogue looked at whenever the metrics of a placement driver are read. */
export function reportPlacement(parts: Parts, metrics: PlacementMetrics, collectors: (() => void)[]): void {
  const [view, heartbeats, loop] = [parts.get(CatalogView), parts.get(Heartbeats), parts.get(ControlLoop)];
  loop.onEnded(({ operation, outcome }) => metrics.ended.inc({ kind: operation.kind, outcome }));
  for (const kind of ['move', 'split']) {
    for (const outcome of ['done', 'rolled-back']) metrics.ended.inc({ kind, outcome }, 0);
  }
  collectors.push(() => {
    metrics.leads.set(loop.leads ? 1 : 0);
    metrics.collections.set(view.collections.size);
    const running = { move: 0, split: 0 };
    const shards = { full: 0, degraded: 0, leaderless: 0 };
    for (const { record } of view.collections.values()) {
      for (const shard of record.shards) {
        shards[shardState(shard, heartbeats)] += 1;
        if (shard.operation !== undefined) running[shard.operation.kind] += 1;
      }
    }
    for (const [state, count] of Object.entries(shards)) metrics.shards.set({ state }, count);
    for (const [kind, count] of Object.entries(running)) metrics.running.set({ kind }, count);
    const states = new Map(WORKER_STATES.map((state) => [state, 0]));
    for (const { record } of view.workers.values()) {
      const { state } = stateOf(record);
      if (state !== 'REMOVED') states.set(state, (states.get(state) ?? 0) + 1);
    }
    for (const [state, count] of states) metrics.workers.set({ state }, count);
  });
}
