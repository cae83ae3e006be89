/** A Jest reporter that ends the run with what was slow: no test asserts a time, so this is where times are seen. */
const SHOWN = 12;
const LEAST_MS = 1_000;

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

export default class SlowestReporter {
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
  }
}
