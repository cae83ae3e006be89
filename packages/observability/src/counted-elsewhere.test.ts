import { expect, it } from '@jest/globals';
import { Histogram, Registry } from 'prom-client';
import { countedHistogram } from './counted-elsewhere.js';
import { snapshotOf, sumOfMetrics } from './metrics.js';

const NAME = 'seconds';
const HELP = 'Durations.';
const BOUNDS = [0.001, 0.5, 2];

/** The same durations in a histogram of prom-client and in one that was counted elsewhere, as texts. */
async function both(durations: readonly number[]): Promise<[string, string]> {
  const [theirs, ours] = [new Registry(), new Registry()];
  const histogram = new Histogram({ name: NAME, help: HELP, buckets: BOUNDS, registers: [theirs] });
  for (const one of durations) histogram.observe(one);
  countedHistogram(NAME, HELP, [ours]).set({
    bounds: BOUNDS,
    counts: BOUNDS.map((bound) => durations.filter((one) => one <= bound).length),
    count: durations.length,
    seconds: durations.reduce((sum, one) => sum + one, 0),
  });
  return [await theirs.metrics(), await ours.metrics()];
}

it('is exposed as a histogram of prom-client with the same durations', async () => {
  for (const durations of [[], [0.0005, 0.001, 0.25, 7]]) {
    const [theirs, ours] = await both(durations);
    expect(ours).toBe(theirs);
  }
});

it('is added up over threads', async () => {
  const snapshot = () => {
    const registry = new Registry();
    const histogram = countedHistogram(NAME, HELP, [registry]);
    histogram.set({ bounds: BOUNDS, counts: [1, 2, 3], count: 4, seconds: 1.5 });
    return snapshotOf({ registry, collectors: [] });
  };
  const lines = (await sumOfMetrics([await snapshot(), await snapshot()]).metrics()).split('\n');
  for (const line of [
    '# TYPE seconds histogram',
    'seconds_bucket{le="0.001"} 2',
    'seconds_bucket{le="+Inf"} 8',
    'seconds_sum 3',
    'seconds_count 8',
  ])
    expect(lines).toContain(line);
});
