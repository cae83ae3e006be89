import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { setting } from '@vectron/config';
import { EmbeddedMetaStore } from '@vectron/metastore';
import { type Logger, NestLogger } from '@vectron/observability';
import { type Def, GrpcServer, VectronExceptionFilter } from '@vectron/rpc';
import { requireClusterToken, requireLoopback } from './cluster-token.js';

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
  token: string,
  logger: Logger,
): Promise<RunningService> {
  requireLoopback(listen.host);
  const server = new GrpcServer({
    ...listen,
    services,
    authorize: requireClusterToken(token),
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

export function openMeta(data: string, name: string): EmbeddedMetaStore {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  return new EmbeddedMetaStore(join(data, `${name}.db`));
}
