// `npm start` in a fresh checkout where there is no compiler: the native core comes from the registry.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './folders.mjs';
import { stranger } from './strangers.mjs';

/** What git has or would add, as a clone of it would be. */
function copyCheckout(into) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
  for (const file of files.filter((name) => name !== '')) {
    mkdirSync(dirname(join(into, file)), { recursive: true });
    copyFileSync(join(root, file), join(into, file));
  }
}

/** Starts it, asks it whether it is well, and stops it. Fails when it does not say where the native core came from, or makes noise. */
export async function tryCheckout(registry, check) {
  const who = stranger(registry);
  copyCheckout(who.work);
  // Who trusts a registry with machine code says so in the settings of npm.
  writeFileSync(join(who.env.HOME, '.npmrc'), `@vectron:registry=${registry.url}\n`);
  const options = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--no-sample'];
  const started = Date.now();
  const child = who.start('npm', ['start', '--', ...options]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (printed += bytes));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    await check('npm start in a fresh checkout without a compiler', async () => {
      const pattern = /(http:\/\/127\.0\.0\.1:\d+)\/v1/;
      while (!pattern.test(printed)) {
        if (child.exitCode !== null) throw new Error(`it ended:\n${printed}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const { ok, status } = await fetch(`${pattern.exec(printed)[1]}/healthz`);
      if (!ok) throw new Error(`the server's health: ${status}\n${printed}`);
      const [line] = /^setup: the native core is prebuilt.*fetched from .*$/m.exec(printed) ?? [];
      if (line === undefined) throw new Error(`it does not say where the native core came from:\n${printed}`);
      const noise = printed.match(/^.*(?:deprecat|npm warn|EBADENGINE).*$/gim);
      if (noise !== null) throw new Error(`it shows what nobody can do anything about:\n${noise.join('\n')}`);
      return `up ${((Date.now() - started) / 1000).toFixed(0)} s after the command; ${line}`;
    });
  } finally {
    if (child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
    who.remove();
  }
}
