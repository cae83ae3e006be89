import { type ConfigOf, defineKnobs, logLevelKnob, metaStoreKnobs, setting } from '@vectron/config';

export const placementKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_PD_LISTEN',
    flag: 'listen',
    schema: setting.internalAddress,
    default: '127.0.0.1:6001',
    help: 'HOST:PORT of the internal gRPC listener, loopback only; or unix:PATH',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'directory of the metadata, and of the cluster token unless that is named',
  },
  ...metaStoreKnobs,
  unhealthySeconds: {
    env: 'VECTRON_PD_UNHEALTHY_SECONDS',
    flag: 'unhealthy-seconds',
    schema: setting.integer(1, 3600),
    default: '15',
    help: 'seconds without a heartbeat after which a worker is unhealthy, 1 to 3600',
  },
  repairSeconds: {
    env: 'VECTRON_PD_REPAIR_SECONDS',
    flag: 'repair-seconds',
    schema: setting.integer(0, 86_400),
    default: '10',
    help: 'seconds that a worker is unhealthy before its replicas are made on others, 0 to 86400',
  },
  balance: {
    env: 'VECTRON_PD_BALANCE',
    flag: 'balance',
    schema: setting.flag,
    default: 'true',
    help: 'false: replicas, leads and shards are only moved or split for lost and drained workers, or when asked',
  },
  imbalancePercent: {
    env: 'VECTRON_PD_IMBALANCE_PERCENT',
    flag: 'imbalance-percent',
    schema: setting.integer(5, 500),
    default: '20',
    help: 'how far from the mean a worker may be before replicas or leads are moved, 5 to 500',
  },
  maxMoves: {
    env: 'VECTRON_PD_MAX_MOVES',
    flag: 'max-moves',
    schema: setting.integer(1, 1_000),
    default: '4',
    help: 'moves and splits at a time, 1 to 1000; a worker takes part in two at most',
  },
  splitBytes: {
    env: 'VECTRON_PD_SPLIT_BYTES',
    flag: 'split-bytes',
    schema: setting.byteSize,
    default: '4GiB',
    help: 'memory of a replica above which its shard is split',
  },
  splitLoad: {
    env: 'VECTRON_PD_SPLIT_LOAD',
    flag: 'split-load',
    schema: setting.integer(0, 1_000_000_000),
    default: '0',
    help: 'searches and writes a second above which a shard is split; 0: never',
  },
  logLevel: logLevelKnob,
});
export type PlacementConfig = ConfigOf<typeof placementKnobs.knobs>;
