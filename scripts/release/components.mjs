// What packages contain, as components of a bill of materials: npm packages of a bundle, and crates of an addon.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Contrib, Enums, Models } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import isSpdx from 'spdx-expression-parse';
import { root } from './folders.mjs';

const licenseFactory = new Contrib.License.Factories.LicenseFactory(isSpdx);

/** How a component came into a package. */
const HOW = 'vectron:how';
/** Where in this repository a changed copy of it lies. */
const CHANGED = 'vectron:changed';

/**
 * @param {object} fields `kind`: the type of package URL; `hashes`: hexadecimal digests by algorithm; `how`: `bundled`, `vendored`,
 * `linked`, `build` or `dependency`; `changed`: the folder of a changed copy. Throws when it has no licence.
 */
export function component({ kind, name, version, license, hashes = {}, how, purl, changed }) {
  if (!license) throw new Error(`${name} ${version} does not say its licence`);
  const [, group, short] = /^(?:(@[^/]+)\/)?(.*)$/.exec(name);
  const url = purl ?? new PackageURL(kind, group, short, version).toString();
  const made = new Models.Component(Enums.ComponentType.Library, short, {
    group,
    version,
    purl: url,
    bomRef: url,
    scope: how === 'build' ? Enums.ComponentScope.Excluded : Enums.ComponentScope.Required,
    hashes: new Models.HashDictionary(Object.entries(hashes)),
  });
  made.licenses.add(licenseFactory.makeFromString(license));
  made.properties.add(new Models.Property(HOW, how));
  if (changed !== undefined) made.properties.add(new Models.Property(CHANGED, changed));
  return made;
}

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;

/** The npm package that is installed in `folder`. */
export function npmComponent(folder, how) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const place = folder.slice(folder.indexOf('node_modules/'));
  const digest = /^sha512-(.*)$/.exec(lock[place]?.integrity ?? '')?.[1];
  const hashes = digest === undefined ? {} : { 'SHA-512': Buffer.from(digest, 'base64').toString('hex') };
  return component({ kind: 'npm', name, version, license: license?.type ?? license, hashes, how });
}

/** The checksums of crates that the lock file has, by name and version. */
function checksumsOfCrates() {
  const packages = readFileSync(join(root, 'Cargo.lock'), 'utf8').split('[[package]]').slice(1);
  const field = (text, name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(text)?.[1];
  return new Map(packages.map((text) => [`${field(text, 'name')} ${field(text, 'version')}`, field(text, 'checksum')]));
}

/** Crates of this repository, of which some are of others and changed here. */
const isOwn = ({ name, source }) => source === null && name.startsWith('vectron-');

/** What the resolved graph of `cargo metadata` reaches from the addon: `linked` into it, and what only `build`s it. */
function reached({ packages, resolve }) {
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const byId = new Map(packages.map((one) => [one.id, one]));
  const isMacro = (id) => byId.get(id).targets.some(({ kind }) => kind.includes('proc-macro'));
  const linked = new Set();
  const build = new Set();
  const visit = (id, isLinked) => {
    if (linked.has(id) || (!isLinked && build.has(id))) return;
    (isLinked ? linked : build).add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      const isNormal = kinds.some(({ kind }) => kind === null);
      if (isNormal || kinds.some(({ kind }) => kind === 'build')) visit(pkg, isLinked && isNormal && !isMacro(pkg));
    }
  };
  visit(packages.find(({ name }) => name === 'vectron-napi').id, true);
  const of = (ids) => [...ids].map((id) => byId.get(id)).filter((one) => !isOwn(one));
  return { linked: of(linked), build: of([...build].filter((id) => !linked.has(id))) };
}

/** C++ that a crate brings along. Its version is part of the crate's, or stands in its sources. */
function nativeSources({ version, manifest_path: manifest }) {
  const snappy = readFileSync(join(dirname(manifest), 'snappy/CMakeLists.txt'), 'utf8');
  return [
    {
      name: 'rocksdb',
      version: version.split('+')[1],
      license: '(Apache-2.0 OR GPL-2.0-only) AND BSD-3-Clause',
      owner: 'facebook',
      tag: `v${version.split('+')[1]}`,
    },
    {
      name: 'snappy',
      version: /project\(Snappy VERSION ([\d.]+)/.exec(snappy)[1],
      license: 'BSD-3-Clause',
      owner: 'google',
    },
  ].map(({ owner, tag, ...fields }) => ({
    ...fields,
    purl: new PackageURL('github', owner, fields.name, tag ?? fields.version).toString(),
  }));
}

/** The crates of the addon for a target of Rust, by the lock file. Compiles nothing. */
function cratesOf(target) {
  const args = ['metadata', '--locked', '--offline', '--format-version', '1', '--filter-platform', target];
  const text = execFileSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return reached(JSON.parse(text));
}

/** Crates of before SPDX's syntax have `A/B` for `A OR B`. */
const licenceOf = ({ license }) => license?.replace(/\s*\/\s*/g, ' OR ');

/** What `licenceText` needs of each crate that is linked, and of the C++ in one. */
export function linkedCode(target) {
  return cratesOf(target).linked.flatMap((one) => {
    const { name, version, authors, repository: homepage, manifest_path: manifest } = one;
    const folder = dirname(manifest);
    const about = { name, version, license: licenceOf(one), by: authors.join(', '), homepage, folder };
    const native = name === 'librocksdb-sys' ? nativeSources(one) : [];
    return [about, ...native.map((source) => ({ ...source, folder: join(folder, source.name) }))];
  });
}

/** What is in the addon for a target of Rust. `toolchain`: the version of the compiler that made it. */
export function addonComponents(target, toolchain) {
  const { linked, build } = cratesOf(target);
  const checksums = checksumsOfCrates();
  const crate = (how) => (one) => {
    const { name, version, source, manifest_path: manifest } = one;
    const changed = source === null ? relative(root, dirname(manifest)) : undefined;
    const checksum = checksums.get(`${name} ${version}`);
    const hashes = checksum === undefined ? {} : { 'SHA-256': checksum };
    return component({ kind: 'cargo', name, version, license: licenceOf(one), hashes, how, changed });
  };
  const native = linked.filter(({ name }) => name === 'librocksdb-sys').flatMap(nativeSources);
  return [
    ...linked.map(crate('linked')),
    ...build.map(crate('build')),
    ...native.map((fields) => component({ ...fields, how: 'linked' })),
    component({
      name: 'rust-std',
      version: toolchain,
      license: 'MIT OR Apache-2.0',
      purl: new PackageURL('generic', undefined, 'rust-std', toolchain).toString(),
      how: 'linked',
    }),
  ];
}
