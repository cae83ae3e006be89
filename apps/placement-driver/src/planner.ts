import type { Cause } from './records.js';

/** A worker as the planner sees it. */
export interface PlanWorker {
  readonly id: string;
  readonly number: number;
  /** Why its replicas must go elsewhere: it is lost, or told to go. */
  readonly leave?: 'lost' | 'drain';
  /** May get replicas. */
  readonly takes: boolean;
  /** Serves what it holds: it may lead, and votes. */
  readonly alive: boolean;
  /** Share of the cluster's capacity, above 0. */
  readonly capacity: number;
  readonly rack: string;
  readonly zone: string;
  readonly region: string;
  /** Of all its cores, measured. */
  readonly cpuPercent: number;
}

/** A shard as the planner sees it. */
export interface PlanShard {
  readonly shardId: number;
  readonly collection: string;
  /** Workers of its voters. */
  readonly voters: readonly string[];
  /** Worker that leads it with a majority. */
  readonly leader?: string;
  /** Of the voters: those that are alive and have (nearly) everything. */
  readonly synced: readonly string[];
  /** Workers whose replica holds views of open snapshots: they end when it goes. */
  readonly viewed: readonly string[];
  /** Memory of one replica. */
  readonly bytes: number;
  /** Searches and writes a second, all replicas together. */
  readonly load: number;
  /** Something is being done with it. */
  readonly busy: boolean;
  /** Not before: it was tried lately, or led by another a moment ago. */
  readonly restingUntilMs: number;
  /** Shards of its collection. */
  readonly siblings: number;
  /** Number of hashes it owns is more than one. */
  readonly divisible: boolean;
}

export interface PlanState {
  readonly nowMs: number;
  readonly workers: readonly PlanWorker[];
  readonly shards: readonly PlanShard[];
  /** Moves under way, by the workers they touch. */
  readonly moving: ReadonlyMap<string, number>;
  readonly running: number;
}

export interface PlanLimits {
  /** Share above or below the mean from which on replicas are moved. */
  readonly imbalance: number;
  /** Moves and splits at a time, in all and a worker. */
  readonly maxRunning: number;
  readonly maxPerWorker: number;
  /** Transfers of leads a round. */
  readonly maxTransfers: number;
  /** Memory of a replica above which its shard is split. */
  readonly splitBytes: number;
  /** Operations a second above which a shard is split; 0: never. */
  readonly splitLoad: number;
}

export const DEFAULT_LIMITS: PlanLimits = {
  imbalance: 0.2,
  maxRunning: 4,
  maxPerWorker: 2,
  maxTransfers: 8,
  splitBytes: 4 * 2 ** 30,
  splitLoad: 0,
};

export type Action =
  | { kind: 'move'; shardId: number; from: string; to: string; cause: Cause; reason: string }
  | { kind: 'transfer'; shardId: number; from: string; to: string; cause: Cause; reason: string }
  | { kind: 'split'; shardId: number; cause: Cause; reason: string };

export interface Plan {
  readonly actions: Action[];
  /** What is wrong and cannot be helped now. */
  readonly blocked: string[];
}

/** What a replica weighs beside its memory: an empty one costs something, too. */
const BASE_BYTES = 16 * 2 ** 20;
/** Workers that are closer than this share of the mean are left as they are. */
const LEAST_GAIN = 0.05;
/** A balancing move leaves at most this share of the difference between its two workers. */
const LEAST_STEP = 0.999;
/** Lightly loaded workers that a balancing move chooses among. */
const LIGHTS = 8;
/** Workers a round may try to relieve in vain. */
const SPARE_TRIES = 64;
/** Shards a collection may be split into: its record must stay small (etcd takes 1.5 MB). */
export const MAX_SHARDS = 1_000;
const CPU_FLOOR_PERCENT = 30;

const weight = (shard: PlanShard) => shard.bytes + BASE_BYTES;

/**
 * What should be done next: replicas of lost workers made anew, draining workers emptied, replicas of a shard kept in
 * different zones and racks, large and hot shards split, memory, work and leads balanced; in this order, and as much as
 * the limits allow. Never touches a shard whose majority the touch could cost; spreading and balancing leave alone what
 * holds an open snapshot. Pure; O(shards + workers × moves).
 */
export function plan(state: PlanState, limits: PlanLimits): Plan {
  const round = new Round(state, limits);
  round.leaveWorkers('lost', 'repair');
  round.leaveWorkers('drain', 'drain');
  round.split();
  round.spread();
  round.balance();
  round.balanceLeads();
  return { actions: round.actions, blocked: round.blocked };
}

