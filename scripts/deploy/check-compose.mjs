// npm run compose:check -- ROOT ETCD: starts the services of deploy/compose/cluster.yaml with their commands, environments, users and volumes, each in a
// container of its own on the root of an image, and the program ETCD in place of its image. All on one network: a service's name is an
// address of loopback. Then it writes, kills a worker and the auth service, starts them again and searches.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root as repository } from '../release/folders.mjs';
import { imageEnvironment, requireTools, startContainer, volume, workFolder } from './container.mjs';
import { eventually, findPoints, writePoints } from './kept-points.mjs';

const [root, etcd] = process.argv.slice(2);
requireTools(root);
if (etcd === undefined || !existsSync(etcd)) throw new Error('name the program etcd after the root of the image');
const { services } = parse(readFileSync(join(repository, 'deploy/compose/cluster.yaml'), 'utf8'), { merge: true });
const image = imageEnvironment(join(repository, 'deploy/image/Containerfile'));
const work = workFolder('compose');
const hosts = {
  ...Object.fromEntries(Object.keys(services).map((name, at) => [name, `127.7.0.${at + 1}`])),
  // etcd asks that a member comes from an address of a name in its certificate: here, all come from this one.
  'vectron-cluster': '127.0.0.1',
};

/** A new volume belongs to whom the folder that it is mounted on belongs to in the image, and to root where there is none. */
const ownerOf = (target) => statSync(join(root, target), { throwIfNoEntry: false })?.uid ?? 0;

/** Folder, path in the container, and whether it is read-only there. */
function mountOf(text) {
  const [source, target, mode] = text.split(':');
  const folder = join(work, 'volumes', source);
  // The image of etcd runs as root, which its stand-in does not.
  if (!existsSync(folder)) volume(folder, target === '/etcd-data' ? undefined : ownerOf(target));
  return [folder, target, mode === 'ro'];
}

function start(name) {
  const { command, environment, volumes = [], entrypoint } = services[name];
  const mounts = volumes.map(mountOf);
  const isEtcd = name.startsWith('etcd');
  if (isEtcd) mounts.push([join(work, 'bin'), '/run/bin', true]);
  const program = isEtcd ? ['/run/bin/etcd'] : [...(entrypoint ?? ['vectron']), ...command];
  // All are on one network, where a listener for everybody would be in the way of the others.
  const env = Object.fromEntries(
    Object.entries({ ...(isEtcd ? {} : image), ...environment }).map(([key, value]) => [
      key,
      String(value).replaceAll('0.0.0.0', hosts[name]).replace('/etcd-data', '/run/etcd-data'),
    ]),
  );
  const at = mounts.map(([from, to, readOnly]) => [from, to === '/etcd-data' ? '/run/etcd-data' : to, readOnly]);
  return startContainer(root, program, { env, mounts: at, hosts, work, cwd: isEtcd ? '/' : undefined });
}

const running = new Map();
const up = async (names, text) => {
  for (const name of names) running.set(name, start(name));
  await Promise.all(names.map((name) => running.get(name).says(text)));
  console.log(`ok      up: ${names.join(', ')}`);
};
const named = (kind) => Object.keys(services).filter((name) => name === kind || name.startsWith(`${kind}-`));

/** Calls over REST with TLS, whose certificate is that of the check. */
const clientOf = (host, apiKey, ca) => ({
  call: (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
      const options = { host, port: 8080, method, path, headers, ca, servername: 'localhost' };
      const sent = request(options, async (answer) => {
        const text = (await answer.toArray()).join('');
        if (answer.statusCode < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`));
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    }),
});

/** The metrics of a service, as Prometheus asks for them with what is in the secrets. */
function metricsOf(name) {
  const file = (own) => readFileSync(join(work, 'volumes/secrets', own));
  const tls = { ca: file('ca.pem'), cert: file('prometheus.pem'), key: file('prometheus.key') };
  const headers = { authorization: `Bearer ${file('metrics.token').toString().trim()}` };
  const at = { host: hosts[name], port: 9464, path: '/metrics', servername: 'vectron-cluster' };
  return new Promise((resolve, reject) => {
    const sent = request({ ...at, ...tls, headers }, async (answer) => {
      const text = (await answer.toArray()).join('');
      if (answer.statusCode === 200 && text.includes('vectron_build_info{')) resolve(text);
      else reject(new Error(`metrics of ${name}: ${answer.statusCode} ${text.slice(0, 200)}`));
    });
    sent.on('error', reject).end();
  });
}

try {
  const tls = volume(join(work, 'volumes/tls'));
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
      ],
      ...[
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        join(tls, 'server.key'),
        '-out',
        join(tls, 'server.pem'),
      ],
    ],
    { stdio: 'ignore' },
  );
  execFileSync('chown', ['-R', '10001:10001', tls]);
  cpSync(etcd, join(work, 'bin/etcd'));

  const secrets = start('secrets');
  if ((await secrets.ended) !== 0) throw new Error(`secrets:\n${secrets.output()}`);
  console.log('ok      secrets are made');
  await up(named('etcd'), 'ready to serve client requests');
  await up([...named('pd'), ...named('auth')], ' ready {');
  await up([...named('worker'), ...named('reranker')], ' ready {');
  await up(named('gateway'), ' ready {');

  const { apiKey } = JSON.parse(readFileSync(join(work, 'volumes/auth/data/bootstrap.json'), 'utf8'));
  const ca = readFileSync(join(tls, 'server.pem'));
  const [first, second] = named('gateway').map((name) => clientOf(hosts[name], apiKey, ca));
  await eventually('all services answer', () => first.call('GET', '/readyz'));
  await writePoints(first);
  await findPoints(second);
  for (const kind of ['pd', 'auth', 'worker', 'reranker', 'gateway'])
    for (const name of named(kind)) await metricsOf(name);
  console.log('ok      Prometheus reads the metrics of every service');
  console.log('ok      points are written through one gateway and found through the other');
  for (const name of ['worker-1', 'auth', 'etcd-1']) await running.get(name).end('SIGKILL');
  await eventually('the points while a worker, auth and a member of etcd are away', () => findPoints(second, 8));
  console.log('ok      they are found while a worker, auth and a member of etcd are away');
  await up(['etcd-1'], 'ready to serve client requests');
  await up(['worker-1', 'auth'], ' ready {');
  await eventually('all services answer again', () => first.call('GET', '/readyz'));
  await findPoints(first, 9);
  for (const name of [
    ...named('gateway'),
    ...named('reranker'),
    ...named('worker'),
    ...named('auth'),
    ...named('pd'),
  ]) {
    const code = await running.get(name).end('SIGTERM');
    if (code !== 0) throw new Error(`${name}: ended with ${code} after SIGTERM\n${running.get(name).output()}`);
  }
  console.log('ok      after their return they are found, and SIGTERM ends every service with 0');
} catch (error) {
  for (const [name, one] of running) console.error(`${name}: ${one.output().slice(-1500)}\n`);
  throw error;
} finally {
  await Promise.all([...running.values()].map((one) => (one.running() ? one.end('SIGKILL') : undefined)));
  rmSync(work, { recursive: true, force: true });
}
