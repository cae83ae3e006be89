// Bills of materials (CycloneDX) of the packages: made of what the bundler and Cargo say went in, and checked against what the files
// themselves show.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Contrib, Enums, Models, Serialize, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import { addonComponents, component, npmComponent } from './components.mjs';
import { manifest, root } from './folders.mjs';
import { packageOf } from './licences.mjs';

const VERSION = Spec.Version.v1dot6;

/** Dependencies that npm installs beside the package, and peers of this repository: other peers are what the user has. */
function dependenciesOf({ dependencies = {}, optionalDependencies = {}, peerDependencies = {} }) {
  const isOwn = (name) => name.startsWith('@vectron/');
  const peers = Object.keys(peerDependencies).filter(isOwn);
  const own = Object.fromEntries(peers.map((name) => [name, manifest.version]));
  return Object.entries({ ...dependencies, ...optionalDependencies, ...own }).map(([name, version]) => {
    if (!isOwn(name)) return npmComponent(join(root, 'node_modules', name), 'dependency');
    return component({ kind: 'npm', name, version, license: manifest.license, how: 'dependency' });
  });
}

/**
 * The bill of a package as JSON. `modules`: files that a bundler put into it; `vendored`: npm packages whose files are copied; `addon`:
 * target and toolchain of its machine code.
 */
export function sbomOf({ folder, modules = [], vendored = [], addon }) {
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const [, group, short] = /^(?:(@[^/]+)\/)?(.*)$/.exec(about.name);
  const subject = subjectOf('npm', group, short, about);
  const bundled = new Set(modules.map(packageOf).filter((found) => found !== undefined));
  const copied = vendored.map((name) => join(root, 'node_modules', name)).filter((found) => !bundled.has(found));
  const components = [
    ...[...bundled].map((found) => npmComponent(found, 'bundled')),
    ...copied.map((found) => npmComponent(found, 'vendored')),
    ...dependenciesOf(about),
    ...(addon === undefined ? [] : addonComponents(addon.target, addon.toolchain)),
  ];
  return serialized(subject, components);
}

/**
 * The bill of a Python package as JSON: what pip installs beside it. `dependencies`: those of others, with the version that the package is
 * tested with, and its licence; `own`: names of packages of this repository.
 */
export function pythonBill({ name, dependencies, own }) {
  const ours = own.map((one) => ({ name: one, version: manifest.version, license: manifest.license }));
  const components = [...dependencies, ...ours].map((one) => component({ kind: 'pypi', ...one, how: 'dependency' }));
  return serialized(subjectOf('pypi', undefined, name, manifest), components);
}

/** The package that a bill is of. */
function subjectOf(kind, group, name, { version, license }) {
  const purl = new PackageURL(kind, group, name, version).toString();
  const subject = new Models.Component(Enums.ComponentType.Library, name, { group, version, purl, bomRef: purl });
  subject.licenses.add(new Models.SpdxLicense(license));
  return subject;
}

function serialized(subject, components) {
  const bom = new Models.Bom({ serialNumber: Contrib.Bom.Utils.randomSerialNumber() });
  bom.metadata.component = subject;
  bom.metadata.timestamp = new Date();
  const seen = new Set();
  for (const one of components) {
    if (seen.has(one.purl)) continue;
    seen.add(one.purl);
    bom.components.add(one);
    subject.dependencies.add(one.bomRef);
  }
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.SpecVersionDict[VERSION]);
  return new Serialize.JsonSerializer(normalizers).serialize(bom, { sortLists: true, space: 1 });
}

/** Names and versions of what a package's own files show: sources of its maps, vendored folders, paths in its machine code. */
export function shownBy(folder) {
  const shown = new Set();
  for (const path of readdirSync(folder, { recursive: true }).map(String)) {
    const file = join(folder, path);
    if (path.endsWith('.map')) {
      for (const source of JSON.parse(readFileSync(file, 'utf8')).sources) {
        const found = packageOf(resolve(file, '..', source));
        if (found !== undefined) shown.add(purlIn(found));
      }
    } else if (path.endsWith('.node')) {
      const text = readFileSync(file, 'latin1');
      // Where a panic would say that it was: sources of crates lie in folders of Cargo's registry.
      const crates = text.matchAll(/registry[/\\]src[/\\][^/\\\0]+[/\\]([\w-]+?)-(\d+\.\d+\.\d+[\w.+-]*)[/\\]/g);
      for (const [, name, version] of crates) shown.add(crateUrl(name, version));
      // Those of others that are changed here lie beside our own.
      const copies = new Set([...text.matchAll(/\bcrates[/\\]([\w-]+)[/\\]src[/\\]/g)].map(([, name]) => name));
      for (const name of copies) if (!name.startsWith('vectron-')) shown.add(crateUrl(name, versionOfCopy(name)));
    }
  }
  const vendor = join(folder, 'vendor');
  for (const name of existsSync(vendor) ? namesIn(vendor) : []) shown.add(purlIn(join(root, 'node_modules', name)));
  return [...shown].sort();
}

const crateUrl = (name, version) => new PackageURL('cargo', undefined, name, version).toString();

function versionOfCopy(name) {
  const file = join(root, 'crates', name, 'Cargo.toml');
  return existsSync(file) ? /^version = "(.*)"$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}

const namesIn = (folder) =>
  readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((short) => `${name}/${short}`) : [name],
  );
const purlIn = (folder) => npmComponent(folder, 'shown').purl;

/** Throws when a bill is not valid CycloneDX. Gives what is in it. */
async function validated(what, text) {
  const faults = await new Validation.JsonStrictValidator(VERSION).validate(text);
  if (faults !== null) throw new Error(`the bill of ${what} is not valid: ${JSON.stringify(faults)}`);
  return JSON.parse(text).components ?? [];
}

/** Throws when the bill of a Python package is not valid, or lists others than what the package says that it `needs`. */
export async function checkBill(what, text, needs) {
  const listed = (await validated(what, text)).map(({ name }) => name).sort();
  const wanted = [...new Set(needs)].sort();
  if (listed.join() !== wanted.join()) throw new Error(`the bill of ${what} has ${listed}, and it needs ${wanted}`);
}

/** Throws when a bill is not valid CycloneDX, or lacks something that the package's files show. Gives how many are in it. */
export async function checkSbom(folder, text) {
  const listed = new Set((await validated(folder, text)).map(({ purl }) => purl));
  const shown = shownBy(folder);
  const isAddon = readdirSync(folder).some((name) => name.endsWith('.node'));
  if (isAddon && shown.length === 0)
    throw new Error(`the machine code in ${folder} does not show which crates are in it`);
  const lacking = shown.filter((purl) => !listed.has(purl));
  if (lacking.length > 0) throw new Error(`the bill of ${folder} lacks what its files show: ${lacking.join(', ')}`);
  return { listed: listed.size, shown: shown.length };
}
