// Compiles the native core for a platform, and writes it where packages are made of it: stripped, with its symbols in a file beside it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addonOf, placeAddon, sourcesDigest } from '../addon.mjs';
import { cache, root, run } from '../setup.mjs';
import { checkNeeds } from './needs.mjs';

/** The file that cargo makes of the addon's crate, by the platform's system. */
const LIBRARY = { linux: 'libvectron_napi.so', darwin: 'libvectron_napi.dylib' };

/** What another target is compiled in, so that it neither waits for the developer's build nor takes its place. */
const folderOf = ({ target }) => join(cache, target === undefined ? 'target' : 'target-cross');

/** Arguments of cargo that all builds of a platform have. All crates: one alone would be compiled with fewer features of its dependencies. */
const selection = ({ target }, profile) => [
  ...['--workspace', '--locked', '--profile', profile],
  ...(target === undefined ? [] : ['--target', target]),
];

const environmentOf = (compilers) => ({ ...process.env, CARGO_TARGET_DIR: folderOf(compilers), ...compilers.env });

/** Runs cargo for a platform's compilers (`compilersFor`); with `capture` it gives what was printed. */
export function cargo(compilers, verb, profile, more = [], capture = false) {
  const [command, ...before] = compilers.cargo;
  const args = [...before, compilers.verbs?.[verb] ?? verb, ...selection(compilers, profile), ...more];
  const env = environmentOf(compilers);
  if (!capture) return run(command, args, { env });
  return execFileSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Where an addon's symbols are: what a debugger or a profiler wants to name functions. Path in the repository. */
export const symbolsOf = (platform) => `${addonOf(platform).slice(0, -'.node'.length)}.symbols`;

/** Takes the symbols out of a library, and keeps them. The copy that is left names the file that has them. */
function strip(library, platform, objcopy) {
  const symbols = join(root, symbolsOf(platform));
  const stripped = `${library}.stripped`;
  rmSync(symbols, { force: true });
  if (objcopy === undefined) {
    // Of macOS: strip takes local symbols out and signs what is left, and the whole library is kept.
    copyFileSync(library, symbols);
    execFileSync('strip', ['-x', '-o', stripped, library]);
    return stripped;
  }
  execFileSync(objcopy, ['--only-keep-debug', library, symbols]);
  execFileSync(objcopy, ['--strip-all', `--add-gnu-debuglink=${symbols}`, library, stripped]);
  return stripped;
}

/**
 * Compiles and places the addon. Gives its `file`, its size and that of what cargo made (bytes), the compiler's version, and what it needs
 * of a system. Throws when the sources change meanwhile, or it needs more than is promised.
 */
export function compileAddon(platform, compilers, profile) {
  const sources = sourcesDigest();
  cargo(compilers, 'build', profile);
  if (sourcesDigest() !== sources) throw new Error('the sources changed while they were compiled');
  const toolchain = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1];
  const made = join(folderOf(compilers), compilers.target ?? '', profile, LIBRARY[platform.split('-')[0]]);
  placeAddon(platform, readFileSync(strip(made, platform, compilers.objcopy)), { sources, toolchain });
  const file = join(root, addonOf(platform));
  const needs = checkNeeds(platform, file) ?? 'what macOS has';
  return { file, size: statSync(file).size, whole: statSync(made).size, toolchain, needs };
}
