import type { SlowQuery } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { numberFlag } from '../number-flag.js';
import { note, show } from '../output.js';
import type { Define } from '../program.js';
import { watchable, watched } from '../watching.js';

const HEAD = [
  'ended',
  'ms',
  'queue',
  'shard',
  'cpu',
  'operation',
  'collection',
  'code',
  'asked',
  'executed',
  'request',
];

export function slowQueryCommands(program: Command, client: Define): void {
  watchable(client(program, 'slow-queries', 'list the slowest recent requests of a gateway process, slowest first'))
    .option('--limit <n>', 'number of requests, 1 to 500', numberFlag, 20)
    .action((options: ClientOptions) =>
      watched(options, async () => {
        const found = await withClient(options, (db) => db.admin.slowQueries({ limit: options.limit as number }));
        const rows = found.queries.map((one) => [
          one.at,
          ...[one.milliseconds, one.queueMilliseconds, one.shardMilliseconds, one.cpuMilliseconds].map(milliseconds),
          ...[one.operation, one.collection, one.code, one.asked.join(' '), executed(one), one.requestId],
        ]);
        show(found, options.json === true, { head: HEAD, rows });
        if (options.json !== true) note(threshold(found.thresholdMs, found.total));
      }),
    );
}

const milliseconds = (value: number): string => (value === 0 ? '' : value.toFixed(1));

const threshold = (ms: number, total: number): string =>
  ms === 0
    ? 'no request is listed: start the gateway with a --slow-query-ms above 0'
    : `${total} requests took longer than ${ms} ms (--slow-query-ms) since the process started`;

/** How the slowest shard found its points, or where the answer came from. */
function executed({ plan }: SlowQuery): string {
  if (plan === undefined) return '';
  const [slowest] = plan.shards;
  const { answers, shardsAsked, shardsAnswered, servedFrom } = plan;
  return [
    answers > 0 && `slowest of ${answers}`,
    servedFrom !== '' && servedFrom !== 'shards' && `from ${servedFrom}`,
    shardsAsked > 0 && `${shardsAnswered} of ${shardsAsked} shards`,
    slowest?.plan,
    slowest !== undefined && slowest.ef > 0 && `ef ${slowest.ef}`,
    slowest !== undefined && slowest.distances > 0 && `${slowest.distances} distances`,
    slowest !== undefined && slowest.matching > 0 && `${slowest.matching} matching`,
    slowest?.unindexed === true && 'filter without an index',
    slowest?.stopped === true && 'stopped by its budget',
    ...plan.branches.map(({ plans }) => `branch ${[...new Set(plans)].join('+')}`),
  ]
    .filter((part) => typeof part === 'string' && part !== '')
    .join(', ');
}
