// @vectron/engine, the native core for Node, and a package with the machine code for each platform that was built.
import { copyFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { addonOf, PLATFORMS, recordedOf, sourcesDigest } from '../addon.mjs';
import { linkedCode } from './components.mjs';
import { newPackage, root, version, write } from './folders.mjs';
import { licenceText } from './licences.mjs';
import { checkNeeds } from './needs.mjs';

const native = join(root, 'packages/engine/native');

const README = `# @vectron/engine

The native core of [Vectron](https://www.npmjs.com/package/vectron): HNSW index, storage and replication in Rust. It is an internal part of
\`vectron\` and \`@vectron/sdk\`: its interface changes with every version and has no promises. The machine code is in a package for each
platform, of which npm installs the one that fits.
`;

/** Writes the packages; gives what they hold, platforms first. `wanted`: throws when one of them was not built; it throws when none was. */
export function writeEngine(wanted = []) {
  const built = Object.keys(PLATFORMS).filter((platform) => existsSync(join(root, addonOf(platform))));
  const lacking = wanted.filter((platform) => !built.includes(platform));
  if (lacking.length > 0) throw new Error(`${native} holds no addon for ${lacking.join(', ')}`);
  if (built.length === 0) throw new Error(`${native} holds no addon: run npm run setup`);
  const digest = sourcesDigest();
  const platforms = built.map((platform) => {
    const { target, ...fit } = PLATFORMS[platform];
    const { sources, toolchain } = recordedOf(platform);
    if (sources !== digest)
      throw new Error(`the addon for ${platform} was made of other sources than these: npm run setup`);
    const file = basename(addonOf(platform));
    const needs = checkNeeds(platform, join(root, addonOf(platform)));
    const folder = newPackage(`@vectron/engine-${platform}`, `The native core of Vectron for ${platform}`, {
      main: file,
      files: [file, 'THIRD-PARTY-LICENSES'],
      ...fit,
      vectron: { sources, toolchain },
    });
    copyFileSync(join(root, addonOf(platform)), join(folder, file));
    write(folder, 'THIRD-PARTY-LICENSES', licenceText(linkedCode(target)));
    write(folder, 'README.md', `# @vectron/engine-${platform}\n\nMachine code for ${platform}; see @vectron/engine.\n`);
    return { folder, addon: { target, toolchain }, needs };
  });
  const optionalDependencies = Object.fromEntries(built.map((platform) => [`@vectron/engine-${platform}`, version]));
  const folder = newPackage('@vectron/engine', 'The native core of Vectron', {
    type: 'module',
    main: 'index.js',
    types: 'index.d.ts',
    optionalDependencies,
  });
  for (const file of ['index.js', 'index.d.ts', 'processor.js']) copyFileSync(join(native, file), join(folder, file));
  write(folder, 'README.md', README);
  return [...platforms, { folder }];
}
