import { randomUUID } from 'node:crypto';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Compare, Leadership, Operation } from '@vectron/metastore';
import type { Logger } from '@vectron/observability';
import type { Catalog } from './catalog.js';
import type { CatalogView, Versioned } from './catalog-view.js';
import type { Heartbeats } from './heartbeats.js';
import { advanceMove, beginMove, halves, middleOf, type Signs } from './operations.js';
import { buildPlanState } from './plan-state.js';
import { type Action, type Plan, type PlanLimits, plan } from './planner.js';
import {
  type Cause,
  type CollectionRecord,
  type EndedOperation,
  type MoveRecord,
  nextReplica,
  type OperationRecord,
  replicaId,
  type ShardRecord,
  type SplitRecord,
  stateOf,
  type WorkerRecord,
  withState,
} from './records.js';
import { followedBy, replaceDamaged } from './repair.js';
import type { WorkerCalls } from './worker-calls.js';
import { nextState } from './worker-states.js';

export interface ControlParts {
  readonly catalog: Catalog;
  readonly view: CatalogView;
  readonly heartbeats: Heartbeats;
  readonly workers: WorkerCalls;
  readonly limits: PlanLimits;
  readonly unhealthyMs: number;
  /** How long a worker is unhealthy before its replicas are made elsewhere. */
  readonly repairMs: number;
  /** false: replicas are only moved for workers that are lost or drained, and when asked. */
  readonly balances: boolean;
  readonly logger: Logger;
  /** Milliseconds since 1970: for records. */
  readonly nowMs: () => number;
}

const ROUND_MS = 250;
const PLAN_MS = 2_000;
/** A lead that was moved stays where it is for so long. */
const TRANSFER_REST_MS = 20_000;
/** Entries that a replica may lack and still be no risk. */
const BEHIND = 5_000n;

/**
 * The background work of the placement driver, done by the node that leads: worker states, repair, moves, splits, balance.
 * All it knows is in the records and the heartbeats, and every write is fenced and compares what it was decided from, so
 * another node goes on wherever this one stopped.
 */
export class ControlLoop {
  readonly #transferred = new Map<number, number>();
  readonly #splitting = new Set<number>();
  #plannedMs = Number.NEGATIVE_INFINITY;
  #urgent = false;
  #leads = false;
  #ended: (operation: EndedOperation) => void = () => {};

  constructor(private readonly parts: ControlParts) {}

  /** Whether this node does the background work. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Has `listener` told of every move and split that this node sees to its end. */
  onEnded(listener: (operation: EndedOperation) => void): void {
    this.#ended = listener;
  }

  /** Works until the lead is lost. */
  async lead(leadership: Leadership): Promise<void> {
    const { logger } = this.parts;
    logger.info('leads the placement drivers');
    this.#leads = true;
    try {
      await this.#work(leadership);
    } finally {
      this.#leads = false;
    }
    logger.info('leads no more');
  }

