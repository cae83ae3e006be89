// What the drivers of each language need, made once and kept outside the checkout; or the reason why it cannot be.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { cache, root } from '../../scripts/setup.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const REQUIREMENTS = join(HERE, 'python/requirements.txt');
const PREDECESSOR = 'github.com/pavandhadge/vectron';

/** What went wrong with the first command that failed, in a line; undefined when all went well. */
function failureOf(commands) {
  for (const [command, args, options] of commands) {
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
    if (status !== 0) return (error?.message ?? stderr).trim().split('\n').at(-1) || `${command} ended with ${status}`;
  }
  return undefined;
}

/** A Python with the peers: `{ python, bin }`, or `{ missing }`. */
export function pythonEnvironment(program = 'python3') {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(program).digest('hex').slice(0, 12);
  const folder = join(cache, 'bench-clients', digest);
  const unfinished = `${folder}.unfinished`;
  if (!existsSync(folder)) {
    console.log('bench: installing the Python clients ...');
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(join(cache, 'bench-clients'), { recursive: true });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
    const missing = failureOf([
      [program, ['-m', 'venv', unfinished]],
      [join(unfinished, 'bin/python'), pip],
    ]);
    if (missing !== undefined) return { missing: `no Python with the clients: ${missing}` };
    renameSync(unfinished, folder);
  }
  return { python: join(folder, 'bin/python') };
}

/** Chroma's server as a command: its script names the folder that the environment was made in. */
export const chromaServer = (python) => {
  const executable = join(python, '../../chroma-server');
  const script = 'import sys; from chromadb.cli.cli import app; sys.argv[0] = "chroma"; app()';
  writeFileSync(executable, `#!/bin/sh\nexec '${python}' -c '${script}' "$@"\n`, { mode: 0o755 });
  return executable;
};

/** The driver of the Go SDK: `{ executable }`, or `{ missing }`. */
export function goDriver(folder) {
  const executable = join(folder, 'go-driver');
  const missing = failureOf([['go', ['build', '-trimpath', '-o', executable, '.'], { cwd: join(HERE, 'go') }]]);
  return missing === undefined ? { executable } : { missing: `the driver cannot be built: ${missing}` };
}

/** The predecessor's clients in a checkout of it: `{ python, module }`, or `{ missing }`. */
export async function predecessorClients(checkout, folder) {
  if (checkout === undefined) return { missing: `--predecessor FOLDER was not given (a checkout of ${PREDECESSOR})` };
  // Its generated code imports its own files as if each folder of them were on Python's path.
  const python = ['', 'vectron_client/proto'].map((part) => join(checkout, 'clientlibs/python', part)).join(':');
  const source = join(checkout, 'clientlibs/js/src/client.ts');
  if (!existsSync(source)) return { missing: `${checkout} has no clientlibs/js/src/client.ts` };
  // Its dependencies are taken from this checkout, which has them in the same major versions.
  const external = ['@grpc/grpc-js', '@bufbuild/protobuf/wire'];
  const file = join(folder, 'predecessor.mjs');
  const bundle = await rolldown({ input: source, external, platform: 'node', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm' });
  await bundle.close();
  const resolved = external.reduce(
    (code, name) => code.replaceAll(`"${name}"`, `"${import.meta.resolve(name)}"`),
    output[0].code,
  );
  writeFileSync(file, resolved);
  return { python, module: file };
}

/** Where Python finds the SDK of this checkout. */
export const PYTHON_SDK = join(root, 'packages/sdk-python/src');
