import type { Filter } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { numberFlag } from '../number-flag.js';
import { show } from '../output.js';
import type { Define } from '../program.js';
import { withInterval } from '../recall-text.js';
import { jsonFlag } from './query.js';

export function recallCommand(program: Command, client: Define): void {
  client(program, 'recall <collection>', 'measure the recall of searches with sampled queries')
    .option('--queries <n>', 'number of queries to compare, 1 to 1000', numberFlag, 100)
    .option('--top-k <n>', 'results per query, 1 to 1000', numberFlag, 10)
    .option('--ef <n>', 'measure searches with this ef', numberFlag)
    .option('--recall <share>', 'measure searches that ask for this recall', numberFlag)
    .option('--using <name>', 'name of the vector; default: the first vector')
    .option('--filter <json>', 'only points that match this filter, such as {"field": "section", "eq": "mail"}')
    .option(
      '--timeout-ms <n>',
      'time limit in milliseconds; the answer covers the queries compared by then',
      numberFlag,
      10_000,
    )
    .action((collection: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { queries, topK, ef, recall, using, timeoutMs } = options as Record<string, never>;
        const filter = jsonFlag<Filter>(options.filter, '--filter');
        const found = await db.measureRecall(collection, { queries, topK, ef, recall, using, filter, timeoutMs });
        const plans = Object.entries(found.plans).map(([plan, times]) => `${plan} ${times}`);
        const compared = `${found.queries}, of which clients asked ${found.asked}`;
        const promised = found.promised === undefined ? 'nothing' : found.promised.toFixed(3);
        show(found, options.json === true, {
          head: ['recall', 'answers said', 'queries', 'plans'],
          rows: [[withInterval(found.recall, found.interval), promised, compared, plans.join(', ')]],
        });
      }),
    );
}
