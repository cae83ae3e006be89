import { describe, expect, it } from '@jest/globals';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { placeAfterLogin } from '../../apps/console/src/frame/place-after-login.js';
import { intervalOf, sampleOf, withSample } from '../../apps/console/src/system/metrics-history.js';
import { parseMetrics } from '../../apps/console/src/system/metrics-text.js';

/** What a gateway counts, written as the gateway writes it. */
function counted() {
  const registers = [new Registry()];
  const of = (name: string, labelNames: string[]) => ({ name, help: 'x', labelNames, registers });
  return {
    text: () => registers[0].metrics(),
    requests: new Counter(of('vectron_requests_total', ['operation', 'code'])),
    seconds: new Histogram({ ...of('vectron_request_seconds', ['operation']), buckets: [0.01, 0.1, 1] }),
    memory: new Gauge(of('process_resident_memory_bytes', [])),
    cpu: new Counter(of('process_cpu_seconds_total', [])),
    lag: new Gauge(of('vectron_shard_index_lag', ['collection'])),
  };
}

describe('the text of the metrics', () => {
  it('is read with labels of any text, and with every number', async () => {
    const registers = [new Registry()];
    const gauge = new Gauge({ name: 'g', help: 'a "help" of {two}\nlines', labelNames: ['a', 'b'], registers });
    const texts = ['plain', 'with "quotes"', 'a\\back', 'two\nlines', 'a,b="c"}', '', '日本'];
    const values = [0, -1.5, 1e21, 1e-9, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 42];
    for (const [place, a] of texts.entries()) gauge.set({ a, b: 'x' }, values[place]);
    expect(parseMetrics(await registers[0].metrics())).toEqual(
      texts.map((a, place) => ({ name: 'g', labels: { a, b: 'x' }, value: values[place] })),
    );
  });

  it('that is none has no readings', () => {
    expect(parseMetrics('<html>\n\nnot metrics at all\n# HELP x y')).toEqual([]);
  });
});

describe('what happened between two looks at the metrics', () => {
  it('is rates, and quantiles within the buckets of what was counted between them', async () => {
    const { text, requests, seconds, cpu, memory, lag } = counted();
    requests.inc({ operation: 'Search', code: 'OK' }, 1_000);
    seconds.observe({ operation: 'Search' }, 5);
    const before = sampleOf(parseMetrics(await text()), 10_000);
    requests.inc({ operation: 'Search', code: 'OK' }, 20);
    requests.inc({ operation: 'Upsert', code: 'OVERLOADED' }, 5);
    for (let of = 0; of < 100; of += 1) seconds.observe({ operation: of % 2 ? 'Search' : 'Upsert' }, 0.05);
    cpu.inc(2.5);
    memory.set(123);
    lag.set({ collection: 'a' }, 3);
    lag.set({ collection: 'b' }, 4);
    const after = sampleOf(parseMetrics(await text()), 15_000);
    expect(after).toMatchObject({ memoryBytes: 123, indexLag: 7 });
    const interval = intervalOf(before, after);
    expect(interval).toMatchObject({ answeredPerSecond: 4, failedPerSecond: 1, cores: 0.5 });
    expect(interval?.median).toBeCloseTo(0.01 + 0.09 / 2);
    expect(interval?.p99).toBeCloseTo(0.01 + 0.09 * 0.99);
  });

  it('is unknown across a restart, and a time is unknown where nothing was asked', async () => {
    const { text, requests } = counted();
    requests.inc({ operation: 'Search', code: 'OK' }, 10);
    const sample = sampleOf(parseMetrics(await text()), 1_000);
    expect(intervalOf(sample, { ...sample, atMs: 2_000, answered: 3 })).toBeUndefined();
    expect(intervalOf(sample, sample)).toBeUndefined();
    expect(intervalOf(sample, { ...sample, atMs: 2_000 })).toMatchObject({ median: undefined, answeredPerSecond: 0 });
  });

  it('beyond the last bound is said as that bound', async () => {
    const { text, seconds } = counted();
    const before = sampleOf(parseMetrics(await text()), 0);
    seconds.observe({ operation: 'Search' }, 100);
    expect(intervalOf(before, sampleOf(parseMetrics(await text()), 1_000))?.p99).toBe(1);
  });

  it('is kept for as long as was said, in the order of time', async () => {
    const { text } = counted();
    const at = async (ms: number) => sampleOf(parseMetrics(await text()), ms);
    let samples = [await at(0), await at(500)];
    samples = withSample(samples, await at(1_000), 600);
    expect(samples.map(({ atMs }) => atMs)).toEqual([500, 1_000]);
    // The clock of the machine was set back.
    expect(withSample(samples, await at(700), 600).map(({ atMs }) => atMs)).toEqual([500, 700]);
  });
});

describe('the place after a login', () => {
  it.each(['/audit', '/collections/a%20b?x=1#y', '/keys?to=//example.org'])('may be %s', (to) => {
    expect(placeAfterLogin(to)).toEqual({ to });
  });
  it.each([
    '//example.org',
    '/\\example.org',
    'https://example.org',
    'javascript:alert(1)',
    '',
    '/',
    '/login?to=/x',
    '/register',
    3,
    undefined,
    null,
    ['/x'],
  ])('is the first page instead of %p', (to) => {
    expect(placeAfterLogin(to)).toEqual({});
  });
});
