import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { MetaEntry } from '@vectron/metastore';
import { createLogger } from '@vectron/observability';
import { placement, worker } from '@vectron/proto';
import { CUT_OFFS, FailingStore } from '../../../test/harness/failing-store.js';
import { until } from '../../../test/harness/waiting.js';
import { Catalog } from './catalog.js';
import { CatalogView } from './catalog-view.js';
import { ControlLoop } from './control-loop.js';
import { Heartbeats } from './heartbeats.js';
import { PlacementController } from './placement.controller.js';
import { PlacementNode } from './placement-node.js';
import { DEFAULT_LIMITS } from './planner.js';
import { heldReplicas, replicaId, stateOf, type WorkerRecord, withState } from './records.js';
import { RerankerRegistry } from './reranker-registry.js';

const TENANT = 'tenant';
const OTHER = 'other';
const MANY = 'many';
/** Shards that the workers say they lead, made or not, so that nothing is waited for. */
const LED = Array.from({ length: 64 }, (_, at) => at + 1);
/** Long after everything in here was made. */
const LATER_MS = 4e12;
const LEADS = { role: 'leader', hasQuorum: true } as const;
const stops: AbortController[] = [];

/** A placement driver in this process, without a listener, whose workers all answer. */
async function driver(meta: FailingStore) {
  const catalog = new Catalog(meta);
  const view = new CatalogView(meta);
  const heartbeats = new Heartbeats(10_000, () => 0);
  const workers = { transferLeader: async () => {}, splitShard: async () => 1n, close: () => {} };
  const loop = new ControlLoop({
    ...{ catalog, view, heartbeats, workers, limits: DEFAULT_LIMITS, unhealthyMs: 10_000, repairMs: 60_000 },
    ...{ balances: false, logger: createLogger('test', 'silent'), nowMs: () => LATER_MS },
  });
  const node = new PlacementNode(meta, view, loop, workers);
  const rerankers = new RerankerRegistry(meta, () => 1_000);
  const controller = new PlacementController(catalog, view, heartbeats, rerankers, node, loop);
  const stop = new AbortController();
  stops.push(stop);
  void view.follow(stop.signal);
  await view.synced(stop.signal);
  /** As the worker would say it: it leads what it holds, by its term, whatever else is said. */
  const beat = (workerId: string, holds: readonly worker.ShardMetrics[] = []) => {
    const others = LED.map((shardId) => worker.ShardMetrics.fromPartial({ shardId, ...LEADS, term: 1n }));
    const held = new Set(holds.map(({ shardId }) => shardId));
    const shards = [...others.filter(({ shardId }) => !held.has(shardId)), ...holds];
    heartbeats.record(placement.HeartbeatRequest.fromPartial({ workerId, shards }));
  };
  const held = (await catalog.collections('')).flatMap(({ shards }) =>
    shards.flatMap(({ shardId, replicas }) => replicas.map((replica) => ({ shardId, replica }))),
  );
  for (const { id } of await catalog.workers()) {
    const own = held.filter(({ replica }) => replica.workerId === id);
    beat(
      id,
      own.map(({ shardId, replica }) =>
        worker.ShardMetrics.fromPartial({ shardId, ...LEADS, term: 2n, replicaId: replicaId(replica) }),
      ),
    );
  }
  return { meta, catalog, view, controller, beat };
}

type Driver = Awaited<ReturnType<typeof driver>>;

let entries: readonly MetaEntry[];
let ids: string[];

const create = ({ controller }: Driver, name: string, tenantId = TENANT) =>
  controller.createCollection(
    placement.CreateCollectionRequest.fromPartial({
      tenantId,
      collection: { name, dimension: 2, distance: 'dot', shards: 2, replicas: 1 },
    }),
  );

