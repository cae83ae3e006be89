// The first hour of somebody with a shell (npm run first-hour): a server in an empty folder with an empty home, and what one does with it, by the
// command line alone. Each step is a command whose output is checked; the time and the CPU of each are printed. The commands are those that the
// documentation shows. Ends with 1 when a step fails.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../running-server.mjs';
import { root } from '../setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'vectron-first-hour-'));
const commands = join(folder, 'bin');
mkdirSync(commands);
writeFileSync(
  join(commands, 'vectron'),
  `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'apps/cli/bin/vectron.js')}' "$@"\n`,
  { mode: 0o755 },
);
const ROWS = [
  'id,title,year,vector',
  'a,Storms over the Baltic,1999,"[1, 0, 0, 0.1]"',
  'b,A harbour in winter,2004,"[0.9, 0.1, 0, 0]"',
  'c,Bread from old grain,2011,"[0, 0, 1, 0.1]"',
  'd,no vector here,2012,',
];
writeFileSync(join(folder, 'papers.csv'), `${ROWS.join('\n')}\n`);

const server = await startServer('first-hour', []);
process.on('exit', () => {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});
writeFileSync(join(folder, 'admin.key'), `${server.apiKey}\n`, { mode: 0o600 });
const environment = {
  PATH: `${commands}:/usr/bin:/bin`,
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, 'config'),
  TZ: 'UTC',
};

/** What a step is for, the command, its exit code if it is not 0, and what its output must have. */
const STEPS = [
  ['find the commands', 'vectron --help', /Collections and points|collections/],
  ['keep the server and the key', `vectron login --url ${server.url} --api-key-file admin.key`, /profiles\.json/],
  ['ask what is wrong', 'vectron doctor', /ok/],
  ['see what is there', 'vectron collections list', /debian-packages/],
  ['search the sample', 'vectron search debian-packages --like exim4-daemon-heavy --top-k 5', /exim4/],
  [
    'filter',
    `vectron search debian-packages --like exim4-daemon-heavy --filter '{"field": "section", "eq": "mail"}' --json`,
    (text) => JSON.parse(text).hits.every(({ payload }) => payload.section === 'mail'),
  ],
  ['ask for a recall', 'vectron search debian-packages --like exim4-daemon-heavy --recall 0.95 --explain', /rescored/],
  ['ask why one is missing', 'vectron search debian-packages --like exim4-daemon-heavy --why-not postfix', /postfix/],
  ['measure the recall', 'vectron recall debian-packages', /recall/i],
  ['count by a field', 'vectron points facets debian-packages section', /\d/],
  ['make a collection', 'vectron collections create papers --dimension 4 --distance cosine', /papers/],
  [
    'import a file with a bad row',
    'vectron import papers papers.csv --id id --vector vector; echo "exit $?"',
    /exit [1-9]/,
  ],
  ['see the refused row', 'cat papers.csv.rejected.jsonl', /vector/],
  [
    'search by a vector',
    `vectron search papers --vector '[1, 0, 0, 0]' --json`,
    (text) => JSON.parse(text).hits[0].id === 'a',
  ],
  ['index the words', 'vectron indexes create papers title --type text', /created/],
  [
    'search by words',
    `vectron search papers --text 'harbour winter' --json`,
    (text) => JSON.parse(text).hits[0].id === 'b',
  ],
  ['give it another name', 'vectron aliases set reading papers && vectron points count reading', /3/],
  ['see what changed', 'vectron changes papers --json', /"a"/],
  ['make a mistake', `vectron search papers --vector '[1, 2]'; echo "exit $?"`, /exit 2[\s\S]*DIMENSION_MISMATCH/],
  ['save a snapshot', 'vectron collections snapshot papers papers.snapshot', ''],
  [
    'restore it',
    'vectron collections restore papers.snapshot --name papers-restored && vectron points count papers-restored',
    /3/,
  ],
  ['make a key that only reads', 'vectron keys create reader --role read --collection papers --out reader.key', ''],
  [
    'see it refused',
    `vectron points delete papers a --url ${server.url} --api-key-file reader.key --json; echo "exit $?"`,
    /exit 4[\s\S]*PERMISSION_DENIED/,
  ],
  ['look at totals and alerts', 'vectron stats && vectron alerts list', /\d/],
  ['use the client in a shell', `vectron shell --eval "(await db.count('papers')).count"`, /3/],
  ['delete the collection', 'vectron collections delete papers-restored', ''],
];

const rows = [];
const failures = [];
for (const [what, command, expected] of STEPS) {
  const [startedMs, before] = [performance.now(), childCpuMs()];
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = (childCpuMs() - before) / 1_000;
  const printed = stdout + stderr;
  const isRight =
    typeof expected === 'function' ? attempt(expected, stdout) : expected === '' || expected.test(printed);
  if (status !== 0 || !isRight) failures.push(`${what}: ${command}\nexit ${status}\n${printed}`);
  const shown = command.replaceAll(server.url, 'URL');
  rows.push({
    step: what,
    'wall s': seconds.toFixed(2),
    'CPU s': cpu.toFixed(2),
    command: shown.length > 90 ? `${shown.slice(0, 89)}…` : shown,
  });
}
const modes = ['config/vectron/profiles.json', 'reader.key'].map((file) => statSync(join(folder, file)).mode & 0o777);
if (modes.some((mode) => mode !== 0o600))
  failures.push(`a file of secrets can be read by others: ${modes.map((mode) => mode.toString(8))}`);
if (!(await server.stop())) failures.push('the server did not live until the end');

console.table(rows);
for (const failure of failures) console.error(`FAILED  ${failure}`);
console.log(`${rows.length} steps, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

/** CPU of all children that have ended, milliseconds: fields 16 and 17 of /proc/self/stat, in ticks of 10 ms. */
function childCpuMs() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function attempt(check, text) {
  try {
    return check(text);
  } catch {
    return false;
  }
}
