// Builds the grpc-gateway that test/conformance/proto3-json.test.ts compares the REST port with, and prints the path of
// its binary. It is built outside the checkout, once for a state of proto/ and of test/conformance/grpc-gateway.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, hashOf, root } from './setup.mjs';

const program = 'test/conformance/grpc-gateway';
const folder = join(cache, 'grpc-gateway');
const binary = join(folder, hashOf(['proto', program]).slice(0, 16));

if (!existsSync(binary)) {
  mkdirSync(folder, { recursive: true });
  const module = mkdtempSync(join(folder, 'build-'));
  cpSync(join(root, program), module, { recursive: true });
  const plugins = join(module, 'plugins');
  mkdirSync(plugins);
  const go = (...args) => execFileSync('go', args, { cwd: module, stdio: ['ignore', 'inherit', 'inherit'] });
  go('build', '-o', `${plugins}/`, 'tool');
  execFileSync(
    join(root, 'node_modules/.bin/buf'),
    ['generate', '--template', join(module, 'buf.gen.yaml'), '--include-imports', '-o', module],
    { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${plugins}:${process.env.PATH}` } },
  );
  go('build', '-o', 'grpc-gateway', '.');
  renameSync(join(module, 'grpc-gateway'), binary);
  rmSync(module, { recursive: true });
}
console.log(binary);
