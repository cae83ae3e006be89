import { kill } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { ProcessSystem } from '../harness/system.js';
import { launch, logIn, openTab, picture, WIDE } from './browser.js';
import { PAGES } from './pages.js';
import { startAgain, startWithAnimals } from './with-animals.js';

const BANNER = '[data-testid=connection]';

describe('a console whose server', () => {
  let system: ProcessSystem;
  let browser: Browser;
  const tabs = new Map<string, Page>();
  const everywhere = (act: (tab: Page, path: string) => Promise<unknown>) =>
    Promise.all([...tabs].map(([path, tab]) => act(tab, path)));
  beforeAll(async () => {
    system = await startWithAnimals();
    browser = await launch();
    const token = await logIn(system);
    for (const { path, ready } of PAGES) {
      const tab = await openTab(browser, WIDE, token);
      await tab.goto(`${system.http}/console${path}`);
      await ready(tab);
      tabs.set(path, tab);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  it('is slow says so on every page, and takes it back', async () => {
    const { pid } = system.processes[0];
    kill(pid, 'SIGSTOP');
    try {
      await everywhere((tab) => tab.waitForSelector(`${BANNER} >> text=The server answers slowly`));
      await everywhere((tab) => tab.waitForSelector(`${BANNER} >> text=The server cannot be reached`));
    } finally {
      kill(pid, 'SIGCONT');
    }
    await everywhere((tab) => tab.waitForSelector(BANNER, { state: 'detached' }));
  });

  it('was killed says so on every page, and shows no health that nobody vouches for', async () => {
    await system.processes[0].stop('SIGKILL');
    await everywhere((tab) => tab.waitForSelector(`${BANNER} >> text=The server cannot be reached`));
    const health = tabs.get('/health') as Page;
    await health.waitForSelector('[role=alert] >> text=The health of the system is unknown');
    expect(await health.locator('main table >> text=/^ok$/').count()).toBe(0);
    await everywhere((tab, path) => picture(tab, `down-${path.slice(1).replaceAll('/', '-') || 'collections'}`));
  });

  it('is down opens other pages, which show what failed', async () => {
    const tab = tabs.get('/account') as Page;
    await tab.click('nav >> text=Alerts');
    await tab.waitForSelector('h1:has-text("Alerts")');
    await tab.waitForSelector('[role=alert]:visible >> text=UNAVAILABLE');
    await tab.goBack();
    await tab.waitForSelector('h1:has-text("Your account")');
  });

  it('is down refuses a change, and says so', async () => {
    const tab = tabs.get('/keys') as Page;
    await tab.fill('input[name=name]', 'while it is down');
    await tab.click('button:has-text("Make a key")');
    await tab.waitForSelector('form >> [role=alert] >> text=UNAVAILABLE');
    expect(await tab.inputValue('input[name=name]')).toBe('while it is down');
  });

  it('came back has every page go on without being loaded again', async () => {
    await everywhere((tab) => tab.evaluate("window.since = 'before'"));
    system = await startAgain(system);
    await everywhere((tab) => tab.waitForSelector(BANNER, { state: 'detached' }));
    await everywhere(async (tab, path) => {
      await PAGES.find((one) => one.path === path)?.ready(tab);
      expect(await tab.evaluate('window.since')).toBe('before');
    });
    await (tabs.get('/health') as Page).waitForSelector('main >> text=/^ok$/');
    await (tabs.get('/keys') as Page).click('button:has-text("Make a key")');
    await (tabs.get('/keys') as Page).waitForSelector('tr:has-text("while it is down")');
  });
});