beforeAll(async () => {
  const made = await driver(new FailingStore());
  const register = async (searchOnly = false) => {
    const { workerId } = await made.controller.registerWorker(
      placement.RegisterWorkerRequest.fromPartial({ grpcAddress: 'w:1', cpuCores: 8, searchOnly }),
    );
    made.beat(workerId);
    await made.catalog.updateWorker(workerId, (record) => withState(record, { state: 'READY', atMs: 1, reason: '' }));
    return workerId;
  };
  ids = [await register(), await register()];
  for (const name of ['one', 'two']) await create(made, name);
  // Those that came later hold nothing, but for the learners of one that is search-only.
  ids.push(await register());
  ids.push(await register(true));
  await create(made, 'three');
  // More than one transaction holds.
  await create(made, 'many', MANY);
  for (const first of [0, 30]) {
    const set = Array.from({ length: 30 }, (_, at) => ({ alias: `a${first + at}`, collection: 'many' }));
    await made.controller.updateAliases(placement.UpdateAliasesRequest.fromPartial({ tenantId: MANY, set }));
  }
  const set = [{ alias: 'live', collection: 'one' }];
  await made.controller.updateAliases(placement.UpdateAliasesRequest.fromPartial({ tenantId: TENANT, set }));
  ids.push(await register());
  ({ entries } = await made.meta.range('/pd/'));
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

const CHANGES: Record<string, (driver: Driver) => Promise<unknown>> = {
  'create a collection': (made) => create(made, 'new'),
  'delete a collection': ({ controller }) =>
    controller.deleteCollection({ tenantId: TENANT, name: 'one', collectionId: '' }),
  'update a collection': ({ controller }) =>
    controller.updateCollection(
      placement.UpdateCollectionRequest.fromPartial({
        tenantId: TENANT,
        change: { name: 'one', durability: 'relaxed' },
      }),
    ),
  'update aliases': ({ controller }) =>
    controller.updateAliases(
      placement.UpdateAliasesRequest.fromPartial({
        tenantId: TENANT,
        set: [
          { alias: 'live', collection: 'two' },
          { alias: 'next', collection: 'one' },
        ],
      }),
    ),
  'delete an alias': ({ controller }) =>
    controller.updateAliases(placement.UpdateAliasesRequest.fromPartial({ tenantId: TENANT, delete: ['live'] })),
  'transfer collections': ({ controller }) =>
    controller.transferCollections({ fromTenantId: TENANT, toTenantId: OTHER }),
  'transfer collections with many aliases': ({ controller }) =>
    controller.transferCollections({ fromTenantId: MANY, toTenantId: OTHER }),
  'register a worker again': ({ controller }) =>
    controller.registerWorker(
      placement.RegisterWorkerRequest.fromPartial({ workerId: ids[0], grpcAddress: 'w:2', cpuCores: 8 }),
    ),
  'drain a worker': ({ controller }) => controller.drainWorker({ workerId: ids[0], cancel: false }),
  'remove a worker': ({ controller }) => controller.removeWorker({ workerId: ids[4] }),
  'remove a worker that has learners': ({ controller }) => controller.removeWorker({ workerId: ids[3] }),
  'move a replica': async ({ controller, view }) => {
    const shardId = 1;
    const from = view.collections.get(view.keyOfShard(shardId) as string)?.record.shards[0].replicas[0].workerId;
    return controller.moveReplica({ shardId, from: from as string, to: ids[2] });
  },
  'split a shard': ({ controller }) => controller.splitShard({ shardId: 1 }),
  'rebalance after a drain': async ({ controller, view }) => {
    await controller.drainWorker({ workerId: ids[0], cancel: false });
    await until('it is drained', () => view.workers.get(`/pd/workers/${ids[0]}`)?.record.draining === true);
    return controller.rebalance({ dryRun: false });
  },
};

/** What the records say, without ids and times. */
async function seen({ meta, catalog }: Driver) {
  const all = await catalog.collections('');
  const aliases = async (tenantId: string) => catalog.aliases(tenantId);
  const workerOf = (worker: WorkerRecord) => ({
    ...{ at: ids.indexOf(worker.id), address: worker.address, draining: worker.draining === true },
    states: worker.states?.map(({ state }) => state),
    state: stateOf(worker).state,
  });
  return {
    collections: all
      .map(({ tenantId, name, durability, shards }) => ({
        ...{ tenantId, name, durability },
        shards: shards.map((shard) => ({
          ...{ id: shard.shardId, epoch: shard.epoch, operation: shard.operation?.kind },
          held: heldReplicas(shard).map(({ workerId }) => ids.indexOf(workerId)),
        })),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    aliases: await Promise.all([TENANT, OTHER, MANY].map(aliases)),
    counted: (await meta.get(`/pd/tenants/${TENANT}/aliases`))?.value,
    workers: (await catalog.workers()).map(workerOf).sort((a, b) => a.at - b.at),
    counters: (await meta.get('/pd/counters'))?.value,
  };
}

/** Records that do not fit together. */
async function halves({ meta, catalog }: Driver): Promise<string[]> {
  const all = await catalog.collections('');
  const found: string[] = [];
  const shards = all.flatMap((record) => record.shards.map(({ shardId }) => shardId));
  if (new Set(shards).size !== shards.length) found.push(`shards of two collections: ${shards.join()}`);
  const { nextShard } = JSON.parse((await meta.get('/pd/counters'))?.value ?? '{}') as { nextShard: number };
  if (shards.some((id) => id >= nextShard)) found.push(`shards that are still to be given: ${shards.join()}`);
  for (const { alias, collection } of await catalog.aliases(TENANT)) {
    if (!all.some(({ tenantId, name }) => tenantId === TENANT && name === collection)) {
      found.push(`the alias ${alias} names nothing`);
    }
  }
  return found;
}

describe('a store that is cut off in the middle of a change leaves what was before or after it, or a repetition does', () => {
  const begin = async () => driver(await FailingStore.with(entries));

  for (const [name, change] of Object.entries(CHANGES)) {
    it(name, async () => {
      const whole = await begin();
      const before = JSON.stringify(await seen(whole));
      await change(whole);
      const after = JSON.stringify(await seen(whole));
      expect(after).not.toBe(before);
      expect(await halves(whole)).toEqual([]);
      const most = whole.meta.transactions;
      const faults: string[] = [];
      for (const when of CUT_OFFS) {
        for (let n = 1; n <= most; n++) {
          const made = await begin();
          made.meta.failAt(n, when);
          const outcome = (call: Promise<unknown>) =>
            call.then(
              () => 'done',
              (error) => String(error),
            );
          const where = `${when} transaction ${n} of ${most} (${await outcome(change(made))})`;
          faults.push(...(await halves(made)).map((one) => `${where}: ${one}`));
          let now = JSON.stringify(await seen(made));
          if (now === before || now === after) continue;
          const again = await outcome(change(made));
          now = JSON.stringify(await seen(made));
          faults.push(...(await halves(made)).map((one) => `${where}, repeated: ${one}`));
          if (now !== after) faults.push(`${where}, repeated (${again}): ${now}, and not ${after}`);
        }
      }
      expect(faults).toEqual([]);
    });
  }
});

it('a rebalance tells only of what has begun, and what has not', async () => {
  const made = await driver(await FailingStore.with(entries));
  await made.controller.drainWorker({ workerId: ids[0], cancel: false });
  await until('it is drained', () => made.view.workers.get(`/pd/workers/${ids[0]}`)?.record.draining === true);
  const planned = await made.controller.rebalance({ dryRun: true });
  expect(planned.actions.length).toBeGreaterThan(0);
  // Somebody else was faster, each time.
  made.meta.txn = async () => ({ succeeded: false, revision: 0 });
  const begun = await made.controller.rebalance({ dryRun: false });
  expect(begun.actions).toEqual([]);
  expect(begun.blocked.filter((reason) => reason.includes('changed at the same time'))).toHaveLength(
    planned.actions.length,
  );
});
