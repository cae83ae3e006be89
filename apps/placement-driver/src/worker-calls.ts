import { VectronError } from '@vectron/errors';
import { worker } from '@vectron/proto';
import { type ClientOptions, callContext, createClient, type GrpcClient } from '@vectron/rpc';

const TRANSFER_MS = 5_000;
/** Writing out what a large shard has in memory takes a while. */
const SPLIT_MS = 120_000;

/** What the placement driver asks of workers. */
export interface WorkerCalls {
  transferLeader(address: string, shardId: number, replicaId: bigint): Promise<void>;
  /** Returns the log index of the split. */
  splitShard(address: string, request: worker.SplitShardRequest): Promise<bigint>;
  close(): void;
}

type WorkerApi = Pick<GrpcClient<typeof worker.WorkerServiceService>['api'], 'transferLeader' | 'splitShard'>;

/** Over gRPC, one connection a worker. */
export function remoteWorkerCalls(options: ClientOptions): WorkerCalls {
  const clients = new Map<string, GrpcClient<typeof worker.WorkerServiceService>>();
  const calls = callsOf((address) => {
    const known = clients.get(address) ?? createClient(worker.WorkerServiceService, address, options);
    clients.set(address, known);
    return known.api;
  });
  const close = () => {
    for (const client of clients.values()) client.close();
  };
  return { ...calls, close };
}

/** To the worker of this process, which is made after the placement driver. */
export function localWorkerCalls(find: () => WorkerApi | undefined): WorkerCalls {
  return callsOf(() => {
    const found = find();
    if (found === undefined) throw new VectronError('UNAVAILABLE', 'the worker of this process is not up yet');
    return found;
  });
}

function callsOf(find: (address: string) => WorkerApi): WorkerCalls {
  return {
    transferLeader: async (address, shardId, replicaId) => {
      await find(address).transferLeader({ shardId, replicaId }, callContext({ timeoutMs: TRANSFER_MS }));
    },
    splitShard: async (address, request) =>
      (await find(address).splitShard(request, callContext({ timeoutMs: SPLIT_MS }))).index,
    close: () => {},
  };
}
