import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { admin, type HttpBody, type placement } from '@vectron/proto';
import { type Api, type CallContext, callContext, GrpcService } from '@vectron/rpc';
import { AlertService } from '../../admin/alert.service.js';
import { ClusterService, type ShardView } from '../../admin/cluster.service.js';
import { SystemService, type WorkerView } from '../../admin/system.service.js';
import { BACKENDS, type Backends } from '../../backends.js';
import type { Principal } from '../../edge/access.js';
import { AuditLog } from '../../edge/audit.js';

const AUTH_TIMEOUT_MS = 10_000;
const DEFAULT_ENTRIES = 100;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const auth = () => callContext({ timeoutMs: AUTH_TIMEOUT_MS });

/** vectron.admin.v1: what operators see and do. Who may is declared in the proto. */
@Controller()
@GrpcService(admin.AdminServiceService)
export class AdminGrpcController implements Api<typeof admin.AdminServiceService> {
  constructor(
    @Inject(SystemService) private readonly system: SystemService,
    @Inject(ClusterService) private readonly cluster: ClusterService,
    @Inject(AlertService) private readonly alerts: AlertService,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(BACKENDS) private readonly backends: Backends,
  ) {}

  getHealth(): Promise<admin.GetHealthResponse> {
    return this.system.health();
  }

  async getLiveness(): Promise<admin.GetLivenessResponse> {
    return { status: 'ok' };
  }

  async getReadiness(): Promise<admin.GetReadinessResponse> {
    const { status } = await this.system.health();
    if (status !== 'ok')
      throw new VectronError(
        'UNAVAILABLE',
        'a service or worker does not answer; GET /v1/admin/health shows which one',
      );
    return { status };
  }

  async getMetrics(): Promise<HttpBody> {
    return { contentType: METRICS_TYPE, data: Buffer.from(await this.system.scrape()), extensions: [] };
  }

  getStats(): Promise<admin.GetStatsResponse> {
    return this.system.stats();
  }

  async listWorkers(): Promise<admin.ListWorkersResponse> {
    return { workers: (await this.system.workers()).map(workerMessage) };
  }

  async listAllCollections(): Promise<admin.ListAllCollectionsResponse> {
    return { collections: await this.system.collections() };
  }

  async listAlerts({ status, level }: admin.ListAlertsRequest): Promise<admin.ListAlertsResponse> {
    const alerts = await this.alerts.list(status, level);
    return {
      alerts: alerts.map(({ resolvedAtMs, resolvedBy, ...alert }) => ({
        ...alert,
        resolvedAtMs: resolvedAtMs ?? undefined,
        resolvedBy: resolvedBy ?? undefined,
      })),
    };
  }

  async resolveAlert({ id }: admin.ResolveAlertRequest, context: CallContext): Promise<admin.ResolveAlertResponse> {
    await this.alerts.resolve(id, (context.principal as Principal).email);
    return { success: true };
  }

  async listAlertRules(): Promise<admin.ListAlertRulesResponse> {
    return { rules: await this.alerts.rules() };
  }

  putAlertRule({ rule, enabled, level, threshold }: admin.PutAlertRuleRequest): Promise<admin.AlertRule> {
    return this.alerts.setRule(rule, { enabled, level: level as 'warning' | 'critical' | undefined, threshold });
  }

  async listAuditEntries({ limit }: admin.ListAuditEntriesRequest): Promise<admin.ListAuditEntriesResponse> {
    return { entries: await this.audit.newest(limit || DEFAULT_ENTRIES) };
  }

  async verifyAudit(): Promise<admin.VerifyAuditResponse> {
    const { entries, wrong = '', others } = await this.audit.verify();
    return { gatewayId: this.audit.id, entries, wrong, otherGateways: [...others] };
  }

  async listSlowQueries({ limit }: admin.ListSlowQueriesRequest): Promise<admin.ListSlowQueriesResponse> {
    return this.system.slowQueries(limit || DEFAULT_ENTRIES);
  }

  async getClusterStatus(): Promise<admin.GetClusterStatusResponse> {
    const { workersByState, operations, ...status } = await this.cluster.status();
    return {
      ...status,
      workersByState: new Map(Object.entries(workersByState)),
      operations: operations.map(operationMessage),
    };
  }

  async listShards(): Promise<admin.ListShardsResponse> {
    return { shards: (await this.cluster.shards()).map(shardMessage) };
  }

  async listOperations({ limit }: admin.ListOperationsRequest): Promise<admin.ListOperationsResponse> {
    const { running, ended } = await this.cluster.operations(limit || DEFAULT_ENTRIES);
    return { running: running.map(operationMessage), ended: ended.map(operationMessage) };
  }

  async drainWorker({ worker, cancel }: admin.DrainWorkerRequest): Promise<admin.DrainWorkerResponse> {
    await this.cluster.drain(worker, cancel);
    return { success: true };
  }

  async removeWorker({ worker }: admin.RemoveWorkerRequest): Promise<admin.RemoveWorkerResponse> {
    await this.cluster.remove(worker);
    return { success: true };
  }

  rebalance({ dryRun }: admin.RebalanceRequest): Promise<admin.RebalanceResponse> {
    return this.cluster.rebalance(dryRun);
  }

  async moveReplica({ shardId, from, to }: admin.MoveReplicaRequest): Promise<admin.Operation> {
    return operationMessage(await this.cluster.move(shardId, from, to));
  }

  async splitShard({ shardId }: admin.SplitShardRequest): Promise<admin.Operation> {
    return operationMessage(await this.cluster.split(shardId));
  }

  async getJwks(): Promise<admin.GetJwksResponse> {
    const { json } = await this.backends.authInternal.jwks({}, auth());
    const { keys } = JSON.parse(json) as { keys: Partial<admin.Jwk>[] };
    return { keys: keys.map((key) => admin.Jwk.fromPartial(key)) };
  }

  rotateSigningKey(): Promise<admin.RotateSigningKeyResponse> {
    return this.backends.authInternal.rotateSigningKey({}, auth());
  }
}

function workerMessage({ shards, ...view }: WorkerView): admin.Worker {
  return { ...view, shards: shards.map(workerShard) };
}

/** Counts and log indexes are doubles in the management API: they are for people, and exact up to 2^53. */
function workerShard(shard: WorkerView['shards'][number]): admin.WorkerShard {
  const { shardId, epoch, role, damage, queriesPerSecond, writesPerSecond } = shard;
  return {
    ...{ shardId, epoch, role, damage, queriesPerSecond, writesPerSecond },
    livePoints: shard.livePoints,
    deadPoints: shard.deadPoints,
    tailPoints: shard.tailPoints,
    appliedIndex: shard.appliedIndex,
    committedIndex: shard.committedIndex,
    term: shard.term,
    memoryBytes: shard.memoryBytes,
    diskBytes: shard.diskBytes,
  };
}

const shardMessage = ({ operation, ...view }: ShardView): admin.Shard => ({
  ...view,
  operation: operation && operationMessage(operation),
});

/** The two messages have the same fields: one is for clients, one for the services. */
const operationMessage = (operation: placement.Operation): admin.Operation => operation;
