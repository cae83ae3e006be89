// Makes packages/sdk-python/src/vectron/_generated from proto/: descriptors, methods, answers as dataclasses with their decoders,
// and error codes. With --check: fails when the committed files differ from what proto/ gives.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commentsOf, contractOf, registryOf } from './contract.mjs';
import { answersSource, decodersSource } from './sdk-python/answers.mjs';
import { codesSource } from './sdk-python/codes.mjs';
import { descriptorsSource } from './sdk-python/descriptors.mjs';
import { methodsSource } from './sdk-python/methods.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'packages/sdk-python/src/vectron/_generated');
const check = process.argv.includes('--check');

function build(...args) {
  const buf = join(root, 'node_modules/.bin/buf');
  const output = ['--as-file-descriptor-set', '-o', '-#format=binpb'];
  return execFileSync(buf, ['build', ...output, ...args], { cwd: root, maxBuffer: 1 << 26 });
}

const set = build('--exclude-path', 'proto/raft', '--exclude-path', 'proto/shard');
const registry = registryOf(set);
const contract = contractOf(registry);
const comments = commentsOf(registry);
const files = {
  '__init__.py': '"""Made from proto/ by scripts/sdk-python-protos.mjs; not to be edited."""\n',
  'answers.py': answersSource(contract, registry, comments),
  'codes.py': codesSource(registry, comments),
  'decoders.py': decodersSource(contract, registry),
  'descriptors.py': descriptorsSource(set),
  'methods.py': methodsSource(contract),
};

const have = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.py')) : [];
const stale = Object.entries(files).filter(
  ([name, text]) => !have.includes(name) || readFileSync(join(folder, name), 'utf8') !== text,
);
const others = have.filter((name) => !(name in files));
if (!check) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(folder, name), text);
} else if (stale.length + others.length > 0) {
  const names = [...stale.map(([name]) => name), ...others].join(', ');
  console.error(`${folder}: ${names} stale; run \`node scripts/sdk-python-protos.mjs\` and commit the result`);
  process.exitCode = 1;
}
