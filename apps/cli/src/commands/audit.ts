import { join } from 'node:path';
import { VectronError } from '@vectron/errors';
import { verifyAudit } from '@vectron/gateway';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { show } from '../output.js';

type Define = (parent: Command, name: string, help: string) => Command;

export function auditCommands(program: Command, client: Define): void {
  const group = program.command('audit').description('who did what: the audit log of a gateway');
  client(group, 'list', 'the newest entries')
    .option('--limit <n>', 'how many, 1 to 1000', Number, 50)
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const entries = await db.admin.auditEntries({ limit: options.limit as number });
        const rows = entries.map((one) => [one.at, one.who, one.address, one.action, one.target, one.result]);
        show(entries, options.json === true, { head: ['at', 'who', 'from', 'action', 'target', 'result'], rows });
      }),
    );
  group
    .command('verify')
    .description('check that no entry was changed or left out; reads the files of a gateway that may be running')
    .option('--data <dir>', 'data directory of the gateway or the single server', './data')
    .option('--json', 'print JSON')
    .action(async ({ data, json }: { data: string; json?: boolean }) => {
      const { entries, wrong } = await verifyAudit(join(data, 'gateway'));
      show({ entries, wrong: wrong ?? '' }, json === true, {
        head: ['entries', 'wrong'],
        rows: [[entries, wrong ?? 'nothing']],
      });
      if (wrong !== undefined) throw new VectronError('DATA_DAMAGED', `the audit log is not whole: ${wrong}`);
    });
}