  async #work({ fence, signal }: Leadership): Promise<void> {
    const { view, logger } = this.parts;
    await view.synced(signal);
    while (!signal.aborted) {
      try {
        await this.round(fence);
      } catch (error) {
        const { code } = toVectronError(error);
        if (code !== 'UNAVAILABLE' && !signal.aborted)
          logger.error({ err: error }, 'a round of the placement driver failed');
      }
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
    }
  }

  async round(fence: Compare): Promise<void> {
    await this.#recordStates(fence);
    await this.#advanceShards(fence);
    const now = performance.now();
    if (!this.#urgent && now - this.#plannedMs < PLAN_MS) return;
    this.#plannedMs = now;
    this.#urgent = false;
    const { actions } = this.plan(this.parts.balances ? 'all' : 'needed');
    for (const action of actions) await this.begin(action, fence);
  }

  /** What would be done now. */
  plan(what: 'all' | 'needed'): Plan {
    const { view, heartbeats, limits, nowMs, repairMs } = this.parts;
    const state = buildPlanState({
      collections: [...view.collections.values()].map(({ record }) => record),
      workers: [...view.workers.values()].map(({ record }) => record),
      heartbeats,
      nowMs: nowMs(),
      repairMs,
      behind: BEHIND,
      transferredMs: (shardId) => this.#transferred.get(shardId),
      transferRestMs: TRANSFER_REST_MS,
    });
    const planned = plan(state, limits);
    if (what === 'all') return planned;
    return { ...planned, actions: planned.actions.filter(({ cause }) => cause === 'repair' || cause === 'drain') };
  }

  async #recordStates(fence: Compare): Promise<void> {
    const { view, heartbeats, catalog, unhealthyMs, nowMs, logger } = this.parts;
    for (const { key, record, revision } of [...view.workers.values()]) {
      const held = this.#heldBy(record);
      const signs = {
        silentMs: heartbeats.silentMs(record.id),
        listenedLongEnough: heartbeats.listenedLongEnough,
        unhealthyMs,
        assigned: held.length,
        damaged: held.filter(({ said }) => said?.damage).map(({ shard }) => shard.shardId),
        behind: held.filter(({ shard, said }) => {
          const committed = heartbeats.leader(shard.shardId)?.metrics.committedIndex ?? 0n;
          return said === undefined || said.appliedIndex + BEHIND < committed;
        }).length,
      };
      const next = nextState(record, signs, nowMs());
      if (next === undefined) continue;
      const changed = await catalog.replace(key, revision, withState(record, next), { compares: [fence] });
      if (!changed) continue;
      this.#urgent = true;
      logger.info(
        { worker: record.number, from: stateOf(record).state, to: next.state, reason: next.reason },
        'worker state',
      );
    }
  }

  #heldBy(worker: WorkerRecord) {
    const { view, heartbeats } = this.parts;
    return [...view.heldBy(worker.id)].flatMap((key) =>
      (view.collections.get(key)?.record.shards ?? [])
        .filter((shard) => [...shard.replicas, ...shard.learners].some(({ workerId }) => workerId === worker.id))
        .map((shard) => ({ shard, said: heartbeats.shard(worker.id, shard.shardId) })),
    );
  }

  async #advanceShards(fence: Compare): Promise<void> {
    const { view } = this.parts;
    const searchOnly = [...view.workers.values()]
      .map(({ record }) => record)
      .filter((worker) => worker.searchOnly && stateOf(worker).state !== 'REMOVED');
    for (const collection of [...view.collections.values()]) {
      const ended: EndedOperation[] = [];
      const shards = collection.record.shards.map((shard) =>
        this.#advance(shard, searchOnly, collection.record, ended),
      );
      if (shards.some((shard, at) => shard !== collection.record.shards[at])) {
        const also = { compares: [fence], operations: ended.map((one) => this.parts.catalog.ended(one)) };
        const next = { ...collection.record, shards };
        if (await this.parts.catalog.replace(collection.key, collection.revision, next, also)) this.#report(ended);
        if (ended.length > 0) await this.parts.catalog.trimHistory();
      }
      for (const shard of collection.record.shards) {
        if (shard.operation?.kind === 'split') void this.#split(collection.key, shard, shard.operation, fence);
      }
    }
  }

  #advance(
    shard: ShardRecord,
    searchOnly: readonly WorkerRecord[],
    collection: CollectionRecord,
    ended: EndedOperation[],
  ): ShardRecord {
    const { heartbeats, nowMs } = this.parts;
    const said = (workerId: string) => heartbeats.shard(workerId, shard.shardId);
    const leader = heartbeats.leader(shard.shardId);
    let next = shard;
    if (shard.operation?.kind === 'move') {
      const signs: Signs = { leader: leader?.metrics, replica: said, isAlive: (id) => heartbeats.isHealthy(id) };
      const advance = advanceMove(shard, shard.operation, signs, nowMs());
      if (advance !== undefined) next = advance.shard;
      if (advance?.ended !== undefined) ended.push(endedOf(shard.operation, shard, collection, advance.ended, nowMs()));
    } else if (shard.operation === undefined) {
      next = replaceDamaged(shard, leader, said) ?? next;
    }
    return followedBy(next, searchOnly) ?? next;
  }

  #report(ended: readonly EndedOperation[]): void {
    for (const one of ended) {
      const { operation, shardId, outcome, detail } = one;
      this.#ended(one);
      this.parts.logger.info(
        { operation: operation.id, kind: operation.kind, shardId, outcome, detail },
        'operation ended',
      );
    }
  }

  /** Begins what was planned; what cannot begin any more is left to the next plan. Returns why it could not, if so. */
  async begin(action: Action, fence?: Compare): Promise<string | undefined> {
    try {
      if (action.kind === 'transfer') this.#transfer(action);
      else if (action.kind === 'move') await this.beginMove(action, fence);
      else await this.beginSplit(action, fence);
      return undefined;
    } catch (error) {
      const { code, message } = toVectronError(error);
      if (code === 'UNAVAILABLE') throw error;
      this.parts.logger.warn({ ...action, code, message }, 'an action could not begin');
      return message;
    }
  }

  /** Asks; a worker that does not answer does not hold up the others. */
  #transfer({ shardId, from, to }: Extract<Action, { kind: 'transfer' }>): void {
    const { shard } = this.find(shardId);
    const target = shard.replicas.find(({ workerId }) => workerId === to);
    const address = this.#worker(from)?.address;
    if (target === undefined || address === undefined) return;
    this.#transferred.set(shardId, this.parts.nowMs());
    this.parts.workers.transferLeader(address, shardId, replicaId(target)).catch((error: unknown) => {
      this.parts.logger.warn({ err: error, shardId }, 'a lead was not handed over');
    });
  }

  /** Records a move; the rounds after it carry it out. */
  async beginMove(
    { shardId, from, to, cause, reason }: { shardId: number; from: string; to: string; cause: Cause; reason: string },
    fence?: Compare,
  ): Promise<OperationRecord> {
    const { collection, shard } = this.#idle(shardId);
    const remove = shard.replicas.find(({ workerId }) => workerId === from);
    if (remove === undefined)
      throw VectronError.invalid('from', `worker ${from} holds no voting replica of shard ${shardId}`);
    const target = this.#worker(to);
    if (target === undefined) throw VectronError.invalid('to', `there is no worker ${to} in this cluster`);
    if (shard.replicas.some(({ workerId }) => workerId === to))
      throw VectronError.invalid('to', `worker ${target.number} already holds a replica of shard ${shardId}`);
    if (target.searchOnly)
      throw VectronError.invalid(
        'to',
        `worker ${target.number} is search-only and cannot hold voting replicas; choose another worker`,
      );
    const nowMs = this.parts.nowMs();
    const move: MoveRecord = {
      kind: 'move',
      id: randomUUID(),
      step: 'learner',
      add: nextReplica(shard, target),
      remove,
      cause,
      reason,
      startedMs: nowMs,
      stepMs: nowMs,
    };
    await this.#change(collection, shard, beginMove(shard, move), fence);
    this.parts.logger.info(
      { operation: move.id, shardId, from: remove.number, to: target.number, cause, reason },
      'move begun',
    );
    return move;
  }

  /** Records a split in the middle of the shard's range; the rounds after it carry it out. */
  async beginSplit(
    { shardId, cause, reason }: { shardId: number; cause: Cause; reason: string },
    fence?: Compare,
  ): Promise<OperationRecord> {
    const { collection, shard } = this.#idle(shardId);
    const at = middleOf(shard);
    if (at === undefined) throw VectronError.invalid('shard', `shard ${shardId} owns one hash and cannot be split`);
    const { shardId: upperShardId, compare, operation } = await this.parts.catalog.nextShard();
    const nowMs = this.parts.nowMs();
    const split: SplitRecord = {
      kind: 'split',
      id: randomUUID(),
      step: 'splitting',
      at,
      upperShardId,
      epoch: shard.epoch + 1,
      cause,
      reason,
      startedMs: nowMs,
      stepMs: nowMs,
    };
    await this.#change(collection, shard, { ...shard, operation: split }, fence, [compare], [operation]);
    this.parts.logger.info({ operation: split.id, shardId, upperShardId, cause, reason }, 'split begun');
    return split;
  }

  /** One attempt; it is repeated until the workers have split the shard, because it cannot be taken back. */
  async #split(key: string, shard: ShardRecord, split: SplitRecord, fence: Compare): Promise<void> {
    if (this.#splitting.has(shard.shardId)) return;
    this.#splitting.add(shard.shardId);
    try {
      const { heartbeats, workers, catalog, nowMs } = this.parts;
      const leader = heartbeats.leader(shard.shardId);
      const address = leader && this.#worker(leader.workerId)?.address;
      if (!leader?.metrics.hasQuorum || address === undefined) return;
      const members = shard.replicas.map(replicaId);
      // Both halves begin with the members that are recorded.
      if (leader.metrics.voters.length !== members.length || !members.every((id) => leader.metrics.voters.includes(id)))
        return;
      const request = {
        shardId: shard.shardId,
        at: BigInt(`0x${split.at}`),
        upperShardId: split.upperShardId,
        epoch: split.epoch,
      };
      const index = await workers.splitShard(address, request).catch((cause: unknown) => {
        // It was split before, and the answer did not come.
        if (toVectronError(cause).code === 'STALE_EPOCH') return 0n;
        throw cause;
      });
      const now = this.parts.view.collections.get(key);
      const current = now?.record.shards.find(({ shardId }) => shardId === shard.shardId);
      if (now === undefined || current?.operation?.id !== split.id) return;
      const [lower, upper] = halves(current, split, Number(index));
      const shards = now.record.shards.flatMap((one) => (one === current ? [lower, upper] : [one]));
      const ended = endedOf(split, shard, now.record, { outcome: 'done', detail: '' }, nowMs());
      const also = { compares: [fence], operations: [catalog.ended(ended)] };
      if (await catalog.replace(key, now.revision, { ...now.record, shards }, also)) this.#report([ended]);
    } catch (error) {
      this.parts.logger.warn({ err: error, shardId: shard.shardId }, 'a split is tried again');
    } finally {
      this.#splitting.delete(shard.shardId);
    }
  }

  async #change(
    collection: Versioned<CollectionRecord>,
    shard: ShardRecord,
    next: ShardRecord,
    fence: Compare | undefined,
    compares: Compare[] = [],
    operations: Operation[] = [],
  ): Promise<void> {
    const shards = collection.record.shards.map((one) => (one === shard ? next : one));
    const fences = fence === undefined ? compares : [...compares, fence];
    const record = { ...collection.record, shards };
    if (
      !(await this.parts.catalog.replace(collection.key, collection.revision, record, { compares: fences, operations }))
    )
      throw new VectronError('CONFLICT', `collection ${record.name} changed at the same time; try again`);
  }

  find(shardId: number): { collection: Versioned<CollectionRecord>; shard: ShardRecord } {
    const { view } = this.parts;
    const collection = view.collections.get(view.keyOfShard(shardId) ?? '');
    const shard = collection?.record.shards.find((one) => one.shardId === shardId);
    if (collection === undefined || shard === undefined)
      throw new VectronError('NOT_FOUND', `there is no shard ${shardId}; vectron cluster shards lists all shards`);
    return { collection, shard };
  }

  #idle(shardId: number): { collection: Versioned<CollectionRecord>; shard: ShardRecord } {
    const found = this.find(shardId);
    const { operation } = found.shard;
    if (operation !== undefined) {
      throw new VectronError(
        'CONFLICT',
        `shard ${shardId} has a ${operation.kind} in progress (${operation.step}); wait until it ends`,
      );
    }
    return found;
  }

  #worker(id: string): WorkerRecord | undefined {
    for (const { record } of this.parts.view.workers.values()) if (record.id === id) return record;
    return undefined;
  }
}

function endedOf(
  operation: OperationRecord,
  { shardId }: ShardRecord,
  { tenantId, name: collection }: CollectionRecord,
  { outcome, detail }: Pick<EndedOperation, 'outcome' | 'detail'>,
  endedMs: number,
): EndedOperation {
  return { operation, shardId, tenantId, collection, outcome, detail, endedMs };
}