class Round {
  readonly actions: Action[] = [];
  readonly blocked: string[] = [];
  readonly #workers: Map<string, PlanWorker>;
  /** Weight on each worker, as it will be once what was decided is done. */
  readonly #weights = new Map<string, number>();
  readonly #moving: Map<string, number>;
  readonly #voters: Map<number, readonly string[]>;
  readonly #touched = new Set<number>();
  /** Shards by the workers that hold them. */
  readonly #held = new Map<string, PlanShard[]>();
  #running: number;

  constructor(
    private readonly state: PlanState,
    private readonly limits: PlanLimits,
  ) {
    this.#workers = new Map(state.workers.map((worker) => [worker.id, worker]));
    this.#moving = new Map(state.moving);
    this.#running = state.running;
    this.#voters = new Map(state.shards.map((shard) => [shard.shardId, shard.voters]));
    for (const worker of state.workers) {
      this.#weights.set(worker.id, 0);
      this.#held.set(worker.id, []);
    }
    for (const shard of state.shards) {
      for (const holder of shard.voters) {
        this.#weights.set(holder, (this.#weights.get(holder) ?? 0) + weight(shard));
        this.#held.get(holder)?.push(shard);
      }
    }
  }

  #load = (worker: PlanWorker) => (this.#weights.get(worker.id) ?? 0) / worker.capacity;

