// A container without a container engine: the root of an image, read-only, a process of the user of the image as the first one, with
// volumes and a list of hosts. As root alone; needs bubblewrap and util-linux.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The user of deploy/image/Containerfile. */
export const USER = 10001;
const SAY_MS = 120_000;

export function requireTools(root) {
  if (process.getuid() !== 0) throw new Error('containers are started by root');
  for (const [tool, from] of [
    ['bwrap', 'bubblewrap'],
    ['setpriv', 'util-linux'],
  ]) {
    if (spawnSync(tool, ['--version']).status !== 0) throw new Error(`${tool} is missing: apt-get install ${from}`);
  }
  if (root === undefined || !existsSync(join(root, 'opt/vectron')))
    throw new Error(
      'name the root of an image that deploy/image/Containerfile made: docs/deploy/containers.md says how',
    );
}

/** The `ENV` of the Containerfile. */
export function imageEnvironment(containerfile) {
  const [, text] = /^ENV ((?:.*\\\n)*.*)$/m.exec(readFileSync(containerfile, 'utf8'));
  return Object.fromEntries(
    text
      .replace(/\\\n/g, ' ')
      .split(/\s+/)
      .map((pair) => /^([^=]+)=(.*)$/.exec(pair).slice(1)),
  );
}

/** A new folder for a check, which the user of the image may look into. */
export function workFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `vectron-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

/** A folder that the user of the image may write to. */
export function volume(path, owner = USER) {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
  chownSync(path, owner, owner);
  return path;
}

/** The first process; `mounts`: pairs of a folder and where it is seen, and whether it is read-only there. */
export function startContainer(root, command, { env, mounts = [], hosts = {}, work, cwd = '/var/lib/vectron' }) {
  const file = join(work, 'hosts');
  writeFileSync(
    file,
    Object.entries({ localhost: '127.0.0.1', ...hosts })
      .map(([name, at]) => `${at} ${name}\n`)
      .join(''),
  );
  const args = [
    ...['--reuid', String(USER), '--regid', String(USER), '--clear-groups', '--no-new-privs', 'bwrap'],
    ...['--ro-bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/run', '--ro-bind', file, '/etc/hosts'],
    ...mounts.flatMap(([from, to, readOnly]) => [readOnly ? '--ro-bind' : '--bind', from, to]),
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc', '--uid', String(USER), '--gid', String(USER)],
    ...['--as-pid-1', '--die-with-parent', '--cap-drop', 'ALL', '--chdir', cwd, '--clearenv'],
    ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--', ...command],
  ];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  /** The first process as this system sees it: the child of bubblewrap, undefined while there is none. */
  const first = () => {
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' });
    return stdout.trim() === '' ? undefined : Number(stdout.trim().split('\n')[0]);
  };
  const running = () => child.exitCode === null && child.signalCode === null;
  /** Waits until the container has written `text`; throws its output when it ends first, or takes more than two minutes. */
  async function says(text) {
    for (const end = Date.now() + SAY_MS; !output.includes(text); ) {
      if (Date.now() > end)
        throw new Error(`the container did not say "${text}" within ${SAY_MS / 1000} s:\n${output}`);
      if (!running()) throw new Error(`the container ended before it said "${text}":\n${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    ended,
    first,
    says,
    output: () => output,
    running,
    /** Sends the signal to the first process; gives what the container ended with. */
    async end(signal) {
      // One that has just begun has no process of its own yet, and ends with what started it.
      const pid = first();
      if (running()) process.kill(pid ?? child.pid, signal);
      return ended;
    },
  };
}
