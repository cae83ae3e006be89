// The first hour of somebody with a browser (npm run first-hour:browser): a new server, and what one does in its console, by mouse and keyboard.
// Prints the seconds of each step. Ends with 1 when a step fails.
//   npm run first-hour:browser -- [--screenshots FOLDER] [--parquet FILE] [--points 20000] [--width 390] [--dark]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { startServer } from '../running-server.mjs';
import { firstHour } from './console-steps.mjs';
import { knowledgeOf, packagesAsParquet } from './parquet.mjs';

const { values } = parseArgs({
  options: {
    screenshots: { type: 'string' },
    parquet: { type: 'string' },
    points: { type: 'string', default: '20000' },
    width: { type: 'string', default: '1280' },
    dark: { type: 'boolean', default: false },
  },
});
const width = Number(values.width);
if (!Number.isInteger(width) || width < 200) throw new Error('--width must be a number of pixels, 200 or more');
const points = Number(values.points);
if (![1_000, 5_000, 20_000].includes(points)) throw new Error('--points must be 1000, 5000 or 20000');
const LIMIT_MS = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'vectron-first-hour-'));
let path = values.parquet && resolve(values.parquet);
if (path === undefined) {
  path = join(folder, 'packages.parquet');
  writeFileSync(path, packagesAsParquet(points));
}
const file = await knowledgeOf(path);
const server = await startServer('first-hour');
process.on('exit', () => {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});
const { email, password } = JSON.parse(readFileSync(join(server.data, 'bootstrap.json'), 'utf8'));
const browser = await chromium.launch({
  executablePath: process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({
  viewport: { width, height: width < 600 ? 844 : 800 },
  colorScheme: values.dark ? 'dark' : 'light',
});
page.setDefaultTimeout(LIMIT_MS);

let pictures = 0;
async function picture(name) {
  if (values.screenshots === undefined) return;
  mkdirSync(values.screenshots, { recursive: true });
  pictures += 1;
  const number = String(pictures).padStart(2, '0');
  const to = join(values.screenshots, `${number}-${name.replaceAll(/\W+/g, '-')}.png`);
  // The header stays where the window is, and a picture of the whole page begins at the top.
  const y = await page.evaluate('const y = window.scrollY; window.scrollTo(0, 0); y');
  await page.screenshot({ path: to, fullPage: true, animations: 'disabled' });
  await page.evaluate(`window.scrollTo(0, ${y})`);
}

const rows = [];
let failure;
try {
  await firstHour(
    {
      ...{ page, url: server.url, apiKey: server.apiKey, email, password, file, picture },
      ...{ limitMs: LIMIT_MS, mapPoints: points, snapshot: join(folder, 'packages.vectron.jsonl') },
    },
    ({ step, seconds, found }) => {
      rows.push({ step, seconds: seconds.toFixed(2), found: found ?? '' });
      console.log(`${seconds.toFixed(2).padStart(7)} s  ${step}`);
    },
  );
} catch (error) {
  failure = error;
}
await browser.close();
if (!(await server.stop())) failure ??= new Error('the server did not live until the end');
console.table(rows);
if (failure !== undefined) console.error('FAILED', failure);
console.log(`${rows.length} steps, ${failure === undefined ? 0 : 1} failed`);
process.exitCode = failure === undefined ? 0 : 1;
