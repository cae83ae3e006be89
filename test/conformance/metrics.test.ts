import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { createMetrics } from '@vectron/observability';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

it('the dashboard and the reference name the metrics that there are', async () => {
  const known = (await createMetrics().registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith('vectron_'))
    .sort();
  const documented = [...read('docs/metrics.md').matchAll(/^\| `(vectron_\w+)`/gm)].map(([, name]) => name).sort();
  expect(documented).toEqual(known);
  const dashboard = JSON.parse(read('docs/grafana/vectron.json'));
  expect(dashboard).toMatchObject({ title: 'Vectron', schemaVersion: expect.any(Number), panels: expect.any(Array) });
  const expressions = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
    panel.targets.map(({ expr }) => expr),
  ) as string[];
  const shown = new Set(expressions.flatMap((expr) => expr.match(/vectron_\w+/g) ?? []));
  expect([...shown].map((name) => name.replace(/_bucket$/, '')).filter((name) => !known.includes(name))).toEqual([]);
  expect(new Set(dashboard.panels.map(({ id }: { id: number }) => id)).size).toBe(dashboard.panels.length);
});
