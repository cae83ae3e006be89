import type { Registry } from 'prom-client';

/** Durations that somebody else has counted. */
export interface CountedDurations {
  /** Upper bounds of the buckets, in seconds, inclusive; ascending. */
  readonly bounds: readonly number[];
  /** How many durations were at most as long as each bound. */
  readonly counts: readonly number[];
  /** All durations, and their sum in seconds. */
  readonly count: number;
  readonly seconds: number;
}

export interface CountedHistogram {
  set(durations: CountedDurations): void;
}

/**
 * A histogram of what was counted elsewhere, such as in the native core: prom-client's own can only be told of one duration after the
 * other. It has no series until it is set.
 */
export function countedHistogram(name: string, help: string, registers: readonly Registry[]): CountedHistogram {
  let values: { metricName: string; labels: Record<string, string>; value: number }[] = [];
  // What Registry.metrics, getMetricsAsJSON and AggregatorRegistry.aggregate of prom-client 15 read of a metric.
  const metric = {
    ...{ name, help, type: 'histogram', aggregator: 'sum', labelNames: [] },
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values }),
  };
  for (const registry of registers) registry.registerMetric(metric as never);
  return {
    set({ bounds, counts, count, seconds }) {
      const buckets = [...bounds.map((le, at) => [String(le), counts[at] ?? 0] as const), ['+Inf', count] as const];
      values = [
        ...buckets.map(([le, value]) => ({ metricName: `${name}_bucket`, labels: { le }, value })),
        { metricName: `${name}_sum`, labels: {}, value: seconds },
        { metricName: `${name}_count`, labels: {}, value: count },
      ];
    },
  };
}
