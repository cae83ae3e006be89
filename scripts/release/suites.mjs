// Runs the Rust tests of some crates as programs of another platform, and reads what they say.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../setup.mjs';
import { cargo } from './compile.mjs';

/** What differs between processors: kernels by their instruction set, and what is built upon them. */
const CRATES = ['vectron-kernels', 'vectron-hnsw', 'vectron-shard'];

/** Test programs of these crates, by what cargo prints of its work. */
export function programsIn(printed) {
  return printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ executable, profile }) => executable && profile?.test)
    .map(({ executable, manifest_path: manifest, target }) => ({
      executable,
      crate: CRATES.find((crate) => manifest === join(root, 'crates', crate, 'Cargo.toml')),
      name: target.name,
    }))
    .filter(({ crate }) => crate !== undefined);
}

/** Tests run, passed, failed and ignored, what was skipped, and the digest of all graphs by each instruction set. */
export function outcomeIn(printed) {
  const sum = { passed: 0, failed: 0, ignored: 0 };
  for (const [, passed, failed, ignored] of printed.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
    sum.ignored += Number(ignored);
  }
  const digests = [...printed.matchAll(/graph digest, ([^:]+): all: ([0-9a-f]{16})/g)];
  const skipped = [...printed.matchAll(/skipped: (.*?) is not available here/g)].map(([, isa]) => isa);
  return {
    ...sum,
    run: sum.passed + sum.failed,
    skipped: [...new Set(skipped)],
    digests: Object.fromEntries(digests.map(([, isa, digest]) => [isa, digest])),
  };
}

/** Builds and runs them. `runner`: the command before a program. Throws when a program ends before it has said how it went. */
export function runSuites(compilers, profile, runner) {
  const programs = programsIn(
    cargo(compilers, 'test', profile, ['--no-run', '--message-format', 'json-render-diagnostics'], true),
  );
  if (programs.length < CRATES.length) throw new Error('cargo made fewer test programs than there are crates');
  let all = '';
  for (const { executable, crate, name } of programs) {
    const [command, ...args] = [...runner, executable, '--nocapture'];
    const started = Date.now();
    const { stdout, stderr, status, signal } = spawnSync(command, args, {
      cwd: join(root, 'crates', crate),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const said = `${stdout}\n${stderr}\n`;
    all += said;
    const { run, passed } = outcomeIn(said);
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${crate}, ${name}: ${passed} of ${run} tests passed in ${seconds} s`);
    if (status === 0) continue;
    console.log(said);
    if (!/^test result: /m.test(said)) throw new Error(`${executable} ended with ${signal ?? status}`);
  }
  return outcomeIn(all);
}
