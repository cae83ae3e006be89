// The archives of a release in build/archives, with their bills of materials and checksums.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PLATFORMS } from '../addon.mjs';
import { archives, version } from './folders.mjs';

const SUMS = 'SHA256SUMS';

export const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** As `sha256sum --check` reads it. */
export function writeSums(files, folder = archives, sumsFile = SUMS) {
  const lines = files.map((file) => `${sha256(file)}  ${basename(file)}\n`);
  writeFileSync(join(folder, sumsFile), lines.join(''));
}

/** Throws when a file is not what its sum says, or has none. */
export function checkSums(folder = archives, sumsFile = SUMS) {
  const lines = readFileSync(join(folder, sumsFile), 'utf8').trim().split('\n');
  const sums = new Map(lines.map((line) => line.split('  ').reverse()));
  for (const name of readdirSync(folder).filter((one) => one !== sumsFile)) {
    if (sums.get(name) !== sha256(join(folder, name))) throw new Error(`${name} is not what ${sumsFile} says`);
    sums.delete(name);
  }
  if (sums.size > 0) throw new Error(`${sumsFile} names what is not there: ${[...sums.keys()].join(', ')}`);
}

const nameOf = (name) => `${name}-${version}.tgz`;

/** What a release consists of, in the order in which it is published: what others depend on comes first. */
export const RELEASED = [
  ...Object.keys(PLATFORMS).map((platform) => nameOf(`vectron-engine-${platform}`)),
  ...['vectron-engine', 'vectron-sdk', 'vectron-nestjs', 'vectron-langchain', 'vectron'].map(nameOf),
];

/** The archives that are there, in that order. */
export const archivesInOrder = (folder = archives) =>
  RELEASED.map((name) => join(folder, name)).filter((file) => existsSync(file));
