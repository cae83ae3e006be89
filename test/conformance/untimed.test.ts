import { afterEach, describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import { until } from '../harness/waiting.js';

const eslint = new ESLint();
/** What the house rules say of a line in a test. */
const faultsOf = async (line: string, file = 'test/e2e/any.test.ts'): Promise<string[]> => {
  const [{ messages }] = await eslint.lintText(`${line}\n`, { filePath: file });
  return messages.map(({ ruleId, message }) => `${ruleId}: ${message}`);
};

const OWN_LIMIT = /the one time limit/i;
const SLEEP = /wait for a condition/i;
const DURATION = /depends on what else runs/;

describe('a test passes on a busy machine: the linter refuses', () => {
  it.each([
    ["it('a', async () => {}, 60_000);", OWN_LIMIT],
    ["test('a', () => {}, LIMIT);", OWN_LIMIT],
    ["it.only('a', () => {}, 5_000);", OWN_LIMIT],
    ["it.each([1])('a', () => {}, 5_000);", OWN_LIMIT],
    ['beforeAll(async () => {}, 120_000);', OWN_LIMIT],
    ['afterEach(() => stop(), 30_000);', OWN_LIMIT],
    ['jest.setTimeout(60_000);', OWN_LIMIT],
    ['jest.retryTimes(3);', OWN_LIMIT],
    ["await page.waitForSelector('a', { timeout: 5_000 });", OWN_LIMIT],
    ['page.setDefaultTimeout(15_000);', OWN_LIMIT],
    ['await new Promise((resolve) => setTimeout(resolve, 200));', SLEEP],
    ['globalThis.setTimeout(done, 200);', SLEEP],
    ["import { setTimeout as pause } from 'node:timers/promises';", SLEEP],
    ['await once(socket, "close", { signal: AbortSignal.timeout(5_000) });', SLEEP],
    ['Atomics.wait(cell, 0, 0, 200);', SLEEP],
    ['const from = performance.now();', DURATION],
    ['const from = process.hrtime.bigint();', DURATION],
    ['expect(Date.now() - started).toBeLessThan(5_000);', DURATION],
    ['const tookMs = Date.now() - started;', DURATION],
    ['const leftMs = end - Date.now();', DURATION],
    ['while (Date.now() < end) look();', DURATION],
  ])('%s', async (line, said) => {
    expect(await faultsOf(line)).toContainEqual(expect.stringMatching(said));
  });
});

it('the linter lets pass what waits for a condition, and dates', async () => {
  for (const line of [
    "it('a', async () => {});",
    "it.each([1])('a', () => {});",
    'afterAll(() => system.stop());',
    "await until('it is there', () => found());",
    'const yesterday = Date.now() - 86_400_000;',
    'const soon = Math.ceil(Date.now() / 1_000) + 60;',
  ])
    expect([line, await faultsOf(line)]).toEqual([line, []]);
});

it('the rule is about every test, suite and contract, and about nothing else', async () => {
  const line = 'const from = performance.now();';
  for (const file of [
    'packages/sdk/src/sdk.test.ts',
    'apps/auth/src/a.test.ts',
    'test/e2e/a.suite.ts',
    'packages/a/a.contract.ts',
  ])
    expect([file, (await faultsOf(line, file)).length]).toEqual([file, 1]);
  // What waits and tells times for all of them reads a clock.
  expect(await eslint.calculateConfigForFile('test/harness/waiting.ts')).toBeUndefined();
});

describe('waiting for a condition', () => {
  const limitMs = globalThis.TEST_LIMIT_MS;
  afterEach(() => {
    globalThis.TEST_LIMIT_MS = limitMs;
  });

  it('ends with what was seen when it holds, errors on the way or not', async () => {
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return looks;
    };
    expect(await until('three looks', look, (seen) => seen === 3)).toBe(3);
    expect(await until('zero is something', () => 0)).toBe(0);
  });

  it('says what was awaited, and what was seen or thrown last, when it does not come about', async () => {
    globalThis.TEST_LIMIT_MS = 1;
    const two = until(
      'two shards',
      () => [{ shardId: 1 }],
      (seen) => seen.length === 2,
    );
    await expect(two).rejects.toThrow('two shards: not within 0 s; last seen: [ { shardId: 1 } ]');
    const away = until('an answer', () => Promise.reject(new Error('nobody listens')));
    await expect(away).rejects.toThrow(/an answer: not within 0 s; last error: Error: nobody listens/);
  });
});
