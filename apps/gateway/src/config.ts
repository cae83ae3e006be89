import { type ConfigOf, defineKnobs, logLevelKnob, placementAddressKnob, setting } from '@vectron/config';

export const gatewayKnobs = defineKnobs({
  http: {
    env: 'VECTRON_HTTP',
    flag: 'http',
    schema: setting.listenAddress,
    default: '127.0.0.1:8080',
    help: 'HOST:PORT of REST, WebSocket and console',
  },
  grpc: {
    env: 'VECTRON_GRPC',
    flag: 'grpc',
    schema: setting.listenAddress,
    default: '127.0.0.1:8081',
    help: 'HOST:PORT of public gRPC',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'directory of feedback and alerts',
  },
  placement: placementAddressKnob,
  auth: {
    env: 'VECTRON_AUTH',
    flag: 'auth',
    schema: setting.addressList,
    default: '127.0.0.1:50052',
    help: 'HOST:PORT of the auth service; of several, with commas between them',
  },
  reranker: {
    env: 'VECTRON_RERANKER',
    flag: 'reranker',
    schema: setting.addressList,
    default: '127.0.0.1:50051',
    help: 'HOST:PORT of the reranker; of several, with commas between them',
  },
  searchTimeoutMs: {
    env: 'VECTRON_SEARCH_TIMEOUT_MS',
    flag: 'search-timeout-ms',
    schema: setting.integer(1, 600_000),
    default: '2000',
    help: 'budget of a search that names none, milliseconds, 1 to 600000',
  },
  writeTimeoutMs: {
    env: 'VECTRON_WRITE_TIMEOUT_MS',
    flag: 'write-timeout-ms',
    schema: setting.integer(1, 600_000),
    default: '30000',
    help: 'how long a write may wait for its shards, milliseconds, 1 to 600000',
  },
  rerankTimeoutMs: {
    env: 'VECTRON_RERANK_TIMEOUT_MS',
    flag: 'rerank-timeout-ms',
    schema: setting.integer(1, 60_000),
    default: '500',
    help: 'how long a search waits for the reranker before it answers in vector order, milliseconds, 1 to 60000',
  },
  maxBody: {
    env: 'VECTRON_MAX_BODY',
    flag: 'max-body',
    schema: setting.byteSize,
    default: '32MiB',
    help: 'largest request, on REST and on gRPC',
  },
  maxBatch: {
    env: 'VECTRON_MAX_BATCH',
    flag: 'max-batch',
    schema: setting.integer(1, 100_000),
    default: '10000',
    help: 'most points in one upsert, 1 to 100000',
  },
  logLevel: logLevelKnob,
});
export type GatewayConfig = ConfigOf<typeof gatewayKnobs.knobs>;
