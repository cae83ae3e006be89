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
    help: 'directory for the metadata, and for the cluster token unless --cluster-token-file is set',
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
    help: 'seconds that a worker must be unhealthy before its replicas are rebuilt on other workers, 0 to 86400',
  },
  balance: {
    env: 'VECTRON_PD_BALANCE',
    flag: 'balance',
    schema: setting.flag,
    default: 'true',
    help: 'true: move replicas and leaders to balance the load, and split large shards; false: only replace replicas of lost and drained workers, and run requested moves and splits',
  },
  imbalancePercent: {
    env: 'VECTRON_PD_IMBALANCE_PERCENT',
    flag: 'imbalance-percent',
    schema: setting.integer(5, 500),
    default: '20',
    help: 'percentage by which the load of a worker may differ from the mean before replicas or leaders are moved, 5 to 500',
  },
  maxMoves: {
    env: 'VECTRON_PD_MAX_MOVES',
    flag: 'max-moves',
    schema: setting.integer(1, 1_000),
    default: '4',
    help: 'maximum number of concurrent moves and splits, 1 to 1000; each worker takes part in at most two',
  },
  splitBytes: {
    env: 'VECTRON_PD_SPLIT_BYTES',
    flag: 'split-bytes',
    schema: setting.byteSize,
    default: '4GiB',
    help: 'memory size of a replica above which its shard is split',
  },
  splitLoad: {
    env: 'VECTRON_PD_SPLIT_LOAD',
    flag: 'split-load',
    schema: setting.integer(0, 1_000_000_000),
    default: '0',
    help: 'searches and writes per second above which a shard is split; 0: never',
  },
  logLevel: logLevelKnob,
});
export type PlacementConfig = ConfigOf<typeof placementKnobs.knobs>;
