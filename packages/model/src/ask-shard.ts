import { VectronError } from '@vectron/errors';
import type { placement, workerData } from '@vectron/proto';

export type ShardOperation = NonNullable<workerData.ShardOp['op']>;
export type ShardOutcome = NonNullable<workerData.ShardOutcome['outcome']>;

/** An outcome, the log index as of which a read was answered, and the number of the worker that answered. */
export interface ShardAnswer {
  readonly outcome: ShardOutcome;
  readonly appliedIndex: bigint;
  readonly worker: number;
}

/** Asks one shard, in whatever way the home of the collection reaches it. Throws VectronError. */
export type AskShard = (shard: placement.Shard, op: ShardOperation) => Promise<ShardAnswer>;

/** What a shard answered instead of an outcome. */
export interface ShardFailure extends VectronError {
  /** With NOT_LEADER: number of the worker that leads, 0: none is known. */
  readonly leader: number;
  /** With CHANGES_GONE: the first log index whose changes the replica that answered still has. */
  readonly firstIndex: bigint;
}

/** The outcome of an operation. Throws a {@link ShardFailure} when there is none. */
export function outcomeOf({
  errorCode,
  errorMessage,
  outcome,
  leader,
  firstIndex,
}: workerData.ShardOutcome): ShardOutcome {
  if (errorCode !== '') {
    const failure: ShardFailure = Object.assign(VectronError.fromWire(errorCode, errorMessage), {
      leader: Number(leader),
      firstIndex,
    });
    throw failure;
  }
  if (outcome === undefined) throw new VectronError('INTERNAL', 'the shard sent an empty answer');
  return outcome;
}

/** Thrown when a shard was split: what was planned for it must be planned anew, with the route that is known now. */
export class RouteChanged extends VectronError {
  constructor(collection: string) {
    super('STALE_EPOCH', `the shards of ${collection} have changed; try again`);
  }
}

/** The value of the outcome of one operation. Throws INTERNAL when the outcome is not of the kind `wanted`. */
export async function askFor<K extends ShardOutcome['$case']>(
  ask: AskShard,
  shard: placement.Shard,
  op: ShardOperation,
  wanted: K,
): Promise<Extract<ShardOutcome, { $case: K }>['value']> {
  const { outcome } = await ask(shard, op);
  if (outcome.$case !== wanted) throw otherOutcome(outcome);
  return outcome.value as never;
}

export const otherOutcome = ({ $case }: ShardOutcome) =>
  new VectronError('INTERNAL', `the shard sent an answer of an unexpected type: ${$case}`);
