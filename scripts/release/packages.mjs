// Writes build/packages: what is published to npm, a folder each, of what `npm run setup` built. `--pack` also makes the archives in
// build/archives, with their checksums and bills of materials; `--all-platforms` fails when an addon is missing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { PLATFORMS } from '../addon.mjs';
import { sha256, writeSums } from './archives.mjs';
import { writeEngine } from './engine.mjs';
import { archives, packages } from './folders.mjs';
import { writeLangchain } from './langchain.mjs';
import { writeNestjs } from './nestjs.mjs';
import { checkSbom, sbomOf } from './sbom.mjs';
import { writeSdk } from './sdk.mjs';
import { writeServer } from './server.mjs';

/**
 * What was written, and what is in it (`sbomOf`), in the order in which it is published: what others depend on comes
 * first. `platforms`: those that there must be an addon for; without it, those that there is one for.
 */
export async function writePackages(platforms) {
  rmSync(packages, { recursive: true, force: true });
  return [...writeEngine(platforms), await writeSdk(), writeNestjs(), await writeLangchain(), await writeServer()];
}

/** Packs what was written; gives the archives with what their bills list. Throws when a bill is not valid or lacks something. */
export async function pack(written) {
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(archives, { recursive: true });
  const packed = [];
  for (const contents of written) {
    const { folder, needs } = contents;
    const args = ['pack', '--json', '--pack-destination', archives];
    const [{ filename, size, unpackedSize }] = JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8' }));
    const bill = sbomOf(contents);
    const { listed, shown } = await checkSbom(folder, bill);
    const sbom = join(archives, filename.replace(/\.tgz$/, '.cdx.json'));
    writeFileSync(sbom, bill);
    packed.push({ file: join(archives, filename), sbom, size, unpackedSize, listed, shown, needs });
  }
  writeSums(packed.flatMap(({ file, sbom }) => [file, sbom]));
  return packed;
}

const mib = (bytes) => (bytes / (1 << 20)).toFixed(2);

/** Packages, sizes and checksums as text. Shown: of what a bill lists, what the package's own files show. */
export function tableOf(packed) {
  const table = new Table({
    head: ['package', 'MiB packed', 'MiB unpacked', 'in its SBOM', 'shown', 'needs', 'SHA-256'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { file, size, unpackedSize, listed, shown, needs } of packed)
    table.push([basename(file), mib(size), mib(unpackedSize), listed, shown, needs ?? '', sha256(file)]);
  return table.toString();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isRelease = process.argv.includes('--all-platforms');
  const written = await writePackages(isRelease ? Object.keys(PLATFORMS) : undefined);
  if (!process.argv.includes('--pack')) for (const { folder } of written) console.log(folder);
  else {
    console.log(tableOf(await pack(written)));
    console.log(`${archives} has the archives, their bills of materials and SHA256SUMS`);
  }
}
