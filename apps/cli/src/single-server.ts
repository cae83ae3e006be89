import { mkdirSync } from 'node:fs';
import {
  ApiKeyRepository,
  AuthController,
  AuthInternalController,
  AuthModule,
  type Bootstrap,
  bootstrapAdmin,
  UserRepository,
} from '@vectron/auth';
import type { ConfigOf } from '@vectron/config';
import { DEFAULT_REPLICATION, descriptors } from '@vectron/engine';
import { GatewayThreads, gatewayCount, startGateway } from '@vectron/gateway';
import { createLogger, createMetrics, placementMetrics, rerankerMetrics, workerMetrics } from '@vectron/observability';
import {
  localWorkerCalls,
  PlacementController,
  PlacementModule,
  PlacementNode,
  reportPlacement,
} from '@vectron/placement-driver';
import { RerankerController, RerankerModule, reportReranker } from '@vectron/reranker';
import { localWorkerClient } from '@vectron/routing';
import { ClusterMember, reportWorker, ShardService, WorkerController, WorkerModule } from '@vectron/worker';
import { type serveKnobs, tracingOf } from './config.js';
import { serveBackends, threadEntry } from './gateways/thread-backends.js';
import { metricsEndpoint, openMetrics } from './metrics-endpoint.js';
import { contextOf, openEmbedded } from './service-process.js';
import { VERSION } from './version.js';

export interface SingleServer {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  /** Where Prometheus reads the metrics of this process; undefined without --metrics-listen. */
  readonly metricsUrl: string | undefined;
  /** Answers a request of this process as the REST listener does, over no socket. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** undefined when the operator removed bootstrap.json. */
  readonly bootstrap?: Bootstrap;
  /** Whether this start made the installation. */
  readonly firstRun: boolean;
  /** Counts an error of a socket that nobody took care of. */
  onClientFault(code: string): void;
  close(): Promise<void>;
}

/** The metadata is in the data directory. */
const noEtcd = {
  etcd: undefined,
  etcdPrefix: '',
  etcdAuthority: undefined,
  etcdCertificate: undefined,
  etcdKey: undefined,
  etcdUser: undefined,
  etcdPasswordFile: undefined,
};

/** Gateway, placement driver, worker, auth and reranker in this process; they call each other directly. */
export async function startSingleServer(config: ConfigOf<typeof serveKnobs.knobs>): Promise<SingleServer> {
  const { data } = config;
  const count = gatewayCount(config);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const logger = createLogger('vectron', config.logLevel);
  const metrics = createMetrics({ service: 'serve', version: VERSION });
  const { tlsCertificate: certificate, tlsKey: key } = config;
  const tls = certificate === undefined || key === undefined ? undefined : { certificate, key };
  const endpoint = await metricsEndpoint(config, data, tls);
  const meta = openEmbedded(data, 'meta');
  const unused = { host: '127.0.0.1', port: 0 };

  const authModule = await AuthModule.create({ ...config, ...noEtcd, listen: unused }, meta);
  const auth = await contextOf(authModule, logger);
  let workerController: WorkerController | undefined;
  const { splitBytes, splitLoad, logLevel } = config;
  const alonePd = { unhealthySeconds: 15, repairSeconds: 10, balance: true, imbalancePercent: 20, maxMoves: 1 };
  const pdModule = PlacementModule.create(
    { listen: unused, data, ...noEtcd, ...alonePd, splitBytes, splitLoad, logLevel },
    meta,
    localWorkerCalls(() => workerController),
    logger,
  );
  const pd = await contextOf(pdModule, logger);
  const placement = pd.get(PlacementController);
  const node = pd.get(PlacementNode);
  node.start('in-process');
  const none = { raftAdvertise: undefined, raftAuthority: undefined, raftCertificate: undefined, raftKey: undefined };
  const place = { rack: '', zone: '', region: '' };
  const alone = { ...DEFAULT_REPLICATION, ...none, ...place, raftListen: unused, searchOnly: false };
  const workerConfig = { ...alone, ...config, listen: unused, placement: [] };
  const link = { api: placement, each: [placement] };
  const worker = await contextOf(await WorkerModule.create(workerConfig, link, logger), logger);
  workerController = worker.get(WorkerController);
  const rerankModule = RerankerModule.create({
    listen: unused,
    placement: [],
    cacheEntries: 10_000,
    cacheSeconds: 60,
    logLevel: config.logLevel,
  });
  const rerank = await contextOf(rerankModule, logger);
  const member = worker.get(ClusterMember);
  await member.start('in-process');
  const { bootstrap, created } = await bootstrapAdmin(data, auth.get(UserRepository), auth.get(ApiKeyRepository));

  reportWorker(worker.get(ShardService), workerConfig, workerMetrics(metrics), metrics.collectors);
  reportPlacement(pd, placementMetrics(metrics), metrics.collectors);
  reportReranker(rerank, rerankerMetrics(metrics), metrics.collectors);

  const backends = {
    auth: auth.get(AuthController),
    authInternal: auth.get(AuthInternalController),
    placement,
    reranker: rerank.get(RerankerController),
    workers: localWorkerClient(worker.get(ShardService)),
  };
  const gatewayConfig = { ...config, placement: [], auth: [], reranker: [] };
  const gateway =
    count === 1
      ? await startGateway(gatewayConfig, backends, metrics, logger)
      : await GatewayThreads.start(
          gatewayConfig,
          {
            ...{ count, descriptors, entry: threadEntry },
            extra: { kind: 'serve', engine: worker.get(ShardService).share(), tracing: tracingOf('server', config) },
            serve: (peer, settle) => serveBackends(peer, backends, settle),
          },
          backends,
          metrics,
          logger,
        );
  const listener = await openMetrics(endpoint, () => gateway.scrape(), logger);
  return {
    httpUrl: gateway.httpUrl,
    grpcAddress: gateway.grpcAddress,
    metricsUrl: listener?.url,
    fetch: (request) => gateway.fetch(request),
    bootstrap,
    firstRun: created,
    onClientFault: (code) => metrics.clientFaults.inc({ code }),
    async close() {
      await listener?.close();
      await gateway.close();
      member.stop();
      await node.stop();
      await worker.get(ShardService).close();
      for (const app of [rerank, worker, pd, auth]) await app.close();
      await meta.close();
    },
  };
}
