// node scripts/release/build-addon.mjs PLATFORM [PROFILE]: compiles the native core as it is published (profile dist), and writes it where
// packages are made of it. For the platform that this runs on, or on Linux for those of compilers.mjs.
import { PLATFORMS } from '../addon.mjs';
import { compileAddon } from './compile.mjs';
import { compilersFor } from './compilers.mjs';

const [platform, profile = 'dist'] = process.argv.slice(2);
if (PLATFORMS[platform] === undefined) {
  console.error(`no platform ${platform}: ${Object.keys(PLATFORMS).join(', ')}`);
  process.exit(2);
}
const { file, size, whole, toolchain, needs } = compileAddon(platform, await compilersFor(platform), profile);
console.log(`${file}: ${size} bytes, ${whole} with symbols, rustc ${toolchain}, needs ${needs}`);
