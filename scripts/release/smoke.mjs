// node scripts/release/smoke.mjs PLATFORM [--checkout] [--node PATH]: uses the archives in build/archives on that platform, as somebody
// with nothing but Node and npm. Needs no dependency of this repository. `--checkout`: in place of the packages, a fresh checkout.
// `--node`: a Node of the platform, where this one is of another; it may be a script that runs it in an emulator.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { archivesInOrder, checkSums } from './archives.mjs';
import { checksOf } from './checks.mjs';
import { tryCheckout } from './clone.mjs';
import { root, version } from './folders.mjs';
import { startRegistry } from './registry.mjs';
import { tryServer } from './server-in-empty-folder.mjs';
import { stranger } from './strangers.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { checkout: { type: 'boolean', default: false }, node: { type: 'string', default: process.execPath } },
});
const [platform] = positionals;
/** What a module prints in the Node that is tried. */
const printed = (module) =>
  execFileSync(values.node, ['--input-type=module', '--eval', module], { encoding: 'utf8' }).trim();
const addons = JSON.stringify(new URL('../addon.mjs', import.meta.url).href);
const there = printed(`import { thisPlatform } from ${addons};\nconsole.log(thisPlatform());`);
if (platform !== there) throw new Error(`this is ${there}, and ${platform} was to be tried`);

/** The README's program with a database in the process. */
const embedded = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
  .map(([, text]) => text)
  .find((text) => text.includes('open('));

const program = readFileSync(new URL('embedded-program.mjs', import.meta.url), 'utf8');

/** `npm i @vectron/sdk`, and both programs. */
function tryEmbedded(registry) {
  const who = stranger(registry, values.node);
  try {
    who.run('npm', ['init', '-y']);
    who.run('npm', ['install', '--no-audit', '--no-fund', `@vectron/sdk@${version}`]);
    const found = `${embedded}if (hits.length !== 1) throw new Error('found ' + hits.length);\nconsole.log('found', hits[0].id);\n`;
    const outcomes = [found, program].map((text) => who.run('node', ['--input-type=module', '--eval', text]).trim());
    return outcomes.join('; ');
  } finally {
    who.remove();
  }
}

checkSums();
const { check, finish } = checksOf();
const registry = await startRegistry();
try {
  for (const file of archivesInOrder()) registry.publish(file);
  if (values.checkout) await tryCheckout(registry, check);
  else {
    const server = await tryServer(registry, check, values.node);
    await server.stop();
    await check('the SDK with a database in the process', () => tryEmbedded(registry));
  }
} finally {
  await registry.close();
}
finish(`Node ${printed('console.log(process.versions.node)')} on ${platform}`);
