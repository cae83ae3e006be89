import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import { checkAccess } from '@vectron/model';
import { grpcSpan, type Logger, type Metrics, NestLogger, requestMeter } from '@vectron/observability';
import { admin, auth, methodOf } from '@vectron/proto';
import {
  Arrivals,
  addressMatcher,
  cannotListen,
  type GrpcHandler,
  GrpcServer,
  requireModernTls,
  servesOf,
} from '@vectron/rpc';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Backends } from './backends.js';
import type { GatewayConfig } from './config.js';
import { QueryService } from './data/query.service.js';
import { SearchService } from './data/search.service.js';
import { SearchBatchService } from './data/search-batch.service.js';
import { UpsertStreamService } from './data/upsert-stream.service.js';
import { Authenticator, type Principal } from './edge/access.js';
import { targetOf } from './edge/audit-target.js';
import { clientAddresses } from './edge/client-address.js';
import { Edge } from './edge/edge.js';
import { checkRequest, publicMethod, requirePolicies } from './edge/policy.js';
import { forClients } from './edge/public-error.js';
import { RequestLog } from './edge/request-log.js';
import { GatewayModule, type GatewayParts } from './gateway.module.js';
import { openParts } from './shared/parts.js';
import { AdminGrpcController } from './wire/grpc/admin.grpc.controller.js';
import { AuthGrpcController } from './wire/grpc/auth.grpc.controller.js';
import { CollectionGrpcController } from './wire/grpc/collection.grpc.controller.js';
import { VectronGrpcController } from './wire/grpc/vectron.grpc.controller.js';
import { vectronService } from './wire/grpc/vectron-service.js';
import { acceptBodies } from './wire/rest/bodies.js';
import { fastRoutes } from './wire/rest/fast-routes.js';
import { fetchInProcess } from './wire/rest/fetch-in-process.js';
import { drainRequests, guardConnections } from './wire/rest/http-connections.js';
import { allowOrigins, guardRequests, reloadCertificate, traceRequests } from './wire/rest/http-edge.js';
import { fromFramework, sendError } from './wire/rest/http-error.filter.js';
import { serveSearchSocket } from './wire/rest/search-socket.js';
import { serveStaticPages } from './wire/rest/static-pages.js';
import { tokenOf } from './wire/rest/tokens.js';
import { type Call, type Served, transcode } from './wire/rest/transcoder.js';
import { refuseUnread } from './wire/rest/unread-requests.js';

export interface RunningGateway {
  /** `http://host:port`. */
  readonly httpUrl: string;
  /** `host:port`. */
  readonly grpcAddress: string;
  /** Answers a request of this process as the REST listener does, over no socket. */
  fetch(request: Request): Promise<Response>;
  /** The metrics of all gateways of this process, in the text format of Prometheus. */
  scrape(): Promise<string>;
  close(): Promise<void>;
}

/** How long requests that are under way may take when the gateway stops. */
const CLOSE_MS = 5_000;

/** What the public listeners serve; the protos declare who may call each method. */
const SERVICES = {
  'vectron.v1.VectronService': vectronService,
  'vectron.auth.v1.AuthService': auth.AuthServiceService,
  'vectron.admin.v1.AdminService': admin.AdminServiceService,
};
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** Who takes longer over the head or the whole of a request is cut off, within a second. */
const SLOW_CLIENTS = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
/** Clients of gRPC are asked for a sign of life so often, and have as long to give it. */
const PING_MS = 15_000;
const NO_BODY = 1 << 10;
/** As long as the protos let a snapshot be, which names a view of each shard; an id that is percent-encoded is shorter. */
const MAX_PARAMETER = 8_192;

/** Requests are checked and answers written by the contract: Fastify's compilers of JSON schemas are never used, nor loaded. */
const NO_SCHEMAS = { buildValidator: noSchema, buildSerializer: noSchema };

function noSchema(): never {
  throw new Error('routes of the gateway have no schema of Fastify');
}

/** Serves REST, WebSocket, console and gRPC until closed. */
export async function startGateway(
  config: GatewayConfig,
  backends: Backends,
  metrics: Metrics,
  logger: Logger,
): Promise<RunningGateway> {
  const shared = await openParts(config, backends, metrics, logger);
  const { routes, redis, impressions } = shared;
  const gateway = await serveGateway(config, backends, metrics, logger, {
    ...{ shared, routes, redis, impressions },
    among: 1,
  });
  shared.start();
  return {
    ...gateway,
    async close() {
      shared.stop();
      await gateway.close();
      await shared.close();
    },
  };
}

/** What public listeners let in. */
export type PublicListener = 'http' | 'grpc';

/** For a gateway that gets its connections from another thread, which listens for several of them. */
export interface HandedOn {
  /** Tells that thread of an address whose connection was ended for what it did. */
  flooded(listener: PublicListener, address: string): void;
}

export interface ServedGateway extends RunningGateway {
  /** Serves a connection that was let in elsewhere. */
  accept(listener: PublicListener, socket: Socket): void;
}

