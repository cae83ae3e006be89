// Writes build/packages: what is published to npm, a folder each, of what `npm run setup` built. `--pack` also makes the
// archives, in build/archives.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeEngine } from './engine.mjs';
import { archives, packages } from './folders.mjs';
import { writeSdk } from './sdk.mjs';
import { writeServer } from './server.mjs';

/** The folders written, in the order in which they are published: what others depend on comes first. */
export async function writePackages() {
  rmSync(packages, { recursive: true, force: true });
  return [...writeEngine(), await writeSdk(), await writeServer()];
}

/** Packs the folders; gives the archives. */
export function pack(folders) {
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  return folders.map((folder) => {
    const args = ['pack', '--json', '--pack-destination', archives];
    const [{ filename, size, unpackedSize }] = JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }));
    return { file: join(archives, filename), size, unpackedSize };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folders = await writePackages();
  if (!process.argv.includes('--pack')) for (const folder of folders) console.log(folder);
  else for (const { file, size, unpackedSize } of pack(folders)) console.log(`${file} ${size} ${unpackedSize}`);
}
