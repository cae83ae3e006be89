// npm run release:dry: makes the packages, publishes them to a registry on this machine and uses them as strangers would, in
// empty folders with an empty home and no compiler on the PATH. `--checkout` also starts a fresh checkout there, which takes three minutes
// of CPU for dependencies and TypeScript. Ends with 1 when something does not work.
import { execFileSync } from 'node:child_process';
import { checksOf } from './checks.mjs';
import { tryClients } from './clients.mjs';
import { tryCheckout } from './clone.mjs';
import { tryNestjs } from './nestjs-in-empty-folder.mjs';
import { pack, tableOf, writePackages } from './packages.mjs';
import { startRegistry } from './registry.mjs';
import { tryServer } from './server-in-empty-folder.mjs';

const packed = await pack(await writePackages());
console.log(tableOf(packed));
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
console.log(`made of ${commit}`);

const registry = await startRegistry();
const { check, finish } = checksOf();
try {
  for (const { file } of packed) registry.publish(file);
  const server = await tryServer(registry, check);
  try {
    await tryClients(registry, server, check);
    await tryNestjs(registry, server, check);
    if (process.argv.includes('--checkout')) await tryCheckout(registry, check);
  } finally {
    await server?.stop();
  }
} finally {
  await registry.close();
}
finish(`Node ${process.versions.node} and others`);
