import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import type { Browser, Page } from 'playwright-core';
import { launch, PICTURES, writeJson } from '../console/browser.js';
import { rest, type System, startSingle } from '../harness/system.js';
import { until, waitLimitMs } from '../harness/waiting.js';

const ADMIN_PASSWORD = 'a password of the administrator';
const ADA_PASSWORD = 'a password that ada chose';

describe('the console', () => {
  let system: System;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  beforeAll(async () => {
    system = await startSingle(undefined, ['--no-sample', '--registration', 'invite']);
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
    browser = await launch();
    page = await newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  /** Of a browser of its own: what one keeps of a login, another does not have. */
  const newPage = async () => {
    const made = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    made.on('pageerror', (error) => faults.push(error.message));
    made.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    made.setDefaultTimeout(waitLimitMs());
    return made;
  };
  const picture = async (name: string, of = page) => {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    await of.screenshot({ path: `${PICTURES}/${name}.png`, animations: 'disabled' });
  };
  const fillLogin = async (on: Page, email: string, password: string) => {
    await on.goto(`${system.http}/console/login`);
    await on.fill('input[name=email]', email);
    await on.fill('input[name=password]', password);
    await on.click('button[type=submit]');
  };
  const choosePassword = async (on: Page, password: string) => {
    await on.fill('input[name=new-password]', password);
    await on.fill('input[name=new-password-again]', password);
    await on.click('button[type=submit]');
  };
  const tokenOf = (on: Page) => on.evaluate<string>("sessionStorage.getItem('vectron-token') ?? ''");
  const statusOf = async (token: string) => (await rest(system.http, 'GET', '/v1/collections', { key: token })).status;
  const names = () => page.locator('tbody tr td:nth-child(2)').allTextContents();

  it('asks for a login, refuses a wrong password and has the first one changed', async () => {
    await page.goto(`${system.http}/console`);
    await page.waitForURL('**/console/login');
    await fillLogin(page, 'admin@vectron.local', 'not the password');
    await page.waitForSelector('[role=alert] >> text=wrong e-mail address or password; check both and try again');
    await picture('login');
    faults.length = 0; // The browser reports the refused login as an error of its own.
    await page.fill('input[name=password]', system.password);
    await page.click('button[type=submit]');
    await page.waitForSelector('text=Choose a password');
    expect(await tokenOf(page)).toBe('');
    await picture('first-password');
    await choosePassword(page, ADMIN_PASSWORD);
    await page.waitForSelector('text=animals');
    await picture('collections');
    const again = await newPage();
    await fillLogin(again, 'admin@vectron.local', ADMIN_PASSWORD);
    await again.waitForSelector('text=animals');
    await again.close();
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
    await page.click('tr:has-text("trout") >> text=find similar');
    await page.waitForSelector('text=1 of 1 shards');
    expect((await names())[0]).toBe('salmon');
    await picture('search');
    await page.click('[aria-label="what is searched for"]');
    await page.click('[role=option]:visible:has-text("a vector")');
    await page.fill('textarea[name=vector]', '[1, 0]');
    await page.click('button[type=submit]');
    await page.waitForSelector('tbody tr:first-child >> text=cat');
    expect(await names()).toEqual(['cat', 'tiger', 'lion', 'salmon', 'trout']);
    await writeJson(page, 'filter', '{"field": "legs", "eq": 0}');
    await page.click('button[type=submit]');
    await page.waitForSelector('text=2 points considered (scan), payloads were read');
    expect(await names()).toEqual(['salmon', 'trout']);
    await picture('filter');
    await writeJson(page, 'filter', '{"field": "legs", "like": 0}');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert] >> text=unknown test');
    await writeJson(page, 'filter', '');
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
    expect(await page.textContent('tr:has-text("from the console")')).toContain('never');
    await picture('keys');
    const row = page.locator('tr:has-text("from the console")');
    await row.locator('button:has-text("revoke")').click();
    await page.click('[role=dialog] >> button:has-text("Revoke the key")');
    await row.waitFor({ state: 'detached' });
  });

  describe('people', () => {
    let ada: Page;
    beforeAll(async () => {
      ada = await newPage();
    });

    it('refuse registration to whoever has no invitation, with the reason', async () => {
      await ada.goto(`${system.http}/console`);
      await ada.click('text=I have an invitation');
      await ada.fill('input[name=email]', 'ada@example.org');
      await choosePassword(ada, ADA_PASSWORD);
      await ada.waitForSelector('[role=alert] >> text=invitation');
      await picture('register-refused', ada);
      faults.length = 0;
    });

    it('are invited, register in another browser, and see the collections of the tenant', async () => {
      await page.click('nav >> text=People');
      await page.fill('input[name=invite-email]', 'ada@example.org');
      await page.click('button:has-text("Invite")');
      const token = (await page.textContent('[data-testid=invitation-token]')) ?? '';
      await page.waitForSelector('[aria-label=invitations] >> text=ada@example.org');
      await picture('invitation');
      await ada.fill('input[name=invitation]', ` ${token} `);
      await ada.click('button[type=submit]');
      await ada.waitForSelector('a:has-text("animals")');
      expect(await ada.locator('nav >> text=People').count()).toBe(0);
      await picture('invited', ada);
      await page.reload();
      await page.waitForSelector('[aria-label=accounts] tr:has-text("ada@example.org") >> text=active');
      expect(await page.locator('[aria-label=invitations]').count()).toBe(0);
      await picture('people');
    });

    it('get a role', async () => {
      await page.click('[aria-label="role of ada@example.org"]');
      await page.click('[role=option]:visible:has-text("read")');
      await until('ada is a reader', async () => {
        const { body } = await rest(system.http, 'GET', '/v1/user/profile', { key: await tokenOf(ada) });
        return body.user.role === 'read';
      });
    });

    it('are disabled, which ends their logins, and enabled', async () => {
      const row = page.locator('[aria-label=accounts] tr:has-text("ada@example.org")');
      await row.locator('button:has-text("disable")').click();
      await row.locator('text=disabled').waitFor();
      await picture('disabled');
      await ada.waitForURL('**/console/login');
      await row.locator('button:has-text("enable")').click();
      await row.locator('text=active').waitFor();
      faults.length = 0; // The requests of a login that has ended.
    });

    it('get a password for one login, at which they choose their own', async () => {
      await page.click('[aria-label=accounts] tr:has-text("ada@example.org") >> button:has-text("reset password")');
      await page.click('[role=dialog] >> button:has-text("Reset password")');
      const once = (await page.textContent('[data-testid=new-password]')) ?? '';
      await picture('reset-password');
      await page.keyboard.press('Escape');
      await fillLogin(ada, 'ada@example.org', once);
      await ada.waitForSelector('text=Choose a password');
      await choosePassword(ada, ADA_PASSWORD);
      await ada.waitForSelector('a:has-text("animals")');
    });

    it('change their own password, which takes the old one', async () => {
      await ada.click('text=ada@example.org');
      await ada.waitForSelector('text=Your account');
      const form = ada.locator('form[aria-label="change password"]');
      const change = async (current: string) => {
        await form.locator('input[name=current-password]').fill(current);
        await form.locator('input[name=new-password]').fill(ADMIN_PASSWORD);
        await form.locator('input[name=new-password-again]').fill(ADMIN_PASSWORD);
        await form.locator('button[type=submit]').click();
      };
      await change('not the password');
      await form.locator('[role=alert] >> text=wrong password').waitFor();
      await change(ADA_PASSWORD);
      await form.locator('text=The password was changed.').waitFor();
      await picture('account', ada);
      faults.length = 0; // The refused change.
    });

    it('are removed, and the answer says what became of the collections', async () => {
      await page.click('[aria-label=accounts] tr:has-text("ada@example.org") >> button:has-text("remove")');
      await picture('remove');
      await page.click('[role=dialog] >> button:has-text("Remove ada@example.org")');
      await page.waitForSelector('[data-testid=removal] >> text=Collections that stay with the tenant: animals');
      await picture('removed');
      await page.keyboard.press('Escape');
      await page.locator('[aria-label=accounts] tr:has-text("ada@example.org")').waitFor({ state: 'detached' });
      await ada.click('nav >> text=Collections');
      await ada.waitForURL('**/console/login');
      await ada.close();
      faults.length = 0; // The requests of an account that is gone.
    });
  });

  describe('a login', () => {
    it('is renewed before it expires, in a tab that nobody touches', async () => {
      const idle = await newPage();
      await idle.clock.install();
      await fillLogin(idle, 'admin@vectron.local', ADMIN_PASSWORD);
      await idle.click('nav >> text=API keys');
      await idle.waitForSelector('text=Make a key');
      const before = await tokenOf(idle);
      const renewed = idle.waitForResponse('**/v1/auth/refresh');
      await idle.clock.fastForward(14 * 60_000);
      expect((await renewed).status()).toBe(200);
      await until('a new token', async () => (await tokenOf(idle)) !== before);
      await idle.close();
    });

    it('is renewed when its token is refused, and the request is sent again', async () => {
      const asleep = await newPage();
      await fillLogin(asleep, 'admin@vectron.local', ADMIN_PASSWORD);
      await asleep.waitForSelector('a:has-text("animals")');
      await asleep.evaluate("sessionStorage.setItem('vectron-token', 'one that has expired')");
      await asleep.click('nav >> text=People');
      await asleep.waitForSelector('[aria-label=accounts] >> text=admin@vectron.local');
      expect(await statusOf(await tokenOf(asleep))).toBe(200);
      await asleep.close();
      faults.length = 0; // The refused requests.
    });

    it('ends at the server when somebody logs out', async () => {
      const leaving = await newPage();
      await fillLogin(leaving, 'admin@vectron.local', ADMIN_PASSWORD);
      await leaving.waitForSelector('a:has-text("animals")');
      const token = await tokenOf(leaving);
      expect(await statusOf(token)).toBe(200);
      await leaving.click('button:has-text("Log out")');
      await leaving.waitForURL('**/console/login');
      expect(await tokenOf(leaving)).toBe('');
      expect(await statusOf(token)).toBe(401);
      await leaving.close();
    });
  });

  it('shows the health of every service, and the API reference', async () => {
    await page.click('nav >> text=System health');
    await page.waitForSelector('tr:has-text("placement-driver") >> text=ok');
    expect(await page.locator('tbody tr').count()).toBe(5);
    await picture('health');
    expect(faults).toEqual([]);
    await page.goto(`${system.http}/docs`);
    await page.waitForSelector('text=Find the nearest neighbours of a vector, of a text or of a stored point');
    await picture('reference');
  });
});
