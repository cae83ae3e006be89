// @vectron/engine, the native core for Node, and a package with the machine code for each platform that was built.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { newPackage, root, version, write } from './folders.mjs';

const native = join(root, 'packages/engine/native');
/** Platforms by the names that the loader of NAPI-RS uses, with what npm needs to choose between them. */
export const PLATFORMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
};

const README = `# @vectron/engine

The native core of [Vectron](https://www.npmjs.com/package/vectron): HNSW index, storage and replication in Rust. It is an internal part of
\`vectron\` and \`@vectron/sdk\`: its interface changes with every version and has no promises. The machine code is in a package for each
platform, of which npm installs the one that fits.
`;

/** Writes the packages; gives their folders, platforms first. Throws when no platform was built. */
export function writeEngine() {
  const built = Object.keys(PLATFORMS).filter((platform) =>
    existsSync(join(native, `vectron-engine.${platform}.node`)),
  );
  if (built.length === 0) throw new Error(`${native} holds no addon: run npm run setup`);
  const folders = built.map((platform) => {
    const file = `vectron-engine.${platform}.node`;
    const folder = newPackage(`@vectron/engine-${platform}`, `The native core of Vectron for ${platform}`, {
      main: file,
      files: [file],
      ...PLATFORMS[platform],
    });
    copyFileSync(join(native, file), join(folder, file));
    write(folder, 'README.md', `# @vectron/engine-${platform}\n\nMachine code for ${platform}; see @vectron/engine.\n`);
    return folder;
  });
  // A release names all platforms; what was not built is refused by the workflow that publishes, not here.
  const optionalDependencies = Object.fromEntries(built.map((platform) => [`@vectron/engine-${platform}`, version]));
  const folder = newPackage('@vectron/engine', 'The native core of Vectron', {
    type: 'module',
    main: 'index.js',
    types: 'index.d.ts',
    optionalDependencies,
  });
  for (const file of ['index.js', 'index.d.ts']) copyFileSync(join(native, file), join(folder, file));
  write(folder, 'README.md', README);
  return [...folders, folder];
}
