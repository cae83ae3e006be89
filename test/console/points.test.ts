import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import type { Browser, Page } from 'playwright-core';
import { rest, type System, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { choose, fitsWidth, launch, logIn, NARROW, openTab, picture, readJson, WIDE, writeJson } from './browser.js';

const BIG = 9007199254740993n;
const KINDS = ['moss', 'fern', 'tree'];
const POINTS = Array.from({ length: 60 }, (_, at) => ({
  id: `p-${String(at).padStart(2, '0')}`,
  vector: [at, 1, 0.5],
  payload: { kind: KINDS[at % 3], size: (at * 7) % 60, serial: BIG + BigInt(2 * at), leaf: { shape: `s${at % 5}` } },
}));

describe('the points of a collection', () => {
  let system: System;
  let db: VectronClient;
  let browser: Browser;
  let page: Page;
  let token: string;
  const faults: string[] = [];
  beforeAll(async () => {
    system = await startSingle(tempDir('console-points'), ['--no-sample']);
    db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('plants', { dimension: 3, distance: 'euclidean' });
    await db.upsert('plants', POINTS);
    token = await logIn(system);
    browser = await launch();
    page = await openTab(browser, WIDE, token);
    page.on('pageerror', (error) => faults.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  const open = (path: string, of = page) => of.goto(`${system.http}/console/collections/plants${path}`);
  const rows = (of = page) => of.locator('table[aria-label=points] tbody tr');
  const ids = async () => rows().locator('td:nth-child(2)').allTextContents();
  const listed = async (body: object) =>
    (await rest(system.http, 'POST', '/v1/collections/plants/points/list', { key: token, body })).body.points.map(
      (point: { id: string }) => point.id,
    ) as string[];
  const json = () => readJson(page, 'filter');
  const shows = (expected: readonly string[]) =>
    until('the table has the rows', async () => JSON.stringify(await ids()) === JSON.stringify(expected));

  it('are listed as the API lists them, with every digit of large integers', async () => {
    await open('');
    await shows(await listed({ limit: 20 }));
    expect(await page.textContent('[data-testid=count]')).toContain('60 points');
    expect(await rows().first().textContent()).toContain(BIG.toString());
    await picture(page, 'points-wide');
  });

  it('are chosen by conditions that stand beside as JSON, and the other way round', async () => {
    await page.click('button:has-text("Add condition")');
    await page.fill('[aria-label=field]', 'kind');
    await page.fill('[aria-label=value]', 'fern');
    expect(JSON.parse(await json())).toEqual({ field: 'kind', eq: 'fern' });
    await page.keyboard.press('Escape');
    await page.click('button:has-text("Apply filter")');
    await shows(await listed({ limit: 20, filter: { field: 'kind', eq: 'fern' } }));
    await page.waitForSelector('[data-testid=count]:has-text("20 points pass")');
    await writeJson(page, 'filter', `{"field": "serial", "eq": ${BIG + 2n}}`);
    expect(await page.inputValue('[aria-label=value]')).toBe((BIG + 2n).toString());
    await page.click('button:has-text("Apply filter")');
    await shows(['p-01']);
    await page.reload();
    await shows(['p-01']);
    expect(await json()).toContain((BIG + 2n).toString());
    await writeJson(page, 'filter', '{"field": "kind", "like": 1}');
    await page.click('button:has-text("Apply filter")');
    await page.waitForSelector('[role=alert] >> text=unknown test');
    await writeJson(page, 'filter', '{"field": ');
    await page.waitForSelector('[role=alert] >> text=not a filter yet');
    await page.click('button:has-text("Clear")');
    await shows(await listed({ limit: 20 }));
  });

  it('keep large integers of a link that somebody wrote by hand', async () => {
    await open(`?filter=${encodeURIComponent(`{"field":"serial","eq":${BIG + 4n}}`)}`);
    await shows(['p-02']);
  });

  it('are ordered by a value, in columns that were chosen, page by page, and the link has all of it', async () => {
    await open('');
    await page.click('th button:has-text("size")');
    await page.click('th button:has-text("size")');
    const order = { orderBy: { path: 'size', descending: true } };
    await shows(await listed({ limit: 20, ...order }));
    const all = await listed({ limit: 60, ...order });
    await page.click('button:has-text("Next")');
    await shows(all.slice(20, 40));
    await page.reload();
    await shows(all.slice(20, 40));
    await page.click('button:has-text("Next")');
    await shows(all.slice(40));
    await page.click('button:has(:text-is("Back"))');
    await shows(all.slice(20, 40));
    await page.click('button:has-text("First page")');
    await shows(all.slice(0, 20));
  });

  it('are opened, changed, and written only if nobody changed them meanwhile', async () => {
    await open('');
    await page.click('a:text-is("p-03")');
    await page.waitForSelector('form[aria-label=point]');
    const payload = await readJson(page, 'payload');
    expect(payload).toContain((BIG + 6n).toString());
    expect(JSON.parse(await page.inputValue('textarea[name=vector]'))).toEqual([3, 1, 0.5]);
    await picture(page, 'point-wide');
    await writeJson(page, 'payload', payload.replace('"moss"', '"lichen"'));
    await page.click('button:has(:text-is("Save"))');
    await until('the point is changed', async () => (await db.get('plants', 'p-03'))?.payload.kind === 'lichen');
    const stored = await db.get('plants', 'p-03');
    expect(stored?.payload).toEqual({ ...POINTS[3].payload, kind: 'lichen' });
    await page.waitForSelector(`[data-testid=version]:has-text("version ${stored?.version}")`);

    await writeJson(page, 'payload', '{"mine": true}');
    await db.updatePoints('plants', { ids: ['p-03'], set: { size: 1000 } });
    await page.click('button:has(:text-is("Save"))');
    await page.waitForSelector('[role=alert] >> text=VERSION_CONFLICT');
    expect((await db.get('plants', 'p-03'))?.payload).toEqual({ ...POINTS[3].payload, kind: 'lichen', size: 1000 });
    await page.click('button:has-text("Read it again")');
    await until('the page has the current payload', async () => (await readJson(page, 'payload')).includes('1000'));
    await writeJson(page, 'payload', 'not JSON');
    await page.click('button:has(:text-is("Save"))');
    await page.waitForSelector('[role=alert] >> text=not JSON');
  });

  it('have an editor that shows where a fault is, and that the keyboard can leave', async () => {
    await open('/point?id=p-06');
    const editor = page.getByRole('textbox', { name: 'Payload as JSON' });
    await writeJson(page, 'payload', '{\n  "kind": "moss",\n  "size": [1, 2}\n}');
    await page.waitForSelector('[data-json=payload] >> text=Line 3, column 16: this is not JSON from here on.');
    await page.waitForSelector('[data-json=payload] .cm-lintRange-error');
    await picture(page, 'editor-fault');
    await writeJson(page, 'payload', '{"kind": "moss"}');
    await page.waitForSelector('[data-json=payload] .cm-lintRange-error', { state: 'detached' });
    await editor.press('ControlOrMeta+Home');
    await page.waitForSelector('[data-json=payload] .cm-matchingBracket');
    expect(await page.locator('[data-json=payload] .cm-line span').count()).toBeGreaterThan(1);
    await page.keyboard.press('Tab');
    expect(await readJson(page, 'payload')).toBe('  {"kind": "moss"}');
    const hasFocus = () => page.evaluate<boolean>("document.activeElement?.ariaLabel === 'Payload as JSON'");
    expect(await hasFocus()).toBe(true);
    await page.waitForSelector('text=Press Escape, then Tab to leave the editor.');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    expect(await hasFocus()).toBe(false);
    await page.keyboard.press('Shift+Tab');
    expect(await hasFocus()).toBe(true);
  });

  it('can be written while the editor cannot be downloaded', async () => {
    const tab = await openTab(browser, WIDE, token);
    await tab.route('**/assets/json-editor*', (route) => route.abort());
    await open('/point?id=p-07', tab);
    await tab.fill('textarea[name=payload]', '{"kind": "plain"}');
    await tab.click('button:has(:text-is("Save"))');
    await until('the point is changed', async () => (await db.get('plants', 'p-07'))?.payload.kind === 'plain');
    await tab.close();
  });

  it('get a vector and a time to live', async () => {
    await open('/point?id=p-04');
    await page.fill('textarea[name=vector]', '[4, 1, 0.25]');
    await choose(page, 'Expires', 'in seconds');
    await page.click('button:has(:text-is("Save"))');
    await page.waitForSelector('[data-testid=expiry]');
    const stored = await db.get('plants', 'p-04');
    expect(Array.from(stored?.vector ?? [])).toEqual([4, 1, 0.25]);
    expect(stored?.payload).toEqual(POINTS[4].payload);
    expect(stored?.expiresAt?.getTime()).toBeGreaterThan(Date.now());
  });

  it('are made, once, and deleted when that was confirmed', async () => {
    await open('/point');
    await page.fill('input[name=id]', 'a/b ?');
    await writeJson(page, 'payload', '{"n": 18446744073709551615}');
    await page.fill('textarea[name=vector]', '[1, 2, 3]');
    await page.click('button:has-text("Write the point")');
    await page.waitForSelector('h2:has-text("a/b ?")');
    expect((await db.get('plants', 'a/b ?'))?.payload).toEqual({ n: 18446744073709551615n });
    await page.click('button:has(:text-is("Delete"))');
    expect(await db.get('plants', 'a/b ?')).toBeDefined();
    await page.click('[role=dialog] >> button:has-text("Delete a/b ?")');
    await page.waitForSelector('table[aria-label=points]');
    expect(await db.get('plants', 'a/b ?')).toBeUndefined();
    await page.check('[aria-label="choose p-10"]');
    await page.check('[aria-label="choose p-11"]');
    await page.click('button:has(:text-is("Delete"))');
    await page.click('[role=dialog] >> button:has-text("Delete 2 points")');
    await page.waitForSelector('[data-testid=count]:has-text("58 points")');
    expect(await db.get('plants', 'p-10')).toBeUndefined();
    await open('/point?id=nobody');
    await page.waitForSelector('[role=alert] >> text=POINT_NOT_FOUND');
  });

  it('stay within the width of a phone', async () => {
    const phone = await openTab(browser, NARROW, token);
    for (const path of ['', '/point?id=p-05']) {
      await open(path, phone);
      await phone.waitForSelector(path === '' ? 'table[aria-label=points]' : 'form[aria-label=point]');
      expect(await fitsWidth(phone)).toBe(true);
      await picture(phone, path === '' ? 'points-phone' : 'point-phone');
    }
    await phone.close();
    expect(faults).toEqual([]);
  });
});
