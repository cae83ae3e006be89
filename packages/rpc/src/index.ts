/** gRPC for Vectron: the only package that imports grpc-js. */
export { Metadata } from '@grpc/grpc-js';
export { callContext, type CallContext, bearerToken } from './call-context.js';
export { type Api, type Def, GrpcService, servesOf } from './service.js';
export { createClient, openDuplex, type ClientOptions, type Duplex, type GrpcClient } from './client.js';
export { GrpcServer, type GrpcServerOptions, type BidiCall, type RunningCall } from './server.js';
export { VectronExceptionFilter } from './exception-filter.js';
export { errorFromStatus, statusFromError } from './status.js';
