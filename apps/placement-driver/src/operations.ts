import type { worker } from '@vectron/proto';
import {
  type Cause,
  type MoveRecord,
  type OperationRecord,
  type ReplicaRecord,
  replicaId,
  type ShardRecord,
  type SplitRecord,
} from './records.js';

/** What is known now of a shard's replicas. */
export interface Signs {
  /** Of the replica that leads it. */
  readonly leader?: worker.ShardMetrics;
  /** What a worker last said of its replica. */
  replica(workerId: string): worker.ShardMetrics | undefined;
  isAlive(workerId: string): boolean;
}

/** The next record of a shard, and whether its operation has ended with it. */
export interface Advance {
  readonly shard: ShardRecord;
  readonly ended?: { readonly outcome: 'done' | 'rolled-back'; readonly detail: string };
}

/** Entries that a learner may lack when it becomes a voter: as many as the leader sends in a moment. */
const NEAR = 200n;
/** How long a learner may take, and the end of open snapshots that a move waits for. */
const LEARN_MS = 3_600_000;
/** How long the files of a replica that was removed may take to go before the move counts as done without. */
const CLEANUP_MS = 120_000;
/** Why replicas are moved that could as well stay where they are for a while. */
const CAN_WAIT: ReadonlySet<Cause> = new Set(['balance', 'spread']);
const FIRST_BACK_OFF_MS = 10_000;
const LAST_BACK_OFF_MS = 600_000;

const ids = (replicas: readonly ReplicaRecord[]) => replicas.map(replicaId);
const same = (a: readonly bigint[], b: readonly bigint[]) => a.length === b.length && a.every((id) => b.includes(id));
const without = (replicas: readonly ReplicaRecord[], gone: ReplicaRecord) =>
  replicas.filter((replica) => replicaId(replica) !== replicaId(gone));

/** The shard with a move begun. */
export function beginMove(shard: ShardRecord, move: MoveRecord): ShardRecord {
  const { number, incarnation } = move.add;
  return {
    ...shard,
    learners: [...shard.learners, move.add],
    incarnations: { ...shard.incarnations, [number]: incarnation },
    operation: move,
  };
}

/** What a move's next step makes of the shard; `undefined`: it waits. Pure. */
export function advanceMove(shard: ShardRecord, move: MoveRecord, signs: Signs, nowMs: number): Advance | undefined {
  const { leader } = signs;
  const [addId, removeId] = [replicaId(move.add), replicaId(move.remove)];
  const targetIsLost = !signs.isAlive(move.add.workerId);
  switch (move.step) {
    case 'learner': {
      if (targetIsLost) return rollBack(shard, move, `worker ${move.add.number}, which it goes to, is lost`, nowMs);
      // Views of snapshots go with the replica that holds them.
      const viewed = CAN_WAIT.has(move.cause) && (signs.replica(move.remove.workerId)?.snapshots ?? 0) > 0;
      if (nowMs - move.startedMs > LEARN_MS) {
        const detail = viewed
          ? `worker ${move.remove.number} held a snapshot open for an hour`
          : 'it did not catch up within an hour';
        return rollBack(shard, move, detail, nowMs);
      }
      const target = signs.replica(move.add.workerId);
      if (target?.replicaId === addId && target.damage !== '') return rollBack(shard, move, target.damage, nowMs);
      if (!leader?.hasQuorum || !leader.learners.includes(addId) || target?.replicaId !== addId) return undefined;
      if (target.appliedIndex + NEAR < leader.committedIndex || viewed) return undefined;
      return {
        shard: {
          ...shard,
          replicas: [...without(shard.replicas, move.remove), move.add],
          learners: without(shard.learners, move.add),
          leaving: [move.remove],
          operation: { ...move, step: 'voter', stepMs: nowMs },
        },
      };
    }
    case 'voter': {
      if (!leader?.hasQuorum) return undefined;
      // Before they are committed, a majority of the former voters may still be needed.
      if (leader.membersSettled && same(leader.voters, ids(shard.replicas)) && !leader.learners.includes(removeId)) {
        const { leaving: _gone, ...rest } = shard;
        return {
          shard: { ...rest, epoch: shard.epoch + 1, operation: { ...move, step: 'cleanup', stepMs: nowMs } },
        };
      }
      if (targetIsLost && !leader.voters.includes(addId)) {
        return rollBack(shard, move, `worker ${move.add.number}, which it goes to, is lost`, nowMs);
      }
      return undefined;
    }
    case 'cleanup': {
      const isGone = signs.replica(move.remove.workerId)?.replicaId !== removeId;
      const late = nowMs - move.stepMs > CLEANUP_MS;
      if (!isGone && !late && signs.isAlive(move.remove.workerId)) return undefined;
      const { operation: _done, backOff: _none, ...rest } = shard;
      const detail = isGone ? '' : `worker ${move.remove.number} deletes its files when it is back`;
      return { shard: rest, ended: { outcome: 'done', detail } };
    }
  }
}

function rollBack(shard: ShardRecord, move: MoveRecord, detail: string, nowMs: number): Advance {
  const failures = (shard.backOff?.failures ?? 0) + 1;
  const waitMs = Math.min(LAST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** (failures - 1));
  const { operation: _ended, leaving: _none, ...rest } = shard;
  const isVoter = shard.replicas.some((replica) => replicaId(replica) === replicaId(move.add));
  return {
    shard: {
      ...rest,
      replicas: isVoter ? [...without(shard.replicas, move.add), move.remove] : shard.replicas,
      learners: without(shard.learners, move.add),
      backOff: { failures, untilMs: nowMs + waitMs },
    },
    ended: { outcome: 'rolled-back', detail },
  };
}

/** First hash of the upper half of a shard's range; `undefined`: it has one hash alone. */
export function middleOf({ firstHash, lastHash }: Pick<ShardRecord, 'firstHash' | 'lastHash'>): string | undefined {
  const [first, last] = [BigInt(`0x${firstHash}`), BigInt(`0x${lastHash}`)];
  if (last <= first) return undefined;
  return hex(first + (last - first) / 2n + 1n);
}

/** Both halves of a shard that its workers have split; `index`: of the split in its log, 0: not known. */
export function halves(shard: ShardRecord, split: SplitRecord, index: number): [ShardRecord, ShardRecord] {
  const { operation: _done, backOff: _none, ...rest } = shard;
  const first = (replica: ReplicaRecord): ReplicaRecord => ({ ...replica, incarnation: 1 });
  const { at, epoch, upperShardId } = split;
  return [
    { ...rest, epoch, lastHash: hex(BigInt(`0x${at}`) - 1n) },
    {
      shardId: upperShardId,
      epoch,
      firstHash: at,
      lastHash: shard.lastHash,
      replicas: shard.replicas.map(first),
      learners: shard.learners.map(first),
      first: [],
      splitFrom: { shardId: shard.shardId, epoch, index },
    },
  ];
}

/** Workers that an operation keeps busy. */
export const busyWorkers = (operation: OperationRecord): string[] =>
  operation.kind === 'move' ? [operation.add.workerId, operation.remove.workerId] : [];

const hex = (value: bigint) => value.toString(16).padStart(16, '0');
