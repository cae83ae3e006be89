import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import type { Browser, Page } from 'playwright-core';
import { type System, startSingle, tempDir } from '../harness/system.js';
import { fitsWidth, launch, logIn, NARROW, openTab, picture, readJson, WIDE } from './browser.js';

const POINTS = 20_000;
const DIMENSION = 16;
const GROUPS = ['red', 'green', 'blue', 'grey'];

/** Four clouds that lie apart from each other. */
function* points() {
  for (let at = 0; at < POINTS; at += 1) {
    const group = at % 4;
    const vector = Array.from({ length: DIMENSION }, (_, axis) => {
      const middle = axis === 0 ? (group < 2 ? -4 : 4) : axis === 1 ? (group % 2 === 0 ? -2 : 2) : 0;
      return middle + Math.sin(at * (axis + 1.37)) * 0.4;
    });
    yield { id: `c-${at}`, vector, payload: { group: GROUPS[group], at } };
  }
}

describe('the map of a collection', () => {
  let system: System;
  let browser: Browser;
  let page: Page;
  let token: string;
  beforeAll(async () => {
    system = await startSingle(tempDir('console-map'), ['--no-sample']);
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('clouds', { dimension: DIMENSION, distance: 'euclidean', durability: 'relaxed' });
    for await (const _ of db.upsertStream('clouds', batches()));
    token = await logIn(system);
    browser = await launch();
    page = await openTab(browser, WIDE, token);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  function* batches() {
    const batch = [];
    for (const point of points()) {
      batch.push(point);
      if (batch.length === 1_000) yield batch.splice(0);
    }
  }

  it('draws 20,000 points, and says how long that took', async () => {
    await page.goto(`${system.http}/console/collections/clouds/map?most=20000&colour=group`);
    await page.click('button:has(:text-is("Draw the map"))');
    await page.waitForSelector('[data-testid=map-facts]:has-text("frames per second")');
    const facts = (await page.textContent('[data-testid=map-facts]')) ?? '';
    expect(facts).toContain('20,000 points of 16 dimensions');
    const [, drawMs, frames] = /drawn in ([\d.]+) ms, at (\d+) frames/.exec(facts) ?? [];
    expect(Number(drawMs)).toBeGreaterThan(0);
    expect(Number(frames)).toBeGreaterThan(0);
    expect(Number(/hold ([\d.]+) %/.exec(facts)?.[1])).toBeGreaterThan(80);
    console.log(`map: ${facts}`);
    for (const group of GROUPS) await page.waitForSelector(`text=${group} (5,000)`);
    await picture(page, 'map-wide');
  });

  it('turns a lasso into a filter by ids', async () => {
    await page.click('[role=radiogroup] >> text="Lasso"');
    const box = await page.locator('canvas').boundingBox();
    if (box === null) throw new Error('there is no canvas');
    const corners = [
      [0, 0],
      [0.5, 0],
      [0.5, 0.5],
      [0, 0.5],
    ].map(([x, y]) => [box.x + 2 + x * (box.width - 4), box.y + 2 + y * (box.height - 4)]);
    await page.mouse.move(corners[0][0], corners[0][1]);
    await page.mouse.down();
    for (const [x, y] of corners.slice(1)) await page.mouse.move(x, y, { steps: 5 });
    await page.mouse.up();
    const label = (await page.textContent('button:has-text("Filter by these")')) ?? '';
    expect(label).toContain('5,000 points');
    await picture(page, 'lasso-wide');
    await page.click('button:has-text("Filter by these")');
    await page.waitForSelector('[data-testid=count]:has-text("5,000 points pass")');
    const filter = JSON.parse(await readJson(page, 'filter'));
    expect(filter.ids).toHaveLength(5_000);
    const groups = new Set(filter.ids.map((id: string) => GROUPS[Number(id.slice(2)) % 4]));
    expect(groups.size).toBe(1);
    await page.reload();
    await page.waitForSelector('[data-testid=count]:has-text("5,000 points pass")');
  });

  it('chooses a colour by the keyboard, and stays within the width of a phone', async () => {
    const phone = await openTab(browser, NARROW, token);
    await phone.goto(`${system.http}/console/collections/clouds/map?most=1000&colour=group`);
    await phone.click('button:has(:text-is("Draw the map"))');
    const red = phone.locator('button:has-text("red (")');
    const [, count] = /\((\d+)\)/.exec((await red.textContent()) ?? '') ?? [];
    await red.focus();
    await phone.keyboard.press('Enter');
    await phone.waitForSelector(`button:has-text("Filter by these ${count} points")`);
    expect(await fitsWidth(phone)).toBe(true);
    await picture(phone, 'map-phone');
    await phone.close();
  });
});
