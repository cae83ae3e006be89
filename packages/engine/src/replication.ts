/** Settings of replication. Apart from the engine, so that who reads settings does not load the addon. */
import type * as native from '../native/index.js';

/** How the replicas of different workers keep together; every value has a default. */
export interface ReplicationOptions {
  /** Milliseconds between heartbeats, 10 to 10,000. */
  readonly heartbeatMs: number;
  /** A follower that hears nothing stands for election after a time between these, at random. */
  readonly electionMinMs: number;
  readonly electionMaxMs: number;
  /** Log entries, or bytes, of a shard after which its store is made durable and its log cut. */
  readonly snapshotEntries: number;
  readonly snapshotBytes: number;
  /** Bytes of a shard's log that stay behind what was made durable, for followers and for readers of changes. */
  readonly logKeepBytes: number;
  /** How long a write of a relaxed collection may wait for its fsync. */
  readonly relaxedMs: number;
  /** Most bytes of free disk that are kept for what must go on; a twentieth of a smaller disk. */
  readonly lowWaterBytes: number;
  /** Seconds between two comparisons of a shard's replicas, 0: never. */
  readonly scrubEveryS: number;
  /** The listener for other workers. */
  readonly raft?: native.RaftOptions;
}

export const DEFAULT_REPLICATION: ReplicationOptions = {
  heartbeatMs: 100,
  electionMinMs: 1_000,
  electionMaxMs: 2_000,
  snapshotEntries: 10_000,
  snapshotBytes: 32 << 20,
  logKeepBytes: 8 << 20,
  relaxedMs: 1_000,
  lowWaterBytes: 1 << 30,
  scrubEveryS: 3_600,
};
