import { type Engine, shardSettings } from '@vectron/engine';
import { placement, type worker } from '@vectron/proto';

/** A replica among all of a worker's. */
export const replicaName = ({ shardId, replicaId }: placement.Assignment): string => `${shardId}/${replicaId}`;

/**
 * The shards of this worker: what the data path and the control plane ask of them. Replica ids and log indexes are
 * bigints in messages and numbers in the engine, which has none beyond 2^53.
 */
export class ShardService {
  /** What was last carried out of each shard: an assignment that says the same again has nothing to do. */
  readonly #carriedOut = new Map<number, string>();

  constructor(private readonly engine: Engine) {}

  /** Encoded ShardOp in, encoded ShardOutcome out. `ticket`: by which `cancel` knows it. */
  submit(op: Buffer, write: boolean, ticket = 0): Promise<Buffer> {
    return this.engine.submit(op, write, ticket);
  }

  /** What waits for a thread of the engine and what runs, in each lane. */
  operations(): ReturnType<Engine['operations']> {
    return this.engine.operations();
  }

  /** What the log and the stores of the shards do. */
  storage(): ReturnType<Engine['storage']> {
    return this.engine.storage();
  }

  /** Names the engine for other threads of this process: see Engine.attach. */
  share(): number {
    return this.engine.share();
  }

  newTicket(): number {
    return this.engine.newTicket();
  }

  cancel(tickets: number[]): void {
    this.engine.cancel(tickets);
  }

  metrics(): worker.ShardMetrics[] {
    return this.engine.status().map((status) => ({
      ...status,
      appliedIndex: BigInt(status.appliedIndex),
      committedIndex: BigInt(status.committedIndex),
      term: BigInt(status.term),
      replicaId: BigInt(status.replicaId),
      leaderReplicaId: BigInt(status.leaderReplicaId),
      voters: status.voters.map(BigInt),
      learners: status.learners.map(BigInt),
      recalls: status.recalls,
      snapshots: status.views,
      queriesPerSecond: 0,
      writesPerSecond: 0,
    }));
  }

  /**
   * Opens what is assigned and, with `drop`, removes what is not. `drop` only for assignments that come from the
   * placement driver of this worker's own cluster: it deletes files. `known`: replicas that were open here before. A
   * shard that cannot be opened does not keep the others from serving; the failures are returned.
   */
  async reconcile(
    assigned: placement.Assignment[],
    { drop, known }: { drop: boolean; known: ReadonlySet<string> },
  ): Promise<{ opened: Set<string>; failed: { shardId: number; error: unknown }[] }> {
    const failed: { shardId: number; error: unknown }[] = [];
    const opened = new Set<string>();
    const attempt = async (shardId: number, work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        failed.push({ shardId, error });
      }
    };
    for (const shard of assigned) {
      const name = replicaName(shard);
      const said = JSON.stringify(placement.Assignment.toJSON(shard));
      if (this.#carriedOut.get(shard.shardId) === said) {
        opened.add(name);
        continue;
      }
      // What fails is tried again with the next assignments, and what it leaves behind is not known.
      this.#carriedOut.delete(shard.shardId);
      await attempt(shard.shardId, async () => {
        const { splitFromShardId, splitEpoch } = shard;
        const splitFrom = splitFromShardId === 0 ? undefined : { shardId: splitFromShardId, epoch: splitEpoch };
        const { shardId, epoch, relaxed } = shard;
        const members = {
          replicaId: Number(shard.replicaId),
          voters: shard.voters.map(Number),
          learners: shard.learners.map(Number),
          first: shard.first.map(Number),
        };
        const assigned = { shardId, epoch, ...members, relaxed, known: known.has(name), splitFrom };
        await this.engine.openShard(assigned, shardSettings(shard));
        this.#carriedOut.set(shard.shardId, said);
        opened.add(name);
      });
    }
    const wanted = new Set(assigned.map((shard) => shard.shardId));
    for (const shardId of drop ? await this.engine.storedShards() : []) {
      if (wanted.has(shardId)) continue;
      this.#carriedOut.delete(shardId);
      await attempt(shardId, () => this.engine.dropShard(shardId));
    }
    return { opened, failed };
  }

  setPeers(peers: placement.Peer[]): void {
    this.engine.setPeers(peers.map(({ number, raftAddress }) => ({ worker: number, address: raftAddress })));
  }

  transferLeader(shardId: number, replicaId: bigint): Promise<void> {
    return this.engine.transferLeader(shardId, Number(replicaId));
  }

  /** Returns the log index of the split. */
  async splitShard({ shardId, at, upperShardId, epoch }: worker.SplitShardRequest): Promise<bigint> {
    return BigInt(await this.engine.splitShard(shardId, at, upperShardId, epoch));
  }

  /** Removes what splits left here for shards that go elsewhere. */
  forgetSplits(assigned: placement.Assignment[]): Promise<void> {
    return this.engine.forgetSplits(assigned.map(({ shardId, epoch }) => ({ shardId, epoch })));
  }

  async scrub(shardId: number): Promise<worker.ScrubResponse> {
    const { index, differing } = await this.engine.scrub(shardId);
    return { index: BigInt(index), differingReplicaIds: differing.map(BigInt) };
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
