// A native core that was compiled elsewhere, as packages of npm have it: which one may stand for a compilation here, and why not.
// Uses Node alone, because set-up does.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PLATFORMS } from './addon.mjs';

const SCOPE = '@vectron';
/** How long npm may wait for an answer: a machine without a network compiles, and does not wait for minutes. */
const NPM_WAITS = ['--fetch-retries=0', '--fetch-timeout=15000'];

/**
 * @typedef {object} Wanted
 * @property {string} platform The platform by its name in `PLATFORMS`.
 * @property {string} version The version of this checkout: a package must have the same.
 * @property {string} digest The digest of the core's sources here: a package must be made of the same.
 * @property {string} folder The checkout: what is installed in it, or above it, is looked at first, and npm's settings are those of it.
 * @property {string} cache Where what was fetched is kept.
 * @property {string} [repository] The address of the project in package.json; without one nobody can say who publishes for it.
 *
 * @typedef {{bytes: Buffer, toolchain: string, from: string}} Found The machine code; `from` says which package it is of.
 * @typedef {{why: string}} NotFound
 */

/** `mayFetch`: whether a registry may be asked. @param {Wanted} wanted @returns {Found | NotFound} */
export function findPrebuilt(wanted, mayFetch = true) {
  const { platform } = wanted;
  if (!(platform in PLATFORMS)) return { why: `there is no package for ${platform}` };
  const name = `${SCOPE}/engine-${platform}`;
  const places = [installed, kept, ...(mayFetch ? [fetched] : [])];
  const reasons = [];
  for (const look of places) {
    const seen = look(name, wanted);
    if (seen?.bytes !== undefined) return seen;
    if (seen !== undefined) reasons.push(seen.why);
  }
  if (!mayFetch) reasons.push('no registry was asked');
  return { why: reasons.join('; ') };
}

/** What Node's resolution finds from the checkout. */
function installed(name, wanted) {
  let file;
  try {
    file = createRequire(join(wanted.folder, 'package.json')).resolve(`${name}/package.json`);
  } catch {
    return { why: `${name} is not installed` };
  }
  return checked(dirname(file), wanted, `installed in ${dirname(file)}`);
}

const placeIn = ({ cache, digest }, name) => join(cache, 'prebuilt', `${name.split('/')[1]}-${digest.slice(0, 16)}`);

/** What an earlier run fetched, of this or another checkout. */
function kept(name, wanted) {
  const place = join(placeIn(wanted, name), 'node_modules', name);
  return existsSync(place) ? checked(place, wanted, `fetched before, in ${place}`) : undefined;
}

/** Whether a package has the version and is made of the sources that are wanted. @returns {string | undefined} why not */
function mismatch({ version, vectron }, wanted) {
  if (version !== wanted.version) return `it is version ${version}, and this is ${wanted.version}`;
  const sources = vectron?.sources ?? 'nothing that it names';
  const short = (digest) => digest.slice(0, 22);
  if (sources !== wanted.digest)
    return `it was made of other sources (${short(sources)}) than these (${short(wanted.digest)})`;
  return undefined;
}

/** The machine code of a package in a folder, when it is what is wanted and this machine can load it. */
function checked(folder, wanted, where) {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const title = `${about.name} ${about.version}, ${where}`;
  const reason = mismatch(about, wanted);
  if (reason !== undefined) return { why: `${title}: ${reason}` };
  const file = join(folder, about.main);
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    const [line] = /^.*(?:Error|error).*$/m.exec(stderr) ?? [`it ended with ${signal ?? status}`];
    return { why: `${title}: this machine cannot load it: ${line.trim()}` };
  }
  return { bytes: readFileSync(file), toolchain: about.vectron.toolchain, from: title };
}

const npm = (args, cwd) => spawnSync('npm', [...args, ...NPM_WAITS], { cwd, env: process.env, encoding: 'utf8' });

/**
 * The registry that is trusted with machine code: the one that npm's settings name for the scope, or the usual one for a project that
 * says where it is published from. Without either, anybody could have taken the scope.
 */
function registryOf({ folder, repository }) {
  const lines = npm(['config', 'get', `${SCOPE}:registry`, 'registry'], folder).stdout?.split('\n') ?? [];
  const [own, usual] = [`${SCOPE}:registry=`, 'registry='].map((key) =>
    lines.find((line) => line.startsWith(key))?.slice(key.length),
  );
  if (own !== undefined && own !== 'undefined') return own;
  return repository === undefined ? undefined : usual;
}

/** Asks the registry what the package is made of, and fetches it when it is what is wanted. */
function fetched(name, wanted) {
  const registry = registryOf(wanted);
  if (registry === undefined) {
    const why = `no registry is asked, because package.json names no repository that ${SCOPE} is published from, and npm's settings no`;
    return { why: `${why} registry for ${SCOPE} (npm config set ${SCOPE}:registry ADDRESS)` };
  }
  const exact = `${name}@${wanted.version}`;
  const option = `--${SCOPE}:registry=${registry}`;
  const view = npm(['view', exact, '--json', option], wanted.folder);
  const told = parsed(view.stdout);
  if (view.status !== 0 || told === undefined || told.error !== undefined) {
    const { code, summary } = told?.error ?? {};
    const why = code === 'E404' ? 'has no' : 'could not be asked for';
    return {
      why: `${registry} ${why} ${exact}${code === 'E404' ? '' : `: ${summary ?? view.error?.message ?? view.stderr}`}`,
    };
  }
  const reason = mismatch(told, wanted);
  if (reason !== undefined) return { why: `${exact} of ${registry}: ${reason}` };
  const place = placeIn(wanted, name);
  const fresh = `${place}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const how = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const install = npm(['install', exact, '--prefix', fresh, option, ...how], fresh);
  const inFresh = join(fresh, 'node_modules', name);
  if (install.status !== 0 || !existsSync(inFresh)) {
    rmSync(fresh, { recursive: true, force: true });
    return {
      why: `${exact} could not be fetched from ${registry}: ${install.stderr?.trim().split('\n')[0] ?? install.error?.message}`,
    };
  }
  const found = checked(inFresh, wanted, `fetched from ${registry}`);
  rmSync(place, { recursive: true, force: true });
  if (found.bytes === undefined) rmSync(fresh, { recursive: true, force: true });
  else renameSync(fresh, place);
  return found;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
