// What reading and copying points with large payloads takes of a server: node bench/large/run.mjs [--points 600] [--bytes 1048576]
// [--parallel 64]. Prints a line a step: whether it succeeded, seconds, and the server's greatest memory (RSS) during it, MiB. The server
// has its defaults. See README.md.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { connect } from '@vectron/sdk';

const { values } = parseArgs({
  options: {
    points: { type: 'string', default: '600' },
    bytes: { type: 'string', default: `${1 << 20}` },
    parallel: { type: 'string', default: '64' },
  },
});
const [count, bytes, parallel] = [values.points, values.bytes, values.parallel].map(Number);
const CLI = 'apps/cli/bin/vectron.js';
const NAME = 'large';
const dir = mkdtempSync(join(tmpdir(), 'vectron-large-'));
const server = spawn(process.execPath, [
  CLI,
  'serve',
  '--data',
  join(dir, 'data'),
  '--http',
  '127.0.0.1:0',
  '--grpc',
  '127.0.0.1:0',
  '--no-sample',
]);
let output = '';
for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output += chunk));
while (!/ready; stop/.test(output)) await pause(50);
const [, http] = /REST\s+(http:\/\/[\d.:]+)\/v1/.exec(output);
const [, grpc] = /gRPC\s+([\d.:]+)/.exec(output);
const { apiKey } = JSON.parse(readFileSync(join(dir, 'data', 'bootstrap.json'), 'utf8'));

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;
let greatest = 0;
const watch = setInterval(() => (greatest = Math.max(greatest, rss())), 50);

async function step(what, work) {
  greatest = rss();
  const started = performance.now();
  const outcome = await work().catch(
    (error) => `FAILED ${error.code ?? ''} ${(error.stderr ?? error.message).trim().split('\n').at(-1)}`,
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${what.padEnd(44)} ${seconds.padStart(6)} s  ${Math.round(greatest).toString().padStart(6)} MiB  ${outcome ?? 'done'}`,
  );
}

const clients = { REST: connect(http, { apiKey }), gRPC: connect(`grpc://${grpc}`, { apiKey }) };
const vectron = (...args) =>
  promisify(execFile)(process.execPath, [CLI, ...args, '--url', http, '--api-key', apiKey], { maxBuffer: 1 << 30 });
// Text that does not compress to nothing.
const text = (n) =>
  Array.from({ length: Math.ceil(bytes / 8) }, (_, i) => ((n * 7919 + i * 104729) >>> 0).toString(36).padStart(8, 'x'))
    .join('')
    .slice(0, bytes);
try {
  const db = clients.REST;
  await db.createCollection(NAME, { dimension: 4, distance: 'euclidean' });
  await step(`write ${count} points of ${bytes} bytes`, async () => {
    for (let n = 0; n < count; n += 8) {
      const some = Array.from({ length: Math.min(8, count - n) }, (_, i) => n + i);
      await db.upsert(
        NAME,
        some.map((i) => ({
          id: `p-${String(i).padStart(5, '0')}`,
          vector: [i, 1, 2, 3],
          payload: { n: i, text: text(i) },
        })),
      );
    }
  });
  for (const [wire, client] of Object.entries(clients)) {
    await step(`${wire}: a page of 1000`, async () => {
      const { points, nextCursor } = await client.listPoints(NAME, { limit: 1000 });
      return `${points.length} points, ${nextCursor === undefined ? 'all' : 'more'}`;
    });
    await step(`${wire}: all pages`, async () => {
      let [points, pages, cursor] = [0, 0];
      do {
        const page = await client.listPoints(NAME, { limit: 1000, cursor });
        [points, pages, cursor] = [points + page.points.length, pages + 1, page.nextCursor];
      } while (cursor !== undefined);
      return `${points} points in ${pages} pages`;
    });
    await step(
      `${wire}: search, 1000 results`,
      async () => `${(await client.search(NAME, { vector: [1, 1, 1, 1], topK: 1000 })).hits.length} hits`,
    );
    await step(
      `${wire}: search, 1000 results without payloads`,
      async () =>
        `${(await client.search(NAME, { vector: [1, 1, 1, 1], topK: 1000, includePayload: false })).hits.length} hits`,
    );
    await step(
      `${wire}: facets without an index`,
      async () => `${(await client.facets(NAME, 'n', { limit: 1000 })).values.length} values`,
    );
    await step(`${wire}: changes`, async () => `${(await client.listChanges(NAME, {})).changes.length} changes`);
  }
  await step(`${parallel} pages of 1000 at once`, async () => {
    const asked = Array.from({ length: parallel }, () => db.listPoints(NAME, { limit: 1000 }));
    const pages = await Promise.allSettled(asked);
    return `${pages.filter(({ status }) => status === 'fulfilled').length} of ${parallel} answered`;
  });
  await step(`${parallel} pages at once, each left after 50 ms`, async () => {
    const left = async () => {
      await fetch(`${http}/v1/collections/${NAME}/points?limit=1000`, {
        headers: { authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.timeout(50),
      }).catch(() => {});
    };
    for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: parallel }, left));
    await pause(3_000);
    return `${Math.round(rss())} MiB 3 s later`;
  });
  const file = join(dir, 'kept.jsonl');
  await step('collections snapshot', () =>
    vectron('collections', 'snapshot', NAME, file).then(() => `${statSync(file).size >> 20} MiB`),
  );
  await step('collections export', () =>
    vectron('collections', 'export', NAME, join(dir, 'out.jsonl')).then(() => undefined),
  );
  await step('collections copy', () => vectron('collections', 'copy', NAME, 'copied').then(() => undefined));
  await step('collections restore', () =>
    vectron('collections', 'restore', file, '--name', 'restored').then(() => undefined),
  );
  for (const name of ['copied', 'restored'])
    await step(`count of ${name}`, async () => `${(await db.count(name)).count}`);
} finally {
  clearInterval(watch);
  server.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
process.exit(0);