  #isFree(shard: PlanShard): boolean {
    return !shard.busy && !this.#touched.has(shard.shardId) && shard.restingUntilMs <= this.state.nowMs;
  }

  #mayRun = () => this.#running < this.limits.maxRunning;
  #mayMove = (workerId: string) => (this.#moving.get(workerId) ?? 0) < this.limits.maxPerWorker;

  /** Replicas of workers that are lost or drained are made elsewhere. */
  leaveWorkers(why: 'lost' | 'drain', cause: Cause): void {
    for (const worker of this.state.workers) {
      if (worker.leave !== why) continue;
      for (const shard of this.#held.get(worker.id) ?? []) {
        if (!this.#isFree(shard)) continue;
        const majority = Math.floor(shard.voters.length / 2) + 1;
        // The shard must go on without this replica; a drained one that is alive hands over what it has, alone too.
        const others = shard.synced.filter((id) => id !== worker.id).length;
        const whole = why === 'drain' && worker.alive && shard.synced.length === shard.voters.length;
        if (shard.leader === undefined || (others < majority && !whole)) {
          if (why === 'lost' || shard.leader === undefined)
            this.blocked.push(
              `shard ${shard.shardId} (${shard.collection}): no majority without worker ${worker.number}`,
            );
          continue;
        }
        if (!this.#mayRun()) return;
        const to = this.#target(shard, worker, (target) => this.#mayMove(target.id));
        if (to === undefined) {
          if (this.#target(shard, worker, () => true) === undefined)
            this.blocked.push(
              `shard ${shard.shardId} (${shard.collection}): no other worker can take the replica of worker ${worker.number}`,
            );
          continue;
        }
        const reason = why === 'lost' ? `worker ${worker.number} is lost` : `worker ${worker.number} is to be emptied`;
        this.#move(shard, worker, to, cause, reason);
      }
    }
  }

  /** The least loaded worker that may take the place of `from`, in a zone and rack that no other replica is in if possible. */
  #target(shard: PlanShard, from: PlanWorker, allowed: (worker: PlanWorker) => boolean): PlanWorker | undefined {
    const voters = this.#voters.get(shard.shardId) ?? [];
    const others = voters.filter((id) => id !== from.id).flatMap((id) => this.#workers.get(id) ?? []);
    let best: PlanWorker | undefined;
    let bestKey: [number, number] = [0, 0];
    for (const worker of this.state.workers) {
      if (!worker.takes || voters.includes(worker.id) || !allowed(worker)) continue;
      const key: [number, number] = [crowding(worker, others), this.#load(worker)];
      if (best === undefined || key[0] < bestKey[0] || (key[0] === bestKey[0] && key[1] < bestKey[1])) {
        best = worker;
        bestKey = key;
      }
    }
    return best;
  }

  #move(shard: PlanShard, from: PlanWorker, to: PlanWorker, cause: Cause, reason: string): void {
    this.actions.push({ kind: 'move', shardId: shard.shardId, from: from.id, to: to.id, cause, reason });
    this.#touched.add(shard.shardId);
    this.#running += 1;
    for (const { id } of [from, to]) this.#moving.set(id, (this.#moving.get(id) ?? 0) + 1);
    this.#weights.set(from.id, (this.#weights.get(from.id) ?? 0) - weight(shard));
    this.#weights.set(to.id, (this.#weights.get(to.id) ?? 0) + weight(shard));
    const voters = this.#voters.get(shard.shardId) ?? [];
    this.#voters.set(shard.shardId, [...voters.filter((id) => id !== from.id), to.id]);
  }

  /** All voters have everything, so that the loss of one more costs nothing. */
  #isSafe(shard: PlanShard): boolean {
    return this.#isFree(shard) && shard.leader !== undefined && shard.synced.length === shard.voters.length;
  }

  split(): void {
    for (const shard of this.state.shards) {
      const large = shard.bytes > this.limits.splitBytes;
      const hot = this.limits.splitLoad > 0 && shard.load > this.limits.splitLoad;
      if (!(large || hot) || !shard.divisible || shard.siblings >= MAX_SHARDS || !this.#isSafe(shard)) continue;
      if (!this.#mayRun()) return;
      const reason = large
        ? `${mebibytes(shard.bytes)} MiB a replica, more than ${mebibytes(this.limits.splitBytes)}`
        : `${Math.round(shard.load)} operations a second, more than ${this.limits.splitLoad}`;
      this.actions.push({ kind: 'split', shardId: shard.shardId, cause: large ? 'size' : 'hot', reason });
      this.#touched.add(shard.shardId);
      this.#running += 1;
    }
  }

  /** Replicas of a shard that share a zone or a rack go to one that has none, where there is one. */
  spread(): void {
    const labels = new Set(this.state.workers.map(({ region, zone, rack }) => `${region}/${zone}/${rack}`));
    if (labels.size < 2) return;
    for (const shard of this.state.shards) {
      if (!this.#mayRun()) return;
      if (!this.#isSafe(shard)) continue;
      const holders = shard.voters.flatMap((id) => this.#workers.get(id) ?? []);
      for (const holder of holders) {
        const others = holders.filter((other) => other !== holder);
        const now = crowding(holder, others);
        if (now === 0 || shard.viewed.includes(holder.id) || !this.#mayMove(holder.id)) continue;
        const to = this.#target(shard, holder, (target) => this.#mayMove(target.id) && crowding(target, others) < now);
        if (to === undefined) continue;
        this.#move(shard, holder, to, 'spread', `worker ${holder.number} shares its place with another replica`);
        break;
      }
    }
  }

  balance(): void {
    const takers = this.state.workers.filter((worker) => worker.takes);
    const capacity = takers.reduce((sum, worker) => sum + worker.capacity, 0);
    if (takers.length < 2) return;
    const mean = takers.reduce((sum, worker) => sum + (this.#weights.get(worker.id) ?? 0), 0) / capacity;
    if (mean === 0) return;
    const stuck = new Set<PlanWorker>();
    // Sources that nothing can be done about are not many, or the next round goes on.
    for (let tries = 2 * this.limits.maxRunning + SPARE_TRIES; tries > 0 && this.#mayRun(); tries--) {
      let heaviest: PlanWorker | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const worker of takers) {
        const load = this.#load(worker);
        least = Math.min(least, load);
        if (!stuck.has(worker) && this.#mayMove(worker.id) && (heaviest === undefined || load > this.#load(heaviest)))
          heaviest = worker;
      }
      if (heaviest === undefined || this.#load(heaviest) <= mean) break;
      const over = this.#load(heaviest) / mean - 1;
      const under = 1 - least / mean;
      if (Math.max(over, under) <= this.limits.imbalance) break;
      if (!this.#relieve(heaviest, takers, mean)) stuck.add(heaviest);
    }
    this.#balanceWork(takers);
  }

  /** Moves the replica from `heavy` to a light worker that brings the two closest together; false: none does. */
  #relieve(heavy: PlanWorker, takers: readonly PlanWorker[], mean: number): boolean {
    const lights = lowest(
      takers.filter((worker) => worker !== heavy && this.#mayMove(worker.id)),
      LIGHTS,
      this.#load,
    );
    let best: { shard: PlanShard; light: PlanWorker; left: number } | undefined;
    for (const shard of this.#held.get(heavy.id) ?? []) {
      if (!this.#isSafe(shard) || shard.viewed.includes(heavy.id)) continue;
      const others = shard.voters.flatMap((id) => (id === heavy.id ? [] : (this.#workers.get(id) ?? [])));
      const crowded = crowding(heavy, others);
      for (const light of lights) {
        const gap = this.#load(heavy) - this.#load(light);
        if (gap <= LEAST_GAIN * mean || shard.voters.includes(light.id)) continue;
        const left = Math.abs(gap - weight(shard) / heavy.capacity - weight(shard) / light.capacity);
        // Closer than before, and closer than with what was found: two workers never pass one back and forth.
        if (left >= gap * LEAST_STEP || (best !== undefined && left >= best.left)) continue;
        if (crowding(light, others) <= crowded) best = { shard, light, left };
      }
    }
    if (best === undefined) return false;
    const percent = Math.round((this.#load(heavy) / mean - 1) * 100);
    const reason = `worker ${heavy.number} holds ${percent} % more than its share`;
    this.#move(best.shard, heavy, best.light, 'balance', reason);
    return true;
  }

  /** The lead of a busy shard goes from a worker that works much harder than the others to one that does not. */
  #balanceWork(takers: readonly PlanWorker[]): void {
    const mean = takers.reduce((sum, worker) => sum + worker.cpuPercent, 0) / takers.length;
    const hottest = takers.reduce((hot, worker) => (worker.cpuPercent > hot.cpuPercent ? worker : hot));
    const floor = Math.max(mean * (1 + this.limits.imbalance), CPU_FLOOR_PERCENT);
    if (hottest.cpuPercent <= floor) return;
    const led = (this.#held.get(hottest.id) ?? [])
      .filter((shard) => shard.leader === hottest.id && shard.load > 0 && this.#isSafe(shard))
      .sort((a, b) => b.load - a.load);
    // One that leads nothing else cannot be relieved by giving its only lead away.
    if (led.length < 2) return;
    const shard = led[1];
    const cooler = shard.voters
      .flatMap((id) => this.#workers.get(id) ?? [])
      .filter((worker) => worker.alive && worker.takes && worker.cpuPercent < mean)
      .sort((a, b) => a.cpuPercent - b.cpuPercent)[0];
    if (cooler === undefined) return;
    const reason = `worker ${hottest.number} uses ${Math.round(hottest.cpuPercent)} % of its cores, the mean is ${Math.round(mean)}`;
    this.actions.push({
      kind: 'transfer',
      shardId: shard.shardId,
      from: hottest.id,
      to: cooler.id,
      cause: 'hot',
      reason,
    });
    this.#touched.add(shard.shardId);
  }

  balanceLeads(): void {
    const alive = this.state.workers.filter((worker) => worker.alive && worker.takes);
    const leads = new Map(alive.map((worker) => [worker.id, 0]));
    for (const { leader } of this.state.shards) {
      if (leader !== undefined && leads.has(leader)) leads.set(leader, (leads.get(leader) ?? 0) + 1);
    }
    let left = this.limits.maxTransfers;
    const share = (id: string) => (leads.get(id) ?? 0) / (this.#workers.get(id)?.capacity ?? 1);
    for (const shard of this.state.shards) {
      if (left === 0) return;
      const { leader } = shard;
      if (leader === undefined || !this.#isFree(shard)) continue;
      const from = this.#workers.get(leader);
      const leaves = from?.leave === 'drain';
      if (from === undefined || !(leads.has(leader) || leaves)) continue;
      const candidates = shard.synced.filter((id) => id !== leader && leads.has(id));
      const to = candidates.reduce<string | undefined>(
        (best, id) => (best === undefined || share(id) < share(best) ? id : best),
        undefined,
      );
      if (to === undefined) continue;
      const target = this.#workers.get(to) as PlanWorker;
      // Afterwards the one that gives still leads at least as much, for its capacity, as the one that gets.
      const gives = ((leads.get(leader) ?? 0) - 1) / from.capacity;
      const gets = ((leads.get(to) ?? 0) + 1) / target.capacity;
      if (!leaves && gives + 1e-9 < gets) continue;
      leads.set(leader, (leads.get(leader) ?? 0) - 1);
      leads.set(to, (leads.get(to) ?? 0) + 1);
      left -= 1;
      const reason = leaves
        ? `worker ${from.number} is to be emptied`
        : `worker ${from.number} leads more than worker ${target.number}`;
      this.actions.push({ kind: 'transfer', shardId: shard.shardId, from: leader, to, cause: 'leaders', reason });
      this.#touched.add(shard.shardId);
    }
  }
}

/** The `count` items of the lowest key, in no order. O(items × count). */
function lowest<T>(items: readonly T[], count: number, key: (item: T) => number): T[] {
  const found: { item: T; at: number }[] = [];
  for (const item of items) {
    const at = key(item);
    if (found.length < count) found.push({ item, at });
    else {
      const worst = found.reduce((high, one, n) => (one.at > found[high].at ? n : high), 0);
      if (at < found[worst].at) found[worst] = { item, at };
    }
  }
  return found.map(({ item }) => item);
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** How much a worker shares with others: a zone (of a region) counts more than all racks. Unnamed places are not shared. */
export function crowding(
  worker: Pick<PlanWorker, 'region' | 'zone' | 'rack'>,
  others: readonly Pick<PlanWorker, 'region' | 'zone' | 'rack'>[],
): number {
  let shared = 0;
  for (const other of others) {
    const zone = worker.zone !== '' && other.zone === worker.zone && other.region === worker.region;
    const region = worker.zone === '' && worker.region !== '' && other.region === worker.region;
    if (zone || region) shared += 100;
    if (worker.rack !== '' && other.rack === worker.rack && other.zone === worker.zone) shared += 1;
  }
  return shared;
}
