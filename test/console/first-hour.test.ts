import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type System, startSingle, tempDir } from '../harness/system.js';
import { waitLimitMs } from '../harness/waiting.js';
import { launch, openTab, picture, WIDE } from './browser.js';

interface Step {
  readonly step: string;
  readonly seconds: number;
  readonly found?: string;
}
interface Steps {
  firstHour(given: object, onStep: (step: Step) => void): Promise<void>;
}
interface Parquet {
  packagesAsParquet(count: number): Uint8Array;
  knowledgeOf(path: string): Promise<object>;
}

const POINTS = 1_000;

describe('the first hour of somebody with a browser', () => {
  let system: System;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    system = await startSingle(tempDir('first-hour'), ['--no-sample']);
    browser = await launch();
    page = await openTab(browser, WIDE);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  });

  it('leads from the first password to a restored snapshot and a limited key', async () => {
    const { firstHour } = (await import(resolve('scripts/first-hour/console-steps.mjs'))) as Steps;
    const { packagesAsParquet, knowledgeOf } = (await import(resolve('scripts/first-hour/parquet.mjs'))) as Parquet;
    const folder = tempDir('first-hour-files');
    const path = join(folder, 'packages.parquet');
    writeFileSync(path, packagesAsParquet(POINTS));
    const { email, password } = JSON.parse(readFileSync(join(system.data, 'bootstrap.json'), 'utf8'));
    const steps: Step[] = [];
    await firstHour(
      {
        ...{ page, url: system.http, apiKey: system.adminKey, email, password, limitMs: waitLimitMs() },
        ...{ file: await knowledgeOf(path), mapPoints: POINTS, snapshot: join(folder, 'packages.vectron.jsonl') },
        picture: (name: string) => picture(page, `first-hour-${name.replaceAll(/\W+/g, '-')}`),
      },
      (step) => steps.push(step),
    );
    console.log(steps.map(({ step, seconds, found = '' }) => `${seconds.toFixed(2)} s ${step} ${found}`).join('\n'));
    expect(steps.length).toBeGreaterThan(15);
  });
});
