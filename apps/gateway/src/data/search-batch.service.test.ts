import { describe, expect, it } from '@jest/globals';
import { type AskShard, Route } from '@vectron/model';
import { createMetrics } from '@vectron/observability';
import { gateway, placement, workerData } from '@vectron/proto';
import type { GatewayConfig } from '../config.js';
import type { Authenticator, Principal } from '../edge/access.js';
import { Admission } from '../edge/admission.js';
import type { AuditLog } from '../edge/audit.js';
import { Edge } from '../edge/edge.js';
import { publicMethod } from '../edge/policy.js';
import type { ReadLimits, ShardCaller } from '../shards/shard-caller.js';
import { batchInput } from '../wire/grpc/grpc-messages.js';
import type { ImpressionLog } from './impression-log.js';
import { SearchBatchService } from './search-batch.service.js';

const METHOD = publicMethod('/vectron.v1.VectronService/SearchBatch');
const route = new Route(
  placement.Collection.fromPartial({
    ...{ id: 'c', name: 'c', dimension: 1, distance: 'euclidean' },
    shards: [{ shardId: 1, lastHash: 0xffff_ffff_ffff_ffffn }],
  }),
);
const ann = { tenantId: 'ann', userId: 'ann', apiKeyId: 'key' } as Principal;
const bob = { tenantId: 'bob', userId: 'bob', apiKeyId: 'other' } as Principal;

/** A gateway before one shard, whose answers come when `turn` has ended and cost `cpuUs` each. */
function gatewayOf({ cpuUs = 0, turn = async () => {} }: { cpuUs?: number; turn?: () => Promise<void> }) {
  const metrics = createMetrics();
  const admission = new Admission(
    { read: 16, scan: 16, write: 1, bulk: 1, watch: 1, manage: 1 },
    { read: 60_000, scan: 60_000, write: 0, bulk: 0, manage: 0 },
    metrics,
  );
  const edge = new Edge(undefined, {} as Authenticator, admission, {} as AuditLog, metrics);
  const asked = { running: 0, most: 0 };
  const shards = {
    reading: (_tenant: string, _name: string, { work }: ReadLimits, read: (route: Route, ask: AskShard) => unknown) =>
      read(route, async (_shard, op) => {
        asked.running += 1;
        asked.most = Math.max(asked.most, asked.running);
        await turn();
        asked.running -= 1;
        if (work !== undefined) work.cpuUs += cpuUs;
        const searches = op.$case === 'batch' ? op.value.searches.length : 0;
        const found = workerData.SearchFound.fromPartial({
          hits: [workerData.Hit.fromPartial({ id: 'p', score: 1 })],
          plan: 'scan',
        });
        const value = { results: Array.from({ length: searches }, () => found) };
        return { outcome: { $case: 'searches', value }, appliedIndex: 1n, worker: 1 };
      }),
  };
  const service = new SearchBatchService(
    { searchTimeoutMs: 60_000 } as GatewayConfig,
    shards as unknown as ShardCaller,
    edge,
    { remember: () => {} } as unknown as ImpressionLog,
  );
  /** As both wires do it. */
  const search = async (principal: Principal, searches: number, fields: object = {}) => {
    const vectors = Array.from({ length: searches }, () => ({ vector: [1] }));
    const request = gateway.SearchBatchRequest.fromPartial({ collection: 'c', vectors, ...fields });
    const work = { isLong: false, cpuUs: 0 };
    const leave = await edge.admit(METHOD, principal, { request, work });
    try {
      await service.search(principal, batchInput(request), { work });
    } finally {
      leave();
    }
    return work;
  };
  const running = async (lane: string) =>
    (await metrics.running.get()).values.find(({ labels }) => labels.kind === lane)?.value ?? 0;
  return { search, admission, asked, running };
}

describe('a batch of searches in the gateway', () => {
  it('has the lane for what takes long when the last one of its kind took long', async () => {
    const { search } = gatewayOf({ cpuUs: 20_000 });
    expect(await search(ann, 4)).toMatchObject({ isLong: false, cpuUs: 20_000 });
    expect(await search(ann, 4)).toMatchObject({ isLong: true });
    expect(await search(bob, 4)).toMatchObject({ isLong: false });
    expect(await search(bob, 4, { exact: true })).toMatchObject({ isLong: true });
  });

  it('takes as much room as it has shares under way', async () => {
    const held: (() => void)[] = [];
    const { search, running, asked, admission } = gatewayOf({ turn: () => new Promise((end) => held.push(end)) });
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    const found = search(ann, 1_000);
    await settled();
    expect([asked.running, await running('scan')]).toEqual([4, 4]);
    const others = Array.from({ length: 8 }, () => search(ann, 100));
    await settled();
    // Three quarters of the room are all that one tenant may have: the others have one place each, if any.
    expect([asked.running, await running('scan')]).toEqual([12, 12]);
    // Another tenant has its share at once, and every share that ends makes room for one that waits.
    (admission.enter('scan', 'bob') as () => void)();
    for (let at = 0; at < 1_000 && held.length > 0; at++) {
      held.shift()?.();
      await settled();
    }
    await Promise.all([found, ...others]);
    expect([asked.most, await running('scan'), await running('read')]).toEqual([12, 0, 0]);
  });
});
