// Folders and environments of somebody who has nothing but Node and npm.

import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What npm itself starts. Neither a compiler nor make, Python or git are among them. */
const COMMANDS = ['sh', 'env', 'uname', 'dirname'];

const which = (command) => execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();

/** An empty home and an empty working folder. `node`: the Node to use; `registry`: where npm gets packages. */
export function stranger(registry, node = process.execPath) {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-stranger-'));
  const [bin, home, work] = ['bin', 'home', 'work'].map((name) => join(folder, name));
  for (const made of [bin, home, work]) mkdirSync(made);
  for (const command of COMMANDS) symlinkSync(which(command), join(bin, command));
  symlinkSync(node, join(bin, 'node'));
  for (const command of ['npm', 'npx']) symlinkSync(realpathSync(which(command)), join(bin, command));
  const env = { PATH: bin, HOME: home, npm_config_registry: registry.url, npm_config_update_notifier: 'false' };
  return {
    work,
    env,
    /** Runs a command, with `input` at its standard input; gives what it printed. Throws with all of it when it fails. */
    run(command, args, more = {}, input = undefined) {
      try {
        return execFileSync(join(bin, command), args, {
          cwd: work,
          env: { ...env, ...more },
          encoding: 'utf8',
          stdio: 'pipe',
          input,
        });
      } catch (error) {
        throw new Error(`${command} ${args.join(' ')}: exit ${error.status}\n${error.stdout}\n${error.stderr}`);
      }
    },
    start: (command, args) =>
      spawn(join(bin, command), args, { cwd: work, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
