import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger, Metrics } from '@vectron/observability';
import type { Redis } from 'ioredis';
import { AlertService } from '../admin/alert.service.js';
import { ClusterService } from '../admin/cluster.service.js';
import { RecallWatch } from '../admin/recall-watch.js';
import { SystemService } from '../admin/system.service.js';
import type { Backends } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import { FeedbackService } from '../data/feedback.service.js';
import { type FindImpression, ImpressionLog } from '../data/impression-log.js';
import { OwnWriteMarks, type WriteMarks } from '../data/write-marks.js';
import { HeldRequests, type OpenRequests } from '../edge/admission.js';
import { AuditLog, type AuditTrail, ROTATE_BYTES } from '../edge/audit.js';
import { openRedis, type RateLimiter, rateLimiter } from '../edge/edge.js';
import { SlowQueries } from '../edge/slow-queries.js';
import { type StrangerGuard, Strangers } from '../edge/strangers.js';
import { openGatewayDb } from '../gateway-db.js';
import { RouteTable } from '../shards/routes.js';
import { MetricsSum } from './metrics-sum.js';

/** What there is one of, however many gateways a process runs. */
export interface SharedParts {
  readonly audit: AuditTrail;
  /** undefined: nobody's rate is limited. */
  readonly limiter: RateLimiter | undefined;
  readonly strangers: StrangerGuard;
  readonly open: OpenRequests;
  readonly system: Pick<SystemService, 'health' | 'stats' | 'workers' | 'collections' | 'scrape' | 'slowQueries'>;
  readonly alerts: Pick<AlertService, 'list' | 'resolve' | 'rules' | 'setRule'>;
  readonly feedback: Pick<FeedbackService, 'submit'>;
  readonly writes: WriteMarks;
  /** Where slow requests are told of; `system` lists them. */
  readonly slow: Pick<SlowQueries, 'add'>;
}
export const SHARED = Symbol('SharedParts');

export interface OpenParts extends SharedParts {
  /** What the gateway of this thread showed; empty where it has none. */
  readonly impressions: ImpressionLog;
  readonly routes: RouteTable;
  readonly redis: Redis | undefined;
  /** Begins what is done from time to time. */
  start(): void;
  /** Ends what `start` began; `close` follows. */
  stop(): void;
  close(): Promise<void>;
}

const passwordIn = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8').trim());
export const redisOf = (config: GatewayConfig): Promise<Redis | undefined> =>
  openRedis(config.redis, passwordIn(config.redisPasswordFile));

/**
 * Opens the parts in this thread. Where the gateways are in other threads, `sum` adds up what all of them count, and `find`
 * asks all of them for an answer that one has given.
 */
export async function openParts(
  config: GatewayConfig,
  backends: Backends,
  metrics: Metrics,
  logger: Logger,
  { sum = new MetricsSum(metrics), find }: { sum?: MetricsSum; find?: FindImpression } = {},
): Promise<OpenParts> {
  const db = await openGatewayDb(config.data);
  const routes = new RouteTable(backends);
  const redis = await redisOf(config);
  const impressions = new ImpressionLog();
  const auditLimits = { keepFiles: config.auditKeep, rotateBytes: ROTATE_BYTES };
  const audit = new AuditLog(join(config.data, 'gateway'), backends.authInternal, auditLimits, logger);
  const slow = new SlowQueries();
  const system = new SystemService(backends, metrics, config, sum, slow);
  const cluster = new ClusterService(backends);
  const watch = new RecallWatch();
  const alerts = new AlertService(db, () => factsOf(system, cluster, watch), logger);
  const held = { tenant: config.tenantMaxWatches, key: config.keyMaxWatches };
  return {
    audit,
    limiter: rateLimiter(config, redis),
    strangers: new Strangers(),
    open: new HeldRequests(config.maxWatches, metrics, held),
    system,
    alerts,
    feedback: new FeedbackService(config, db, find ?? (async (...known) => impressions.get(...known)), routes),
    writes: new OwnWriteMarks(),
    slow,
    impressions,
    routes,
    redis,
    start: () => alerts.start(),
    stop() {
      alerts.stop();
      routes.close();
    },
    async close() {
      await audit.close();
      redis?.disconnect();
      await db.destroy();
    },
  };
}

async function factsOf(system: SystemService, cluster: ClusterService, watch: RecallWatch) {
  const [workers, shards, requests] = await Promise.all([system.workerInfos(), cluster.shards(), system.lastMinute()]);
  const replicas = shards.flatMap(({ tenantId, collection, shardId, replicas }) =>
    replicas.map(({ worker, recalls }) => ({ tenantId, collection, shardId, worker, recalls })),
  );
  return { workers, shards, requests, recalls: watch.look(replicas) };
}
