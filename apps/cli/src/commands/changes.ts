import type { Change, LostChanges } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { brief, cellText, jsonText, note, show } from '../output.js';
import type { Define } from '../program.js';

const row = ({ shardId, logIndex, kind, id, payload }: Change) => [
  shardId,
  logIndex,
  kind,
  id,
  payload === undefined ? '' : brief(payload, 80),
];

export function changesCommand(program: Command, client: Define): void {
  client(program, 'changes <collection>', 'list insertions, updates and deletions, in log order within each shard')
    .option(
      '--cursor <cursor>',
      'cursor to start from, such as that of a snapshot; default: the oldest change that is kept',
    )
    .option('--from-now', 'start with changes after this call')
    .option('--follow', 'print changes as they happen, one per line, until Ctrl-C, and then the cursor on stderr')
    .option('--skip-lost', 'with --follow: if changes are no longer kept, report the gap and continue after it')
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const cursor = options.cursor as string | undefined;
        const from = options.fromNow === true ? 'now' : undefined;
        if (options.follow !== true) {
          const found = await db.listChanges(collection, { cursor, from });
          show(found, options.json === true, {
            head: ['shard', 'log index', 'change', 'id', 'payload'],
            rows: found.changes.map(row),
          });
          if (options.json !== true) note(`cursor ${found.nextCursor}`);
          return;
        }
        const stop = new AbortController();
        process.once('SIGINT', () => stop.abort());
        process.once('SIGTERM', () => stop.abort());
        const onLost = options.skipLost === true ? (lost: LostChanges) => lostLines(lost).forEach(note) : undefined;
        const stream = db.changes(collection, { cursor, from, signal: stop.signal, onLost });
        for await (const change of stream)
          console.log(options.json === true ? jsonText(change) : row(change).map(cellText).join('\t'));
        note(`cursor ${stream.cursor}`);
      }),
    );
}

/** For people: what a feed has left out. */
const lostLines = ({ shards, cursor }: LostChanges): string[] => [
  ...shards.map((one) => `lost: changes ${one.firstLogIndex} to ${one.lastLogIndex} of shard ${one.shardId}`),
  `going on from ${cursor}`,
];
