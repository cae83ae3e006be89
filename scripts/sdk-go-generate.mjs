// Regenerates what packages/sdk-go takes from proto/: messages, routes, error codes and the types of the interface. With --check: fails
// when the committed files differ from what proto/ gives. Needs Go alone, which fetches the generator's libraries once.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { root } from './content-hash.mjs';

const sdk = join(root, 'packages/sdk-go');
const check = process.argv.includes('--check');
const made = mkdtempSync(join(tmpdir(), 'vectron-sdk-go-'));
try {
  const buf = join(root, 'node_modules/.bin/buf');
  const args = ['build', '--as-file-descriptor-set', '-o', '-#format=binpb'];
  const input = execFileSync(buf, args, { cwd: root, maxBuffer: 1 << 26 });
  execFileSync('go', ['run', '.', made], {
    cwd: join(sdk, 'internal/generate'),
    input,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const wanted = filesIn(made);
  const stale = wanted.filter((path) => textOf(join(sdk, path)) !== textOf(join(made, path)));
  const left = generatedIn(sdk).filter((path) => !wanted.includes(path));
  if (check) {
    for (const path of [...stale, ...left])
      console.error(`packages/sdk-go/${path}: stale; run \`npm run sdk-go:generate\``);
    if (stale.length + left.length > 0) process.exitCode = 1;
  } else {
    for (const path of left) rmSync(join(sdk, path));
    for (const path of stale) {
      mkdirSync(dirname(join(sdk, path)), { recursive: true });
      writeFileSync(join(sdk, path), textOf(join(made, path)));
    }
  }
} finally {
  rmSync(made, { recursive: true });
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Files that are there because they were generated. */
function generatedIn(folder) {
  return filesIn(folder).filter((path) => /(\.pb|generated)\.go$/.test(path));
}

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
