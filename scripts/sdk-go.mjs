// Checks the Go SDK: what is generated is current, go vet, its tests with the race detector against servers of their own and a real one,
// and the programs of its README in an empty folder that takes the module by replace. --only NAME,...: some of generated, vet, tests,
// readme. The scenarios of test/conformance/scenarios are played by scripts/sdks.mjs.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './content-hash.mjs';
import { startServer } from './running-server.mjs';

const sdk = join(root, 'packages/sdk-go');
const modules = [sdk, join(sdk, 'internal/scenarios'), join(sdk, 'internal/generate')];
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'vectron-sdk-go-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** Ends the process when the command fails; gives what it printed. */
function must(command, args, options = {}) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, error, stdout } = spawnSync(command, args, {
    stdio,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    ...options,
  });
  if (status === 0) return stdout;
  console.error(`sdk-go: ${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout ?? ''}`);
  process.exit(1);
}

const generated = () => must(process.execPath, ['scripts/sdk-go-generate.mjs', '--check'], { cwd: root });

function vet() {
  for (const cwd of modules) {
    must('go', ['vet', '-tags', 'server', './...'], { cwd });
    const unformatted = must('gofmt', ['-l', '.'], { cwd });
    if (unformatted !== '') throw new Error(`gofmt would change ${unformatted}`);
    must('go', ['mod', 'tidy', '-diff'], { cwd });
  }
}

const tests = (env) => must('go', ['test', '-race', '-count=1', '-tags', 'server', './...'], { cwd: sdk, env });

/** Each program of the README is run in a module of its own, and prints what the text behind it says. */
function readme(env) {
  const text = readFileSync(join(sdk, 'README.md'), 'utf8');
  const programs = Array.from(text.matchAll(/```go\n([\s\S]*?)```\n\nprints `([^`]*)`/g), ([, source, output]) => [
    source,
    output,
  ]);
  if (programs.length !== text.split('```go').length - 1)
    throw new Error('a program of the README does not say what it prints');
  const empty = join(folder, 'readme');
  mkdirSync(empty);
  must('go', ['mod', 'init', 'example.org/readme'], { cwd: empty, stdio: 'pipe' });
  const replace = `-replace=vectron.dev/sdk-go=${sdk}`;
  must('go', ['mod', 'edit', '-require=vectron.dev/sdk-go@v0.1.0', replace], { cwd: empty });
  // The checksums of the same libraries: nothing is asked of a registry that the SDK's own build did not ask.
  cpSync(join(sdk, 'go.sum'), join(empty, 'go.sum'));
  for (const [at, [source, output]] of programs.entries()) {
    writeFileSync(join(empty, 'main.go'), source);
    if (at === 0) must('go', ['mod', 'tidy'], { cwd: empty, stdio: 'pipe' });
    for (const url of [env.VECTRON_REST, env.VECTRON_GRPC]) {
      const printed = must('go', ['run', '.'], { cwd: empty, env: { ...env, VECTRON_URL: url } });
      if (printed.trim() !== output)
        throw new Error(`program ${at + 1} of the README prints ${printed}, not ${output}`);
    }
  }
}

const parts = { generated, vet, tests, readme };
const wanted = values.only?.split(',') ?? Object.keys(parts);
const server = wanted.some((name) => parts[name].length > 0) ? await startServer('sdk-go') : undefined;
process.on('exit', () => server?.kill());
const env = {
  ...process.env,
  VECTRON_REST: server?.url,
  VECTRON_GRPC: `grpc://${server?.grpc}`,
  VECTRON_API_KEY: server?.apiKey,
};
for (const name of wanted) {
  const started = Date.now();
  parts[name](env);
  console.log(`sdk-go ${name}: ok in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}
if (server !== undefined && !(await server.stop())) throw new Error('the server did not live until the end');
