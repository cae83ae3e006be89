/**
 * npm run test:sdks: every scenario of test/conformance/scenarios, played by every SDK against a single server, a cluster and
 * in an embedded database, and one table of what came of it. Exits 1 when a play failed or is missing.
 *
 *   node scripts/sdks.mjs [--languages typescript,python,go] [--homes server,cluster,embedded] [--scenarios points,errors] [--etcd PROGRAM] [--python PROGRAM]
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HOMES } from '../test/conformance/sdks/homes.mjs';
import { scenarios } from '../test/conformance/sdks/scenarios.mjs';
import { missing, playsOf, tableOf } from '../test/conformance/sdks/table.mjs';
import { pythonPackages } from './python-packages.mjs';
import { cache, root } from './setup.mjs';

/**
 * The runner of each language: a command in a folder of the repository, with the homes that it can play in. Python is that of the environment
 * which scripts/sdk-python.mjs has made for `--python`, or that program itself, with the wheel and its tools.
 */
const RUNNERS = {
  typescript: {
    folder: 'test/conformance/sdks',
    command: () => [process.execPath, 'typescript.mjs'],
    homes: ['server', 'cluster', 'embedded'],
  },
  python: {
    folder: 'packages/sdk-python/tests',
    command: () => [pythonOfTools(), '-m', 'vectron_scenarios'],
    homes: ['server', 'cluster'],
  },
  go: {
    folder: 'packages/sdk-go/internal/scenarios',
    command: () => ['go', 'run', '.', join(root, 'test/conformance/scenarios')],
    homes: ['server', 'cluster'],
  },
};

const { values: options } = parseArgs({
  options: {
    languages: { type: 'string', default: Object.keys(RUNNERS).join() },
    homes: { type: 'string', default: Object.keys(HOMES).join() },
    scenarios: { type: 'string' },
    etcd: { type: 'string', default: join(cache, 'etcd', 'etcd') },
    python: { type: 'string', default: 'python3' },
  },
});

function pythonOfTools() {
  const requirements = 'packages/sdk-python/tests/requirements.txt';
  return pythonPackages('sdks', { python: options.python, requirements }).existing('tools') ?? options.python;
}

const languages = options.languages.split(',');
const only = options.scenarios?.split(',');
const asked = scenarios().filter(({ name }) => only?.includes(name) ?? true);

/** Runs a runner to its end; gives its plays, and shows what it says of those that failed. */
async function runIn({ environment }, language) {
  const { folder, command } = RUNNERS[language];
  const [program, ...own] = command();
  const env = { ...process.env, ...environment, ...(only === undefined ? {} : { VECTRON_SCENARIOS: only.join() }) };
  const runner = spawn(program, own, { cwd: join(root, folder), env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  runner.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  const [code, signal] = await new Promise((resolve) => runner.once('close', (...ended) => resolve(ended)));
  const plays = playsOf(language, printed);
  const failures = plays.filter(({ isGood }) => !isGood).length;
  console.log(
    `${language}, ${environment.VECTRON_SCENARIO_HOME}: ${plays.length - failures} of ${plays.length} plays are good`,
  );
  const isHonest = (code === 0) === (failures === 0 && plays.length > 0);
  if (!isHonest) console.log(printed);
  return {
    plays,
    wrong: isHonest ? [] : [`${language} ended with ${code ?? signal}, and printed ${failures} failures`],
  };
}

const plays = [];
const wrong = [];
for (const home of options.homes.split(',')) {
  const players = languages.filter((language) => RUNNERS[language].homes.includes(home));
  if (players.length === 0 || !asked.some(({ homes }) => homes.includes(home))) continue;
  const place = await HOMES[home]({ etcd: options.etcd });
  try {
    for (const language of players) {
      const outcome = await runIn(place, language);
      plays.push(...outcome.plays);
      wrong.push(...outcome.wrong, ...missing(outcome.plays, asked, language, home));
    }
  } finally {
    await place.stop();
  }
}

console.log(tableOf(plays, asked));
for (const what of wrong) console.log(`WRONG: ${what}`);
const failed = plays.filter(({ isGood }) => !isGood).length;
console.log(`${plays.length - failed} plays are good, ${failed} failed, ${wrong.length} other faults`);
process.exitCode = failed + wrong.length === 0 && plays.length > 0 ? 0 : 1;
