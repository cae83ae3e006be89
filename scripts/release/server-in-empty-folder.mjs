// `npx vectron serve` where there is nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './registry.mjs';
import { stranger } from './strangers.mjs';

const QUERY = ['search', 'debian-packages', '--like', 'exim4-daemon-heavy', '--top-k', '5'];

/** What a client of the Model Context Protocol writes for a search. */
function mcpSearch() {
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'stranger', version: '1' } };
  const search = { collection: 'debian-packages', likeId: 'exim4-daemon-heavy', topK: 3 };
  return [
    { id: 1, method: 'initialize', params },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/call', params: { name: 'search', arguments: search } },
  ]
    .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    .join('');
}

/** Starts a server; gives its addresses and key, which are undefined when it does not start, and `stop`. `node`: the Node to use. */
export async function tryServer(registry, check, node = process.execPath) {
  const who = stranger(registry, node);
  const started = Date.now();
  // The page of a browser that is tried later.
  const origin = `http://127.0.0.1:${await freePort()}`;
  const options = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--origins', origin];
  const child = who.start('npx', ['--yes', 'vectron', 'serve', ...options]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (printed += bytes));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(1)} s after the command`;
  const printedBy = async (pattern) => {
    while (!pattern.test(printed)) {
      if (child.exitCode !== null) throw new Error(`the server ended:\n${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return pattern.exec(printed)[1];
  };
  let server;
  await check('npx vectron serve in an empty folder, with an empty home and no compiler', async () => {
    const http = await printedBy(/(http:\/\/127\.0\.0\.1:\d+)\/v1/);
    const grpc = await printedBy(/gRPC\s+(127\.0\.0\.1:\d+)/);
    const { apiKey } = JSON.parse(readFileSync(join(who.work, 'data/bootstrap.json'), 'utf8'));
    server = { http, grpc: `grpc://${grpc}`, apiKey };
    return `up ${seconds()}`;
  });
  if (server !== undefined) {
    await check('the sample answers a search', async () => {
      await printedBy(/(exim4-doc-info|ready; stop)/);
      return seconds();
    });
    await check('another command of the package', () => {
      const found = who.run('npx', ['--yes', 'vectron', ...QUERY, '--url', server.http]);
      if (!found.includes('exim4')) throw new Error(found);
    });
    await check('npx vectron mcp searches the sample', () => {
      const said = who.run('npx', ['--yes', 'vectron', 'mcp'], { VECTRON_URL: server.http }, mcpSearch());
      const answers = said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const found = answers.find(({ id }) => id === 2)?.result?.structuredContent?.hits?.map(({ id }) => id);
      if (found?.length !== 3 || !found[0].includes('exim4')) throw new Error(said);
    });
    await check('console and reference', async () => {
      for (const page of ['/console', '/docs', '/docs/assets/swagger-ui-bundle.js']) {
        const { ok, status } = await fetch(server.http + page);
        if (!ok) throw new Error(`${page}: ${status}`);
      }
    });
  }
  return {
    ...server,
    origin,
    async stop() {
      if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
      await ended;
      who.remove();
    },
  };
}
