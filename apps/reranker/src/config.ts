import { type ConfigOf, defineKnobs, logLevelKnob, placementAddressKnob, setting } from '@vectron/config';

export const rerankerKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_RERANKER_LISTEN',
    flag: 'listen',
    schema: setting.internalAddress,
    default: '127.0.0.1:50051',
    help: 'HOST:PORT of the internal gRPC listener, loopback only; or unix:PATH',
  },
  placement: placementAddressKnob,
  cacheEntries: {
    env: 'VECTRON_RERANKER_CACHE',
    flag: 'cache-entries',
    schema: setting.integer(1, 1_000_000),
    default: '10000',
    help: 'maximum number of cached answers, 1 to 1000000',
  },
  cacheSeconds: {
    env: 'VECTRON_RERANKER_CACHE_SECONDS',
    flag: 'cache-seconds',
    schema: setting.integer(1, 86_400),
    default: '60',
    help: 'seconds for which an answer is cached, 1 to 86400',
  },
  logLevel: logLevelKnob,
});
export type RerankerConfig = ConfigOf<typeof rerankerKnobs.knobs>;
