import { expect, it } from '@jest/globals';
import { placement } from '@vectron/proto';
import { SearchTotals } from './search-totals.js';

const collection = (name: string, shardId: number, ...searches: (number | undefined)[]) =>
  placement.Collection.fromPartial({
    ...{ name, tenantId: 't' },
    shards: [
      {
        shardId,
        replicas: searches.map((count, at) => ({
          number: at + 1,
          metrics: count === undefined ? undefined : { searches: count },
        })) as never,
      },
    ],
  });

it('counts the searches of a shard since the first look, over its replicas, and never less than before', () => {
  const totals = new SearchTotals();
  const look = (...counts: (number | undefined)[]) =>
    totals.look([collection('a', 1, ...counts)], []).shown[0].searches;
  expect(look(100, 50)).toBe(0);
  expect(look(110, 55)).toBe(15);
  // A replica that was opened again begins at nothing; one of which nothing was heard is not forgotten.
  expect(look(3, undefined)).toBe(18);
  expect(look(3, 60)).toBe(23);
  // A new one has counted before anybody looked.
  expect(look(4, 60, 1_000)).toBe(24);
});

it('counts those that are not shown one by one together, and goes on where one is shown again', () => {
  const totals = new SearchTotals();
  totals.look([collection('a', 1, 0)], [collection('b', 2, 0)]);
  expect(totals.look([collection('a', 1, 5)], [collection('b', 2, 7)])).toEqual({
    shown: [{ labels: { shard: '1', collection: 'a', tenant: 't' }, searches: 5 }],
    others: 7,
  });
  const other = totals.look([collection('b', 2, 8)], [collection('a', 1, 6)]);
  expect(other).toMatchObject({ shown: [{ searches: 1 }], others: 8 });
  expect(totals.look([collection('a', 1, 6)], [collection('b', 2, 8)]).shown).toMatchObject([{ searches: 5 }]);
});
