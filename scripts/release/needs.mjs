// What the machine code of a platform needs of the system that loads it, against what is promised.
import { execFileSync } from 'node:child_process';

/**
 * The newest versions of the C and the C++ library that an addon may need, and the libraries. glibc 2.34 and GLIBCXX 3.4.30 (GCC 12):
 * Debian 12, Ubuntu 22.04, Fedora 36 and newer. RHEL 9 has glibc 2.34 and GLIBCXX 3.4.29: there it takes an addon that GCC 11 made.
 */
const GLIBC = { GLIBC: '2.34', GLIBCXX: '3.4.30', CXXABI: '1.3.13', GCC: '4.2.0' };
const LIBRARIES = /^(?:lib(?:c|m|dl|rt|pthread)\.so\.\d|lib(?:stdc\+\+|gcc_s)\.so\.\d|ld-linux[\w-]*\.so\.\d)$/;
/** Of musl, whose loader takes both names for itself. That of C++ is in the addon: not every system with musl has one. */
const MUSL_LIBRARIES = /^libc(?:\.musl-\w+\.so\.1|\.so)$/;

const parts = (version) => version.split('.').map(Number);
const isNewer = (one, other) => {
  const [a, b] = [parts(one), parts(other)];
  const at = a.findIndex((part, place) => part !== (b[place] ?? 0));
  return at >= 0 && a[at] > (b[at] ?? 0);
};

/** Libraries and newest symbol versions that an ELF file needs, by what `readelf -d -V` prints of it. */
export function needsIn(printed) {
  const libraries = [...printed.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, library]) => library);
  const versions = {};
  const needed = printed.slice(printed.search(/Version needs section/));
  for (const [, name, version] of needed.matchAll(/Name: ([A-Z]+)_([\d.]+)/g))
    if (versions[name] === undefined || isNewer(version, versions[name])) versions[name] = version;
  return { libraries, versions };
}

/**
 * What an addon for that platform needs. Throws when it is more than promised. Of macOS nothing is read: the linker there writes the
 * oldest release itself (MACOSX_DEPLOYMENT_TARGET).
 */
export function checkNeeds(platform, file, most = GLIBC) {
  if (!platform.startsWith('linux-')) return undefined;
  const args = ['--wide', '--dynamic', '--version-info', file];
  const { libraries, versions } = needsIn(execFileSync('readelf', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
  const refuse = (what) => {
    throw new Error(`the addon for ${platform} needs ${what} (scripts/release/needs.mjs)`);
  };
  const isMusl = platform.endsWith('-musl');
  if (isMusl && versions.GLIBC !== undefined) refuse(`glibc ${versions.GLIBC}, where musl is the C library`);
  const strange = libraries.filter((library) => !(isMusl ? MUSL_LIBRARIES : LIBRARIES).test(library));
  if (strange.length > 0) refuse(`libraries that not every system has: ${strange.join(', ')}`);
  if (isMusl) return 'musl';
  if (versions.GLIBC === undefined) refuse('no glibc, which that platform has: is it for musl?');
  for (const [name, version] of Object.entries(versions))
    if (most[name] === undefined || isNewer(version, most[name]))
      refuse(`${name} ${version}, and ${most[name] ?? 'none'} is promised`);
  return `glibc ${versions.GLIBC}, GLIBCXX ${versions.GLIBCXX ?? 'none'}`;
}
