import 'reflect-metadata';
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from '@vectron/engine';
import { type Backends, runGateway, type ThreadFacts } from '@vectron/gateway';
import { createLogger, createMetrics, type Metrics, startTracing, type TracingOptions } from '@vectron/observability';
import { localWorkerClient } from '@vectron/routing';
import { PortPeer } from '@vectron/rpc';
import type { ClusterLink } from '../cluster-token.js';
import { takeUnhandled } from '../last-resort.js';
import { gatewayBackends } from '../services.js';
import { backendsBehind } from './thread-backends.js';

/** How a gateway reaches what is behind it: within its process, or as `vectron gateway` does. */
type ThreadData = ThreadFacts & { readonly tracing: TracingOptions } & (
    | { readonly kind: 'serve'; readonly engine: number }
    | { readonly kind: 'gateway'; readonly link: ClusterLink }
  );

/** One of several gateways of a process: see GatewayThreads. */
export async function threadMain(): Promise<void> {
  if (parentPort === null) throw new Error('this is run in a thread of vectron serve or vectron gateway');
  const facts = workerData as ThreadData;
  const peer = new PortPeer(parentPort);
  const metrics = createMetrics({ ofProcess: false, thread: `gateway-${facts.number}` });
  takeUnhandled(
    (code) => metrics.clientFaults.inc({ code }),
    (error) => {
      peer.tell('threads.failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
      process.exit(1);
    },
  );
  const endTracing = await startTracing(facts.tracing);
  const name = facts.kind === 'serve' ? 'vectron' : 'gateway';
  const logger = createLogger(name, facts.config.logLevel);
  await runGateway(peer, facts, backendsOf(facts, peer, metrics), metrics, logger, endTracing);
  peer.tell('threads.ready');
}

function backendsOf(facts: ThreadData, peer: PortPeer, metrics: Metrics): Backends {
  if (facts.kind === 'gateway') return gatewayBackends(facts.config, facts.link, metrics).backends;
  return { ...backendsBehind(peer), workers: localWorkerClient(Engine.attach(facts.engine)) };
}
