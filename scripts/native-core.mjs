// Where the native core of a checkout comes from: it is compiled, or a package has it that was made of the same sources. Every outcome
// is a line, and none stands for another in silence. Uses Node alone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addonOf, placeAddon, recordedOf, recordOf, sourcesDigest, thisPlatform } from './addon.mjs';
import { CARGO_SAYS, CargoProgress } from './cargo-progress.mjs';
import { root } from './content-hash.mjs';
import { findPrebuilt } from './prebuilt-core.mjs';
import { rocksdbFiles } from './rocksdb-files.mjs';
import { fail, isDone, progress, quietly } from './steps.mjs';

/** `source`: it is compiled here; `prebuilt`: it is never; unset: it is when no package has it. */
const CHOICE = 'VECTRON_NATIVE_CORE';
const NAME = 'native core';

/** The file that cargo makes of the addon's crate. */
export const LIBRARY = { linux: 'libvectron_napi.so', darwin: 'libvectron_napi.dylib', win32: 'vectron_napi.dll' }[
  process.platform
];

/** Throws when that cannot be asked for. */
function checkChoice(choice, forTests) {
  if (!['', 'source', 'prebuilt'].includes(choice))
    throw new Error(`${CHOICE} is source, prebuilt or nothing, not ${choice}`);
  if (forTests && choice === 'prebuilt')
    throw new Error(`the tests are of a core that is compiled here: ${CHOICE} cannot be prebuilt`);
}

/** How it is decided, without a look at anything but its arguments. `find` looks for a package. @returns {{found?: object, why?: string}} */
export function choose(choice, forTests, find) {
  checkChoice(choice, forTests);
  if (forTests) return { why: 'the tests are of what these sources make' };
  if (choice === 'source') return { why: `${CHOICE} is source` };
  const found = find();
  if (found.bytes !== undefined) return { found };
  if (choice === 'prebuilt') throw new Error(`no prebuilt native core, and ${CHOICE} is prebuilt: ${found.why}`);
  return { why: found.why };
}

/**
 * What the addon in its place was made of, when that is these sources and, if it was compiled here, this compiler or there is none. `npm ci`
 * takes away packages that were installed and the stamps of set-up, and not this.
 */
function inPlace(platform, digest) {
  try {
    const { from, sources, toolchain } = recordedOf(platform);
    const isCurrent = from !== undefined || [toolchain, undefined].includes(versionOf('rustc'));
    return sources === digest && isCurrent ? { from } : undefined;
  } catch {
    // No record, or of another file: then it is looked for elsewhere, and a line says where it comes from.
    return undefined;
  }
}

/** `1.90.0`; undefined when there is no such command. */
function versionOf(command) {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return stdout?.split(' ')[1];
}

/** What `work` gives; ends the process with what it throws. */
function attempt(work) {
  try {
    return work();
  } catch (error) {
    return fail(error.message);
  }
}

/**
 * The step that provides it, whether that `compiles`, and a `line` that says which and why. `cache`: where it is compiled and what was
 * fetched is kept; `mayFetch`: whether a registry may be asked.
 */
export function planCore(cache, environment, { forTests = false, mayFetch = true } = {}) {
  const platform = thisPlatform();
  const outputs = [addonOf(platform), recordOf(platform)];
  const digest = sourcesDigest();
  const choice = process.env[CHOICE] ?? '';
  attempt(() => checkChoice(choice, forTests));
  const [compiled, prebuilt] = [`compiled by ${versionOf('rustc')}`, 'prebuilt'].map((how) => {
    return { name: NAME, hash: `${how} ${digest}`, outputs };
  });
  const line = (text) => `the native core is ${text}`;
  const nothing = async () => {};
  const mayCompile = choice !== 'prebuilt';
  const mayUse = choice !== 'source' && !forTests;
  const kept = [...(mayCompile ? [compiled] : []), ...(mayUse ? [prebuilt] : [])].find(isDone);
  if (kept !== undefined) return { step: { ...kept, work: nothing }, compiles: false, line: line('in place') };
  const placed = inPlace(platform, digest);
  if (placed !== undefined && (placed.from === undefined ? mayCompile : mayUse)) {
    const step = { ...(placed.from === undefined ? compiled : prebuilt), work: nothing };
    return {
      step,
      compiles: false,
      line: line(`in place, of these sources: ${placed.from ?? 'compiled here'}`),
    };
  }
  const { version, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = { platform, version, digest, folder: root, cache, repository };
  const { found, why } = attempt(() => choose(choice, forTests, () => findPrebuilt(wanted, mayFetch)));
  if (found === undefined) {
    const step = { ...compiled, ...compilation(cache, environment, platform) };
    return { step, compiles: true, line: line(`compiled here: ${why}`) };
  }
  const record = { sources: digest, toolchain: found.toolchain, from: found.from };
  const step = { ...prebuilt, work: async () => placeAddon(platform, found.bytes, record) };
  return { step, compiles: false, line: line(`prebuilt, of these sources: ${found.from}`) };
}

function compilation(cache, env, platform) {
  const errors = new CargoProgress();
  const started = Date.now();
  const release = join(cache, 'target/release');
  const detail = () =>
    [String(errors), rocksdbFiles(join(release, 'build'), started)].filter((part) => part !== '').join('; ');
  const work = async () => {
    const sources = sourcesDigest();
    await quietly('cargo', ['build', '--workspace', '--release', '--locked'], {
      env: { ...env, ...CARGO_SAYS },
      errors,
    });
    if (sourcesDigest() !== sources) fail('the sources of the native core changed while it was compiled: run it again');
    if (errors.messages !== '') progress.say(`cargo says:\n${errors.messages.trimEnd()}`);
    const toolchain = versionOf('rustc');
    placeAddon(platform, readFileSync(join(release, LIBRARY)), { sources, toolchain });
  };
  return { detail, work };
}
