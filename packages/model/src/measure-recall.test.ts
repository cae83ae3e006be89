import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { gateway, placement, workerData } from '@vectron/proto';
import { type AskShard, type MeasuringRun, measureRecall, Route, RouteChanged, splitHashSpace } from './index.js';
import { recallInterval } from './recall-interval.js';

const bytes = (x: number) => Buffer.from(new Float32Array([x]).buffer);

const routeOf = (shards: number) =>
  new Route(
    placement.Collection.fromPartial({
      ...{ id: 'c', name: 'c', dimension: 1, distance: 'euclidean' },
      shards: splitHashSpace(shards).map(({ first, last }, at) => ({
        shardId: at + 1,
        firstHash: first,
        lastHash: last,
      })),
    }),
  );

interface Shards {
  readonly shards?: number;
  /** Points of one dimension, by id. */
  readonly points: ReadonlyMap<string, number>;
  /** Queries that every shard was asked lately. */
  readonly asked?: readonly number[];
  /** What a search that is not exact leaves out. */
  readonly loses?: (id: string, query: number) => boolean;
  readonly found?: Partial<workerData.SearchFound>;
  readonly failing?: (search: workerData.SearchOp | undefined, shardId: number) => Error | undefined;
}

function collection({ shards = 1, points, asked = [], loses = () => false, found = {}, failing }: Shards) {
  const route = routeOf(shards);
  const samples: workerData.SampleOp[] = [];
  const searches: workerData.SearchOp[] = [];
  const ask: AskShard = async (shard, op) => {
    const answered = { appliedIndex: 9n, worker: 1 };
    if (op.$case === 'sample') {
      const error = failing?.(undefined, shard.shardId);
      if (error !== undefined) throw error;
      samples.push(op.value);
      const made = Array.from({ length: 2000 }, (_, at) => shard.shardId + at / 4096);
      const some = asked.slice(0, op.value.count);
      const vectors = [...some, ...made].slice(0, op.value.count).map(bytes);
      const outcome = {
        $case: 'sampled',
        value: { vectors: points.size === 0 ? [] : vectors, asked: some.length },
      } as const;
      return { ...answered, outcome };
    }
    if (op.$case !== 'search') throw new Error(op.$case);
    const { vector, k, exact } = op.value;
    searches.push(op.value);
    const error = failing?.(op.value, shard.shardId);
    if (error !== undefined) throw error;
    const query = vector.readFloatLE();
    const own = [...points].filter(([id]) => route.shardOf(id) === shard && (exact || !loses(id, query)));
    const hits = own.map(([id, x]) =>
      workerData.Hit.fromPartial({ id, score: Math.fround(1 / (1 + Math.abs(x - query))) }),
    );
    hits.sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    const said = exact ? { plan: 'scan', recallEstimate: 1 } : { plan: 'graph', recallEstimate: 0.75, ...found };
    const value = workerData.SearchFound.fromPartial({ hits: hits.slice(0, k), recallHigh: 1, ...said });
    return { ...answered, outcome: { $case: 'search', value } };
  };
  const measure = (asked: Partial<gateway.MeasureRecallRequest> = {}, run: Partial<MeasuringRun> = {}) =>
    measureRecall(route, gateway.MeasureRecallRequest.fromPartial({ collection: 'c', ...asked }), ask, {
      deadlineMs: Date.now() + 600_000,
      timeoutMs: () => 77,
      turn: (search) => search(),
      ...run,
    });
  return { measure, samples, searches };
}

const line = new Map(Array.from({ length: 60 }, (_, i) => [`p${i}`, i]));
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause as VectronError,
  );
  return { code: error?.code, field: error?.details.field };
};

