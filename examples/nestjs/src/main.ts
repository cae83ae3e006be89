import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import { type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';

const { HTTP_PORT = '3000', GRPC_ADDRESS = '127.0.0.1:3001' } = process.env;

const app = await NestFactory.create(AppModule, new FastifyAdapter());
app.connectMicroservice<MicroserviceOptions>({
  transport: Transport.GRPC,
  options: {
    package: 'library.v1',
    protoPath: fileURLToPath(new URL('../proto/library.proto', import.meta.url)),
    url: GRPC_ADDRESS,
  },
});
// At a signal the clients of Vectron are closed, too.
app.enableShutdownHooks();
await app.startAllMicroservices();
await app.listen(Number(HTTP_PORT), '127.0.0.1');
console.log(`REST on ${await app.getUrl()}, gRPC on ${GRPC_ADDRESS}`);
