import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { RULES } from '../../apps/gateway/src/admin/alert-rules.js';

interface Alerts {
  groups: { rules: { alert: string; annotations: { runbook: string } }[] }[];
}

describe('docs/runbooks.md', () => {
  const sections = readFileSync('docs/runbooks.md', 'utf8').split(/^## /m).slice(1);
  const titles = sections.map((section) => /^`(\w+)`(?: \((.*)\))?\n/.exec(section) ?? []);
  const { groups } = parse(readFileSync('docs/prometheus/alerts.yml', 'utf8')) as Alerts;
  const alerts = groups.flatMap(({ rules }) => rules);

  it('has a section for every alert of Prometheus and for every rule of the gateway, and no other', () => {
    expect(titles.map(([, alert]) => alert)).toEqual(alerts.map(({ alert }) => alert));
    const rules = titles.flatMap(([, , also = '']) => [...also.matchAll(/`(\w+)`/g)].map(([, rule]) => rule));
    expect(rules.sort()).toEqual(Object.keys(RULES).sort());
  });

  it('is where each alert leads to, and says what to look at and what to do', () => {
    for (const { alert, annotations } of alerts)
      expect(annotations.runbook).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
    for (const section of sections)
      expect(section).toMatch(/\n\n[A-Z][^\n]{20,}\n\n\*\*Look at:\*\* [^\n]{20,}\n\n\*\*Do:\*\* [^\n]{10,}\n/);
  });
});
