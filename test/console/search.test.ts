import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import type { Browser, Page } from 'playwright-core';
import { rest, type System, startSingle, tempDir } from '../harness/system.js';
import { until, waitLimitMs } from '../harness/waiting.js';
import { choose, fitsWidth, launch, logIn, NARROW, openTab, picture, WIDE, writeJson } from './browser.js';

const run = promisify(execFile);
const WORDS = ['mail server', 'web server', 'mail reader', 'window manager', 'text editor'];
const BIG = 9007199254740993n;
const POINTS = Array.from({ length: 300 }, (_, at) => ({
  id: `paper-${at}`,
  vector: [Math.cos(at), Math.sin(at), Math.cos(at / 7), 0.3],
  payload: { title: `A ${WORDS[at % 5]}, number ${at}`, year: 1990 + (at % 30), serial: BIG + BigInt(at) },
}));

describe('the search page', () => {
  let system: System;
  let browser: Browser;
  let page: Page;
  let token: string;
  beforeAll(async () => {
    system = await startSingle(tempDir('console-search'), ['--no-sample']);
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('papers', {
      dimension: 4,
      indexes: [{ path: 'title', type: 'text', language: 'english' }],
    });
    await db.upsert('papers', POINTS);
    token = await logIn(system);
    browser = await launch();
    page = await openTab(browser, WIDE, token);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  const open = (search = '', of = page) => of.goto(`${system.http}/console/collections/papers/search${search}`);
  const call = async (verb: string, body: object) =>
    (await rest(system.http, 'POST', `/v1/collections/papers/points/${verb}`, { key: token, body })).body;
  const ids = () => page.locator('table[aria-label=results] tbody tr td:nth-child(2)').allTextContents();
  const shows = async (found: { results: { id: string }[] }) => {
    const expected = found.results.map(({ id }) => id);
    await until('the page has the results', async () => JSON.stringify(await ids()) === JSON.stringify(expected));
    expect(expected.length).toBeGreaterThan(0);
  };
  const codeOf = async (language: string) => {
    await page.click(`[role=radiogroup] >> text="${language}"`);
    return (await page.textContent('[data-testid=code]')) ?? '';
  };

  it('finds by a vector what the API finds, explains it, and the link makes the same search', async () => {
    await open();
    await page.fill('textarea[name=vector]', '[1, 0, 1, 0.3]');
    await page.fill('input[name=topK]', '5');
    await page.check('input[name=explain]');
    await page.fill('input[name=whyNot]', 'paper-3');
    await choose(page, 'Accuracy', 'exact');
    await page.click('button[type=submit]:has(:text-is("Search"))');
    const asked = { vector: [1, 0, 1, 0.3], topK: 5, exact: true, explain: true, whyNot: 'paper-3' };
    const found = await call('search', asked);
    await shows(found);
    const why = (await page.textContent('[data-testid=why-not]')) ?? '';
    expect(why).toContain(found.whyNot.reason);
    expect(why).toContain(`place ${found.whyNot.exactRank} of all points`);
    const steps = await page.locator('[data-testid=timeline] [data-step]').count();
    expect(steps).toBe(found.explanation.steps.length - 1);
    expect(await page.textContent('[data-testid=summary]')).toContain('exact');
    await picture(page, 'search-wide');
    await page.reload();
    await shows(found);
    expect(await page.inputValue('input[name=topK]')).toBe('5');
  });

  it('says what recall to expect, and measures it', async () => {
    await page.click('button:has-text("Measure recall")');
    await page.waitForSelector('[data-testid=measured-recall]');
    const text = (await page.textContent('[data-testid=measured-recall]')) ?? '';
    expect(text).toMatch(/^[01]\.\d{4} \(95 % interval [01]\.\d{4} to [01]\.\d{4}\) over \d+ queries/);
  });

  it('refuses what is wrong where it is typed', async () => {
    await page.fill('textarea[name=vector]', '[1, 2');
    await page.click('button[type=submit]:has(:text-is("Search"))');
    await page.waitForSelector('[role=alert] >> text=vector is not JSON');
    await page.fill('textarea[name=vector]', '[1, 2]');
    await page.click('button[type=submit]:has(:text-is("Search"))');
    await page.waitForSelector('[role=alert] >> text=DIMENSION_MISMATCH');
  });

  it('fuses a vector and words, marks the words, and says what each branch found', async () => {
    await open();
    await page.fill('textarea[name=vector]', '[0, 1, 0.2, 0.3]');
    await page.click('button:has-text("Add a branch")');
    await page.fill('input[name=words]', 'mails');
    await writeJson(page, 'filter', `{"field": "serial", "gte": ${BIG + 10n}}`);
    await page.click('button[type=submit]:has(:text-is("Search"))');
    const branches = [{ vector: [0, 1, 0.2, 0.3] }, { text: { query: 'mails' } }];
    const answer = await rest(system.http, 'POST', '/v1/collections/papers/points/query', {
      key: token,
      raw: `{"branches": ${JSON.stringify(branches)}, "filter": {"field": "serial", "gte": ${BIG + 10n}}}`,
    });
    await shows(answer.body);
    const said = (await page.textContent('[data-testid=branches]')) ?? '';
    for (const { candidates } of answer.body.branches) expect(said).toContain(`${candidates} candidates`);
    await page.waitForSelector('mark:text-is("mail")');
    await picture(page, 'hybrid-wide');
  });

  it('gives the same request as programs that find the same', async () => {
    const expected = await ids();
    const env = { ...process.env, VECTRON_API_KEY: system.adminKey };
    const options = { env, timeout: waitLimitMs() };
    const curl = await run('sh', ['-c', await codeOf('curl')], options);
    expect(JSON.parse(curl.stdout).results.map(({ id }: { id: string }) => id)).toEqual(expected);
    const typescript = await codeOf('TypeScript');
    expect(typescript).toContain(`${BIG + 10n}n`);
    const script = await run(process.execPath, ['--input-type=module', '-e', typescript], options);
    expect(script.stdout.match(/^paper-\d+/gm)).toEqual(expected);
    expect(await codeOf('Python')).toContain('db.query(');
    expect(await codeOf('Go')).toContain('client.Query(');
  });

  it('finds points like another, and leads from a result to them', async () => {
    await open();
    await choose(page, 'what is searched for', 'an existing point');
    await page.fill('input[name=like]', 'paper-7');
    await page.click('button[type=submit]:has(:text-is("Search"))');
    const like = await call('search', { likeId: 'paper-7' });
    await shows(like);
    await page.locator('table[aria-label=results] >> text=find similar').first().click();
    await shows(await call('search', { likeId: like.results[0].id }));
  });

  it('stays within the width of a phone', async () => {
    const phone = await openTab(browser, NARROW, token);
    const ask = { branches: [{ kind: 'point', value: 'paper-7' }], explain: true };
    await open(`?ask=${encodeURIComponent(JSON.stringify(ask))}`, phone);
    await phone.waitForSelector('[data-testid=timeline]');
    expect(await fitsWidth(phone)).toBe(true);
    await picture(phone, 'search-phone');
    await phone.close();
  });
});
