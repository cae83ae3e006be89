import { type Engine, type Scrubbed, shardSettings } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { type placement, type worker, workerData } from '@vectron/proto';

/** A replica among all of a worker's. */
export const replicaName = ({ shardId, replicaId }: placement.Assignment): string => `${shardId}/${replicaId}`;

/** The shards of this worker: what the data path and the control plane ask of them. */
export class ShardService {
  constructor(private readonly engine: Engine) {}

  /** Encoded ShardOp in, encoded ShardOutcome out. */
  submit(op: Buffer, write: boolean): Promise<Buffer> {
    return this.engine.submit(op, write);
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
    return this.engine.status();
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
        await this.engine.openShard({ ...shard, known: known.has(name) }, shardSettings(shard));
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

  scrub(shardId: number): Promise<Scrubbed> {
    return this.engine.scrub(shardId);
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

export const unbuilt = (what: string) => new VectronError('UNIMPLEMENTED', `${what} is not built yet`);
