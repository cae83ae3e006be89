import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error a script of this repository without types
import { addonOf, thisPlatform } from '../../scripts/addon.mjs';
// @ts-expect-error a script of this repository without types
import { checkNeeds, needsIn } from '../../scripts/release/needs.mjs';

const PRINTED = `
 0x0000000000000001 (NEEDED)             Shared library: [libstdc++.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
Version definition section '.gnu.version_d' contains 1 entry:
  000000: Rev: 1  Flags: BASE  Index: 1  Cnt: 1  Name: GLIBC_9.9
Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libc.so.6  Cnt: 3
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 6
  0x0020:   Name: GLIBC_2.28  Flags: none  Version: 5
  0x0030:   Name: GLIBC_2.4  Flags: none  Version: 4
  000040: Version: 1  File: libstdc++.so.6  Cnt: 1
  0x0050:   Name: GLIBCXX_3.4.30  Flags: none  Version: 3
`;

describe('what an addon needs of the system', () => {
  const platform = thisPlatform();
  const addon = addonOf(platform);

  it('is the newest version of each library that it names', () => {
    expect(needsIn(PRINTED)).toEqual({
      libraries: ['libstdc++.so.6', 'libc.so.6'],
      versions: { GLIBC: '2.28', GLIBCXX: '3.4.30' },
    });
  });

  const onGlibc = platform.startsWith('linux-') && platform.endsWith('-gnu') && existsSync(addon) ? it : it.skip;
  onGlibc('is no more than promised, for the addon of this machine', () => {
    expect(checkNeeds(platform, addon)).toMatch(/^glibc 2\.\d+, GLIBCXX 3\.4\.\d+$/);
  });

  onGlibc('is refused where it is more than promised', () => {
    const most = { GLIBC: '2.17', GLIBCXX: '3.4.30', CXXABI: '1.3.13', GCC: '4.2.0' };
    expect(() => checkNeeds(platform, addon, most)).toThrow(/needs GLIBC 2\.\d+, and 2\.17 is promised/);
  });

  onGlibc('is refused where it is of another C library', () => {
    expect(() => checkNeeds('linux-x64-musl', addon)).toThrow(/needs glibc 2\.\d+, where musl is the C library/);
  });
});
