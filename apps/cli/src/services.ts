import type { authKnobs } from '@vectron/auth';
import { ApiKeyRepository, AuthModule, bootstrapAdmin, UserRepository } from '@vectron/auth';
import type { ConfigOf } from '@vectron/config';
import { descriptors } from '@vectron/engine';
import {
  type Backends,
  type GatewayConfig,
  GatewayThreads,
  gatewayCount,
  type gatewayKnobs,
  startGateway,
} from '@vectron/gateway';
import { MirroredMetaStore } from '@vectron/metastore';
import {
  createLogger,
  createMetrics,
  createProcessMetrics,
  exposition,
  type Logger,
  type Metrics,
  outgoingTrace,
  type ProcessMetrics,
  placementMetrics,
  rerankerMetrics,
  type TracingOptions,
  workerMetrics,
} from '@vectron/observability';
import {
  PlacementModule,
  PlacementNode,
  type placementKnobs,
  remoteWorkerCalls,
  reportPlacement,
} from '@vectron/placement-driver';
import { auth, authInternal, placement, reranker } from '@vectron/proto';
import { RerankerModule, reportReranker, type rerankerKnobs } from '@vectron/reranker';
import { StreamWorkerClient, workerService } from '@vectron/routing';
import { callContext, createFailoverClient } from '@vectron/rpc';
import { ClusterMember, reportWorker, ShardService, WorkerModule, type workerKnobs } from '@vectron/worker';
import type { ClusterLink } from './cluster-token.js';
import { threadEntry } from './gateways/thread-backends.js';
import { type MetricsEndpoint, openMetrics } from './metrics-endpoint.js';
import { openMeta, serveInternal, whenReachable } from './service-process.js';
import { VERSION } from './version.js';

/** How long keys and users are believed while etcd cannot be asked; nobody can revoke one meanwhile. */
const AUTH_MIRROR_MS = 600_000;

/** Failures in a row after which a service is left alone, and for how long. */
const BREAKER = { failures: 5, restMs: 1_000 };

const clientOptions = ({ token, tls }: ClusterLink) => ({ clusterToken: token, tls, headers: outgoingTrace });

/** A service as its own process: what to say when it is up, and how to stop it. */
export interface ServiceProcess {
  readonly lines: Record<string, string>;
  /** Counts an error of a socket that nobody took care of. */
  onClientFault?(code: string): void;
  close(): Promise<void>;
}

const metricsOf = (service: string) => createProcessMetrics({ service, version: VERSION });

/** What a service says when it is up and its metrics can be read, and how both are stopped. */
async function withMetrics(
  { lines, close }: ServiceProcess,
  metrics: ProcessMetrics,
  endpoint: MetricsEndpoint,
  logger: Logger,
): Promise<ServiceProcess> {
  const listener = await openMetrics(endpoint, () => exposition(metrics), logger);
  if (listener === undefined) return { lines, close };
  return {
    lines: { ...lines, metrics: listener.url },
    async close() {
      await listener.close();
      await close();
    },
  };
}

export async function authProcess(
  config: ConfigOf<typeof authKnobs.knobs>,
  link: ClusterLink,
  endpoint: MetricsEndpoint,
): Promise<ServiceProcess> {
  const logger = createLogger('auth', config.logLevel);
  const metrics = metricsOf('auth');
  const store = await openMeta(config, 'auth', logger);
  // Keys and users that were known go on being known while etcd is away.
  const meta = config.etcd === undefined ? store : new MirroredMetaStore(store, '/auth/', AUTH_MIRROR_MS);
  const services = {
    'vectron.auth.v1.AuthService': auth.AuthServiceService,
    'vectron.authinternal.v1.AuthInternalService': authInternal.AuthInternalServiceService,
  };
  const app = await serveInternal(
    await AuthModule.create(config, meta),
    services,
    config.listen,
    link,
    logger,
    metrics,
  );
  await whenReachable(logger, () => bootstrapAdmin(config.data, app.get(UserRepository), app.get(ApiKeyRepository)));
  const service = { lines: { grpc: app.address }, close: () => app.close().then(() => meta.close()) };
  return withMetrics(service, metrics, endpoint, logger);
}

export async function placementProcess(
  config: ConfigOf<typeof placementKnobs.knobs>,
  link: ClusterLink,
  endpoint: MetricsEndpoint,
): Promise<ServiceProcess> {
  const logger = createLogger('placement-driver', config.logLevel);
  const metrics = metricsOf('pd');
  const meta = await openMeta(config, 'placement', logger);
  const services = { 'vectron.placementdriver.v1.PlacementService': placement.PlacementServiceService };
  const module = PlacementModule.create(config, meta, remoteWorkerCalls(clientOptions(link)), logger);
  const app = await serveInternal(module, services, config.listen, link, logger, metrics);
  const node = app.get(PlacementNode);
  node.start(app.address);
  reportPlacement(app, placementMetrics(metrics), metrics.collectors);
  const service = {
    lines: { grpc: app.address },
    async close() {
      await node.stop();
      await app.close();
      await meta.close();
    },
  };
  return withMetrics(service, metrics, endpoint, logger);
}

