import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VectronError } from '@vectron/errors';
import { isSoundEtcd } from '@vectron/metastore';
import { cacheHome } from '../config.js';

const run = promisify(execFile);
/** A Go module whose program is the etcd server, with the sums of all that it is made of. */
const MODULE = fileURLToPath(new URL('../../etcd', import.meta.url));
const VERSIONS = '3.4.42, 3.5.28, 3.6.9 or later';
const REMEDY = `install etcd ${VERSIONS} and put it on the PATH, or pass its path with --etcd`;

interface BuildOptions {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Of the programs that are looked for; default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The etcd program for a local cluster: `given` (`--etcd`), else the one on the PATH, else one that Go builds from its own module, once,
 * in the cache folder of the user. One on the PATH that may answer with stale reads is used only where there is no Go. `say` hears of a
 * build, which takes minutes. Throws INVALID_ARGUMENT when there is none, UNAVAILABLE when the build fails, both with what to do.
 */
export async function etcdProgram(given: string | undefined, { say, signal, env }: BuildOptions): Promise<string> {
  if (given !== undefined) return given;
  const installed = installedVersion(env);
  if (installed !== undefined && isSoundEtcd(installed)) return 'etcd';
  const version = moduleVersion();
  const program = join(cacheHome(), 'vectron', 'etcd', `etcd-${version}`);
  if (existsSync(program)) return program;
  if (spawnSync('go', ['version'], { env }).status === 0) {
    const why = installed === undefined ? 'etcd is not installed' : `etcd ${installed} may answer with stale reads`;
    say(`${why}: building etcd ${version} with go, once, as ${program}`);
    await build(program, { signal, env });
    return program;
  }
  if (installed === undefined) {
    throw VectronError.invalid(
      'etcd',
      `there is no etcd: ${REMEDY}, or install Go, with which this command builds etcd`,
    );
  }
  say(`etcd ${installed} may answer with stale reads (etcd issue 20418): ${REMEDY}`);
  return 'etcd';
}

/** undefined: there is no program `etcd`, or it does not say. */
function installedVersion(env: BuildOptions['env']): string | undefined {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8', env });
  return status === 0 ? /etcd Version:\s*(\S+)/.exec(stdout)?.[1] : undefined;
}

/** The version of etcd that the module is made of. */
export function moduleVersion(): string {
  const found = /go\.etcd\.io\/etcd\/server\/v3 v(\S+)/.exec(readFileSync(join(MODULE, 'go.mod'), 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${MODULE}/go.mod requires no etcd`);
  return found;
}

async function build(program: string, { signal, env }: Omit<BuildOptions, 'say'>): Promise<void> {
  const made = `${program}.${process.pid}`;
  mkdirSync(join(program, '..'), { recursive: true });
  try {
    await run('go', ['build', '-trimpath', '-o', made, '.'], { cwd: MODULE, signal, env, maxBuffer: 1 << 24 });
    renameSync(made, program);
  } catch (cause) {
    rmSync(made, { force: true });
    if (signal?.aborted) throw new VectronError('CANCELLED', 'the build of etcd was stopped', { cause });
    const { stderr = '', message } = cause as Error & { stderr?: string };
    const last = stderr.trim().split('\n').slice(-5).join('\n') || message;
    throw new VectronError('UNAVAILABLE', `go could not build etcd: ${REMEDY}\n${last}`, { cause });
  }
}
