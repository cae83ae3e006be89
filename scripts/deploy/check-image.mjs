// npm run image:check -- ROOT: runs the root of an image that deploy/image/Containerfile made as its engine would: read-only, as user 10001,
// without capabilities, the command as first process.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root as repository } from '../release/folders.mjs';
import { freePort } from '../release/registry.mjs';
import { imageEnvironment, requireTools, startContainer, USER, volume, workFolder } from './container.mjs';
import { clientOf, eventually, findPoints, writePoints } from './kept-points.mjs';

const [root] = process.argv.slice(2);
requireTools(root);
const work = workFolder('image');
const data = volume(join(work, 'volume'));
const containerfile = join(repository, 'deploy/image/Containerfile');
const http = `127.0.0.1:${await freePort()}`;
const env = {
  ...imageEnvironment(containerfile),
  ...{ VECTRON_HTTP: http, VECTRON_GRPC: '127.0.0.1:0', VECTRON_LOG: 'warn' },
};
const start = (command, more = {}) =>
  startContainer(root, ['vectron', ...command], {
    env: { ...env, ...more },
    mounts: [[data, '/var/lib/vectron']],
    work,
  });
const key = () => JSON.parse(readFileSync(join(data, 'data/bootstrap.json'), 'utf8')).apiKey;
const client = () => clientOf(`http://${http}`, key());
/** CPU time that a process has used, user and system; Linux counts it in hundredths of a second. */
const cpu = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return `${((Number(fields[11]) + Number(fields[12])) / 100).toFixed(1)} s of CPU`;
};
const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;
let server;
try {
  // A start that never completes: nothing listens at that port.
  const auth = start(['auth', '--etcd', 'http://127.0.0.1:1', '--listen', '127.0.0.1:0']);
  await auth.says('the start waits');
  const code = await auth.end('SIGTERM');
  if (code !== 0) throw new Error(`SIGTERM before the start is complete: ended with ${code}\n${auth.output()}`);
  console.log('ok      SIGTERM to the first process before its start is complete ends it');
  rmSync(data, { recursive: true });
  volume(data);

  let from = performance.now();
  server = start(['serve']);
  await server.says('exim4-doc-info');
  console.log(`ok      the sample answers ${seconds(from)} after the container started, ${cpu(server.first())}`);
  const status = readFileSync(`/proc/${server.first()}/status`, 'utf8');
  for (const line of [`Uid:\t${USER}\t`, 'CapEff:\t0000000000000000', 'NoNewPrivs:\t1'])
    if (!status.includes(line)) throw new Error(`the server is not ${line}:\n${status}`);
  const mounts = readFileSync(`/proc/${server.first()}/mounts`, 'utf8').split('\n');
  if (!mounts.some((line) => / \/ \S+ ro,/.test(line)))
    throw new Error(`the root is not read-only:\n${mounts.join('\n')}`);
  console.log(`ok      user ${USER}, no capability, no new privileges, read-only root`);
  await writePoints(client());
  await server.end('SIGKILL');

  from = performance.now();
  server = start(['serve'], { VECTRON_NO_SAMPLE: 'true' });
  await eventually('the points after a kill', () => findPoints(client()));
  console.log(`ok      after a kill the points are there, ${seconds(from)} after the start, ${cpu(server.first())}`);
  const [, health] = /CMD (\["\/usr\/local\/bin\/node".*\])$/m.exec(readFileSync(containerfile, 'utf8'));
  const look = (at) => startContainer(root, JSON.parse(health), { env: { ...env, VECTRON_HTTP: at }, work }).ended;
  const [well, away] = [await look(http), await look('127.0.0.1:1')];
  if (well !== 0 || away !== 1) throw new Error(`the health check says ${well} of the server, ${away} of none`);
  console.log('ok      the health check');
  const stopped = await server.end('SIGTERM');
  if (stopped !== 0) throw new Error(`SIGTERM: ended with ${stopped}\n${server.output()}`);
  console.log('ok      SIGTERM ends the server with 0');
} catch (error) {
  console.error(server?.output());
  throw error;
} finally {
  if (server?.running()) await server.end('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}
