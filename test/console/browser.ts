import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { rest, type System } from '../harness/system.js';
import { waitLimitMs } from '../harness/waiting.js';

const EXECUTABLE = process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium';
/** Set to keep pictures of every page. */
export const PICTURES = process.env.VECTRON_SCREENSHOTS;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What a page is looked at with. */
export interface View {
  readonly width: 1280 | 390;
  readonly scheme: 'light' | 'dark';
}
export const WIDE: View = { width: 1280, scheme: 'light' };
export const NARROW: View = { width: 390, scheme: 'dark' };

export async function launch(): Promise<Browser> {
  expect(existsSync(EXECUTABLE)).toBe(true);
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS, timeout: waitLimitMs() });
}

/** A tab of a browser profile of its own. `token`: of a login that it has; none: it has to log in. */
export async function openTab(browser: Browser, { width, scheme }: View, token?: string): Promise<Page> {
  const height = width === 390 ? 844 : 800;
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  tab.setDefaultTimeout(waitLimitMs());
  if (token !== undefined) {
    await tab.addInitScript(`sessionStorage.setItem('vectron-token', ${JSON.stringify(token)})`);
  }
  return tab;
}

export async function picture(tab: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await tab.screenshot({ path: join(PICTURES, `${name}.png`), animations: 'disabled' });
}

export const ADMINISTRATOR = 'admin@vectron.local';
export const PASSWORD = 'a password of the administrator';

/** The token of the administrator's login, after the first password was changed. */
export async function logIn({ http, password }: System): Promise<string> {
  const login = (secret: string) =>
    rest(http, 'POST', '/v1/users/login', { body: { email: ADMINISTRATOR, password: secret } });
  const first = await login(password);
  const body = { currentPassword: password, newPassword: PASSWORD };
  expect((await rest(http, 'POST', '/v1/user/password', { key: first.body.jwtToken, body })).status).toBe(200);
  return (await login(PASSWORD)).body.jwtToken as string;
}

/** What the page shows as a figure of the API, by name. */
export const figuresOf = (tab: Page): Promise<Record<string, string>> =>
  tab.$$eval('[data-figure]', (elements) =>
    Object.fromEntries(
      elements.map((one) => [one.getAttribute('data-figure') ?? '', one.getAttribute('data-value') ?? '']),
    ),
  );

/** Chooses an option of the list with this label. */
export async function choose(tab: Page, label: string, option: string): Promise<void> {
  await tab.getByLabel(label, { exact: true }).first().click();
  await tab.getByRole('option', { name: option, exact: true }).click();
}

const editorOf = (name: string) => `[data-json=${name}] .cm-content`;

/** Replaces what is in the editor of a JSON field. */
export const writeJson = (tab: Page, name: string, text: string): Promise<void> =>
  tab.locator(editorOf(name)).fill(text);

/** The whole text of a JSON field, also what its editor does not show. */
export const readJson = (tab: Page, name: string): Promise<string> => tab.inputValue(`input[name=${name}]`);

/** Whether nothing of the page is beyond its width. */
export const fitsWidth = (tab: Page): Promise<boolean> =>
  tab.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth');
