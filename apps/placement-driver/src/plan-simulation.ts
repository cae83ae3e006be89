import type { Action, PlanShard, PlanState, PlanWorker } from './planner.js';

/** The state after every action has been carried out, each replica as it should be. For tests and the simulation. */
export function carriedOut(state: PlanState, actions: readonly Action[]): PlanState {
  const shards = new Map(state.shards.map((shard) => [shard.shardId, shard]));
  let next = Math.max(0, ...shards.keys()) + 1;
  for (const action of actions) {
    const shard = shards.get(action.shardId) as PlanShard;
    if (action.kind === 'move') {
      const replaced = (ids: readonly string[]) => ids.map((id) => (id === action.from ? action.to : id));
      const voters = replaced(shard.voters);
      const leader = shard.leader === action.from ? voters.find((id) => id !== action.from) : shard.leader;
      shards.set(shard.shardId, { ...shard, voters, leader, synced: [...voters] });
    } else if (action.kind === 'transfer') {
      shards.set(shard.shardId, { ...shard, leader: action.to });
    } else {
      const half = { ...shard, bytes: shard.bytes / 2, load: shard.load / 2, siblings: shard.siblings + 1 };
      shards.set(shard.shardId, half);
      shards.set(next, { ...half, shardId: next });
      next += 1;
    }
  }
  return { ...state, nowMs: state.nowMs + 60_000, shards: [...shards.values()] };
}

/** The worker is gone: it leads nothing, and what it held is not current. */
export function lost(state: PlanState, id: string): PlanState {
  const workers = state.workers.map(
    (worker): PlanWorker => (worker.id === id ? { ...worker, leave: 'lost', takes: false, alive: false } : worker),
  );
  const shards = state.shards.map((shard): PlanShard => {
    if (!shard.voters.includes(id)) return shard;
    const synced = shard.synced.filter((other) => other !== id);
    return { ...shard, synced, leader: shard.leader === id ? synced[0] : shard.leader };
  });
  return { ...state, workers, shards };
}

/** How far the weights of the workers that take replicas are from their mean, for their capacity. */
export function imbalanceOf(state: PlanState): number {
  const weights = new Map(state.workers.map((worker) => [worker.id, 0]));
  for (const { voters, bytes } of state.shards) {
    for (const id of voters) weights.set(id, (weights.get(id) ?? 0) + bytes + 16 * 2 ** 20);
  }
  const takers = state.workers.filter(({ takes }) => takes);
  const total = takers.reduce((sum, { id }) => sum + (weights.get(id) ?? 0), 0);
  const mean = total / takers.reduce((sum, { capacity }) => sum + capacity, 0);
  return Math.max(...takers.map(({ id, capacity }) => Math.abs((weights.get(id) ?? 0) / capacity / mean - 1)));
}
