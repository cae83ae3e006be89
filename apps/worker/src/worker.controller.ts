import { Controller, Inject } from '@nestjs/common';
import { inSpan, isTracing } from '@vectron/observability';
import type { worker } from '@vectron/proto';
import { workerService } from '@vectron/routing';
import { type Api, type BidiCall, GrpcService } from '@vectron/rpc';
import { ShardService } from './shard-service.js';

/** vectron.worker.v1: the gateway's `stream`, and what the control plane asks. */
@Controller()
@GrpcService(workerService)
export class WorkerController implements Api<typeof workerService> {
  constructor(@Inject(ShardService) private readonly shards: ShardService) {}

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

  async transferLeader(request: worker.TransferLeaderRequest): Promise<worker.TransferLeaderResponse> {
    await this.shards.transferLeader(request.shardId, request.replicaId);
    return {};
  }

  async splitShard(request: worker.SplitShardRequest): Promise<worker.SplitShardResponse> {
    return { index: await this.shards.splitShard(request) };
  }

  scrub(request: worker.ScrubRequest): Promise<worker.ScrubResponse> {
    return this.shards.scrub(request.shardId);
  }
}