describe('a measurement of recall', () => {
  it('compares each query as asked with the truth, and says what the answers promised', async () => {
    // Of ten true results, one in five is lost.
    const { measure, searches } = collection({ points: line, loses: (id) => Number(id.slice(1)) % 5 === 0 });
    const found = await measure({ queries: 40, ef: 33 });
    expect(found.recall).toBeCloseTo(0.8, 5);
    expect(found).toMatchObject({ queries: 40, asked: 0, promised: 0.75, plans: new Map([['graph', 40]]) });
    expect(found.interval?.low).toBeLessThan(0.8);
    expect(found.interval?.high).toBeGreaterThan(0.8);
    expect(searches.length).toBe(80);
    expect(searches.map(({ exact, ef, k }) => [exact, ef, k]).slice(0, 2)).toEqual([
      [false, 33, 10],
      [true, 0, 10],
    ]);
    expect(
      searches.every(
        ({ includePayload, includeVector, timeoutMs }) => !includePayload && !includeVector && timeoutMs === 77,
      ),
    ).toBe(true);
    // What is measured must not become what was asked.
    expect(searches.every(({ measuring }) => measuring)).toBe(true);
  });

  it('merges the answers of several shards as a search does, and counts the plan of each', async () => {
    const { measure } = collection({ shards: 4, points: line, loses: (id) => Number(id.slice(1)) % 2 === 0 });
    const found = await measure({ queries: 20, topK: 4 });
    expect(found.recall).toBeCloseTo(0.5, 1);
    expect(found.plans).toEqual(new Map([['graph', 80]]));
  });

  it('counts a point that scores as the last true one does', async () => {
    // All points are equally far from every query, and the truth names others of them than the answer.
    const equal = new Map(Array.from({ length: 30 }, (_, i) => [`p${i}`, 5]));
    const { measure } = collection({ points: equal, loses: (id) => Number(id.slice(1)) < 20 });
    expect((await measure({ queries: 5 })).recall).toBe(1);
    const lost = collection({ points: equal, loses: (id) => Number(id.slice(1)) < 25 });
    expect((await lost.measure({ queries: 5 })).recall).toBe(0.5);
  });

  it('takes queries that were asked before made ones, each once, by the parts of the hash space', async () => {
    const asked = Array.from({ length: 30 }, (_, at) => -1 - at);
    const { measure, samples, searches } = collection({ shards: 4, points: line, asked });
    const found = await measure({ queries: 40 });
    expect(found).toMatchObject({ queries: 40, asked: 30 });
    expect(new Set(searches.filter(({ exact }) => exact).map(({ vector }) => vector.readFloatLE())).size).toBe(40);
    expect(samples.map(({ count }) => count)).toEqual([10, 20, 30, 40]);
  });

  it('promises nothing where one of the answers said nothing', async () => {
    const { measure } = collection({ points: line, found: { recallEstimate: undefined } });
    expect((await measure({ queries: 3 })).promised).toBeUndefined();
  });

  it('answers with what was compared when the time is over, and refuses when that is nothing', async () => {
    const { measure } = collection({ points: line });
    let turns = 0;
    const late = new VectronError('DEADLINE_EXCEEDED', 'late');
    const turn: MeasuringRun['turn'] = (search) => (++turns > 7 ? Promise.reject(late) : search());
    expect(await measure({ queries: 10 }, { turn })).toMatchObject({ queries: 3 });
    expect(await refusal(measure({}, { turn }))).toEqual({ code: 'DEADLINE_EXCEEDED' });
    expect(await refusal(measure({}, { deadlineMs: 0 }))).toEqual({ code: 'DEADLINE_EXCEEDED' });
    const cut = collection({ points: line, found: { stopped: true } });
    expect(await refusal(cut.measure())).toEqual({ code: 'DEADLINE_EXCEEDED' });
  });

  it('leaves out a query that one of the shards did not answer', async () => {
    const down = new VectronError('UNAVAILABLE', 'no worker');
    let exact = 0;
    const failing: Shards['failing'] = (search, shardId) =>
      search?.exact && shardId === 2 && ++exact > 4 ? down : undefined;
    expect(await collection({ shards: 2, points: line, failing }).measure({ queries: 9 })).toMatchObject({
      queries: 4,
    });
    const dead: Shards['failing'] = (search, shardId) => (search && shardId === 2 ? down : undefined);
    const refused = refusal(collection({ shards: 2, points: line, failing: dead }).measure());
    expect(await refused).toEqual({ code: 'UNAVAILABLE' });
  });

  it('begins anew when a shard was split, and fails with what would fail again', async () => {
    const changed = new RouteChanged('c');
    const gone = new VectronError('COLLECTION_NOT_FOUND', 'it is gone');
    for (const [error, code] of [
      [changed, 'STALE_EPOCH'],
      [gone, 'COLLECTION_NOT_FOUND'],
    ] as const) {
      let asked = 0;
      const failing: Shards['failing'] = (search) => (search && ++asked > 5 ? error : undefined);
      expect(await refusal(collection({ points: line, failing }).measure())).toEqual({ code });
    }
  });

  it('has nothing to say of a collection without points', async () => {
    expect(await refusal(collection({ points: new Map() }).measure())).toEqual({ code: 'FAILED_PRECONDITION' });
  });

  it('refuses what is out of range, naming the field', async () => {
    const { measure, samples } = collection({ points: line });
    for (const [asked, field] of [
      [{ queries: 1001 }, 'queries'],
      [{ queries: -1 }, 'queries'],
      [{ topK: 1.5 }, 'top_k'],
      [{ ef: Number.POSITIVE_INFINITY }, 'ef'],
      [{ queries: Number.NaN }, 'queries'],
      [{ topK: 1001 }, 'top_k'],
      [{ ef: 10_001 }, 'ef'],
      [{ recall: 0.4 }, 'recall'],
      [{ recall: 1 }, 'recall'],
      [{ recall: Number.NaN }, 'recall'],
      [{ recall: 0.9, ef: 10 }, 'recall'],
      [{ timeoutMs: 600_001 }, 'timeout_ms'],
    ] as const) {
      expect([asked, await refusal(measure(asked))]).toEqual([asked, { code: 'INVALID_ARGUMENT', field }]);
    }
    expect(samples).toEqual([]);
  });
});

