import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { setting } from '@vectron/config';
import { Engine, type ReplicationOptions } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import type { TlsFiles } from '@vectron/rpc';
import { ClusterMember, type PlacementLink } from './cluster-member.js';
import type { WorkerConfig } from './config.js';
import { ShardService } from './shard-service.js';
import { WorkerController } from './worker.controller.js';

/** What workers of a cluster show each other. */
export interface WorkerLink {
  readonly token: string;
  readonly tls?: TlsFiles;
}

/** Mutual TLS, or a secret on a listener that only this machine reaches: never neither. */
function raftListener(config: WorkerConfig, link: WorkerLink): NonNullable<ReplicationOptions['raft']> {
  const { host, port } = config.raftListen;
  const own = { authority: config.raftAuthority, certificate: config.raftCertificate, key: config.raftKey };
  // One set of files is enough: those of the services serve here too.
  const given = Object.values(own).some((file) => file !== undefined);
  const { authority, certificate, key } = given ? own : { ...own, ...link.tls };
  const files = [authority, certificate, key].filter((file) => file !== undefined).length;
  if (files !== 0 && files !== 3) {
    throw VectronError.invalid('raft-tls', 'mutual TLS requires --raft-tls-ca, --raft-tls-cert and --raft-tls-key');
  }
  if (files === 0 && !setting.isLoopback(host)) {
    throw VectronError.invalid(
      'raft-listen',
      `a listener for other workers on ${host} requires mutual TLS: set --raft-tls-ca, --raft-tls-cert and --raft-tls-key`,
    );
  }
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { address, secret: link.token, authority, certificate, key };
}

@Module({})
export class WorkerModule {
  /**
   * Opens the engine in `<data>/worker` with the shards it held before. `link`: what the workers of the cluster have
   * in common; without it, there are no others.
   */
  static async create(
    config: WorkerConfig,
    pd: PlacementLink,
    logger: Logger,
    link?: WorkerLink,
  ): Promise<DynamicModule> {
    const dir = join(config.data, 'worker');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const engine = await Engine.open(dir, {
      threads: config.threads,
      indexThreads: config.indexThreads,
      maxWaiting: config.maxWaiting,
      cacheBytes: config.cache,
      writeBufferBytes: config.writeBuffer,
      heartbeatMs: config.heartbeatMs,
      electionMinMs: config.electionMinMs,
      electionMaxMs: config.electionMaxMs,
      snapshotEntries: config.snapshotEntries,
      snapshotBytes: config.snapshotBytes,
      logKeepBytes: config.logKeepBytes,
      relaxedMs: config.relaxedMs,
      lowWaterBytes: config.lowWater,
      scrubEveryS: config.scrubSeconds,
      raft: link === undefined ? undefined : raftListener(config, link),
    });
    const shards = new ShardService(engine);
    const advertised = config.raftAdvertise ?? engine.raftAddress;
    const member = new ClusterMember({
      dir,
      shards,
      pd,
      logger,
      place: { rack: config.rack, zone: config.zone, region: config.region },
      raftAddress: advertised,
      searchOnly: config.searchOnly,
    });
    await member.openKnown();
    return {
      module: WorkerModule,
      controllers: [WorkerController],
      providers: [
        { provide: ShardService, useValue: shards },
        { provide: ClusterMember, useValue: member },
      ],
    };
  }
}
