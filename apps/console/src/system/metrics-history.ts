import type { Reading } from './metrics-text.js';

/** What is kept of one answer of `GET /metrics`: counters as they were, and gauges. */
export interface Sample {
  readonly atMs: number;
  readonly answered: number;
  readonly failed: number;
  /** Requests by the upper bound of their time, in seconds, cumulative as Prometheus counts them. */
  readonly times: ReadonlyMap<number, number>;
  readonly running: number;
  readonly waiting: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly indexLag: number;
}

/** Rates and times between two samples; undefined where nothing happened that could be measured. */
export interface Interval {
  readonly atMs: number;
  readonly answeredPerSecond: number;
  readonly failedPerSecond: number;
  /** Seconds, of the requests of the interval; interpolated within the bounds of the histogram. */
  readonly median: number | undefined;
  readonly p99: number | undefined;
  readonly cores: number;
}

const sumOf = (
  readings: readonly Reading[],
  name: string,
  holds: (labels: Reading['labels']) => boolean = () => true,
) => readings.reduce((sum, one) => (one.name === name && holds(one.labels) ? sum + one.value : sum), 0);

export function sampleOf(readings: readonly Reading[], atMs: number): Sample {
  const times = new Map<number, number>();
  for (const { name, labels, value } of readings) {
    if (name !== 'vectron_request_seconds_bucket') continue;
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    times.set(bound, (times.get(bound) ?? 0) + value);
  }
  return {
    atMs,
    answered: sumOf(readings, 'vectron_requests_total', ({ code }) => code === 'OK'),
    failed: sumOf(readings, 'vectron_requests_total', ({ code }) => code !== 'OK'),
    times,
    running: sumOf(readings, 'vectron_requests_running'),
    waiting: sumOf(readings, 'vectron_requests_waiting'),
    memoryBytes: sumOf(readings, 'process_resident_memory_bytes'),
    cpuSeconds: sumOf(readings, 'process_cpu_seconds_total'),
    indexLag: sumOf(readings, 'vectron_shard_index_lag'),
  };
}

/** What happened between two samples; undefined when the server was started again between them, which sets counters to 0. */
export function intervalOf(before: Sample, after: Sample): Interval | undefined {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const restarted = after.answered < before.answered || after.cpuSeconds < before.cpuSeconds;
  if (seconds <= 0 || restarted) return undefined;
  const counts = [...after.times]
    .map(([bound, value]): [number, number] => [bound, value - (before.times.get(bound) ?? 0)])
    .sort(([a], [b]) => a - b);
  return {
    atMs: after.atMs,
    answeredPerSecond: (after.answered - before.answered) / seconds,
    failedPerSecond: (after.failed - before.failed) / seconds,
    median: quantile(counts, 0.5),
    p99: quantile(counts, 0.99),
    cores: (after.cpuSeconds - before.cpuSeconds) / seconds,
  };
}

/** As Prometheus's `histogram_quantile`: linear within the bucket, and the lower bound of the one without an upper bound. */
function quantile(counts: readonly (readonly [number, number])[], share: number): number | undefined {
  const all = counts.at(-1)?.[1] ?? 0;
  if (all <= 0) return undefined;
  const rank = share * all;
  let lower = 0;
  let below = 0;
  for (const [bound, cumulative] of counts) {
    if (cumulative >= rank) {
      if (!Number.isFinite(bound)) return lower;
      return lower + ((bound - lower) * (rank - below)) / (cumulative - below);
    }
    lower = bound;
    below = cumulative;
  }
  return lower;
}

/** Adds a sample, and forgets those that are older than `keepMs`. */
export const withSample = (samples: readonly Sample[], sample: Sample, keepMs: number): Sample[] => [
  ...samples.filter(({ atMs }) => atMs >= sample.atMs - keepMs && atMs < sample.atMs),
  sample,
];
