import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { rest, type System } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { launch, logIn, NARROW, openTab, PICTURES, picture, type View, WIDE } from './browser.js';
import { PAGES } from './pages.js';
import { startWithAnimals } from './with-animals.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** `npm run test:console` sets it: every pair of width and colours, and every request that a page makes. */
const ALL = process.env.VECTRON_CONSOLE_ALL === '1';
/** Both widths and both colour schemes; the other two pairs are looked at as well when pictures are kept. */
const VIEWS: readonly View[] = [
  WIDE,
  NARROW,
  ...(ALL || PICTURES !== undefined
    ? [{ width: 1280, scheme: 'dark' } as const, { width: 390, scheme: 'light' } as const]
    : []),
];

/** Serious and critical findings, each with the elements that it is about. */
async function findings(tab: Page): Promise<string[]> {
  // By the debugger: the policy of the gateway lets no script in that it did not serve.
  await tab.evaluate(AXE);
  const { violations } = (await tab.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`);
}

describe('every page of the console', () => {
  let system: System;
  let browser: Browser;
  let token: string;
  beforeAll(async () => {
    system = await startWithAnimals();
    browser = await launch();
    token = await logIn(system);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  describe.each(VIEWS)('at $width pixels, $scheme', (view) => {
    let tab: Page;
    const faults: string[] = [];
    beforeAll(async () => {
      tab = await openTab(browser, view, token);
      tab.on('pageerror', (error) => faults.push(error.message));
      tab.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      tab.on('requestfailed', (request) => {
        const reason = request.failure()?.errorText;
        // What a page itself has given up, because it was left or asks again, has not failed.
        if (reason !== 'net::ERR_ABORTED') faults.push(`${request.url()}: ${reason}`);
      });
    });
    afterAll(() => tab?.close());

    it.each(PAGES)('$path shows what it is for, accessibly, within the width', async ({ path, heading, ready }) => {
      faults.length = 0;
      await tab.goto(`${system.http}/console${path}`);
      await ready(tab);
      expect(await tab.textContent('main h1, main h2')).toBe(heading);
      expect(await tab.title()).toMatch(/. · Vectron$/);
      const width = await tab.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(view.width);
      // The navigation of a phone is closed, and covers nothing.
      const covered = await tab.evaluate<string>(
        `document.elementFromPoint(${view.width / 2}, 120)?.closest('main, nav')?.tagName`,
      );
      expect(covered).toBe('MAIN');
      await picture(tab, `${path.slice(1).replaceAll('/', '-') || 'collections'}-${view.width}-${view.scheme}`);
      expect(await findings(tab)).toEqual([]);
      expect(faults).toEqual([]);
    });
  });

  it.each(PAGES)('$path shows that a request of its own has failed', async ({ path, ready }) => {
    const tab = await openTab(browser, WIDE, token);
    const asked = new Set<string>();
    tab.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (/^\/(?:v1\/|metrics)/.test(pathname)) asked.add(pathname);
    });
    await tab.goto(`${system.http}/console${path}`);
    await ready(tab);
    expect(asked.size).toBeGreaterThan(0);
    // The last is what this page alone asks for; the first ones are those of the frame.
    for (const failing of ALL ? asked : Array.from(asked).slice(-1)) {
      const body = { code: 13, message: `${failing} was made to fail`, details: [{ reason: 'INTERNAL' }] };
      await tab.route(
        (url) => url.pathname === failing,
        (route) => route.fulfill({ status: 500, json: body }),
      );
      await tab.goto(`${system.http}/console${path}`);
      await tab.waitForSelector(`[role=alert]:visible:has-text("${failing} was made to fail")`);
      await tab.unrouteAll({ behavior: 'ignoreErrors' });
    }
    await tab.close();
  });

  it('a page that does not exist says so', async () => {
    const tab = await openTab(browser, WIDE, token);
    await tab.goto(`${system.http}/console/nowhere`);
    await tab.waitForSelector('h1:has-text("There is no such page")');
    await tab.close();
  });

  it('a page whose code cannot be downloaded says so, and opens when it can', async () => {
    const tab = await openTab(browser, WIDE, token);
    await tab.route('**/assets/audit-page*', (route) => route.abort());
    await tab.goto(`${system.http}/console/audit`);
    await tab.waitForSelector('h1:has-text("This page failed")');
    await tab.waitForSelector('[role=alert]:visible');
    await picture(tab, 'page-failed');
    await tab.unrouteAll();
    await tab.click('button:has-text("Try again")');
    await tab.waitForSelector('[aria-label="audit log"] td');
    await tab.close();
  });

  describe('a link to a page', () => {
    const logInAt = async (path: string) => {
      const tab = await openTab(browser, WIDE);
      await tab.goto(`${system.http}/console${path}`);
      await tab.fill('input[name=email]', 'admin@vectron.local');
      await tab.fill('input[name=password]', 'a password of the administrator');
      await tab.click('button[type=submit]');
      return tab;
    };
    it('survives the login', async () => {
      const tab = await logInAt('/collections/animals');
      await tab.waitForURL('**/console/collections/animals');
      await tab.waitForSelector('text=tiger');
      await tab.close();
    });
    it('survives a login that ends while the page is open', async () => {
      const tab = await logInAt('/audit');
      await tab.waitForSelector('[aria-label="audit log"] td');
      const ended = await tab.evaluate<string>("sessionStorage.getItem('vectron-token')");
      expect((await rest(system.http, 'POST', '/v1/auth/logout', { key: ended, body: {} })).status).toBe(200);
      await tab.waitForURL('**/console/login?to=%2Faudit');
      await tab.close();
    });
    it.each(['//example.org', '/\\example.org', 'https://example.org'])('never leads to %s', async (to) => {
      const tab = await logInAt(`/login?to=${encodeURIComponent(to)}`);
      await tab.waitForSelector('a:has-text("animals")');
      expect(tab.url()).toBe(`${system.http}/console/`);
      await tab.close();
    });
  });

  describe('by the keyboard alone', () => {
    const focused = (tab: Page) =>
      tab.evaluate<string>(
        "(document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent || document.activeElement?.tagName || '').trim()",
      );
    /** Presses Tab until what has the focus is named so. */
    const tabTo = async (tab: Page, name: string) => {
      const seen: string[] = [];
      for (let presses = 0; presses < 60; presses += 1) {
        await tab.keyboard.press('Tab');
        seen.push(await focused(tab));
        if (seen.at(-1) === name) return;
      }
      throw new Error(`the focus never came to ${name}: ${seen.join(', ')}`);
    };

    it('the navigation is skipped, or leads to a page that then has the focus', async () => {
      const tab = await openTab(browser, WIDE, token);
      await tab.goto(`${system.http}/console/`);
      await tab.waitForSelector('a:has-text("animals")');
      await tab.keyboard.press('Tab');
      expect(await focused(tab)).toBe('Skip to the page');
      await tab.keyboard.press('Enter');
      await until('the page has the focus', () => tab.evaluate("document.activeElement?.tagName === 'MAIN'"));
      await tab.reload();
      await tab.waitForSelector('a:has-text("animals")');
      await tabTo(tab, 'Audit log');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('[aria-label="audit log"] td');
      await until('the page has the focus', () => tab.evaluate("document.activeElement?.tagName === 'MAIN'"));
      expect(await tab.title()).toBe('Audit log · Vectron');
      await tabTo(tab, 'Check the whole log');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('text=are as they were written');
      await tab.close();
    });

    it('a key is made, and revoked after a question whose dialog holds the focus', async () => {
      const tab = await openTab(browser, WIDE, token);
      await tab.goto(`${system.http}/console/keys`);
      await tab.waitForSelector('[aria-label="API keys"] td');
      await tab.focus('input[name=name]');
      await tab.keyboard.type('by keyboard');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('[data-testid=new-key]');
      await tab.waitForSelector('tr:has-text("by keyboard")');
      await tabTo(tab, 'revoke by keyboard');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('[role=dialog] >> text=Revoke by keyboard?');
      await picture(tab, 'revoke');
      expect(await findings(tab)).toEqual([]);
      await until('the harmless answer has the focus', async () => (await focused(tab)) === 'Cancel');
      await tab.keyboard.press('Escape');
      await tab.waitForSelector('[role=dialog]', { state: 'detached' });
      await until('the focus is back', async () => (await focused(tab)) === 'revoke by keyboard');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('[role=dialog]');
      await tabTo(tab, 'Revoke the key');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('tr:has-text("by keyboard")', { state: 'detached' });
      await tab.close();
    });

    it('the navigation of a phone opens, leads on, and closes', async () => {
      const tab = await openTab(browser, NARROW, token);
      await tab.goto(`${system.http}/console/`);
      await tab.waitForSelector('a:has-text("animals")');
      const link = tab.locator('nav >> text=API keys');
      expect(await link.isVisible()).toBe(false);
      await tabTo(tab, 'open the navigation');
      await tab.keyboard.press('Enter');
      await link.waitFor({ state: 'visible' });
      await picture(tab, 'navigation-390-dark');
      await tab.keyboard.press('Escape');
      await link.waitFor({ state: 'hidden' });
      await tab.keyboard.press('Enter');
      await tabTo(tab, 'API keys');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector('[aria-label="API keys"] td');
      await link.waitFor({ state: 'hidden' });
      await tab.close();
    });
  });
});
