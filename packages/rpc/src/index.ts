/** gRPC for Vectron: the only package that imports grpc-js. */
export { Metadata } from '@grpc/grpc-js';
export { type ArrivalLimits, Arrivals, type Arriving, type PartOfLimit } from './arrivals.js';
export { bearerToken, type CallContext, callContext, type Work } from './call-context.js';
export { type ClientOptions, createClient, type Duplex, type GrpcClient, openDuplex } from './client.js';
export {
  addressMatcher,
  type Connected,
  type ConnectionLimits,
  Connections,
  type CutReason,
  plainAddress,
} from './connections.js';
export { VectronExceptionFilter } from './exception-filter.js';
export { createFailoverClient, type FailoverClient } from './failover.js';
export { MessageStream } from './message-stream.js';
export { type MetricsListener, type MetricsListenerOptions, serveMetrics } from './metrics-listener.js';
export { portApi, servePortApi } from './ports/port-api.js';
export { type Port, type PortMethod, PortPeer, type Remote, remoteObject } from './ports/port-peer.js';
export {
  type BidiCall,
  cannotListen,
  type GrpcHandler,
  type GrpcLimits,
  GrpcServer,
  type GrpcServerOptions,
  type HeldCall,
  type Peer,
} from './server.js';
export { type Api, type Def, GrpcService, servesOf } from './service.js';
export { type HandedConnection, SharedListener } from './shared-listener.js';
export { errorFromRpcStatus, errorFromStatus, rpcStatusOf, statusFromError } from './status.js';
export { abortSignalOf, anyOf, Stop, type StopSignal } from './stop.js';
export { CLUSTER_NAME, clusterTls, requireModernTls, type TlsFiles } from './tls.js';
export { type Encoding, Unpacking } from './unpacking.js';
