// What a start and rest cost: CPU of commands, of the start of a server, its memory, file handles and disk, with the sample and
// with 1, 10 and 1,000 collections. Ends with code 1 when a figure is over its floor (see README.md beside this file).
//   npm run bench:start [-- --quick] [--embedded]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { datasetPoints, loadDataset } from '../../apps/cli/dist/sample.js';
import { open } from '../../packages/sdk/dist/index.js';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, embedded: { type: 'boolean', default: false } },
});
const CLI = fileURLToPath(new URL('../../apps/cli/bin/vectron.js', import.meta.url));
const RUNS = flags.quick ? 3 : 7;
const TICKS = 100;

/** Highest values, in the unit of the name. */
const FLOORS = {
  'vectron --version, CPU s': 0.15,
  'vectron search, CPU s': 0.35,
  'restart with the sample, CPU s': 1.2,
  'first right answer after a restart, CPU s': 1.3,
  'server with the sample after searches, MB': 250,
  'data directory of the sample, MB': 55,
  '1000 collections, MB': 700,
  '1000 collections, file handles': 400,
  'embedded growth for the sample, MB': 100,
};
const over = [];

function told(name, value) {
  const floor = FLOORS[name];
  const bad = floor !== undefined && value > floor;
  if (bad) over.push(`${name}: ${value.toFixed(2)} is over ${floor}`);
  console.log(`${name.padEnd(48)} ${value.toFixed(2).padStart(8)}${floor === undefined ? '' : `   at most ${floor}`}`);
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const settled = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const cpuOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
};
const residentMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const handles = (pid) => readdirSync(`/proc/${pid}/fd`).length;

function diskMb(dir) {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return (
    files.reduce((sum, file) => sum + statSync(join(file.parentPath ?? file.path, file.name)).blocks * 512, 0) / 1e6
  );
}

/** CPU seconds of a command, as the shell's `times` counts them. */
function commandCpu(words) {
  const script = `"$0" "$@" >/dev/null 2>&1; times`;
  const { stdout } = spawnSync('/bin/sh', ['-c', script, process.execPath, CLI, ...words], { encoding: 'utf8' });
  const seconds = (text) => {
    const [, minutes, rest] = /(\d+)m([\d.]+)s/.exec(text);
    return Number(minutes) * 60 + Number(rest);
  };
  const [user, system] = stdout.trim().split('\n')[1].split(' ');
  return seconds(user) + seconds(system);
}

async function serve(data, words = []) {
  const addresses = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
  const child = spawn(process.execPath, [CLI, 'serve', '--data', data, ...addresses, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('ready;')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`vectron serve ended with ${code}:\n${said}`)));
  });
  const url = /REST +(http:\S+)\/v1/.exec(said)[1];
  const { apiKey } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8'));
  const ask = async (path, body) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const stop = async () => {
    child.removeAllListeners('exit');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  };
  return { pid: child.pid, url, apiKey, ask, stop };
}

const SAMPLE_SEARCH = 'collections/debian-packages/points/search';

async function commands(data) {
  told('vectron --version, CPU s', median(Array.from({ length: RUNS }, () => commandCpu(['--version']))));
  const server = await serve(data);
  const words = ['search', 'debian-packages', '--like', 'exim4-daemon-heavy', '--url', server.url, '--data', data];
  told('vectron search, CPU s', median(Array.from({ length: RUNS }, () => commandCpu(words))));
  await server.stop();
}

async function sample(data) {
  const first = await serve(data);
  // A log that rests is cut after ten seconds; the graph is built by then.
  await settled(flags.quick ? 15_000 : 40_000);
  told('first start, the sample loaded, MB', residentMb(first.pid));
  await first.stop();
  const starts = [];
  const answers = [];
  for (let run = 0; run < RUNS; run++) {
    const server = await serve(data);
    starts.push(cpuOf(server.pid));
    const { results } = await server.ask(SAMPLE_SEARCH, { likeId: 'exim4-daemon-heavy', topK: 5 });
    if (results.length !== 5) throw new Error(`a search of the sample found ${results.length} points`);
    answers.push(cpuOf(server.pid));
    if (run === RUNS - 1) {
      for (const { vector } of [...datasetPoints(loadDataset())].slice(0, 2_000)) {
        await server.ask(SAMPLE_SEARCH, { vector: Array.from(vector), topK: 10 });
      }
      await settled(5_000);
      told('server with the sample after searches, MB', residentMb(server.pid));
      told('server with the sample, file handles', handles(server.pid));
    }
    await server.stop();
  }
  told('restart with the sample, CPU s', median(starts));
  told('first right answer after a restart, CPU s', median(answers));
  told('data directory of the sample, MB', diskMb(data));
}

async function collections(count) {
  const data = mkdtempSync(join(tmpdir(), 'vectron-bench-start-'));
  try {
    let server = await serve(data, ['--no-sample']);
    for (let at = 0; at < count; at++) {
      await server.ask('collections', { name: `c${at}`, dimension: 8, distance: 'cosine' });
      const points = Array.from({ length: 10 }, (_, i) => ({
        id: `p${i}`,
        vector: Array.from({ length: 8 }, (_, d) => i + d + 1),
      }));
      await server.ask(`collections/c${at}/points`, { points });
    }
    await server.stop();
    server = await serve(data, ['--no-sample']);
    const { results } = await server.ask(`collections/c${count - 1}/points/search`, {
      vector: [1, 2, 3, 4, 5, 6, 7, 8],
      topK: 3,
    });
    if (results.length !== 3) throw new Error(`the last collection found ${results.length} points`);
    await settled(5_000);
    told(`${count} collections, MB`, residentMb(server.pid));
    told(`${count} collections, file handles`, handles(server.pid));
    told(`${count} collections, restart, CPU s`, cpuOf(server.pid));
    await server.stop();
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

/** In a process of its own: `--embedded` is that process. */
async function embedded() {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-bench-embedded-'));
  const dataset = loadDataset();
  const points = [...datasetPoints(dataset)];
  globalThis.gc?.();
  const before = residentMb('self');
  const db = await open(dir);
  await db.createCollection('bench', { dimension: dataset.vectors.columns, distance: 'cosine' });
  for (let at = 0; at < points.length; at += 1_000) await db.upsert('bench', points.slice(at, at + 1_000));
  while (Number((await db.collectionStatus('bench')).indexLag) > 0) await settled(50);
  await settled(15_000);
  globalThis.gc?.();
  console.log(residentMb('self') - before);
  await db.close();
  rmSync(dir, { recursive: true, force: true });
}

if (flags.embedded) await embedded();
else {
  const data = mkdtempSync(join(tmpdir(), 'vectron-bench-start-'));
  try {
    await sample(data);
    await commands(data);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
  for (const count of flags.quick ? [1, 10] : [1, 10, 1_000]) await collections(count);
  const own = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--embedded'], {
    encoding: 'utf8',
  });
  if (own.status !== 0) throw new Error(own.stderr);
  told('embedded growth for the sample, MB', Number(own.stdout.trim().split('\n').at(-1)));
  for (const line of over) console.error(line);
  process.exitCode = over.length > 0 ? 1 : 0;
}
