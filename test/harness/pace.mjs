/**
 * One time limit for all tests and hooks. It is there to end a test that hangs, so it is generous, and it grows with how
 * busy this machine is when the run starts. No test has a limit of its own, and none asserts how long something took.
 *
 * Plain JavaScript: jest.config.js and scripts/test.mjs read it before anything is compiled.
 */
import { Worker } from 'node:worker_threads';

/** What each of two threads computes: a chain of so many SHA-256 hashes. */
const HASHES = 100_000;
/** How long that takes on the two idle cores that the project is built on, milliseconds. */
const IDLE_MS = 200;
/** The limit of one test or hook on an idle machine, milliseconds. */
const LIMIT_MS = 240_000;
/** A machine that is slower than this is too slow for the tests. */
const MAX_PACE = 5;

const WORK = `
  const { createHash } = require('node:crypto');
  let text = '';
  for (let at = 0; at < ${HASHES}; at += 1) text = createHash('sha256').update(text).digest('hex');
  require('node:worker_threads').parentPort.postMessage(text);
`;

/** How many times longer than on two idle cores a fixed piece of work takes now, beside what else runs; 1 to 5. */
export async function measurePace() {
  const from = performance.now();
  const done = [0, 1].map(
    () =>
      new Promise((resolve, reject) => {
        const thread = new Worker(WORK, { eval: true });
        thread.once('message', resolve).once('error', reject);
      }),
  );
  await Promise.all(done);
  return Math.min(MAX_PACE, Math.max(1, (performance.now() - from) / IDLE_MS));
}

/** The limit of one test or hook at this pace, milliseconds. */
export const testLimitMs = (pace) => Math.round(LIMIT_MS * pace);