/** How many connections the public listeners let in, and from whom. */
export const connectionLimitsOf = (config: GatewayConfig) => ({
  maxConnections: config.maxConnections,
  maxPerAddress: config.maxConnectionsPerAddress,
  isProxy: addressMatcher(config.trustedProxies ?? []),
});

/** One gateway on parts that exist: listens, or with `handed` serves what it is handed, until closed. */
export async function serveGateway(
  config: GatewayConfig,
  backends: Backends,
  metrics: Metrics,
  logger: Logger,
  parts: GatewayParts,
  handed?: HandedOn,
): Promise<ServedGateway> {
  requirePolicies(Object.keys(SERVICES));
  const tls = tlsOf(config);
  const adapter = new FastifyAdapter({
    ...(tls
      ? { https: { ...SLOW_CLIENTS, cert: readFileSync(tls.certificate), key: readFileSync(tls.key) } }
      : { http: SLOW_CLIENTS }),
    // Of routes that say nothing of it themselves, which take none.
    bodyLimit: NO_BODY,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    trustProxy: config.trustedProxies ?? false,
    clientErrorHandler: refuseUnread,
    frameworkErrors: (error: Error, _request: unknown, reply: FastifyReply) => sendError(reply, fromFramework(error)),
    requestTimeout: REQUEST_MS,
    schemaController: { compilersFactory: NO_SCHEMAS },
  } as never);
  const module = GatewayModule.create(config, backends, metrics, logger, parts);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const server = app.getHttpServer() as HttpServer;
  const arrivals = new Arrivals({
    minBytesPerSecond: config.minBodyRate,
    maxBytes: config.maxReceiving,
    part: parts.partOf?.('receiving'),
  });
  const { isProxy } = connectionLimitsOf(config);
  // Those that are handed on are counted where they are let in.
  const limitsOf = (listener: PublicListener) =>
    handed === undefined
      ? connectionLimitsOf(config)
      : {
          maxConnections: 0,
          maxPerAddress: 0,
          isProxy,
          flooded: (address: string) => handed.flooded(listener, address),
        };
  const endWatch = guardConnections(server, limitsOf('http'), (reason) =>
    metrics.connectionsCut.inc({ listener: 'http', reason }),
  );
  const drain = handed && drainRequests(server);
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const edge = app.get(Edge);
  const measure = requestMeter(metrics);
  const requests = new RequestLog(logger, config, parts.shared.slow);
  const watched = { measure, requests, logger };
  await acceptBodies(fastify);
  traceRequests(fastify);
  allowOrigins(fastify, config.origins ?? []);
  guardRequests(fastify, edge, arrivals, watched);
  await serveStaticPages(fastify, tls !== undefined);
  const methods = methodsOf(app);
  transcode(fastify, Object.keys(SERVICES), servedBy(app, methods), config.maxBody);

  const authenticator = app.get(Authenticator);
  const addressOf = clientAddresses(config.trustedProxies ?? []);
  const grpc = new GrpcServer({
    ...config.grpc,
    handed: handed !== undefined,
    services: SERVICES,
    handlerOf: (path) => known(methods, path),
    authorize: (path, headers, { address }) =>
      authorizeCall(edge, path, tokenOf(headers), isProxy(address) ? '' : address),
    maxBytesOf: (path) => methodOf(path)?.maxBody,
    limits: {
      ...limitsOf('grpc'),
      maxCalls: config.maxCallsPerConnection,
      idleMs: config.idleSeconds * 1_000,
      pingMs: PING_MS,
    },
    arrivals,
    ownerOf: (principal) => (principal as Principal).tenantId,
    onCut: (reason) => metrics.connectionsCut.inc({ listener: 'grpc', reason }),
    admit: (path, principal, waiting) =>
      principal === undefined ? () => {} : edge.admit(publicMethod(path), principal as Principal, waiting),
    // What a read asks tells which lane is its own.
    decodesFirst: (path) => methodOf(path)?.admission === 'read',
    hold: (path, principal) => {
      // Writes that have begun are finished: see whileAllowed.
      const admission = methodOf(path)?.admission;
      if (principal === undefined || admission === 'write' || admission === 'manage') return undefined;
      return edge.hold(principal as Principal);
    },
    check: (path, request, principal) => checkRequest(publicMethod(path), request, principal as Principal | undefined),
    shed: (path, headers, timeoutMs) => {
      const method = methodOf(path);
      return method && edge.shed(method, tokenOf(headers), timeoutMs);
    },
    receiving: (path, principal) =>
      principal === undefined ? undefined : edge.receive(publicMethod(path), principal as Principal),
    around: grpcSpan,
    clientOf: (connection, metadata) => addressOf(connection, metadata.get('x-forwarded-for').join(', ')),
    requestIds: true,
    shown: forClients,
    observe: (path, code, seconds, context) => {
      const method = publicMethod(path);
      measure(method.name, code, seconds);
      const principal = context.principal as Principal | undefined;
      const { requestId, work } = context;
      const address = () => context.peer;
      const request = () => context.request?.();
      const target = () => targetOf(method, request());
      edge.leave(method, code, { principal, address, target, requestId });
      if (!requests.wants(code, seconds)) return;
      const known = { method, operation: method.name, code, seconds, requestId, principal, work, address, request };
      requests.ended({ wire: 'grpc', ...known });
    },
    tls: tls && { certificate: tls.certificate, key: tls.key },
    maxMessageBytes: config.maxBody,
    closeMs: CLOSE_MS,
    logger,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: true });
  const sockets = serveSearchSocket(server, edge, app.get(SearchService), watched, {
    maxBytes: config.maxBody,
    maxSearches: config.maxSocketSearches,
    origins: config.origins ?? [],
    isProxy,
  });
  await app.startAllMicroservices();
  const { host, port } = config.http;
  if (handed === undefined) {
    await app.listen(port, host).catch((error: unknown) => {
      throw cannotListen(`${host}:${port}`, error);
    });
  } else {
    await app.init();
    await fastify.ready();
    // Node watches the connections of a server for slow clients from this event on.
    server.emit('listening');
  }
  const endReload = tls && reloadCertificate(server as unknown as TlsServer, tls, logger);
  void parts.routes.follow(logger);
  void authenticator.follow(logger);
  return {
    httpUrl: handed === undefined ? (await app.getUrl()).replace('[::1]', 'localhost') : '',
    grpcAddress: grpc.address,
    fetch: (request) => fetchInProcess(fastify, request),
    scrape: () => parts.shared.system.scrape(),
    accept: (listener, socket) => {
      if (listener === 'grpc') grpc.accept(socket);
      else server.emit('connection', socket);
    },
    async close() {
      endReload?.();
      endWatch();
      authenticator.close();
      for (const socket of sockets.clients) socket.terminate();
      app.get(UpsertStreamService).stop();
      // Requests that are under way are answered; who does not take the answer is cut off.
      let cut: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        cut = setTimeout(() => {
          server.closeAllConnections();
          resolve();
        }, CLOSE_MS);
      });
      const closeRest = async () => {
        if (drain !== undefined) await Promise.race([drain(), late]);
        await app.close();
      };
      // Side by side: Nest would begin to close the gRPC server when REST has ended, and both may take as long as they may.
      await Promise.all([closeRest(), grpc.close()]);
      clearTimeout(cut);
      requests.close();
      await backends.workers.close();
    },
  };
}

