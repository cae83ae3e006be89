import { availableParallelism } from 'node:os';
import { type ConfigOf, defineKnobs, logLevelKnob, placementAddressKnob, setting } from '@vectron/config';
import { DEFAULT_REPLICATION } from '@vectron/engine';

const cores = availableParallelism();

export const workerKnobs = defineKnobs({
  listen: {
    env: 'VECTRON_WORKER_LISTEN',
    flag: 'listen',
    schema: setting.internalAddress,
    default: '127.0.0.1:6201',
    help: 'HOST:PORT of the internal gRPC listener, loopback only; or unix:PATH',
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
  raftListen: {
    env: 'VECTRON_RAFT_LISTEN',
    flag: 'raft-listen',
    schema: setting.listenAddress,
    default: '127.0.0.1:6301',
    help: 'HOST:PORT of the listener for other workers; beyond loopback only with the three TLS files',
  },
  raftAdvertise: {
    env: 'VECTRON_RAFT_ADVERTISE',
    flag: 'raft-advertise',
    schema: setting.optionalText,
    help: 'HOST:PORT at which other workers reach that listener; default: the address it listens on',
  },
  raftAuthority: {
    env: 'VECTRON_RAFT_TLS_CA',
    flag: 'raft-tls-ca',
    schema: setting.optionalText,
    help: "PEM file of the cluster's certificate authority: mutual TLS between workers",
  },
  raftCertificate: {
    env: 'VECTRON_RAFT_TLS_CERT',
    flag: 'raft-tls-cert',
    schema: setting.optionalText,
    help: "PEM file of this worker's certificate, for the name vectron-worker",
  },
  raftKey: {
    env: 'VECTRON_RAFT_TLS_KEY',
    flag: 'raft-tls-key',
    schema: setting.optionalText,
    help: "PEM file of the certificate's key",
  },
  searchOnly: {
    env: 'VECTRON_WORKER_SEARCH_ONLY',
    flag: 'search-only',
    schema: setting.flag,
    default: 'false',
    help: 'true: hold a replica without a vote of every shard, for reads of bounded staleness',
  },
  heartbeatMs: {
    env: 'VECTRON_RAFT_HEARTBEAT_MS',
    flag: 'raft-heartbeat-ms',
    schema: setting.integer(10, 10_000),
    default: String(DEFAULT_REPLICATION.heartbeatMs),
    help: 'milliseconds between heartbeats, 10 to 10000; less than a third of the election timeout',
  },
  electionMinMs: {
    env: 'VECTRON_RAFT_ELECTION_MIN_MS',
    flag: 'raft-election-min-ms',
    schema: setting.integer(50, 60_000),
    default: String(DEFAULT_REPLICATION.electionMinMs),
    help: 'least time without a leader before an election, 50 to 60000 milliseconds',
  },
  electionMaxMs: {
    env: 'VECTRON_RAFT_ELECTION_MAX_MS',
    flag: 'raft-election-max-ms',
    schema: setting.integer(100, 120_000),
    default: String(DEFAULT_REPLICATION.electionMaxMs),
    help: 'most time without a leader before an election, 100 to 120000 milliseconds; also the lease of a leader',
  },
  snapshotEntries: {
    env: 'VECTRON_RAFT_SNAPSHOT_ENTRIES',
    flag: 'raft-snapshot-entries',
    schema: setting.integer(10, 10_000_000),
    default: String(DEFAULT_REPLICATION.snapshotEntries),
    help: 'log entries of a shard after which its log is cut, 10 to 10000000',
  },
  snapshotBytes: {
    env: 'VECTRON_RAFT_SNAPSHOT_BYTES',
    flag: 'raft-snapshot-bytes',
    schema: setting.byteSize,
    default: '100MiB',
    help: 'log bytes of a shard after which its log is cut',
  },
  relaxedMs: {
    env: 'VECTRON_RELAXED_FSYNC_MS',
    flag: 'relaxed-fsync-ms',
    schema: setting.integer(1, 3_600_000),
    default: String(DEFAULT_REPLICATION.relaxedMs),
    help: 'how long writes of collections with relaxed durability may wait for their fsync, milliseconds',
  },
  lowWater: {
    env: 'VECTRON_DISK_LOW_WATER',
    flag: 'disk-low-water',
    schema: setting.byteSize,
    default: '1GiB',
    help: 'upserts are refused when less is free; on a disk of less than 20 times as much, a twentieth of it, at least 16 MiB',
  },
  scrubSeconds: {
    env: 'VECTRON_SCRUB_SECONDS',
    flag: 'scrub-seconds',
    schema: setting.integer(0, 31_536_000),
    default: String(DEFAULT_REPLICATION.scrubEveryS),
    help: "seconds between two comparisons of a shard's replicas; 0: never",
  },
  logLevel: logLevelKnob,
});
export type WorkerConfig = ConfigOf<typeof workerKnobs.knobs>;
