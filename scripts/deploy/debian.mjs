// npm run debian: writes build/debian/vectron_VERSION_ARCHITECTURE.deb of what `npm run packages` made. Needs dpkg-deb and strip.
// Node is a dependency, not a part: Debian and NodeSource keep it secure, and a copy in here would have to be.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { manifest, root, version } from '../release/folders.mjs';
import { filesOf, installTree } from './tree.mjs';

const out = join(root, 'build/debian');
const deploy = join(root, 'deploy');
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const KIB = 1 << 10;

function place(from, to, mode = 0o644) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, mode);
}

/** The newest symbol version of the C library that a library below `folder` asks for. */
function libcNeeded(folder) {
  const minors = filesOf(folder, '.node').flatMap((file) =>
    [...readFileSync(file, 'latin1').matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor)),
  );
  if (minors.length === 0) throw new Error(`${folder} has no library that names a C library`);
  return `2.${Math.max(...minors)}`;
}

/** Everything is root's, for all to read; programs alone are executable. */
function setModes(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const executable = entry.isDirectory() || (entry.isFile() && readFileSync(path).subarray(0, 2).toString() === '#!');
    chmodSync(path, executable ? 0o755 : 0o644);
  }
  chmodSync(folder, 0o755);
}

const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => sum + Math.ceil(lstatSync(join(entry.parentPath, entry.name)).size / KIB),
    0,
  );

function writeDocuments(tree, when) {
  const doc = join(tree, 'usr/share/doc/vectron');
  mkdirSync(doc, { recursive: true });
  const licence = readFileSync(join(root, 'deploy/debian/copyright'));
  writeFileSync(join(doc, 'copyright'), licence);
  const entry = `vectron (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n`;
  const signed = ` -- The Vectron authors <vectron@vectron.invalid>  ${when.toUTCString().replace('GMT', '+0000')}\n`;
  const zip = (text) => gzipSync(text, { level: 9 });
  writeFileSync(join(doc, 'changelog.gz'), zip(entry + signed));
  place(join(root, 'docs/configuration.md'), join(doc, 'configuration.md'));
  const manual = join(tree, 'usr/share/man/man1/vectron.1.gz');
  mkdirSync(dirname(manual), { recursive: true });
  writeFileSync(manual, zip(readFileSync(join(deploy, 'debian/vectron.1'))));
}

/** Gives the archive. */
export function writeDebian() {
  const architecture = ARCHITECTURES[process.arch];
  if (process.platform !== 'linux' || architecture === undefined)
    throw new Error(`there is no Debian package for ${process.platform} on ${process.arch}`);
  for (const [tool, from] of [
    ['dpkg-deb', 'dpkg'],
    ['strip', 'binutils'],
  ]) {
    if (spawnSync(tool, ['--version']).status !== 0) throw new Error(`${tool} is missing: apt-get install ${from}`);
  }
  const epoch = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim();
  rmSync(out, { recursive: true, force: true });
  const tree = join(out, 'tree');
  const modules = installTree(join(out, 'installed'), `linux-${process.arch}-gnu`);
  cpSync(modules, join(tree, 'usr/lib/vectron/node_modules'), { recursive: true });
  place(join(deploy, 'debian/vectron.wrapper'), join(tree, 'usr/bin/vectron'));
  place(join(deploy, 'systemd/vectron.service'), join(tree, 'usr/lib/systemd/system/vectron.service'));
  place(join(deploy, 'systemd/vectron.sysusers'), join(tree, 'usr/lib/sysusers.d/vectron.conf'));
  place(join(deploy, 'systemd/vectron.env'), join(tree, 'etc/vectron/vectron.env'));
  writeDocuments(tree, new Date(Number(epoch) * 1000));
  setModes(tree);
  execFileSync('strip', ['--strip-unneeded', ...filesOf(tree, '.node')]);
  const values = {
    version,
    architecture,
    size: sizeOf(tree),
    node: manifest.engines.node.replace('>=', ''),
    libc: libcNeeded(tree),
  };
  const control = readFileSync(join(deploy, 'debian/control'), 'utf8').replace(
    /\$\{(\w+)\}/g,
    (_, name) => values[name],
  );
  mkdirSync(join(tree, 'DEBIAN'));
  writeFileSync(join(tree, 'DEBIAN/control'), control);
  writeFileSync(join(tree, 'DEBIAN/conffiles'), '/etc/vectron/vectron.env\n');
  for (const name of ['postinst', 'prerm', 'postrm'])
    place(join(deploy, 'debian', name), join(tree, 'DEBIAN', name), 0o755);
  const sums = filesOf(tree, '')
    .map((file) => file.slice(tree.length + 1))
    .filter((path) => !path.startsWith('DEBIAN/') && !path.startsWith('etc/'))
    .sort();
  writeFileSync(join(tree, 'DEBIAN/md5sums'), execFileSync('md5sum', sums, { cwd: tree, maxBuffer: 64 << 20 }));
  const archive = join(out, `vectron_${version}_${architecture}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, archive], {
    env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return archive;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(writeDebian());
