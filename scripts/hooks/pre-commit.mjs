/**
 * Format, lint and types of what is about to be committed: seconds, no tests and no native build. It looks at the files as
 * they are on disk, so a file that is staged in part is checked whole. Runs from the top of the checkout, as Git runs it.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = (name) => join('node_modules', '.bin', name);
const listed = spawnSync('git', ['diff', '--cached', '--name-only', '--diff-filter=ACMR', '-z'], { encoding: 'utf8' });
const staged = listed.stdout.split('\0').filter((file) => file !== '');
const ending = (...ends) => staged.filter((file) => ends.some((end) => file.endsWith(end)));

const formatted = ending('.ts', '.tsx', '.js', '.mjs', '.json', '.css');
const typescript = ending('.ts').filter((file) => !file.startsWith('apps/console/'));
const checks = [
  [
    'format',
    formatted,
    bin('biome'),
    ['check', '--no-errors-on-unmatched', '--files-ignore-unknown=true', ...formatted],
  ],
  ['lint', typescript, bin('eslint'), ['--no-warn-ignored', ...typescript]],
  ['types', typescript, bin('tsc'), ['-b']],
  ['types of the tests', typescript, bin('tsc'), ['-p', 'tsconfig.test.json']],
  ['types of the console', ending('.tsx'), bin('tsc'), ['-p', 'apps/console']],
  ['Rust format', ending('.rs'), 'cargo', ['fmt', '--check']],
  ['generated protos', ending('.proto'), process.execPath, ['scripts/proto.mjs', '--check']],
];

for (const [name, files, command, args] of checks) {
  if (files.length === 0) continue;
  const started = Date.now();
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  console.error(`${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  if (status !== 0) process.exit(1);
}
