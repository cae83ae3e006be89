import { Body, Controller, Inject, Param, Query, Req } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';
import { ClusterService, type ClusterStatus } from '../../admin/cluster.service.js';
import { requireAdmin } from '../../edge/access.js';
import type { AuthenticatedRequest } from './auth.guard.js';
import { parse } from './json-schema.js';
import { Rest } from './rest-route.js';
import * as schema from './rest-schemas.js';

const OPERATION = {
  id: '5f0c…',
  kind: 'move',
  shardId: 7,
  tenantId: '7d9f…',
  collection: 'papers',
  step: 'learner',
  from: '0c1f…',
  to: '9a2b…',
  upperShardId: 0,
  cause: 'repair',
  reason: 'worker 2 is lost',
  startedMs: 1700000000000,
  stepMs: 1700000000000,
  detail: '',
};

/** Placement: what is where, what is being moved, and what an operator may ask for. Administrators only. */
@Controller()
export class ClusterRestController {
  constructor(@Inject(ClusterService) private readonly cluster: ClusterService) {}

  @Rest({
    method: 'GET',
    path: 'v1/admin/cluster',
    operationId: 'clusterStatus',
    tag: 'Cluster',
    summary: 'The cluster in a few numbers',
    answer: {
      placementLeader: '127.0.0.1:6001',
      placementNodes: ['127.0.0.1:6001'],
      workers: 3,
      workersByState: { ACTIVE: 3 },
      shards: 3,
      shardsReady: 3,
      shardsFullyReplicated: 3,
      points: 20000,
      operations: [],
    },
  })
  status(@Req() request: AuthenticatedRequest): Promise<ClusterStatus> {
    requireAdmin(request.principal);
    return this.cluster.status();
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/shards',
    operationId: 'clusterShards',
    tag: 'Cluster',
    summary: 'Every shard with its replicas',
    answer: {
      shards: [
        {
          shardId: 7,
          collection: 'papers',
          tenantId: '7d9f…',
          epoch: 1,
          firstHash: '0000000000000000',
          lastHash: 'ffffffffffffffff',
          leader: 1,
          ready: true,
          points: 20000,
          memoryBytes: 41000000,
          queriesPerSecond: 0,
          replicas: [{ worker: 1, role: 'leader', appliedIndex: 90, learner: false, damage: '' }],
          healthyReplicas: 1,
          voters: 1,
        },
      ],
    },
  })
  async shards(@Req() request: AuthenticatedRequest) {
    requireAdmin(request.principal);
    return { shards: await this.cluster.shards() };
  }

  @Rest({
    method: 'GET',
    path: 'v1/admin/operations',
    operationId: 'clusterOperations',
    tag: 'Cluster',
    summary: 'Moves and splits: under way, and ended (newest first)',
    query: { limit: 'of those that ended, 1 to 500; default 100' },
    answer: { running: [OPERATION], ended: [{ ...OPERATION, step: 'done' }] },
  })
  operations(
    @Req() request: AuthenticatedRequest,
    @Query('limit') limit?: string,
  ): Promise<placement.ListOperationsResponse> {
    requireAdmin(request.principal);
    if (limit !== undefined && !/^[1-9]\d{0,2}$/.test(limit))
      throw VectronError.invalid('limit', 'limit must be 1 to 500');
    return this.cluster.operations(Math.min(500, Number(limit ?? 100)));
  }

  @Rest({
    method: 'POST',
    path: 'v1/admin/workers/:worker/drain',
    operationId: 'drainWorker',
    tag: 'Cluster',
    summary: "Have a worker's replicas moved to others, or take that back; by number or id",
    body: schema.drain,
    answer: { success: true },
  })
  async drain(@Req() request: AuthenticatedRequest, @Param('worker') worker: string, @Body() body: unknown) {
    requireAdmin(request.principal);
    await this.cluster.drain(worker, parse(schema.drain, body ?? {}).cancel);
    return { success: true };
  }

  @Rest({
    method: 'DELETE',
    path: 'v1/admin/workers/:worker',
    operationId: 'removeWorker',
    tag: 'Cluster',
    summary: 'Forget a worker that holds no shard any more; by number or id',
    answer: { success: true },
  })
  async remove(@Req() request: AuthenticatedRequest, @Param('worker') worker: string) {
    requireAdmin(request.principal);
    await this.cluster.remove(worker);
    return { success: true };
  }

  @Rest({
    method: 'POST',
    path: 'v1/admin/rebalance',
    operationId: 'rebalance',
    tag: 'Cluster',
    summary: 'What the planner would do now, with reasons; without dryRun it begins to',
    body: schema.rebalance,
    answer: {
      actions: [
        {
          kind: 'move',
          shardId: 7,
          collection: 'papers',
          from: '0c1f…',
          to: '9a2b…',
          cause: 'balance',
          reason: 'worker 1 holds 50 % more than its share',
        },
      ],
      blocked: [],
    },
  })
  rebalance(@Req() request: AuthenticatedRequest, @Body() body: unknown): Promise<placement.RebalanceResponse> {
    requireAdmin(request.principal);
    return this.cluster.rebalance(parse(schema.rebalance, body).dryRun);
  }

  @Rest({
    method: 'POST',
    path: 'v1/admin/shards/:shard/move',
    operationId: 'moveReplica',
    tag: 'Cluster',
    summary: 'Move one replica from a worker to another; by number or id',
    body: schema.moveReplica,
    answer: OPERATION,
  })
  move(
    @Req() request: AuthenticatedRequest,
    @Param('shard') shard: string,
    @Body() body: unknown,
  ): Promise<placement.Operation> {
    requireAdmin(request.principal);
    const { from, to } = parse(schema.moveReplica, body);
    return this.cluster.move(shardId(shard), from, to);
  }

  @Rest({
    method: 'POST',
    path: 'v1/admin/shards/:shard/split',
    operationId: 'splitShard',
    tag: 'Cluster',
    summary: 'Split a shard in the middle of its key range',
    answer: { ...OPERATION, kind: 'split', step: 'splitting', from: '', to: '', upperShardId: 8 },
  })
  split(@Req() request: AuthenticatedRequest, @Param('shard') shard: string): Promise<placement.Operation> {
    requireAdmin(request.principal);
    return this.cluster.split(shardId(shard));
  }
}

function shardId(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw VectronError.invalid('shard', 'a shard is named by its number');
  return Number(text);
}
