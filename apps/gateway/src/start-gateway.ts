import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server as HttpServer } from 'node:http';
import type { Server as TlsServer } from 'node:tls';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import { checkAccess } from '@vectron/model';
import { grpcSpan, type Logger, type Metrics, NestLogger, requestMeter } from '@vectron/observability';
import { admin, auth, methodOf } from '@vectron/proto';
import { Arrivals, addressMatcher, cannotListen, GrpcServer, requireModernTls, servesOf } from '@vectron/rpc';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Redis } from 'ioredis';
import { AlertService } from './admin/alert.service.js';
import { type Backends, REDIS } from './backends.js';
import type { GatewayConfig } from './config.js';
import { QueryService } from './data/query.service.js';
import { SearchService } from './data/search.service.js';
import { SearchBatchService } from './data/search-batch.service.js';
import { Authenticator, type Principal } from './edge/access.js';
import { AuditLog } from './edge/audit.js';
import { targetOf } from './edge/audit-target.js';
import { clientAddresses } from './edge/client-address.js';
import { Edge } from './edge/edge.js';
import { checkRequest, publicMethod, requirePolicies } from './edge/policy.js';
import { forClients } from './edge/public-error.js';
import { GatewayModule } from './gateway.module.js';
import { openGatewayDb } from './gateway-db.js';
import { RouteTable } from './shards/routes.js';
import { AdminGrpcController } from './wire/grpc/admin.grpc.controller.js';
import { AuthGrpcController } from './wire/grpc/auth.grpc.controller.js';
import { CollectionGrpcController } from './wire/grpc/collection.grpc.controller.js';
import { VectronGrpcController } from './wire/grpc/vectron.grpc.controller.js';
import { vectronService } from './wire/grpc/vectron-service.js';
import { acceptBodies } from './wire/rest/bodies.js';
import { fastRoutes } from './wire/rest/fast-routes.js';
import { fetchInProcess } from './wire/rest/fetch-in-process.js';
import { guardConnections } from './wire/rest/http-connections.js';
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
  requirePolicies(Object.keys(SERVICES));
  const tls = tlsOf(config);
  const db = await openGatewayDb(config.data);
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
  const module = await GatewayModule.create(config, backends, db, metrics, logger);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const server = app.getHttpServer() as HttpServer;
  const arrivals = new Arrivals({ minBytesPerSecond: config.minBodyRate, maxBytes: config.maxReceiving });
  const connectionLimits = {
    maxConnections: config.maxConnections,
    maxPerAddress: config.maxConnectionsPerAddress,
    isProxy: addressMatcher(config.trustedProxies ?? []),
  };
  const endWatch = guardConnections(server, connectionLimits, (reason) =>
    metrics.connectionsCut.inc({ listener: 'http', reason }),
  );
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const edge = app.get(Edge);
  const measure = requestMeter(metrics);
  await acceptBodies(fastify);
  traceRequests(fastify);
  allowOrigins(fastify, config.origins ?? []);
  guardRequests(fastify, edge, arrivals, measure, logger);
  await serveStaticPages(fastify, tls !== undefined);
  transcode(fastify, Object.keys(SERVICES), servedBy(app), config.maxBody);

  const authenticator = app.get(Authenticator);
  const addressOf = clientAddresses(config.trustedProxies ?? []);
  const grpc = new GrpcServer({
    ...config.grpc,
    services: SERVICES,
    authorize: (path, headers, { address }) =>
      authorizeCall(edge, path, tokenOf(headers), connectionLimits.isProxy(address) ? '' : address),
    maxBytesOf: (path) => methodOf(path)?.maxBody,
    limits: {
      ...connectionLimits,
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
    shed: (path, headers) => {
      const method = methodOf(path);
      return method && edge.shed(method, tokenOf(headers));
    },
    around: grpcSpan,
    clientOf: (connection, metadata) => addressOf(connection, metadata.get('x-forwarded-for').join(', ')),
    requestIds: true,
    shown: forClients,
    observe: (path, code, seconds, context) => {
      const method = publicMethod(path);
      measure(method.name, code, seconds);
      const principal = context.principal as Principal | undefined;
      const { peer: address, requestId, request } = context;
      const target = () => targetOf(method, request?.());
      edge.leave(method, code, { principal, address, target, requestId });
    },
    tls: tls && { certificate: tls.certificate, key: tls.key },
    maxMessageBytes: config.maxBody,
    closeMs: CLOSE_MS,
    logger,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: true });
  const sockets = serveSearchSocket(server, edge, app.get(SearchService), {
    maxBytes: config.maxBody,
    maxSearches: config.maxSocketSearches,
    origins: config.origins ?? [],
    isProxy: connectionLimits.isProxy,
  });
  await app.startAllMicroservices();
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    throw cannotListen(`${config.http.host}:${config.http.port}`, error);
  }
  const endReload = tls && reloadCertificate(server as unknown as TlsServer, tls, logger);
  const alerts = app.get(AlertService);
  alerts.start();
  const routes = app.get(RouteTable);
  void routes.follow(logger);
  void authenticator.follow(logger);
  return {
    httpUrl: (await app.getUrl()).replace('[::1]', 'localhost'),
    grpcAddress: grpc.address,
    fetch: (request) => fetchInProcess(fastify, request),
    async close() {
      endReload?.();
      endWatch();
      alerts.stop();
      routes.close();
      authenticator.close();
      for (const socket of sockets.clients) socket.terminate();
      // Requests that are under way are answered; who does not take the answer is cut off.
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      await app.close();
      clearTimeout(cut);
      await app.get(AuditLog).close();
      app.get<Redis | undefined>(REDIS)?.disconnect();
      await backends.workers.close();
      await db.destroy();
    },
  };
}

/** Both files or none. Beyond this machine, TLS is a must unless the operator has said that a proxy has it. */
function tlsOf(config: GatewayConfig): { certificate: string; key: string } | undefined {
  const { tlsCertificate: certificate, tlsKey: key, tlsOld, insecure } = config;
  if ((certificate === undefined) !== (key === undefined)) {
    throw VectronError.invalid('tls', 'TLS needs both of --tls-cert and --tls-key');
  }
  requireModernTls(tlsOld);
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  for (const { host } of [config.http, config.grpc]) {
    if (insecure || setting.isLoopback(host)) continue;
    throw VectronError.invalid(
      'listen',
      `a listener on ${host} would be open to others without encryption: give --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure-listen true when a proxy in front of it has TLS`,
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

/** The method of a gRPC controller for each path, and what REST does faster for the answers that cost most. */
function servedBy(app: NestFastifyApplication): (path: string) => Served {
  const served = new Map<string, Served>();
  for (const type of [VectronGrpcController, CollectionGrpcController, AuthGrpcController, AdminGrpcController]) {
    const controller = app.get(type) as unknown as Record<string, Call>;
    for (const [name, { path }] of Object.entries(servesOf(type) ?? {})) {
      served.set(path, { call: (request, context) => controller[name](request, context) });
    }
  }
  const fast = fastRoutes(app.get(SearchService), app.get(SearchBatchService), app.get(QueryService));
  for (const [path, own] of fast) served.set(path, own);
  return (path) => {
    const own = served.get(path);
    if (own === undefined) throw new Error(`no controller serves ${path}`);
    return own;
  };
}
