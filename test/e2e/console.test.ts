import { existsSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { type Browser, chromium, type Page } from 'playwright-core';
import { changeFirstPassword, type System, startSingle } from '../harness/system.js';
import { waitLimitMs } from '../harness/waiting.js';

const EXECUTABLE = process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium';
/** Set to keep pictures of every page. */
const PICTURES = process.env.VECTRON_SCREENSHOTS;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe('the console', () => {
  let system: System;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    expect(existsSync(EXECUTABLE)).toBe(true);
    system = await startSingle();
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('animals', { dimension: 2, rerank: { enabled: true } });
    const animals = { cat: [1, 0.1], tiger: [1, 0.2], lion: [1, 0.3], trout: [0.1, 1], salmon: [0.2, 1] };
    await db.upsert(
      'animals',
      Object.entries(animals).map(([id, vector]) => ({
        id,
        vector,
        payload: { name: id, legs: vector[0] > vector[1] ? 4 : 0 },
      })),
    );
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: FLAGS, timeout: waitLimitMs() });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.setDefaultTimeout(waitLimitMs());
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  const picture = async (name: string) => {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: `${PICTURES}/${name}.png` });
  };
  const names = () => page.locator('tbody tr td:nth-child(2)').allTextContents();

  it('asks for a login, refuses a wrong password and lets the administrator in', async () => {
    await page.goto(`${system.http}/console`);
    await page.fill('input[name=email]', 'admin@vectron.local');
    await page.fill('input[name=password]', 'not the password');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert] >> text=wrong e-mail address or password');
    await picture('login');
    faults.length = 0; // The browser reports the refused login as an error of its own.
    await page.fill('input[name=password]', await changeFirstPassword(system));
    await page.click('button[type=submit]');
    await page.waitForSelector('text=animals');
    await picture('collections');
  });

  it('makes a collection and shows a mistake with its code', async () => {
    await page.click('text=New collection');
    await page.fill('input[name=name]', 'made-here');
    await page.fill('input[name=dimension]', '8');
    await page.click('button:has-text("Create")');
    await page.waitForSelector('a:has-text("made-here")');
    await page.click('text=New collection');
    await page.fill('input[name=name]', 'made-here');
    await page.click('button:has-text("Create")');
    await page.waitForSelector('[role=alert] >> text=COLLECTION_EXISTS');
    await page.keyboard.press('Escape');
    faults.length = 0; // The refused creation, again.
  });

  it('browses points, finds similar ones and searches by a vector', async () => {
    await page.click('a:has-text("animals")');
    await page.waitForSelector('tr:has-text("tiger")');
    await picture('points');
    await page.click('tr:has-text("trout") button:has-text("find similar")');
    await page.waitForSelector('text=1 of 1 shards');
    expect((await names())[0]).toBe('salmon');
    await picture('search');
    await page.fill('input[name=like]', '');
    await page.fill('textarea[name=vector]', '[1, 0]');
    await page.click('button[type=submit]');
    await page.waitForSelector('tbody tr:first-child >> text=cat');
    expect(await names()).toEqual(['cat', 'tiger', 'lion', 'salmon', 'trout']);
    await page.fill('textarea[name=filter]', '{"field": "legs", "eq": 0}');
    await page.click('button[type=submit]');
    await page.waitForSelector('text=2 points considered (scan), payloads were read');
    expect(await names()).toEqual(['salmon', 'trout']);
    await picture('filter');
    await page.fill('textarea[name=filter]', '{"field": "legs", "like": 0}');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert] >> text=is no test');
    await page.fill('textarea[name=filter]', '');
    faults.length = 0; // The refused filter.
    await page.click('[role=tab]:has-text("Status")');
    await page.waitForSelector('text=ready');
    await picture('status');
  });

  it('makes a key that works, and revokes it', async () => {
    await page.click('nav >> text=API keys');
    await page.fill('input[name=name]', 'from the console');
    await page.click('button:has-text("Make a key")');
    const key = await page.textContent('[data-testid=new-key]');
    const db = connect(system.http, { apiKey: key ?? '' });
    expect((await db.listCollections()).map((one) => one.name)).toContain('made-here');
    await picture('keys');
    const row = page.locator('tr:has-text("from the console")');
    await row.locator('button:has-text("revoke")').click();
    await row.waitFor({ state: 'detached' });
  });

  it('shows the health of every service, and the API reference', async () => {
    await page.click('nav >> text=System health');
    await page.waitForSelector('tr:has-text("placement-driver") >> text=ok');
    expect(await page.locator('tbody tr').count()).toBe(5);
    await picture('health');
    expect(faults).toEqual([]);
    await page.goto(`${system.http}/docs`);
    await page.waitForSelector('text=Nearest neighbours of a vector or of a point');
    await picture('reference');
  });
});
