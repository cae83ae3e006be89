import { VectronError } from '@vectron/errors';
import type { Command } from 'commander';
import { checkAudit, checkableHere } from '../audit-check.js';
import { type ClientOptions, withClient } from '../client.js';
import { clientKnobs, loadConfig } from '../config.js';
import { numberFlag } from '../number-flag.js';
import { show } from '../output.js';
import type { Define } from '../program.js';

export function auditCommands(program: Command, client: Define): void {
  const group = program.command('audit').description('list and verify the audit log of a gateway');
  client(group, 'list', 'list the newest entries')
    .option('--limit <n>', 'number of entries, 1 to 1000', numberFlag, 50)
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const entries = await db.admin.auditEntries({ limit: options.limit as number });
        const rows = entries.map((one) => [one.at, one.who, one.address, one.action, one.target, one.result]);
        show(entries, options.json === true, { head: ['at', 'who', 'from', 'action', 'target', 'result'], rows });
      }),
    );
  client(
    group,
    'verify',
    'check that no entry was changed or removed: with --data, reads the files of a single server, running or stopped; otherwise asks the gateway at --url',
  ).action(async (options: ClientOptions) => {
    const { data } = loadConfig(clientKnobs, options);
    const { entries, wrong = '' } = checkableHere(data)
      ? await checkAudit(data)
      : await withClient(options, (db) => db.admin.verifyAudit());
    show({ entries, wrong }, options.json === true, {
      head: ['entries', 'wrong'],
      rows: [[entries, wrong === '' ? 'nothing' : wrong]],
    });
    if (wrong !== '')
      throw new VectronError(
        'DATA_DAMAGED',
        `the audit log was changed or is incomplete: ${wrong}; see docs/security.md`,
      );
  });
}
