// node scripts/release/smoke.mjs PLATFORM [--checkout]: uses the archives in build/archives on the platform that this runs on, as somebody
// with nothing but Node and npm. Needs no dependency of this repository. `--checkout`: in place of the packages, a fresh checkout.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { thisPlatform } from '../addon.mjs';
import { archivesInOrder, checkSums } from './archives.mjs';
import { checksOf } from './checks.mjs';
import { tryCheckout } from './clone.mjs';
import { root, version } from './folders.mjs';
import { startRegistry } from './registry.mjs';
import { tryServer } from './server-in-empty-folder.mjs';
import { stranger } from './strangers.mjs';

const platform = process.argv[2];
if (platform !== thisPlatform()) throw new Error(`this is ${thisPlatform()}, and ${platform} was to be tried`);

/** The README's program with a database in the process. */
const embedded = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, text]) => text)
  .find((text) => text.includes('open('));

/** `npm i @vectron/sdk`, and the program. */
function tryEmbedded(registry) {
  const who = stranger(registry);
  try {
    who.run('npm', ['init', '-y']);
    who.run('npm', ['install', '--no-audit', '--no-fund', `@vectron/sdk@${version}`]);
    const found = `${embedded}if (hits.length !== 1) throw new Error('found ' + hits.length);\nconsole.log('found', hits[0].id);\n`;
    return who.run('node', ['--input-type=module', '--eval', found]).trim();
  } finally {
    who.remove();
  }
}

checkSums();
const { check, finish } = checksOf();
const registry = await startRegistry();
try {
  for (const file of archivesInOrder()) registry.publish(file);
  if (process.argv.includes('--checkout')) await tryCheckout(registry, check);
  else {
    const server = await tryServer(registry, check);
    await server.stop();
    await check('the SDK with a database in the process', () => tryEmbedded(registry));
  }
} finally {
  await registry.close();
}
finish(`Node ${process.versions.node} on ${platform}`);
