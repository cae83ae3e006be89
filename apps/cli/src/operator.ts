import { VectronError } from '@vectron/errors';

export interface ShardSeen {
  readonly shardId: number;
  readonly collection: string;
  readonly epoch: number;
  readonly leader: number;
  readonly ready: boolean;
  readonly points: number;
  readonly memoryBytes: number;
  readonly replicas: { worker: number; role: string; learner: boolean }[];
  readonly healthyReplicas: number;
  readonly voters: number;
  readonly operation?: OperationSeen;
}
export interface OperationSeen {
  readonly id: string;
  readonly kind: string;
  readonly step: string;
  readonly shardId: number;
  readonly detail: string;
}
export interface WorkerSeen {
  readonly workerId: string;
  readonly number: number;
  readonly state: string;
  readonly stateChanges: { state: string; atMs: number; reason: string }[];
  readonly replicas: number;
  readonly leads: number;
}

const CALL_MS = 15_000;
/** Ends the wait for what never comes; how soon something should come is told by who waits. */
export const WAIT_MS = 600_000;

/** An operator's view of a cluster, through whichever gateway answers. */
export class Operator {
  constructor(
    private readonly urls: readonly string[],
    private readonly apiKey: string,
  ) {}

  async call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
    let failure: unknown;
    for (const url of this.urls) {
      let response: Response;
      try {
        response = await fetch(url + path, {
          method,
          headers: {
            authorization: `Bearer ${this.apiKey}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          body: body === undefined ? undefined : JSON.stringify(body),
          signal: AbortSignal.timeout(CALL_MS),
        });
      } catch (cause) {
        failure = new VectronError('UNAVAILABLE', `cannot reach ${url}`, { cause });
        continue;
      }
      const answer = (await response.json()) as { message?: string; details?: { reason?: string }[] };
      if (response.ok) return answer as T;
      throw VectronError.fromWire(answer.details?.[0]?.reason ?? 'INTERNAL', answer.message ?? '');
    }
    throw failure;
  }

  async shards(collection?: string): Promise<ShardSeen[]> {
    const { shards } = await this.call<{ shards: ShardSeen[] }>('GET', '/v1/admin/shards');
    return collection === undefined ? shards : shards.filter((shard) => shard.collection === collection);
  }

  async workers(): Promise<WorkerSeen[]> {
    return (await this.call<{ workers: WorkerSeen[] }>('GET', '/v1/admin/workers')).workers;
  }

  operations(): Promise<{ running: OperationSeen[]; ended: OperationSeen[] }> {
    return this.call('GET', '/v1/admin/operations');
  }

  status(): Promise<{ placementLeader: string; placementNodes: string[] }> {
    return this.call('GET', '/v1/admin/cluster');
  }
}

/**
 * Waits for `condition`; throws after ten minutes, naming what did not come about. Errors of the condition count as no.
 */
export async function until<T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + WAIT_MS;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const why = last === undefined ? '' : ` (${(last as Error).message})`;
      throw new VectronError('DEADLINE_EXCEEDED', `${what}: not within ${WAIT_MS / 1_000} s${why}`);
    }
    await sleep(50);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
