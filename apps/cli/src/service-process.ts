import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { ConfigOf, metaStoreKnobs, setting } from '@vectron/config';
import { toVectronError, VectronError } from '@vectron/errors';
import { EmbeddedMetaStore, EtcdMetaStore, type MetaStore } from '@vectron/metastore';
import { grpcSpan, type Logger, NestLogger, type ProcessMetrics, rpcMetrics } from '@vectron/observability';
import { type Def, GrpcServer, requireModernTls, VectronExceptionFilter } from '@vectron/rpc';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { type ClusterLink, requireClusterToken, requirePrivate } from './cluster-token.js';

const MAX_MESSAGE_BYTES = 64 << 20;

export interface RunningService {
  readonly address: string;
  get<T>(type: Type<T>): T;
  close(): Promise<void>;
}

/** Serves one module's controllers on an internal listener. */
export async function serveInternal(
  module: DynamicModule,
  services: Record<string, Def>,
  listen: setting.ListenAddress,
  link: ClusterLink,
  logger: Logger,
  metrics: ProcessMetrics,
): Promise<RunningService> {
  requirePrivate(listen.host, link);
  requireModernTls(false);
  const methods = Object.values(services).flatMap((def) => Object.values(def));
  const observe = rpcMetrics(metrics)(
    new Map(methods.map(({ path, requestStream, responseStream }) => [path, requestStream || responseStream])),
  );
  const server = new GrpcServer({
    ...listen,
    services,
    authorize: requireClusterToken(link.token),
    around: grpcSpan,
    observe,
    tls: listen.host.startsWith('unix:') ? undefined : link.tls,
    logger,
    maxMessageBytes: MAX_MESSAGE_BYTES,
  });
  const app: INestMicroservice = await NestFactory.createMicroservice(module, {
    strategy: server,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new VectronExceptionFilter());
  await app.listen();
  return { address: server.address, get: (type) => app.get(type), close: () => app.close() };
}

/** One module without a listener, for the single process. */
export async function contextOf(module: DynamicModule, logger: Logger) {
  return NestFactory.createApplicationContext(module, { logger: new NestLogger(logger), abortOnError: false });
}

/**
 * Does a part of a start again until what it needs answers: the processes of a cluster start in any order, on machines that
 * may be slow. `work` must be such that it can be repeated.
 */
export async function whenReachable<T>(logger: Logger, work: () => Promise<T>): Promise<T> {
  const persistent = retry(
    handleWhen((error) => toVectronError(error).spec.retryable),
    {
      maxAttempts: Number.MAX_SAFE_INTEGER,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
    },
  );
  persistent.onFailure(({ reason, handled }) => {
    if (handled) logger.warn({ err: reason }, 'the start waits for what does not answer yet');
  });
  return persistent.execute(work);
}

/** Throws FAILED_PRECONDITION where an embedded database has its data, and CONFLICT where a process has it open. */
export function openEmbedded(data: string, name: string): MetaStore {
  if (existsSync(join(data, 'catalog.db'))) {
    const message = `${data} holds an embedded database: a server needs a data directory of its own`;
    throw new VectronError('FAILED_PRECONDITION', message, { details: { field: 'data' } });
  }
  mkdirSync(data, { recursive: true, mode: 0o700 });
  return new EmbeddedMetaStore(join(data, `${name}.db`));
}

/** In etcd where that is named, else in a file of the data directory, which is for one process. */
export async function openMeta(
  config: ConfigOf<typeof metaStoreKnobs> & { data: string },
  name: string,
  logger: Logger,
): Promise<MetaStore> {
  if (config.etcd === undefined) return openEmbedded(config.data, name);
  const { etcdAuthority, etcdCertificate, etcdKey, etcdUser, etcdPasswordFile } = config;
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  const authority = file(etcdAuthority);
  const meta = new EtcdMetaStore({
    endpoints: config.etcd,
    prefix: config.etcdPrefix,
    tls: authority && { authority, certificate: file(etcdCertificate), key: file(etcdKey) },
    auth:
      etcdUser === undefined
        ? undefined
        : { username: etcdUser, password: file(etcdPasswordFile)?.toString('utf8').trim() ?? '' },
  });
  for (const version of await meta.unsoundVersions()) {
    logger.warn(
      { version },
      'this etcd may answer with stale reads (etcd issue 20418): use 3.4.42, 3.5.28, 3.6.9 or later',
    );
  }
  return meta;
}
