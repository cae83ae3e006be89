import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { type AskShard, Route, type ShardOutcome } from '@vectron/model';
import { createMetrics } from '@vectron/observability';
import { gateway, placement, workerData } from '@vectron/proto';
import { until } from '../../../../test/harness/waiting.js';
import type { Authenticator, Principal } from '../edge/access.js';
import { Admission } from '../edge/admission.js';
import type { AuditLog } from '../edge/audit.js';
import { Edge, type RateLimiter } from '../edge/edge.js';
import type { ShardCaller } from '../shards/shard-caller.js';
import { RecallService } from './recall.service.js';

const route = new Route(
  placement.Collection.fromPartial({
    ...{ id: 'c', name: 'c', dimension: 1, distance: 'euclidean' },
    shards: [{ shardId: 1, lastHash: 0xffff_ffff_ffff_ffffn }],
  }),
);
const ann = { tenantId: 'ann', userId: 'ann', apiKeyId: 'key' } as Principal;

/** A gateway before one shard. `consume`: what the rate limit says to each request; `during`: called in each search. */
function service(consume: RateLimiter['consume'], during: () => void = () => {}) {
  const metrics = createMetrics();
  const admission = new Admission(
    { read: 1, scan: 32, write: 1, bulk: 1, watch: 1, manage: 1 },
    { read: 0, scan: 60_000, write: 0, bulk: 0, manage: 0 },
    metrics,
  );
  const edge = new Edge({ consume }, {} as Authenticator, admission, {} as AuditLog, metrics);
  const ask: AskShard = async (_shard, op) => {
    const answer = (outcome: ShardOutcome) => ({ outcome, appliedIndex: 1n, worker: 1 });
    if (op.$case === 'sample') {
      const vectors = Array.from({ length: op.value.count }, (_, x) => Buffer.from(new Float32Array([x]).buffer));
      return answer({ $case: 'sampled', value: { vectors, asked: 0 } });
    }
    during();
    const hits = [workerData.Hit.fromPartial({ id: 'p', score: 1 })];
    return answer({ $case: 'search', value: workerData.SearchFound.fromPartial({ hits, plan: 'scan' }) });
  };
  const shards = { reading: (_tenant, _name, _limits, work) => work(route, ask) } as Pick<ShardCaller, 'reading'>;
  const measure = (asked: Partial<gateway.MeasureRecallRequest>) => {
    const request = gateway.MeasureRecallRequest.fromPartial({ collection: 'c', timeoutMs: 600_000, ...asked });
    return new RecallService(shards as ShardCaller, edge).measure(ann, request);
  };
  const ofReads = async (metric: 'running' | 'waiting') =>
    (await metrics[metric].get()).values.find(({ labels }) => labels.kind === 'scan')?.value ?? 0;
  return { measure, admission, running: () => ofReads('running'), waiting: () => ofReads('waiting') };
}

describe('a measurement behind the gateway', () => {
  it('takes of its key and of the room of its tenant what as many searches would', async () => {
    const consumed: string[] = [];
    const room: unknown[] = [];
    const { measure, running } = service(
      async ({ apiKeyId }) => void consumed.push(apiKeyId),
      () => room.push(running()),
    );
    expect(await measure({ queries: 7 })).toMatchObject({ queries: 7, recall: 1 });
    expect(consumed).toEqual(Array.from({ length: 14 }, () => 'key'));
    // One search at a time.
    expect(await Promise.all(room)).toEqual(Array.from({ length: 14 }, () => 1));
    expect(await running()).toBe(0);
  });

  it('waits for its turn while its key has used up its rate', async () => {
    let [asked, refused] = [0, 0];
    const { measure } = service(async () => {
      if (++asked % 3 !== 0) return;
      refused += 1;
      throw new VectronError('RATE_LIMITED', 'more than it may', { details: { retryAfterMs: 1 } });
    });
    expect(await measure({ queries: 5 })).toMatchObject({ queries: 5 });
    expect([asked - refused, refused > 3]).toEqual([10, true]);
  });

  it('answers with what it has when its turn does not come in time, and is refused when that is nothing', async () => {
    let allowed = 6;
    const { measure } = service(async () => {
      if (allowed-- > 0) return;
      throw new VectronError('RATE_LIMITED', 'more than it may', { details: { retryAfterMs: 1_000_000 } });
    });
    expect(await measure({ queries: 5 })).toMatchObject({ queries: 3 });
    await expect(measure({ queries: 5 })).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('waits while the room of its tenant is full', async () => {
    const { measure, admission, waiting } = service(async () => {});
    const others = Array.from({ length: 24 }, () => admission.enter('scan', 'ann') as () => void);
    const found = measure({ queries: 2 });
    await until('the measurement waits', waiting, (those) => those > 0);
    for (const leave of others) leave();
    expect(await found).toMatchObject({ queries: 2 });
  });
});
