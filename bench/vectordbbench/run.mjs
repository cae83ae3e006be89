// VectorDBBench against a Vectron of this checkout, with the sample as a custom data set: nothing is downloaded but its packages.
//   npm run bench:vectordbbench [-- --quick]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startServer } from '../../scripts/running-server.mjs';
import { cache, root } from '../../scripts/setup.mjs';
import { writeResult } from '../harness/figures.mjs';
import { machine } from '../harness/machine.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const REQUIREMENTS = join(HERE, 'requirements.txt');
/** VectorDBBench waits for ever when one of its processes has ended before its time. */
const LONGEST_MS = 60 * 60_000;

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    python: { type: 'string', default: 'python3' },
    note: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) },
  },
  allowPositionals: true,
});
const size = values.quick
  ? { points: 2_000, seconds: 3, concurrencies: '1,4' }
  : { points: 20_000, seconds: 15, concurrencies: '1,2,4,8' };

function must(command, args, options = {}) {
  const { status, error, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${error?.message ?? stdout}`);
  return stdout;
}

/** A Python with VectorDBBench, made once. */
function environment() {
  const digest = createHash('sha256')
    .update(readFileSync(REQUIREMENTS))
    .update(values.python)
    .digest('hex')
    .slice(0, 12);
  const folder = join(cache, 'bench-vectordbbench', digest);
  if (!existsSync(folder)) {
    console.log('bench: installing VectorDBBench ...');
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(join(cache, 'bench-vectordbbench'), { recursive: true });
    must(values.python, ['-m', 'venv', unfinished]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
    must(join(unfinished, 'bin/python'), pip);
    renameSync(unfinished, folder);
  }
  return join(folder, 'bin/python');
}

const python = environment();
const home = mkdtempSync(join(tmpdir(), 'vectron-vectordbbench-'));
let server;
try {
  const dataset = join(home, 'sample');
  const made = JSON.parse(must(python, [join(HERE, 'dataset.py'), dataset, '--points', String(size.points)]));
  server = await startServer('vectordbbench');
  const custom = {
    'case-type': 'PerformanceCustomDataset',
    'custom-case-name': 'debian-packages',
    'custom-dataset-name': 'debian-packages',
    'custom-dataset-dir': dataset,
    'custom-dataset-size': made.size,
    'custom-dataset-dim': made.dim,
    'custom-dataset-file-count': 1,
    'custom-dataset-metric-type': 'COSINE',
    'num-concurrency': size.concurrencies,
    'concurrency-duration': size.seconds,
    'load-concurrency': 1,
    'db-label': 'local',
    'task-label': 'vectron',
    url: `grpc://${server.grpc}`,
  };
  const flags = Object.entries(custom).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const results = join(home, 'results');
  must(python, ['-m', 'vectron_vectordbbench', 'vectron', ...flags, ...positionals], {
    cwd: home,
    timeout: LONGEST_MS,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      VECTRON_API_KEY: server.apiKey,
      PYTHONPATH: [join(HERE, 'src'), join(root, 'packages/sdk-python/src')].join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
      RESULTS_LOCAL_DIR: results,
      // Above every data set that has a folder of its own.
      DATASET_LOCAL_DIR: home,
      LOG_FILE: join(home, 'vectordb_bench.log'),
    },
  });
  const folder = join(results, 'Vectron');
  const [file] = existsSync(folder) ? readdirSync(folder) : [];
  if (file === undefined) throw new Error('VectorDBBench has written no result: what it said is above');
  const told = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const [{ metrics, label }] = told.results;
  if (label !== ':)') throw new Error(`VectorDBBench says that the case failed: label ${label}`);
  // Where the data were on this machine says nothing to others.
  for (const { task_config } of told.results)
    task_config.case_config.custom_case.dataset_config.dir = 'debian-packages';
  const { note, quick } = values;
  const result = { at: new Date().toISOString(), quick, note, machine: machine(), dataset: made, vectordbbench: told };
  print(metrics);
  console.log(writeResult(values.out, 'vectordbbench', result));
} finally {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
}

function print(metrics) {
  const table = new Table({ style: { head: [], border: [] } });
  const ms = (seconds) => `${(seconds * 1e3).toFixed(1)} ms`;
  table.push(
    ['recall', metrics.recall],
    ['load: insert and index', `${metrics.load_duration.toFixed(1)} s`],
    ['serial search, p95 / p99', `${ms(metrics.serial_latency_p95)} / ${ms(metrics.serial_latency_p99)}`],
  );
  for (const [at, clients] of metrics.conc_num_list.entries())
    table.push([
      `${clients} at once`,
      `${metrics.conc_qps_list[at].toFixed(0)} searches/s, p99 ${ms(metrics.conc_latency_p99_list[at])}`,
    ]);
  console.log(table.toString());
}
