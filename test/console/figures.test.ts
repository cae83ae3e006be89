import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page, Response } from 'playwright-core';
import { rest, type System } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { ADMINISTRATOR, figuresOf, launch, logIn, openTab, picture, WIDE } from './browser.js';
import { startWithAnimals } from './with-animals.js';

describe('a figure of the console', () => {
  let system: System;
  let browser: Browser;
  let token: string;
  let tab: Page;
  beforeAll(async () => {
    system = await startWithAnimals('--slow-query-ms', '1');
    browser = await launch();
    token = await logIn(system);
    tab = await openTab(browser, WIDE, token);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });
  const ask = async (path: string) => (await rest(system.http, 'GET', path, { key: token })).body;
  /** Waits until the page shows what the API answered to it last. */
  const shownAsAnswered = async (path: string, expected: (body: never) => Record<string, unknown>) => {
    let newest: Response | undefined;
    const listen = (response: Response) => {
      if (new URL(response.url()).pathname === path && response.ok()) newest = response;
    };
    tab.on('response', listen);
    await until(`the page shows the answer of ${path}`, async () => {
      if (newest === undefined) return false;
      const wanted = expected((await newest.json()) as never);
      const shown = await figuresOf(tab);
      return Object.entries(wanted).every(([name, value]) => shown[name] === String(value));
    });
    tab.off('response', listen);
  };

  it('of the statistics is what the API answers', async () => {
    await tab.goto(`${system.http}/console/statistics`);
    await shownAsAnswered('/v1/admin/stats', (stats: Record<string, unknown>) => {
      const { gateway, workers: _, ...totals } = stats as { gateway: object; workers: number };
      return { ...totals, ...gateway };
    });
    const { users, apiKeys, collections, points } = await ask('/v1/admin/stats');
    expect(await figuresOf(tab)).toMatchObject({
      ...{ users: String(users), apiKeys: String(apiKeys) },
      ...{ collections: String(collections), points: String(points) },
    });
    expect(points).toBe(5);
    await shownAsAnswered('/v1/admin/workers', ({ workers: [worker] }: { workers: Record<string, number>[] }) => ({
      'worker.disk': worker.diskUsedBytes,
      'worker.memory': worker.memoryBytes,
    }));
  });

  it('of a line is what the metrics of the gateway say', async () => {
    const memory = async () => {
      const answer = await tab.waitForResponse((one) => new URL(one.url()).pathname === '/metrics');
      return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await answer.text())?.[1]);
    };
    const shown = () => tab.getAttribute('[data-series="Memory of the process"] [data-value]', 'data-value');
    const bytes = await memory();
    expect(bytes).toBeGreaterThan(2 ** 20);
    await until('the newest point', async () => Number(await shown()) === bytes);
    await picture(tab, 'statistics-lines');
  });

  it('of the cluster is what the API answers, and so are its workers and shards', async () => {
    await tab.goto(`${system.http}/console/cluster`);
    await shownAsAnswered('/v1/admin/cluster', (status: Record<string, number>) => ({
      'cluster.workers': status.workers,
      'cluster.shards': status.shards,
      'cluster.shardsReady': status.shardsReady,
      'cluster.shardsFullyReplicated': status.shardsFullyReplicated,
      'cluster.points': status.points,
    }));
    const { shards } = await ask('/v1/admin/shards');
    await until('a row for each shard', async () => {
      const rows = await tab.locator('table[aria-label=shards] tbody tr').allTextContents();
      return (
        rows.length === shards.length &&
        shards.every(({ shardId, points }: { shardId: number; points: number }) =>
          rows.some((row) => row.startsWith(`${shardId}animals`) && row.includes(String(points))),
        )
      );
    });
  });

  it('of the audit log counts the entries that have the words', async () => {
    await tab.goto(`${system.http}/console/audit`);
    await tab.waitForSelector('[aria-label="audit log"] td');
    await tab.fill('input[name=search]', 'login admin@vectron.local');
    const { entries } = await ask('/v1/admin/audit?limit=100');
    const wanted = entries.filter((one: Record<string, string>) => {
      const text = Object.values(one).join(' ').toLowerCase();
      return text.includes('login') && text.includes(ADMINISTRATOR);
    }).length;
    expect(wanted).toBeGreaterThan(0);
    await until('the count', async () => (await figuresOf(tab))['audit.found'] === String(wanted));
    expect(await tab.locator('[aria-label="audit log"] tbody tr').count()).toBe(wanted);
    await tab.fill('input[name=search]', 'no entry has these words');
    await tab.waitForSelector('text=No entry has these words');
  });

  it('of the slow queries counts the entries that have the words, and shows their plan', async () => {
    const vector = [1, 0];
    const found = await until('a slow search', async () => {
      await rest(system.http, 'POST', '/v1/collections/animals/points/search', {
        ...{ key: token, body: { vector, exact: true, topK: 5, filter: { field: 'name', eq: 'cat' } } },
      });
      const { queries } = await ask('/v1/admin/slow-queries?limit=500');
      return queries.find(({ operation, plan }: Record<string, string>) => operation === 'Search' && plan);
    });
    await tab.goto(`${system.http}/console/slow-queries`);
    await tab.fill('input[name=search]', `search ${found.requestId}`);
    await until('the count', async () => (await figuresOf(tab))['slow.found'] === '1');
    const row = await tab.locator('[aria-label="slow queries"] tbody tr').innerText();
    expect(row).toContain('animals');
    expect(row).toContain(`shard ${found.plan.shards[0].shardId}`);
    expect(row).toContain('filter');
    await tab.fill('input[name=search]', 'no entry has these words');
    await tab.waitForSelector('text=No entry has these words');
  });

  it('an alert is opened by a rule that is changed on the page, and resolved there', async () => {
    await tab.goto(`${system.http}/console/alerts`);
    await tab.waitForSelector('text=No alert is open');
    await tab.fill('[aria-label="threshold of disk"]', '0');
    await tab.keyboard.press('Enter');
    await until('the rule', async () => {
      const { rules } = await ask('/v1/alerts/rules');
      return rules.find(({ rule }: { rule: string }) => rule === 'disk').threshold === 0;
    });
    await tab.waitForSelector('[aria-label=alerts] tr:has-text("disk")');
    await picture(tab, 'alert-open');
    await tab.click('[aria-label=alerts] tr:has-text("disk") >> button:has-text("resolve")');
    await tab.waitForSelector('text=No alert is open');
    await tab.click('label:has-text("Resolved")');
    await tab.waitForSelector(`[aria-label=alerts] tr:has-text("disk") >> text=${ADMINISTRATOR}`);
    const { alerts } = await ask('/v1/alerts?status=resolved');
    expect(await tab.locator('[aria-label=alerts] tbody tr').count()).toBe(alerts.length);
  });

  it('a key has the role, collections and expiry that were chosen', async () => {
    await tab.goto(`${system.http}/console/keys`);
    await tab.fill('input[name=name]', 'scoped');
    await tab.getByRole('combobox', { name: 'Role' }).click();
    await tab.click('[role=option]:visible:has-text("read")');
    await tab.getByRole('combobox', { name: 'Expires' }).click();
    await tab.click('[role=option]:visible:has-text("in 7 days")');
    await tab.getByRole('combobox', { name: 'Collections' }).click();
    await tab.click('[role=option]:visible:has-text("animals")');
    await tab.keyboard.press('Escape');
    await tab.click('button:has-text("Make a key")');
    const secret = (await tab.textContent('[data-testid=new-key]')) ?? '';
    const { keys } = await ask('/v1/keys');
    const made = keys.find(({ name }: { name: string }) => name === 'scoped');
    expect(made).toMatchObject({ role: 'read', collections: ['animals'] });
    expect(Math.round((Number(made.expiresAt) - Number(made.createdAt)) / 86_400)).toBe(7);
    await tab.waitForSelector('tr:has-text("scoped") >> text=animals');
    const search = { key: secret, body: { likeId: 'cat', topK: 1 } };
    const found = await rest(system.http, 'POST', '/v1/collections/animals/points/search', search);
    expect(found.body.results[0].id).toBe('tiger');
    expect((await rest(system.http, 'DELETE', '/v1/collections/animals', { key: secret })).status).toBe(403);
    await picture(tab, 'keys-scoped');
  });
});

