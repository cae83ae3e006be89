import { Controller, Inject } from '@nestjs/common';
import { instructionSet } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { inSpan, isTracing } from '@vectron/observability';
import { type worker, workerData } from '@vectron/proto';
import { workerService } from '@vectron/routing';
import { type Api, type BidiCall, GrpcService } from '@vectron/rpc';
import { ClusterMember } from './cluster-member.js';
import { ShardService, unbuilt } from './shard-service.js';

/** vectron.worker.v1. The gateway uses `stream`; the unary calls are for tools. */
@Controller()
@GrpcService(workerService)
export class WorkerController implements Api<typeof workerService> {
  constructor(
    @Inject(ShardService) private readonly shards: ShardService,
    @Inject(ClusterMember) private readonly member: ClusterMember,
  ) {}

  /** Answers go out as they come in, those of one event-loop tick in one message; all of them end with the stream. */
  stream(call: BidiCall<worker.CallBatch, worker.AnswerBatch>): Promise<void> {
    let answers: worker.Answer[] = [];
    let blocked = false;
    /** Tickets of the calls that are not answered. */
    const running = new Map<number, number>();
    const flush = () => {
      if (blocked || answers.length === 0 || call.destroyed) return;
      const batch = answers;
      answers = [];
      blocked = !call.write({ answers: batch });
    };
    call.on('drain', () => {
      blocked = false;
      flush();
    });
    const answer = (id: number, outcome: Buffer) => {
      // A cancelled one is in nobody's interest.
      if (!running.delete(id)) return;
      if (answers.push({ id, outcome }) === 1) setImmediate(flush);
    };
    const cancel = (ids: Iterable<number>) => {
      const tickets: number[] = [];
      for (const id of ids) {
        const ticket = running.get(id);
        if (ticket !== undefined) tickets.push(ticket);
        running.delete(id);
      }
      if (tickets.length > 0) this.shards.cancel(tickets);
    };
    call.on('data', (batch: worker.CallBatch) => {
      for (const { id, op, write, traceparent } of batch.calls) {
        const ticket = this.shards.newTicket();
        running.set(id, ticket);
        const work = () => this.shards.submit(op, write, ticket);
        const traced = traceparent !== '' && isTracing();
        const outcome = traced ? inSpan(`worker.${write ? 'write' : 'read'}`, {}, work, { traceparent }) : work();
        outcome.then(
          (outcome) => answer(id, outcome),
          (error) => call.destroy(error),
        );
      }
      cancel(batch.cancelled);
    });
    return new Promise<void>((resolve) => {
      call.on('end', resolve);
      call.on('cancelled', () => resolve());
    }).finally(() => cancel([...running.keys()]));
  }

  storeVector(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    return this.shards.run(op);
  }

  batchStoreVector(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    return this.shards.run(op);
  }

  async streamBatchStoreVector(ops: AsyncIterable<workerData.ShardOp>): Promise<worker.StreamBatchStoreVectorResponse> {
    let stored = 0;
    for await (const op of ops) {
      const { outcome } = await this.shards.run(op);
      if (outcome?.$case === 'written') stored += outcome.value.affected;
    }
    return { stored };
  }

  getVector(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    return this.shards.run(op);
  }

  deleteVector(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    return this.shards.run(op);
  }

  search(op: workerData.ShardOp): Promise<workerData.ShardOutcome> {
    return this.shards.run(op);
  }

  async batchSearch(request: worker.BatchSearchRequest): Promise<worker.BatchSearchResponse> {
    return { responses: await Promise.all(request.requests.map((op) => this.shards.run(op))) };
  }

  async status(): Promise<worker.StatusResponse> {
    return { workerId: this.member.workerId, instructionSet: instructionSet(), shards: this.shards.metrics() };
  }

  async flush(): Promise<worker.FlushResponse> {
    await this.shards.flush();
    return {};
  }

  // biome-ignore lint/correctness/useYield: refuses before the first message
  async *streamHnswSnapshot(): AsyncIterable<worker.HNSWSnapshotChunk> {
    throw unbuilt('streaming a snapshot');
  }

  async *streamHnswUpdates(request: worker.HNSWUpdatesRequest): AsyncIterable<worker.HNSWUpdateBatch> {
    let fromIndex = request.fromLogIndex;
    for (;;) {
      const shard = this.shards.metrics().find(({ shardId }) => shardId === request.shardId);
      const op = { $case: 'changes', value: { fromIndex, waitMs: 1_000 } } as const;
      const { outcome, errorCode, errorMessage } = await this.shards.run(
        workerData.ShardOp.fromPartial({ shardId: request.shardId, shardEpoch: shard?.epoch ?? 0, op }),
      );
      if (outcome?.$case !== 'changes') throw VectronError.fromWire(errorCode, errorMessage);
      fromIndex = outcome.value.nextIndex;
      yield { nextIndex: fromIndex, changes: outcome.value.changes };
    }
  }

  async transferLeader(request: worker.TransferLeaderRequest): Promise<worker.TransferLeaderResponse> {
    await this.shards.transferLeader(request.shardId, request.replicaId);
    return {};
  }

  async splitShard(request: worker.SplitShardRequest): Promise<worker.SplitShardResponse> {
    return { index: await this.shards.splitShard(request) };
  }

  async scrub(request: worker.ScrubRequest): Promise<worker.ScrubResponse> {
    const { index, differing } = await this.shards.scrub(request.shardId);
    return { index, differingReplicaIds: differing };
  }

  async put(): Promise<never> {
    throw unbuilt('writing raw keys');
  }

  async get(): Promise<never> {
    throw unbuilt('reading raw keys');
  }

  async delete(): Promise<never> {
    throw unbuilt('deleting raw keys');
  }
}
