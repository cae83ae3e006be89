/**
 * The tests of one crate: npm run test:crate -- shard [name of a test]. Cargo builds what has changed with the flags of the
 * whole workspace, so that RocksDB is not compiled again, as `cargo test -p` does.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cargoEnvironment, root } from './setup.mjs';

const [name = '', ...filter] = process.argv.slice(2);
const crate = name.startsWith('vectron-') ? name : `vectron-${name}`;
const crates = readdirSync(join(root, 'crates'));
if (!crates.includes(crate)) {
  console.error(`test-crate: no crate ${name}: ${crates.map((one) => one.replace('vectron-', '')).join(', ')}`);
  process.exit(2);
}
const flags = ['--workspace', '--release', '--locked', '--no-run', '--message-format', 'json-render-diagnostics'];
const built = spawnSync('cargo', ['test', ...flags], {
  cwd: root,
  env: cargoEnvironment,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  maxBuffer: 1 << 28,
});
if (built.status !== 0) process.exit(built.status ?? 1);
const programs = built.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter(({ executable, profile, manifest_path: manifest }) => {
    return executable && profile?.test && manifest === join(root, 'crates', crate, 'Cargo.toml');
  });
let failed = 0;
for (const { executable } of programs) {
  const { status } = spawnSync(executable, filter, { cwd: join(root, 'crates', crate), stdio: 'inherit' });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 && programs.length > 0 ? 0 : 1);
