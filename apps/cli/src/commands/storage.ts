import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exportPebble, verifyDirectory } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import type { Command } from 'commander';
import { show } from '../output.js';

/** Commands that read data directories without a server; a directory that a server has open is refused. */
export function storageCommands(program: Command): void {
  program
    .command('verify <dir>')
    .description('check all files in the data directory of a stopped server and report damage')
    .option('--json', 'print JSON')
    .action(async (dir: string, { json = false }: { json?: boolean }) => {
      const parts = await verifyDirectory(engineDirectory(dir));
      const damaged = parts.filter(({ damage }) => damage !== '');
      const rows = parts.map(({ what, holds, damage }) => [what, damage === '' ? 'sound' : 'DAMAGED', damage || holds]);
      show(parts, json, { head: ['part', 'state', 'what it holds'], rows });
      if (damaged.length > 0) {
        throw new VectronError(
          'DATA_DAMAGED',
          `${damaged.length} of ${parts.length} parts of ${dir} are damaged; restore them from a backup or a snapshot`,
        );
      }
    });
  program
    .command('export')
    .description('copy the shards in the data directory of a stopped server')
    .requiredOption('--pebble <dir>', 'target directory; each shard becomes one store that Pebble v1 can open')
    .option('--data <dir>', 'the data directory', './data')
    .option('--json', 'print JSON')
    .action(async ({ pebble, data, json = false }: { pebble: string; data: string; json?: boolean }) => {
      const shards = await exportPebble(engineDirectory(data), pebble);
      const rows = shards.map(({ shardId, points }) => [shardId, points, join(pebble, `shard-${shardId}`)]);
      show(shards, json, { head: ['shard', 'points', 'store'], rows });
    });
}

/** Where the engine is in a directory of a server, a worker or an embedded database. */
function engineDirectory(dir: string): string {
  const found = [join(dir, 'worker'), join(dir, 'engine'), dir].find((one) => existsSync(join(one, 'shards')));
  if (found === undefined)
    throw VectronError.invalid('dir', `${dir} contains no shards; pass the data directory of a server or worker`);
  return found;
}