describe('the first steps', () => {
  let system: System;
  let browser: Browser;
  beforeAll(async () => {
    const { startSingle } = await import('../harness/system.js');
    system = await startSingle();
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  it('lead from an empty server to a key that works, a collection, points and a search', async () => {
    const tab = await openTab(browser, WIDE, await logIn(system));
    await tab.goto(`${system.http}/console/start`);
    await tab.waitForSelector('section[aria-label="Write points"] >> text=Make a collection first.');
    await picture(tab, 'start-empty');
    await tab.fill('input[name=name]', 'first program');
    await tab.click('button:has-text("Make a key")');
    const key = (await tab.textContent('[data-testid=new-key]')) ?? '';
    await tab.click('button:has-text("Make the collection")');
    await tab.waitForSelector('section[aria-label="Make a collection"][data-done=true]');
    await tab.click('button:has-text("Write the points")');
    await tab.waitForSelector('text=6 points were written.');
    await tab.waitForSelector('section[aria-label="Write points"][data-done=true]');
    await tab.click('form[aria-label=search] button');
    await tab.waitForSelector('[aria-label=results] tbody tr:first-child >> text=tiger');
    await picture(tab, 'start-done');
    const body = { likeId: 'cat', topK: 5 };
    const { results } = (await rest(system.http, 'POST', '/v1/collections/first/points/search', { key, body })).body;
    const shown = await tab.locator('[aria-label=results] tbody tr td:first-child').allTextContents();
    expect(shown).toEqual(results.map(({ id }: { id: string }) => id));
    await tab.close();
  });
});
