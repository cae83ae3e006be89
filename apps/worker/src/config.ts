import { availableParallelism } from 'node:os';
import { type ConfigOf, defineKnobs, logLevelKnob, placementAddressKnob, setting } from '@vectron/config';

const cores = availableParallelism();

export const workerKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_WORKER_LISTEN',
    flag: 'listen',
    schema: setting.listenAddress,
    default: '127.0.0.1:6201',
    help: 'HOST:PORT of the internal gRPC listener; loopback only',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'directory of the shards',
  },
  placement: placementAddressKnob,
  threads: {
    env: 'VECTRON_ENGINE_THREADS',
    flag: 'threads',
    schema: setting.integer(1, 1024),
    default: String(cores),
    help: 'threads that answer queries and apply writes, 1 to 1024; default: one a core',
  },
  indexThreads: {
    env: 'VECTRON_ENGINE_INDEX_THREADS',
    flag: 'index-threads',
    schema: setting.integer(1, 1024),
    default: String(Math.max(1, cores >> 1)),
    help: 'threads that build graphs, 1 to 1024; default: half the cores',
  },
  maxWaiting: {
    env: 'VECTRON_ENGINE_MAX_WAITING',
    flag: 'max-waiting',
    schema: setting.integer(1, 1_000_000),
    default: '10000',
    help: 'operations that may wait for a thread, 1 to 1000000; more are refused with OVERLOADED',
  },
  cache: {
    env: 'VECTRON_ENGINE_CACHE',
    flag: 'cache',
    schema: setting.byteSize,
    default: '256MiB',
    help: 'RocksDB block cache of the worker',
  },
  writeBuffer: {
    env: 'VECTRON_ENGINE_WRITE_BUFFER',
    flag: 'write-buffer',
    schema: setting.byteSize,
    default: '128MiB',
    help: 'RocksDB memtables of all shards together',
  },
  logLevel: logLevelKnob,
});
export type WorkerConfig = ConfigOf<typeof workerKnobs.knobs>;
