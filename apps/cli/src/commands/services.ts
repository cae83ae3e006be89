import { authKnobs } from '@vectron/auth/config';
import { gatewayKnobs } from '@vectron/gateway/config';
import type { TracingOptions } from '@vectron/observability';
import { placementKnobs } from '@vectron/placement-driver/config';
import { rerankerKnobs } from '@vectron/reranker/config';
import { workerKnobs } from '@vectron/worker/config';
import type { Command } from 'commander';
import { bootstrapFile } from '../bootstrap-file.js';
import type { ClusterLink } from '../cluster-token.js';
import { clusterKnobs, loadConfig, serveKnobs, tracingOf } from '../config.js';
import { firstRunLines } from '../first-run.js';
import { withFlags } from '../knob-flags.js';
import type { MetricsEndpoint } from '../metrics-endpoint.js';
import type { ServiceProcess } from '../services.js';
import { stopOnSignal, stopWhileStarting } from '../stop-on-signal.js';

export function serveCommand(program: Command): void {
  const command = program.command('serve').description('run all services in one process');
  withFlags(command, serveKnobs.knobs).action(async (options: Record<string, unknown>) => {
    const started = performance.now();
    const isUp = stopWhileStarting();
    const config = loadConfig(serveKnobs, options);
    const [{ startTracing }, { startSingleServer }] = await Promise.all([
      import('@vectron/observability'),
      import('../single-server.js'),
    ]);
    const endTracing = await startTracing(tracingOf('server', config));
    const server = await startSingleServer(config);
    stopOnSignal(() => server.close().then(endTracing), server.onClientFault);
    isUp();
    if (server.firstRun && server.bootstrap) {
      const file = bootstrapFile(config.data);
      for (const line of firstRunLines(server.bootstrap, file, process.stdout.isTTY === true)) console.log(line);
    }
    console.log(`vectron is up after ${((performance.now() - started) / 1000).toFixed(1)} s, data in ${config.data}`);
    console.log(`  REST     ${server.httpUrl}/v1    reference ${server.httpUrl}/docs`);
    console.log(`  gRPC     ${server.grpcAddress}`);
    console.log(`  console  ${server.httpUrl}/console`);
    if (server.metricsUrl !== undefined) console.log(`  metrics  ${server.metricsUrl}`);
    if (server.bootstrap && !config.noSample) {
      const { showSample } = await import('../first-search.js');
      await showSample(server, server.bootstrap.apiKey, config);
    }
    console.log('ready; stop with Ctrl-C');
  });
}

/** The services, loaded by who starts one: the names and flags of all commands are shown without them. */
const processes = () => import('../services.js');

export function serviceCommands(program: Command): void {
  service(program, 'gateway', 'run a gateway: REST, gRPC, WebSocket and console', gatewayKnobs, async (...parts) =>
    (await processes()).gatewayProcess(...parts),
  );
  service(program, 'pd', 'run a placement driver', placementKnobs, async (config, link, metrics) =>
    (await processes()).placementProcess(config, link, metrics),
  );
  service(program, 'worker', 'run a worker', workerKnobs, async (config, link, metrics) =>
    (await processes()).workerProcess(config, link, metrics),
  );
  service(program, 'auth', 'run the auth service: users, keys and tokens', authKnobs, async (config, link, metrics) =>
    (await processes()).authProcess(config, link, metrics),
  );
  service(program, 'reranker', 'run a reranker', rerankerKnobs, async (config, link, metrics) =>
    (await processes()).rerankerProcess(config, link, metrics),
  );
}

type Loadable<C> = Parameters<typeof loadConfig>[0] & { load(...args: never[]): C };

function service<C>(
  program: Command,
  name: string,
  help: string,
  knobs: Loadable<C>,
  start: (config: C, link: ClusterLink, metrics: MetricsEndpoint, tracing: TracingOptions) => Promise<ServiceProcess>,
): void {
  const command = program.command(name).description(help);
  withFlags(command, { ...knobs.knobs, ...clusterKnobs.knobs }).action(async (options: Record<string, unknown>) => {
    const isUp = stopWhileStarting();
    const config = loadConfig(knobs, options) as C;
    const shared = loadConfig(clusterKnobs, options);
    const [{ startTracing }, { clusterLink }, { metricsEndpoint }] = await Promise.all([
      import('@vectron/observability'),
      import('../cluster-token.js'),
      import('../metrics-endpoint.js'),
    ]);
    const { data } = config as { data?: string };
    const link = await clusterLink(shared, data);
    const metrics = await metricsEndpoint(shared, data, link.tls);
    const tracing = tracingOf(name, shared);
    const endTracing = await startTracing(tracing);
    const running = await start(config, link, metrics, tracing);
    stopOnSignal(() => running.close().then(endTracing), running.onClientFault);
    isUp();
    console.log(`${name} ready ${JSON.stringify(running.lines)}`);
  });
}
