import type { Alert, AlertRule } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { numberFlag } from '../number-flag.js';
import { show } from '../output.js';
import type { Define } from '../program.js';

const at = (ms: number | undefined) => (ms === undefined ? '' : new Date(ms).toISOString());

export function alertCommands(program: Command, client: Define): void {
  const group = program.command('alerts').description('list and resolve alerts, and change their rules');
  client(group, 'list', 'list alerts, newest first')
    .option('--status <status>', 'open or resolved')
    .option('--level <level>', 'warning or critical')
    .action((options: ClientOptions) =>
      withClient(options, async (db) => {
        const { status, level } = options as { status?: 'open'; level?: 'warning' };
        const alerts = await db.admin.alerts({ status, level });
        showAlerts(alerts, options);
      }),
    );
  client(group, 'resolve <id>', 'close an alert').action((id: string, options: ClientOptions) =>
    withClient(options, async (db) => {
      await db.admin.resolveAlert(id);
      show({ resolved: id }, options.json === true, { head: ['resolved'], rows: [[id]] });
    }),
  );
  client(group, 'rules', 'list the alert rules').action((options: ClientOptions) =>
    withClient(options, async (db) => showRules(await db.admin.alertRules(), options)),
  );
  client(group, 'set-rule <rule>', 'change an alert rule; omitted options remain unchanged')
    .option('--enable', 'enable the rule')
    .option('--disable', 'disable the rule')
    .option('--level <level>', 'warning or critical')
    .option('--threshold <n>', 'threshold, in the unit of the rule', numberFlag)
    .action((rule: string, options: ClientOptions) =>
      withClient(options, async (db) => {
        const { enable, disable, level, threshold } = options as Record<string, never>;
        const enabled = disable === true ? false : enable;
        showRules([await db.admin.setAlertRule(rule, { enabled, level, threshold })], options);
      }),
    );
}

function showAlerts(alerts: readonly Alert[], options: ClientOptions): void {
  const rows = alerts.map((one) => [
    one.id,
    one.level,
    one.status,
    one.rule,
    one.message,
    at(one.openedAtMs),
    at(one.resolvedAtMs),
    one.resolvedBy,
  ]);
  const head = ['id', 'level', 'status', 'rule', 'message', 'opened', 'resolved', 'by'];
  show(alerts, options.json === true, { head, rows });
}

function showRules(rules: readonly AlertRule[], options: ClientOptions): void {
  const rows = rules.map(({ rule, enabled, level, threshold }) => [rule, enabled ? 'on' : 'off', level, threshold]);
  show(rules, options.json === true, { head: ['rule', '', 'level', 'threshold'], rows });
}
