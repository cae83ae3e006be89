// Metrics as their users get them: promtool checks the example configurations, the alert rules and the tests of these; a real
// Prometheus scrapes every service of a local cluster, over mutual TLS and with the token; every panel and every variable of the
// dashboards has data in it; every alert rule can be evaluated, and none fires.
//   node scripts/prometheus.mjs [--etcd PROGRAM] [--keep]    --keep: leaves everything running until Ctrl-C
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { LocalCluster } from '../apps/cli/dist/index.js';
import { clusterCertificate } from '../apps/cli/dist/local/certificates.js';
import { makeTraffic } from './prometheus/traffic.mjs';
import { cache, root } from './setup.mjs';

const { values } = parseArgs({
  options: {
    etcd: { type: 'string', default: join(cache, 'etcd', 'etcd') },
    keep: { type: 'boolean', default: false },
  },
});
/** So often Prometheus scrapes here, and over so much time rates are made. */
const SCRAPE = '1s';
const RATE = '8s';
/** How long everything may take to have data. */
const LIMIT_MS = 120_000;

function must(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
}

/** The folder of prometheus and promtool: the system's, or the Debian package unpacked in the cache, which nothing is installed by. */
function prometheusFolder() {
  const installed = spawnSync('sh', ['-c', 'command -v prometheus && command -v promtool'], { encoding: 'utf8' });
  if (installed.status === 0) return installed.stdout.split('\n')[0].replace(/\/prometheus$/, '');
  const folder = join(cache, 'prometheus');
  const programs = join(folder, 'usr', 'bin');
  if (existsSync(join(programs, 'promtool'))) return programs;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const download = () => spawnSync('apt-get', ['download', '-qq', 'prometheus'], { cwd: unfinished, encoding: 'utf8' });
  // The lists of packages may be missing, or old.
  if (download().status !== 0) {
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    const { status, stderr, error } = download();
    if (status !== 0) {
      throw new Error(`prometheus and promtool are missing, and cannot be fetched: ${error?.message ?? stderr}`);
    }
  }
  const [archive] = readdirSync(unfinished).filter((name) => name.endsWith('.deb'));
  must('dpkg-deb', ['-x', join(unfinished, archive), unfinished]);
  rmSync(join(unfinished, archive));
  renameSync(unfinished, folder);
  return programs;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** The expressions of a dashboard, each with the panel that shows it; those of its variables, too. */
function expressionsOf(file) {
  const { title, panels, templating } = JSON.parse(readFileSync(join(root, 'docs/grafana', file), 'utf8'));
  const shown = panels
    .filter(({ type }) => type !== 'row')
    .flatMap((panel) => panel.targets.map(({ expr }) => ({ what: `${title}: ${panel.title}`, expr })));
  const variables = templating.list.flatMap(({ name, query }) => {
    const asked = /^label_values\((.*), *(\w+)\)$/s.exec(query.query ?? '');
    return asked === null ? [] : [{ what: `${title}: variable ${name}`, expr: asked[1], label: asked[2] }];
  });
  return [...shown, ...variables];
}

/** As Grafana fills in the variables when all of everything is chosen. */
const filled = (expr) =>
  expr.replaceAll('$__rate_interval', RATE).replaceAll(/\$(?:instance|service|operation|tenant|collection)\b/g, '.*');

const folder = mkdtempSync(join(tmpdir(), 'vectron-prometheus-'));
const ending = [];
const end = async () => {
  for (const stop of ending.toReversed()) await stop();
  rmSync(folder, { recursive: true, force: true });
};

/** A copy of a configuration with no targets in place of those of Kubernetes: Debian builds Prometheus without that discovery. */
function withoutDiscovery(file) {
  const config = parse(readFileSync(file, 'utf8'));
  for (const job of config.scrape_configs) {
    const [discovery, ...more] = job.kubernetes_sd_configs;
    if (discovery.role !== 'pod' || more.length > 0)
      throw new Error(`${file}: a job must discover pods, and nothing else`);
    delete job.kubernetes_sd_configs;
    job.static_configs = [{ targets: [] }];
  }
  const copy = join(folder, 'kubernetes.yml');
  writeFileSync(copy, stringify(config));
  return copy;
}

async function run() {
  const programs = prometheusFolder();
  const promtool = join(programs, 'promtool');
  const docs = join(root, 'docs/prometheus');
  must(promtool, ['check', 'rules', 'alerts.yml'], { cwd: docs });
  must(promtool, ['test', 'rules', 'alerts.test.yml'], { cwd: docs });
  // Syntax alone: the files that they name are elsewhere.
  const kubernetes = withoutDiscovery(join(docs, 'kubernetes.yml'));
  for (const file of ['cluster.yml', 'single-server.yml', kubernetes, '../../deploy/compose/prometheus.yml'])
    must(promtool, ['check', 'config', '--syntax-only', file], { cwd: docs });

  const data = join(folder, 'cluster');
  const tokenFile = join(folder, 'metrics.token');
  writeFileSync(tokenFile, 'a-token-of-this-check-alone-that-is-long-enough\n', { mode: 0o600 });
  const metrics = ['--metrics-listen', '127.0.0.1:0', '--metrics-token-file', tokenFile];
  const gateway = [...metrics, '--gateways', '2', '--hedge-ms', '1'];
  const flags = { gateway, pd: metrics, auth: metrics, worker: metrics, reranker: metrics };
  const cluster = await LocalCluster.start({
    ...{ dir: data, etcdBinary: values.etcd, etcdMembers: 1, placementDrivers: 1, workers: 2, gateways: 2, flags },
    onExit: (name) => console.error(`${name} ended by itself`),
  });
  ending.push(() => cluster.stop());
  const scraper = await clusterCertificate(join(data, 'certificates'), 'prometheus', ['localhost'], 'scraper');
  const names = ['pd', 'auth', 'worker', 'reranker', 'gateway'].flatMap((service) => cluster.running(service));
  const targets = names.map((name) => new URL(cluster.child(name).lines.metrics).host);

  // The example as it is, with the files and the addresses of here.
  const config = parse(readFileSync(join(docs, 'cluster.yml'), 'utf8'));
  config.global = { scrape_interval: SCRAPE, evaluation_interval: SCRAPE };
  const [job] = config.scrape_configs;
  job.static_configs = [{ targets }];
  job.authorization.credentials_file = tokenFile;
  Object.assign(job.tls_config, { ca_file: scraper.authority, cert_file: scraper.certificate, key_file: scraper.key });
  const configFile = join(folder, 'prometheus.yml');
  writeFileSync(configFile, stringify(config));
  cpSync(join(docs, 'alerts.yml'), join(folder, 'alerts.yml'));
  must(promtool, ['check', 'config', configFile]);
  const port = await freePort();
  const prometheus = spawn(
    join(programs, 'prometheus'),
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  ending.push(async () => {
    if (prometheus.exitCode !== null) return;
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill('SIGTERM');
    await ended;
  });
  const ask = async (path) => {
    const { status, error, data: found } = await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json();
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return found;
  };
  const query = async (expr) => (await ask(`query?query=${encodeURIComponent(expr)}`)).result;

  const traffic = makeTraffic(cluster.info);
  ending.push(() => traffic.stop());
  const wanted = readdirSync(join(root, 'docs/grafana')).flatMap(expressionsOf);
  const hasData = async ({ expr, label }) => {
    const found = await query(filled(expr));
    if (label !== undefined) return found.some(({ metric }) => (metric[label] ?? '') !== '');
    return found.length > 0 && found.some(({ value }) => !Number.isNaN(Number(value[1])));
  };
  const deadline = Date.now() + LIMIT_MS;
  let open = wanted;
  let why = new Map();
  while (open.length > 0) {
    await pause(1_000);
    traffic.check();
    const left = [];
    why = new Map();
    for (const one of open) {
      const found = await hasData(one).catch((error) => {
        why.set(one, error.message);
        return false;
      });
      if (!found) left.push(one);
    }
    open = left;
    if (open.length > 0 && Date.now() > deadline) {
      const lines = open.map((one) => `  ${one.what}\n    ${filled(one.expr)}\n    ${why.get(one) ?? ''}`);
      throw new Error(`no data for ${open.length} of ${wanted.length} expressions:\n${lines.join('\n')}`);
    }
  }
  const { activeTargets } = await ask('targets');
  const down = activeTargets.filter(({ health }) => health !== 'up');
  if (down.length > 0 || activeTargets.length !== names.length) {
    throw new Error(
      `scraped ${activeTargets.length} of ${names.length}: ${down.map(({ lastError }) => lastError).join('; ')}`,
    );
  }
  const { groups } = await ask('rules?type=alert');
  const rules = groups.flatMap((group) => group.rules);
  const broken = rules.filter(({ health }) => health !== 'ok');
  if (broken.length > 0)
    throw new Error(`rules that cannot be evaluated: ${broken.map(({ name, lastError }) => `${name}: ${lastError}`)}`);
  const firing = rules.filter(({ state }) => state === 'firing').map(({ name }) => name);
  if (firing.length > 0) throw new Error(`alerts of a healthy cluster: ${firing.join(', ')}`);
  const series = new Set(
    (await query('count by (__name__) ({__name__=~"vectron_.*"})')).map(({ metric }) => metric.__name__),
  );
  console.log(
    `prometheus: ${activeTargets.length} processes scraped, ${series.size} names of metrics, data for all of ${wanted.length} expressions of the dashboards, ${rules.length} alert rules evaluated`,
  );
  if (values.keep) {
    console.log(`Prometheus at http://127.0.0.1:${port}, gateway at ${cluster.info.http[0]}; Ctrl-C ends it`);
    await new Promise((resolve) => process.once('SIGINT', resolve));
  }
}

try {
  await run();
} catch (error) {
  console.error(`prometheus: ${error.message}`);
  process.exitCode = 1;
} finally {
  await end();
}
