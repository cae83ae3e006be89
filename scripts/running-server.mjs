// A Vectron of its own, in one process on free ports, for checks that speak to a running server.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

/**
 * Waits until it serves. `flags`: of `vectron serve`, besides those for its addresses. `stop` ends it and removes its data, and says whether it was up until then; `kill` is for the exit
 * of a check that failed.
 */
export async function startServer(name, flags = ['--no-sample']) {
  const data = mkdtempSync(join(tmpdir(), `vectron-${name}-`));
  const args = ['serve', '--data', data, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
  args.push('--registration', 'open', ...flags);
  const server = spawn(process.execPath, [join(root, 'apps/cli/bin/vectron.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  const [url, grpc] = await new Promise((resolve, reject) => {
    server.stdout.on('data', (chunk) => {
      printed += chunk;
      const found = /REST\s+(http:\/\/[\d.:]+)\/v1[\s\S]*?gRPC\s+([\d.:]+)[\s\S]*ready/.exec(printed);
      if (found) resolve(found.slice(1));
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const { apiKey } = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8'));
  const stop = async () => {
    const alive = server.exitCode === null && (await fetch(`${url}/readyz`)).status === 200;
    if (server.exitCode === null) {
      server.kill('SIGTERM');
      await new Promise((resolve) => server.once('exit', resolve));
    }
    rmSync(data, { recursive: true, force: true });
    return alive;
  };
  return { url, grpc, apiKey, data, stop, kill: () => server.kill('SIGKILL') };
}
