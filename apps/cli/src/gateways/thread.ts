import 'reflect-metadata';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
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

/**
 * Keeps the connections that servers of this thread accept; what it returns closes them. A thread that ends while it reads HTTP/2 aborts the
 * whole process: JavaScript does not run any more, so that Node makes a stream without its reader, and asserts that there is one when
 * the stream's data comes (`onread->IsFunction()`).
 */
function acceptedConnections(): () => void {
  const open = new Set<Socket>();
  subscribe('net.server.socket', (message) => {
    const { socket } = message as { socket: Socket };
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return () => {
    for (const socket of open) socket.destroy();
  };
}

/** One of several gateways of a process: see GatewayThreads. */
export async function threadMain(): Promise<void> {
  if (parentPort === null) throw new Error('this is run in a thread of vectron serve or vectron gateway');
  const facts = workerData as ThreadData;
  const peer = new PortPeer(parentPort);
  const metrics = createMetrics({ ofProcess: false, thread: `gateway-${facts.number}` });
  const closeConnections = acceptedConnections();
  let fails = false;
  takeUnhandled(
    (code) => metrics.clientFaults.inc({ code }),
    (error) => {
      if (fails) return;
      fails = true;
      peer.tell('threads.failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
      closeConnections();
      // What was read already is gone through first: see acceptedConnections.
      setImmediate(() => process.exit(1));
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