export async function workerProcess(
  config: ConfigOf<typeof workerKnobs.knobs>,
  link: ClusterLink,
  endpoint: MetricsEndpoint,
): Promise<ServiceProcess> {
  const logger = createLogger('worker', config.logLevel);
  const metrics = metricsOf('worker');
  const pd = createFailoverClient(placement.PlacementServiceService, config.placement, clientOptions(link));
  const module = await WorkerModule.create(config, pd, logger, link);
  const services = { 'vectron.worker.v1.WorkerService': workerService };
  const app = await serveInternal(module, services, config.listen, link, logger, metrics);
  const member = app.get(ClusterMember);
  await member.start(app.address);
  reportWorker(app.get(ShardService), config, workerMetrics(metrics), metrics.collectors);
  const service = {
    lines: {
      grpc: app.address,
      raft: member.raftAddress,
      worker: member.workerId,
      number: String(member.number),
    },
    async close() {
      await member.handOver();
      member.stop();
      pd.close();
      const shards = app.get(ShardService);
      await app.close();
      await shards.close();
    },
  };
  return withMetrics(service, metrics, endpoint, logger);
}

const RERANKER_BEAT_MS = 5_000;

export async function rerankerProcess(
  config: ConfigOf<typeof rerankerKnobs.knobs>,
  link: ClusterLink,
  endpoint: MetricsEndpoint,
): Promise<ServiceProcess> {
  const logger = createLogger('reranker', config.logLevel);
  const metrics = metricsOf('reranker');
  const services = { 'vectron.reranker.v1.RerankService': reranker.RerankServiceService };
  const app = await serveInternal(RerankerModule.create(config), services, config.listen, link, logger, metrics);
  reportReranker(app, rerankerMetrics(metrics), metrics.collectors);
  const pd = createFailoverClient(placement.PlacementServiceService, config.placement, {
    ...clientOptions(link),
    timeoutMs: 5_000,
  });
  let rerankerId = '';
  const report = async () => {
    try {
      const known = rerankerId !== '' && (await pd.api.rerankerHeartbeat({ rerankerId }, callContext())).ok;
      if (known) return;
      rerankerId = (await pd.api.registerReranker({ rerankerId, grpcAddress: app.address }, callContext())).rerankerId;
    } catch (error) {
      logger.warn({ err: error }, 'the placement driver does not answer');
    }
  };
  await report();
  const timer = setInterval(() => void report(), RERANKER_BEAT_MS);
  const service = {
    lines: { grpc: app.address },
    async close() {
      clearInterval(timer);
      pd.close();
      await app.close();
    },
  };
  return withMetrics(service, metrics, endpoint, logger);
}

/** Clients of what is behind a gateway that has a process of its own. */
export function gatewayBackends(
  config: GatewayConfig,
  link: ClusterLink,
  metrics: Metrics,
): { readonly backends: Backends; close(): void } {
  const onBreaker = (service: string, open: boolean) => metrics.breakers.set({ service }, open ? 1 : 0);
  const options = { ...clientOptions(link), timeoutMs: 15_000, breaker: BREAKER, onBreaker };
  const clients = {
    auth: createFailoverClient(auth.AuthServiceService, config.auth, { ...options, service: 'auth' }),
    authInternal: createFailoverClient(authInternal.AuthInternalServiceService, config.auth, {
      ...options,
      service: 'auth',
    }),
    placement: createFailoverClient(placement.PlacementServiceService, config.placement, {
      ...options,
      service: 'placement',
    }),
    reranker: createFailoverClient(reranker.RerankServiceService, config.reranker, { ...options, service: 'reranker' }),
  };
  // As clients of several addresses name themselves.
  for (const service of ['auth', 'placement', 'reranker'] as const) {
    for (const address of config[service]) metrics.breakers.set({ service: `${service} ${address}` }, 0);
  }
  const backends = {
    auth: clients.auth.api,
    authInternal: clients.authInternal.api,
    placement: clients.placement.api,
    reranker: clients.reranker.api,
    workers: new StreamWorkerClient(clientOptions(link)),
  };
  return {
    backends,
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

export async function gatewayProcess(
  config: ConfigOf<typeof gatewayKnobs.knobs>,
  link: ClusterLink,
  endpoint: MetricsEndpoint,
  tracing: TracingOptions,
): Promise<ServiceProcess> {
  const count = gatewayCount(config);
  const logger = createLogger('gateway', config.logLevel);
  const metrics = createMetrics({ version: VERSION });
  const { backends, close } = gatewayBackends(config, link, metrics);
  const threads = {
    ...{ count, descriptors, entry: threadEntry },
    extra: { kind: 'gateway', link, tracing },
    // Each has clients of its own.
    serve: () => {},
  };
  const gateway =
    count === 1
      ? await startGateway(config, backends, metrics, logger)
      : await GatewayThreads.start(config, threads, backends, metrics, logger);
  const listener = await openMetrics(endpoint, () => gateway.scrape(), logger);
  const lines = { http: gateway.httpUrl, grpc: gateway.grpcAddress };
  return {
    lines: listener === undefined ? lines : { ...lines, metrics: listener.url },
    onClientFault: (code) => metrics.clientFaults.inc({ code }),
    async close() {
      await listener?.close();
      await gateway.close();
      close();
    },
  };
}
