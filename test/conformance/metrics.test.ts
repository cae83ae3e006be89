import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { createMetrics, placementMetrics, rerankerMetrics, rpcMetrics, workerMetrics } from '@vectron/observability';
import { parse } from 'yaml';

const at = (file: string) => new URL(`../../${file}`, import.meta.url);
const read = (file: string) => readFileSync(at(file), 'utf8');

/** Every metric that any process has, with the names of its labels. */
async function knownMetrics(): Promise<Map<string, { type: string; labels: string[] }>> {
  const metrics = createMetrics();
  for (const add of [placementMetrics, rerankerMetrics, rpcMetrics, workerMetrics]) add(metrics);
  const all = metrics.registry.getMetricsAsArray() as unknown as {
    name: string;
    type?: string;
    labelNames: string[];
  }[];
  const types = new Map((await metrics.registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
  const own = all.filter(({ name }) => name.startsWith('vectron_'));
  return new Map(
    own.map(({ name, labelNames }) => [name, { type: types.get(name) ?? '', labels: [...labelNames].sort() }]),
  );
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[];
  };
}

const dashboards = (): Dashboard[] =>
  readdirSync(at('docs/grafana')).map((file) => JSON.parse(read(`docs/grafana/${file}`)) as Dashboard);
const expressionsOf = ({ panels, templating }: Dashboard) => [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
];
const rules = () =>
  (
    parse(read('docs/prometheus/alerts.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  ).groups.flatMap((group) => group.rules);
/** The names of metrics in an expression, as they are declared. */
const namesIn = (expr: string) =>
  (expr.match(/vectron_\w+/g) ?? []).map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));

it('the reference has every metric with its labels, and no other', async () => {
  const known = await knownMetrics();
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(vectron_\w+)` \|([^|]*)\|/gm)];
  const documented = rows.map(([, name, labels]) => {
    const named = labels.split(',').map((label) => label.trim());
    return [name, named.filter((label) => label !== '').sort()];
  });
  expect(documented.sort()).toEqual([...known].map(([name, { labels }]) => [name, labels]).sort());
});

it('what grows is a counter and named so, and nothing is a rate', async () => {
  for (const [name, { type }] of await knownMetrics()) {
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/per_second|_rate$/);
  }
});

it('dashboards and alert rules name the metrics that there are', async () => {
  const known = await knownMetrics();
  const all = [...dashboards().flatMap(expressionsOf), ...rules().map(({ expr }) => expr)];
  const unknown = all.flatMap(namesIn).filter((name) => !known.has(name));
  expect(unknown).toEqual([]);
  // A counter is shown by its increase: its value says how long the process has run.
  const bare = all.flatMap((expr) => {
    const inRates = expr.replaceAll(/(?:rate|increase)\(\w+(?:\{[^}]*\})?\[[^\]]+\]\)/g, '');
    return namesIn(inRates).filter((name) => known.get(name)?.type === 'counter' && !expr.startsWith('label_values'));
  });
  expect(bare).toEqual([]);
});

it('every dashboard has variables, each of which its panels use, and panels with ids of their own', () => {
  for (const dashboard of dashboards()) {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify([dashboard.panels, dashboard.templating.list]);
    const variables = dashboard.templating.list.map(({ name }) => name);
    expect(variables.length).toBeGreaterThan(1);
    for (const name of variables) expect([name, new RegExp(`\\$\\{?${name}\\b`).test(text)]).toEqual([name, true]);
  }
  expect(new Set(dashboards().map(({ uid }) => uid)).size).toBe(3);
});

it('every alert rule has a test in which it fires', () => {
  const tests = read('docs/prometheus/alerts.test.yml');
  const tested = [...tests.matchAll(/alertname="(\w+)"/g)].map(([, name]) => name);
  expect(rules().map(({ alert }) => alert)).toEqual(tested);
});
