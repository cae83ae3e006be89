import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type Logger, type Metrics, snapshotOf } from '@vectron/observability';
import type { PortPeer } from '@vectron/rpc';
import type { Backends } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import { ImpressionLog } from '../data/impression-log.js';
import { SharedWriteMarks } from '../data/write-marks.js';
import { RouteTable } from '../shards/routes.js';
import { redisOf } from '../shared/parts.js';
import { type RemoteFacts, remoteParts } from '../shared/remote-parts.js';
import { SharedUse } from '../shared/shared-use.js';
import { type PublicListener, serveGateway } from '../start-gateway.js';

/** What a thread is given to run one of several gateways. */
export interface ThreadFacts extends RemoteFacts {
  /** From 1 on. */
  readonly number: number;
  readonly among: number;
  readonly config: GatewayConfig;
  /** Of SharedWriteMarks. */
  readonly writes: SharedArrayBuffer;
  /** Of SharedUse. */
  readonly use: SharedArrayBuffer;
}

/** A request and an answer of the Fetch API, as they travel between threads. */
export interface WireRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | undefined;
}
export interface WireResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/**
 * Runs one of several gateways in this thread, for the thread at the other end of `peer`: see GatewayThreads. `ended` is called when it
 * is closed.
 */
export async function runGateway(
  peer: PortPeer,
  { number, among, config, writes, use, ...facts }: ThreadFacts,
  backends: Backends,
  metrics: Metrics,
  logger: Logger,
  ended: () => Promise<void>,
): Promise<void> {
  const own = logger.child({ gateway: number });
  const impressions = new ImpressionLog(among);
  const routes = new RouteTable(backends);
  const redis = await redisOf(config);
  const shared = remoteParts(peer, new SharedWriteMarks(writes), facts);
  const uses = new SharedUse(use, among);
  const gateway = await serveGateway(
    config,
    backends,
    metrics,
    own,
    { shared, routes, redis, impressions, among, partOf: (kind) => uses.part(kind, number) },
    { flooded: (listener, address) => peer.tell('threads.flooded', listener, address) },
  );
  peer.serve('gateway', {
    accept([listener, id, fd]) {
      // Told before the descriptor is taken: one that was taken and is given back would be closed twice.
      peer.tell('threads.taken', id);
      // As Node's own servers make them.
      const allowHalfOpen = listener === 'http' && config.tlsCertificate === undefined;
      let socket: Socket;
      try {
        socket = new Socket({ fd: fd as number, readable: true, writable: true, allowHalfOpen });
      } catch (error) {
        own.error({ err: error }, 'a connection could not be taken over');
        closeSync(fd as number);
        peer.tell('threads.ended', id);
        return;
      }
      socket.once('close', () => peer.tell('threads.ended', id));
      socket.setNoDelay(true);
      gateway.accept(listener as PublicListener, socket);
    },
    beat: () => undefined,
    metrics: () => snapshotOf(metrics),
    impression: ([tenantId, queryId]) => impressions.get(tenantId as string, queryId as string),
    fetch: async ([request]) => {
      const { url, body, headers, method } = request as WireRequest;
      const answer = await gateway.fetch(
        new Request(url, { method, headers: headers.map(([name, value]) => [name, value]), body: body as never }),
      );
      const response: WireResponse = {
        status: answer.status,
        headers: [...answer.headers],
        body: new Uint8Array(await answer.arrayBuffer()),
      };
      return response;
    },
    async settle() {
      // What was heard before this is acted on by then.
      await setImmediate();
      await routes.settled();
    },
    async close() {
      routes.close();
      await gateway.close();
      redis?.disconnect();
      await ended();
    },
  });
}
