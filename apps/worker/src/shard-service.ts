import { type Engine, type Scrubbed, shardSettings } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { type placement, type worker, workerData } from '@vectron/proto';

/** A replica among all of a worker's. */
export const replicaName = ({ shardId, replicaId }: placement.Assignment): string => `${shardId}/${replicaId}`;

/** The shards of this worker: what the data path and the control plane ask of them. */
export class ShardService {
  constructor(private readonly engine: Engine) {}

  /** Encoded ShardOp in, encoded ShardOutcome out. `ticket`: by which `cancel` knows it. */
  submit(op: Buffer, write: boolean, ticket = 0): Promise<Buffer> {
    return this.engine.submit(op, write, ticket);
  }

  newTicket(): number {
    return this.engine.newTicket();
  }

  cancel(tickets: number[]): void {
    this.engine.cancel(tickets);
  }

  /** One decoded operation, for the unary calls. */
  async run(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    const write = op.op?.$case === 'upsert' || op.op?.$case === 'delete';
    const outcome = await this.submit(Buffer.from(workerData.ShardOp.encode(op).finish()), write);
    return workerData.ShardOutcome.decode(outcome);
  }

  flush(): Promise<void> {
    return this.engine.flush();
  }

  metrics(): worker.ShardMetrics[] {
    return this.engine.status().map((status) => ({ ...status, queriesPerSecond: 0, writesPerSecond: 0 }));
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
      await attempt(shard.shardId, async () => {
        const { splitFromShardId, splitEpoch } = shard;
        const splitFrom = splitFromShardId === 0 ? undefined : { shardId: splitFromShardId, epoch: splitEpoch };
        await this.engine.openShard({ ...shard, known: known.has(name), splitFrom }, shardSettings(shard));
        opened.add(name);
      });
    }
    const wanted = new Set(assigned.map((shard) => shard.shardId));
    for (const shardId of drop ? await this.engine.storedShards() : []) {
      if (!wanted.has(shardId)) await attempt(shardId, () => this.engine.dropShard(shardId));
    }
    return { opened, failed };
  }

  setPeers(peers: placement.Peer[]): void {
    this.engine.setPeers(peers.map(({ number, raftAddress }) => ({ worker: number, address: raftAddress })));
  }

  transferLeader(shardId: number, replicaId: number): Promise<void> {
    return this.engine.transferLeader(shardId, replicaId);
  }

  /** Returns the log index of the split. */
  splitShard({ shardId, at, upperShardId, epoch }: worker.SplitShardRequest): Promise<number> {
    return this.engine.splitShard(shardId, at, upperShardId, epoch);
  }

  /** Removes what splits left here for shards that go elsewhere. */
  forgetSplits(assigned: placement.Assignment[]): Promise<void> {
    return this.engine.forgetSplits(assigned.map(({ shardId, epoch }) => ({ shardId, epoch })));
  }

  scrub(shardId: number): Promise<Scrubbed> {
    return this.engine.scrub(shardId);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

export const unbuilt = (what: string) => new VectronError('UNIMPLEMENTED', `${what} is not built yet`);