/** Both files or none. Beyond this machine, TLS is a must unless the operator has said that a proxy has it. */
export function tlsOf(config: GatewayConfig): { certificate: string; key: string } | undefined {
  const { tlsCertificate: certificate, tlsKey: key, tlsOld, insecure } = config;
  if ((certificate === undefined) !== (key === undefined)) {
    throw VectronError.invalid('tls', 'TLS requires both --tls-cert and --tls-key');
  }
  requireModernTls(tlsOld);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  for (const { host } of [config.http, config.grpc]) {
    if (insecure || setting.isLoopback(host)) continue;
    throw VectronError.invalid(
      'listen',
      `a listener on ${host} would accept unencrypted connections of other machines: set --tls-cert and --tls-key, listen on 127.0.0.1, or set --insecure-listen true if a proxy in front of it terminates TLS`,
    );
  }
  return undefined;
}

/** Reflection is no method of the contract: any valid token may use it. */
function authorizeCall(
  edge: Edge,
  path: string,
  token: string | undefined,
  address: string,
): Promise<Principal> | Principal | undefined {
  const method = methodOf(path);
  if (method?.access === 'public') return undefined;
  const entered = edge.enter(token, address);
  const allowed = (principal: Principal) => {
    if (method !== undefined) checkAccess(method, principal);
    return principal;
  };
  return entered instanceof Promise ? entered.then(allowed) : allowed(entered);
}

/** The methods of the controllers by their paths, which both wires call directly: nothing of Nest's is around them (ADR 51). */
function methodsOf(app: NestFastifyApplication): Map<string, GrpcHandler> {
  const methods = new Map<string, GrpcHandler>();
  for (const type of [VectronGrpcController, CollectionGrpcController, AuthGrpcController, AdminGrpcController]) {
    const controller = app.get(type) as unknown as Record<string, GrpcHandler>;
    for (const [name, { path }] of Object.entries(servesOf(type) ?? {})) {
      methods.set(path, (request, context) => controller[name](request, context));
    }
  }
  return methods;
}

function known<T>(methods: ReadonlyMap<string, T>, path: string): T {
  const own = methods.get(path);
  if (own === undefined) throw new Error(`no controller serves ${path}`);
  return own;
}

/** The methods as REST serves them: some in a faster way, where answers cost most. */
function servedBy(app: NestFastifyApplication, methods: ReadonlyMap<string, GrpcHandler>): (path: string) => Served {
  const served = new Map<string, Served>();
  for (const [path, call] of methods) served.set(path, { call: call as Call });
  const fast = fastRoutes(app.get(SearchService), app.get(SearchBatchService), app.get(QueryService));
  for (const [path, own] of fast) served.set(path, own);
  return (path) => known(served, path);
}
