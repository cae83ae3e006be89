// npm run bench:ann, npm run bench:filters -- [--quick]: installs the peers into a folder of their own, builds the runners,
// runs the bench that is named.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, cargoEnvironment, root, run, setup } from './setup.mjs';

const [bench, ...rest] = process.argv.slice(2);
await setup();
const venv = join(cache, 'bench-venv');
const python = join(venv, 'bin', 'python');
const requirements = join(root, 'bench', 'ann', 'requirements.txt');
const wanted = readFileSync(requirements, 'utf8');
const stamp = join(venv, 'requirements.txt');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  run('python3', ['-m', 'venv', venv]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
  writeFileSync(stamp, wanted);
}
const env = cargoEnvironment;
run('cargo', ['build', '--workspace', '--release', '--locked', '--examples'], { env });
run(python, [`bench/${bench}/run.py`, ...rest], { env });