describe('the interval of a mean recall', () => {
  /** Uniform in [0, 1), the same every time (mulberry32). */
  const random = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  it('holds the true recall in nine of ten measurements and more, whether misses come alone or together', () => {
    const K = 10;
    for (const recall of [0.9, 0.95, 0.99]) {
      for (const together of [0, 0.5, 1]) {
        const next = random(1 + recall * 1000 + together);
        let held = 0;
        const RUNS = 400;
        for (let run = 0; run < RUNS; run++) {
          const recalls = Array.from({ length: 100 }, () => {
            if (next() < together) return next() < recall ? 1 : 0;
            return Array.from({ length: K }, () => Number(next() < recall)).reduce((sum, one) => sum + one, 0) / K;
          });
          const { low, high } = recallInterval(recalls, K);
          if (low <= recall && recall <= high) held += 1;
        }
        expect([recall, together, held / RUNS >= 0.9]).toEqual([recall, together, true]);
      }
    }
  });

  it('is narrower with more queries, and with misses that come alone', () => {
    const width = (recalls: number[]) => {
      const { low, high } = recallInterval(recalls, 10);
      return high - low;
    };
    const alone = (queries: number) => Array.from({ length: queries }, (_, at) => (at % 2 === 0 ? 0.9 : 1));
    const together = Array.from({ length: 100 }, (_, at) => (at % 20 === 0 ? 0 : 1));
    expect(width(alone(1000))).toBeLessThan(width(alone(100)) / 2);
    expect(width(alone(100))).toBeLessThan(width(together));
  });

  it('holds the mean and stays within 0 and 1, also where every query found everything or nothing', () => {
    for (const recalls of [[1], [0], [0.5], [1, 1, 1], Array.from({ length: 1000 }, () => 1), [0, 1]]) {
      const { low, high } = recallInterval(recalls, 10);
      const mean = recalls.reduce((sum, one) => sum + one, 0) / recalls.length;
      expect([low >= 0, low <= mean, mean <= high, high <= 1, low < high]).toEqual([true, true, true, true, true]);
    }
    expect(
      recallInterval(
        Array.from({ length: 100 }, () => 1),
        10,
      ).low,
    ).toBeCloseTo(0.963, 3);
  });
});
