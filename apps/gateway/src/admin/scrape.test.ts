import { expect, it } from '@jest/globals';
import { createMetrics } from '@vectron/observability';
import { placement } from '@vectron/proto';
import type { Backends } from '../backends.js';
import { SystemService } from './system.service.js';

const collections = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    placement.Collection.fromPartial({
      ...{ name: `collection-${at}`, tenantId: `tenant-${at % 100}` },
      shards: [
        {
          shardId: at + 1,
          metrics: { livePoints: at } as never,
          replicas: [{ number: 1, metrics: { searches: 10, damage: '', recalls: [{ using: '', asked: 1 }] } }] as never,
        },
      ],
    }),
  );

it('tells of ten thousand collections in as many lines as of those that are shown and one more, at every scrape', async () => {
  let listed: placement.Collection[] | undefined = collections(10_000);
  const listCollections = async () => {
    if (listed === undefined) throw new Error('no placement driver');
    return { collections: [...listed] };
  };
  const backends = { placement: { listCollections } } as unknown as Backends;
  const system = new SystemService(backends, createMetrics(), { metricsCollections: 200, slowQueryMs: 0 });
  const scraped = async () =>
    (await system.scrape()).split('\n').filter((line) => /^vectron_(?:shard|collection)_/.test(line));
  const first = await scraped();
  const of = (lines: string[], name: string) => lines.filter((line) => line.startsWith(`${name}{`));
  for (const name of ['vectron_shard_points', 'vectron_shard_searches_total', 'vectron_collection_points']) {
    expect([name, of(first, name).length]).toEqual([name, 201]);
  }
  expect(of(first, 'vectron_collection_points')).toContain(
    'vectron_collection_points{collection="collection-9999",tenant="tenant-99"} 9999',
  );
  // Others come to the top, and the names of those before are gone.
  for (const [at, one] of listed.entries())
    for (const shard of one.shards) (shard.metrics as { livePoints: number }).livePoints = -at;
  const second = await scraped();
  expect(second.length).toBe(first.length);
  expect(second.some((line) => line.includes('"collection-9999"'))).toBe(false);
  expect(second.some((line) => line.includes('"collection-0"'))).toBe(true);
  // Without a placement driver, what was counted stays, and does not begin anew.
  listed = undefined;
  expect((await scraped()).filter((line) => line.startsWith('vectron_shard_searches_total'))).toHaveLength(201);
});

it('writes names that tenants have chosen such that they are labels and nothing else', async () => {
  const [one] = collections(1);
  const name = 'a"} 1\nvectron_forged{x="\\';
  const listCollections = async () => ({ collections: [{ ...one, name }] });
  const backends = { placement: { listCollections } } as unknown as Backends;
  const text = await new SystemService(backends, createMetrics(), { metricsCollections: 200, slowQueryMs: 0 }).scrape();
  expect(text.split('\n').some((line) => line.startsWith('vectron_forged'))).toBe(false);
  expect(text).toContain(
    'vectron_collection_points{collection="a\\"} 1\\nvectron_forged{x=\\"\\\\",tenant="tenant-0"} 0',
  );
});
