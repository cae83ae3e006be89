import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import { type Logger, type Metrics, NestLogger } from '@vectron/observability';
import { auth, gateway } from '@vectron/proto';
import { bearerToken, cannotListen, GrpcServer } from '@vectron/rpc';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Authenticator } from './access.js';
import { AlertService } from './alert.service.js';
import type { Backends } from './backends.js';
import type { GatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';
import { openGatewayDb } from './gateway-db.js';
import { fromFramework, sendError } from './http-error.filter.js';
import { RouteTable } from './routes.js';
import { SearchService } from './search.service.js';
import { serveSearchSocket } from './search-socket.js';
import { serveStaticPages } from './static-pages.js';

export interface RunningGateway {
  /** `http://host:port`. */
  readonly httpUrl: string;
  /** `host:port`. */
  readonly grpcAddress: string;
  close(): Promise<void>;
}

/** How long requests that are under way may take when the gateway stops. */
const CLOSE_MS = 5_000;

/** Calls that need no token. */
const OPEN_CALLS = new Set(['/vectron.auth.v1.AuthService/RegisterUser', '/vectron.auth.v1.AuthService/Login']);

/** Serves REST, WebSocket, console and gRPC until closed. */
export async function startGateway(
  config: GatewayConfig,
  backends: Backends,
  metrics: Metrics,
  logger: Logger,
): Promise<RunningGateway> {
  const db = await openGatewayDb(config.data);
  const adapter = new FastifyAdapter({
    bodyLimit: config.maxBody,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    requestIdHeader: 'x-request-id',
    genReqId: () => randomUUID(),
    frameworkErrors: (error: Error, _request: unknown, reply: FastifyReply) => sendError(reply, fromFramework(error)),
    requestTimeout: 60_000,
  });
  const module = GatewayModule.create(config, backends, db, metrics, logger);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  acceptJson(fastify);
  measureRequests(fastify, metrics);
  await serveStaticPages(fastify);

  const authenticator = app.get(Authenticator);
  const grpc = new GrpcServer({
    ...config.grpc,
    services: {
      'vectron.v1.VectronService': gateway.VectronServiceService,
      'vectron.auth.v1.AuthService': auth.AuthServiceService,
    },
    authorize: (path, metadata) => {
      if (OPEN_CALLS.has(path)) return undefined;
      const token =
        bearerToken(metadata.get('authorization')[0]?.toString()) ?? metadata.get('x-api-key')[0]?.toString();
      return authenticator.authenticate(token);
    },
    observe: (path, code, seconds) => {
      const operation = path.slice(path.lastIndexOf('/') + 1);
      metrics.requests.inc({ operation, code });
      metrics.requestSeconds.observe({ operation }, seconds);
    },
    maxMessageBytes: config.maxBody,
    closeMs: CLOSE_MS,
    logger,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: true });
  const sockets = serveSearchSocket(app.getHttpServer(), authenticator, app.get(SearchService), config.maxBody);
  await app.startAllMicroservices();
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    throw cannotListen(`${config.http.host}:${config.http.port}`, error);
  }
  for (const { host } of [config.http, config.grpc]) {
    if (!setting.isLoopback(host))
      logger.warn({ host }, 'listening beyond this machine without TLS: put a TLS proxy in front');
  }
  const alerts = app.get(AlertService);
  alerts.start();
  const routes = app.get(RouteTable);
  void routes.follow(logger);
  return {
    httpUrl: (await app.getUrl()).replace('[::1]', 'localhost'),
    grpcAddress: grpc.address,
    async close() {
      alerts.stop();
      routes.close();
      for (const socket of sockets.clients) socket.terminate();
      // Requests that are under way are answered; who does not take the answer is cut off.
      const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), CLOSE_MS);
      await app.close();
      clearTimeout(cut);
      await backends.workers.close();
      await db.destroy();
    },
  };
}

/** JSON only. Keys such as `__proto__` stay plain data here; the payload check refuses them by name. */
function acceptJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(['application/json', 'text/json'], { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch (cause) {
      done(
        new VectronError('INVALID_ARGUMENT', `the body is not JSON: ${(cause as Error).message}`, { cause }),
        undefined,
      );
    }
  });
}

function measureRequests(fastify: FastifyInstance, metrics: Metrics): void {
  fastify.addHook('onResponse', async (request, reply) => {
    const operation = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    metrics.requests.inc({ operation, code: reply.statusCode < 400 ? 'OK' : String(reply.statusCode) });
    metrics.requestSeconds.observe({ operation }, reply.elapsedTime / 1000);
  });
}
