import { stripVTControlCharacters } from 'node:util';

/**
 * A Jest reporter that ends the run with what was slow (no test asserts a time, so this is where times are seen) and then with
 * what failed: the end of a long log is the part that is read, and the part that is kept when a log is shortened.
 */
const SHOWN = 12;
const LEAST_MS = 1_000;
/** Failed tests that are named at the end, and lines of each one's message. */
const FAILURES = 20;
const MESSAGE_LINES = 6;

const seconds = (ms) => `${(ms / 1_000).toFixed(1).padStart(7)} s`;

function list(title, rows) {
  const slow = rows
    .filter(({ ms }) => ms >= LEAST_MS)
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SHOWN);
  if (slow.length === 0) return;
  console.log(`\n${title}`);
  for (const { name, ms } of slow) console.log(`${seconds(ms)}  ${name}`);
}

function tellFailures(failures) {
  if (failures.length === 0) return;
  console.log(`\nFailed: ${failures.length}`);
  for (const { name, message } of failures.slice(0, FAILURES)) {
    console.log(`  ${name}`);
    const lines = stripVTControlCharacters(message)
      .split('\n')
      .filter((line) => line.trim() !== '');
    for (const line of lines.slice(0, MESSAGE_LINES)) console.log(`      ${line}`);
  }
  if (failures.length > FAILURES) console.log(`  and ${failures.length - FAILURES} more`);
}

export default class SummaryReporter {
  constructor({ rootDir, testTimeout }) {
    this.rootDir = rootDir;
    this.limitMs = testTimeout;
  }

  onRunStart() {
    console.log(`time limit of each test and hook: ${Math.round(this.limitMs / 1_000)} s`);
  }

  onRunComplete(_contexts, { testResults }) {
    const nameOf = ({ testFilePath }) => testFilePath.replace(`${this.rootDir}/`, '');
    list(
      'Slowest files',
      testResults.map((file) => ({ name: nameOf(file), ms: file.perfStats.end - file.perfStats.start })),
    );
    list(
      'Slowest tests',
      testResults.flatMap((file) =>
        file.testResults.map(({ fullName, duration }) => ({ name: `${nameOf(file)}: ${fullName}`, ms: duration ?? 0 })),
      ),
    );
    tellFailures(
      testResults.flatMap((file) => {
        const failed = file.testResults.filter(({ status }) => status === 'failed');
        if (failed.length === 0 && file.failureMessage)
          return [{ name: `${nameOf(file)}: could not run`, message: file.failureMessage }];
        return failed.map(({ fullName, failureMessages }) => ({
          name: `${nameOf(file)}: ${fullName}`,
          message: failureMessages.join('\n'),
        }));
      }),
    );
  }
}
