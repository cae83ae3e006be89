// node scripts/release/build-addon.mjs PLATFORM: compiles the native core as it is published, for the platform that this runs on, and writes
// it where packages are made of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { addonOf, placeAddon, sourcesDigest, thisPlatform } from '../addon.mjs';
import { LIBRARY } from '../native-core.mjs';
import { cargoEnvironment, root, run } from '../setup.mjs';
import { checkNeeds } from './needs.mjs';

const platform = process.argv[2];
if (platform !== thisPlatform()) {
  console.error(`an addon for ${platform ?? 'which platform?'} is built there, and this is ${thisPlatform()}`);
  process.exit(2);
}
const sources = sourcesDigest();
// All crates, as in what CI tests: one alone would be compiled with fewer features of its dependencies.
run('cargo', ['build', '--workspace', '--profile', 'dist', '--locked'], { env: cargoEnvironment });
if (sourcesDigest() !== sources) throw new Error('the sources changed while they were compiled');
const toolchain = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1];
placeAddon(platform, readFileSync(join(cargoEnvironment.CARGO_TARGET_DIR, 'dist', LIBRARY)), { sources, toolchain });
const file = join(root, addonOf(platform));
console.log(
  `${file}: ${statSync(file).size} bytes, rustc ${toolchain}, needs ${checkNeeds(platform, file) ?? 'what macOS has'}`,
);
